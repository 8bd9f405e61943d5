package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/watch"
)

// Schedule implements watch.Recorder from the small schedule bucket, so that a
// start opens no application.
func (s *Store) Schedule(_ context.Context, yield func(watch.ID, time.Time)) error {
	return s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketSchedule)).ForEach(func(k, v []byte) error {
			yield(watch.ID(k), getTime(v))
			return nil
		})
	})
}

// Record implements watch.Recorder.
func (s *Store) Record(_ context.Context, id watch.ID, decide func(watch.Application) watch.Decision) (watch.Application, error) {
	s.write.Lock()
	defer s.write.Unlock()
	a, err := s.application(id)
	if err != nil {
		return watch.Application{}, err
	}
	d := decide(a)
	a.State = d.State
	a.Revision++
	if !d.Changed() {
		full := s.late.add(s.flushLate, func(l *late) { l.applications[id] = a })
		if full {
			return a, s.flush()
		}
		return a, nil
	}
	now := time.Now()
	err = s.update(func(tx *bbolt.Tx) error {
		if err := s.putApplication(tx, a); err != nil {
			return err
		}
		for _, e := range d.Entries {
			if err := s.putEntry(tx, id, e); err != nil {
				return err
			}
		}
		if d.Tell == nil || a.Muted {
			return nil
		}
		return s.deliver(tx, a.Channels, *d.Tell, now)
	})
	if err != nil {
		return watch.Application{}, fmt.Errorf("record a check: %w", err)
	}
	return a, nil
}

// Application implements watch.Applications.
func (s *Store) Application(_ context.Context, id watch.ID) (watch.Application, error) {
	return s.application(id)
}

func (s *Store) application(id watch.ID) (a watch.Application, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		ok, err := s.get(tx, bucketApplications, string(id), &a)
		if err == nil && !ok {
			err = watch.ErrNotFound
		}
		return err
	})
	if err != nil {
		return watch.Application{}, err
	}
	return s.late.newer(a), nil
}

// Applications calls yield for every application whose ID sorts behind after,
// the oldest first, until it returns false.
func (s *Store) Applications(_ context.Context, after watch.ID, yield func(watch.Application) bool) error {
	return s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketApplications)).Cursor()
		k, v := c.Seek([]byte(after))
		if string(k) == string(after) {
			k, v = c.Next()
		}
		for ; k != nil; k, v = c.Next() {
			var a watch.Application
			if err := s.decode(bucketApplications, string(k), v, &a); err != nil {
				return err
			}
			if !yield(s.late.newer(a)) {
				return nil
			}
		}
		return nil
	})
}

// Add implements watch.Applications.
func (s *Store) Add(_ context.Context, a watch.Application) error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.count >= watch.MaxApplications {
		return watch.ErrFull
	}
	a.Revision = 1
	err := s.update(func(tx *bbolt.Tx) error {
		refs, digest := tx.Bucket([]byte(bucketReferences)), s.digest(a)
		if other := refs.Get(digest); other != nil {
			return &watch.DuplicateError{ID: watch.ID(other)}
		}
		if err := refs.Put(digest, []byte(a.ID)); err != nil {
			return err
		}
		return s.putApplication(tx, a)
	})
	if err != nil {
		return fmt.Errorf("add an application: %w", err)
	}
	s.count++
	return nil
}

// Edit implements watch.Applications.
func (s *Store) Edit(_ context.Context, id watch.ID, edit func(*watch.Application) error) (watch.Application, error) {
	s.write.Lock()
	defer s.write.Unlock()
	a, err := s.application(id)
	if err != nil {
		return watch.Application{}, err
	}
	if err := edit(&a); err != nil {
		return watch.Application{}, err
	}
	a.Revision++
	if err := s.update(func(tx *bbolt.Tx) error { return s.putApplication(tx, a) }); err != nil {
		return watch.Application{}, fmt.Errorf("edit an application: %w", err)
	}
	return a, nil
}

// Remove implements watch.Applications.
func (s *Store) Remove(_ context.Context, id watch.ID) error {
	s.write.Lock()
	defer s.write.Unlock()
	a, err := s.application(id)
	if err != nil {
		return err
	}
	err = s.update(func(tx *bbolt.Tx) error {
		if err := tx.Bucket([]byte(bucketReferences)).Delete(s.digest(a)); err != nil {
			return err
		}
		for _, bucket := range []string{bucketApplications, bucketSchedule} {
			if err := tx.Bucket([]byte(bucket)).Delete([]byte(id)); err != nil {
				return err
			}
		}
		if err := deletePrefix(tx.Bucket([]byte(bucketHistory)), []byte(id)); err != nil {
			return err
		}
		return s.forgetDeliveries(tx, id)
	})
	if err != nil {
		return fmt.Errorf("remove an application: %w", err)
	}
	s.count--
	return nil
}

// History returns the newest entries of an application, newest first.
func (s *Store) History(_ context.Context, id watch.ID, most int) ([]watch.Entry, error) {
	entries := []watch.Entry{}
	err := s.view(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(bucketApplications)).Get([]byte(id)) == nil {
			return watch.ErrNotFound
		}
		c := tx.Bucket([]byte(bucketHistory)).Cursor()
		// The sequence begins with a zero byte, so that 0xff stands behind all.
		back := c.Last
		if behind, _ := c.Seek(append([]byte(id), 0xff)); behind != nil {
			back = c.Prev
		}
		k, v := back()
		for ; bytes.HasPrefix(k, []byte(id)) && len(entries) < most; k, v = c.Prev() {
			var e watch.Entry
			if err := s.decode(bucketHistory, string(k), v, &e); err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// putApplication stores a and its place in the schedule.
func (s *Store) putApplication(tx *bbolt.Tx, a watch.Application) error {
	if err := s.put(tx, bucketApplications, string(a.ID), a); err != nil {
		return err
	}
	schedule := tx.Bucket([]byte(bucketSchedule))
	if a.Paused || a.State.NextCheckAt.IsZero() {
		return schedule.Delete([]byte(a.ID))
	}
	return schedule.Put([]byte(a.ID), putTime(a.State.NextCheckAt))
}

// putEntry appends e to the history of id.
func (s *Store) putEntry(tx *bbolt.Tx, id watch.ID, e watch.Entry) error {
	seq, err := tx.Bucket([]byte(bucketHistory)).NextSequence()
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64([]byte(id), seq)
	return s.put(tx, bucketHistory, string(key), e)
}

// digest returns the key under which the reference of a is looked up. The
// suffix of an OAM number makes no other application.
func (s *Store) digest(a watch.Application) []byte {
	return s.sealer.Digest([]byte(strings.ToUpper(a.Reference.Identity())))
}

// deletePrefix deletes every key that begins with prefix.
func deletePrefix(b *bbolt.Bucket, prefix []byte) error {
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Seek(prefix) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// Source implements watch.SourceKeeper.
func (s *Store) Source(_ context.Context, name string) (state watch.SourceState, err error) {
	s.late.mu.RLock()
	waiting, ok := s.late.sources[name]
	s.late.mu.RUnlock()
	if ok {
		return waiting, nil
	}
	err = s.view(func(tx *bbolt.Tx) error {
		_, err := s.get(tx, bucketSources, name, &state)
		return err
	})
	return state, err
}

// PutSource implements watch.SourceKeeper.
func (s *Store) PutSource(_ context.Context, name string, state watch.SourceState) error {
	s.late.add(s.flushLate, func(l *late) { l.sources[name] = state })
	return nil
}
