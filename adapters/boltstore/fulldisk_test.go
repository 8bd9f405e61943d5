//go:build linux || darwin

package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// fullDiskDir names the directory in which a child works whose files must not
// grow. The limit holds for a whole process, so it needs one of its own.
const fullDiskDir = "CZVM_TEST_FULL_DISK_DIR"

// inChild runs the calling test once more in a process of its own, and returns
// what it printed.
func inChild(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	cmd.Env = append(os.Environ(), fullDiskDir+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	return string(out)
}

// limitFiles keeps this process from writing behind the first size bytes of any
// file; the test's end takes the limit away.
func limitFiles(t *testing.T, size uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was)
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: was.Max})
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Error(err)
		}
	}
}

// numbered returns a decision that tells of change n at some length.
func numbered(n int) func(watch.Application) watch.Decision {
	return func(a watch.Application) watch.Decision {
		d := changing(visa.InProgress, time.Now())(a)
		d.State.Confirmations = n
		d.Entries[0].Answer.Text = fmt.Sprint(n, strings.Repeat(" text", 800))
		d.Letters[0].Notification.Text = d.Entries[0].Answer.Text
		return d
	}
}

// holds fails unless the first changes to the application, that many, are there:
// state, history and deliveries.
func holds(t *testing.T, s *Store, id watch.ID, changes int) {
	t.Helper()
	a, err := s.Application(t.Context(), id)
	if err != nil || a.State.Confirmations != changes {
		t.Errorf("the state is that of change %d of %d, %v", a.State.Confirmations, changes, err)
	}
	history, err := s.History(t.Context(), id, 2*changes)
	if err != nil || len(history) != changes {
		t.Fatalf("%d entries of %d, %v", len(history), changes, err)
	}
	due, err := s.DueDeliveries(t.Context(), time.Now(), 2*changes)
	if err != nil || len(due) != changes {
		t.Fatalf("%d deliveries of %d, %v", len(due), changes, err)
	}
	for n := 1; n <= changes; n++ {
		want := fmt.Sprint(n, " ")
		if e := history[changes-n]; !strings.HasPrefix(e.Answer.Text, want) {
			t.Errorf("entry %d is %.10q", n, e.Answer.Text)
		}
		if d := due[n-1]; !strings.HasPrefix(d.Notification.Text, want) {
			t.Errorf("delivery %d is %.10q", n, d.Notification.Text)
		}
	}
}

// TestFullDisk records changes until one is refused. Nothing of those before
// may be lost, and all must go on once there is room again.
func TestFullDisk(t *testing.T) {
	const id watch.ID = "aaaa"
	if dir := os.Getenv(fullDiskDir); dir != "" {
		fillTheDisk(t, dir, id)
		return
	}
	dir := t.TempDir()
	_, after, ok := strings.Cut(inChild(t, dir), "committed=")
	committed, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(after, "\n", 2)[0]))
	if !ok || err != nil || committed == 0 {
		t.Fatalf("the child committed %d changes, %v", committed, err)
	}
	s := open(t, dir)
	holds(t, s, id, committed)
	if _, err := s.Record(t.Context(), id, numbered(committed+1)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	holds(t, s, id, committed+1)
	if err := s.Writable(); err != nil {
		t.Errorf("ping: %v", err)
	}
}

// fillTheDisk is TestFullDisk in the child.
func fillTheDisk(t *testing.T, dir string, id watch.ID) {
	lift := limitFiles(t, 600_000)
	defer lift()
	s := open(t, dir)
	addChannel(t, s, alert.Channel{ID: "phone"})
	addApplication(t, s, watch.Application{ID: id, Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}})
	committed := 0
	var err error
	for err == nil && committed < keepEntries {
		if _, err = s.Record(t.Context(), id, numbered(committed+1)); err == nil {
			committed++
		}
	}
	if err == nil || !strings.Contains(err.Error(), "free some space") {
		t.Fatalf("after %d changes: %v", committed, err)
	}
	if err := s.Writable(); err == nil || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("ping: %v", err)
	}
	holds(t, s, id, committed)
	_, err = s.Edit(t.Context(), id, func(a *watch.Application) error {
		a.Watchers[0].Label = strings.Repeat("x", 1<<20)
		return nil
	})
	if err == nil {
		t.Error("an edit that has no room was taken")
	}
	holds(t, s, id, committed)
	fmt.Printf("committed=%d\n", committed)
}

// TestNothingCanBeWritten lets more results come in than may wait while the disk
// takes nothing at all.
func TestNothingCanBeWritten(t *testing.T) {
	if dir := os.Getenv(fullDiskDir); dir != "" {
		writeNothing(t, dir)
		return
	}
	inChild(t, t.TempDir())
}

// writeNothing is TestNothingCanBeWritten in the child.
func writeNothing(t *testing.T, dir string) {
	var log bytes.Buffer
	s, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	addChannel(t, s, alert.Channel{ID: "phone"})
	var apps []watch.Application
	for n := range lateMost + 50 {
		apps = append(apps, watch.Application{ID: watch.NewID(time.Now()), Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n))})
	}
	if err := s.update(func(tx *bbolt.Tx) error {
		var err error
		for _, a := range apps {
			err = errors.Join(err, s.putApplication(tx, a))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	next := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	seen := func(s *Store) {
		for _, a := range apps {
			if got, err := s.Application(t.Context(), a.ID); err != nil || !got.State.NextCheckAt.Equal(next) {
				t.Fatalf("next check at %s, %v", got.State.NextCheckAt, err)
			}
		}
	}
	lift := limitFiles(t, 1)
	for range 2 { // The newest state of an application takes the place of the one before.
		for _, a := range apps {
			if _, err := s.Record(t.Context(), a.ID, unchanged(next)); err != nil {
				t.Fatalf("a result that was taken is reported as lost: %v", err)
			}
		}
	}
	seen(s)
	if n := len(s.late.applications); n != len(apps) {
		t.Errorf("%d results wait, want one of each of the %d applications", n, len(apps))
	}
	if n := strings.Count(log.String(), "it will be tried again"); n != 1 {
		t.Errorf("%d tries to write were logged, want that of the first %d results", n, lateMost)
	}
	if err := s.Writable(); err == nil {
		t.Error("ping says that all is well")
	}
	s.flushLate() // As the timer does.
	if err := s.Writable(); err == nil {
		t.Error("ping says that all is well after another try that failed")
	}
	lift()
	s.flushLate()
	if err := s.Writable(); err != nil {
		t.Errorf("ping after there was room again: %v", err)
	}
	seen(copyOf(t, dir))
	recovers(t, s)
	keepsTrying(t, s, dir)
}

// keepsTrying fails unless a state that cannot be written at once is reported,
// but kept, and written as soon as that is possible.
func keepsTrying(t *testing.T, s *Store, dir string) {
	t.Helper()
	want, lift := throttled(), limitFiles(t, 1)
	if err := s.PutSource(t.Context(), "replica", want, true); err == nil {
		t.Error("a state was written to a disk that takes nothing")
	}
	if got, err := s.Source(t.Context(), "replica"); err != nil || got != want {
		t.Errorf("the state that waits is not seen: %+v, %v", got, err)
	}
	lift()
	s.flushLate()
	if got, err := copyOf(t, dir).Source(t.Context(), "replica"); err != nil || got != want {
		t.Errorf("on disk: %+v, %v", got, err)
	}
}

// recovers fails unless a store that has nothing to write still notices that a
// disk which took nothing takes something again.
func recovers(t *testing.T, s *Store) {
	t.Helper()
	lift := limitFiles(t, 1)
	if _, err := s.EditChannel(t.Context(), "phone", func(c *alert.Channel) error { c.Name = "x"; return nil }); err == nil {
		t.Error("an edit was written to a disk that takes nothing")
	}
	if c, err := s.Channel(t.Context(), "phone"); err != nil || c.Name != "" {
		t.Errorf("the refused edit left %+v, %v", c, err)
	}
	lift()
	s.flushLate()
	if err := s.Writable(); err != nil {
		t.Errorf("ping: %v", err)
	}
}
