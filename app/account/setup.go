package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"time"
)

// setupCode lets whoever reads the log make the first admin. It is made anew at
// each start and never stored.
type setupCode struct{ text string }

// newSetupCode returns 12 characters of base32 (60 bits), in three groups.
func newSetupCode() setupCode {
	t := rand.Text()
	return setupCode{text: t[:4] + "-" + t[4:8] + "-" + t[8:12]}
}

// is reports whether code is the one, in the same time for all that are not. Case,
// spaces and hyphens do not count, and the digits that look like letters, which
// base32 has not, stand for those.
func (c setupCode) is(code string) bool {
	given, own := sha256.Sum256([]byte(plainCode(code))), sha256.Sum256([]byte(plainCode(c.text)))
	return subtle.ConstantTimeCompare(given[:], own[:]) == 1
}

// plainCode returns what counts of a code that a person typed: at most 64 bytes.
func plainCode(code string) string {
	code = code[:min(len(code), 64)]
	return strings.NewReplacer(" ", "", "-", "", "0", "O", "1", "I", "8", "B").Replace(strings.ToUpper(code))
}

// SetupCode returns the one-time code that Setup asks for, to be printed in the
// log; "" if there is a user already.
func (s *Service) SetupCode(ctx context.Context) (string, error) {
	_, exists, err := s.store.FirstUser(ctx)
	if err != nil || exists {
		return "", err
	}
	return s.setup.text, nil
}

// NewUser is what somebody new says of himself.
type NewUser struct {
	Name     string
	Password string
	// Language is a tag, "" for the browser's.
	Language string
	Theme    Theme
}

// Setup makes the first admin, who owns what was there before, and signs him in.
// It returns ErrSetUp if there is a user already, and ErrWrong for another code.
//
// Only the address is limited: a stranger must not be able to keep the owner
// from setting up, and the code is beyond guessing.
func (s *Service) Setup(ctx context.Context, code string, n NewUser, from Origin) (SignedIn, error) {
	id, exists, err := s.store.FirstUser(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	if exists {
		return SignedIn{}, ErrSetUp
	}
	t := tryOf("setup", "", from.Address)
	t.account = tryKey{}
	err = s.attempt(ctx, s.outside, t, from.Address, func() (string, bool, error) { return "", s.setup.is(code), nil })
	if err != nil {
		return SignedIn{}, err
	}
	u, err := s.newcomer(ctx, n, Admin)
	if err != nil {
		return SignedIn{}, err
	}
	u.ID = id
	return s.welcome(ctx, u, from, Also{Action: SetUp})
}

// newcomer is newUser for somebody who signs in with a password of his own, and is
// led through the first steps unless he can take none.
func (s *Service) newcomer(ctx context.Context, n NewUser, role Role) (User, error) {
	if n.Password == "" {
		return User{}, ErrPasswordShort
	}
	u, err := s.newUser(ctx, n, role)
	u.Starting = role != Viewer
	return u, err
}

// newUser makes a user out of what somebody says, and checks it.
func (s *Service) newUser(ctx context.Context, n NewUser, role Role) (u User, err error) {
	now := time.Now()
	u = User{ID: NewID(now), Role: role, Language: n.Language, Theme: n.Theme, CreatedAt: now}
	if !role.Valid() {
		return User{}, ErrRole
	}
	if err := checkLanguage(n.Language); err != nil {
		return User{}, err
	}
	if !n.Theme.Valid() {
		return User{}, ErrTheme
	}
	if u.Name, err = CheckName(n.Name); err != nil {
		return User{}, err
	}
	if n.Password != "" {
		u.Password, err = s.newPassword(ctx, n.Password, u.Name)
	}
	return u, err
}

// welcome stores a user who makes his own account, and signs him in.
func (s *Service) welcome(ctx context.Context, u User, from Origin, also Also) (SignedIn, error) {
	session, secret := NewSession(u.ID, time.Now())
	return s.welcomeAs(ctx, u, session.from(from), secret, also)
}

// welcomeAs is welcome with the session that is to begin, and its secret.
func (s *Service) welcomeAs(ctx context.Context, u User, session Session, secret string, also Also) (SignedIn, error) {
	also.Begin = &session
	if err := s.store.AddUser(asBegun(ctx, u, session), u, also); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{User: u, Session: session, Secret: secret}, nil
}
