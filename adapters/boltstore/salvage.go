package boltstore

import (
	"errors"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
)

// settledSince returns the messages that wait in the restored file but were
// settled since, as the store at path knows. If that one cannot be read, unread
// says why.
func (c RestoreConfig) settledSince(restored, path string) (settled []alert.Delivery, unread error) {
	unread = guarded(func() error {
		if err := inspect(path, c.openPresent); err != nil {
			return err
		}
		since, err := c.ajar(path, c.openPresent, true)
		if err != nil {
			return err
		}
		from, err := c.ajar(restored, c.Keys.Open, true)
		if err != nil {
			return errors.Join(err, since.db().Close())
		}
		settled, err = since.settledOf(from)
		return errors.Join(err, since.db().Close(), from.db().Close())
	})
	if unread != nil {
		return nil, unread
	}
	return settled, nil
}

// openPresent opens the key of the store that is there.
func (c RestoreConfig) openPresent(wrapped []byte) (Box, error) {
	if c.Own != nil {
		if box, err := c.Own.Open(wrapped); err == nil {
			return box, nil
		}
	}
	return c.Keys.Open(wrapped)
}

// ajar opens a checked file, so that Restore can read and change it.
func (c RestoreConfig) ajar(path string, open openKey, readOnly bool) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType, ReadOnly: readOnly})
	if err != nil {
		return nil, explain(err)
	}
	s := &Store{log: c.Logger}
	s.sealer.path = path
	s.late.init()
	s.late.stop()
	f := &file{db: db, box: Plain{}}
	s.sealer.current.Store(f)
	version, err := s.schema()
	if err == nil && version >= schemaSealed {
		if f.wrapped, err = s.wrapped(); err == nil {
			f.box, err = open(f.wrapped)
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// settledOf returns what waits in the store before and is settled in s.
func (s *Store) settledOf(before *Store) (settled []alert.Delivery, err error) {
	waits, err := before.waiting()
	if err != nil {
		return nil, err
	}
	err = s.view(func(tx *bbolt.Tx) error {
		for _, d := range waits {
			var now alert.Delivery
			if s.try(tx, bucketDeliveries, d.ID, &now) && now.State != alert.Waiting {
				settled = append(settled, now)
			}
		}
		return nil
	})
	return settled, err
}

// settle settles deliveries as another version of the store did.
func (s *Store) settle(tx *bbolt.Tx, settled []alert.Delivery) error {
	for _, now := range settled {
		var waits alert.Delivery
		if !s.try(tx, bucketDeliveries, now.ID, &waits) {
			continue
		}
		// Its place in the line to be taken from, and whose it is here.
		now.Seq, now.Owner = waits.Seq, waits.Owner
		if err := s.putDelivery(tx, now); err != nil {
			return err
		}
	}
	return nil
}

// waiting returns every delivery that waits.
func (s *Store) waiting() (waits []alert.Delivery, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		outbox := tx.Bucket([]byte(bucketOutbox))
		if outbox == nil {
			return nil
		}
		return outbox.ForEach(func(k, v []byte) error {
			var d alert.Delivery
			if s.try(tx, bucketDeliveries, readPlace(k, v).id, &d) {
				waits = append(waits, d)
			}
			return nil
		})
	})
	return waits, err
}
