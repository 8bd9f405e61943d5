package archive

import (
	"context"
	"errors"
	"slices"
	"time"

	"cz-visa-monitor/app/account"
)

// To returns a Target.Owner for an archive of one owner, all of which is to be
// that of to, whoever the owner was.
func To(to account.Owner) func(context.Context, Owner) (account.Owner, error) {
	taken := false
	return func(context.Context, Owner) (account.Owner, error) {
		if taken {
			return "", refusal("is a second owner, and all is to belong to one; import this archive on the command line")
		}
		taken = true
		return to, nil
	}
}

// Users finds and makes users; account.Service does.
type Users interface {
	// UserNamed returns the user with this name, or account.ErrNoUser.
	UserNamed(ctx context.Context, name string) (account.User, error)
	// AddUser makes a user. Without a password he cannot sign in before he has
	// followed a link.
	AddUser(ctx context.Context, n account.NewUser, role account.Role) (account.User, error)
}

// Groups finds and makes groups; the store does.
type Groups interface {
	// GroupsOf returns the groups of a user, the oldest first.
	GroupsOf(ctx context.Context, user string) ([]account.Group, error)
	// AddGroup stores a new group.
	AddGroup(ctx context.Context, g account.Group) error
}

// Recreate returns a Target.Owner for the command line: every owner is the user of
// the same name, or the group of the same name and kind among those of its
// members. Who is not there is made, users without a password. With dry set
// nobody is made.
func Recreate(users Users, groups Groups, dry bool) func(context.Context, Owner) (account.Owner, error) {
	r := recreation{users: users, groups: groups, dry: dry, made: make(map[string]account.User)}
	return func(ctx context.Context, o Owner) (account.Owner, error) {
		if _, isGroup := o.ID.Group(); isGroup {
			return r.group(ctx, o)
		}
		u, err := r.user(ctx, o)
		return account.OfUser(u.ID), err
	}
}

type recreation struct {
	users  Users
	groups Groups
	dry    bool
	// made are the users that a dry run would have made, by name.
	made map[string]account.User
}

func (r recreation) user(ctx context.Context, o Owner) (account.User, error) {
	if o.Name == "" {
		return account.User{}, refusal("has no name; make the first user, and import the archive to him")
	}
	u, err := r.named(ctx, o.Name)
	if !errors.Is(err, account.ErrNoUser) {
		return u, err
	}
	if !r.dry {
		return r.users.AddUser(ctx, account.NewUser{Name: o.Name, Language: o.Language, Theme: o.Theme}, o.Role)
	}
	u = account.User{ID: account.NewID(time.Now()), Name: o.Name}
	r.made[account.NameKey(o.Name)] = u
	return u, nil
}

func (r recreation) named(ctx context.Context, name string) (account.User, error) {
	if u, ok := r.made[account.NameKey(name)]; ok {
		return u, nil
	}
	return r.users.UserNamed(ctx, name)
}

func (r recreation) group(ctx context.Context, o Owner) (account.Owner, error) {
	name, err := account.CheckName(o.Name)
	if err != nil {
		return "", err
	}
	if o.Kind != account.Family && o.Kind != account.Firm {
		return "", account.ErrKind
	}
	now := time.Now()
	g := account.Group{ID: account.NewID(now), Name: name, Kind: o.Kind, CreatedAt: now}
	if g.Members, err = r.members(ctx, o); err != nil {
		return "", err
	}
	if id, err := r.standing(ctx, g); err != nil || id != "" {
		return account.OfGroup(id), err
	}
	led := slices.ContainsFunc(g.Members, func(m account.Membership) bool { return m.Right == account.Own })
	if !led || len(g.Members) > account.MaxMembers {
		return "", refusal("is a group none of whose owners is here, or with too many members")
	}
	if !r.dry {
		if err := r.groups.AddGroup(ctx, g); err != nil {
			return "", err
		}
	}
	return account.OfGroup(g.ID), nil
}

// standing returns the ID of the group that g means, "" if there is none: one of
// the same name and kind to which one of its members belongs.
func (r recreation) standing(ctx context.Context, g account.Group) (string, error) {
	for _, m := range g.Members {
		stands, err := r.groups.GroupsOf(ctx, m.User)
		if err != nil {
			return "", err
		}
		for _, s := range stands {
			if s.Name == g.Name && s.Kind == g.Kind {
				return s.ID, nil
			}
		}
	}
	return "", nil
}

// members returns those members of a group who are users here.
func (r recreation) members(ctx context.Context, o Owner) (members []account.Membership, err error) {
	for _, m := range o.Members {
		u, err := r.named(ctx, m.Name)
		twice := slices.ContainsFunc(members, func(o account.Membership) bool { return o.User == u.ID })
		if errors.Is(err, account.ErrNoUser) || err == nil && (twice || !m.Right.Valid()) {
			continue
		}
		if err != nil {
			return nil, err
		}
		members = append(members, account.Membership{User: u.ID, Right: m.Right})
	}
	return members, nil
}
