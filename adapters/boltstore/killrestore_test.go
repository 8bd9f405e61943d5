//go:build unix

package boltstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
)

// restoreAgainAndAgain is the child: it restores the backup in dir, which is for
// another key, until something fails.
func restoreAgainAndAgain(dir string) error {
	for {
		info, ok := Newest(dir, nil)
		if !ok {
			return errors.New("there is no backup")
		}
		done, err := Restore(context.Background(), RestoreConfig{Dir: dir, Name: info.Name, Keys: newKeys("owner"), Own: newKeys("own"), Logger: discard()})
		if err == nil && done.Replaced != "" { // The next one may come in the same second.
			err = os.Remove(done.Replaced)
		}
		if err != nil {
			return err
		}
	}
}

// TestKilledRestore: at every moment the own key opens what is there, all of the
// old store or all of the backup.
func TestKilledRestore(t *testing.T) {
	t.Parallel()
	path, backup := elsewhere(t, 10)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from, own := t.TempDir(), newKeys("own")
	s := openWith(t, from, own)
	addChannel(t, s, alert.Channel{ID: "phone"})
	present := dump(t, s)
	shut(t, s, from)
	old, err := os.ReadFile(filepath.Join(from, FileName))
	if err != nil {
		t.Fatal(err)
	}
	half, stood, came, most := 0, 0, 0, 40*time.Millisecond
	for range kills {
		dir := t.TempDir()
		for name, content := range map[string][]byte{filepath.Base(path): raw, FileName: old} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		killed(t, "restore", dir, most)
		if _, err := os.Stat(filepath.Join(dir, FileName+newSuffix)); err == nil {
			half++
		}
		s := openWith(t, dir, own)
		got := dump(t, s)
		switch {
		case cmp.Equal(present, got):
			stood++
			most = most * 11 / 10 // So that as many come before as after, on any machine.
		case cmp.Equal(backup, got):
			came++
			most = most * 9 / 10
		default:
			t.Fatalf("neither the old store nor the backup; -backup +after\n%s", cmp.Diff(backup, got))
		}
		leftOver(t, dir)
		shut(t, s, dir)
	}
	t.Logf("%d of %d kills hit a rewrite, after %d the old store stood", half, kills, stood)
	if half < kills/10 || stood < kills/20 || came < kills/20 {
		t.Errorf("%d of %d kills hit a rewrite, %d came before the backup was in place and %d after", half, kills, stood, came)
	}
}
