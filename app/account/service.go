package account

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
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
	tries   *limiter
	pending *waitingRoom
	noted   quota
	// refusals are the requests that were noted as refused.
	refusals refusals
}

// New returns a service.
func New(c Config) *Service {
	return &Service{
		store: c.Store, hasher: c.Hasher, codes: c.Codes, log: c.Logger,
		setup: newSetupCode(), tries: newLimiter(), pending: newWaitingRoom(),
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

// attempt runs check, if the try is let through. What is wrong becomes ErrWrong
// and is noted as a failure of user, "" if there is none. A check that could not
// be made counts as a try too: otherwise breaking it off would be free.
func (s *Service) attempt(ctx context.Context, t tried, address string, check func() (user string, ok bool, err error)) error {
	if wait := s.tries.begin(t, time.Now()); wait > 0 {
		return &WaitError{Wait: wait}
	}
	user, ok, err := check()
	switch {
	case err != nil:
		return err
	case ok:
		s.tries.right(t, time.Now())
		return nil
	}
	locked := s.tries.wrong(t, time.Now())
	s.note(ctx, address, user, SignInFailed)
	if locked {
		s.note(ctx, address, user, SignInBlocked)
	}
	return ErrWrong
}

// note writes what a stranger did to the audit trail, but no more than a number
// of lines an hour, so that nobody can push out what others did.
func (s *Service) note(ctx context.Context, address, user string, action Action) {
	if !s.noted.take(time.Now()) {
		return
	}
	kind := ""
	if user != "" {
		kind = KindUser
	}
	// The stranger must not prevent it by hanging up.
	ctx = As(context.WithoutCancel(ctx), Principal{Address: address})
	if err := s.store.Audit(ctx, action, kind, user, ""); err != nil {
		s.log.Error("cannot write a failed sign-in to the audit trail", slog.Any("error", err))
	}
}

// maxNoted is how many failures an hour are noted.
const maxNoted = 200

// quota counts what is noted in an hour.
type quota struct {
	mu    sync.Mutex
	since time.Time
	taken int
}

// take reports whether there is one left.
func (q *quota) take(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if passed := now.Sub(q.since); passed >= time.Hour || passed < 0 {
		q.since, q.taken = now, 0
	}
	q.taken++
	return q.taken <= maxNoted
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
	sessions, err := s.store.Sessions(ctx, p.User.ID)
	if err != nil {
		return Session{}, "", err
	}
	for _, own := range sessions {
		if own.ID == p.Key {
			own, secret := own.renewed(time.Now())
			return own, secret, nil
		}
	}
	return Session{}, "", ErrNoSession
}
