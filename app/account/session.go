package account

import (
	"errors"
	"strings"
	"time"
	"unicode"
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
	// ConfirmedAt is when the user last gave a password or second factor, here or
	// at the service through which he signed in; the zero time if nobody knows.
	ConfirmedAt time.Time `json:"confirmed_at"`
	// Issuer is the service through which it began, as Identity.Issuer; "" where it
	// began with a password.
	Issuer string `json:"issuer,omitempty"`
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

// ConfirmedFor is how long a password counts as given just now.
const ConfirmedFor = 10 * time.Minute

// Confirmed reports whether the user gave a password or second factor, here or at
// another service, within ConfirmedFor. A time that lies ahead was noted
// while the clock was wrong, and proves nothing.
func (s Session) Confirmed(now time.Time) bool {
	return justNow(s.ConfirmedAt, now)
}

// justNow reports whether at is within ConfirmedFor before now.
func justNow(at, now time.Time) bool {
	passed := now.Sub(at)
	return passed >= 0 && passed < ConfirmedFor
}

// maxAgent is how many bytes of a browser's name are kept.
const maxAgent = 200

// Origin is where a request comes from.
type Origin struct {
	// Address is that of the peer, without a port.
	Address string
	// Agent is what the browser calls itself.
	Agent string
}

// from returns s as begun from there.
func (s Session) from(o Origin) Session {
	unseen := func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}
	agent := strings.Map(unseen, strings.ToValidUTF8(o.Agent[:min(len(o.Agent), maxAgent)], ""))
	s.Address, s.Agent = o.Address, agent
	return s
}

// renewed returns s with another secret; the one before opens nothing any more.
// It says nothing of whether the user has given a password for it.
func (s Session) renewed(now time.Time) (Session, string) {
	fresh, secret := NewSession(s.User, now)
	s.Hash, s.SeenAt = fresh.Hash, now
	return s, secret
}
