package boltstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// Channel implements alert.Outbox.
func (s *Store) Channel(_ context.Context, id string) (c alert.Channel, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		ok, err := s.get(tx, bucketChannels, id, &c)
		if err == nil && !ok {
			err = alert.ErrNoChannel
		}
		return err
	})
	return c, err
}

// Channels returns all channels, the oldest first. One that cannot be read is left out.
func (s *Store) Channels(_ context.Context) ([]alert.Channel, error) {
	channels := []alert.Channel{}
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketChannels)).ForEach(func(k, v []byte) error {
			var c alert.Channel
			if s.tryDecode(bucketChannels, string(k), v, &c) {
				channels = append(channels, c)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the channels: %w", err)
	}
	slices.SortFunc(channels, func(a, b alert.Channel) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return channels, nil
}

// AddChannel stores a new channel.
func (s *Store) AddChannel(ctx context.Context, c alert.Channel) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.put(tx, bucketChannels, c.ID, c); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.ChannelAdded, account.KindChannel, c.ID, "")
	})
	if err != nil {
		return fmt.Errorf("add a channel: %w", err)
	}
	return nil
}

// EditChannel hands the channel to edit and stores it, unless edit fails. What
// waits for the channel is tried at once: an edit is mostly a repair.
func (s *Store) EditChannel(ctx context.Context, id string, edit func(*alert.Channel) error) (alert.Channel, error) {
	s.write.Lock()
	defer s.write.Unlock()
	var c alert.Channel
	now := time.Now()
	err := s.update(func(tx *bbolt.Tx) error {
		ok, err := s.get(tx, bucketChannels, id, &c)
		if err != nil {
			return err
		}
		if !ok {
			return alert.ErrNoChannel
		}
		if err := edit(&c); err != nil {
			return err
		}
		if err := s.hurry(tx, id, now); err != nil {
			return err
		}
		if err := s.put(tx, bucketChannels, id, c); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.ChannelChanged, account.KindChannel, id, "")
	})
	if err != nil {
		return alert.Channel{}, err
	}
	return c, nil
}

// hurry makes everything due that waits for a channel, also what it held: whether
// it holds it still is worked out anew.
func (s *Store) hurry(tx *bbolt.Tx, channel string, now time.Time) error {
	return s.eachWaiting(tx, channel, func(d alert.Delivery) error {
		d.NextAttemptAt, d.HeldUntil = now, time.Time{}
		return s.putDelivery(tx, d)
	})
}

// RemoveChannel deletes a channel; what waited for it becomes a dead letter, and
// the notice that it is dead goes too: nothing could resolve it any more.
func (s *Store) RemoveChannel(ctx context.Context, id string) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := time.Now()
	err := s.update(func(tx *bbolt.Tx) error { return s.removeChannel(ctx, tx, id, now) })
	if err != nil {
		return fmt.Errorf("remove a channel: %w", err)
	}
	return nil
}

func (s *Store) removeChannel(ctx context.Context, tx *bbolt.Tx, id string, now time.Time) error {
	b := tx.Bucket([]byte(bucketChannels))
	if b.Get([]byte(id)) == nil {
		return alert.ErrNoChannel
	}
	err := s.eachWaiting(tx, id, func(d alert.Delivery) error {
		d.State, d.SettledAt, d.LastError = alert.DeadLetter, now, "the channel was deleted"
		d.NextAttemptAt, d.HeldUntil = time.Time{}, time.Time{}
		return s.putDelivery(tx, d)
	})
	if err != nil {
		return err
	}
	for _, p := range line(tx, id) { // What could not be read.
		if err := tx.Bucket([]byte(bucketOutbox)).Delete(p.key()); err != nil {
			return err
		}
	}
	if err := tx.Bucket([]byte(bucketNotices)).Delete([]byte(s.noticeID(alert.ChannelDeadKey(id)))); err != nil {
		return err
	}
	if err := b.Delete([]byte(id)); err != nil {
		return err
	}
	return s.audit(ctx, tx, account.ChannelRemoved, account.KindChannel, id, "")
}

// Raise implements alert.Noticeboard. That a channel is dead is not told when
// it was removed while the last message was on its way to it.
func (s *Store) Raise(_ context.Context, key string, n alert.Notification, except string) (bool, error) {
	return s.notice(key, n, except, func(tx *bbolt.Tx, id string) error {
		return s.put(tx, bucketNotices, id, n)
	})
}

// Resolve implements alert.Noticeboard.
func (s *Store) Resolve(_ context.Context, key string, n alert.Notification, except string) (bool, error) {
	return s.notice(key, n, except, func(tx *bbolt.Tx, id string) error {
		return tx.Bucket([]byte(bucketNotices)).Delete([]byte(id))
	})
}

// notice turns a notice over, in one transaction with its deliveries, unless
// it stands that way already.
func (s *Store) notice(key string, n alert.Notification, except string, turn func(*bbolt.Tx, string) error) (bool, error) {
	s.write.Lock()
	defer s.write.Unlock()
	id := s.noticeID(key)
	var stands, removed bool
	if err := s.view(func(tx *bbolt.Tx) error {
		stands = tx.Bucket([]byte(bucketNotices)).Get([]byte(id)) != nil
		removed = key == alert.ChannelDeadKey(except) && tx.Bucket([]byte(bucketChannels)).Get([]byte(except)) == nil
		return nil
	}); err != nil {
		return false, err
	}
	if stands != n.Resolved || removed {
		return false, nil
	}
	err := s.update(func(tx *bbolt.Tx) error {
		if err := turn(tx, id); err != nil {
			return err
		}
		operators, err := s.operators(tx, except)
		if err != nil {
			return err
		}
		return s.deliver(tx, operators, n, time.Now())
	})
	if err != nil {
		return false, fmt.Errorf("keep an operator notice: %w", err)
	}
	return true, nil
}

// noticeID is the key under which a notice is kept.
func (s *Store) noticeID(key string) string { return string(s.sealer.Digest([]byte(key))) }

// operators returns the channels that hear of trouble with the appliance: those of
// admins, also of the first one who has not come yet.
func (s *Store) operators(tx *bbolt.Tx, except string) (ids []string, err error) {
	err = tx.Bucket([]byte(bucketChannels)).ForEach(func(k, v []byte) error {
		var c alert.Channel
		if s.tryDecode(bucketChannels, string(k), v, &c) && c.Operator && c.ID != except && s.runs(tx, c.Owner) {
			ids = append(ids, c.ID)
		}
		return nil
	})
	return ids, err
}

// runs reports whether an owner is no user who does not run the appliance.
func (s *Store) runs(tx *bbolt.Tx, o account.Owner) bool {
	id, _ := o.User()
	var u account.User
	return !s.try(tx, bucketUsers, id, &u) || u.Role == account.Admin && !u.Disabled
}

// Notices returns the operator notices that stand. One that cannot be read is left out.
func (s *Store) Notices(_ context.Context) ([]alert.Notification, error) {
	notices := []alert.Notification{}
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketNotices)).ForEach(func(k, v []byte) error {
			var n alert.Notification
			if s.tryDecode(bucketNotices, string(k), v, &n) {
				notices = append(notices, n)
			}
			return nil
		})
	})
	return notices, err
}
