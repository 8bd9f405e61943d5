package alert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
)

// Four channels whose servers are silent must not keep a fifth from its
// message for longer than one send may take.
func TestDispatcherConcurrencyAndTimeout(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			o.addChannel(false, id)
			o.put(id, news())
		}
		f := &fakeNotifier{answer: func(ctx context.Context, c alert.Channel, _ alert.Message) error {
			if c.ID == "e" {
				return nil
			}
			<-ctx.Done()
			return fmt.Errorf("send: %w", ctx.Err())
		}}
		start(t, o, f, nil)
		if got := f.mostAtOnce(); got != 4 {
			t.Errorf("%d channels were sent to at once, want 4", got)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := o.get("d05").State; got != alert.Delivered {
			t.Errorf("the fifth channel's message is %s", got)
		}
		for _, id := range []string{"d01", "d02", "d03", "d04"} {
			if got := o.get(id); got.State != alert.Waiting || got.Attempts != 1 {
				t.Errorf("delivery is %+v", got)
			}
		}
	})
}

// A notifier that ignores its context costs no more than its own goroutine, and
// not without bound.
func TestDispatcherDeafNotifier(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "deaf", "b")
		release := make(chan struct{})
		var sends atomic.Int32
		f := &deafNotifier{release: release, sends: &sends}
		o.put("deaf", news())
		d := start(t, o, &fakeNotifier{}, func(cfg *alert.DispatcherConfig) { cfg.Notifier = f; cfg.GiveUpAfter = 1000 * time.Hour })
		time.Sleep(22 * time.Second)
		synctest.Wait()
		wantTrail(t, o, "settled d01 waiting")
		if got := o.get("d01").LastError; got != "no answer within 20s" {
			t.Errorf("error is %q", got)
		}
		o.put("b", news())
		d.Wake()
		synctest.Wait()
		if got := o.get("d02").State; got != alert.Delivered {
			t.Errorf("the other channel's message is %s", got)
		}
		time.Sleep(70 * time.Hour)
		synctest.Wait()
		if got := sends.Load(); got != 16 {
			t.Errorf("%d sends hang, want no more than 16", got)
		}
		if got := o.get("d01"); got.Attempts != 16 || got.LastError != "no answer within 20s" {
			t.Errorf("what could not even begin counts as an attempt: %+v", got)
		}
		if err := d.Test(t.Context(), alert.Channel{Kind: "fake"}); err != nil {
			t.Errorf("a test failed: %v", err)
		}
		close(release)
	})
}

// Tests that hang keep no message from being sent, and are bounded themselves.
func TestDispatcherTestsHaveTheirOwnBound(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "b")
		release := make(chan struct{})
		var sends atomic.Int32
		f := &deafNotifier{release: release, sends: &sends}
		d := start(t, o, &fakeNotifier{}, func(cfg *alert.DispatcherConfig) { cfg.Notifier = f })
		for i := range 20 {
			err := d.Test(t.Context(), alert.Channel{ID: "deaf"})
			if busy := err != nil && strings.HasPrefix(err.Error(), "too many earlier sends"); busy != (i >= 2) {
				t.Errorf("test %d: %v", i, err)
			}
		}
		if got := sends.Load(); got != 2 {
			t.Errorf("%d tests hang, want 2", got)
		}
		o.put("b", news())
		d.Wake()
		synctest.Wait()
		if got := o.get("d01"); got.State != alert.Delivered {
			t.Errorf("behind hanging tests the delivery is %+v", got)
		}
		close(release)
	})
}

type deafNotifier struct {
	release chan struct{}
	sends   *atomic.Int32
}

func (f *deafNotifier) Send(_ context.Context, c alert.Channel, _ alert.Message) error {
	if c.ID == "deaf" {
		f.sends.Add(1)
		<-f.release
	}
	return nil
}

func TestDispatcherSurvivesAPanic(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.put("a", news())
		start(t, o, &fakeNotifier{answer: func(context.Context, alert.Channel, alert.Message) error { panic("token s3cret") }}, nil)
		if got := o.get("d01"); got.State != alert.Waiting || got.LastError != "the sending code crashed" {
			t.Errorf("delivery is %+v", got)
		}
	})
}

func TestDispatcherBrokenStore(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.addChannel(true, "op")
		o.put("a", news())
		o.broken = 3 // Nobody else looks yet.
		d := start(t, o, &fakeNotifier{}, nil)
		for range 50 {
			d.Wake() // Waking does not turn it into a hot loop.
			synctest.Wait()
		}
		if got := o.callCount(); got != 1 {
			t.Errorf("%d calls to a broken store at once, want 1", got)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
	})
}

// What was sent is remembered as soon as the store can, and not sent again.
func TestDispatcherStoreBreaksAfterSending(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.addChannel(true, "op")
		var refuse atomic.Bool
		f := &fakeNotifier{answer: func(_ context.Context, c alert.Channel, _ alert.Message) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.broken = 4
			if c.ID == "a" && refuse.Load() {
				return errUnusable
			}
			return nil
		}}
		o.put("a", news())
		d := start(t, o, f, oneLine)
		time.Sleep(time.Minute)
		synctest.Wait()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
		refuse.Store(true)
		o.put("a", news())
		d.Wake()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		wantTrail(t, o, "failed d02 to a", "notice channel_dead:a resolved=false", "settled d02 dead",
			"sent d03 to op", "settled d03 delivered")
	})
}

func TestDispatcherChannelUnreadable(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		broken := &brokenChannels{fakeOutbox: o, left: 2}
		o.put("a", news())
		start(t, o, &fakeNotifier{}, func(cfg *alert.DispatcherConfig) { cfg.Outbox = broken })
		wantTrail(t, o)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
		if got := o.get("d01").Attempts; got != 1 {
			t.Errorf("%d attempts counted, want 1: the store's trouble is not the channel's", got)
		}
	})
}

type brokenChannels struct {
	*fakeOutbox
	left int
}

func (b *brokenChannels) Channel(ctx context.Context, id string) (alert.Channel, error) {
	if b.left--; b.left >= 0 {
		return alert.Channel{}, errDisk
	}
	return b.fakeOutbox.Channel(ctx, id)
}

// A send that has begun may end within the grace of a shutdown; then it counts.
func TestDispatcherShutdownWaitsForTheSend(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.put("a", news())
		o.put("a", news())
		f := &fakeNotifier{answer: func(ctx context.Context, _ alert.Channel, _ alert.Message) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(3 * time.Second):
				return nil
			}
		}}
		d := start(t, o, f, nil)
		d.stop()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
	})
}

// A longer one is cut off; it stays as it was and is sent after the restart.
func TestDispatcherShutdownCutsOff(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "a")
		o.put("a", news())
		before := o.get("d01")
		f := &fakeNotifier{answer: func(ctx context.Context, _ alert.Channel, _ alert.Message) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		d := start(t, o, f, nil)
		begun := time.Now()
		d.stop()
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("the shutdown took %v", took)
		}
		wantTrail(t, o, "failed d01 to a")
		if diff := cmp.Diff(before, o.get("d01"), cmp.AllowUnexported(before.Notification.Reference)); diff != "" {
			t.Errorf("the delivery changed:\n%s", diff)
		}
		start(t, o, &fakeNotifier{}, nil)
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
	})
}

func TestDispatcherShutdownLeavesADeafNotifierBehind(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(false, "deaf")
		release := make(chan struct{})
		var sends atomic.Int32
		o.put("deaf", news())
		d := start(t, o, &fakeNotifier{}, func(cfg *alert.DispatcherConfig) {
			cfg.Notifier = &deafNotifier{release: release, sends: &sends}
		})
		begun := time.Now()
		d.stop()
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("the shutdown took %v", took)
		}
		close(release)
	})
}

func TestDispatcherTest(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		o.addChannel(true, "op")
		o.notices["channel_dead:a"] = true
		var answer atomic.Pointer[error]
		var accepted error
		answer.Store(&accepted)
		f := &fakeNotifier{answer: func(_ context.Context, c alert.Channel, _ alert.Message) error {
			if c.ID == "op" {
				return nil
			}
			return *answer.Load()
		}}
		d := start(t, o, f, nil)
		unsaved := alert.Channel{Kind: "fake", Language: "cs", Privacy: alert.Silent}
		if err := d.Test(t.Context(), unsaved); err != nil {
			t.Errorf("test failed: %v", err)
		}
		if got := f.messages()[0]; got.Title != "Zkušební zpráva" || !strings.HasPrefix(got.ID, "test-") {
			t.Errorf("message is %+v", got)
		}
		answer.Store(&errRefused)
		if err := d.Test(t.Context(), unsaved); !errors.Is(err, alert.ErrFinal) {
			t.Errorf("error is %v, want the notifier's own", err)
		}
		answer.Store(&accepted)
		o.log()
		if err := d.Test(t.Context(), alert.Channel{ID: "a", Name: "name of a"}); err != nil {
			t.Errorf("test failed: %v", err)
		}
		synctest.Wait()
		trail := o.log()
		if diff := cmp.Diff([]string{"notice channel_dead:a resolved=true", "sent d01 to op", "settled d01 delivered"}, trail[1:]); diff != "" {
			t.Errorf("after a test that went well (-want +got):\n%s", diff)
		}
	})
}
