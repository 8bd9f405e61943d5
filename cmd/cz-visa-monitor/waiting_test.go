package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/web"
)

// A server that waits for the right key goes on when a restoration has sealed the
// data for the key it has: what changes is the data, not the key file.
func TestWaitingServerGoesOnAfterARestoration(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	token := newToken(t, env)
	sheet := recoverySheet(t, env)
	name := strings.Fields(succeed(t, env, "backup", "create"))[0]
	key := agebox.KeyFile{Path: filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)}
	other, err := agebox.Generate()
	if err := errors.Join(err, key.Replace(other, nil)); err != nil {
		t.Fatal(err)
	}
	s := start(t, env, token)
	eventually(t, "it waits", func() error {
		if page, err := s.text("/"); err != nil || !strings.Contains(page, "not the one the data was sealed with") {
			return fmt.Errorf("the page: %w", err)
		}
		return nil
	})
	succeed(t, env, "backup", "restore", name, "--key", sheet)
	eventually(t, "it goes on by itself", func() error { return s.get("/readyz", nil) })
	s.must(s.get("/api/v1/applications", nil))
}

// Whoever makes the appliance wait anew, with a touch of a file, has no more tries
// of the passphrase for it.
func TestWaitingAnewGivesNoMoreTries(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	env["CZVM_KEY_PASSPHRASE"] = "Quetzalcoatl flies at noon"
	if code, _, errs := command(t, env, "key", "init"); code != exitOK {
		t.Fatal(errs)
	}
	token := newToken(t, env)
	delete(env, "CZVM_KEY_PASSPHRASE")
	s := start(t, env, token)
	waits := func(times int) {
		t.Helper()
		eventually(t, "it waits", func() error {
			if n := strings.Count(s.log.String(), "cannot begin its work"); n != times {
				return fmt.Errorf("it waits for the %dth time", n)
			}
			return s.get("/healthz", nil)
		})
	}
	give := func() int {
		t.Helper()
		resp, err := s.request(http.MethodPost, "/unlock", url.Values{"passphrase": {"wrong"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	waits(1)
	begin := time.Now()
	for code := 0; code != http.StatusTooManyRequests; {
		if code = give(); code != http.StatusForbidden && code != http.StatusTooManyRequests {
			t.Fatalf("a wrong passphrase: %d", code)
		}
	}
	now := time.Now()
	if err := os.Chtimes(filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName), now, now); err != nil {
		t.Fatal(err)
	}
	waits(2)
	n := 0
	for give() == http.StatusForbidden {
		n++
	}
	if most := int(time.Since(begin) / (30 * time.Second)); n > most {
		t.Errorf("%d more passphrases were tried, want %d for the time that passed", n, most)
	}
}

// sightOf looks at the files of an appliance in an empty directory.
func sightOf(t *testing.T) (c config, ring *keyring, now sight) {
	t.Helper()
	c = config{dataDir: t.TempDir(), listen: freeAddress(t)}
	ring = newKeyring(c, func(string) string { return "" }, slog.New(slog.DiscardHandler))
	return c, ring, look(c, ring)
}

// What changes after the appliance could not begin, but before it waits, is seen.
func TestChangeBeforeTheWaitIsSeen(t *testing.T) {
	t.Parallel()
	for _, name := range []string{agebox.KeyFileName, agebox.KeyFileName + ".new", boltstore.FileName} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ring, before := sightOf(t)
			if err := os.WriteFile(filepath.Join(c.dataDir, name), []byte("another one"), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), waitTime)
			defer cancel()
			err := newWaitingRoom(c, ring.log).wait(ctx, ring, web.KeyWrong, before)
			if err != nil || ctx.Err() != nil {
				t.Errorf("it waits: %v, %v", err, ctx.Err())
			}
		})
	}
}

// Where nothing changes, the appliance waits.
func TestNoChangeIsNoReasonToTryAgain(t *testing.T) {
	t.Parallel()
	_, _, before := sightOf(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		before.awaitChange(ctx)
		if ctx.Err() == nil {
			t.Error("a change was seen")
		}
	})
}

// Only one passphrase at a time is tried, and whoever does not get a turn in time
// goes without.
func TestPassphrasesAreTriedInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room, at, tried := newWaitingRoom(config{}, slog.New(slog.DiscardHandler)), 0, 0
		try := func([]byte) error {
			at++
			if at > 1 {
				t.Errorf("%d passphrases are tried at once", at)
			}
			time.Sleep(10 * time.Second)
			at--
			tried++
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 35*time.Second)
		defer cancel()
		var all sync.WaitGroup
		late := make(chan error, 20)
		for range cap(late) {
			all.Go(func() {
				if err := room.unlock(ctx, try, "x"); err != nil {
					late <- err
				}
			})
		}
		all.Wait()
		if tried != 4 || len(late) != cap(late)-4 {
			t.Errorf("%d were tried, and %d went without", tried, len(late))
		}
		if err := <-late; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
