package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// recoveryCodes is how many recovery codes there are at first.
const recoveryCodes = 10

// isCode reports whether code looks like one of an authenticator; otherwise it
// is taken for a recovery code.
func isCode(code string) bool {
	code = strings.ReplaceAll(code, " ", "")
	return len(code) <= 8 && strings.Trim(code, "0123456789") == ""
}

// spend takes a code away from u: a step of the second factor with all before
// it (RFC 6238, 5.2), or a recovery code. It returns ErrWrong if it is none.
func (s *Service) spend(u *User, code string) error {
	if isCode(code) {
		step, ok := s.codes.Step(u.Second.Secret, strings.ReplaceAll(code, " ", ""), time.Now())
		if !ok || step <= u.Second.LastStep {
			return ErrWrong
		}
		u.Second.LastStep = step
		return nil
	}
	hash, found := recoveryHash(code), -1
	for i, one := range u.Second.Recovery {
		if subtle.ConstantTimeCompare([]byte(one), []byte(hash)) == 1 {
			found = i
		}
	}
	if found < 0 {
		return ErrWrong
	}
	u.Second.Recovery = slices.Delete(u.Second.Recovery, found, found+1)
	return nil
}

// recoveryHash returns what is kept of a recovery code: 80 random bits, so that
// a plain hash cannot be turned round.
func recoveryHash(code string) string { return HashSecret("recovery " + plainCode(code)) }

// newRecovery returns fresh recovery codes and their hashes.
func newRecovery() (codes, hashes []string) {
	for range recoveryCodes {
		t := strings.ToLower(rand.Text())
		code := t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:16]
		codes, hashes = append(codes, code), append(hashes, recoveryHash(code))
	}
	return codes, hashes
}

// BeginSecond gives whoever acts a secret for his authenticator, and the otpauth
// URI for a QR code. He gives his password for it: whoever came upon his session
// could shut him out with a second factor otherwise. It counts when ConfirmSecond
// has seen a code; until then it may be begun anew.
func (s *Service) BeginSecond(ctx context.Context, password string) (secret, uri string, err error) {
	p, u, err := s.confirm(ctx, password)
	if err != nil { // Also ErrNoPassword: the other service asks for a second factor of its own.
		return "", "", err
	}
	secret, uri, err = s.codes.Generate(p.User.Name)
	if err != nil {
		return "", "", fmt.Errorf("make a second factor: %w", err)
	}
	_, err = s.store.EditUser(ctx, u.ID, func(kept *User, _ int) error {
		switch {
		case kept.Asked():
			return ErrSecond
		case kept.Password != u.Password:
			return ErrWrong // It was changed in the meantime.
		}
		kept.Second = &SecondFactor{Secret: secret, BegunAt: time.Now()}
		return nil
	}, Also{})
	if err != nil {
		return "", "", err
	}
	return secret, uri, nil
}

// ConfirmSecond turns the second factor on after a code that proves the
// authenticator has it. It returns the recovery codes, which are shown once, and
// the new secret of the session; all other sessions of the user end. It is
// ErrUnconfirmed unless the password was given for it within ConfirmedFor, in this
// session: what somebody else has begun, or nobody remembers, is not gone on with.
func (s *Service) ConfirmSecond(ctx context.Context, code string) (recovery []string, secret string, err error) {
	p, err := self(ctx)
	if err != nil {
		return nil, "", err
	}
	u, err := s.store.User(ctx, p.User.ID)
	if err == nil {
		err = unconfirmed(u, time.Now()) // Before the try: this is no wrong code.
	}
	if err == nil {
		err = s.confirmed(ctx, p)
	}
	if err != nil {
		return nil, "", err
	}
	recovery, hashes := newRecovery()
	err = s.attempt(ctx, s.inside, tryInside("second", u.ID), p.Address, func() (string, bool, error) {
		secret, err = s.editAndRenew(ctx, p, Also{Action: SecondAdded}, func(kept *User) error {
			if err := unconfirmed(*kept, time.Now()); err != nil {
				return err
			}
			if !isCode(code) {
				return ErrWrong
			}
			kept.Second.ConfirmedAt, kept.Second.Recovery = time.Now(), hashes
			return s.spend(kept, code)
		})
		if errors.Is(err, ErrWrong) {
			return u.ID, false, nil
		}
		return u.ID, err == nil, err
	})
	if err != nil {
		return nil, "", err
	}
	return recovery, secret, nil
}

// unconfirmed returns why the second factor of u cannot be confirmed.
func unconfirmed(u User, now time.Time) error {
	switch {
	case u.Asked():
		return ErrSecond
	case u.Second == nil:
		return ErrNoSecond
	case !justNow(u.Second.BegunAt, now):
		return ErrUnconfirmed
	}
	return nil
}

// RenewRecovery replaces the recovery codes of whoever acts, who gives his
// password for it; otherwise it is as ConfirmSecond.
func (s *Service) RenewRecovery(ctx context.Context, password string) (recovery []string, secret string, err error) {
	recovery, hashes := newRecovery()
	secret, err = s.withPassword(ctx, password, Also{Action: SecondRenewed}, func(u *User) error {
		if !u.Asked() {
			return ErrNoSecond
		}
		u.Second.Recovery = hashes
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return recovery, secret, nil
}

// DisableSecond turns the second factor of whoever acts off, who gives his
// password for it. It returns the new secret of the session; all others end.
func (s *Service) DisableSecond(ctx context.Context, password string) (secret string, err error) {
	return s.withPassword(ctx, password, Also{Action: SecondRemoved}, removeSecond)
}

// RemoveSecond turns the second factor of another user off, who has lost it and
// his recovery codes; his sessions end. For whoever runs the appliance.
func (s *Service) RemoveSecond(ctx context.Context, user string) error {
	if err := overOther(ctx, user); err != nil {
		return err
	}
	edit := func(u *User, _ int) error { return removeSecond(u) }
	_, err := s.store.EditUser(ctx, user, edit, Also{Action: SecondRemoved, EndSessions: true})
	return err
}

func removeSecond(u *User) error {
	if u.Second == nil {
		return ErrNoSecond
	}
	u.Second = nil
	return nil
}

// editAndRenew changes the user who acts, ends his other sessions and renews this
// one, whose new secret it returns.
func (s *Service) editAndRenew(ctx context.Context, p Principal, also Also, edit func(*User) error) (string, error) {
	session, secret, err := s.renewal(ctx, p)
	if err != nil {
		return "", err
	}
	also.EndSessions, also.Renew = true, &session
	_, err = s.store.EditUser(ctx, p.User.ID, func(u *User, _ int) error { return edit(u) }, also)
	if err != nil {
		return "", err
	}
	return secret, nil
}

// withPassword is editAndRenew for what needs the password of whoever acts.
func (s *Service) withPassword(ctx context.Context, password string, also Also, edit func(*User) error) (string, error) {
	p, u, err := s.confirm(ctx, password)
	if err != nil {
		return "", err
	}
	return s.editAndRenew(ctx, p, also, func(kept *User) error {
		if kept.Password != u.Password {
			return ErrWrong // It was changed in the meantime.
		}
		return edit(kept)
	})
}

// confirm checks the password of whoever acts, notes in his session that he gave
// it, and returns him as he is kept.
//
// The tries are counted for the user and apart from those at the sign-in: a stranger
// who tries his name there must not keep him from what he needs his password for,
// such as changing it.
func (s *Service) confirm(ctx context.Context, password string) (p Principal, u User, err error) {
	if p, err = self(ctx); err != nil {
		return p, u, err
	}
	if u, err = s.store.User(ctx, p.User.ID); err != nil {
		return p, u, err
	}
	if u.Password == "" {
		return p, u, ErrNoPassword
	}
	err = s.attempt(ctx, s.inside, tryInside("password", u.ID), p.Address, func() (string, bool, error) {
		ok, _, err := s.verify(ctx, u, password)
		return u.ID, ok, err
	})
	if err == nil {
		err = s.noteConfirmed(ctx, p)
	}
	return p, u, err
}

// noteConfirmed notes that the user has given his password in the session of p.
func (s *Service) noteConfirmed(ctx context.Context, p Principal) error {
	own, err := s.ownSession(ctx, p)
	if err != nil {
		return err
	}
	return s.store.EditSession(ctx, own.Hash, func(kept *Session) { kept.ConfirmedAt = time.Now() })
}
