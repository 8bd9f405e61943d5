package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/visa"
)

// TestEngineLeavesTheSourceAlone counts the questions that are asked although
// the source had refused one: there must be none.
func TestEngineLeavesTheSourceAlone(t *testing.T) {
	tests := []struct {
		name  string
		pace  float64
		apps  int
		took  time.Duration
		fails func(ref, slow visa.Reference) *Failure
		watch time.Duration
		want  int
	}{
		{
			"the breaker opens while the pace is waited for", 6, 5, 5 * time.Second,
			func(_, _ visa.Reference) *Failure { return &Failure{Code: Throttled, RetryAfter: time.Hour} }, 50 * time.Minute, 1,
		},
		{
			"the breaker opens while another check rests before its next try", 0, 2, time.Second,
			func(ref, slow visa.Reference) *Failure {
				if ref == slow {
					return &Failure{Code: Timeout}
				}
				return &Failure{Code: Captcha}
			}, 20 * time.Minute, 2,
		},
		{
			"the source is down and says for how long", 0, 2, time.Second,
			func(_, _ visa.Reference) *Failure { return &Failure{Code: Unreachable, RetryAfter: time.Hour} }, 30 * time.Minute, 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, "")
				slow := reference(t, 0)
				s.set(func(ref visa.Reference, _ int) (Result, error) { return Result{}, tt.fails(ref, slow) })
				s.took = tt.took
				r := startRig(t, newMemory(), s, NewPace(tt.pace), 2)
				for n := range tt.apps {
					r.add(t, n)
				}
				time.Sleep(tt.watch)
				if got := s.calls(); got != tt.want {
					t.Errorf("asked %d times, want %d", got, tt.want)
				}
			})
		})
	}
}

func TestBreakerWhileOpen(t *testing.T) {
	t.Parallel()
	var b breaker
	b.record(pass{}, &Failure{Code: Throttled}, t0)
	if !b.record(pass{}, &Failure{Code: Throttled, RetryAfter: 2 * time.Hour}, t0) {
		t.Error("a longer wish did not turn it")
	}
	if got := b.snapshot().OpenUntil; !got.Equal(t0.Add(2 * time.Hour)) {
		t.Errorf("open until %s", got)
	}
	if b.record(pass{}, nil, t0.Add(time.Minute)) || !b.snapshot().Open(t0.Add(time.Hour)) {
		t.Error("an answer to an earlier question closed it")
	}
	b.record(pass{}, &Failure{Code: Throttled, RetryAfter: 10 * 365 * day}, t0.Add(time.Hour))
	if got := b.snapshot().OpenUntil; got.After(t0.Add(26 * time.Hour)) {
		t.Errorf("open until %s", got)
	}
}

func TestBreakerAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	b := breaker{state: BreakerState{OpenUntil: t0.Add(4 * 365 * day), Reason: Captcha, Trips: 1}}
	if _, ok := b.allow(t0); ok {
		t.Error("it let a check through")
	}
	if _, ok := b.allow(t0.Add(maxRetryAfter)); !ok {
		t.Error("it is still open a day later")
	}
}

func TestEngineKeepsAnOutcomeTheStoreRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		r.add(t, 1)
		time.Sleep(time.Second)
		r.source.says(visa.PreliminarilyPositive)
		r.store.breakWrites(errDiskFull)
		before := r.source.calls()
		time.Sleep(24 * time.Hour)
		if got := r.source.calls() - before; got < 10 || got > 30 {
			t.Errorf("asked %d times in a day with a full disk, want about one an hour", got)
		}
	})
}

func TestFollowClock(t *testing.T) {
	t.Parallel()
	e := New(Config{Pace: unpaced(), Logger: discard()})
	now := time.Now()
	e.queue.put("a", now.Add(time.Hour), regular, 1)
	// A reading without the monotonic part stands for one after the clock was set.
	e.followClock(now.Round(0), now.Round(0).Add(time.Minute))
	if at, _ := e.queue.next(now); !at.Equal(now.Add(time.Hour)) {
		t.Errorf("moved to %s without reason", at)
	}
	e.moveSchedule(8 * time.Hour)
	if at, _ := e.queue.next(now); !at.Equal(now.Add(9 * time.Hour)) {
		t.Errorf("moved to %s, want eight hours on", at)
	}
}

func TestEngineAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		id := NewID(time.Now())
		later := time.Now().Add(4 * 365 * day)
		store.apps[id] = Application{ID: id, Reference: reference(t, 1), Watchers: []Watcher{{Owner: jana}}, State: State{CheckedAt: later, NextCheckAt: later.Add(time.Hour)}}
		store.sources["replica"] = SourceState{AnsweredAt: later}
		r := startRig(t, store, newScript(t, visa.InProgress), unpaced(), 1)
		time.Sleep(time.Hour)
		if r.source.calls() == 0 {
			t.Error("nothing was checked, because it is planned for the far future")
		}
	})
}

func TestEngineNoFalseOperatorNotices(t *testing.T) {
	tests := []struct {
		name  string
		state func(now time.Time) SourceState
		fails func(n int) *Failure
		watch time.Duration
	}{
		{
			"one failure right after a start that follows an old outage",
			func(now time.Time) SourceState {
				return SourceState{AnsweredAt: now.Add(-11 * time.Hour), FailingSince: now.Add(-10 * time.Hour), Failure: Timeout}
			},
			func(int) *Failure { return &Failure{Code: Unreachable} }, 2 * time.Minute,
		},
		{
			"a number whose category is not offered", func(time.Time) SourceState { return SourceState{} },
			func(int) *Failure { return &Failure{Code: NotOffered} }, 10 * time.Minute,
		},
		{
			"a page that was another one once", func(time.Time) SourceState { return SourceState{} },
			func(n int) *Failure {
				if n < 3 {
					return &Failure{Code: Timeout}
				}
				return &Failure{Code: LayoutChanged}
			}, 20 * time.Minute,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemory()
				store.sources["replica"] = tt.state(time.Now())
				s := newScript(t, "")
				s.set(func(_ visa.Reference, n int) (Result, error) { return Result{}, tt.fails(n) })
				r := startRig(t, store, s, unpaced(), 1)
				r.add(t, 1)
				time.Sleep(tt.watch)
				if got := store.tellings(); got != nil {
					t.Errorf("told %v", got)
				}
			})
		})
	}
}

// TestEngineNothingToCheckIsNoSilence pauses the only application after its
// check has failed: that nothing is checked then is what the person wanted.
func TestEngineNothingToCheckIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, "")
		s.fails(&Failure{Code: Timeout})
		r := startRig(t, newMemory(), s, unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Minute)
		pause := func(paused bool) {
			if _, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Paused = paused; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		pause(true)
		time.Sleep(day)
		if got := r.store.tellings(); got != nil {
			t.Errorf("told %v although nothing was to be checked", got)
		}
		pause(false)
		time.Sleep(2 * time.Hour)
		if got := r.store.tellings(); got != nil {
			t.Errorf("told %v two hours after it was resumed", got)
		}
		time.Sleep(2 * time.Hour)
		if got := r.store.tellings(); len(got) != 1 {
			t.Errorf("told %v four hours after it was resumed, want one notice", got)
		}
	})
}
