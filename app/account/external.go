package account

import (
	"context"
	"errors"
	"log/slog"
)

// Identity is what another service says of somebody who has signed in there.
type Identity struct {
	// Issuer and Subject name the account there, for ever.
	Issuer, Subject string
	// Name is proposed as the name of a new user.
	Name string
	// Groups are those he is in there.
	Groups []string
}

// IssuerProxy is the issuer of those for whom a reverse proxy vouches.
const IssuerProxy = "proxy"

// External returns the identity as User.External.
func (i Identity) External() string { return i.Issuer + "\n" + i.Subject }

// SignInExternal signs in whoever another service vouches for. roleFor returns
// the role that his groups give him here, "" for none: then it is ErrNoRole. He
// becomes a user if he is none; a name that somebody else has is ErrNameTaken,
// never taken for the same person: whoever has it must take another first. The
// role follows the groups at each sign-in. The second factor is the other
// service's business.
func (s *Service) SignInExternal(ctx context.Context, i Identity, roleFor func(groups []string) Role, from Origin) (SignedIn, error) {
	if i.Issuer == "" || i.Subject == "" || len(i.Issuer)+len(i.Subject) > maxInput {
		return SignedIn{}, ErrNoRole
	}
	if _, exists, err := s.store.FirstUser(ctx); err != nil || !exists {
		return SignedIn{}, errors.Join(err, ErrNotSetUp)
	}
	role := roleFor(i.Groups)
	if !role.Valid() {
		return SignedIn{}, ErrNoRole
	}
	u, err := s.store.UserByExternal(ctx, i.External())
	if errors.Is(err, ErrNoUser) {
		return s.addExternal(ctx, i, role, from)
	}
	if err != nil {
		return SignedIn{}, err
	}
	also := Also{}
	if u.Role != role {
		also = Also{Action: UserChanged, Detail: "role=" + string(role), EndSessions: true}
	}
	in, err := s.begin(ctx, u, from, UserEdit{Role: &role}.apply, also)
	if errors.Is(err, ErrLastAdmin) {
		s.log.Warn("another service takes the role of admin from the last one who can sign in; he keeps it",
			slog.String("user", u.ID))
		return s.begin(ctx, u, from, UserEdit{}.apply, Also{})
	}
	return in, err
}

// addExternal makes the user whom another service vouches for.
func (s *Service) addExternal(ctx context.Context, i Identity, role Role, from Origin) (SignedIn, error) {
	u, err := s.newUser(ctx, NewUser{Name: i.Name}, role)
	if err != nil {
		return SignedIn{}, err
	}
	u.External = i.External()
	return s.welcome(ctx, u, from, Also{Action: UserAdded, Detail: "external role=" + string(role)})
}
