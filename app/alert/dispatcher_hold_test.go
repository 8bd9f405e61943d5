package alert_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

// Bubbles begin at midnight UTC.
var (
	nightly = alert.Quiet{From: "22:00", To: "07:00"}
	bedtime = alert.Quiet{From: "22:00", To: "07:00", Decisions: true}
)

// addQuiet adds a channel with these times.
func addQuiet(o *fakeOutbox, id string, q alert.Quiet, digest string) {
	o.addChannel(false, id)
	o.setTimes(id, q, digest)
}

func (o *fakeOutbox) setTimes(id string, q alert.Quiet, digest string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.channels[id]
	c.Quiet, c.Digest = q, digest
	o.channels[id] = c
}

// hurry makes due what waits, as an edit of the channel does.
func (o *fakeOutbox) hurry() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.waiting() {
		d.NextAttemptAt, d.HeldUntil = time.Now(), time.Time{}
		o.deliveries[d.ID] = d
	}
}

func change(app string, to visa.Status) alert.Notification {
	return alert.Notification{Kind: alert.StatusChanged, ApplicationID: app, Label: app, From: visa.InProgress, To: to, At: time.Now()}
}

// until lets the bubble's clock go on to an hour of its first day.
func until(hour float64) {
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour)))
	time.Sleep(time.Until(at))
	synctest.Wait()
}

func TestQuietHoursHoldAndLetGo(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		addQuiet(o, "a", nightly, "")
		o.put("a", change("app1", visa.Suspended))
		o.put("a", change("app2", visa.Granted))
		start(t, o, &fakeNotifier{}, oneLine)
		wantTrail(t, o, "held d01", "held d02")
		if d := o.get("d01"); !d.HeldUntil.Equal(time.Now().Add(7*time.Hour)) || !d.Held() || d.Attempts != 0 {
			t.Errorf("held: %+v", d)
		}
		before := o.callCount()
		until(6.99)
		wantTrail(t, o)
		// What is looked up within seven hours is not what a minute's tick would.
		if calls := o.callCount() - before; calls > 20 {
			t.Errorf("%d calls of the store while nothing was due", calls)
		}
		until(7)
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered", "sent d02 to a", "settled d02 delivered")
		if d := o.get("d01"); d.Held() || !d.HeldUntil.IsZero() {
			t.Errorf("settled: %+v", d)
		}
	})
}

// An idle dispatcher leaves the store alone.
func TestNothingToWaitFor(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		start(t, o, &fakeNotifier{}, nil)
		before := o.callCount()
		time.Sleep(24*time.Hour - time.Second)
		synctest.Wait()
		if calls := o.callCount() - before; calls > 2*24 {
			t.Errorf("%d calls of the store in a day", calls)
		}
	})
}

// TestDecisionBreaksThrough: with what is held about the same application before
// it, and nothing else.
func TestDecisionBreaksThrough(t *testing.T) {
	t.Parallel()
	for _, digest := range []string{"", "18:00"} {
		bubbles(t, func(t *testing.T, o *fakeOutbox) {
			addQuiet(o, "a", bedtime, digest)
			o.put("a", change("app1", visa.Suspended))
			o.put("a", change("app2", visa.Suspended))
			d := start(t, o, &fakeNotifier{}, oneLine)
			wantTrail(t, o, "held d01", "held d02")
			until(2)
			o.put("a", change("app2", visa.Granted))
			o.put("a", change("app2", visa.NotFound))
			d.Wake()
			synctest.Wait()
			wantTrail(t, o, "held d04", "sent d02 to a", "settled d02 delivered", "sent d03 to a", "settled d03 delivered")
		})
	}
}

func TestDigestIsOneMessage(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		addQuiet(o, "a", alert.Quiet{}, "18:00")
		f := &fakeNotifier{}
		d := start(t, o, f, oneLine)
		for _, hour := range []float64{1, 5, 17.9} {
			until(hour)
			o.put("a", change("app1", visa.Suspended))
			d.Wake()
			synctest.Wait()
		}
		wantTrail(t, o, "held d01", "held d02", "held d03")
		until(18)
		id := f.messages()[0].ID
		wantTrail(t, o, "sent "+id+" to a", "settled d01 delivered", "settled d02 delivered", "settled d03 delivered")
		if got := f.messages()[0]; !strings.HasPrefix(got.Title, "3 ") || id == "d01" {
			t.Errorf("message %+v", got)
		}
		if got := o.get("d02"); got.Digest != id || got.State != alert.Delivered {
			t.Errorf("delivery %+v", got)
		}
		o.put("a", change("app1", visa.Suspended)) // One alone is no digest.
		d.Wake()
		until(42)
		wantTrail(t, o, "held d04", "sent d04 to a", "settled d04 delivered")
		if got := o.get("d04"); got.Digest != "" {
			t.Errorf("delivery %+v", got)
		}
	})
}

// TestDigestIsTriedAgain: as the same message, with what was in it, until it is
// given up as a whole two days after it might first go.
func TestDigestIsTriedAgain(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		addQuiet(o, "a", alert.Quiet{}, "18:00")
		var mended atomic.Bool
		f := &fakeNotifier{answer: func(context.Context, alert.Channel, alert.Message) error {
			if mended.Load() {
				return nil
			}
			return errTemporary
		}}
		d := start(t, o, f, oneLine)
		o.put("a", change("app1", visa.Suspended))
		o.put("a", change("app2", visa.Suspended))
		d.Wake()
		until(20)
		o.put("a", change("app3", visa.Suspended)) // For the next day.
		d.Wake()
		until(41.9)
		ids := map[string]bool{}
		for _, m := range f.messages() {
			ids[m.ID] = true
		}
		if len(ids) != 1 || len(f.messages()) < 5 {
			t.Errorf("%d messages with the IDs %v", len(f.messages()), ids)
		}
		until(18 + 47.9)
		if a, b := o.get("d01"), o.get("d02"); a.State != alert.Waiting || b.State != alert.Waiting || a.NextAttemptAt != b.NextAttemptAt {
			t.Errorf("given up early, or apart: %+v, %+v", a, b)
		}
		until(18 + 48.1)
		if a, b, c := o.get("d01"), o.get("d02"), o.get("d03"); a.State != alert.DeadLetter || b.State != alert.DeadLetter || c.State != alert.Waiting {
			t.Errorf("after two days: %s, %s, %s", a.State, b.State, c.State)
		}
		mended.Store(true)
		until(18 + 72)
		if c := o.get("d03"); c.State != alert.Delivered {
			t.Errorf("what was not too old: %+v", c)
		}
	})
}

// TestRetriesKeepQuiet: what failed before the quiet hours is tried after them,
// and gets no more time for that.
func TestRetriesKeepQuiet(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		addQuiet(o, "a", nightly, "")
		var at []time.Time
		f := &fakeNotifier{answer: func(context.Context, alert.Channel, alert.Message) error {
			at = append(at, time.Now())
			return errTemporary
		}}
		d := start(t, o, f, oneLine)
		until(12)
		o.put("a", change("app1", visa.Suspended))
		d.Wake()
		until(61)
		for _, t0 := range at {
			if t0.Hour() >= 22 || t0.Hour() < 7 {
				t.Errorf("tried at %s", t0)
			}
		}
		if got := o.get("d01"); got.State != alert.DeadLetter || got.Attempts != len(at) || !got.OpensAt.IsZero() || len(at) < 6 {
			t.Errorf("after two days and %d attempts: %+v", len(at), got)
		}
	})
}

// TestEditEndsHold: without quiet hours everything goes at once; with other ones
// it waits for those.
func TestEditEndsHold(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		addQuiet(o, "a", nightly, "")
		o.put("a", change("app1", visa.Suspended))
		d := start(t, o, &fakeNotifier{}, oneLine)
		until(1)
		o.setTimes("a", alert.Quiet{From: "22:00", To: "05:00"}, "")
		o.hurry()
		d.Wake()
		synctest.Wait()
		wantTrail(t, o, "held d01", "held d01")
		until(2)
		o.setTimes("a", alert.Quiet{}, "")
		o.hurry()
		d.Wake()
		synctest.Wait()
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
	})
}

// TestNightOfTheClock: the hours are those of the clock on the wall, also in the
// nights in which it is changed.
func TestNightOfTheClock(t *testing.T) {
	t.Parallel()
	for name, night := range map[string]struct{ begin, end time.Time }{
		"put forward": {time.Date(2000, 3, 25, 22, 0, 0, 0, time.UTC), time.Date(2000, 3, 26, 5, 0, 0, 0, time.UTC)},
		"put back":    {time.Date(2000, 10, 28, 22, 0, 0, 0, time.UTC), time.Date(2000, 10, 29, 6, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				prague, err := time.LoadLocation("Europe/Prague")
				if err != nil {
					t.Fatal(err)
				}
				o := newOutbox(t)
				o.headGoverns = true
				addQuiet(o, "a", nightly, "")
				time.Sleep(time.Until(night.begin))
				o.put("a", change("app1", visa.Suspended))
				start(t, o, &fakeNotifier{}, func(c *alert.DispatcherConfig) { c.Zone = prague })
				time.Sleep(time.Until(night.end) - time.Second)
				synctest.Wait()
				wantTrail(t, o, "held d01")
				time.Sleep(time.Second)
				synctest.Wait()
				wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
			})
		})
	}
}

// TestHoldSurvivesRestart: what is held is sent by the next dispatcher, once, and
// at its time.
func TestHoldSurvivesRestart(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		addQuiet(o, "a", nightly, "")
		o.put("a", change("app1", visa.Suspended))
		first := start(t, o, &fakeNotifier{}, oneLine)
		until(3)
		first.stop()
		start(t, o, &fakeNotifier{}, oneLine)
		wantTrail(t, o, "held d01")
		until(30)
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
	})
}

// A store that cannot write holds up, and loses, nothing.
func TestHoldWithBrokenStore(t *testing.T) {
	t.Parallel()
	bubbles(t, func(t *testing.T, o *fakeOutbox) {
		addQuiet(o, "a", nightly, "")
		o.put("a", change("app1", visa.Suspended))
		o.broken = 7
		start(t, o, &fakeNotifier{}, oneLine)
		until(6.9)
		wantTrail(t, o, "held d01")
		until(7)
		wantTrail(t, o, "sent d01 to a", "settled d01 delivered")
	})
}
