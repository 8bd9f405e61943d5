package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// longestWait is longer than any wait between two attempts. What is to be tried
// later than that was planned while the clock was wrong.
const longestWait = 8 * time.Hour

// longestHold is longer than any time for which a channel holds a delivery back:
// a day until the digest, another until the end of quiet hours, with a clock that
// is put back in between.
const longestHold = 50 * time.Hour

// heldMark stands behind the ID of a delivery that is held. No ID has it.
const heldMark = "~"

// place is an entry of the outbox: where a waiting delivery stands in line.
type place struct {
	channel string
	seq     uint64
	next    time.Time // the next attempt
	id      string
	held    bool // by the channel, until next
}

// key begins with the channel and goes on with the sequence, so that a line is
// in the order in which it was made, whatever the clock said.
func (p place) key() []byte { return binary.BigEndian.AppendUint64([]byte(p.channel), p.seq) }

func (p place) value() []byte {
	v := append(putTime(p.next), p.id...)
	if p.held {
		v = append(v, heldMark...)
	}
	return v
}

// due reports whether the delivery is to be tried at now.
func (p place) due(now time.Time) bool {
	longest := longestWait
	if p.held {
		longest = longestHold
	}
	return !p.next.After(now) || p.next.After(now.Add(longest))
}

// aside reports whether the delivery stands in nobody's way at now, because its
// channel holds it back.
func (p place) aside(now time.Time) bool { return p.held && !p.due(now) }

// attempt returns when the delivery is to be tried, seen from now.
func (p place) attempt(now time.Time) time.Time {
	if p.next.After(now) && p.due(now) {
		return now
	}
	return p.next
}

// placeOf returns the place of a waiting delivery.
func placeOf(d alert.Delivery) place {
	return place{channel: d.ChannelID, seq: d.Seq, next: d.NextAttemptAt, id: d.ID, held: d.Held()}
}

// readPlace reads what key and value wrote.
func readPlace(k, v []byte) place {
	if len(k) < 8 || len(v) < 8 {
		return place{}
	}
	at := len(k) - 8
	id, held := strings.CutSuffix(string(v[8:]), heldMark)
	return place{channel: string(k[:at]), seq: binary.BigEndian.Uint64(k[at:]), next: getTime(v[:8]), id: id, held: held}
}

// deliver puts one delivery of n for each of the channels that stands and is
// not paused.
func (s *Store) deliver(tx *bbolt.Tx, channels []string, n alert.Notification, now time.Time) error {
	for _, id := range channels {
		var c alert.Channel
		if !s.try(tx, bucketChannels, id, &c) || c.Paused {
			continue
		}
		_, err := s.enqueue(tx, alert.Delivery{
			ID: account.NewID(now), ChannelID: id, Owner: c.Owner, Notification: n, State: alert.Waiting,
			CreatedAt: now, NextAttemptAt: now,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// enqueue stores d at the end of the line.
func (s *Store) enqueue(tx *bbolt.Tx, d alert.Delivery) (alert.Delivery, error) {
	seq, err := tx.Bucket([]byte(bucketOutbox)).NextSequence()
	if err != nil {
		return alert.Delivery{}, err
	}
	d.Seq = seq
	return d, s.putDelivery(tx, d)
}

// putDelivery stores d and, while it waits, its place in the outbox.
func (s *Store) putDelivery(tx *bbolt.Tx, d alert.Delivery) error {
	if err := s.put(tx, bucketDeliveries, d.ID, d); err != nil {
		return err
	}
	s.dead.note(d.ID, d.State == alert.DeadLetter)
	p, outbox := placeOf(d), tx.Bucket([]byte(bucketOutbox))
	if id := d.Notification.About(); id != "" {
		if err := tx.Bucket([]byte(bucketAbout)).Put([]byte(id+d.ID), p.key()); err != nil {
			return err
		}
	}
	if d.State != alert.Waiting {
		return outbox.Delete(p.key())
	}
	return outbox.Put(p.key(), p.value())
}

// waiting is what is known of a channel's line while it is read.
type waiting struct {
	deliveries []alert.Delivery
	// due: one of the head is due. behind: the head has been read, and what
	// follows stands behind it.
	due, behind bool
	// aside are held, and left out so far.
	aside []place
}

// full reports whether nothing more of the line is wanted.
func (w waiting) full(most int) bool { return w.behind && !w.due || len(w.deliveries) >= most }

// DueDeliveries implements alert.Outbox. A delivery that cannot be read is
// passed over.
func (s *Store) DueDeliveries(_ context.Context, now time.Time, perChannel int) ([]alert.Delivery, error) {
	var due []alert.Delivery
	err := s.view(func(tx *bbolt.Tx) error {
		lines := make(map[string]waiting)
		err := tx.Bucket([]byte(bucketOutbox)).ForEach(func(k, v []byte) error {
			p := readPlace(k, v)
			lines[p.channel] = s.inLine(tx, lines[p.channel], p, now, perChannel)
			return nil
		})
		for _, w := range lines {
			if w.due {
				due = append(due, s.withHeld(tx, w)...)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	slices.SortFunc(due, func(a, b alert.Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	return due, nil
}

// inLine returns w with what stands at p.
func (s *Store) inLine(tx *bbolt.Tx, w waiting, p place, now time.Time, most int) waiting {
	if w.full(most) {
		return w
	}
	if p.aside(now) {
		w.aside = append(w.aside, p)
		return w
	}
	var d alert.Delivery
	if !s.try(tx, bucketDeliveries, p.id, &d) || d.Overtaken && !p.due(now) {
		return w
	}
	w.deliveries = append(w.deliveries, d)
	w.due = w.due || p.due(now)
	w.behind = w.behind || !d.Yields()
	return w
}

// withHeld returns the deliveries of w, and of those that are held the ones about
// the same application or person.
func (s *Store) withHeld(tx *bbolt.Tx, w waiting) []alert.Delivery {
	if len(w.aside) == 0 {
		return w.deliveries
	}
	about := make(map[string]bool)
	for _, d := range w.deliveries {
		about[d.Notification.About()] = true
	}
	all := w.deliveries
	for _, p := range w.aside {
		var d alert.Delivery
		if s.try(tx, bucketDeliveries, p.id, &d) && d.Notification.About() != "" && about[d.Notification.About()] {
			all = append(all, d)
		}
	}
	return all
}

// NextAttempt implements alert.Outbox. It reads a delivery only where it must
// know whether that one holds up those behind it.
func (s *Store) NextAttempt(_ context.Context) (next time.Time, err error) {
	now := time.Now()
	err = s.view(func(tx *bbolt.Tx) error {
		last := "" // the channel whose head has been read
		return tx.Bucket([]byte(bucketOutbox)).ForEach(func(k, v []byte) error {
			p := readPlace(k, v)
			if p.channel == last {
				return nil
			}
			at := p.attempt(now)
			if next.IsZero() || at.Before(next) {
				next = at
			}
			if p.aside(now) {
				return nil
			}
			var d alert.Delivery
			if !at.After(now) || s.try(tx, bucketDeliveries, p.id, &d) && !d.Yields() {
				last = p.channel
			}
			return nil
		})
	})
	return next, err
}

// eachWaiting calls fn for every delivery that waits for a channel.
func (s *Store) eachWaiting(tx *bbolt.Tx, channel string, fn func(alert.Delivery) error) error {
	for _, p := range line(tx, channel) {
		var d alert.Delivery
		if !s.try(tx, bucketDeliveries, p.id, &d) {
			continue
		}
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}

// line returns the places of a channel, in order.
func line(tx *bbolt.Tx, channel string) (places []place) {
	c := tx.Bucket([]byte(bucketOutbox)).Cursor()
	for k, v := c.Seek([]byte(channel)); bytes.HasPrefix(k, []byte(channel)); k, v = c.Next() {
		if p := readPlace(k, v); p.channel == channel {
			places = append(places, p)
		}
	}
	return places
}

// Settle implements alert.Outbox. What no longer waits belonged to an application
// or channel that was removed while it was being sent.
func (s *Store) Settle(_ context.Context, ds ...alert.Delivery) error {
	s.write.Lock()
	defer s.write.Unlock()
	var waits []alert.Delivery
	if err := s.view(func(tx *bbolt.Tx) error {
		waits = stillWaiting(tx, ds)
		return nil
	}); err != nil {
		return fmt.Errorf("settle a delivery: %w", err)
	}
	if len(waits) == 0 {
		return nil
	}
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.prune(tx, time.Now().Add(-keepDeliveries)); err != nil {
			return err
		}
		return s.putDeliveries(tx, waits)
	})
	if err != nil {
		return fmt.Errorf("settle a delivery: %w", err)
	}
	return nil
}

// stillWaiting returns those of ds that have their place in the outbox.
func stillWaiting(tx *bbolt.Tx, ds []alert.Delivery) (waits []alert.Delivery) {
	for _, d := range ds {
		k := placeOf(d).key()
		if readPlace(k, tx.Bucket([]byte(bucketOutbox)).Get(k)).id == d.ID {
			waits = append(waits, d)
		}
	}
	return waits
}

func (s *Store) putDeliveries(tx *bbolt.Tx, ds []alert.Delivery) error {
	for _, d := range ds {
		if err := s.putDelivery(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// Hold implements alert.Outbox.
func (s *Store) Hold(_ context.Context, c alert.Channel, ds []alert.Delivery) error {
	s.write.Lock()
	defer s.write.Unlock()
	var waits []alert.Delivery
	if err := s.view(func(tx *bbolt.Tx) error {
		var stands alert.Channel
		if s.try(tx, bucketChannels, c.ID, &stands) && stands.SameTimes(c) {
			waits = stillWaiting(tx, ds)
		}
		return nil
	}); err != nil {
		return fmt.Errorf("hold deliveries: %w", err)
	}
	if len(waits) == 0 {
		return nil
	}
	if err := s.update(func(tx *bbolt.Tx) error { return s.putDeliveries(tx, waits) }); err != nil {
		return fmt.Errorf("hold deliveries: %w", err)
	}
	return nil
}
