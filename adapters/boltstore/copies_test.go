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
