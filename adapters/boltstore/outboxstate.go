package boltstore

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
)

// deadLetters are the IDs of the deliveries that were given up. Their state is
// sealed, so that counting them means opening all; that is done once, when
// somebody asks for the first time, and each commit is followed from then on.
type deadLetters struct {
	// changed is what the transaction under way makes of deliveries; guarded by
	// Store.write, nil while there is none.
	changed map[string]bool

	mu  sync.Mutex
	ids map[string]bool // nil until somebody has asked
}

// note takes down what the transaction under way makes of a delivery: dead or not.
// Outside of Store.update, while a file is brought up to date, nobody follows it.
func (d *deadLetters) note(id string, dead bool) {
	if d.changed != nil {
		d.changed[id] = dead
	}
}

// follow takes over what was committed.
func (d *deadLetters) follow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ids == nil {
		return
	}
	for id, dead := range d.changed {
		if dead {
			d.ids[id] = true
		} else {
			delete(d.ids, id)
		}
	}
}

// count returns how many there are; ok is false before the first set.
func (d *deadLetters) count() (n int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ids), d.ids != nil
}

func (d *deadLetters) set(ids map[string]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ids = ids
}

// countDead returns how many deliveries were given up and are still kept. The
// first call opens every delivery, some 4 µs each, while writing waits.
func (s *Store) countDead() (int, error) {
	if n, ok := s.dead.count(); ok {
		return n, nil
	}
	s.write.Lock()
	defer s.write.Unlock()
	ids := make(map[string]bool)
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketDeliveries)).ForEach(func(k, v []byte) error {
			var d struct {
				State alert.DeliveryState `json:"state"`
			}
			if s.tryDecode(bucketDeliveries, string(k), v, &d) && d.State == alert.DeadLetter {
				ids[string(k)] = true
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	s.dead.set(ids)
	return len(ids), nil
}

// OutboxState counts deliveries. All but the first call open none of them.
func (s *Store) OutboxState(context.Context) (state alert.OutboxState, err error) {
	now := time.Now()
	if state.Dead, err = s.countDead(); err != nil {
		return alert.OutboxState{}, fmt.Errorf("count the dead letters: %w", err)
	}
	err = s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketOutbox)).ForEach(func(k, v []byte) error {
			p := readPlace(k, v)
			if p.aside(now) {
				state.Held++
				return nil
			}
			state.Waiting++
			if at, ok := madeAt(p.id); ok && (state.Oldest.IsZero() || at.Before(state.Oldest)) {
				state.Oldest = at
			}
			return nil
		})
	})
	if err != nil {
		return alert.OutboxState{}, fmt.Errorf("count the outbox: %w", err)
	}
	return state, nil
}

// madeAt returns the time with which an ID begins, see account.NewID.
func madeAt(id string) (time.Time, bool) {
	const digits = 12
	if len(id) < digits {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(id[:digits], 16, 64)
	return time.UnixMilli(ms), err == nil
}

// Size returns how many bytes the file has.
func (s *Store) Size() (int64, error) {
	info, err := os.Stat(s.sealer.path)
	if err != nil {
		return 0, fmt.Errorf("look at the data file: %w", err)
	}
	return info.Size(), nil
}

// NewestBackup returns when the newest backup was made that is not known to be
// damaged; the zero time if there is none.
func (s *Store) NewestBackup() (time.Time, error) {
	all, err := backupsIn(s.dir)
	if err != nil {
		return time.Time{}, err
	}
	for _, b := range all {
		if s.health.of(b.Name) != Damaged {
			return b.At, nil
		}
	}
	return time.Time{}, nil
}
