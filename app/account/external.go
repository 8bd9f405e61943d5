package account

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Identity is what another service says of somebody who has signed in there.
type Identity struct {
	// Issuer and Subject name the account there, for ever.
	Issuer, Subject string
	// Name is proposed as the name of a new user.
	Name string
	// Groups are those he is in there.
	Groups []string
	// AuthenticatedAt is when he last proved there who he is, by a password, say;
	// the zero time if the service does not tell.
	AuthenticatedAt time.Time
}

// IssuerProxy is the issuer of those for whom a reverse proxy vouches.
const IssuerProxy = "proxy"

// External returns the identity as User.External.
func (i Identity) External() string { return i.Issuer + "\n" + i.Subject }

// session returns a session of a user that begins by this identity, and its secret.
// It is confirmed as far as the other service told; a proxy's word alone says
// nothing of whether he has just given a password, or a month ago.
func (i Identity) session(user string, from Origin) (Session, string) {
	session, secret := NewSession(user, time.Now())
	session.Issuer, session.ConfirmedAt = i.Issuer, time.Time{}
	if i.Issuer != IssuerProxy {
		session.ConfirmedAt = i.AuthenticatedAt
	}
	return session.from(from), secret
}

// Vouched returns the user for whom another service vouches, and sees that he has
// the role of his groups there: roleFor returns it, "" for none. Another role ends
// his sessions. Without one he is let in no more, also if nobody else runs the
// appliance: his role is NoRole then, his sessions and invitations end, and it is
// ErrNoRole; his tokens work again with his next role.
//
// It is ErrNoUser for somebody new, whom SignInExternal would make a user, and
// otherwise what keeps him from becoming one: a name that somebody else has is
// ErrNameTaken, never taken for the same person: whoever has it must take another
// first. A disabled user is ErrWrong; what he has can only be taken.
func (s *Service) Vouched(ctx context.Context, i Identity, roleFor func(groups []string) Role, from Origin) (User, error) {
	if i.Issuer == "" || i.Subject == "" || len(i.Issuer)+len(i.Subject) > maxInput {
		return User{}, ErrNoRole
	}
	if _, exists, err := s.store.FirstUser(ctx); err != nil {
		return User{}, err
	} else if !exists {
		return User{}, ErrNotSetUp
	}
	role := roleFor(i.Groups)
	if !role.Valid() {
		role = NoRole
	}
	u, err := s.store.UserByExternal(ctx, i.External())
	if errors.Is(err, ErrNoUser) {
		return User{}, s.stranger(ctx, i.Name, role)
	}
	if err == nil && u.Role != role && (!u.Disabled || role == NoRole) {
		u, err = s.follow(ctx, u, role, from)
	}
	switch {
	case err != nil:
		return User{}, err
	case u.Role == NoRole:
		return User{}, ErrNoRole
	case u.Disabled:
		return User{}, ErrWrong
	}
	return u, nil
}

// stranger returns what keeps somebody new from becoming a user, ErrNoUser if
// nothing does.
func (s *Service) stranger(ctx context.Context, name string, role Role) error {
	if role == NoRole {
		return ErrNoRole
	}
	if _, err := CheckName(name); err != nil {
		return err
	}
	_, err := s.store.UserByName(ctx, name)
	if err == nil {
		err = ErrNameTaken
	}
	return err
}

// errFollowed: another request was first.
var errFollowed = errors.New("the user has this role already")

// follow gives u the role of his groups, and returns him as he is then. Somebody
// must run the appliance: the last who can keeps his role, unless he has none.
func (s *Service) follow(ctx context.Context, u User, role Role, from Origin) (User, error) {
	alone, err := s.RunsAlone(ctx, u)
	if err != nil || alone && role != NoRole {
		return u, err
	}
	edit := func(kept *User, otherAdmins int) error {
		switch {
		case kept.Role == role:
			return errFollowed
		case role == NoRole:
			kept.Role = NoRole // The other service is the authority, and there is the command line.
			return nil
		}
		return UserEdit{Role: &role}.apply(kept, otherAdmins)
	}
	ctx = As(ctx, Principal{User: User{ID: u.ID}, Address: from.Address})
	also := Also{Action: UserChanged, Detail: "role=" + string(role), EndSessions: true, EndInvitations: role == NoRole}
	fresh, err := s.store.EditUser(ctx, u.ID, edit, also)
	if errors.Is(err, errFollowed) || errors.Is(err, ErrLastAdmin) {
		return s.store.User(ctx, u.ID)
	}
	if err == nil && alone {
		s.log.Warn("another service gives no role any more to the last admin who could sign in; make another with: cz-visa-monitor user add --role admin NAME",
			slog.String("user", u.ID))
	}
	return fresh, err
}

// SignInExternal signs in whoever another service vouches for. He becomes a user
// if he is none; otherwise the errors are those of Vouched. The second factor is
// the other service's business.
func (s *Service) SignInExternal(ctx context.Context, i Identity, roleFor func(groups []string) Role, from Origin) (SignedIn, error) {
	u, err := s.Vouched(ctx, i, roleFor, from)
	if errors.Is(err, ErrNoUser) {
		return s.addExternal(ctx, i, roleFor(i.Groups), from)
	}
	if err != nil {
		return SignedIn{}, err
	}
	if role := roleFor(i.Groups); u.Role != role {
		s.log.Warn("another service takes the role of admin from the last one who can sign in; he keeps it",
			slog.String("user", u.ID))
	}
	session, secret := i.session(u.ID, from)
	return s.beginAs(ctx, u, session, secret, UserEdit{}.apply, Also{})
}

// addExternal makes the user whom another service vouches for.
func (s *Service) addExternal(ctx context.Context, i Identity, role Role, from Origin) (SignedIn, error) {
	u, err := s.newUser(ctx, NewUser{Name: i.Name}, role)
	if err != nil {
		return SignedIn{}, err
	}
	u.External = i.External()
	session, secret := i.session(u.ID, from)
	return s.welcomeAs(ctx, u, session, secret, Also{Action: UserAdded, Detail: "external role=" + string(role)})
}
