//go:build linux || darwin

package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
)

// TestNoRoomForACopy lets everything that copies the store run into a full disk.
func TestNoRoomForACopy(t *testing.T) {
	if os.Getenv(fullDiskDir) != "" {
		copyWithoutRoom(t, t.TempDir())
		return
	}
	inChild(t, t.TempDir())
}

// copyWithoutRoom is TestNoRoomForACopy in the child.
func copyWithoutRoom(t *testing.T, dir string) {
	keys := newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 5)
	for n := range 50 {
		addChannel(t, s, alert.Channel{ID: fmt.Sprint(n), Name: strings.Repeat("x", 10_000)})
	}
	good, want := backUp(t, s), dump(t, s)
	file, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	box, wrapped, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	plain := t.TempDir()
	wantPlain := plainFile(t, plain, 80)

	lift := limitFiles(t, 100_000)
	_, backup := s.Backup(t.Context(), "test")
	_, restore := Restore(t.Context(), RestoreConfig{Dir: t.TempDir(), Path: filepath.Join(dir, good.Name), Keys: keys, Logger: discard()})
	_, migrate := Open(Config{Dir: plain, Keys: keys, Logger: discard()})
	for what, err := range map[string]error{
		"backup": backup, "restore": restore, "migrate": migrate,
		"compact": s.Compact(t.Context()), "rekey": s.Rekey(t.Context(), box, wrapped),
		"verify": s.VerifyBackup(t.Context(), good.Name),
		"copy":   fullOnly(copyBackup(t.Context(), filepath.Join(dir, good.Name), filepath.Join(plain, good.Name))),
	} {
		if err == nil || !strings.Contains(err.Error(), "free some space") || errors.Is(err, ErrBadBackup) || errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	lift()
	leftOver(t, dir)
	leftOver(t, plain)
	if got := names(t, dir); len(got) != 1 || got[0] != good.Name {
		t.Errorf("the backups are %q", got)
	}
	if err := s.VerifyBackup(t.Context(), good.Name); err != nil {
		t.Errorf("the good backup: %v", err)
	}
	if now, err := os.ReadFile(filepath.Join(dir, FileName)); err != nil || !bytes.Equal(now, file) {
		t.Errorf("the store was touched (%v)", err)
	}
	// With room again everything goes on.
	backUp(t, s)
	if err := errors.Join(s.Rekey(t.Context(), box, wrapped), s.Compact(t.Context())); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("-before +after\n%s", diff)
	}
	if diff := cmp.Diff(wantPlain, dump(t, openWith(t, plain, keys))); diff != "" {
		t.Errorf("migrated: -before +after\n%s", diff)
	}
}
