package boltstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/watch"
)

var _ archive.Belongings = (*Store)(nil)

// Watched returns the IDs of at most most applications that an owner watches,
// the oldest first, from the index alone.
func (s *Store) Watched(_ context.Context, owner account.Owner, most int) (ids []watch.ID, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		for _, id := range watchedBy(tx, []account.Owner{owner}, "") {
			if len(ids) < most {
				ids = append(ids, watch.ID(id))
			}
		}
		return nil
	})
	return ids, err
}

// Persons returns the IDs of at most most people of an owner, the oldest first,
// from the index alone.
func (s *Store) Persons(_ context.Context, owner account.Owner, most int) (ids []string, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		ids = behind(tx, bucketPeopleOf, string(owner), "")
		ids = ids[:min(len(ids), most)]
		return nil
	})
	return ids, err
}

// ForgetOwner removes the channels of an owner, and every delivery that was his
// or named one of them. What he watches and his people are removed one by one
// before, so that those who know of them can forget them too.
func (s *Store) ForgetOwner(ctx context.Context, owner account.Owner) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := time.Now()
	err := s.update(func(tx *bbolt.Tx) error {
		channels, err := s.channelsOf(tx, owner)
		if err := errors.Join(err, owesCompact(tx)); err != nil {
			return err
		}
		if err := s.forgetDeliveriesOf(tx, owner, channels); err != nil {
			return err
		}
		for _, id := range channels {
			if err := s.removeChannel(ctx, tx, id, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget an owner: %w", err)
	}
	return nil
}

// forgetDeliveriesOf removes every delivery of an owner, and those that name one
// of these channels, which are his, to operators. One that cannot be read stays.
func (s *Store) forgetDeliveriesOf(tx *bbolt.Tx, owner account.Owner, channels []string) error {
	names := make(map[string]bool, len(channels))
	for _, id := range channels {
		var c alert.Channel
		if s.try(tx, bucketChannels, id, &c) {
			names[c.Name] = true
		}
	}
	var his []alert.Delivery
	err := tx.Bucket([]byte(bucketDeliveries)).ForEach(func(k, v []byte) error {
		var d alert.Delivery
		if s.tryDecode(bucketDeliveries, string(k), v, &d) && (d.Owner == owner || d.Notification.Kind == alert.ChannelDead && names[d.Notification.Subject]) {
			d.Notification.Text, d.Notification.Link, d.LastError = "", "", "" // There may be many.
			his = append(his, d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range his {
		err := errors.Join(
			tx.Bucket([]byte(bucketOutbox)).Delete(placeOf(d).key()),
			tx.Bucket([]byte(bucketDeliveries)).Delete([]byte(d.ID)),
			tx.Bucket([]byte(bucketAbout)).Delete([]byte(d.Notification.About()+d.ID)),
		)
		s.dead.note(d.ID, false)
		if err != nil {
			return err
		}
	}
	return nil
}
