package watch

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
)

func TestQueueOrder(t *testing.T) {
	t.Parallel()
	q := newQueue()
	put := func(id string, minutes int, r rank) {
		q.put(ID(id), t0.Add(time.Duration(minutes)*time.Minute), r, 1)
	}
	put("fresh", -9, fresh)
	put("old", -8, regular)
	put("older", -10, regular)
	put("asked", -1, asked)
	put("confirming", -2, confirming)
	put("tomorrow", 60*24, asked)
	put("later", 5, regular)
	var got []ID
	for {
		it, ok := q.take(t0)
		if !ok {
			break
		}
		got = append(got, it.id)
	}
	if diff := cmp.Diff([]ID{"asked", "older", "confirming", "old", "fresh"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if at, due := q.next(t0); due || !at.Equal(t0.Add(5*time.Minute)) || q.len() != 2 {
		t.Errorf("next at %s, due %v, %d left", at, due, q.len())
	}
}

func TestQueueKeepsTheNewestVersion(t *testing.T) {
	t.Parallel()
	q := newQueue()
	q.put("a", t0, regular, 5)
	q.put("a", t0.Add(time.Hour), regular, 4)
	if at, _ := q.next(t0.Add(-time.Minute)); !at.Equal(t0) {
		t.Errorf("an older version moved it to %s", at)
	}
	q.put("a", t0, asked, 6)
	q.put("a", t0.Add(time.Hour), regular, 7)
	if it, ok := q.take(t0); !ok || it.rank != asked {
		t.Errorf("the wish of a person is gone: %+v, %v", it, ok)
	}
}

// TestEditBetweenRecordAndLanding forces the moment in which an edit meets the
// outcome of a check.
func TestEditBetweenRecordAndLanding(t *testing.T) {
	tests := []struct {
		name  string
		edit  func(w *Watcher)
		watch time.Duration
		want  func(calls int) bool
	}{
		{"paused", func(w *Watcher) { w.Paused = true }, 100 * time.Hour, func(calls int) bool { return calls == 1 }},
		{"shorter interval", func(w *Watcher) { w.Interval = 15 * time.Minute }, day, func(calls int) bool { return calls > 50 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemory()
				r := startRig(t, store, newScript(t, visa.InProgress), unpaced(), 1)
				store.recorded = func(id ID) {
					if _, err := r.Edit(t.Context(), id, jana, func(w *Watcher) error { tt.edit(w); return nil }); err != nil {
						t.Error(err)
					}
				}
				if _, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: jana, Interval: 20 * day}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.watch)
				if got := r.source.calls(); !tt.want(got) {
					t.Errorf("checked %d times", got)
				}
			})
		})
	}
}

func TestEditDoesNotPutOffAConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		r := startRig(t, store, newScript(t, visa.InProgress), unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Minute)
		r.source.says(visa.Granted)
		for store.snapshot()[a.ID].State.Pending == nil {
			time.Sleep(10 * time.Second)
		}
		if _, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Interval = 31 * day; return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if got := store.tellings(); len(got) != 2 {
			t.Errorf("told %v", got)
		}
	})
}

func TestConfirmationGoesBeforeABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		for n := range 600 {
			id := NewID(time.Now())
			store.apps[id] = Application{ID: id, Reference: reference(t, n), Watchers: []Watcher{{Owner: jana, Told: visa.InProgress}}, State: State{
				Status: visa.InProgress, Valid: visa.InProgress, CheckedAt: time.Now(), NextCheckAt: time.Now().Add(-time.Hour),
			}}
		}
		s := newScript(t, visa.InProgress)
		lucky := reference(t, 7)
		s.set(func(ref visa.Reference, _ int) (Result, error) {
			if ref == lucky {
				return Result{Status: visa.Granted}, nil
			}
			return Result{Status: visa.InProgress}, nil
		})
		startRig(t, store, s, NewPace(6), 1)
		var seen time.Time
		for len(store.tellings()) == 0 && (seen.IsZero() || time.Since(seen) < day) {
			time.Sleep(10 * time.Second)
			for _, a := range store.snapshot() {
				if a.State.Pending != nil && seen.IsZero() {
					seen = time.Now()
				}
			}
		}
		if d := time.Since(seen); d > 5*time.Minute {
			t.Errorf("granted was told %s after it was seen", d)
		}
	})
}

func TestEditKeepsTheTurnOfANewApplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		for n := range 300 {
			id := NewID(time.Now())
			store.apps[id] = Application{ID: id, Reference: reference(t, n+10), Watchers: []Watcher{{Owner: jana}}, State: State{CheckedAt: time.Now(), NextCheckAt: time.Now().Add(-time.Hour)}}
		}
		r := startRig(t, store, newScript(t, visa.InProgress), NewPace(6), 1)
		time.Sleep(30 * time.Minute)
		a := r.add(t, 1)
		if _, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Label = "x"; return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		if store.snapshot()[a.ID].State.CheckedAt.IsZero() {
			t.Error("the first check waits behind the backlog")
		}
	})
}

func TestManyNewOnesDoNotStarveTheOldOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), NewPace(6), 1)
		a, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: jana, Interval: 15 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for n := range 600 {
			r.add(t, n+10)
		}
		time.Sleep(50 * time.Minute)
		if age := time.Since(r.store.snapshot()[a.ID].State.CheckedAt); age > 20*time.Minute {
			t.Errorf("the old application was last checked %s ago", age)
		}
	})
}

func TestRemovedAndAddedAgainDuringACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, visa.InProgress)
		s.took = time.Minute
		r := startRig(t, newMemory(), s, unpaced(), 3)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		if err := r.Remove(t.Context(), a.ID, jana); err != nil {
			t.Fatal(err)
		}
		b := r.add(t, 1)
		time.Sleep(3 * time.Minute) // The script complains about two checks at once.
		if st := r.store.snapshot()[b.ID].State; st.Status != visa.InProgress || s.calls() != 2 {
			t.Errorf("state %+v after %d calls", st, s.calls())
		}
	})
}

func TestSetBackClockDoesNotHoldUpAConfirmation(t *testing.T) {
	t.Parallel()
	st := State{Status: visa.InProgress, Valid: visa.InProgress, Pending: &Pending{Status: visa.Granted, SeenAt: t0.Add(48 * time.Hour)}}
	d := decide(st, answered(visa.Granted), time.Hour, t0)
	if d.Wait > rules.ConfirmAfter {
		t.Errorf("waits %s", d.Wait)
	}
	if d = decide(d.State, answered(visa.Granted), time.Hour, t0.Add(rules.ConfirmAfter)); d.Tell == nil {
		t.Error("the repetition was not told")
	}
}

func TestWaitAfterFailureIsNoShorterThanAfterAnAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		st   State
		most time.Duration
	}{
		{"not found for days", State{Status: visa.NotFound, Since: t0.Add(-10 * day)}, day},
		{"decided for days", State{Status: visa.Granted, Since: t0.Add(-10 * day), Confirmations: 5}, week},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := tt.st
			var waits []string
			for range 20 {
				d := decide(st, failedWith(Timeout), time.Hour, t0)
				st = d.State
				waits = append(waits, fmt.Sprint(d.Wait))
			}
			if last := waits[len(waits)-1]; last != fmt.Sprint(tt.most) {
				t.Errorf("waits %v, want them to reach %s", waits, tt.most)
			}
		})
	}
	d := decide(State{}, Outcome{Failure: &Failure{Code: Throttled, RetryAfter: 10 * 365 * day}}, time.Hour, t0)
	if d.Wait > maxRetryAfter {
		t.Errorf("waits %s because the source said so", d.Wait)
	}
}
