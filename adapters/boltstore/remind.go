package boltstore

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// Remind implements dossier.Store. It opens only the people of whom the index
// says that something may be due.
func (s *Store) Remind(ctx context.Context, today civil.Date, due func(*dossier.Person) []alert.Notification) (n int, err error) {
	var ids []string
	if err := s.view(func(tx *bbolt.Tx) error {
		ids = toRemind(tx, today)
		return nil
	}); err != nil {
		return 0, fmt.Errorf("look for documents that expire: %w", err)
	}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		told, err := s.remind(id, due)
		if err != nil {
			return n, fmt.Errorf("remind of a document: %w", err)
		}
		n += told
	}
	return n, nil
}

// remind is Remind for one person, in one transaction. One that was removed
// meanwhile, or cannot be read, has nothing due.
func (s *Store) remind(id string, due func(*dossier.Person) []alert.Notification) (int, error) {
	s.write.Lock()
	defer s.write.Unlock()
	var p dossier.Person
	var ok bool
	if err := s.view(func(tx *bbolt.Tx) error {
		p, ok = s.tryPerson(tx, id)
		return nil
	}); err != nil || !ok {
		return 0, err
	}
	before := indexOf(p)
	told := due(&p)
	if len(told) == 0 {
		return 0, nil
	}
	channels, err := s.listening(p.Owner)
	if err != nil || len(channels) == 0 { // It stays due, for a channel that comes later.
		return 0, err
	}
	p.Revision++
	now := time.Now()
	return len(told), s.update(func(tx *bbolt.Tx) error {
		if err := s.putPerson(tx, before, p); err != nil {
			return err
		}
		for _, n := range told {
			if err := s.deliver(tx, channels, n, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// listening returns the IDs of the channels of an owner that are not paused.
func (s *Store) listening(owner account.Owner) (ids []string, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		all, err := s.channelsOf(tx, owner)
		for _, id := range all {
			var c alert.Channel
			if s.try(tx, bucketChannels, id, &c) && !c.Paused {
				ids = append(ids, id)
			}
		}
		return err
	})
	return ids, err
}

// channelsOf returns the IDs of the channels of an owner.
func (s *Store) channelsOf(tx *bbolt.Tx, owner account.Owner) (ids []string, err error) {
	err = tx.Bucket([]byte(bucketChannels)).ForEach(func(k, v []byte) error {
		var c alert.Channel
		if s.tryDecode(bucketChannels, string(k), v, &c) && c.Owner == owner {
			ids = append(ids, string(k))
		}
		return nil
	})
	return ids, err
}

var _ dossier.Store = (*Store)(nil)
