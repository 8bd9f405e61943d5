package account

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// touchEvery is how often the use of a session or token is stored: seldom, to
// spare SD cards.
const touchEvery = time.Hour

// isSecret reports whether s has the form of a secret with this prefix, so that
// nothing else is looked up.
func isSecret(s, prefix string) bool {
	text, ok := strings.CutPrefix(s, prefix)
	return ok && len(text) == 2*26 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// touchDue reports whether a use at now is to be stored, after the one at last. One
// that lies ahead was noted while the clock was wrong.
func touchDue(last, now time.Time) bool {
	passed := now.Sub(last)
	return passed >= touchEvery || passed < 0
}

// BySession returns who acts in the session with this secret, and the session;
// ErrNoSession if there is none, it has ended, or the user may not sign in.
func (s *Service) BySession(ctx context.Context, secret, address string) (Principal, Session, error) {
	if !isSecret(secret, sessionPrefix) {
		return Principal{}, Session{}, ErrNoSession
	}
	session, err := s.store.Session(ctx, HashSecret(secret))
	if err != nil {
		return Principal{}, Session{}, err
	}
	now := time.Now()
	if session.Ended(now) {
		// That it has ended is nobody's doing.
		_, err := s.store.EndSessions(context.WithoutCancel(ctx), session.User, func(one Session) bool { return one.Ended(now) })
		return Principal{}, Session{}, errors.Join(ErrNoSession, err)
	}
	p, err := s.principal(ctx, session.User)
	if err != nil {
		return Principal{}, Session{}, noSession(err)
	}
	if touchDue(session.SeenAt, now) {
		touch := func(kept *Session) { kept.SeenAt, kept.Address = now, address }
		err := s.store.EditSession(ctx, session.Hash, touch)
		if errors.Is(err, ErrNoSession) {
			return Principal{}, Session{}, err
		}
		if err != nil { // A disk that is full keeps nobody from reading.
			s.log.Warn("cannot note that a session was used", slog.String("session", session.ID), slog.Any("error", err))
		}
		touch(&session)
	}
	p.Scope, p.Via, p.Key, p.Address = ScopeAdmin, BySession, session.ID, address
	return p, session, nil
}

// ByProxy returns who acts by a proxy's word alone, for one request: whoever has no
// place for a cookie would leave a session each time. It is ErrNoSession if he is
// no user or may not sign in. His role is as Vouched left it.
func (s *Service) ByProxy(ctx context.Context, i Identity, address string) (Principal, error) {
	u, err := s.store.UserByExternal(ctx, i.External())
	if err != nil {
		return Principal{}, noSession(err)
	}
	p, err := s.principal(ctx, u.ID)
	if err != nil {
		return Principal{}, noSession(err)
	}
	p.Scope, p.Via, p.Address = ScopeAdmin, ByProxy, address
	return p, nil
}

// noSession returns ErrNoSession for ErrNoUser, and other errors as they are.
func noSession(err error) error {
	if errors.Is(err, ErrNoUser) {
		return ErrNoSession
	}
	return err
}

// principal returns the user with this ID and his groups, or ErrNoUser, also if
// he may not sign in or has no role.
func (s *Service) principal(ctx context.Context, user string) (Principal, error) {
	u, err := s.store.User(ctx, user)
	if err != nil {
		return Principal{}, err
	}
	if u.Disabled || !u.Role.Valid() {
		return Principal{}, ErrNoUser
	}
	groups, err := s.store.GroupsOf(ctx, user)
	if err != nil {
		return Principal{}, err
	}
	p := Principal{User: u, Groups: make(map[string]Right, len(groups))}
	for _, g := range groups {
		p.Groups[g.ID] = g.Of(user)
	}
	return p, nil
}

// Sessions returns the sessions of a user, the oldest first, for himself and for
// whoever runs the appliance.
func (s *Service) Sessions(ctx context.Context, user string) ([]Session, error) {
	if _, err := over(ctx, user); err != nil {
		return nil, err
	}
	sessions, err := s.store.Sessions(ctx, user)
	now := time.Now()
	return slices.DeleteFunc(sessions, func(one Session) bool { return one.Ended(now) }), err
}

// EndSession ends the session of a user with this ID, or returns ErrNoSession.
func (s *Service) EndSession(ctx context.Context, user, id string) error {
	if _, err := over(ctx, user); err != nil {
		return err
	}
	is := func(one Session) bool { return one.ID == id }
	sessions, err := s.store.Sessions(ctx, user)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(sessions, is) {
		return ErrNoSession // Without a transaction, which would wear the disk for nothing.
	}
	_, err = s.store.EndSessions(ctx, user, is)
	return err
}

// EndOtherSessions ends all sessions of a user but the one that acts.
func (s *Service) EndOtherSessions(ctx context.Context, user string) (int, error) {
	p, err := over(ctx, user)
	if err != nil {
		return 0, err
	}
	return s.store.EndSessions(ctx, user, func(one Session) bool { return one.ID != p.Key })
}

// Confirm checks the password of whoever acts once more, before something grave;
// Session.ConfirmedAt is then now.
func (s *Service) Confirm(ctx context.Context, password string) error {
	_, _, err := s.confirm(ctx, password)
	return err
}

// ownSession returns the session of p.
func (s *Service) ownSession(ctx context.Context, p Principal) (Session, error) {
	sessions, err := s.store.Sessions(ctx, p.User.ID)
	if err != nil {
		return Session{}, err
	}
	i := slices.IndexFunc(sessions, func(one Session) bool { return one.ID == p.Key })
	if i < 0 {
		return Session{}, ErrNoSession
	}
	return sessions[i], nil
}
