package boltstore

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// rekeyFor seals the store of "owner" in dir for keys.
func rekeyFor(t *testing.T, dir string, keys Keys) {
	t.Helper()
	s := openWith(t, dir, newKeys("owner"))
	box, wrapped, err := keys.New()
	if err := errors.Join(err, s.Rekey(t.Context(), box, wrapped)); err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
}

// elsewhere makes a backup for "owner" in a directory of its own, and returns its
// path and what a restoration brings back.
func elsewhere(t *testing.T, applications int) (path string, want map[string]string) {
	t.Helper()
	dir := t.TempDir()
	s := openWith(t, dir, newKeys("owner"))
	furnish(t, s, applications)
	return filepath.Join(dir, backUp(t, s).Name), withoutWaysIn(dump(t, s))
}

func TestRestoreSealsForTheOwnKey(t *testing.T) {
	t.Parallel()
	path, want := elsewhere(t, 5)
	dir, own := t.TempDir(), newKeys("own")
	if _, err := Restore(t.Context(), RestoreConfig{Dir: dir, Path: path, Keys: newKeys("owner"), Own: own, Logger: discard()}); err != nil {
		t.Fatal(err)
	}
	leftOver(t, dir)
	if _, err := Open(Config{Dir: dir, Keys: newKeys("owner"), Logger: discard()}); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the key of the backup opens it: %v", err)
	}
	s := openWith(t, dir, own)
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("-at the time of backup +restored\n%s", diff)
	}
	usable(t, s)
	restored(t, dir, backUp(t, s).Name, own)
}

// A backup from before there were keys is sealed before it takes its place.
func TestRestoreSealsAPlainBackup(t *testing.T) {
	t.Parallel()
	from, keys := t.TempDir(), newKeys("owner")
	want := withoutWaysIn(plainFile(t, from, 3))
	shut(t, openWith(t, from, keys), from)
	path := filepath.Join(from, names(t, from)[0])
	for name, own := range map[string]Keys{"for the key of the backup": nil, "for another one": newKeys("own")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := RestoreConfig{Dir: dir, Path: path, Keys: keys, Own: own, Logger: discard()}
			if _, err := Restore(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			leftOver(t, dir)
			if got := secretIn(t, dir, secret); len(got) > 0 {
				t.Errorf("plain text in %q", got)
			}
			if diff := cmp.Diff(want, dump(t, openWith(t, dir, c.own()))); diff != "" {
				t.Errorf("-before +restored\n%s", diff)
			}
		})
	}
}

// spoiltKeys make no key, or one that seals a few values and then calls fail.
type spoiltKeys struct {
	testKeys
	none error
	fail func() error
}

func (k spoiltKeys) New() (Box, []byte, error) {
	if k.none != nil {
		return nil, nil, k.none
	}
	box, wrapped, err := k.testKeys.New()
	return &spoiltBox{Box: box, left: 9, fail: k.fail}, wrapped, err
}

type spoiltBox struct {
	Box
	left int
	fail func() error
}

func (b *spoiltBox) Seal(bucket, key string, plain []byte) ([]byte, error) {
	if b.left--; b.left < 0 {
		if err := b.fail(); err != nil {
			return nil, err
		}
	}
	return b.Box.Seal(bucket, key, plain)
}

// TestRestoreThatFailsReplacesNothing: whatever fails while a backup is sealed for
// the own key, the store that is there stands as it was.
func TestRestoreThatFailsReplacesNothing(t *testing.T) {
	t.Parallel()
	path, _ := elsewhere(t, 5)
	own, refused := newKeys("own"), errors.New("the two keys are the same")
	tests := []struct {
		name string
		keys func(end context.CancelFunc) Keys
		want error
		says string
	}{
		{"there is no key", func(context.CancelFunc) Keys { return spoiltKeys{testKeys: own, none: refused} }, refused, "own key"},
		{"the disk is full", func(context.CancelFunc) Keys {
			return spoiltKeys{testKeys: own, fail: func() error { return syscall.ENOSPC }}
		}, syscall.ENOSPC, "free some space"},
		{"it panics", func(context.CancelFunc) Keys {
			return spoiltKeys{testKeys: own, fail: func() error { panic("a fault") }}
		}, ErrDamaged, ""},
		{"somebody ends it", func(end context.CancelFunc) Keys {
			return spoiltKeys{testKeys: own, fail: func() error { end(); return context.Canceled }}
		}, context.Canceled, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			present := openWith(t, dir, own)
			addChannel(t, present, alert.Channel{ID: "phone"})
			shut(t, present, dir)
			before, err := os.ReadFile(filepath.Join(dir, FileName))
			if err != nil {
				t.Fatal(err)
			}
			ctx, end := context.WithCancel(t.Context())
			defer end()
			got, err := Restore(ctx, RestoreConfig{Dir: dir, Path: path, Keys: newKeys("owner"), Own: tt.keys(end), Logger: discard()})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || got != (Result{}) {
				t.Errorf("%+v, %v", got, err)
			}
			after, err := os.ReadFile(filepath.Join(dir, FileName))
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the store was touched (%v)", err)
			}
			leftOver(t, dir)
			if kept, err := filepath.Glob(filepath.Join(dir, "*"+replacedInfix+"*")); err != nil || len(kept) > 0 {
				t.Errorf("kept, though it was not replaced: %q, %v", kept, err)
			}
			if _, err := openWith(t, dir, own).Channel(t.Context(), "phone"); err != nil {
				t.Errorf("the own key does not open it: %v", err)
			}
		})
	}
}

// TestRestoreIsNoted: with the name of the backup, but not with what somebody
// calls a file.
func TestRestoreIsNoted(t *testing.T) {
	t.Parallel()
	path, _ := elsewhere(t, 1)
	name := filepath.Base(path)
	for _, tt := range []struct {
		name, file, want string
		byName           bool
	}{
		{"a backup in the directory", name, name, true},
		{"a file of that name", name, name, false},
		{"any file", "jana.bak", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			raw, err := os.ReadFile(path)
			if err := errors.Join(err, os.WriteFile(filepath.Join(dir, tt.file), raw, 0o600)); err != nil {
				t.Fatal(err)
			}
			c := RestoreConfig{Dir: dir, Path: filepath.Join(dir, tt.file), Keys: newKeys("owner"), Own: newKeys("own"), Logger: discard()}
			if tt.byName {
				c.Name, c.Path = tt.file, ""
			}
			if _, err := Restore(account.As(t.Context(), account.CommandLine()), c); err != nil {
				t.Fatal(err)
			}
			s := openWith(t, dir, c.Own)
			last, err := s.AuditTrail(t.Context(), 0, 1, everything)
			if err != nil || len(last) != 1 {
				t.Fatalf("%d entries, %v", len(last), err)
			}
			want := account.Entry{Via: account.ByCommand, Action: account.BackupRestored, Kind: account.KindBackup, Object: tt.want}
			last[0].Seq, last[0].At, last[0].Hash = 0, time.Time{}, ""
			if diff := cmp.Diff(want, last[0]); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if _, broken, err := s.VerifyAudit(t.Context()); err != nil || broken != 0 {
				t.Errorf("the trail is broken at %d, %v", broken, err)
			}
		})
	}
}
