package web

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// seal closes what a browser is to keep and not to read or change. Its key is made
// at the start: what was closed before is worth nothing any more.
type seal struct{ aead cipher.AEAD }

func newSeal() (seal, error) {
	key := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(key) // Never fails.
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return seal{}, fmt.Errorf("make the seal of cookies: %w", err)
	}
	return seal{aead}, nil
}

// close returns plain as the value of a cookie of this name, and of no other.
func (s seal) close(name string, plain []byte) string {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // Never fails.
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(name)))
}

// open returns what close closed; ok is false if it did not.
func (s seal) open(name, value string) (plain []byte, ok bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(sealed) < s.aead.NonceSize() {
		return nil, false
	}
	nonce, sealed := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	plain, err = s.aead.Open(nil, nonce, sealed, []byte(name))
	return plain, err == nil
}

// loginLasts is how long a sign-in at another service may take.
const loginLasts = 10 * time.Minute

// login is a sign-in at another service that has begun. The browser keeps it and the
// appliance does not: a stranger who begins many takes nobody's place. It is used up
// by what comes back with it, which the other service takes once.
type login struct {
	// State is what External.Finish needs.
	State []byte `json:"state"`
	// Confirm: somebody who has signed in is to prove anew who he is.
	Confirm bool      `json:"confirm,omitempty"`
	Until   time.Time `json:"until"`
}

// closeLogin returns l as the value of the cookie.
func (s seal) closeLogin(l login) (string, error) {
	plain, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("encode a sign-in that has begun: %w", err)
	}
	return s.close(loginCookie, plain), nil
}

// openLogin returns what closeLogin closed; ok is false if it did not, or too long
// ago. A clock that was set back makes none last longer.
func (s seal) openLogin(value string, now time.Time) (l login, ok bool) {
	plain, ok := s.open(loginCookie, value)
	if !ok || json.Unmarshal(plain, &l) != nil {
		return login{}, false
	}
	left := l.Until.Sub(now)
	return l, left > 0 && left <= loginLasts
}
