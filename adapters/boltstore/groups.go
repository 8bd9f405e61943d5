package boltstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// Group implements account.GroupKeeper.
func (s *Store) Group(_ context.Context, id string) (g account.Group, err error) {
	err = s.view(func(tx *bbolt.Tx) error { return s.must(tx, bucketGroups, id, &g, account.ErrNoGroup) })
	return g, err
}

// GroupsOf implements account.GroupKeeper. One that cannot be read is left out.
func (s *Store) GroupsOf(_ context.Context, user string) ([]account.Group, error) {
	groups := []account.Group{}
	err := s.view(func(tx *bbolt.Tx) error {
		for _, one := range held(tx, user, heldGroup) {
			var g account.Group
			if s.try(tx, bucketGroups, one.id, &g) {
				groups = append(groups, g)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the groups of a user: %w", err)
	}
	return groups, nil
}

// AddGroup implements account.GroupKeeper.
func (s *Store) AddGroup(ctx context.Context, g account.Group) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(bucketGroups)).Stats().KeyN >= account.MaxGroups {
			return account.ErrFull
		}
		if err := s.putGroup(tx, account.Group{}, g); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.GroupAdded, account.KindGroup, g.ID, string(g.Kind))
	})
	if err != nil {
		return fmt.Errorf("add a group: %w", err)
	}
	return nil
}

// EditGroup implements account.GroupKeeper.
func (s *Store) EditGroup(ctx context.Context, id string, action account.Action, detail string, edit func(*account.Group) error) (account.Group, error) {
	s.write.Lock()
	defer s.write.Unlock()
	var g account.Group
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.must(tx, bucketGroups, id, &g, account.ErrNoGroup); err != nil {
			return err
		}
		before := g
		before.Members = slices.Clone(g.Members)
		if err := edit(&g); err != nil {
			return err
		}
		if err := account.Followed(before, g, s.canLead(tx)); err != nil {
			return err
		}
		if err := s.putGroup(tx, before, g); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, action, account.KindGroup, id, detail); err != nil {
			return err
		}
		if err := s.endInvitations(ctx, tx, func(i account.Invitation) bool { return i.Group == id && before.Of(i.By) != g.Of(i.By) }); err != nil {
			return err
		}
		return s.endDeadShares(ctx, tx, "", func(sh watch.Share) bool { return sh.Owner == account.OfGroup(id) })
	})
	if err != nil {
		return account.Group{}, err
	}
	return g, nil
}

// putGroup stores g in place of before, and lists it under its members.
func (s *Store) putGroup(tx *bbolt.Tx, before, g account.Group) error {
	for _, m := range before.Members {
		if g.Of(m.User) == "" {
			if err := drop(tx, m.User, heldGroup, g.ID); err != nil {
				return err
			}
		}
	}
	for _, m := range g.Members {
		if before.Of(m.User) != "" {
			continue
		}
		if tx.Bucket([]byte(bucketUsers)).Get([]byte(m.User)) == nil {
			return account.ErrNoUser
		}
		if err := hold(tx, m.User, heldGroup, g.ID, ""); err != nil {
			return err
		}
	}
	return s.put(tx, bucketGroups, g.ID, g)
}

// RemoveGroup implements account.GroupKeeper.
func (s *Store) RemoveGroup(ctx context.Context, id string, check func(account.Group) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.update(func(tx *bbolt.Tx) error {
		var g account.Group
		if err := s.must(tx, bucketGroups, id, &g, account.ErrNoGroup); err != nil {
			return err
		}
		if err := check(g); err != nil {
			return err
		}
		if n, err := s.belongings(tx, account.OfGroup(id)); err != nil || n > 0 {
			return errorOr(err, account.ErrBelongings)
		}
		for _, m := range g.Members {
			if err := drop(tx, m.User, heldGroup, id); err != nil {
				return err
			}
		}
		if err := tx.Bucket([]byte(bucketGroups)).Delete([]byte(id)); err != nil {
			return err
		}
		return errors.Join(owesCompact(tx), s.audit(ctx, tx, account.GroupRemoved, account.KindGroup, id, ""))
	})
}

// canLead returns what says of a user whether he can lead his groups. One that
// cannot be read cannot.
func (s *Store) canLead(tx *bbolt.Tx) func(user string) bool {
	return func(user string) bool {
		var u account.User
		return s.try(tx, bucketUsers, user, &u) && u.CanLead()
	}
}

// leaveGroups takes a user out of his groups, or refuses where he is the last owner.
func (s *Store) leaveGroups(tx *bbolt.Tx, user string) error {
	for _, one := range held(tx, user, heldGroup) {
		var g account.Group
		if !s.try(tx, bucketGroups, one.id, &g) {
			continue
		}
		before := g
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m account.Membership) bool { return m.User == user })
		if err := account.Followed(before, g, s.canLead(tx)); err != nil {
			return err
		}
		if err := s.putGroup(tx, before, g); err != nil {
			return err
		}
	}
	return nil
}

// join makes a user a member of a group, if that still is there.
func (s *Store) join(ctx context.Context, tx *bbolt.Tx, user, group string, right account.Right) error {
	var g account.Group
	ok, err := s.get(tx, bucketGroups, group, &g)
	if err != nil || !ok {
		return err
	}
	if len(g.Members) >= account.MaxMembers {
		return account.ErrFull
	}
	before := g
	g.Members = append(slices.Clone(g.Members), account.Membership{User: user, Right: right})
	if err := s.putGroup(tx, before, g); err != nil {
		return err
	}
	return s.audit(ctx, tx, account.MemberAdded, account.KindGroup, group, user)
}
