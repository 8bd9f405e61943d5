package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// keepDeliveries is how long settled deliveries stay in the log.
const keepDeliveries = 90 * 24 * time.Hour

// pruneMost is how many old deliveries one transaction forgets at most.
const pruneMost = 20

// Deliveries returns deliveries, newest first, at most most of those that want
// accepts. before, if not empty, is the ID to continue after. One that cannot be
// read is left out.
func (s *Store) Deliveries(_ context.Context, before string, most int, want func(alert.Delivery) bool) ([]alert.Delivery, error) {
	found := []alert.Delivery{}
	err := s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketDeliveries)).Cursor()
		k, v := c.Last()
		if before != "" {
			c.Seek([]byte(before))
			k, v = c.Prev()
		}
		for ; k != nil && len(found) < most; k, v = c.Prev() {
			var d alert.Delivery
			if s.tryDecode(bucketDeliveries, string(k), v, &d) && want(d) {
				found = append(found, d)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the deliveries: %w", err)
	}
	return found, nil
}

// Delivery returns one delivery, or alert.ErrNoDelivery.
func (s *Store) Delivery(_ context.Context, id string) (d alert.Delivery, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		ok, err := s.get(tx, bucketDeliveries, id, &d)
		if err == nil && !ok {
			err = alert.ErrNoDelivery
		}
		return err
	})
	return d, err
}

// Revive puts a dead letter back into the outbox, as if it were new: at the end
// of the line, so that it holds back nothing that waits already.
func (s *Store) Revive(ctx context.Context, id string, now time.Time) (alert.Delivery, error) {
	s.write.Lock()
	defer s.write.Unlock()
	var d alert.Delivery
	err := s.update(func(tx *bbolt.Tx) error {
		ok, err := s.get(tx, bucketDeliveries, id, &d)
		switch {
		case err != nil:
			return err
		case !ok:
			return alert.ErrNoDelivery
		case d.State != alert.DeadLetter:
			return alert.ErrNotDead
		case tx.Bucket([]byte(bucketChannels)).Get([]byte(d.ChannelID)) == nil:
			return alert.ErrNoChannel
		}
		d.State, d.NextAttemptAt, d.RevivedAt, d.SettledAt = alert.Waiting, now, now, time.Time{}
		if d, err = s.enqueue(tx, d); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.DeliveryRevived, account.KindDelivery, id, "")
	})
	if err != nil {
		return alert.Delivery{}, fmt.Errorf("revive a delivery: %w", err)
	}
	return d, nil
}

// prune forgets some settled deliveries made before limit, and those of that
// age that cannot be read.
func (s *Store) prune(tx *bbolt.Tx, limit time.Time) error {
	deliveries, last := tx.Bucket([]byte(bucketDeliveries)), fmt.Appendf(nil, "%012x", limit.UnixMilli())
	var old [][]byte
	c := deliveries.Cursor()
	for k, _ := c.First(); k != nil && bytes.Compare(k, last) < 0 && len(old) < pruneMost; k, _ = c.Next() {
		old = append(old, bytes.Clone(k))
	}
	for _, k := range old {
		var d alert.Delivery
		readable := s.try(tx, bucketDeliveries, string(k), &d)
		if readable && d.State == alert.Waiting {
			continue
		}
		err := deliveries.Delete(k)
		s.dead.note(string(k), false)
		if readable {
			err = errors.Join(err, tx.Bucket([]byte(bucketAbout)).Delete([]byte(d.Notification.About()+d.ID)))
		} else {
			err = errors.Join(err, unlist(tx, string(k)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unlist looks for a delivery that could not be read in the buckets that name
// it, and takes it from there.
func unlist(tx *bbolt.Tx, id string) error {
	return errors.Join(
		deleteFirst(tx.Bucket([]byte(bucketOutbox)), func(k, v []byte) bool { return readPlace(k, v).id == id }),
		deleteFirst(tx.Bucket([]byte(bucketAbout)), func(k, _ []byte) bool { return strings.HasSuffix(string(k), id) }),
	)
}

// deleteFirst deletes the first key of b that is the one, if there is any.
func deleteFirst(b *bbolt.Bucket, isIt func(k, v []byte) bool) error {
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if isIt(k, v) {
			return c.Delete()
		}
	}
	return nil
}

// forgetDeliveries removes every delivery about an application or a person, of
// one owner or, with owner "", of all. One that cannot be read goes with all only.
func (s *Store) forgetDeliveries(tx *bbolt.Tx, id string, owner account.Owner) error {
	about := tx.Bucket([]byte(bucketAbout))
	for _, k := range keysWith(about, []byte(id)) {
		delivery := k[len(id):]
		if owner != "" {
			var d alert.Delivery
			if !s.try(tx, bucketDeliveries, string(delivery), &d) || d.Owner != owner {
				continue
			}
		}
		err := errors.Join(
			tx.Bucket([]byte(bucketOutbox)).Delete(about.Get(k)),
			tx.Bucket([]byte(bucketDeliveries)).Delete(delivery),
			about.Delete(k),
		)
		s.dead.note(string(delivery), false)
		if err != nil {
			return err
		}
	}
	return nil
}
