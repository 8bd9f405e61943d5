package boltstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/watch"
)

// errDry takes everything back that a dry run has done.
var errDry = errors.New("a dry run")

// Adopt implements watch.Adopter.
func (s *Store) Adopt(_ context.Context, batch []watch.Adoption, dry bool) ([]watch.Adopted, error) {
	s.write.Lock()
	defer s.write.Unlock()
	done, count := make([]watch.Adopted, len(batch)), s.count
	err := s.update(func(tx *bbolt.Tx) error {
		for i, ad := range batch {
			var err error
			if done[i], err = s.adopt(tx, ad, &count); err != nil {
				return err
			}
		}
		if dry {
			return errDry
		}
		return nil
	})
	if errors.Is(err, errDry) {
		return done, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take in applications: %w", err)
	}
	s.count = count
	return done, nil
}

// adopt takes in one application. count is how many there are.
func (s *Store) adopt(tx *bbolt.Tx, ad watch.Adoption, count *int) (done watch.Adopted, err error) {
	var stands watch.Application
	refs, digest := tx.Bucket([]byte(bucketReferences)), s.digest(watch.Application{Reference: ad.Reference})
	if id := refs.Get(digest); id != nil {
		// What waited for the disk is in the transaction already.
		if err := s.must(tx, bucketApplications, string(id), &stands, watch.ErrNotFound); err != nil {
			return watch.Adopted{}, err
		}
	} else if *count >= watch.MaxApplications {
		for range ad.Watchers {
			done.Fates = append(done.Fates, watch.FateFull)
		}
		return done, nil
	}
	done.Application, done.Fates = ad.Into(stands, time.Now())
	if !done.Changed() {
		return done, nil
	}
	done.Application.Revision++
	if stands.ID == "" {
		*count++
		if err := s.beginAdopted(tx, done.Application.ID, digest, ad.History); err != nil {
			return watch.Adopted{}, err
		}
	}
	for _, o := range done.Application.Owners() {
		if err := tx.Bucket([]byte(bucketWatched)).Put(watchedKey(o, done.Application.ID), nil); err != nil {
			return watch.Adopted{}, err
		}
	}
	return done, s.putApplication(tx, done.Application)
}

// beginAdopted stores what comes with an application that is new here.
func (s *Store) beginAdopted(tx *bbolt.Tx, id watch.ID, digest []byte, history []watch.Entry) error {
	if err := tx.Bucket([]byte(bucketReferences)).Put(digest, []byte(id)); err != nil {
		return err
	}
	for _, e := range history {
		if err := s.putEntry(tx, id, e); err != nil {
			return err
		}
	}
	return nil
}
