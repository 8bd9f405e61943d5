package watch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/visa"
)

func TestAddRefuses(t *testing.T) {
	tests := []struct {
		name  string
		a     func(t *testing.T) Application
		field string
	}{
		{"no reference", func(*testing.T) Application { return Application{} }, "reference"},
		{"long label", func(t *testing.T) Application {
			return Application{Reference: reference(t, 9), Label: strings.Repeat("x", MaxLabel+1)}
		}, "label"},
		{"label with a line break", func(t *testing.T) Application {
			return Application{Reference: reference(t, 9), Label: "a\nb"}
		}, "label"},
		{"interval under the floor", func(t *testing.T) Application {
			return Application{Reference: reference(t, 9), Interval: time.Minute}
		}, "interval"},
		{"interval without end", func(t *testing.T) Application {
			return Application{Reference: reference(t, 9), Interval: 365 * day}
		}, "interval"},
		{"too many channels", func(t *testing.T) Application {
			return Application{Reference: reference(t, 9), Channels: make([]string, MaxChannels+1)}
		}, "channels"},
	}
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		for _, tt := range tests {
			_, err := r.Add(t.Context(), tt.a(t))
			var in *InputError
			if !errors.As(err, &in) || in.Field != tt.field {
				t.Errorf("%s: got %v, want an InputError about %s", tt.name, err, tt.field)
			}
		}
		first := r.add(t, 1)
		_, err := r.Add(t.Context(), Application{Reference: reference(t, 1)})
		var dup *DuplicateError
		if !errors.As(err, &dup) || dup.ID != first.ID || !errors.Is(err, ErrDuplicate) {
			t.Errorf("duplicate: got %v", err)
		}
	})
}

func TestCheckNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		for i := range 3 {
			ticket, err := r.CheckNow(t.Context(), a.ID)
			if err != nil || ticket.Position != 1 && !ticket.UnderWay {
				t.Fatalf("wish %d: %+v, %v", i, ticket, err)
			}
			time.Sleep(time.Minute)
			if got, want := r.source.calls(), i+2; got != want {
				t.Fatalf("asked %d times, want %d", got, want)
			}
		}
		_, err := r.CheckNow(t.Context(), a.ID)
		var quota *QuotaError
		if !errors.As(err, &quota) || quota.RetryAfter < 23*time.Hour || quota.RetryAfter > day {
			t.Fatalf("fourth wish: %v", err)
		}
		time.Sleep(quota.RetryAfter)
		if _, err := r.CheckNow(t.Context(), a.ID); err != nil {
			t.Errorf("after %s: %v", quota.RetryAfter, err)
		}
		if _, err := r.CheckNow(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown application: %v", err)
		}
	})
}

func TestCheckNowTwiceIsOneCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 3)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		r.source.takes(10 * time.Second)
		for range 10 {
			if _, err := r.CheckNow(t.Context(), a.ID); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		ticket, err := r.CheckNow(t.Context(), a.ID)
		if err != nil || !ticket.UnderWay {
			t.Errorf("ticket %+v, %v", ticket, err)
		}
		time.Sleep(time.Minute)
		if got := r.source.calls(); got != 2 {
			t.Errorf("asked %d times, want 2", got)
		}
	})
}

func TestCheckNowGoesBeforeTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		for n := range 50 {
			id := NewID(time.Now())
			store.apps[id] = Application{ID: id, Reference: reference(t, n+10), State: State{NextCheckAt: time.Now().Add(-time.Hour)}}
		}
		quiet := NewID(time.Now())
		store.apps[quiet] = Application{ID: quiet, Reference: reference(t, 1), State: State{NextCheckAt: time.Now().Add(time.Hour)}}
		r := startRig(t, store, newScript(t, visa.InProgress), NewPace(6), 2)
		time.Sleep(30 * time.Second)
		if _, err := r.CheckNow(t.Context(), quiet); err != nil {
			t.Fatal(err)
		}
		time.Sleep(21 * time.Second)
		if store.snapshot()[quiet].State.CheckedAt.IsZero() {
			t.Error("the wish of a person waited behind the queue")
		}
	})
}

func TestPauseEditAndRemoveDuringACheck(t *testing.T) {
	slow := func(t *testing.T) (*rig, Application) {
		source := newScript(t, visa.InProgress)
		source.took = time.Minute
		r := startRig(t, newMemory(), source, unpaced(), 3)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		return r, a
	}
	t.Run("removed: the record does not come back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, a := slow(t)
			if err := r.Remove(t.Context(), a.ID); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Hour)
			if len(r.store.snapshot()) != 0 || r.source.calls() != 1 || r.store.tellings() != nil {
				t.Errorf("after removal: %d applications, %d calls, told %v", len(r.store.snapshot()), r.source.calls(), r.store.tellings())
			}
		})
	})
	t.Run("paused: no further check until resumed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, a := slow(t)
			pause := func(paused bool) {
				if _, err := r.Edit(t.Context(), a.ID, func(a *Application) error { a.Paused = paused; return nil }); err != nil {
					t.Fatal(err)
				}
			}
			pause(true)
			time.Sleep(5 * time.Hour)
			if got := r.source.calls(); got != 1 {
				t.Errorf("%d checks of a paused application", got)
			}
			pause(false)
			time.Sleep(2 * time.Minute)
			if got := r.source.calls(); got != 2 {
				t.Errorf("%d checks after resuming, want 2", got)
			}
		})
	})
	t.Run("edited: one flight at a time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, a := slow(t)
			for range 5 {
				_, err := r.Edit(t.Context(), a.ID, func(a *Application) error { a.Label = "Jana"; a.Interval = 15 * time.Minute; return nil })
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			time.Sleep(10 * time.Minute)
			if got := r.source.calls(); got != 1 {
				t.Errorf("%d checks, want 1", got)
			}
		})
	})
}

func TestEditKeepsWhatPeopleMustNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		b, err := r.Edit(t.Context(), a.ID, func(a *Application) error {
			a.Reference, a.State, a.ID, a.Label = visa.Reference{}, State{}, "other", "new"
			return nil
		})
		if err != nil || b.ID != a.ID || b.Reference != a.Reference || b.State.Status != visa.InProgress || b.Label != "new" {
			t.Errorf("edited to %+v, %v", b, err)
		}
		if _, err := r.Edit(t.Context(), a.ID, func(a *Application) error { a.Interval = time.Second; return nil }); err == nil {
			t.Error("an interval of a second was accepted")
		}
		if _, err := r.Edit(context.Background(), "nobody", func(*Application) error { return nil }); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown application: %v", err)
		}
	})
}
