package account

import (
	"errors"
	"time"
)

// Token is a key to the API for programs. Only the hash of its secret is kept.
type Token struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Hash string `json:"hash"`
	// User is the ID of the owner, whose rights the token has at most.
	User      string    `json:"user"`
	Scope     Scope     `json:"scope"`
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is when it ends to work; the zero time means never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// UsedAt is when it was last used, to the hour.
	UsedAt time.Time `json:"used_at,omitzero"`
}

// ErrNoToken: no token has this secret or ID.
var ErrNoToken = errors.New("no such token")

// tokenPrefix begins the secret of every token.
const tokenPrefix = "czvm_"

// MaxTokenName is the longest name of a token in bytes.
const MaxTokenName = 100

// NewToken makes a token of the user with this ID, and the secret that goes with
// it; the secret is shown once and cannot be had again. lasts is how long it
// works, 0 for ever.
func NewToken(user, name string, scope Scope, lasts time.Duration, now time.Time) (Token, string) {
	secret := NewSecret(tokenPrefix)
	t := Token{ID: NewID(now), Name: name, Hash: HashSecret(secret), User: user, Scope: scope, CreatedAt: now}
	if lasts > 0 {
		t.ExpiresAt = now.Add(lasts)
	}
	return t, secret
}

// Expired reports whether the token has ended to work.
func (t Token) Expired(now time.Time) bool { return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) }
