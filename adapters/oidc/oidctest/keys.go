package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"

	jose "github.com/go-jose/go-jose/v4"
)

// key signs ID tokens.
type key struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func newKey(algorithm jose.SignatureAlgorithm) (key, error) {
	k := key{id: rand.Text()[:12], algorithm: algorithm}
	var err error
	switch algorithm {
	case jose.RS256, jose.PS256:
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, k.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("the algorithm %q is not played", algorithm)
	}
	if err != nil {
		return key{}, fmt.Errorf("make a signing key: %w", err)
	}
	return k, nil
}

func (k key) sign(claims map[string]any) (string, error) {
	return Sign(k.algorithm, k.id, k.private, claims)
}

// Sign returns a token of these claims, signed with any key in any way.
func Sign(algorithm jose.SignatureAlgorithm, keyID string, signingKey any, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: signingKey, KeyID: keyID}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return "", fmt.Errorf("make a signer: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the claims: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}

func (p *Provider) keySet(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		p.problem("the keys are asked for with %s", r.Method)
	}
	p.mu.Lock()
	k := p.key
	p.mu.Unlock()
	answerJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"},
	}})
}
