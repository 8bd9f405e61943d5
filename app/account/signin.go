package account

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// SignedIn is the outcome of a sign-in: either a session with its secret, or the
// secret that goes on with the second factor.
type SignedIn struct {
	User    User
	Session Session
	// Secret is that of the session, for the cookie.
	Secret string
	// Pending, if not "", says that a second factor is asked for, and is what
	// SignInSecond wants within five minutes; the rest is empty.
	Pending string
}

// asBegun returns a context in which the user acts in his new session.
func asBegun(ctx context.Context, u User, session Session) context.Context {
	return As(ctx, Principal{User: u, Scope: ScopeAdmin, Via: BySession, Key: session.ID, Address: session.Address})
}

// SignIn signs a user in by name and password. It returns ErrWrong for whatever
// is wrong, or *WaitError after too many tries; neither answer nor time tells
// whether there is such a user.
func (s *Service) SignIn(ctx context.Context, name, password string, from Origin) (SignedIn, error) {
	var u User
	var stale bool
	err := s.attempt(ctx, s.outside, nameTry(name, from.Address), from.Address, func() (id string, ok bool, err error) {
		u, err = s.store.UserByName(ctx, name)
		if err != nil && !errors.Is(err, ErrNoUser) {
			return "", false, err
		}
		ok, stale, err = s.verify(ctx, u, password)
		return u.ID, ok && !u.Disabled, err
	})
	if err != nil {
		return SignedIn{}, err
	}
	matched := u.Password
	if stale {
		if u.Password, err = s.hasher.Hash(ctx, password); err != nil {
			return SignedIn{}, fmt.Errorf("hash a password anew: %w", err)
		}
	}
	rehash := func(kept *User, _ int) error {
		if kept.Password != matched {
			return ErrWrong // It was changed in the meantime.
		}
		kept.Password = u.Password
		return nil
	}
	if !u.Asked() {
		return s.begin(ctx, u, from, rehash, Also{})
	}
	if stale {
		if _, err := s.store.EditUser(ctx, u.ID, rehash, Also{}); err != nil {
			return SignedIn{}, err
		}
	}
	return SignedIn{Pending: s.pending.enter(u, time.Now())}, nil
}

// nameTry is a try at the password of whoever has this name, if anybody has.
func nameTry(name, address string) tried { return tryOf("name", NameKey(name), address) }

// verify checks a password with the same work for every user, also for none.
func (s *Service) verify(ctx context.Context, u User, password string) (ok, stale bool, err error) {
	if u.Password == "" {
		err = s.hasher.VerifyNone(ctx, password)
		return false, false, err
	}
	ok, stale, err = s.hasher.Verify(ctx, u.Password, password)
	if errors.Is(err, ErrHash) { // Nothing that a stranger should hear of.
		return false, false, s.hasher.VerifyNone(ctx, password)
	}
	return ok, stale && ok, err
}

// begin begins a session of u by password; edit changes what is kept of him with it.
func (s *Service) begin(ctx context.Context, u User, from Origin, edit func(u *User, otherAdmins int) error, also Also) (SignedIn, error) {
	session, secret := NewSession(u.ID, time.Now())
	return s.beginAs(ctx, u, session.from(from), secret, edit, also)
}

// beginAs is begin with the session that is to begin, and its secret.
func (s *Service) beginAs(
	ctx context.Context, u User, session Session, secret string, edit func(u *User, otherAdmins int) error, also Also,
) (SignedIn, error) {
	also.Begin = &session
	u, err := s.store.EditUser(asBegun(ctx, u, session), u.ID, func(kept *User, otherAdmins int) error {
		if kept.Disabled {
			return ErrWrong
		}
		if kept.Role == NoRole {
			return ErrNoRole // He has shown who he is, and may know.
		}
		return edit(kept, otherAdmins)
	}, also)
	if errors.Is(err, ErrNoUser) {
		err = ErrWrong
	}
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{User: u, Session: session, Secret: secret}, nil
}

// SignInSecond finishes a sign-in with a code of the second factor, or with a
// recovery code, which is used up by it. It returns ErrNoPending if the sign-in
// has to begin anew, and otherwise fails as SignIn does.
func (s *Service) SignInSecond(ctx context.Context, pending, code string, from Origin) (in SignedIn, err error) {
	p, ok := s.pending.find(pending, time.Now())
	if !ok {
		return SignedIn{}, ErrNoPending
	}
	u, err := s.store.User(ctx, p.user)
	if errors.Is(err, ErrNoUser) || err == nil && (u.Password != p.password || !u.Asked() || u.Disabled) {
		return SignedIn{}, ErrNoPending
	}
	if err != nil {
		return SignedIn{}, err
	}
	also := Also{}
	if !isCode(code) {
		also.Action = SecondRecovered
	}
	err = s.attempt(ctx, s.outside, tryOf("second", u.ID, from.Address), from.Address, func() (string, bool, error) {
		in, err = s.begin(ctx, u, from, func(kept *User, _ int) error {
			if kept.Password != p.password || !kept.Asked() {
				return ErrNoPending
			}
			return s.spend(kept, code)
		}, also)
		if errors.Is(err, ErrWrong) {
			return u.ID, false, nil
		}
		return u.ID, err == nil, err
	})
	if err != nil {
		return SignedIn{}, err
	}
	s.pending.leave(u.ID)
	return in, nil
}

// SignOut ends the session with this secret, if there is one.
func (s *Service) SignOut(ctx context.Context, secret, address string) error {
	p, session, err := s.BySession(ctx, secret, address)
	if errors.Is(err, ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.store.EndSessions(As(ctx, p), session.User, func(one Session) bool { return one.ID == session.ID })
	return err
}
