package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// keepDeliveries is how long settled deliveries stay in the log.
const keepDeliveries = 90 * 24 * time.Hour

// pruneMost is how many old deliveries one transaction forgets at most.
const pruneMost = 20

// errSettled: the delivery was settled or forgotten in the meantime.
var errSettled = errors.New("the delivery no longer waits")

// deliver puts one delivery of n for each of the channels that stands and is
// not paused.
func (s *Store) deliver(tx *bbolt.Tx, channels []string, n alert.Notification, now time.Time) error {
	for _, id := range channels {
		var c alert.Channel
		ok, err := s.get(tx, bucketChannels, id, &c)
		if err != nil {
			return err
		}
		if !ok || c.Paused {
			continue
		}
		d := alert.Delivery{
			ID: string(watch.NewID(now)), ChannelID: id, Notification: n, State: alert.Waiting,
			CreatedAt: now, NextAttemptAt: now,
		}
		if err := s.putDelivery(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// putDelivery stores d and, while it waits, its place in the outbox.
func (s *Store) putDelivery(tx *bbolt.Tx, d alert.Delivery) error {
	if err := s.put(tx, bucketDeliveries, d.ID, d); err != nil {
		return err
	}
	outbox := tx.Bucket([]byte(bucketOutbox))
	if d.State != alert.Waiting {
		return outbox.Delete([]byte(d.ChannelID + d.ID))
	}
	return outbox.Put([]byte(d.ChannelID+d.ID), putTime(d.NextAttemptAt))
}

// DueDeliveries implements alert.Outbox. Within a channel the keys are in the
// order in which the deliveries were made, and that order is kept: behind one
// that is not due yet, none is.
func (s *Store) DueDeliveries(_ context.Context, now time.Time, perChannel int) ([]alert.Delivery, error) {
	var due []alert.Delivery
	err := s.view(func(tx *bbolt.Tx) error {
		taken := make(map[string]int)
		return tx.Bucket([]byte(bucketOutbox)).ForEach(func(k, v []byte) error {
			channel, id := splitOutboxKey(k)
			if taken[channel] >= perChannel {
				return nil
			}
			if getTime(v).After(now) {
				taken[channel] = perChannel
				return nil
			}
			var d alert.Delivery
			ok, err := s.get(tx, bucketDeliveries, id, &d)
			if err != nil || !ok {
				return err
			}
			taken[channel]++
			due = append(due, d)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	slices.SortStableFunc(due, func(a, b alert.Delivery) int { return strings.Compare(a.ID, b.ID) })
	return due, nil
}

func splitOutboxKey(k []byte) (channel, id string) {
	at := max(len(k)-watch.IDLen, 0)
	return string(k[:at]), string(k[at:])
}

// NextAttempt implements alert.Outbox: the first of a channel is the one that counts.
func (s *Store) NextAttempt(_ context.Context) (next time.Time, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		last := ""
		return tx.Bucket([]byte(bucketOutbox)).ForEach(func(k, v []byte) error {
			channel, _ := splitOutboxKey(k)
			if at := getTime(v); channel != last && (next.IsZero() || at.Before(next)) {
				next = at
			}
			last = channel
			return nil
		})
	})
	return next, err
}

// Settle implements alert.Outbox.
func (s *Store) Settle(_ context.Context, d alert.Delivery) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(bucketOutbox)).Get([]byte(d.ChannelID+d.ID)) == nil {
			return errSettled
		}
		if err := s.prune(tx, time.Now().Add(-keepDeliveries)); err != nil {
			return err
		}
		return s.putDelivery(tx, d)
	})
	if errors.Is(err, errSettled) {
		return nil // Its application or channel was removed while it was being sent.
	}
	if err != nil {
		return fmt.Errorf("settle a delivery: %w", err)
	}
	return nil
}

// prune forgets some settled deliveries made before limit.
func (s *Store) prune(tx *bbolt.Tx, limit time.Time) error {
	deliveries, last := tx.Bucket([]byte(bucketDeliveries)), []byte(fmt.Sprintf("%012x", limit.UnixMilli()))
	var old [][]byte
	c := deliveries.Cursor()
	for k, _ := c.First(); k != nil && bytes.Compare(k, last) < 0 && len(old) < pruneMost; k, _ = c.Next() {
		old = append(old, bytes.Clone(k))
	}
	for _, k := range old {
		var d alert.Delivery
		if _, err := s.get(tx, bucketDeliveries, string(k), &d); err != nil {
			return err
		}
		if d.State == alert.Waiting {
			continue
		}
		if err := deliveries.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// Deliveries returns deliveries, newest first, at most most of those that want
// accepts. before, if not empty, is the ID to continue after.
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
			if err := s.decode(bucketDeliveries, string(k), v, &d); err != nil {
				return err
			}
			if want(d) {
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

// Revive puts a dead letter back into the outbox, as if it were new.
func (s *Store) Revive(_ context.Context, id string, now time.Time) (alert.Delivery, error) {
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
		}
		if ok, err := s.get(tx, bucketChannels, d.ChannelID, &alert.Channel{}); err != nil || !ok {
			return errors.Join(err, alert.ErrNoChannel)
		}
		d.State, d.NextAttemptAt, d.RevivedAt, d.SettledAt = alert.Waiting, now, now, time.Time{}
		return s.putDelivery(tx, d)
	})
	if err != nil {
		return alert.Delivery{}, fmt.Errorf("revive a delivery: %w", err)
	}
	return d, nil
}

// forgetDeliveries removes every delivery about an application.
func (s *Store) forgetDeliveries(tx *bbolt.Tx, id watch.ID) error {
	var gone []alert.Delivery
	err := tx.Bucket([]byte(bucketDeliveries)).ForEach(func(k, v []byte) error {
		var d alert.Delivery
		if err := s.decode(bucketDeliveries, string(k), v, &d); err != nil {
			return err
		}
		if d.Notification.ApplicationID == string(id) {
			gone = append(gone, d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range gone {
		if err := tx.Bucket([]byte(bucketDeliveries)).Delete([]byte(d.ID)); err != nil {
			return err
		}
		if err := tx.Bucket([]byte(bucketOutbox)).Delete([]byte(d.ChannelID + d.ID)); err != nil {
			return err
		}
	}
	return nil
}
