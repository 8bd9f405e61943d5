package account

import (
	"context"
	"errors"
	"slices"
	"time"
)

// leads returns ErrForbidden unless p may change g and its members, and ErrNoGroup
// if he may not even know of it.
func leads(p Principal, g Group) error {
	p.Groups = map[string]Right{g.ID: g.Of(p.User.ID)} // As it stands now, not when he came.
	switch {
	case p.Via == ByCommand || p.MayLead(g.ID):
		return nil
	case p.MayRead(OfGroup(g.ID)):
		return ErrForbidden
	}
	return ErrNoGroup
}

// Followed returns ErrLastOwner if a group that changes from before to after would
// have no owner any more, or none who can lead it though it had one. canLead says
// of a user whether he can.
func Followed(before, after Group, canLead func(user string) bool) error {
	leads := func(m Membership) bool { return m.Right == Own && canLead(m.User) }
	owns := func(m Membership) bool { return m.Right == Own }
	if slices.ContainsFunc(after.Members, leads) {
		return nil
	}
	if slices.ContainsFunc(after.Members, owns) && !slices.ContainsFunc(before.Members, leads) {
		return nil
	}
	return ErrLastOwner
}

// Groups returns the groups of whoever acts, the oldest first.
func (s *Service) Groups(ctx context.Context) ([]Group, error) {
	p, _ := Acting(ctx)
	groups, err := s.store.GroupsOf(ctx, p.User.ID)
	return slices.DeleteFunc(groups, func(g Group) bool { return !p.MayRead(OfGroup(g.ID)) }), err
}

// Group returns a group, for its members and for the command line; for others it
// is ErrNoGroup.
func (s *Service) Group(ctx context.Context, id string) (Group, error) {
	p, _ := Acting(ctx)
	g, err := s.store.Group(ctx, id)
	if err == nil && errors.Is(leads(p, g), ErrNoGroup) {
		err = ErrNoGroup
	}
	if err != nil {
		return Group{}, err
	}
	return g, nil
}

// MemberNames returns the names of the members of a group, by their IDs.
func (s *Service) MemberNames(ctx context.Context, group string) (map[string]string, error) {
	g, err := s.Group(ctx, group)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(g.Members))
	for _, m := range g.Members {
		u, err := s.store.User(ctx, m.User)
		if err != nil && !errors.Is(err, ErrNoUser) {
			return nil, err
		}
		names[m.User] = u.Name
	}
	return names, nil
}

// AddGroup makes a group that belongs to whoever acts.
func (s *Service) AddGroup(ctx context.Context, name string, kind GroupKind) (Group, error) {
	p, _ := Acting(ctx)
	if !p.MayAdd() {
		return Group{}, ErrForbidden
	}
	name, err := CheckName(name)
	if err != nil {
		return Group{}, err
	}
	if kind != Family && kind != Firm {
		return Group{}, ErrKind
	}
	now := time.Now()
	g := Group{ID: NewID(now), Name: name, Kind: kind, CreatedAt: now, Members: []Membership{{User: p.User.ID, Right: Own}}}
	if err := s.store.AddGroup(ctx, g); err != nil {
		return Group{}, err
	}
	return g, nil
}

// RenameGroup gives a group another name. For its owners.
func (s *Service) RenameGroup(ctx context.Context, id, name string) (Group, error) {
	name, err := CheckName(name)
	if err != nil {
		return Group{}, err
	}
	return s.lead(ctx, id, GroupChanged, "name", func(g *Group) error {
		g.Name = name
		return nil
	})
}

// lead changes a group, for its owners.
func (s *Service) lead(ctx context.Context, id string, action Action, detail string, edit func(*Group) error) (Group, error) {
	p, _ := Acting(ctx)
	return s.store.EditGroup(ctx, id, action, detail, func(g *Group) error {
		if err := leads(p, *g); err != nil {
			return err
		}
		return edit(g)
	})
}

// AddMember makes the user with this name a member. For owners of the group.
func (s *Service) AddMember(ctx context.Context, group, name string, right Right) (Group, error) {
	if !right.Valid() {
		return Group{}, ErrRight
	}
	p, _ := Acting(ctx)
	g, err := s.store.Group(ctx, group)
	if err == nil {
		err = leads(p, g) // Before the name: nobody else is to learn whether there is such a user.
	}
	if err != nil {
		return Group{}, err
	}
	u, err := s.store.UserByName(ctx, name)
	if err != nil {
		return Group{}, err
	}
	return s.lead(ctx, group, MemberAdded, u.ID, func(g *Group) error {
		switch {
		case g.Of(u.ID) != "":
			return ErrMember
		case len(g.Members) >= MaxMembers:
			return ErrFull
		}
		g.Members = append(g.Members, Membership{User: u.ID, Right: right})
		return nil
	})
}

// SetRight gives a member another right. For owners of the group.
func (s *Service) SetRight(ctx context.Context, group, user string, right Right) (Group, error) {
	if !right.Valid() {
		return Group{}, ErrRight
	}
	return s.lead(ctx, group, MemberChanged, user, func(g *Group) error {
		i := slices.IndexFunc(g.Members, func(m Membership) bool { return m.User == user })
		if i < 0 {
			return ErrNoMember
		}
		g.Members[i].Right = right
		return nil
	})
}

// RemoveMember takes a member out of a group: its owners anybody, a member himself.
func (s *Service) RemoveMember(ctx context.Context, group, user string) error {
	p, _ := Acting(ctx)
	_, err := s.store.EditGroup(ctx, group, MemberRemoved, user, func(g *Group) error {
		p.Groups = map[string]Right{g.ID: g.Of(p.User.ID)}
		leaves := p.User.ID == user && p.MayLeave(g.ID)
		if err := leads(p, *g); err != nil && !leaves {
			return err
		}
		if g.Of(user) == "" {
			return ErrNoMember
		}
		g.Members = slices.DeleteFunc(g.Members, func(m Membership) bool { return m.User == user })
		return nil
	})
	return err
}

// GroupsOfUser returns the groups of the user with this name, the oldest first, for
// the command line.
func (s *Service) GroupsOfUser(ctx context.Context, name string) (User, []Group, error) {
	if p, _ := Acting(ctx); p.Via != ByCommand {
		return User{}, nil, ErrForbidden
	}
	u, err := s.store.UserByName(ctx, name)
	if err != nil {
		return User{}, nil, err
	}
	groups, err := s.store.GroupsOf(ctx, u.ID)
	return u, groups, err
}

// MakeOwner makes the user with this name an owner of a group, whether he is a
// member of it or not. For owners of the group.
func (s *Service) MakeOwner(ctx context.Context, group, name string) (Group, error) {
	g, err := s.AddMember(ctx, group, name, Own)
	if !errors.Is(err, ErrMember) {
		return g, err
	}
	u, err := s.store.UserByName(ctx, name)
	if err != nil {
		return Group{}, err
	}
	return s.SetRight(ctx, group, u.ID, Own)
}

// RemoveGroup deletes a group to which nothing belongs any more, or it is
// ErrBelongings. For its owners.
func (s *Service) RemoveGroup(ctx context.Context, id string) error {
	p, _ := Acting(ctx)
	return s.store.RemoveGroup(ctx, id, func(g Group) error { return leads(p, g) })
}
