package boltstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// addShares makes version 4, with a bucket for links.
func addShares(s *Store, tx *bbolt.Tx) error { return makeBuckets(s, tx) }

// AddShare stores a link to an application and forgets those that work no more. It
// returns watch.ErrNoShare for one that could not work, and watch.ErrManyShares if
// there is no room for it.
func (s *Store) AddShare(ctx context.Context, sh watch.Share) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := time.Now()
	err := s.update(func(tx *bbolt.Tx) error {
		if !s.shows(tx, sh, now) {
			return watch.ErrNoShare
		}
		if err := s.roomForShare(tx, sh, now); err != nil {
			return err
		}
		if err := s.put(tx, bucketShares, string(sh.Application)+sh.Hash, sh); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.ShareMade, account.KindShare, sh.ID, string(sh.Application))
	})
	if err != nil {
		return fmt.Errorf("add a link: %w", err)
	}
	return nil
}

// roomForShare forgets the links that work no more, and returns
// watch.ErrManyShares if there is no room for sh then.
func (s *Store) roomForShare(tx *bbolt.Tx, sh watch.Share, now time.Time) error {
	all, of := 0, 0
	err := s.eachShare(tx, "", func(key []byte, old watch.Share, ok bool) error {
		if !ok || !s.shows(tx, old, now) {
			return tx.Bucket([]byte(bucketShares)).Delete(key)
		}
		all++
		if old.Application == sh.Application && old.Owner == sh.Owner {
			of++
		}
		return nil
	})
	if err == nil && (all >= watch.MaxShares || of >= watch.MaxSharesOf) {
		err = watch.ErrManyShares
	}
	return err
}

// eachShare calls fn with every link to an application, or with "" to any; ok is
// false for one that cannot be read. fn may delete it.
func (s *Store) eachShare(tx *bbolt.Tx, id watch.ID, fn func(key []byte, sh watch.Share, ok bool) error) error {
	for _, key := range keysWith(tx.Bucket([]byte(bucketShares)), []byte(id)) {
		var sh watch.Share
		ok := s.try(tx, bucketShares, string(key), &sh)
		if err := fn(key, sh, ok); err != nil {
			return err
		}
	}
	return nil
}

// shows reports whether a link works: it has not expired, its owner watches the
// application still, and whoever made it may change what is that owner's. A link
// must not outlive the right of somebody who was disabled, left the group or may
// only look on. Who cannot be read is nobody.
func (s *Store) shows(tx *bbolt.Tx, sh watch.Share, now time.Time) bool {
	var u account.User
	if sh.Expired(now) || !isWatched(tx, sh.Owner, sh.Application) || !s.try(tx, bucketUsers, sh.By, &u) {
		return false
	}
	p := account.Principal{User: u, Scope: account.ScopeWrite}
	if id, ok := sh.Owner.Group(); ok {
		var g account.Group
		if !s.try(tx, bucketGroups, id, &g) {
			return false
		}
		p.Groups = map[string]account.Right{id: g.Of(u.ID)}
	}
	return p.MayWrite(sh.Owner)
}

// Share returns the link whose secret has this hash, if it works; otherwise
// watch.ErrNoShare.
func (s *Store) Share(_ context.Context, hash string) (sh watch.Share, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketShares)).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() { // There are few, and only the right one is opened.
			if len(k) == watch.IDLen+len(hash) && string(k[watch.IDLen:]) == hash && s.try(tx, bucketShares, string(k), &sh) && s.shows(tx, sh, time.Now()) {
				return nil
			}
		}
		return watch.ErrNoShare
	})
	if err != nil {
		return watch.Share{}, err
	}
	return sh, nil
}

// Shares returns the links of a watcher of an application that work, the oldest
// first.
func (s *Store) Shares(_ context.Context, id watch.ID, owner account.Owner) ([]watch.Share, error) {
	var found []watch.Share
	now := time.Now()
	err := s.view(func(tx *bbolt.Tx) error {
		return s.eachShare(tx, id, func(_ []byte, sh watch.Share, ok bool) error {
			if ok && sh.Owner == owner && s.shows(tx, sh, now) {
				found = append(found, sh)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the links: %w", err)
	}
	slices.SortFunc(found, func(a, b watch.Share) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// EndShare ends a link of a watcher of an application, or returns watch.ErrNoShare.
func (s *Store) EndShare(ctx context.Context, id watch.ID, owner account.Owner, share string) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.update(func(tx *bbolt.Tx) error {
		ended, err := s.endShares(ctx, tx, id, func(sh watch.Share) bool { return sh.Owner == owner && sh.ID == share })
		if err == nil && ended == 0 {
			err = watch.ErrNoShare
		}
		return err
	})
}

// endShares ends the links to an application, or with "" to any, that which
// accepts, and returns how many.
func (s *Store) endShares(ctx context.Context, tx *bbolt.Tx, id watch.ID, which func(watch.Share) bool) (ended int, err error) {
	err = s.eachShare(tx, id, func(key []byte, sh watch.Share, ok bool) error {
		if !ok || !which(sh) {
			return nil
		}
		ended++
		if err := tx.Bucket([]byte(bucketShares)).Delete(key); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.ShareEnded, account.KindShare, sh.ID, string(sh.Application))
	})
	return ended, err
}

// endDeadShares ends those of what which accepts that work no more, so that none
// comes alive again when somebody gets his right back.
func (s *Store) endDeadShares(ctx context.Context, tx *bbolt.Tx, id watch.ID, which func(watch.Share) bool) error {
	now := time.Now()
	_, err := s.endShares(ctx, tx, id, func(sh watch.Share) bool { return which(sh) && !s.shows(tx, sh, now) })
	return err
}
