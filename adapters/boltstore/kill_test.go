//go:build unix

package boltstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/watch"
)

// killChild says what this binary is to do, in place of tests and in the
// directory where it is started, until it is killed.
const killChild = "CZVM_TEST_KILL"

// kills is how often each kind of work is killed.
const kills = 100

func TestMain(m *testing.M) {
	if work := os.Getenv(killChild); work != "" {
		fmt.Fprintln(os.Stderr, toBeKilled(work, "."))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// doomed is what the application that Compact is to wipe out is called.
const doomed = "Huitzilopochtli"

// ready is printed when the work begins.
const ready = "ready"

// toBeKilled is the child: it does its work again and again. It returns only
// when something fails.
func toBeKilled(work, dir string) error {
	keys := Keys(newKeys("owner"))
	if work == "compact" || work == "bulk" {
		keys = PlainKeys{}
	}
	if work == "restore" {
		fmt.Println(ready)
		return restoreAgainAndAgain(dir)
	}
	if work == "migrate" { // That is Open's.
		fmt.Println(ready)
	}
	s, err := Open(Config{Dir: dir, Keys: keys, Logger: discard()})
	if err != nil {
		return err
	}
	if work != "migrate" {
		fmt.Println(ready)
	}
	for n := 0; ; n++ {
		switch work {
		case "migrate":
			fmt.Println("done")
			<-time.After(time.Minute) // It is killed long before.
		case "backup":
			_, err = s.Backup(context.Background(), "test")
		case "rekey":
			box, wrapped, errNew := keys.New()
			err = errors.Join(errNew, s.Rekey(context.Background(), box, wrapped))
		case "bulk":
			err = relabelAll(s, fmt.Sprintf("round %d", n))
		case "compact":
			id := watch.NewID(time.Now())
			err = s.Add(context.Background(), watch.Application{Watchers: []watch.Watcher{{Owner: jana, Label: doomed}}, ID: id})
			err = errors.Join(err, dropLeft(s.Remove(context.Background(), id, jana)), s.Compact(context.Background()))
		}
		if err != nil {
			return err
		}
	}
}

// killed starts the work in dir and kills it within about most of its beginning.
// It reports whether the child had printed that it was done.
func killed(t *testing.T, work, dir string, most time.Duration) (done bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), killChild+"="+work)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewScanner(stdout)
	if !out.Scan() || out.Text() != ready {
		_ = cmd.Wait()
		t.Fatalf("the child did not begin: %s", stderr.String())
	}
	<-time.After(time.Duration(rand.Int64N(int64(most))))
	err = cmd.Process.Kill()
	done = out.Scan()
	_ = cmd.Wait()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); err != nil || !ok || ws.Signal() != syscall.SIGKILL {
		t.Fatalf("the child had ended by itself: %v, %s", err, stderr.String())
	}
	return done
}

func TestKilledBackup(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 10)
	want := dump(t, s)
	shut(t, s, dir)
	half := 0
	for range kills {
		killed(t, "backup", dir, 40*time.Millisecond)
		if left, _ := filepath.Glob(filepath.Join(dir, "*"+tempSuffix)); len(left) > 0 {
			half++
		}
		s := openWith(t, dir, keys)
		if diff := cmp.Diff(want, dump(t, s)); diff != "" {
			t.Fatalf("-before +after\n%s", diff)
		}
		leftOver(t, dir)
		for _, name := range names(t, dir) {
			if err := s.VerifyBackup(t.Context(), name); err != nil {
				t.Errorf("%s has its name and is no good: %v", name, err)
			}
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		shut(t, s, dir)
	}
	if half < kills/10 {
		t.Errorf("only %d of %d kills hit a backup", half, kills)
	}
}

func TestKilledRekey(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 10)
	want, last := dump(t, s), string(s.sealer.current.Load().wrapped)
	shut(t, s, dir)
	half, turned := 0, 0
	for range kills {
		killed(t, "rekey", dir, 30*time.Millisecond)
		if _, err := os.Stat(filepath.Join(dir, FileName+newSuffix)); err == nil {
			half++
		}
		s := openWith(t, dir, keys)
		if diff := cmp.Diff(want, dump(t, s)); diff != "" {
			t.Fatalf("-before +after\n%s", diff)
		}
		usable(t, s)
		leftOver(t, dir)
		if now := string(s.sealer.current.Load().wrapped); now != last {
			turned++
			last = now
		}
		shut(t, s, dir)
	}
	if half < kills/10 || turned < kills/10 {
		t.Errorf("%d of %d kills hit a rewrite, %d came after one", half, kills, turned)
	}
}

func TestKilledMigration(t *testing.T) {
	t.Parallel()
	source, keys := t.TempDir(), newKeys("owner")
	want := plainFile(t, source, 10)
	plain, err := os.ReadFile(filepath.Join(source, FileName))
	if err != nil {
		t.Fatal(err)
	}
	half, finished, most := 0, 0, 40*time.Millisecond
	dir := ""
	for range kills {
		if dir == "" {
			dir = t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, FileName), plain, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		done := killed(t, "migrate", dir, most)
		if most = most * 11 / 10; done { // So that most kills fall into it, on any machine.
			most = most * 7 / 10
		}
		left, err := filepath.Glob(filepath.Join(dir, "*"+newSuffix))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) > 0 {
			half++
			raw, err := os.ReadFile(left[0])
			if err != nil || strings.Contains(string(raw), secret) {
				t.Fatalf("plain text in the new file (%v)", err)
			}
		}
		if raw := rawSchema(t, dir); raw == "1" {
			if done {
				t.Fatal("it had migrated, and has not")
			}
			continue // The next child goes on from here.
		}
		finished++
		s := openWith(t, dir, keys)
		if diff := cmp.Diff(want, dump(t, s)); diff != "" {
			t.Fatalf("-before +after\n%s", diff)
		}
		leftOver(t, dir)
		if got := secretIn(t, dir, secret); len(got) > 0 {
			t.Errorf("plain text in %q", got)
		}
		backups := names(t, dir)
		if len(backups) == 0 {
			t.Error("there is no backup from before")
		}
		for _, name := range backups {
			if err := s.VerifyBackup(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		shut(t, s, dir)
		dir = ""
	}
	if half < kills/20 || finished < kills/10 {
		t.Errorf("%d of %d kills hit a rewrite, %d came after one", half, kills, finished)
	}
}

// rawSchema reads the schema of the store in dir without changing anything.
func rawSchema(t *testing.T, dir string) (version string) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		version = string(tx.Bucket([]byte(bucketMeta)).Get([]byte(keySchema)))
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return version
}

// owed reports whether a compaction of the store in dir is due, which is closed.
func owed(t *testing.T, dir string) (due bool) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		due = tx.Bucket([]byte(bucketMeta)).Get([]byte(keyCompact)) != nil
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return due
}

func TestKilledCompact(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	furnish(t, s, 10)
	want := dump(t, s)
	shut(t, s, dir)
	half, left := 0, 0
	for range kills {
		killed(t, "compact", dir, 40*time.Millisecond)
		if _, err := os.Stat(filepath.Join(dir, FileName+newSuffix)); err == nil {
			half++
		}
		left += len(secretIn(t, dir, doomed))
		due := owed(t, dir)
		s := open(t, dir)
		var ids []watch.ID
		if err := s.EveryApplication(t.Context(), func(a watch.Application) bool {
			if a.Watchers[0].Label == doomed { // It had not been removed yet.
				ids = append(ids, a.ID)
			}
			return true
		}); err != nil {
			t.Fatal(err)
		}
		// One that was killed while it added something has removed nothing.
		if got := secretIn(t, dir, doomed); due && len(ids) == 0 && len(got) > 0 {
			t.Errorf("a start has left it in %q", got)
		}
		for _, id := range ids {
			if err := dropLeft(s.Remove(t.Context(), id, jana)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, dump(t, s)); diff != "" {
			t.Fatalf("-before +after\n%s", diff)
		}
		if got := secretIn(t, dir, doomed); len(got) > 0 {
			t.Errorf("it is still in %q", got)
		}
		shut(t, s, dir)
	}
	if half < kills/20 || left < kills/10 {
		t.Errorf("%d of %d kills hit a rewrite, %d left something to wipe out", half, kills, left)
	}
}
