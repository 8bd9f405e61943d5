package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

const (
	zov1 = "ZZZZ202601050001"
	zov2 = "ZZZZ202601050002"
)

func TestAddAndDuplicates(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a := addApplication(t, s, watch.Application{Reference: reference(t, "OAM-90001-2/DP-2025"), Watchers: []watch.Watcher{{Owner: jana, Label: "Jana"}}})
	tests := []struct {
		name, text string
		want       error
	}{
		{"the same", "OAM-90001-2/DP-2025", watch.ErrDuplicate},
		{"another suffix is the same case", "OAM-90001-3/DP-2025", watch.ErrDuplicate},
		{"another year", "OAM-90001-2/DP-2024", nil},
		{"another kind", zov1, nil},
	}
	for _, tt := range tests {
		err := s.Add(t.Context(), watch.Application{ID: watch.NewID(time.Now()), Reference: reference(t, tt.text)})
		var dup *watch.DuplicateError
		if !errors.Is(err, tt.want) || tt.want != nil && (!errors.As(err, &dup) || dup.ID != a.ID) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	got, err := s.Application(t.Context(), a.ID)
	if err != nil || got.Watchers[0].Label != "Jana" || got.Reference.String() != "OAM-90001-2/DP-2025" {
		t.Errorf("got %+v, %v", got, err)
	}
	known, err := s.ByReference(t.Context(), []visa.Reference{reference(t, "OAM-90001-5/DP-2025"), reference(t, "OAM-90001-2/DP-2023")})
	if err != nil || len(known) != 1 || known[0].ID != a.ID {
		t.Errorf("by their references there are %+v, %v", known, err)
	}
}

func TestRecordWritesAChangeAtOnceWithItsDeliveries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	addChannel(t, s, alert.Channel{ID: "phone"})
	addChannel(t, s, alert.Channel{ID: "mail"})
	addChannel(t, s, alert.Channel{ID: "off", Paused: true})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone", "mail", "off", "deleted"}}}})
	if _, err := s.Record(t.Context(), a.ID, changing(visa.InProgress, time.Now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	// What a crash right now would leave:
	crashed := copyOf(t, dir)
	got, err := crashed.Application(t.Context(), a.ID)
	if err != nil || got.State.Status != visa.InProgress {
		t.Errorf("status after a crash: %+v, %v", got.State, err)
	}
	history, err := crashed.History(t.Context(), a.ID, 10)
	if err != nil || len(history) != 1 || history[0].To != visa.InProgress {
		t.Errorf("history after a crash: %+v, %v", history, err)
	}
	due, err := crashed.DueDeliveries(t.Context(), time.Now(), 10)
	if err != nil || len(due) != 2 {
		t.Fatalf("outbox after a crash: %+v, %v", due, err)
	}
	for _, d := range due {
		if d.Notification.To != visa.InProgress || d.State != alert.Waiting || d.ID == "" {
			t.Errorf("delivery %+v", d)
		}
	}
}

// Each watcher is told through channels of his own; one who leaves takes what
// waits for him along, and the last one everything.
func TestWatchersComeAndGo(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	addChannel(t, s, alert.Channel{ID: "phone", Owner: jana})
	addChannel(t, s, alert.Channel{ID: "mail", Owner: petr})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}})
	join := func(a *watch.Application) error {
		a.Watchers = append(a.Watchers, watch.Watcher{Owner: petr, Channels: []string{"mail"}})
		return nil
	}
	if _, err := s.Edit(t.Context(), a.ID, join); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), a.ID, changing(visa.InProgress, time.Now())); err != nil {
		t.Fatal(err)
	}
	owners := func() (list []account.Owner) {
		t.Helper()
		due, err := s.DueDeliveries(t.Context(), time.Now(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range due {
			list = append(list, d.Owner)
		}
		return list
	}
	shows := func(owner account.Owner) (n int) {
		t.Helper()
		if err := s.Applications(t.Context(), []account.Owner{owner}, "", func(watch.Application) bool { n++; return true }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if diff := cmp.Diff([]account.Owner{jana, petr}, owners()); diff != "" || shows(jana) != 1 || shows(petr) != 1 {
		t.Fatalf("both watch: -want +got\n%s", diff)
	}
	left, err := s.Remove(t.Context(), a.ID, jana)
	if err != nil || len(left.Watchers) != 1 || left.Watchers[0].Owner != petr {
		t.Fatalf("left %+v, %v", left, err)
	}
	if diff := cmp.Diff([]account.Owner{petr}, owners()); diff != "" || shows(jana) != 0 || shows(petr) != 1 {
		t.Errorf("one has left: -want +got\n%s", diff)
	}
	if _, err := s.Remove(t.Context(), a.ID, jana); !errors.Is(err, watch.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if left, err = s.Remove(t.Context(), a.ID, petr); err != nil || len(left.Watchers) != 0 {
		t.Errorf("left %+v, %v", left, err)
	}
	for _, bucket := range []string{bucketApplications, bucketWatched, bucketReferences, bucketSchedule, bucketHistory, bucketDeliveries, bucketAbout, bucketOutbox} {
		empty(t, s, bucket)
	}
}

// TestUnchangedResultsAreWrittenTogether counts transactions: bbolt numbers them.
func TestUnchangedResultsAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		var apps []watch.Application
		for n := range 20 {
			apps = append(apps, addApplication(t, s, watch.Application{Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n))}))
		}
		writes := func() int64 { stats := s.db().Stats(); return stats.TxStats.GetWrite() }
		start := writes()
		next := time.Now().Add(time.Hour)
		for _, a := range apps {
			if _, err := s.Record(t.Context(), a.ID, unchanged(next)); err != nil {
				t.Fatal(err)
			}
			if err := s.PutSource(t.Context(), "replica", watch.SourceState{AnsweredAt: next}, false); err != nil {
				t.Fatal(err)
			}
		}
		if got := writes(); got != start {
			t.Errorf("%d pages written for unchanged results", got-start)
		}
		got, err := s.Application(t.Context(), apps[7].ID)
		if err != nil || !got.State.NextCheckAt.Equal(next) {
			t.Errorf("what waits for the disk is not seen: %+v, %v", got.State, err)
		}
		time.Sleep(lateFor + time.Second)
		synctest.Wait()
		if got := writes(); got == start {
			t.Error("nothing was written after a minute")
		}
		crashed := copyOf(t, dir)
		state, err := crashed.Source(t.Context(), "replica")
		if err != nil || !state.AnsweredAt.Equal(next) {
			t.Errorf("source state on disk: %+v, %v", state, err)
		}
		got, err = crashed.Application(t.Context(), apps[7].ID)
		if err != nil || !got.State.NextCheckAt.Equal(next) {
			t.Errorf("on disk after a minute: %+v, %v", got.State, err)
		}
	})
}

func TestAChangeTakesWhatWaitsAlong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	b := addApplication(t, s, watch.Application{Reference: reference(t, zov2)})
	next := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	if _, err := s.Record(t.Context(), a.ID, unchanged(next)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), b.ID, changing(visa.Granted, next)); err != nil {
		t.Fatal(err)
	}
	got, err := copyOf(t, dir).Application(t.Context(), a.ID)
	if err != nil || !got.State.NextCheckAt.Equal(next) {
		t.Errorf("on disk: %+v, %v", got.State, err)
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	next := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	if _, err := s.Record(t.Context(), a.ID, unchanged(next)); err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
	s = open(t, dir)
	schedule := map[watch.ID]time.Time{}
	err := s.Schedule(t.Context(), func(id watch.ID, at time.Time) { schedule[id] = at })
	if diff := cmp.Diff(map[watch.ID]time.Time{a.ID: next}, schedule); diff != "" || err != nil {
		t.Errorf("schedule: -want +got\n%s%v", diff, err)
	}
}

func TestScheduleLeavesOutWhatIsNotChecked(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	now := time.Now()
	addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Paused: true}}, State: watch.State{NextCheckAt: now}})
	addApplication(t, s, watch.Application{Reference: reference(t, zov2)})
	err := s.Schedule(t.Context(), func(id watch.ID, _ time.Time) { t.Errorf("%s is scheduled", id) })
	if err != nil {
		t.Error(err)
	}
}

func TestRemoveLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	addChannel(t, s, alert.Channel{ID: "phone"})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Label: "Quetzalcoatl", Channels: []string{"phone"}}}})
	b := addApplication(t, s, watch.Application{Reference: reference(t, zov2), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}})
	for _, id := range []watch.ID{a.ID, b.ID} {
		if _, err := s.Record(t.Context(), id, changing(visa.InProgress, time.Now())); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Record(t.Context(), id, unchanged(time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Application(t.Context(), a.ID); !errors.Is(err, watch.ErrNotFound) {
		t.Errorf("application: %v", err)
	}
	if _, err := s.History(t.Context(), a.ID, 10); !errors.Is(err, watch.ErrNotFound) {
		t.Errorf("history: %v", err)
	}
	if _, err := s.Record(t.Context(), a.ID, changing(visa.Granted, time.Now())); !errors.Is(err, watch.ErrNotFound) {
		t.Errorf("a late answer: %v", err)
	}
	due, err := s.DueDeliveries(t.Context(), time.Now(), 10)
	if err != nil || len(due) != 1 || due[0].Notification.ApplicationID != string(b.ID) {
		t.Errorf("outbox: %+v, %v", due, err)
	}
	if history, err := s.History(t.Context(), b.ID, 10); err != nil || len(history) != 1 {
		t.Errorf("the other's history: %+v, %v", history, err)
	}
	addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
}

func TestHistoryIsNewestFirstAndBounded(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a := addApplication(t, s, watch.Application{ID: "aaaa", Reference: reference(t, zov1)})
	b := addApplication(t, s, watch.Application{ID: "bbbb", Reference: reference(t, zov2)})
	order := []visa.Status{visa.NotFound, visa.InProgress, visa.Granted}
	for _, id := range []watch.ID{b.ID, a.ID} {
		for _, st := range order {
			if _, err := s.Record(t.Context(), id, changing(st, time.Now())); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, id := range []watch.ID{a.ID, b.ID} {
		history, err := s.History(t.Context(), id, 2)
		if err != nil || len(history) != 2 || history[0].To != visa.Granted || history[1].To != visa.InProgress {
			t.Errorf("history of %s: %+v, %v", id, history, err)
		}
	}
}

func TestEditRefused(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Label: "old"}}})
	no := errors.New("no")
	if _, err := s.Edit(t.Context(), a.ID, func(a *watch.Application) error { a.Watchers[0].Label = "new"; return no }); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if got, err := s.Application(t.Context(), a.ID); err != nil || got.Watchers[0].Label != "old" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestKeysTellNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir, Keys: boxKeys{hidden{}}, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	addChannel(t, s, alert.Channel{ID: "phone", Fields: map[string]string{"token": "hunter2hunter2"}})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Label: "Quetzalcoatl", Channels: []string{"phone"}}}})
	if _, err := s.Record(t.Context(), a.ID, changing(visa.InProgress, time.Now())); err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{zov1, "Quetzalcoatl", "hunter2hunter2", "in_progress"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the file holds %q outside a sealed value", secret)
		}
	}
}

func TestApplicationsInPages(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	if err := s.Applications(t.Context(), []account.Owner{jana}, "", func(watch.Application) bool { t.Error("there is none"); return true }); err != nil {
		t.Error(err)
	}
	start := time.Now()
	var want []watch.ID
	for n := range 5 {
		a := watch.Application{ID: watch.NewID(start.Add(time.Duration(n) * time.Second)), Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n))}
		want = append(want, addApplication(t, s, a).ID)
	}
	var got []watch.ID
	for after := watch.ID(""); ; after = got[len(got)-1] {
		page := 0
		err := s.Applications(t.Context(), []account.Owner{jana}, after, func(a watch.Application) bool {
			got = append(got, a.ID)
			page++
			return page < 2
		})
		if err != nil {
			t.Fatal(err)
		}
		if page == 0 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
