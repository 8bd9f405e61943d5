package boltstore

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// backUp makes a backup of s.
func backUp(t testing.TB, s *Store) Info {
	t.Helper()
	info, err := s.Backup(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// restored puts the backup of s of this name into a directory of its own, and
// opens it.
func restored(t testing.TB, dir, name string, keys Keys) *Store {
	t.Helper()
	to := t.TempDir()
	got, err := Restore(t.Context(), RestoreConfig{Dir: to, Path: filepath.Join(dir, name), Keys: keys, Logger: discard()})
	if err != nil || got != (Result{}) {
		t.Fatalf("%+v, %v", got, err)
	}
	leftOver(t, to)
	return openWith(t, to, keys)
}

func TestBackupHoldsEverything(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 20)
	next := time.Now().Add(time.Hour)
	var first watch.ID
	if err := s.EveryApplication(t.Context(), func(a watch.Application) bool { first = a.ID; return false }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), first, unchanged(next)); err != nil { // It waits in memory.
		t.Fatal(err)
	}
	info := backUp(t, s)
	want := dump(t, s)
	addChannel(t, s, alert.Channel{ID: "later"})
	leftOver(t, dir)
	for _, word := range []string{secret, "bolt", "applications", "ZZZZ"} {
		for _, name := range secretIn(t, dir, word) {
			if name == info.Name {
				t.Errorf("the backup shows %q", word)
			}
		}
	}
	back := restored(t, dir, info.Name, keys)
	if diff := cmp.Diff(withoutWaysIn(want), dump(t, back)); diff != "" {
		t.Errorf("-at the time of backup +restored\n%s", diff)
	}
	usable(t, back)
	if a, err := back.Application(t.Context(), first); err != nil || !a.State.NextCheckAt.Equal(next) {
		t.Errorf("what waited in memory is not in it: %s, %v", a.State.NextCheckAt, err)
	}
}

func TestBackupsAreListed(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 1)
	one, two := backUp(t, s), backUp(t, s) // Within one second.
	if one.Name == two.Name {
		t.Fatal("the second one took the place of the first")
	}
	for _, name := range []string{"cz-visa-monitor-20261124T143803Z.bak.tmp", "holiday.bak"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, one.Name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.VerifyBackup(t.Context(), one.Name); !errors.Is(err, ErrBadBackup) {
		t.Errorf("the damaged one: %v", err)
	}
	if err := s.VerifyBackup(t.Context(), two.Name); err != nil {
		t.Errorf("the good one: %v", err)
	}
	all, err := s.Backups(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != two.Name || all[0].Health != Good || all[1].Health != Damaged || all[0].Size != two.Size {
		t.Errorf("got %+v, %v", all, err)
	}
	if got, err := s.Expires(t.Context(), two.Name); err != nil || got.Before(time.Now()) {
		t.Errorf("expires %s, %v", got, err)
	}
	for _, name := range []string{"", "../" + two.Name, "cz-visa-monitor-20200101T000000Z.bak", FileName} {
		if err := s.VerifyBackup(t.Context(), name); !errors.Is(err, ErrBadBackup) {
			t.Errorf("verify %q: %v", name, err)
		}
		if _, err := s.Expires(t.Context(), name); !errors.Is(err, ErrBadBackup) {
			t.Errorf("expiry of %q: %v", name, err)
		}
	}
	if got, ok := Newest(dir, keys); !ok || got.Name != two.Name {
		t.Errorf("the newest is %+v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, two.Name), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, ok := Newest(dir, nil); !ok || got.Name != two.Name {
		t.Errorf("the newest by name is %+v", got)
	}
	if got, ok := Newest(dir, keys); ok {
		t.Errorf("a damaged one is the newest good one: %+v", got)
	}
}

func TestBackupThatIsEndedLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openWith(t, dir, newKeys("owner"))
	furnish(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Backup(ctx, "test"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	leftOver(t, dir)
	if all, err := s.Backups(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("got %+v, %v", all, err)
	}
}

// forgetful loses what it is given to encrypt, as a broken disk might.
type forgetful struct{ Box }

func (f forgetful) Digest(plain []byte) []byte { return f.Box.Digest(plain) }

func (f forgetful) Seal(_, _ string, plain []byte) ([]byte, error) {
	return bytes.Repeat([]byte{1}, len(plain)), nil
}

func TestBackupThatCannotBeReadBackFails(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	f := s.sealer.current.Load()
	s.sealer.current.Store(&file{db: f.db, box: forgetful{f.box}, wrapped: f.wrapped})
	addChannel(t, s, alert.Channel{ID: "phone"})
	if _, err := s.Backup(t.Context(), "test"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("got %v", err)
	}
	leftOver(t, dir)
	if all, err := s.Backups(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("got %+v, %v", all, err)
	}
}

// report is what a Keeper reports.
type report struct {
	kind Trouble
	bad  bool
}

// keeper runs a Keeper in a bubble; its reports can be read.
func keeper(t *testing.T, s *Store, copies string) (reports func() []report) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all []report
	mail := make(chan report, 1000)
	k := NewKeeper(KeeperConfig{
		Store: s, Copies: copies, Location: time.UTC, Logger: discard(),
		Report: func(_ context.Context, kind Trouble, err error) { mail <- report{kind, err != nil} },
	})
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the keeper: %v", err)
		}
	})
	return func() []report {
		synctest.Wait()
		for len(mail) > 0 {
			all = append(all, <-mail)
		}
		got := all
		all = nil
		return got
	}
}

// names returns the names of the backups in dir.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	backups, err := backupsIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range backups {
		all = append(all, b.Name)
	}
	return all
}

func TestKeeperMakesADailyBackupAndCopies(t *testing.T) {
	t.Parallel()
	dir, share := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) { // It begins at midnight.
		s, err := Open(Config{Dir: dir, Keys: newKeys("owner"), Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		reports := keeper(t, s, share)
		fine := []report{{NoBackup, false}, {NoCopy, false}}
		if diff := cmp.Diff(fine, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("at start: %s", diff)
		}
		time.Sleep(3 * time.Hour)
		if got := reports(); len(got) > 0 {
			t.Errorf("before the night: %+v", got)
		}
		time.Sleep(time.Hour)
		if diff := cmp.Diff(fine, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("at night: %s", diff)
		}
		time.Sleep(20 * 24 * time.Hour)
		if got := reports(); len(got) != 40 {
			t.Errorf("%d reports of 20 nights", len(got))
		}
		here, there := names(t, dir), names(t, share)
		if len(here) < keepDays || len(here) > keepDays+keepWeeks+keepMonths {
			t.Errorf("%d backups are kept", len(here))
		}
		if diff := cmp.Diff(here, there); diff != "" {
			t.Errorf("-here +on the share\n%s", diff)
		}
		for _, name := range here {
			a, err := os.ReadFile(filepath.Join(dir, name))
			b, err2 := os.ReadFile(filepath.Join(share, name))
			if err := errors.Join(err, err2); err != nil || !bytes.Equal(a, b) {
				t.Errorf("%s differs, %v", name, err)
			}
		}
	})
	leftOver(t, share)
}

func TestKeeperDoesWithoutTheShare(t *testing.T) {
	t.Parallel()
	dir, share := t.TempDir(), filepath.Join(t.TempDir(), "share")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(Config{Dir: dir, Keys: newKeys("owner"), Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		reports := keeper(t, s, share)
		if diff := cmp.Diff([]report{{NoBackup, false}, {NoCopy, true}}, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("without the share: %s", diff)
		}
		if _, err := os.Stat(share); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it was made: %v", err)
		}
		time.Sleep(24 * time.Hour)
		reports()
		if err := os.Mkdir(share, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if diff := cmp.Diff([]report{{NoBackup, false}, {NoCopy, false}}, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("with the share: %s", diff)
		}
		if diff := cmp.Diff(names(t, dir), names(t, share)); diff != "" {
			t.Errorf("what was missed was not made up for: %s", diff)
		}
	})
}

func TestKeeperTriesAgainAfterAnHour(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(Config{Dir: dir, Keys: newKeys("owner"), Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		addChannel(t, s, alert.Channel{ID: "phone"})
		f := s.sealer.current.Load()
		s.sealer.current.Store(&file{db: f.db, box: forgetful{f.box}, wrapped: f.wrapped})
		if _, err := s.EditChannel(t.Context(), "phone", func(c *alert.Channel) error { c.Name = "x"; return nil }); err != nil {
			t.Fatal(err)
		}
		reports := keeper(t, s, "")
		if diff := cmp.Diff([]report{{NoBackup, true}}, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("at start: %s", diff)
		}
		s.sealer.current.Store(f)
		if err := s.RemoveChannel(t.Context(), "phone"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour + time.Second)
		if diff := cmp.Diff([]report{{NoBackup, false}}, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("an hour later: %s", diff)
		}
	})
}

func TestKeeperMakesNoneBesideAFreshOne(t *testing.T) {
	t.Parallel()
	dir, share := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(Config{Dir: dir, Keys: newKeys("owner"), Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		info := backUp(t, s)
		time.Sleep(30 * time.Minute)
		reports := keeper(t, s, share)
		if diff := cmp.Diff([]report{{NoCopy, false}}, reports(), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("at start: %s", diff)
		}
		if diff := cmp.Diff([]string{info.Name}, names(t, share)); diff != "" {
			t.Error(diff)
		}
	})
}
