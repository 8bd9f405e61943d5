package boltstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// rekeyed counts the entries of the audit trail about another key.
func rekeyed(t *testing.T, s *Store) int {
	t.Helper()
	entries, err := s.AuditTrail(t.Context(), 0, 1000, func(e account.Entry) bool { return e.Action == account.KeyRotated })
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// backupDue reports whether a backup for the key of the store is owed.
func backupDue(t *testing.T, s *Store) bool {
	t.Helper()
	due, err := s.BackupDue()
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// TestRekeyIsInTheTrail: the entry stands in the file that is sealed for the new
// key, and in no other, and so does what is owed because of it.
func TestRekeyIsInTheTrail(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 2)
	if err := s.ConfirmRecovery(commandLine(t)); err != nil {
		t.Fatal(err)
	}
	confirmed := func() bool {
		t.Helper()
		at, err := s.RecoveryConfirmed(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return !at.IsZero()
	}
	box, wrapped, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	// A bucket that nobody knows: a rewrite would lose it, and refuses.
	unknown := func(change func(*bbolt.Tx) error) {
		t.Helper()
		if err := s.db().Update(change); err != nil {
			t.Fatal(err)
		}
	}
	unknown(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("unknown")); return err })
	for what, rekey := range map[string]func(context.Context, Box, []byte) error{"Rekey": s.Rekey, "RekeyRecovery": s.RekeyRecovery} {
		if err := rekey(commandLine(t), box, wrapped); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s.SealedWith(wrapped) || rekeyed(t, s) > 0 || backupDue(t, s) || !confirmed() {
		t.Errorf("after one that failed: sealed for the new key %t, %d entries, a backup is due %t, the sheet is confirmed %t",
			s.SealedWith(wrapped), rekeyed(t, s), backupDue(t, s), confirmed())
	}
	leftOver(t, dir)
	unknown(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("unknown")) })

	if err := s.Rekey(commandLine(t), box, wrapped); err != nil {
		t.Fatal(err)
	}
	if !s.SealedWith(wrapped) || rekeyed(t, s) != 1 || !backupDue(t, s) || !confirmed() {
		t.Errorf("sealed for the new key %t, %d entries, a backup is due %t, the sheet is confirmed %t",
			s.SealedWith(wrapped), rekeyed(t, s), backupDue(t, s), confirmed())
	}
	usable(t, s)
	box, wrapped, err = keys.New()
	if err := errors.Join(err, s.RekeyRecovery(commandLine(t), box, wrapped), s.Compact(t.Context())); err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
	s = openWith(t, dir, keys)
	if rekeyed(t, s) != 2 || !backupDue(t, s) || confirmed() {
		t.Errorf("%d entries, a backup is due %t, the sheet is confirmed %t", rekeyed(t, s), backupDue(t, s), confirmed())
	}
	usable(t, s)
	backUp(t, s)
	if backupDue(t, s) {
		t.Error("the backup is made, and still due")
	}
}

// The keeper makes the backup that is owed for a new key, however fresh the one
// for the old key is.
func TestKeeperMakesTheBackupForANewKey(t *testing.T) {
	t.Parallel()
	dir, share := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		keys := newKeys("owner")
		s, err := Open(Config{Dir: dir, Keys: keys, Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		backUp(t, s)
		box, wrapped, err := keys.New()
		if err := errors.Join(err, s.Rekey(t.Context(), box, wrapped)); err != nil {
			t.Fatal(err)
		}
		reports := keeper(t, s, share)
		if diff := cmp.Diff([]report{{NoBackup, false}, {NoCopy, false}}, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Error(diff)
		}
		if got := names(t, share); len(got) != 2 || backupDue(t, s) {
			t.Errorf("the copies are %q", got)
		}
	})
}

// TestBackupWhileACompactionIsOwed: what was removed does not get into a backup
// that somebody asks for; where it does, the log names it.
func TestBackupWhileACompactionIsOwed(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), new(bytes.Buffer)
	s, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	h := newHousehold(t, s, dir)
	if err := s.RemovePerson(commandLine(t), h.person.ID); err != nil {
		t.Fatal(err)
	}
	made := backUp(t, s)
	if at := found(t, dir, []string{"Name-of-the-person"}); len(at) > 0 || owing(t, s) {
		t.Errorf("left: %v", at)
	}
	if strings.Contains(log.String(), "may hold") {
		t.Errorf("the log says %s", log)
	}
	if err := s.ForgetOwner(commandLine(t), h.owner); err != nil {
		t.Fatal(err)
	}
	err = s.db().Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("unknown"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	later := backUp(t, s)
	if !strings.Contains(log.String(), "may hold") || strings.Count(log.String(), later.Name) < 2 || later.Name == made.Name {
		t.Errorf("the log does not say that %s may hold what was removed: %s", filepath.Base(later.Name), log)
	}
}
