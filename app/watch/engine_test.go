package watch

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"cz-visa-monitor/app/visa"
)

func unpaced() *rate.Limiter { return NewPace(0) }

func TestEngineChecksAtOnceAndThenByInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.NotFound), unpaced(), 2)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		if got := r.source.calls(); got != 1 {
			t.Fatalf("asked %d times after a second, want 1", got)
		}
		r.source.says(visa.InProgress)
		time.Sleep(70 * time.Minute)
		if got := r.source.calls(); got != 2 {
			t.Fatalf("asked %d times after 70 minutes, want 2", got)
		}
		next := r.store.snapshot()[a.ID].State.NextCheckAt.Sub(r.source.times()[1])
		if next < 51*time.Minute || next > 70*time.Minute {
			t.Errorf("next check after %s, want an hour, 15 %% more or less", next)
		}
		if diff := cmp.Diff([]string{"first_answer >not_found", "status_changed not_found>in_progress"}, r.store.tellings()); diff != "" {
			t.Errorf("told: -want +got\n%s", diff)
		}
	})
}

func TestEngineConfirmsADecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		r.add(t, 1)
		time.Sleep(time.Minute)
		r.source.says(visa.Granted)
		time.Sleep(2 * time.Hour)
		want := []string{"first_answer >in_progress", "status_changed in_progress>granted"}
		if diff := cmp.Diff(want, r.store.tellings()); diff != "" {
			t.Errorf("told: -want +got\n%s", diff)
		}
		asked := r.source.times()
		if gap := asked[2].Sub(asked[1]); gap < 3*time.Minute || gap > 4*time.Minute {
			t.Errorf("confirmed after %s", gap)
		}
	})
}

func TestEngineKeepsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), NewPace(6), 4)
		for n := range 40 {
			r.add(t, n)
		}
		time.Sleep(5 * time.Minute)
		asked := r.source.times()
		for i := 1; i < len(asked); i++ {
			if gap := asked[i].Sub(asked[i-1]); gap < 9999*time.Millisecond {
				t.Fatalf("questions %d and %d are only %s apart", i-1, i, gap)
			}
		}
		if len(asked) < 30 {
			t.Errorf("asked %d times in 5 minutes, want about 30", len(asked))
		}
	})
}

func TestEnginePaceHoldsForRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript(t, "")
		source.fails(&Failure{Code: Mismatch})
		r := startRig(t, newMemory(), source, NewPace(6), 4)
		for n := range 5 {
			r.add(t, n)
		}
		time.Sleep(3 * time.Minute)
		asked := source.times()
		if len(asked) < 15 {
			t.Fatalf("asked %d times, want every application three times", len(asked))
		}
		for i := 1; i < len(asked); i++ {
			if gap := asked[i].Sub(asked[i-1]); gap < 9999*time.Millisecond {
				t.Fatalf("questions %d and %d are only %s apart", i-1, i, gap)
			}
		}
	})
}

func TestEngineSpreadsWhatFellDueWhileItWasOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		for n := range 200 {
			id := NewID(time.Now())
			store.apps[id] = Application{ID: id, Reference: reference(t, n), Watchers: []Watcher{{Owner: jana}}, State: State{NextCheckAt: time.Now().Add(-time.Hour)}}
		}
		r := startRig(t, store, newScript(t, visa.InProgress), unpaced(), 4)
		time.Sleep(time.Second)
		if got := r.source.calls(); got > 40 {
			t.Errorf("%d of 200 checks in the first second", got)
		}
		time.Sleep(30 * time.Second)
		if got := r.source.calls(); got != 200 {
			t.Errorf("%d checks after half a minute, want 200", got)
		}
	})
}

func TestEngineBreaker(t *testing.T) {
	tests := []struct {
		name    string
		failure Failure
		apps    int
		quiet   time.Duration // nobody asks for that long after it opened
	}{
		{"throttled with a time", Failure{Code: Throttled, RetryAfter: time.Hour}, 5, time.Hour},
		{"throttled without one", Failure{Code: Throttled}, 5, 15 * time.Minute},
		{"captcha", Failure{Code: Captcha}, 5, 30 * time.Minute},
		{"layout", Failure{Code: LayoutChanged}, 5, 30 * time.Minute},
		{"down", Failure{Code: Unreachable}, 5, 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newScript(t, "")
				source.fails(&tt.failure)
				r := startRig(t, newMemory(), source, unpaced(), 1)
				for n := range tt.apps {
					r.add(t, n)
				}
				time.Sleep(time.Minute)
				opened := source.calls()
				if !r.Status().Breaker.Open(time.Now()) {
					t.Fatal("the breaker is not open")
				}
				time.Sleep(tt.quiet - 2*time.Minute)
				if got := source.calls(); got != opened {
					t.Fatalf("asked %d times while the breaker was open", got-opened)
				}
				r.stop()

				// A restart does not forget it.
				source2 := newScript(t, visa.InProgress)
				source2.took = 80 * time.Second
				r2 := startRig(t, r.store, source2, unpaced(), 3)
				synctest.Wait()
				if got := source2.calls(); got != 0 {
					t.Fatalf("asked %d times right after a restart", got)
				}
				time.Sleep(85 * time.Second)
				if got := source2.calls(); got != 1 {
					t.Fatalf("%d checks at once after the cool-down, want one probe", got)
				}
				time.Sleep(20 * time.Minute)
				if got := source2.calls(); got < tt.apps {
					t.Errorf("asked %d times after the probe was answered, want all %d", got, tt.apps)
				}
				if s := r2.Status(); !s.Breaker.OpenUntil.IsZero() || s.Failure != "" {
					t.Errorf("source state after answers: %+v", s)
				}
			})
		})
	}
}

func TestEngineBreakerCoolsDownLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript(t, "")
		source.fails(&Failure{Code: Captcha})
		r := startRig(t, newMemory(), source, unpaced(), 1)
		r.add(t, 1)
		r.add(t, 2)
		time.Sleep(24 * time.Hour)
		// 30 min, 1 h, 2 h, 4 h, then 6 h each: the storm dies down.
		if got := source.calls(); got < 5 || got > 9 {
			t.Errorf("asked %d times in a day of refused captchas", got)
		}
	})
}

func TestEngineRetriesInsideOneCheck(t *testing.T) {
	tests := []struct {
		code FailureCode
		want int
	}{
		{Unreachable, 3},
		{Timeout, 3},
		{Mismatch, 3},
		{Browser, 3},
		{Throttled, 1},
		{Captcha, 1},
		{LayoutChanged, 1},
		{NotOffered, 1},
		{Internal, 1},
	}
	for _, tt := range tests {
		t.Run(string(tt.code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newScript(t, "")
				source.fails(&Failure{Code: tt.code})
				r := startRig(t, newMemory(), source, unpaced(), 1)
				a := r.add(t, 1)
				time.Sleep(2 * time.Minute)
				if got := source.calls(); got != tt.want {
					t.Errorf("asked %d times, want %d", got, tt.want)
				}
				st := r.store.snapshot()[a.ID].State
				if st.Trouble == nil || st.Trouble.Code != tt.code || st.Trouble.Count != 1 {
					t.Errorf("trouble %+v", st.Trouble)
				}
			})
		})
	}
}

func TestEngineAnswerAfterRetryIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript(t, "")
		source.set(func(_ visa.Reference, n int) (Result, error) {
			if n < 2 {
				return Result{}, &Failure{Code: Timeout}
			}
			return Result{Status: visa.InProgress}, nil
		})
		r := startRig(t, newMemory(), source, unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Minute)
		if st := r.store.snapshot()[a.ID].State; st.Status != visa.InProgress || st.Trouble != nil {
			t.Errorf("state %+v", st)
		}
	})
}

func TestEngineSourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript(t, visa.InProgress)
		source.took = 1000 * time.Hour
		r := startRig(t, newMemory(), source, unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(10 * time.Minute)
		if st := r.store.snapshot()[a.ID].State; st.Trouble == nil || st.Trouble.Code != Timeout {
			t.Errorf("state %+v, want a time-out", st)
		}
	})
}

func TestEngineStrangeErrorIsInternal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript(t, "")
		source.set(func(visa.Reference, int) (Result, error) { return Result{}, errors.New("surprise") })
		r := startRig(t, newMemory(), source, unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		if st := r.store.snapshot()[a.ID].State; st.Trouble == nil || st.Trouble.Code != Internal {
			t.Errorf("state %+v, want an internal failure", st)
		}
	})
}

func TestEngineStoreTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(time.Second)
		r.source.says(visa.PreliminarilyPositive)
		r.store.breakWrites(errors.New("no space left on device"))
		time.Sleep(90 * time.Minute)
		if got := r.store.snapshot()[a.ID].State.Status; got != visa.InProgress {
			t.Fatalf("status %s while the store is broken", got)
		}
		r.store.breakWrites(nil)
		time.Sleep(2 * time.Minute)
		want := []string{"first_answer >in_progress", "status_changed in_progress>preliminarily_positive"}
		if diff := cmp.Diff(want, r.store.tellings()); diff != "" {
			t.Errorf("told: -want +got\n%s", diff)
		}
	})
}

func TestEngineStop(t *testing.T) {
	t.Run("a check that is cut short leaves no trace", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := newScript(t, visa.InProgress)
			source.took = time.Minute
			r := startRig(t, newMemory(), source, unpaced(), 1)
			a := r.add(t, 1)
			time.Sleep(30 * time.Second)
			start := time.Now()
			r.stop()
			if took := time.Since(start); took > time.Second {
				t.Errorf("stopping took %s", took)
			}
			if st := r.store.snapshot()[a.ID].State; st.Trouble != nil || !st.CheckedAt.IsZero() {
				t.Errorf("an interrupted check left a trace: %+v", st)
			}
		})
	})
	t.Run("an answer that was read is kept", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := newScript(t, visa.InProgress)
			source.took, source.stubborn = time.Minute, true
			r := startRig(t, newMemory(), source, unpaced(), 1)
			a := r.add(t, 1)
			time.Sleep(30 * time.Second)
			r.stop()
			if st := r.store.snapshot()[a.ID].State; st.Status != visa.InProgress {
				t.Errorf("the answer is lost: %+v", st)
			}
		})
	})
}
