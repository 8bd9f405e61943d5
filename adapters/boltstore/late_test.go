package boltstore

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// throttled is the state of a source that asked to be left alone.
func throttled() watch.SourceState {
	return watch.SourceState{Breaker: watch.BreakerState{
		OpenUntil: time.Now().Add(time.Hour).UTC().Truncate(time.Second), Reason: watch.Throttled, Trips: 1,
	}}
}

// TestSourceStatePutDuringAWriteIsKept puts a state while a transaction is open
// whose end clears what was waiting before it.
func TestSourceStatePutDuringAWriteIsKept(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	addChannel(t, s, alert.Channel{ID: "phone"})
	want, put := throttled(), make(chan error, 1)
	_, err := s.EditChannel(t.Context(), "phone", func(*alert.Channel) error {
		go func() { put <- s.PutSource(t.Context(), "replica", want, false) }()
		for range 10_000 { // Enough for a PutSource that does not wait.
			runtime.Gosched()
		}
		return nil
	})
	if err := errors.Join(err, <-put); err != nil {
		t.Fatal(err)
	}
	got, err := s.Source(t.Context(), "replica")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("-want +got\n%s%v", diff, err)
	}
}

func TestSourceStateReachesTheDisk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		now  bool
		want bool
	}{
		{"at once when asked", true, true},
		{"later otherwise", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
			next := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
			if _, err := s.Record(t.Context(), a.ID, unchanged(next)); err != nil {
				t.Fatal(err)
			}
			state := throttled()
			if err := s.PutSource(t.Context(), "replica", state, tt.now); err != nil {
				t.Fatal(err)
			}
			crashed := copyOf(t, dir)
			got, err := crashed.Source(t.Context(), "replica")
			if err != nil || cmp.Equal(state, got) != tt.want {
				t.Errorf("after a crash: %+v, %v", got, err)
			}
			app, err := crashed.Application(t.Context(), a.ID)
			if err != nil || app.State.NextCheckAt.Equal(next) != tt.want {
				t.Errorf("what waited, after a crash: %+v, %v", app.State, err)
			}
		})
	}
}

// TestWhatWaitsIsNotShared spoils everything that was handed out or handed in
// while a result waits for the disk.
func TestWhatWaitsIsNotShared(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	now := time.Now().UTC().Truncate(time.Second)
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}, State: watch.State{
		Asked:   []time.Time{now},
		Pending: &watch.Pending{Status: visa.Granted, SeenAt: now},
		Trouble: &watch.Trouble{Code: watch.Timeout, Since: now, Count: 1},
	}})
	spoil := func(a *watch.Application) {
		a.Watchers[0].Channels[0], a.State.Asked[0] = "spoilt", time.Time{}
		a.State.Pending.Status, a.State.Trouble.Code = visa.Refused, watch.Captcha
	}
	recorded, err := s.Record(t.Context(), a.ID, unchanged(now))
	if err != nil {
		t.Fatal(err)
	}
	want := recorded.Clone()
	no := errors.New("no")
	ways := []struct {
		name  string
		spoil func() error
	}{
		{"what Record returned", func() error { spoil(&recorded); return nil }},
		{"what Application returned", func() error {
			a, err := s.Application(t.Context(), a.ID)
			spoil(&a)
			return err
		}},
		{"what Applications yielded", func() error {
			return s.Applications(t.Context(), []account.Owner{jana}, "", func(a watch.Application) bool { spoil(&a); return true })
		}},
		{"an edit that is refused", func() error {
			_, err := s.Edit(t.Context(), a.ID, func(a *watch.Application) error { spoil(a); return no })
			if errors.Is(err, no) {
				return nil
			}
			return errors.Join(err, errors.New("not refused"))
		}},
	}
	for _, way := range ways {
		if err := way.spoil(); err != nil {
			t.Errorf("%s: %v", way.name, err)
		}
		got, err := s.Application(t.Context(), a.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: -want +got\n%s%v", way.name, diff, err)
		}
	}
}
