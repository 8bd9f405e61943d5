package boltstore

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// deadLettersAreRight holds the dead letters that s has followed against those
// that are in its file. Every test of the store ends with it.
func deadLettersAreRight(t testing.TB, s *Store) {
	t.Helper()
	s.dead.mu.Lock()
	followed := slices.Sorted(maps.Keys(s.dead.ids))
	made := s.dead.ids != nil
	s.dead.ids = nil
	s.dead.mu.Unlock()
	if !made {
		return
	}
	if _, err := s.countDead(); errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return // It is closed already, and was looked at then.
	} else if err != nil {
		t.Errorf("count the dead letters: %v", err)
		return
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(s.dead.ids)), followed); diff != "" {
		t.Errorf("the dead letters of the file (-) are not those followed (+):\n%s", diff)
	}
}

// outboxIs compares counts, and returns the oldest.
func outboxIs(t *testing.T, s *Store, waiting, held, dead int) time.Time {
	t.Helper()
	got, err := s.OutboxState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	oldest := got.Oldest
	got.Oldest = time.Time{}
	if want := (alert.OutboxState{Waiting: waiting, Held: held, Dead: dead}); got != want {
		t.Errorf("the outbox is %+v, want %+v", got, want)
	}
	return oldest
}

func TestOutboxState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, c := open(t, dir), quiet("phone")
		if at := outboxIs(t, s, 0, 0, 0); !at.IsZero() {
			t.Errorf("the oldest of none is of %s", at)
		}
		began := time.Now()
		ds := filled(t, s, c, 4)
		if at := outboxIs(t, s, 4, 0, 0); !at.Equal(began) {
			t.Errorf("the oldest is of %s, want %s", at, began)
		}
		keepBack(t, s, c, heldBack(ds[:1], 7*time.Hour))
		if at := outboxIs(t, s, 3, 1, 0); !at.Equal(ds[1].CreatedAt.Truncate(time.Millisecond)) {
			t.Errorf("the oldest is of %s, want that of %s, which is not held", at, ds[1].CreatedAt)
		}
		for i, state := range map[int]alert.DeliveryState{1: alert.Delivered, 2: alert.DeadLetter, 3: alert.DeadLetter} {
			d := ds[i]
			d.State, d.SettledAt, d.NextAttemptAt = state, time.Now(), time.Time{}
			if err := s.Settle(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		outboxIs(t, s, 0, 1, 2)
		outboxIs(t, copyOf(t, dir), 0, 1, 2) // The same after a restart.
		if _, err := s.Revive(account.As(t.Context(), account.CommandLine()), ds[2].ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		outboxIs(t, s, 1, 1, 1)
		time.Sleep(7 * time.Hour)
		if at := outboxIs(t, s, 2, 0, 1); !at.Equal(began) {
			t.Errorf("the oldest is of %s, want that which is held no longer", at)
		}
		// After 90 days it is forgotten, with the next one that is settled.
		time.Sleep(keepDeliveries + time.Hour)
		last := dueNow(t, s, 2)[0]
		last.State, last.SettledAt, last.NextAttemptAt = alert.Delivered, time.Now(), time.Time{}
		if err := s.Settle(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		outboxIs(t, s, 1, 0, 0)
	})
}

// TestOutboxStateOfARefusedWrite: what was not committed is not counted.
func TestOutboxStateOfARefusedWrite(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ds := filled(t, s, quiet("phone"), 1)
	refused := errors.New("refused")
	s.write.Lock()
	err := s.update(func(tx *bbolt.Tx) error {
		d := ds[0]
		d.State = alert.DeadLetter
		return errors.Join(s.putDelivery(tx, d), refused)
	})
	s.write.Unlock()
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	outboxIs(t, s, 1, 0, 0)
}

// TestErasedOwnerLeavesNoDeadLetters: they are not counted any more.
func TestErasedOwnerLeavesNoDeadLetters(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	d := filled(t, s, quiet("phone"), 1)[0]
	d.State, d.SettledAt, d.NextAttemptAt = alert.DeadLetter, time.Now(), time.Time{}
	if err := s.Settle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	outboxIs(t, s, 0, 0, 1)
	if err := s.ForgetOwner(account.As(t.Context(), account.CommandLine()), jana); err != nil {
		t.Fatal(err)
	}
	outboxIs(t, s, 0, 0, 0)
}

func TestNewestBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	newest := func(want time.Time) {
		t.Helper()
		if at, err := s.NewestBackup(); err != nil || !at.Equal(want) {
			t.Errorf("the newest backup is of %s, want %s, %v", at, want, err)
		}
	}
	newest(time.Time{})
	made := backUp(t, s)
	newest(made.At.Truncate(time.Second))
	later := backupName(made.At.Add(time.Hour))
	if err := os.WriteFile(filepath.Join(dir, later), []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.VerifyBackup(t.Context(), later); err == nil {
		t.Error("what is no backup was verified")
	}
	newest(made.At.Truncate(time.Second)) // Not the one that is known to be damaged.
	size, err := s.Size()
	info, statErr := os.Stat(filepath.Join(dir, FileName))
	if err := errors.Join(err, statErr); err != nil || size != info.Size() {
		t.Errorf("the size is %d, want that of the file, %v", size, err)
	}
}
