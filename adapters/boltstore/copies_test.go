package boltstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// copiesIn returns what knows the copies of backups in share, "" for none.
func copiesIn(s *Store, share string) *Keeper {
	return NewKeeper(KeeperConfig{Store: s, Copies: share, Location: time.UTC, Logger: discard()})
}

// A backup that somebody asked for reaches the second directory at once.
func TestKeeperCopiesWhenItIsWoken(t *testing.T) {
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
		ctx, cancel := context.WithCancel(t.Context())
		k := copiesIn(s, share)
		k.cfg.Report = func(context.Context, Trouble, error) {}
		done := make(chan error, 1)
		go func() { done <- k.Run(ctx) }()
		synctest.Wait()
		backUp(t, s)
		k.Wake()
		k.Wake()
		synctest.Wait()
		if diff := cmp.Diff(names(t, dir), names(t, share)); diff != "" {
			t.Errorf("-backups +copies\n%s", diff)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		k.Wake() // Nobody is there any more.
	})
}

func TestCopyNow(t *testing.T) {
	t.Parallel()
	dir, share := t.TempDir(), filepath.Join(t.TempDir(), "share")
	s := openWith(t, dir, newKeys("owner"))
	info := backUp(t, s)
	if err := copiesIn(s, "").CopyNow(t.Context()); err != nil {
		t.Errorf("without a second directory: %v", err)
	}
	k := copiesIn(s, share)
	if err := k.CopyNow(t.Context()); err == nil || !strings.Contains(err.Error(), "is the share mounted?") {
		t.Errorf("without the share: %v", err)
	}
	if err := os.Mkdir(share, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := k.CopyNow(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{info.Name}, names(t, share)); diff != "" {
		t.Error(diff)
	}
}

// TestShareThatHangs: nobody waits for a second directory that does not answer, and
// no more than one call to it is left hanging.
func TestShareThatHangs(t *testing.T) {
	t.Parallel()
	share := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k, hangs := copiesIn(nil, share), make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := k.await(ctx, func() ([]Info, error) { <-hangs; return nil, nil })
		if !errors.Is(err, errNoAnswer) {
			t.Errorf("got %v", err)
		}
		begin := time.Now()
		if _, err := k.Copies(t.Context()); !errors.Is(err, errNoAnswer) || time.Since(begin) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		close(hangs)
		if copies, err := k.Copies(t.Context()); err != nil || len(copies) > 0 {
			t.Errorf("when it answers again: %v, %v", copies, err)
		}
	})
}

// TestErasureNamesCopies: those in the second directory are named too, whether or
// not the backup itself is still there, and it is said when nobody could look.
func TestErasureNamesCopies(t *testing.T) {
	t.Parallel()
	alone := backupName(time.Now().AddDate(0, 0, -3))
	for _, tt := range []struct {
		name   string
		share  func(t *testing.T, dir, made string) string
		copies func(made string) []string
		unread bool
	}{
		{"no second directory", func(*testing.T, string, string) string { return "" }, func(string) []string { return nil }, false},
		{"one that is not there", func(_ *testing.T, dir, _ string) string { return filepath.Join(dir, "away") }, func(string) []string { return nil }, true},
		{"an empty one", func(t *testing.T, _, _ string) string { return t.TempDir() }, func(string) []string { return nil }, false},
		{"one with a copy whose original is gone", func(t *testing.T, dir, made string) string {
			share := t.TempDir()
			raw, err := os.ReadFile(filepath.Join(dir, made))
			err = errors.Join(err, os.WriteFile(filepath.Join(share, made), raw, 0o600), os.WriteFile(filepath.Join(share, alone), raw, 0o600),
				os.WriteFile(filepath.Join(share, "holiday.bak"), nil, 0o600), os.WriteFile(filepath.Join(share, alone+tempSuffix), nil, 0o600))
			if err != nil {
				t.Fatal(err)
			}
			return share
		}, func(made string) []string { return []string{made, alone} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			h := newHousehold(t, s, dir)
			made := backUp(t, s)
			h.share = tt.share(t, dir, made.Name)
			done, err := h.eraser().ErasePerson(commandLine(t), h.person.ID)
			if err != nil || done.CopiesUnread != tt.unread || len(done.Backups) != 1 {
				t.Errorf("%+v, %v", done, err)
			}
			var got []string
			for _, b := range done.Copies {
				if got = append(got, b.Name); !b.Expires.After(time.Now()) {
					t.Errorf("%s expires %s", b.Name, b.Expires)
				}
			}
			if diff := cmp.Diff(tt.copies(made.Name), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
