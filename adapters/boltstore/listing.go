package boltstore

import (
	"bytes"
	"context"
	"errors"
	"reflect"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// listWatchers brings the index of who watches an application from was to is,
// and the audit trail up to what was changed about whom.
func (s *Store) listWatchers(ctx context.Context, tx *bbolt.Tx, was, is watch.Application) error {
	index := tx.Bucket([]byte(bucketWatched))
	for _, w := range is.Watchers {
		before, action := was.Watcher(w.Owner), account.ApplicationAdded
		if before == nil {
			if err := index.Put(watchedKey(w.Owner, is.ID), nil); err != nil {
				return err
			}
		} else if action = account.ApplicationChanged; reflect.DeepEqual(*before, w) {
			continue
		}
		if err := s.audit(ctx, tx, action, account.KindApplication, string(is.ID), string(w.Owner)); err != nil {
			return err
		}
	}
	for _, w := range was.Watchers {
		if is.Watcher(w.Owner) != nil {
			continue
		}
		if err := errors.Join(s.unlistWatcher(ctx, tx, is.ID, w.Owner), s.forgetFor(tx, is.ID, w.Owner)); err != nil {
			return err
		}
	}
	return nil
}

// unlistWatcher notes that owner does not watch id any more, and ends the links
// that show it for him.
func (s *Store) unlistWatcher(ctx context.Context, tx *bbolt.Tx, id watch.ID, owner account.Owner) error {
	if err := s.audit(ctx, tx, account.ApplicationRemoved, account.KindApplication, string(id), string(owner)); err != nil {
		return err
	}
	if err := tx.Bucket([]byte(bucketWatched)).Delete(watchedKey(owner, id)); err != nil {
		return err
	}
	err := s.endDeadShares(ctx, tx, id, func(sh watch.Share) bool { return sh.Owner == owner })
	return errors.Join(err, owesCompact(tx))
}

// forgetFor removes the messages of owner about id, and takes it from his people.
func (s *Store) forgetFor(tx *bbolt.Tx, id watch.ID, owner account.Owner) error {
	return errors.Join(s.forgetDeliveries(tx, string(id), owner), s.unlinkPeople(tx, string(id), owner))
}

func isWatched(tx *bbolt.Tx, owner account.Owner, id watch.ID) bool {
	k, _ := tx.Bucket([]byte(bucketWatched)).Cursor().Seek(watchedKey(owner, id))
	return bytes.Equal(k, watchedKey(owner, id))
}
