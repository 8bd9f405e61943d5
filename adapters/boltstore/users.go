package boltstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// FirstUser implements account.UserReader.
func (s *Store) FirstUser(_ context.Context) (id string, exists bool, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		id = string(tx.Bucket([]byte(bucketMeta)).Get([]byte(keyFirstUser)))
		one, _ := tx.Bucket([]byte(bucketUsers)).Cursor().First()
		exists = one != nil
		return nil
	})
	return id, exists, err
}

// User implements account.UserReader.
func (s *Store) User(_ context.Context, id string) (u account.User, err error) {
	err = s.view(func(tx *bbolt.Tx) error { return s.must(tx, bucketUsers, id, &u, account.ErrNoUser) })
	return u, err
}

// UserByName implements account.UserReader.
func (s *Store) UserByName(_ context.Context, name string) (account.User, error) {
	return s.userBy(namedBy(name))
}

// UserByExternal implements account.UserReader.
func (s *Store) UserByExternal(_ context.Context, external string) (account.User, error) {
	return s.userBy(externalBy(external))
}

func (s *Store) userBy(plain string) (u account.User, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		id := tx.Bucket([]byte(bucketNames)).Get(s.sealer.boxOf(tx).Digest([]byte(plain)))
		if id == nil {
			return account.ErrNoUser
		}
		return s.must(tx, bucketUsers, string(id), &u, account.ErrNoUser)
	})
	return u, err
}

// nameDigest returns the key under which every writing of a name is looked up.
func (s *Store) nameDigest(name string) []byte {
	return s.sealer.Digest([]byte(namedBy(name)))
}

// externalDigest returns the key under which an account elsewhere is looked up.
func (s *Store) externalDigest(external string) []byte {
	return s.sealer.Digest([]byte(externalBy(external)))
}

// Users implements account.UserReader.
func (s *Store) Users(context.Context) ([]account.User, error) {
	return all[account.User](s, bucketUsers)
}

// AddUser implements account.UserKeeper.
func (s *Store) AddUser(ctx context.Context, u account.User, also account.Also) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error {
		users := tx.Bucket([]byte(bucketUsers))
		if users.Get([]byte(u.ID)) != nil {
			return account.ErrSetUp
		}
		if users.Stats().KeyN >= account.MaxUsers {
			return account.ErrFull
		}
		if err := s.putUser(tx, account.User{}, u); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, also.Action, account.KindUser, u.ID, also.Detail); err != nil {
			return err
		}
		return s.alongWith(ctx, tx, u, also)
	})
	if err != nil {
		return fmt.Errorf("add a user: %w", err)
	}
	return nil
}

// EditUser implements account.UserKeeper.
func (s *Store) EditUser(ctx context.Context, id string, edit func(*account.User, int) error, also account.Also) (account.User, error) {
	s.write.Lock()
	defer s.write.Unlock()
	var u account.User
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.must(tx, bucketUsers, id, &u, account.ErrNoUser); err != nil {
			return err
		}
		before := u
		if err := edit(&u, s.adminsBut(tx, id)); err != nil {
			return err
		}
		if err := s.putUser(tx, before, u); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, also.Action, account.KindUser, id, also.Detail); err != nil {
			return err
		}
		if before.Role != u.Role || before.Disabled != u.Disabled {
			if err := s.endLinksBy(ctx, tx, id); err != nil {
				return err
			}
		}
		return s.alongWith(ctx, tx, u, also)
	})
	if err != nil {
		return account.User{}, err
	}
	return u, nil
}

// endLinksBy ends the links of a user whose rights have become others. Invitations
// of an admin end, and those of who was none must not begin to work.
func (s *Store) endLinksBy(ctx context.Context, tx *bbolt.Tx, id string) error {
	if err := s.endInvitations(ctx, tx, func(i account.Invitation) bool { return i.By == id }); err != nil {
		return err
	}
	return s.endDeadShares(ctx, tx, "", func(sh watch.Share) bool { return sh.By == id })
}

// adminsBut returns how many admins may sign in, but for this user. One that
// cannot be read cannot sign in either.
func (s *Store) adminsBut(tx *bbolt.Tx, id string) (n int) {
	c := tx.Bucket([]byte(bucketUsers)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		var u account.User
		if string(k) != id && s.tryDecode(bucketUsers, string(k), v, &u) && u.Runs() {
			n++
		}
	}
	return n
}

// putUser stores u in place of before, and what he is looked up by.
func (s *Store) putUser(tx *bbolt.Tx, before, u account.User) error {
	for _, key := range []struct {
		before, after string
		digest        func(string) []byte
		taken         error
	}{
		{before.Name, u.Name, s.nameDigest, account.ErrNameTaken},
		{before.External, u.External, s.externalDigest, account.ErrExternalTaken},
	} {
		if key.before == key.after {
			continue
		}
		if err := rename(tx, u.ID, key.before, key.after, key.digest, key.taken); err != nil {
			return err
		}
	}
	return s.put(tx, bucketUsers, u.ID, u)
}

// rename has a user looked up by after, in place of before; "" is nothing.
func rename(tx *bbolt.Tx, id, before, after string, digest func(string) []byte, taken error) error {
	names := tx.Bucket([]byte(bucketNames))
	if before != "" {
		if err := names.Delete(digest(before)); err != nil {
			return err
		}
	}
	if after == "" {
		return nil
	}
	if names.Get(digest(after)) != nil {
		return taken
	}
	return names.Put(digest(after), []byte(id))
}

// alongWith does what goes with the change of a user.
func (s *Store) alongWith(ctx context.Context, tx *bbolt.Tx, u account.User, also account.Also) error {
	if also.Invitation != "" {
		if err := s.useInvitation(ctx, tx, u, also.Invitation, time.Now()); err != nil {
			return err
		}
	}
	if also.EndInvitations {
		own := func(i account.Invitation) bool { return i.By == u.ID || i.User == u.ID }
		if err := s.endInvitations(ctx, tx, own); err != nil {
			return err
		}
	}
	if also.Renew != nil {
		if err := s.renewSession(tx, *also.Renew); err != nil {
			return err
		}
	}
	if also.EndSessions {
		other := func(one account.Session) bool { return also.Renew == nil || one.ID != also.Renew.ID }
		if _, err := s.endSessions(ctx, tx, u.ID, other); err != nil {
			return err
		}
	}
	if also.Begin != nil {
		return s.beginSession(ctx, tx, *also.Begin)
	}
	return nil
}

// RemoveUser implements account.UserKeeper.
func (s *Store) RemoveUser(ctx context.Context, id string, check func(account.User, int) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.update(func(tx *bbolt.Tx) error {
		var u account.User
		if err := s.must(tx, bucketUsers, id, &u, account.ErrNoUser); err != nil {
			return err
		}
		if err := check(u, s.adminsBut(tx, id)); err != nil {
			return err
		}
		if n, err := s.belongings(tx, account.OfUser(id)); err != nil || n > 0 {
			return errorOr(err, account.ErrBelongings)
		}
		if err := s.leaveGroups(tx, id); err != nil {
			return err
		}
		if err := s.forgetUser(tx, u); err != nil {
			return err
		}
		if err := s.endDeadShares(ctx, tx, "", func(sh watch.Share) bool { return sh.By == id }); err != nil {
			return err
		}
		return errors.Join(owesCompact(tx), s.audit(ctx, tx, account.UserRemoved, account.KindUser, id, ""))
	})
}

// forgetUser removes a user with his sessions, tokens and links.
func (s *Store) forgetUser(tx *bbolt.Tx, u account.User) error {
	for kind, bucket := range map[string]string{heldSession: bucketSessions, heldToken: bucketTokens} {
		for _, one := range held(tx, u.ID, kind) {
			if err := tx.Bucket([]byte(bucket)).Delete([]byte(one.hash)); err != nil {
				return err
			}
		}
	}
	if err := deletePrefix(tx.Bucket([]byte(bucketHeld)), []byte(u.ID)); err != nil {
		return err
	}
	err := s.forgetInvitations(tx, func(i account.Invitation) bool { return i.By == u.ID || i.User == u.ID })
	if err != nil {
		return err
	}
	for _, digest := range [][]byte{s.nameDigest(u.Name), s.externalDigest(u.External)} {
		if err := tx.Bucket([]byte(bucketNames)).Delete(digest); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte(bucketUsers)).Delete([]byte(u.ID))
}

// errorOr returns err, or other if there is none.
func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// namedBy and externalBy are what the digests are of.
func namedBy(name string) string        { return "name\x00" + account.NameKey(name) }
func externalBy(external string) string { return "external\x00" + external }

// userName finds out whether a digest is that of a user's name or of his account
// at another service.
func userName(r *reader, key string, id []byte) (plain string, ok bool) {
	var u account.User
	if !r.get(bucketUsers, string(id), &u) {
		return "", false
	}
	for _, plain := range []string{namedBy(u.Name), externalBy(u.External)} {
		if string(r.box.Digest([]byte(plain))) == key {
			return plain, true
		}
	}
	return "", false
}
