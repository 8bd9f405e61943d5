package account

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Codes makes and checks time-based one-time passwords (RFC 6238).
type Codes interface {
	// Generate returns a fresh secret in base32, and the otpauth URI that brings
	// it to an authenticator, where the account is shown under name.
	Generate(name string) (secret, uri string, err error)
	// Step returns the time step whose code it is, now or next to it; ok is
	// false if it is that of none.
	Step(secret, code string, now time.Time) (step uint64, ok bool)
}

// Config is what New needs. Nothing in it may be nil.
type Config struct {
	Store  Store
	Hasher *Hasher
	Codes  Codes
	Logger *slog.Logger
}

// Service holds the rules of accounts. Its methods may be called from several
// goroutines. Whoever acts stands in the context, see As; where nobody does,
// only signing in is possible.
type Service struct {
	store   Store
	hasher  *Hasher
	codes   Codes
	log     *slog.Logger
	setup   setupCode
	pending *waitingRoom
	// outside is where anybody may try a secret, inside where only who is signed in
	// may: what strangers do at the one is nothing to the other.
	outside, inside *door
	// refusals are the requests that were noted as refused.
	refusals refusals
}

// New returns a service.
func New(c Config) *Service {
	return &Service{
		store: c.Store, hasher: c.Hasher, codes: c.Codes, log: c.Logger,
		setup: newSetupCode(), pending: newWaitingRoom(), outside: newDoor(), inside: newDoor(),
	}
}

// administering returns who acts, or ErrForbidden if he does not run the appliance.
func administering(ctx context.Context) (Principal, error) {
	p, _ := Acting(ctx)
	if p.Via == ByCommand || p.MayAdminister() {
		return p, nil
	}
	return Principal{}, ErrForbidden
}

// self returns who acts, or ErrForbidden if he may not change his own account.
func self(ctx context.Context) (Principal, error) {
	p, _ := Acting(ctx)
	if !p.MayManageSelf() {
		return Principal{}, ErrForbidden
	}
	return p, nil
}

// over returns who acts, or ErrForbidden if he may see to the sessions and
// tokens of this user: the user himself and whoever runs the appliance.
func over(ctx context.Context, user string) (Principal, error) {
	if p, err := self(ctx); err == nil && p.User.ID == user {
		return p, nil
	}
	return administering(ctx)
}

// overOther is administering for what an admin must not do to himself, because
// he himself has to give a password for it.
func overOther(ctx context.Context, user string) error {
	p, err := administering(ctx)
	if err == nil && p.User.ID == user {
		err = ErrForbidden
	}
	return err
}

// newPassword checks and hashes a password for the user with this name.
func (s *Service) newPassword(ctx context.Context, password, name string) (string, error) {
	if err := CheckPassword(password, name); err != nil {
		return "", err
	}
	encoded, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return encoded, nil
}

// renewal returns the session of p with another secret.
func (s *Service) renewal(ctx context.Context, p Principal) (Session, string, error) {
	own, err := s.ownSession(ctx, p)
	if err != nil {
		return Session{}, "", err
	}
	own, secret := own.renewed(time.Now())
	return own, secret, nil
}
