package watch

import (
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
		ref   visa.Reference
		w     Watcher
		field string
	}{
		{"no reference", visa.Reference{}, Watcher{Owner: jana}, "reference"},
		{"nobody", reference(t, 9), Watcher{}, "owner"},
		{"a forged owner", reference(t, 9), Watcher{Owner: "user:../x"}, "owner"},
		{"long label", reference(t, 9), Watcher{Owner: jana, Label: strings.Repeat("x", MaxLabel+1)}, "label"},
		{"label with a line break", reference(t, 9), Watcher{Owner: jana, Label: "a\nb"}, "label"},
		{"long note", reference(t, 9), Watcher{Owner: jana, Note: strings.Repeat("x", MaxNote+1)}, "note"},
		{"note with a control character", reference(t, 9), Watcher{Owner: jana, Note: "a\x00b"}, "note"},
		{"interval under the floor", reference(t, 9), Watcher{Owner: jana, Interval: time.Minute}, "interval"},
		{"interval without end", reference(t, 9), Watcher{Owner: jana, Interval: 365 * day}, "interval"},
		{"too many channels", reference(t, 9), Watcher{Owner: jana, Channels: make([]string, MaxChannels+1)}, "channels"},
	}
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		for _, tt := range tests {
			_, err := r.Add(t.Context(), tt.ref, tt.w)
			var in *InputError
			if !errors.As(err, &in) || in.Field != tt.field {
				t.Errorf("%s: got %v, want an InputError about %s", tt.name, err, tt.field)
			}
		}
		first := r.add(t, 1)
		_, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: jana})
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
			store.apps[id] = Application{ID: id, Reference: reference(t, n+10), Watchers: []Watcher{{Owner: jana}}, State: State{NextCheckAt: time.Now().Add(-time.Hour)}}
		}
		quiet := NewID(time.Now())
		store.apps[quiet] = Application{ID: quiet, Reference: reference(t, 1), Watchers: []Watcher{{Owner: jana}}, State: State{NextCheckAt: time.Now().Add(time.Hour)}}
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
			if err := r.Remove(t.Context(), a.ID, jana); err != nil {
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
				if _, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Paused = paused; return nil }); err != nil {
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
				_, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Label = "Jana"; w.Interval = 15 * time.Minute; return nil })
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
		b, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error {
			w.Owner, w.AddedAt, w.Told, w.Label = petr, time.Time{}, "", "new"
			return nil
		})
		w := b.Watcher(jana)
		if err != nil || w == nil || b.Watcher(petr) != nil || w.Label != "new" || w.AddedAt.IsZero() || w.Told != visa.InProgress {
			t.Errorf("edited to %+v, %v", b, err)
		}
		if _, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Interval = time.Second; return nil }); err == nil {
			t.Error("an interval of a second was accepted")
		}
		nothing := func(*Watcher) error { return nil }
		if _, err := r.Edit(t.Context(), "nobody", jana, nothing); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown application: %v", err)
		}
		if _, err := r.Edit(t.Context(), a.ID, petr, nothing); !errors.Is(err, ErrNotFound) {
			t.Errorf("somebody who does not watch it: %v", err)
		}
		if err := r.Remove(t.Context(), a.ID, petr); !errors.Is(err, ErrNotFound) {
			t.Errorf("removed by somebody who does not watch it: %v", err)
		}
	})
}

func TestMoveTakesAlongWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		if _, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Label, w.Channels = "Eva", []string{"phone"}; return nil }); err != nil {
			t.Fatal(err)
		}
		b, err := r.Move(t.Context(), a.ID, jana, petr)
		w := b.Watcher(petr)
		if err != nil || w == nil || b.Watcher(jana) != nil || w.Label != "Eva" || w.Told != visa.InProgress || w.AddedAt.IsZero() || len(w.Channels) != 0 {
			t.Errorf("moved to %+v, %v", b, err)
		}
		if _, err := r.Move(t.Context(), a.ID, jana, petr); !errors.Is(err, ErrNotFound) {
			t.Errorf("moved from somebody who does not watch it: %v", err)
		}
		if _, err := r.Add(t.Context(), a.Reference, Watcher{Owner: jana}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Move(t.Context(), a.ID, jana, petr); !errors.Is(err, ErrDuplicate) {
			t.Errorf("moved to somebody who watches it: %v", err)
		}
		if _, err := r.Move(t.Context(), a.ID, jana, "nobody"); err == nil {
			t.Error("moved to nobody")
		}
	})
}
