package account

import (
	"context"
	"strings"
)

// Users returns all users, the oldest first, for whoever runs the appliance.
func (s *Service) Users(ctx context.Context) ([]User, error) {
	if _, err := administering(ctx); err != nil {
		return nil, err
	}
	return s.store.Users(ctx)
}

// User returns a user, for himself and for whoever runs the appliance.
func (s *Service) User(ctx context.Context, id string) (User, error) {
	p, _ := Acting(ctx)
	if !p.active() || p.User.ID != id {
		if _, err := administering(ctx); err != nil {
			return User{}, err
		}
	}
	return s.store.User(ctx, id)
}

// UserNamed returns the user with this name, for whoever runs the appliance.
func (s *Service) UserNamed(ctx context.Context, name string) (User, error) {
	if _, err := administering(ctx); err != nil {
		return User{}, err
	}
	return s.store.UserByName(ctx, name)
}

// AddUser makes a user, for whoever runs the appliance. Without a password he
// cannot sign in until a link of NewReset was followed. The first user gets the
// ID that is reserved for him, and must be an admin, or it is ErrNotSetUp.
func (s *Service) AddUser(ctx context.Context, n NewUser, role Role) (User, error) {
	if _, err := administering(ctx); err != nil {
		return User{}, err
	}
	first, exists, err := s.store.FirstUser(ctx)
	if err != nil {
		return User{}, err
	}
	if !exists && role != Admin {
		return User{}, ErrNotSetUp
	}
	u, err := s.newUser(ctx, n, role)
	if err != nil {
		return User{}, err
	}
	if !exists {
		u.ID = first
	}
	if err := s.store.AddUser(ctx, u, Also{Action: UserAdded, Detail: string(role)}); err != nil {
		return User{}, err
	}
	return u, nil
}

// UserEdit is a change of a user; what is nil stays.
type UserEdit struct {
	Name     *string
	Language *string
	Theme    *Theme
	Role     *Role
	Disabled *bool
}

// check returns e with the name as it is kept.
func (e UserEdit) check() (UserEdit, error) {
	if e.Role != nil && !e.Role.Valid() {
		return e, ErrRole
	}
	if e.Language != nil {
		if err := checkLanguage(*e.Language); err != nil {
			return e, err
		}
	}
	if e.Theme != nil && !e.Theme.Valid() {
		return e, ErrTheme
	}
	if e.Name != nil {
		name, err := CheckName(*e.Name)
		if err != nil {
			return e, err
		}
		e.Name = &name
	}
	return e, nil
}

// apply changes u, unless nobody would run the appliance any more.
func (e UserEdit) apply(u *User, otherAdmins int) error {
	ran := u.Runs()
	set(&u.Name, e.Name)
	set(&u.Language, e.Language)
	set(&u.Theme, e.Theme)
	set(&u.Role, e.Role)
	set(&u.Disabled, e.Disabled)
	if ran && !u.Runs() {
		return needs(otherAdmins)
	}
	return nil
}

// needs returns ErrLastAdmin if there is no admin left who can sign in.
func needs(otherAdmins int) error {
	if otherAdmins == 0 {
		return ErrLastAdmin
	}
	return nil
}

// mayGo lets a user be removed, unless nobody would run the appliance without him.
func mayGo(u User, otherAdmins int) error {
	if !u.Runs() {
		return nil
	}
	return needs(otherAdmins)
}

// set puts what from points to, if it does, into to.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// also returns what goes with the change of u.
func (e UserEdit) also(u User) Also {
	var what []string
	if e.Name != nil && *e.Name != u.Name {
		what = append(what, "name")
	}
	if e.Language != nil && *e.Language != u.Language {
		what = append(what, "language")
	}
	if e.Theme != nil && *e.Theme != u.Theme {
		what = append(what, "theme")
	}
	also := Also{}
	if e.Role != nil && *e.Role != u.Role {
		what, also.EndSessions = append(what, "role="+string(*e.Role)), true
	}
	if len(what) > 0 {
		also.Action, also.Detail = UserChanged, strings.Join(what, " ")
	}
	if e.Disabled != nil && *e.Disabled != u.Disabled {
		also.Action, also.EndSessions = UserEnabled, true
		if *e.Disabled {
			also.Action, also.EndInvitations = UserDisabled, true
		}
	}
	return also
}

// EditUser changes a user: whoever runs the appliance may change all, a user his
// own name, language and theme. Another role ends his sessions; if it is the role of
// whoever acts, his session is renewed, and secret is its new one. ErrLastAdmin
// where nobody would run the appliance any more, ErrLastOwner where the role would
// leave a group without an owner who can lead it. Disabling is always possible: it
// may be urgent, and another owner is made by command.
func (s *Service) EditUser(ctx context.Context, id string, e UserEdit) (u User, secret string, err error) {
	p, err := over(ctx, id)
	if err == nil && (e.Role != nil || e.Disabled != nil) {
		p, err = administering(ctx)
	}
	if err != nil {
		return User{}, "", err
	}
	if e, err = e.check(); err != nil {
		return User{}, "", err
	}
	if u, err = s.store.User(ctx, id); err != nil {
		return User{}, "", err
	}
	if err := s.mayFollow(ctx, u, e); err != nil {
		return User{}, "", err
	}
	also := e.also(u)
	if also.EndSessions && p.User.ID == id && p.Via == BySession && (e.Disabled == nil || !*e.Disabled) {
		var own Session
		if own, secret, err = s.renewal(ctx, p); err != nil {
			return User{}, "", err
		}
		also.Renew = &own
	}
	if u, err = s.store.EditUser(ctx, id, e.apply, also); err != nil {
		return User{}, "", err
	}
	return u, secret, nil
}

// EndStart notes that whoever acts is to be shown the first steps no more.
func (s *Service) EndStart(ctx context.Context) error {
	p, err := self(ctx)
	if err != nil || !p.User.Starting {
		return err
	}
	_, err = s.store.EditUser(ctx, p.User.ID, func(u *User, _ int) error {
		u.Starting = false
		return nil
	}, Also{})
	return err
}

// mayFollow returns ErrLastOwner if e takes from u what he leads groups with, and
// nobody else leads them.
func (s *Service) mayFollow(ctx context.Context, u User, e UserEdit) error {
	if e.Role == nil || *e.Role != Viewer || !u.CanLead() {
		return nil
	}
	return s.followed(ctx, u.ID)
}

// RemoveUser removes a user with his sessions, tokens and memberships, for
// whoever runs the appliance. What keeps him is ErrLastAdmin, ErrLastOwner or
// ErrBelongings.
func (s *Service) RemoveUser(ctx context.Context, id string) error {
	if _, err := administering(ctx); err != nil {
		return err
	}
	return s.store.RemoveUser(ctx, id, mayGo)
}

// ChangePassword sets the password of whoever acts, who gives the old one. It
// returns the new secret of the session; all others end, and so do the links that
// were made in his name.
func (s *Service) ChangePassword(ctx context.Context, old, fresh string) (secret string, err error) {
	p, err := self(ctx)
	if err != nil {
		return "", err
	}
	if err := CheckPassword(fresh, p.User.Name); err != nil {
		return "", err
	}
	if _, _, err := s.confirm(ctx, old); err != nil {
		return "", err
	}
	encoded, err := s.newPassword(ctx, fresh, p.User.Name)
	if err != nil {
		return "", err
	}
	return s.editAndRenew(ctx, p, Also{Action: PasswordChanged, EndInvitations: true}, func(u *User) error {
		u.Password = encoded
		return nil
	})
}

// SetPassword sets the password of another user, and ends his sessions and the
// links that were made in his name. For whoever runs the appliance.
func (s *Service) SetPassword(ctx context.Context, user, password string) error {
	if err := overOther(ctx, user); err != nil {
		return err
	}
	u, err := s.store.User(ctx, user)
	if err != nil {
		return err
	}
	return s.setPassword(ctx, u, password, Also{Action: PasswordSet, EndSessions: true, EndInvitations: true})
}

func (s *Service) setPassword(ctx context.Context, u User, password string, also Also) error {
	encoded, err := s.newPassword(ctx, password, u.Name)
	if err != nil {
		return err
	}
	_, err = s.store.EditUser(ctx, u.ID, func(kept *User, _ int) error {
		kept.Password = encoded
		return nil
	}, also)
	return err
}
