package account

import (
	"errors"
	"time"
)

// Session is a browser that has signed in. Only the hash of its secret, which
// the browser keeps in a cookie, is kept.
type Session struct {
	// ID names the session in lists; Hash is that of the secret.
	ID   string `json:"id"`
	Hash string `json:"hash"`
	User string `json:"user"`
	// CreatedAt is when the user signed in, SeenAt when the session was last
	// used, to the hour.
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	// ConfirmedAt is when the user last gave a password or second factor.
	ConfirmedAt time.Time `json:"confirmed_at"`
	// Address is where it was last used from, Agent what the browser calls itself.
	Address string `json:"address,omitempty"`
	Agent   string `json:"agent,omitempty"`
}

// SessionIdle is how long a session lasts without being used.
const SessionIdle = 30 * 24 * time.Hour

// sessionPrefix begins the secret of every session.
const sessionPrefix = "czvs_"

// ErrNoSession: no session has this secret or ID, or it has ended.
var ErrNoSession = errors.New("no such session")

// NewSession makes a session of the user with this ID, and the secret that goes with it.
func NewSession(user string, now time.Time) (Session, string) {
	secret := NewSecret(sessionPrefix)
	return Session{ID: NewID(now), Hash: HashSecret(secret), User: user, CreatedAt: now, SeenAt: now, ConfirmedAt: now}, secret
}

// Ended reports whether the session was not used for too long. A clock that was
// set back ends none.
func (s Session) Ended(now time.Time) bool { return now.Sub(s.SeenAt) >= SessionIdle }
