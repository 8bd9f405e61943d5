package account

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrTokenName: the name is empty, too long or has characters that do not print.
var ErrTokenName = errors.New("a token's name must have 1 to 100 bytes that can be seen")

// Allows returns the most that a token of a user with this role may be used for,
// "" for none.
func (r Role) Allows() Scope {
	switch r {
	case Admin:
		return ScopeAdmin
	case Member:
		return ScopeWrite
	case Viewer:
		return ScopeRead
	}
	return ""
}

// Scopes returns those that a token of a user with this role may have, the least first.
func (r Role) Scopes() []Scope {
	return slices.DeleteFunc(Scopes(), func(s Scope) bool { return !r.Allows().holds(s) })
}

// AddToken makes a token of a user and returns it with its secret, which is
// shown once. lasts is how long it works, 0 for ever. Only the user himself and
// the command line may do it: an admin would otherwise act as somebody else.
func (s *Service) AddToken(ctx context.Context, user, name string, scope Scope, lasts time.Duration) (Token, string, error) {
	p, _ := Acting(ctx)
	if p.Via != ByCommand && !(p.MayManageSelf() && p.User.ID == user) {
		return Token{}, "", ErrForbidden
	}
	unseen := func(r rune) bool { return !unicode.IsPrint(r) }
	name = strings.TrimSpace(name)
	if name == "" || len(name) > MaxTokenName || !utf8.ValidString(name) || strings.ContainsFunc(name, unseen) {
		return Token{}, "", ErrTokenName
	}
	if lasts < 0 {
		return Token{}, "", ErrLasts
	}
	u, err := s.store.User(ctx, user)
	if err != nil {
		return Token{}, "", err
	}
	if !scope.Valid() || !u.Role.Allows().holds(scope) {
		return Token{}, "", ErrScope
	}
	t, secret := NewToken(user, name, scope, lasts, time.Now())
	if err := s.store.AddToken(ctx, t); err != nil {
		return Token{}, "", err
	}
	return t, secret, nil
}

// Tokens returns the tokens of a user, the oldest first, for himself and for
// whoever runs the appliance.
func (s *Service) Tokens(ctx context.Context, user string) ([]Token, error) {
	if _, err := over(ctx, user); err != nil {
		return nil, err
	}
	return s.store.Tokens(ctx, user)
}

// RevokeToken ends the token of a user with this ID, or returns ErrNoToken.
func (s *Service) RevokeToken(ctx context.Context, user, id string) error {
	if _, err := over(ctx, user); err != nil {
		return err
	}
	return s.store.RemoveToken(ctx, user, id)
}

// ByToken returns who acts with the token that has this secret; ErrNoToken if
// there is none, it has expired, or its user may not sign in.
func (s *Service) ByToken(ctx context.Context, secret, address string) (Principal, error) {
	if !isSecret(secret, tokenPrefix) {
		return Principal{}, ErrNoToken
	}
	t, err := s.store.Token(ctx, HashSecret(secret))
	if err != nil {
		return Principal{}, err
	}
	now := time.Now()
	if t.Expired(now) {
		return Principal{}, ErrNoToken
	}
	p, err := s.principal(ctx, t.User)
	if errors.Is(err, ErrNoUser) {
		err = ErrNoToken
	}
	if err != nil {
		return Principal{}, err
	}
	if touchDue(t.UsedAt, now) {
		err := s.store.TouchToken(ctx, t.Hash, now)
		if errors.Is(err, ErrNoToken) {
			return Principal{}, err
		}
		if err != nil { // A disk that is full keeps nobody from reading.
			s.log.Warn("cannot note that a token was used", slog.String("token", t.ID), slog.Any("error", err))
		}
	}
	p.Scope, p.Via, p.Key, p.Address = t.Scope, ByToken, t.ID, address
	return p, nil
}
