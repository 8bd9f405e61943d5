package boltstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNightAfter(t *testing.T) {
	t.Parallel()
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		now    string
		jitter time.Duration
		want   string
	}{
		{"in the evening", "2026-11-24T22:00:00+01:00", 0, "2026-11-25T03:30:00+01:00"},
		{"before half past three", "2026-11-24T03:29:59+01:00", 0, "2026-11-24T03:30:00+01:00"},
		{"at half past three", "2026-11-24T03:30:00+01:00", 0, "2026-11-25T03:30:00+01:00"},
		{"earlier that night", "2026-11-24T03:20:00+01:00", -10 * time.Minute, "2026-11-25T03:20:00+01:00"},
		{"later that night", "2026-11-24T03:35:00+01:00", 10 * time.Minute, "2026-11-24T03:40:00+01:00"},
		{"summer begins", "2026-03-28T12:00:00+01:00", 0, "2026-03-29T03:30:00+02:00"},
		{"summer ends", "2026-10-24T12:00:00+02:00", 0, "2026-10-25T03:30:00+01:00"},
		{"the year ends", "2026-12-31T12:00:00+01:00", 0, "2027-01-01T03:30:00+01:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			k := Keeper{cfg: KeeperConfig{Location: prague}, jitter: tt.jitter}
			if got := k.nightAfter(now).Format(time.RFC3339); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestJitterIsBounded(t *testing.T) {
	t.Parallel()
	seen := make(map[time.Duration]bool)
	for range 100 {
		k := NewKeeper(KeeperConfig{})
		if k.jitter < -backupJitter || k.jitter > backupJitter {
			t.Errorf("the jitter is %s", k.jitter)
		}
		seen[k.jitter] = true
	}
	if len(seen) < 50 {
		t.Errorf("only %d different ones of 100", len(seen))
	}
}

// TestClockThatWasWrongCostsNoYears: what was planned by a clock that stood years
// ahead is planned anew.
func TestClockThatWasWrongCostsNoYears(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := NewKeeper(KeeperConfig{Location: time.UTC})
		begin := time.Now()
		if !k.wait(t.Context(), begin.AddDate(4, 0, 0)) {
			t.Error("it was ended")
		}
		if waited := time.Since(begin); waited > 25*time.Hour {
			t.Errorf("waited %s", waited)
		}
	})
}

func TestCopyOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir, share := t.TempDir(), t.TempDir()
	s := openWith(t, dir, newKeys("owner"))
	info := backUp(t, s)
	other := filepath.Join(share, info.Name)
	if err := os.WriteFile(other, []byte("another appliance's"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := NewKeeper(KeeperConfig{Store: s, Copies: share, Logger: discard()})
	if err := k.copyMissing(t.Context()); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("got %v", err)
	}
	if err := copyBackup(t.Context(), filepath.Join(dir, info.Name), other); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v", err)
	}
	if raw, err := os.ReadFile(other); err != nil || string(raw) != "another appliance's" {
		t.Errorf("it was overwritten: %q, %v", raw, err)
	}
	leftOver(t, share)
}
