package boltstore

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// open opens the store in dir; when the test ends it is closed, and bbolt's own
// consistency check must find nothing.
func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.countDead(); err != nil { // From here on each commit is followed.
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	return s
}

// shut closes s and checks its file; closing twice does no harm.
func shut(t testing.TB, s *Store, dir string) {
	t.Helper()
	deadLettersAreRight(t, s)
	if err := s.Close(); err != nil && !errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		t.Errorf("close: %v", err)
	}
	consistent(t, filepath.Join(dir, FileName))
}

// consistent runs bbolt's check over a file that nobody has open.
func consistent(t testing.TB, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		t.Errorf("open for the check: %v", err)
		return
	}
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("inconsistent: %v", err)
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Errorf("check: %v", err)
	}
}

// copyOf opens a copy of the file as it is on disk now: what a crash would leave.
func copyOf(t *testing.T, dir string) *Store {
	t.Helper()
	to := t.TempDir()
	src, err := os.Open(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	dst, err := os.OpenFile(filepath.Join(to, FileName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(dst, src)
	if err := errors.Join(err, src.Close(), dst.Close()); err != nil {
		t.Fatal(err)
	}
	return open(t, to)
}

// jana and petr watch the applications of the tests.
var (
	jana = account.OfUser("0000000000000000000000000001")
	petr = account.OfUser("0000000000000000000000000002")
)

// dropLeft drops what is left of an application after a removal.
func dropLeft(_ watch.Application, err error) error { return err }

func reference(t testing.TB, text string) visa.Reference {
	t.Helper()
	ref, err := visa.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func addApplication(t testing.TB, s *Store, a watch.Application) watch.Application {
	t.Helper()
	if a.ID == "" {
		a.ID = watch.NewID(time.Now())
	}
	if a.Watchers == nil {
		a.Watchers = []watch.Watcher{{Owner: jana}}
	}
	if err := s.Add(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return a
}

func addChannel(t testing.TB, s *Store, c alert.Channel) alert.Channel {
	t.Helper()
	if err := s.AddChannel(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// changing returns a decision that tells of a change to status.
func changing(status visa.Status, next time.Time) func(watch.Application) watch.Decision {
	return func(a watch.Application) watch.Decision {
		st := a.State
		st.Status, st.NextCheckAt = status, next
		d := watch.Decision{
			State: st, Watchers: a.Watchers,
			Entries: []watch.Entry{{At: next, Kind: watch.Changed, From: a.State.Status, To: status}},
		}
		for _, w := range a.Watchers {
			d.Letters = append(d.Letters, watch.Letter{Channels: w.Channels, Notification: alert.Notification{
				Kind: alert.StatusChanged, ApplicationID: string(a.ID), From: a.State.Status, To: status,
			}})
		}
		return d
	}
}

// unchanged returns a decision that moves only the next check.
func unchanged(next time.Time) func(watch.Application) watch.Decision {
	return func(a watch.Application) watch.Decision {
		st := a.State
		st.NextCheckAt = next
		return watch.Decision{State: st, Watchers: a.Watchers}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	raw := func(dir string, fn func(*bbolt.Tx) error) error {
		db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, nil)
		if err != nil {
			return err
		}
		return errors.Join(db.Update(fn), db.Close())
	}
	tests := []struct {
		name    string
		prepare func(dir string) error
		want    error
		says    string
	}{
		{"a newer schema", func(dir string) error {
			return raw(dir, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte(bucketMeta))
				return errors.Join(err, b.Put([]byte(keySchema), []byte("99")))
			})
		}, ErrNewer, "update the program"},
		{"a schema that is no number", func(dir string) error {
			return raw(dir, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte(bucketMeta))
				return errors.Join(err, b.Put([]byte(keySchema), []byte("one")))
			})
		}, ErrDamaged, "backup"},
		{"another program's file", func(dir string) error {
			return raw(dir, func(tx *bbolt.Tx) error {
				_, err := tx.CreateBucket([]byte("birds"))
				return err
			})
		}, ErrDamaged, "another program"},
		{"no bbolt file", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("rubbish ", 4096)), 0o600)
		}, ErrDamaged, "backup"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := tt.prepare(dir); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(filepath.Join(dir, FileName))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: slog.New(slog.DiscardHandler)})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			after, err := os.ReadFile(filepath.Join(dir, FileName))
			if err != nil || string(before) != string(after) {
				t.Errorf("the file was touched (%v)", err)
			}
		})
	}
}

func TestOpenLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	_, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("got %v", err)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		says string
	}{
		{"full disk", &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, "free some space"},
		{"quota", syscall.EDQUOT, "free some space"},
		{"no room to grow", fmt.Errorf("file resize error: %s", syscall.ENOSPC), "free some space"}, //nolint:errorlint // As bbolt does.
		{"read-only mount", syscall.EROFS, "cannot be written"},
		{"no right", os.ErrPermission, "cannot be written"},
		{"something else", errors.New("else"), "else"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := explain(fmt.Errorf("commit: %w", tt.err))
			if !errors.Is(got, tt.err) || !strings.Contains(got.Error(), tt.says) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestMigrationsAreAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	addChannel(t, s, alert.Channel{ID: "c1", Name: "phone"})
	rename := func(s *Store, tx *bbolt.Tx) error {
		return s.put(tx, bucketChannels, "c1", alert.Channel{ID: "c1", Name: "renamed"})
	}
	broken := func(*Store, *bbolt.Tx) error { return errors.New("cannot") }
	if err := s.prepare(append(migrations(), rename, broken)); err == nil {
		t.Fatal("a failing migration was taken")
	}
	if c, err := s.Channel(t.Context(), "c1"); err != nil || c.Name != "phone" {
		t.Errorf("after a failed migration: %+v, %v", c, err)
	}
	if err := s.prepare(append(migrations(), rename)); err != nil {
		t.Fatal(err)
	}
	if v, err := s.schema(); err != nil || v != len(migrations())+1 {
		t.Errorf("schema %d, %v", v, err)
	}
	if c, err := s.Channel(t.Context(), "c1"); err != nil || c.Name != "renamed" {
		t.Errorf("after the migration: %+v, %v", c, err)
	}
	if err := s.prepare(migrations()); !errors.Is(err, ErrNewer) {
		t.Errorf("the older program took the newer file: %v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	token, secret := account.NewToken("", "phone", account.ScopeAdmin, 0, time.Now())
	if err := s.AddToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	got, err := s.Token(t.Context(), account.HashSecret(secret))
	if err != nil || got.ID != token.ID {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.Token(t.Context(), account.HashSecret(secret+"x")); !errors.Is(err, account.ErrNoToken) {
		t.Errorf("a wrong secret: %v", err)
	}
}
