package boltstore

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// moody is a Sealer that seals nothing while it is in a bad mood.
type moody struct {
	Plain
	bad *atomic.Bool
}

func (m moody) Seal(bucket, key string, plain []byte) ([]byte, error) {
	if m.bad.Load() {
		return nil, errors.New("not today")
	}
	return m.Plain.Seal(bucket, key, plain)
}

func TestWritableTellsOfAFailedWriteUntilOneSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, mood := t.TempDir(), new(atomic.Bool)
		s, err := Open(Config{Dir: dir, Keys: boxKeys{moody{bad: mood}}, Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { shut(t, s, dir) })
		a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
		writable := func(when string, well bool) {
			t.Helper()
			if err := s.Writable(); (err == nil) != well {
				t.Errorf("%s: %v", when, err)
			}
		}
		if _, err := s.Edit(t.Context(), a.ID, func(*watch.Application) error { return errors.New("no") }); err == nil {
			t.Error("the edit was not refused")
		}
		if _, err := s.EditChannel(t.Context(), "none", nil); !errors.Is(err, alert.ErrNoChannel) {
			t.Errorf("edit of no channel: %v", err)
		}
		writable("after what was refused for good reason", true)
		if _, err := s.Record(t.Context(), a.ID, unchanged(time.Now())); err != nil {
			t.Fatal(err)
		}
		mood.Store(true)
		writable("before the write", true)
		time.Sleep(lateFor + time.Second)
		synctest.Wait()
		writable("after the write failed", false)
		time.Sleep(lateFor)
		synctest.Wait()
		writable("after it failed again", false)
		mood.Store(false)
		time.Sleep(lateFor)
		synctest.Wait()
		writable("after it succeeded", true)
		got, err := copyOf(t, dir).Application(t.Context(), a.ID)
		if err != nil || got.State.NextCheckAt.IsZero() {
			t.Errorf("on disk: %+v, %v", got.State, err)
		}
	})
}

// defect D3: files were written without being brought to the disk. A commit of
// ours is there when it returns; copies are synced before they get their names,
// which the tests that kill and cut files hold them to.
func TestCommitsAreBroughtToTheDisk(t *testing.T) {
	t.Parallel()
	db := open(t, t.TempDir()).db()
	if db.NoSync || db.NoGrowSync {
		t.Errorf("NoSync %t, NoGrowSync %t", db.NoSync, db.NoGrowSync)
	}
}
