package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/oidc/oidctest"
)

// unsigned returns a token with any header and no signature.
func unsigned(header string, claims map[string]any) string {
	payload, _ := json.Marshal(claims)
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString(payload) + "."
}

func mustSign(t *testing.T, algorithm jose.SignatureAlgorithm, id string, key any, claims map[string]any) string {
	t.Helper()
	token, err := oidctest.Sign(algorithm, id, key, claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestForgedIDTokens: each is what the provider's token endpoint answers, as if
// somebody sat on the line or the provider did not take care.
func TestForgedIDTokens(t *testing.T) {
	t.Parallel()
	now := time.Now()
	set := func(name string, value any) func(*testing.T, *oidctest.Server, map[string]any) string {
		return func(_ *testing.T, _ *oidctest.Server, claims map[string]any) string {
			claims[name] = value
			return ""
		}
	}
	without := func(name string) func(*testing.T, *oidctest.Server, map[string]any) string {
		return func(_ *testing.T, _ *oidctest.Server, claims map[string]any) string {
			delete(claims, name)
			return ""
		}
	}
	for _, tc := range []struct {
		name  string
		forge func(t *testing.T, server *oidctest.Server, claims map[string]any) string
		want  string // in the error; "" where the token holds
	}{
		{"as it should be", func(*testing.T, *oidctest.Server, map[string]any) string { return "" }, ""},
		{"another nonce", set("nonce", "synthetic-other-nonce"), "nonce"},
		{"no nonce", without("nonce"), "nonce"},
		{"another issuer", set("iss", "https://evil.example.com"), "different provider"},
		{"the issuer with a slash", func(_ *testing.T, s *oidctest.Server, c map[string]any) string {
			c["iss"] = s.Issuer() + "/"
			return ""
		}, "different provider"},
		{"no issuer", without("iss"), "different provider"},
		{"another audience", set("aud", "other"), "audience"},
		{"no audience", without("aud"), "audience"},
		{"other audiences", set("aud", []string{"other", "visa-2"}), "audience"},
		{"an audience that tells a secret", func(_ *testing.T, _ *oidctest.Server, c map[string]any) string {
			c["aud"] = c["nonce"]
			return ""
		}, "audience"},
		{"two audiences, authorized", set("aud", []string{"other", "visa"}), ""},
		{"two audiences, nobody authorized", func(_ *testing.T, _ *oidctest.Server, c map[string]any) string {
			c["aud"] = []string{"other", "visa"}
			delete(c, "azp")
			return ""
		}, "azp"},
		{"another authorized", set("azp", "other"), "azp"},
		{"authorized that is no text", set("azp", 7), "azp"},
		{"nobody authorized, one audience", without("azp"), ""},
		{"expired", set("exp", now.Add(-2*time.Minute).Unix()), "expired"},
		{"expired within the skew", set("exp", now.Add(-20*time.Second).Unix()), ""},
		{"no expiry", without("exp"), "expired"},
		{"expiry that is text", set("exp", "tomorrow"), "does not hold"},
		{"not yet", set("nbf", now.Add(time.Hour).Unix()), "nbf"},
		{"another access token", set("at_hash", "c3ludGhldGlj"), "at_hash"},
		{"no at_hash", without("at_hash"), ""},
		{"no subject", without("sub"), "sub"},
		{"subject of two lines", set("sub", "https://other.example.com\nanna"), "sub"},
		{"subject too long", set("sub", strings.Repeat("x", 256)), "sub"},
		{"claims that are no object", func(*testing.T, *oidctest.Server, map[string]any) string { return "bm8.bm8.bm8" }, "does not hold"},
		{"algorithm none", func(_ *testing.T, _ *oidctest.Server, c map[string]any) string {
			return unsigned(`{"alg":"none","typ":"JWT"}`, c)
		}, "signature algorithm"},
		{"algorithm None", func(_ *testing.T, _ *oidctest.Server, c map[string]any) string { return unsigned(`{"alg":"None"}`, c) }, "signature algorithm"},
		{"no algorithm", func(_ *testing.T, _ *oidctest.Server, c map[string]any) string { return unsigned(`{}`, c) }, "does not hold"},
		{"signature left out", func(_ *testing.T, s *oidctest.Server, c map[string]any) string {
			token := s.Sign(c)
			return token[:strings.LastIndex(token, ".")+1]
		}, "verify signature"},
		{"claims swapped below the signature", func(_ *testing.T, s *oidctest.Server, c map[string]any) string {
			parts := strings.Split(s.Sign(c), ".")
			c["sub"] = "admin"
			parts[1] = strings.Split(s.Sign(c), ".")[1]
			return strings.Join(parts, ".")
		}, "verify signature"},
		{"HS256 with the public key", func(t *testing.T, s *oidctest.Server, c map[string]any) string {
			public, id := s.PublicKey()
			der, err := x509.MarshalPKIXPublicKey(public)
			if err != nil {
				t.Fatal(err)
			}
			return mustSign(t, jose.HS256, id, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), c)
		}, "signature algorithm"},
		{"HS256 with the client's secret", func(t *testing.T, _ *oidctest.Server, c map[string]any) string {
			return mustSign(t, jose.HS256, "", []byte(secret+secret), c)
		}, "signature algorithm"},
		{"key of somebody else under the right ID", func(t *testing.T, s *oidctest.Server, c map[string]any) string {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			_, id := s.PublicKey()
			return mustSign(t, jose.ES256, id, key, c)
		}, "verify signature"},
		{"key inside the token", func(t *testing.T, _ *oidctest.Server, c map[string]any) string {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{EmbedJWK: true})
			if err != nil {
				t.Fatal(err)
			}
			payload, _ := json.Marshal(c)
			signed, err := signer.Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			token, err := signed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			return token
		}, "verify signature"},
		{"an algorithm the provider does not name", func(t *testing.T, _ *oidctest.Server, c map[string]any) string {
			key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			return mustSign(t, jose.ES384, "", key, c)
		}, "signature algorithm"},
		{"JSON form of a signature", func(_ *testing.T, s *oidctest.Server, c map[string]any) string {
			parts := strings.Split(s.Sign(c), ".")
			token, _ := json.Marshal(map[string]string{"protected": parts[0], "payload": parts[1], "signature": parts[2]})
			return string(token)
		}, "no ID token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			server.ForgeIDToken(func(claims map[string]any) string { return tc.forge(t, server, claims) })
			who, err := signIn(t, p)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("the token does not hold: %v", err)
			case tc.want != "" && (!errors.Is(err, oidc.ErrRefused) || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want ErrRefused about %q", err, tc.want)
			case tc.want != "" && who.Subject != "":
				t.Errorf("refused, and yet %v signed in", who)
			}
			checkSecrets(t, server, err)
		})
	}
}

func TestHS256WithTheRSAKey(t *testing.T) {
	t.Parallel()
	product := oidctest.Keycloak() // It names HS256 in discovery.
	server, p := start(t, product)
	server.ForgeIDToken(func(claims map[string]any) string {
		public, id := server.PublicKey()
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Error(err)
		}
		return mustSign(t, jose.HS256, id, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), claims)
	})
	if who, err := signIn(t, p); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("got %v, %v; want ErrRefused", who, err)
	}
}

func TestUserInfoOfSomebodyElse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		sub  any
	}{{"another", "admin"}, {"none", nil}, {"empty", ""}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			server.ForgeUserInfo(func(claims map[string]any) { claims["sub"] = tc.sub })
			if who, err := signIn(t, p); !errors.Is(err, oidc.ErrRefused) || !strings.Contains(err.Error(), "sub") {
				t.Errorf("got %v, %v; want ErrRefused about sub", who, err)
			}
		})
	}
}

// TestForgedAnswers: what somebody may make a browser bring to the redirect URL.
func TestForgedAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		forge func(state *oidc.State, query url.Values)
		err   error
		want  string
	}{
		{"as it should be", func(*oidc.State, url.Values) {}, nil, ""},
		{"another state", func(_ *oidc.State, q url.Values) { q.Set("state", "AAAAAAAAAAAAAAAAAAAAAAAAAA") }, oidc.ErrRefused, "state"},
		{"no state", func(_ *oidc.State, q url.Values) { q.Del("state") }, oidc.ErrRefused, "state"},
		{"no login in this browser", func(s *oidc.State, q url.Values) { *s = oidc.State{}; q.Del("state") }, oidc.ErrRefused, "no login"},
		{"empty state kept", func(s *oidc.State, q url.Values) { s.ID = ""; q.Set("state", "") }, oidc.ErrRefused, "no login"},
		{"empty nonce kept", func(s *oidc.State, _ url.Values) { s.Nonce = "" }, oidc.ErrRefused, "no login"},
		{"state twice", func(_ *oidc.State, q url.Values) { q.Add("state", q.Get("state")) }, oidc.ErrRefused, "twice"},
		{"code twice", func(_ *oidc.State, q url.Values) { q.Add("code", "other") }, oidc.ErrRefused, "twice"},
		{"no code", func(_ *oidc.State, q url.Values) { q.Del("code") }, oidc.ErrRefused, "no code"},
		{"code made up", func(_ *oidc.State, q url.Values) { q.Set("code", "synthetic-code") }, oidc.ErrRefused, "does not take the code"},
		{"another provider", func(_ *oidc.State, q url.Values) { q.Set("iss", "https://evil.example.com") }, oidc.ErrRefused, "another provider"},
		{"another provider's error", func(_ *oidc.State, q url.Values) {
			q.Set("iss", "https://evil.example.com")
			q.Set("error", "access_denied")
		}, oidc.ErrRefused, "another provider"},
		{"no provider, though it names itself", func(_ *oidc.State, q url.Values) { q.Del("iss") }, oidc.ErrRefused, "which provider"},
		{"too late", func(s *oidc.State, _ url.Values) { s.Expires = time.Now() }, oidc.ErrRefused, "too long"},
		{"verifier of another login", func(s *oidc.State, _ url.Values) { s.Verifier = strings.Repeat("v", 43) }, oidc.ErrRefused, "does not take the code"},
		{"nonce of another login", func(s *oidc.State, _ url.Values) { s.Nonce = "synthetic-other-nonce" }, oidc.ErrRefused, "nonce"},
		{"denied", func(_ *oidc.State, q url.Values) { q.Set("error", "access_denied") }, oidc.ErrDenied, "access_denied"},
		{"denied with a code", func(_ *oidc.State, q url.Values) { q.Set("error", "login_required") }, oidc.ErrDenied, "login_required"},
		{"denied to somebody else", func(_ *oidc.State, q url.Values) {
			q.Set("error", "access_denied")
			q.Set("state", "x")
		}, oidc.ErrRefused, "state"},
		{"trouble at the provider", func(_ *oidc.State, q url.Values) { q.Set("error", "server_error") }, oidc.ErrUnavailable, "server_error"},
		{"wrong settings", func(_ *oidc.State, q url.Values) { q.Set("error", "invalid_scope") }, oidc.ErrUnavailable, "scopes"},
		{"unknown error", func(_ *oidc.State, q url.Values) { q.Set("error", "<b>made up</b>") }, oidc.ErrRefused, "not known"},
		{"empty error", func(_ *oidc.State, q url.Values) { q.Set("error", "") }, oidc.ErrRefused, "not known"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			state, query := begin(t, p)
			tc.forge(&state, query)
			who, err := p.Finish(t.Context(), state, query)
			if !errors.Is(err, tc.err) || tc.err != nil && (!strings.Contains(err.Error(), tc.want) || who.Subject != "") {
				t.Errorf("got %v, %v; want %v about %q", who, err, tc.err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "made up") {
				t.Errorf("the error repeats what came from outside: %v", err)
			}
			checkSecrets(t, server, err)
		})
	}
}

func TestAnswersAreOfNoUseTwice(t *testing.T) {
	t.Parallel()
	server, p := start(t, quick())
	state, query := begin(t, p)
	if _, err := p.Finish(t.Context(), state, query); err != nil {
		t.Fatal(err)
	}
	_, err := p.Finish(t.Context(), state, query)
	if !errors.Is(err, oidc.ErrRefused) || !strings.Contains(err.Error(), "used already") {
		t.Errorf("the second time: %v, want ErrRefused", err)
	}
	checkSecrets(t, server, err)
}

// TestAnswerOfAnothersLogin: the attacker's own code in a victim's browser would
// sign the victim in as the attacker.
func TestAnswerOfAnothersLogin(t *testing.T) {
	t.Parallel()
	_, p := start(t, quick())
	victim, _ := begin(t, p)
	_, attacker := begin(t, p)
	if _, err := p.Finish(t.Context(), victim, attacker); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("with the attacker's answer: %v, want ErrRefused", err)
	}
	attacker.Set("state", victim.ID)
	if _, err := p.Finish(t.Context(), victim, attacker); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("with the attacker's code under the victim's state: %v, want ErrRefused", err)
	}
}

func TestLoginsDoNotMix(t *testing.T) {
	t.Parallel()
	server, p := start(t, quick())
	first, firstQuery := begin(t, p)
	other := oidctest.User{Subject: "other-synthetic", Name: "bara", Email: "bara@example.com"}
	server.SignIn(other)
	second, secondQuery := begin(t, p)
	if first.ID == second.ID || first.Nonce == second.Nonce || first.Verifier == second.Verifier {
		t.Error("two logins share a secret")
	}
	if who, err := p.Finish(t.Context(), second, secondQuery); err != nil || who.Subject != other.Subject {
		t.Errorf("second: %v, %v", who, err)
	}
	if who, err := p.Finish(t.Context(), first, firstQuery); err != nil || who.Subject != anna().Subject {
		t.Errorf("first: %v, %v", who, err)
	}
}

func TestWrongClientSecret(t *testing.T) {
	t.Parallel()
	server, p := start(t, quick(), func(cfg *oidc.Config) { cfg.ClientSecret = "synthetic-wrong-secret" })
	_, err := signIn(t, p)
	if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "synthetic-wrong-secret") {
		t.Errorf("got %v, want ErrUnavailable about the secret", err)
	}
	if got := server.Requests(oidctest.Token); got != 1 {
		t.Errorf("the token endpoint was asked %d times, want once: codes are for one try", got)
	}
}

func TestDeniedAtTheProvider(t *testing.T) {
	t.Parallel()
	server, p := start(t, quick())
	server.Deny("access_denied")
	if _, err := signIn(t, p); !errors.Is(err, oidc.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
	server.Deny("")
	if _, err := signIn(t, p); err != nil {
		t.Error(err)
	}
}

func TestFinishEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, p := start(t, quick())
	state, query := begin(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Finish(ctx, state, query); !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}
