package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
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
	a.State, a.Watchers, a.Checks = d.State, d.Watchers, a.Checks.With(d.Check)
	a.Revision++
	if !d.Changed() {
		s.keepLate(func(l *late) { l.applications[id] = a.Clone() })
		s.index.follow(map[watch.ID]*indexed{id: inIndex(a)})
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
		for _, l := range d.Letters {
			if err := s.deliver(tx, l.Channels, l.Notification, now); err != nil {
				return err
			}
		}
		return nil
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
	// Before the file: what is written in the meantime is found there.
	waiting, waits := s.late.of(id)
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
	if waits && waiting.Revision > a.Revision {
		return waiting, nil
	}
	return a, nil
}

// Applications calls yield for every application that one of owners watches and
// whose ID sorts behind after, the oldest first, until it returns false. One
// that cannot be read is left out.
func (s *Store) Applications(_ context.Context, owners []account.Owner, after watch.ID, yield func(watch.Application) bool) error {
	return s.view(func(tx *bbolt.Tx) error {
		for _, id := range watchedBy(tx, owners, after) {
			var a watch.Application
			if s.try(tx, bucketApplications, id, &a) && !yield(s.late.newer(a)) {
				return nil
			}
		}
		return nil
	})
}

// watchedBy returns the IDs behind after of the applications that one of owners
// watches, each once, in order.
func watchedBy(tx *bbolt.Tx, owners []account.Owner, after watch.ID) (ids []string) {
	for _, o := range owners {
		c := tx.Bucket([]byte(bucketWatched)).Cursor()
		for k, _ := c.Seek(watchedKey(o, after)); bytes.HasPrefix(k, []byte(o)); k, _ = c.Next() {
			if id := string(k[len(o):]); id > string(after) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// watchedKey is the entry of the index that owner watches id. Owners of one kind
// are of one length, so that none is the beginning of another.
func watchedKey(owner account.Owner, id watch.ID) []byte { return []byte(string(owner) + string(id)) }

// EveryApplication calls yield for every application there is, the oldest first,
// until it returns false. One that cannot be read is left out.
func (s *Store) EveryApplication(_ context.Context, yield func(watch.Application) bool) error {
	return s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketApplications)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var a watch.Application
			if s.tryDecode(bucketApplications, string(k), v, &a) && !yield(s.late.newer(a)) {
				return nil
			}
		}
		return nil
	})
}

// Add implements watch.Applications.
func (s *Store) Add(ctx context.Context, a watch.Application) error {
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
		if err := s.listWatchers(ctx, tx, watch.Application{ID: a.ID}, a); err != nil {
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
func (s *Store) Edit(ctx context.Context, id watch.ID, edit func(*watch.Application) error) (watch.Application, error) {
	s.write.Lock()
	defer s.write.Unlock()
	done, err := s.editMany(ctx, []watch.ID{id}, edit)
	if err != nil {
		return watch.Application{}, fmt.Errorf("edit an application: %w", err)
	}
	return done[0].Application, done[0].Err
}

// EditMany implements watch.Applications.
func (s *Store) EditMany(ctx context.Context, ids []watch.ID, edit func(*watch.Application) error) ([]watch.Edited, error) {
	s.write.Lock()
	defer s.write.Unlock()
	done, err := s.editMany(ctx, ids, edit)
	if err != nil {
		return nil, fmt.Errorf("edit applications: %w", err)
	}
	return done, nil
}

// editMany edits each of ids once, and stores all of them or none. The caller
// holds s.write.
func (s *Store) editMany(ctx context.Context, ids []watch.ID, edit func(*watch.Application) error) ([]watch.Edited, error) {
	done := make([]watch.Edited, 0, len(ids))
	was := make(map[watch.ID]watch.Application)
	for _, id := range ids {
		a, err := s.application(id)
		before := a.Clone()
		if err == nil {
			err = edit(&a)
		}
		if err != nil {
			done = append(done, watch.Edited{ID: id, Err: err})
			continue
		}
		a.Revision++
		was[id] = before
		done = append(done, watch.Edited{ID: id, Application: a})
	}
	if len(was) == 0 {
		return done, nil
	}
	return done, s.update(func(tx *bbolt.Tx) error {
		for _, d := range done {
			if d.Err != nil {
				continue
			}
			if err := errors.Join(s.listWatchers(ctx, tx, was[d.ID], d.Application), s.putApplication(tx, d.Application)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove implements watch.Applications. An application that cannot be read can
// be removed like any other; nobody is left to watch it then.
func (s *Store) Remove(ctx context.Context, id watch.ID, owner account.Owner) (watch.Application, error) {
	s.write.Lock()
	defer s.write.Unlock()
	if watches, err := s.watches(owner, id); err != nil || !watches {
		return watch.Application{}, cmp.Or(err, watch.ErrNotFound)
	}
	a, unreadable := s.application(id)
	if unreadable != nil {
		a = watch.Application{ID: id}
	}
	a = a.Clone()
	a.Watchers = slices.DeleteFunc(a.Watchers, func(w watch.Watcher) bool { return w.Owner == owner })
	a.Revision++
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.unlistWatcher(ctx, tx, id, owner); err != nil {
			return err
		}
		if len(a.Watchers) == 0 {
			return s.removeWhole(tx, a, unreadable == nil)
		}
		if err := s.forgetFor(tx, id, owner); err != nil {
			return err
		}
		return s.putApplication(tx, a)
	})
	if err != nil {
		return watch.Application{}, fmt.Errorf("remove an application: %w", err)
	}
	if len(a.Watchers) == 0 {
		s.count--
	}
	return a, nil
}

// watches reports whether owner watches id.
func (s *Store) watches(owner account.Owner, id watch.ID) (yes bool, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		yes = isWatched(tx, owner, id)
		return nil
	})
	return yes, err
}

// removeWhole deletes everything about a. What cannot be read is searched for.
func (s *Store) removeWhole(tx *bbolt.Tx, a watch.Application, readable bool) error {
	s.touched[a.ID] = gone(a.ID)
	id := []byte(a.ID)
	digest := digestOf(tx, a.ID)
	if readable {
		digest = s.digest(a)
	}
	if err := tx.Bucket([]byte(bucketReferences)).Delete(digest); err != nil {
		return err
	}
	for _, w := range watchersOf(tx, a.ID) {
		if err := tx.Bucket([]byte(bucketWatched)).Delete(w); err != nil {
			return err
		}
	}
	for _, bucket := range []string{bucketApplications, bucketSchedule} {
		if err := tx.Bucket([]byte(bucket)).Delete(id); err != nil {
			return err
		}
	}
	if err := deletePrefix(tx.Bucket([]byte(bucketHistory)), id); err != nil {
		return err
	}
	if err := s.unlinkPeople(tx, string(a.ID), ""); err != nil {
		return err
	}
	return s.forgetDeliveries(tx, string(a.ID), "")
}

// watchersOf returns the entries of the index about an application, from the
// index alone.
func watchersOf(tx *bbolt.Tx, id watch.ID) (keys [][]byte) {
	c := tx.Bucket([]byte(bucketWatched)).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if bytes.HasSuffix(k, []byte(id)) {
			keys = append(keys, bytes.Clone(k))
		}
	}
	return keys
}

// putApplication stores a and its place in the schedule. The caller is within
// update, so that the index follows.
func (s *Store) putApplication(tx *bbolt.Tx, a watch.Application) error {
	if err := s.put(tx, bucketApplications, string(a.ID), a); err != nil {
		return err
	}
	s.touched[a.ID] = inIndex(a)
	schedule := tx.Bucket([]byte(bucketSchedule))
	if a.Paused() || a.State.NextCheckAt.IsZero() {
		return schedule.Delete([]byte(a.ID))
	}
	return schedule.Put([]byte(a.ID), putTime(a.State.NextCheckAt))
}

// digest returns the key under which the reference of a is looked up. The
// suffix of an OAM number makes no other application.
func (s *Store) digest(a watch.Application) []byte {
	return s.sealer.Digest([]byte(strings.ToUpper(a.Reference.Identity())))
}

// digestOf looks for the digest of an application whose reference cannot be read.
func digestOf(tx *bbolt.Tx, id watch.ID) []byte {
	c := tx.Bucket([]byte(bucketReferences)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if string(v) == string(id) {
			return bytes.Clone(k)
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

// PutSource implements watch.SourceKeeper. A state that could not be written at
// once counts all the same, and waits for the next write.
func (s *Store) PutSource(_ context.Context, name string, state watch.SourceState, now bool) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.keepLate(func(l *late) { l.sources[name] = state })
	if !now {
		return nil
	}
	if err := s.flush(); err != nil {
		return fmt.Errorf("keep the state of a source: %w", err)
	}
	return nil
}
