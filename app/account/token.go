// Package account holds who may use the appliance. For now that is whoever
// holds a token for the API.
package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// Token is a key to the API. Only the hash of its secret is kept.
type Token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Hash      string    `json:"hash"`
	CreatedAt time.Time `json:"created_at"`
}

// ErrNoToken: no token has this secret.
var ErrNoToken = errors.New("no such token")

// tokenPrefix makes a token recognisable to people and to secret scanners.
const tokenPrefix = "czvm_"

// MaxTokenName is the longest name of a token in bytes.
const MaxTokenName = 100

// NewToken makes a token and the secret that goes with it; the secret is shown
// once and cannot be had again.
func NewToken(name string, now time.Time) (Token, string) {
	secret := tokenPrefix + strings.ToLower(rand.Text()+rand.Text())
	return Token{ID: strings.ToLower(rand.Text()), Name: name, Hash: HashToken(secret), CreatedAt: now}, secret
}

// HashToken returns what is kept of a secret. The secret is random and long,
// so that a plain hash cannot be turned round.
func HashToken(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}
