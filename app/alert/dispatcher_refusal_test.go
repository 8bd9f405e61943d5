package alert_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
)

// script answers the n-th send of each message, counted from 1, and remembers
// when each was made.
type script struct {
	answer func(id string, n int) error

	mu   sync.Mutex
	made map[string][]time.Time
}

func (s *script) notifier() *fakeNotifier {
	s.made = map[string][]time.Time{}
	return &fakeNotifier{answer: func(_ context.Context, _ alert.Channel, m alert.Message) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.made[m.ID] = append(s.made[m.ID], time.Now())
		return s.answer(m.ID, len(s.made[m.ID]))
	}}
}

// at returns when a message was sent.
func (s *script) at(id string) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.made[id])
}

// A proxy that answers 404 while the server behind it restarts has not refused
// anything.
func TestDispatcherRefusedForAMoment(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.addChannel(true, "op")
		o.put("a", news())
		s := &script{answer: func(_ string, n int) error {
			if n <= 2 {
				return errRefused
			}
			return nil
		}}
		start(t, o, s.notifier(), oneLine)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		wantTrail(t, o, "failed d01 to a", "settled d01 waiting", "failed d01 to a", "settled d01 waiting",
			"sent d01 to a", "settled d01 delivered")
	})
}

func TestDispatcherRefusedForGood(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		finalAfter time.Duration
		// outage is how many attempts fail in another way first.
		outage   int
		refusals int
		min, max time.Duration
	}{
		"from the start":      {0, 0, 7, 50 * time.Minute, 80 * time.Minute},
		"after a long outage": {0, 10, 7, 50 * time.Minute, 80 * time.Minute},
		"with a short limit":  {time.Second, 0, 4, 2 * time.Second, 4 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubbles(t, func(t *testing.T, o *fakeOutbox) {
				o.addChannel(false, "a")
				o.addChannel(true, "op")
				o.put("a", news())
				s := &script{answer: func(id string, n int) error {
					switch {
					case id != "d01":
						return nil
					case n <= tt.outage:
						return errTemporary
					}
					return errRefused
				}}
				start(t, o, s.notifier(), func(cfg *alert.DispatcherConfig) { cfg.Concurrency, cfg.FinalAfter = 1, tt.finalAfter })
				time.Sleep(47 * time.Hour)
				synctest.Wait()
				at := s.at("d01")[tt.outage:]
				// The jitter may bring the last attempt just short of the hour.
				if n := len(at); n < tt.refusals || n > tt.refusals+1 {
					t.Errorf("%d refusals, want about %d", n, tt.refusals)
				}
				if took := at[len(at)-1].Sub(at[0]); took < tt.min || took > 2*tt.max {
					t.Errorf("given up after %v of refusals", took)
				}
				trail := o.log()
				want := []string{"failed d01 to a", "notice channel_dead:a resolved=false", "settled d01 dead", "sent d02 to op", "settled d02 delivered"}
				if diff := cmp.Diff(want, trail[len(trail)-len(want):]); diff != "" {
					t.Errorf("the end (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Only refusals in a row count, and a delivery that was put back by hand gets
// its hour again.
func TestDispatcherRefusalsCountInARow(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.put("a", news())
		var mixed atomic.Bool
		mixed.Store(true)
		s := &script{answer: func(_ string, n int) error {
			if mixed.Load() && n%4 == 0 {
				return errTemporary
			}
			return errRefused
		}}
		start(t, o, s.notifier(), nil)
		time.Sleep(40 * time.Hour)
		synctest.Wait()
		if got := o.get("d01").State; got != alert.Waiting {
			t.Fatalf("refused now and then, the delivery is %s", got)
		}
		mixed.Store(false)
		time.Sleep(7*time.Hour + 30*time.Minute)
		synctest.Wait()
		if got := o.get("d01").State; got != alert.DeadLetter {
			t.Fatalf("the delivery is %s", got)
		}
		o.edit("d01", func(d *alert.Delivery) {
			d.State, d.NextAttemptAt, d.RevivedAt, d.SettledAt = alert.Waiting, time.Now(), time.Now(), time.Time{}
		})
		time.Sleep(45 * time.Minute)
		synctest.Wait()
		if got := o.get("d01").State; got != alert.Waiting {
			t.Errorf("45 minutes after it was revived the delivery is %s", got)
		}
	})
}

// laterError is an error of a peer that says when to come again.
type laterError struct {
	error
	after time.Duration
}

func (e *laterError) RetryAfter() time.Duration { return e.after }

func TestDispatcherRetryAfter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		attempts        int // before
		asked, min, max time.Duration
	}{
		"longer than the back-off":    {0, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute},
		"shorter than the back-off":   {0, time.Second, 48 * time.Second, 72 * time.Second},
		"without measure":             {0, 1000 * time.Hour, 6 * time.Hour, 6 * time.Hour},
		"in the past":                 {0, -time.Hour, 48 * time.Second, 72 * time.Second},
		"where the next had its turn": {3, time.Hour, time.Hour, time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubbles(t, func(t *testing.T, o *fakeOutbox) {
				o.addChannel(false, "a")
				o.put("a", news())
				o.put("a", news())
				s := &script{answer: func(_ string, n int) error {
					if n == 1 {
						return &laterError{errTemporary, tt.asked}
					}
					return nil
				}}
				o.edit("d01", func(d *alert.Delivery) { d.Attempts = tt.attempts })
				start(t, o, s.notifier(), nil)
				time.Sleep(7 * time.Hour)
				synctest.Wait()
				at := s.at("d01")
				if wait := at[1].Sub(at[0]); wait < tt.min || wait > tt.max {
					t.Errorf("tried again after %v, want %v to %v", wait, tt.min, tt.max)
				}
				if s.at("d02")[0].Before(at[1]) {
					t.Error("the channel was not left alone")
				}
			})
		})
	}
}

// A message that its receiver cannot take holds up the others for a few
// minutes, not for two days.
func TestDispatcherPassesOverAPoisonedMessage(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		s := &script{answer: func(id string, _ int) error {
			if id == "d01" || id == "d02" {
				return errTemporary
			}
			return nil
		}}
		for range 12 {
			o.put("a", news())
		}
		d := start(t, o, s.notifier(), nil)
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		var sent []string
		for i, line := range o.log() {
			if len(line) > 4 && line[:4] == "sent" {
				sent = append(sent, line[5:8])
			}
			if i > 60 {
				t.Fatal("the poisoned ones are tried too often")
			}
		}
		want := []string{"d03", "d04", "d05", "d06", "d07", "d08", "d09", "d10", "d11", "d12"}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		before := len(s.at("d01"))
		o.put("a", news())
		d.Wake()
		synctest.Wait()
		wantTrail(t, o, "sent d13 to a", "settled d13 delivered")
		if len(s.at("d01")) != before {
			t.Error("the poisoned one was tried before its time")
		}
		time.Sleep(49 * time.Hour)
		synctest.Wait()
		for _, id := range []string{"d01", "d02"} {
			if got := o.get(id); got.State != alert.DeadLetter || got.Attempts > 25 {
				t.Errorf("in the end the delivery is %+v", got)
			}
		}
	})
}

// While the channel itself is down, a message that comes late does not overtake
// the older ones: they are tried first.
func TestDispatcherKeepsOrderAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(t)
		o.headGoverns = true
		o.addChannel(false, "a")
		var down atomic.Bool
		down.Store(true)
		s := &script{answer: func(string, int) error {
			if down.Load() {
				return errTemporary
			}
			return nil
		}}
		d := start(t, o, s.notifier(), nil)
		for range 3 {
			o.put("a", news())
			d.Wake()
			time.Sleep(2 * time.Hour)
		}
		o.put("a", news())
		d.Wake()
		synctest.Wait()
		o.log()
		down.Store(false)
		time.Sleep(7 * time.Hour)
		synctest.Wait()
		trail := slices.DeleteFunc(o.log(), func(s string) bool { return s[:4] != "sent" })
		if diff := cmp.Diff([]string{"sent d01 to a", "sent d02 to a", "sent d03 to a", "sent d04 to a"}, trail); diff != "" {
			t.Errorf("after the outage (-want +got):\n%s", diff)
		}
		if n := len(s.at("d01")); n > 40 {
			t.Errorf("%d attempts in an outage of six hours", n)
		}
	})
}

// The channel's rate limit holds up none for ever behind one that fails.
func TestDispatcherPoisonAndRateLimit(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		s := &script{answer: func(id string, _ int) error {
			if id == "d01" {
				return errors.New("the server answered 500")
			}
			return nil
		}}
		o.put("a", news())
		o.put("a", news())
		start(t, o, s.notifier(), func(cfg *alert.DispatcherConfig) { cfg.Burst, cfg.PerMinute = 1, 1 })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := o.get("d02").State; got != alert.Delivered {
			t.Errorf("the second message is %s", got)
		}
	})
}
