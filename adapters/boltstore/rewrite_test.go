package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// plainFile makes a store of schema 1 in dir, as the first releases did, with n
// applications, and returns what is in it.
func plainFile(t testing.TB, dir string, n int) map[string]string {
	t.Helper()
	s, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	furnish(t, s, n)
	all := dump(t, s)
	err = s.db().Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(bucketMeta))
		return errors.Join(meta.Put([]byte(keySchema), []byte("1")), meta.Delete([]byte(keyKey)))
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

// secretIn returns the names of the files in dir that hold the word.
func secretIn(t testing.TB, dir, word string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(word)) {
			names = append(names, e.Name())
		}
	}
	return names
}

// leftOver fails for every file in dir that is still being written.
func leftOver(t testing.TB, dir string) {
	t.Helper()
	for _, pattern := range []string{"*" + newSuffix, "*" + tempSuffix} {
		if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
			t.Errorf("left over: %q, %v", left, err)
		}
	}
}

func TestMigrationSealsAPlainFile(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	want := plainFile(t, dir, 20)
	if got := secretIn(t, dir, secret); len(got) != 1 {
		t.Fatalf("plain text in %q, want the store", got)
	}
	s := openWith(t, dir, keys)
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("-before +after\n%s", diff)
	}
	if s.count != 20 {
		t.Errorf("%d applications", s.count)
	}
	usable(t, s)
	for _, word := range []string{secret, "ZZZZ20260105"} {
		if got := secretIn(t, dir, word); len(got) > 0 {
			t.Errorf("plain text in %q", got)
		}
	}
	leftOver(t, dir)
	// The backup is that of the plain file, and can be brought back.
	backups, err := s.Backups(t.Context())
	if err != nil || len(backups) != 1 {
		t.Fatalf("%d backups, %v", len(backups), err)
	}
	shut(t, s, dir)
	if _, err := Restore(t.Context(), RestoreConfig{Dir: dir, Name: backups[0].Name, Keys: keys, Logger: discard()}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(withoutWaysIn(want), dump(t, openWith(t, dir, keys))); diff != "" {
		t.Errorf("-before +restored\n%s", diff)
	}
}

func TestWrongKeyChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openWith(t, dir, newKeys("owner"))
	furnish(t, s, 2)
	shut(t, s, dir)
	before, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir, Keys: newKeys("somebody else"), Logger: discard()}); !errors.Is(err, ErrWrongKey) {
		t.Errorf("got %v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was touched (%v)", err)
	}
	openWith(t, dir, newKeys("owner")) // Nothing is locked.
}

func TestRekey(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 20)
	want, old := dump(t, s), s.sealer.current.Load()
	box, wrapped, err := keys.New()
	if err := errors.Join(err, s.Rekey(t.Context(), box, wrapped)); err != nil {
		t.Fatal(err)
	}
	check := func(s *Store) {
		t.Helper()
		if diff := cmp.Diff(want, dump(t, s)); diff != "" {
			t.Errorf("-before +after\n%s", diff)
		}
		usable(t, s)
	}
	check(s)
	leftOver(t, dir)
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil || bytes.Contains(raw, old.wrapped) {
		t.Errorf("the old key is still in the file (%v)", err)
	}
	if err := s.view(func(tx *bbolt.Tx) error {
		// The person is a file of the owner's, who stays the same.
		if tried, opened := sample(tx, old.box); tried == 0 || opened > 1 {
			t.Errorf("the old key opens %d of %d values", opened, tried)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if _, err := s.Backup(t.Context(), "test"); err != nil {
		t.Errorf("back up with the new key: %v", err)
	}
	shut(t, s, dir)
	check(openWith(t, dir, keys))
}

// TestRekeyLeavesWhatCannotBeRead: one bad value must not keep the key from
// being changed, nor an application whose reference is lost from being removed.
func TestRekeyLeavesWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir, keys, log := t.TempDir(), newKeys("owner"), new(bytes.Buffer)
	s, err := Open(Config{Dir: dir, Keys: keys, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	b := addApplication(t, s, watch.Application{Watchers: []watch.Watcher{{Owner: jana, Label: "good"}}, Reference: reference(t, zov2)})
	poison(t, s, bucketApplications, string(a.ID))
	box, wrapped, err := keys.New()
	if err := errors.Join(err, s.Rekey(t.Context(), box, wrapped)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Application(t.Context(), b.ID); err != nil || got.Watchers[0].Label != "good" {
		t.Errorf("the other one: %+v, %v", got, err)
	}
	if !strings.Contains(log.String(), string(a.ID)) || strings.Contains(log.String(), secret) {
		t.Errorf("log: %s", log)
	}
	if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
		t.Errorf("remove: %v", err)
	}
	if n := keysIn(t, s, bucketReferences); n != 1 {
		t.Errorf("%d references, want that of the other", n)
	}
}

func TestCompactLeavesNothingOfWhatWasRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir) // Plain, so that what is left can be seen.
	gone := addApplication(t, s, watch.Application{Watchers: []watch.Watcher{{Owner: jana, Label: "Huitzilopochtli"}}, Reference: reference(t, zov2)})
	var others []watch.ID
	for n := range 300 {
		a := addApplication(t, s, watch.Application{Watchers: []watch.Watcher{{Owner: jana, Label: strings.Repeat("x", 900)}}, Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", 5000+n))})
		others = append(others, a.ID)
	}
	for _, id := range append(others[10:], gone.ID) {
		if err := dropLeft(s.Remove(t.Context(), id, jana)); err != nil {
			t.Fatal(err)
		}
	}
	want := dump(t, s)
	if len(secretIn(t, dir, "Huitzilopochtli")) == 0 {
		t.Fatal("the test cannot fail: nothing is left without compaction")
	}
	before, err := os.Stat(filepath.Join(dir, FileName))
	if err := errors.Join(err, s.Compact(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := secretIn(t, dir, "Huitzilopochtli"); len(got) > 0 {
		t.Errorf("it is still in %q", got)
	}
	after, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil || after.Size() > before.Size()/2 {
		t.Errorf("from %d to %d bytes, %v", before.Size(), after.Size(), err)
	}
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("-before +after\n%s", diff)
	}
	addChannel(t, s, alert.Channel{ID: "phone"})
	if _, err := copyOf(t, dir).Channel(t.Context(), "phone"); err != nil {
		t.Errorf("what is written afterwards is not in the file: %v", err)
	}
	if _, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: discard()}); !errors.Is(err, ErrLocked) {
		t.Errorf("the lock was lost: %v", err)
	}
}

func TestRewriteThatIsEndedLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openWith(t, dir, newKeys("owner"))
	for n := range 60 { // More than one batch.
		addChannel(t, s, alert.Channel{ID: fmt.Sprint(n), Name: strings.Repeat("x", 100_000)})
	}
	want := dump(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	leftOver(t, dir)
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("-before +after\n%s", diff)
	}
	addChannel(t, s, alert.Channel{ID: "phone"})
}

// TestReadersAndWritersGoOnDuringARewrite: none of them may see anything but
// what was written, nor an error.
func TestReadersAndWritersGoOnDuringARewrite(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 10)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	again := func(what string, fn func(n int) error) {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := fn(n); err != nil {
					t.Errorf("%s: %v", what, err)
					return
				}
			}
		})
	}
	again("read", func(int) error {
		n := 0
		err := s.EveryApplication(t.Context(), func(a watch.Application) bool {
			if a.Watchers[0].Label == secret {
				n++
			}
			return true
		})
		if n != 10 {
			err = errors.Join(err, fmt.Errorf("%d applications", n))
		}
		return err
	})
	again("write", func(n int) error {
		id := fmt.Sprint("channel", n)
		if err := s.AddChannel(t.Context(), alert.Channel{ID: id, Name: id}); err != nil {
			return err
		}
		c, err := s.Channel(t.Context(), id)
		if c.Name != id {
			err = errors.Join(err, fmt.Errorf("wrote %s, read %+v", id, c))
		}
		return errors.Join(err, s.RemoveChannel(t.Context(), id))
	})
	for range 15 {
		box, wrapped, err := keys.New()
		err = errors.Join(err, s.Rekey(t.Context(), box, wrapped), s.Compact(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
	usable(t, s)
}

func TestOpenRemovesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := []string{FileName + newSuffix, backupName(time.Now()) + tempSuffix, "cz-visa-monitor123" + tempSuffix}
	for _, name := range left {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "somebody's.tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	for _, name := range left {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "somebody's.tmp")); err != nil {
		t.Errorf("a file of somebody else: %v", err)
	}
}
