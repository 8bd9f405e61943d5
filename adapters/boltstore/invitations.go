package boltstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// AddInvitation implements account.InvitationKeeper.
func (s *Store) AddInvitation(ctx context.Context, i account.Invitation) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := time.Now()
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.forgetInvitations(tx, func(old account.Invitation) bool { return old.Expired(now) }); err != nil {
			return err
		}
		if tx.Bucket([]byte(bucketInvitations)).Stats().KeyN >= account.MaxInvitations {
			return account.ErrFull
		}
		if err := s.put(tx, bucketInvitations, i.Hash, i); err != nil {
			return err
		}
		detail := "role=" + string(i.Role)
		if i.User != "" {
			detail = "password user=" + i.User
		}
		return s.audit(ctx, tx, account.InvitationMade, account.KindInvitation, i.ID, detail)
	})
	if err != nil {
		return fmt.Errorf("add an invitation: %w", err)
	}
	return nil
}

// forgetInvitations removes those that which accepts, and those that cannot be read.
func (s *Store) forgetInvitations(tx *bbolt.Tx, which func(account.Invitation) bool) error {
	b := tx.Bucket([]byte(bucketInvitations))
	for _, hash := range keysOf(b) {
		var i account.Invitation
		if s.try(tx, bucketInvitations, hash, &i) && !which(i) {
			continue
		}
		if err := b.Delete([]byte(hash)); err != nil {
			return err
		}
	}
	return nil
}

// endInvitations removes those that which accepts, because of what is done to
// whoever made them.
func (s *Store) endInvitations(ctx context.Context, tx *bbolt.Tx, which func(account.Invitation) bool) error {
	b := tx.Bucket([]byte(bucketInvitations))
	for _, hash := range keysOf(b) {
		var i account.Invitation
		if !s.try(tx, bucketInvitations, hash, &i) || !which(i) {
			continue
		}
		if err := b.Delete([]byte(hash)); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, account.InvitationRemoved, account.KindInvitation, i.ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// Invitation implements account.InvitationKeeper.
func (s *Store) Invitation(_ context.Context, hash string) (i account.Invitation, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		i, err = s.invitation(tx, hash)
		return err
	})
	return i, err
}

// invitation returns one that whoever made it still could make. Any other is
// none: a link must not outlive the power of somebody who was demoted, disabled
// or removed, or he could come back through it.
func (s *Store) invitation(tx *bbolt.Tx, hash string) (i account.Invitation, err error) {
	if err := s.must(tx, bucketInvitations, hash, &i, account.ErrNoInvitation); err != nil {
		return account.Invitation{}, err
	}
	if i.By != "" && !s.couldInvite(tx, i) {
		return account.Invitation{}, account.ErrNoInvitation
	}
	return i, nil
}

// couldInvite reports whether the user who made an invitation is an admin, and
// owns the group, if it is still there. Who cannot be read is nobody.
func (s *Store) couldInvite(tx *bbolt.Tx, i account.Invitation) bool {
	var u account.User
	if !s.try(tx, bucketUsers, i.By, &u) || u.Disabled || u.Role != account.Admin {
		return false
	}
	if i.Group == "" || tx.Bucket([]byte(bucketGroups)).Get([]byte(i.Group)) == nil {
		return true
	}
	var g account.Group
	return s.try(tx, bucketGroups, i.Group, &g) && g.Of(u.ID).Holds(account.Own)
}

// Invitations implements account.InvitationKeeper. One that cannot be read is left out.
func (s *Store) Invitations(context.Context) ([]account.Invitation, error) {
	invitations, err := all[account.Invitation](s, bucketInvitations)
	slices.SortFunc(invitations, func(a, b account.Invitation) int { return strings.Compare(a.ID, b.ID) })
	return invitations, err
}

// RemoveInvitation implements account.InvitationKeeper.
func (s *Store) RemoveInvitation(ctx context.Context, id string) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucketInvitations))
		for _, hash := range keysOf(b) {
			var i account.Invitation
			if !s.try(tx, bucketInvitations, hash, &i) || i.ID != id {
				continue
			}
			if err := b.Delete([]byte(hash)); err != nil {
				return err
			}
			return s.audit(ctx, tx, account.InvitationRemoved, account.KindInvitation, id, "")
		}
		return account.ErrNoInvitation
	})
}

// useInvitation uses an invitation up for u: it is for him, or for somebody new.
func (s *Store) useInvitation(ctx context.Context, tx *bbolt.Tx, u account.User, hash string, now time.Time) error {
	i, err := s.invitation(tx, hash)
	if err != nil {
		return err
	}
	if i.Expired(now) || i.User != "" && i.User != u.ID || i.User == "" && i.Role != u.Role {
		return account.ErrNoInvitation
	}
	if err := tx.Bucket([]byte(bucketInvitations)).Delete([]byte(hash)); err != nil {
		return err
	}
	if err := s.audit(ctx, tx, account.InvitationUsed, account.KindInvitation, i.ID, ""); err != nil {
		return err
	}
	if i.Group == "" {
		return nil
	}
	return s.join(ctx, tx, u.ID, i.Group, i.Right)
}
