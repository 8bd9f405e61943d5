package alert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
)

var (
	errTemporary = errors.New("the server answered 503")
	errRefused   = fmt.Errorf("the server answered 401: %w", alert.ErrFinal)
	errUnusable  = fmt.Errorf("the channel cannot be used: %w", alert.ErrNoRetry)
)

func news() alert.Notification { return alert.Notification{Kind: alert.StatusChanged, At: time.Now()} }

// bubbles runs test in a bubble, once for each way an outbox may read its port.
func bubbles(t *testing.T, test func(t *testing.T, o *fakeOutbox)) {
	t.Helper()
	for name, head := range map[string]bool{"each delivery for itself": false, "head governs": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOutbox(t)
				o.headGoverns = head
				test(t, o)
			})
		})
	}
}

// oneLine makes a dispatcher work on one channel at a time, so that the trail
// has one order.
func oneLine(cfg *alert.DispatcherConfig) { cfg.Concurrency = 1 }

func wantTrail(t *testing.T, o *fakeOutbox, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, o.log()); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
}

func TestDispatcherSendsAtStartAndWhenWoken(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.put("a", news())
		f := &fakeNotifier{}
		d := start(t, o, f, nil)
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
		o.put("a", news())
		d.Wake()
		d.Wake() // Twice makes no difference.
		synctest.Wait()
		wantTrail(t, o, "sent d02 to a", "settled d02 delivered")
		if got := f.messages()[1]; got.ID != "d02" || got.Title == "" || !strings.HasPrefix(got.Link, baseURL) {
			t.Errorf("message is %+v", got)
		}
		if got := o.get("d02"); got.Attempts != 1 || got.SettledAt.IsZero() {
			t.Errorf("delivery is %+v", got)
		}
	})
}

// A message that nobody announced is found all the same.
func TestDispatcherLooksByItself(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		start(t, o, &fakeNotifier{}, nil)
		o.put("a", news())
		time.Sleep(time.Hour)
		synctest.Wait()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
	})
}

func TestDispatcherBacksOff(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.addChannel(true, "op")
		o.put("a", news())
		var mu sync.Mutex
		var at []time.Time
		f := &fakeNotifier{answer: func(_ context.Context, c alert.Channel, _ alert.Message) error {
			if c.ID == "op" {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			return errTemporary
		}}
		start(t, o, f, oneLine)
		time.Sleep(50 * time.Hour)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		born := o.get("d01").CreatedAt
		for i := 1; i < len(at); i++ {
			wait := at[i].Sub(at[i-1])
			full := min(time.Minute<<(i-1), 6*time.Hour)
			last := i == len(at)-1
			if wait > min(full*6/5, 6*time.Hour) || wait < full*4/5 && !last {
				t.Errorf("attempt %d came after %v, want about %v", i+1, wait, full)
			}
		}
		if last := at[len(at)-1].Sub(born); last != 48*time.Hour {
			t.Errorf("the last attempt came after %v, want 48h", last)
		}
		if len(at) < 14 || len(at) > 20 {
			t.Errorf("%d attempts in 48 h", len(at))
		}
		got := o.get("d01")
		if got.State != alert.DeadLetter || got.Attempts != len(at) || got.LastError != errTemporary.Error() || !got.NextAttemptAt.IsZero() {
			t.Errorf("after 48 h the delivery is %+v", got)
		}
		trail := o.log()
		want := []string{"failed d01 to a", "notice channel_dead:a resolved=false", "settled d01 dead", "sent d02 to op", "settled d02 delivered"}
		if diff := cmp.Diff(want, trail[len(trail)-len(want):]); diff != "" {
			t.Errorf("the end (-want +got):\n%s", diff)
		}
	})
}

// While a channel backs off, one message at a time probes it; then the rest
// flows, in order.
func TestDispatcherKeepsOrderBehindAFailure(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a", "b")
		var down atomic.Bool
		down.Store(true)
		f := &fakeNotifier{answer: func(_ context.Context, c alert.Channel, _ alert.Message) error {
			if c.ID == "a" && down.Load() {
				return errTemporary
			}
			return nil
		}}
		d := start(t, o, f, nil)
		o.put("a", news())
		d.Wake()
		synctest.Wait()
		wantTrail(t, o, "failed d01 to a", "settled d01 waiting")
		o.put("a", news())
		o.put("b", news())
		d.Wake()
		synctest.Wait()
		wantTrail(t, o, "sent d03 to b", "settled d03 delivered")
		time.Sleep(75 * time.Second)
		synctest.Wait()
		wantTrail(t, o, "failed d01 to a", "settled d01 waiting")
		down.Store(false)
		o.put("a", news())
		d.Wake()
		time.Sleep(150 * time.Second)
		synctest.Wait()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered", "sent d02 to a", "settled d02 delivered",
			"sent d04 to a", "settled d04 delivered")
	})
}

// Somebody has mended the channel: the store makes its deliveries due at once.
func TestDispatcherHurries(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		var down atomic.Bool
		down.Store(true)
		f := &fakeNotifier{answer: func(context.Context, alert.Channel, alert.Message) error {
			if down.Load() {
				return errTemporary
			}
			return nil
		}}
		o.put("a", news())
		o.put("a", news())
		d := start(t, o, f, nil)
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		o.log()
		down.Store(false)
		for _, id := range []string{"d01", "d02"} {
			o.edit(id, func(d *alert.Delivery) { d.NextAttemptAt = time.Now() })
		}
		d.Wake()
		synctest.Wait()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered", "sent d02 to a", "settled d02 delivered")
	})
}

func TestDispatcherRevived(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.put("a", news())
		start(t, o, &fakeNotifier{answer: func(context.Context, alert.Channel, alert.Message) error { return errTemporary }}, nil)
		time.Sleep(72 * time.Hour)
		synctest.Wait()
		if got := o.get("d01").State; got != alert.DeadLetter {
			t.Fatalf("state is %s", got)
		}
		o.log()
		o.edit("d01", func(d *alert.Delivery) {
			d.State, d.NextAttemptAt, d.RevivedAt, d.SettledAt = alert.Waiting, time.Now(), time.Now(), time.Time{}
		})
		time.Sleep(47 * time.Hour)
		synctest.Wait()
		if got := o.get("d01").State; got != alert.Waiting {
			t.Errorf("a revived delivery is %s after 47 h, want waiting", got)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := o.get("d01").State; got != alert.DeadLetter {
			t.Errorf("a revived delivery is %s after 49 h, want dead", got)
		}
	})
}

// Fields that make no sense will make none in an hour either.
func TestDispatcherDeadLetterAtOnce(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.addChannel(true, "op", "op2")
		var refuse atomic.Bool
		refuse.Store(true)
		f := &fakeNotifier{answer: func(_ context.Context, c alert.Channel, _ alert.Message) error {
			if c.ID == "a" && refuse.Load() || c.ID == "op2" {
				return errUnusable
			}
			return nil
		}}
		o.put("a", news())
		o.put("a", news())
		d := start(t, o, f, oneLine)
		wantTrail(t, o,
			"failed d01 to a", "notice channel_dead:a resolved=false", "settled d01 dead",
			"failed d02 to a", "settled d02 dead", // The notice stands already.
			"sent d03 to op", "settled d03 delivered",
			// The second operator's channel is dead as well; the first one hears of it, nobody else.
			"failed d04 to op2", "notice channel_dead:op2 resolved=false", "settled d04 dead",
			"sent d05 to op", "settled d05 delivered")
		refuse.Store(false)
		o.put("a", news())
		d.Wake()
		synctest.Wait()
		wantTrail(t, o, "sent d06 to a", "settled d06 delivered", "notice channel_dead:a resolved=true",
			"sent d07 to op", "settled d07 delivered", "failed d08 to op2", "settled d08 dead")
		if got := f.messages()[2].Text; !strings.Contains(got, "name of a") || !strings.Contains(got, "cannot be used") {
			t.Errorf("the notice says:\n%s", got)
		}
	})
}

func TestDispatcherDeletedChannel(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(true, "op")
		o.put("gone", news())
		start(t, o, &fakeNotifier{}, nil)
		wantTrail(t, o, "settled d01 dead")
		if got := o.get("d01"); got.LastError != "the channel was deleted" || got.Attempts != 0 {
			t.Errorf("delivery is %+v", got)
		}
	})
}

func TestDispatcherRateLimit(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a", "b")
		for range 30 {
			o.put("a", news())
		}
		d := start(t, o, &fakeNotifier{}, nil)
		count := func() int { return len(o.log()) / 2 }
		if got := count(); got != 5 {
			t.Errorf("%d messages at once, want 5", got)
		}
		o.put("b", news())
		d.Wake()
		synctest.Wait()
		if got := count(); got != 1 {
			t.Errorf("another channel got %d messages while one rests, want 1", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := count(); got != 10 {
			t.Errorf("%d messages in a minute, want 10", got)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := count(); got != 15 {
			t.Errorf("%d messages were left, want 15", got)
		}
		for i := range 30 {
			if got := o.get(fmt.Sprintf("d%02d", i+1)); got.Attempts != 1 || got.State != alert.Delivered {
				t.Errorf("delivery is %+v", got)
			}
		}
	})
}
