package alert

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

const (
	// firstBackOff is the wait after the first failed attempt; it doubles up to maxBackOff.
	firstBackOff = time.Minute
	maxBackOff   = 6 * time.Hour
	// backOffJitter is how far a wait may be off, to either side.
	backOffJitter = 0.2
	// overrun is how long a send may take to notice that its time is up.
	overrun = 2 * time.Second
	// minRefusals is after how many refusals in a row a delivery may be given up.
	minRefusals = 4
	// mostPassed is how many that fail are passed over in one go. With more of
	// them the channel is likely down.
	mostPassed = 3
	// maxLastError bounds the error kept with a delivery, in characters.
	maxLastError = 500
)

// errBusy: a send could not begin, which says nothing about the channel.
var errBusy = errors.New("too many earlier sends are still waiting for an answer")

// work sends the deliveries of one channel in order, and returns how long to
// leave the channel alone. It stops at the first that fails for now, unless that
// one has had its chances: then the next is tried, and if it is accepted the
// fault is with the message, not with the channel. It also stops at the rate
// limit, and when ctx ends.
func (d *Dispatcher) work(ctx, sending context.Context, line []Delivery, limit *rate.Limiter) hold {
	var failed []Delivery
	for _, delivery := range line {
		if ctx.Err() != nil {
			return hold{}
		}
		if wait := turn(limit, delivery); wait > 0 {
			return hold{until: time.Now().Add(wait)}
		}
		after, h := d.deliver(sending, delivery)
		switch {
		case after.State == Delivered:
			d.overtake(sending, failed)
			failed = nil
		case h.until.IsZero():
		case h.whole || !after.Yields() || len(failed) == mostPassed:
			return h
		default:
			failed = append(failed, after)
		}
	}
	return hold{}
}

// turn returns how long to wait for the rate limit before sending del. One that
// yields needs a token but takes none: the one behind it is to have it.
func turn(limit *rate.Limiter, del Delivery) time.Duration {
	if del.Yields() && limit.Tokens() >= 1 {
		return 0
	}
	r := limit.Reserve()
	wait := r.Delay()
	if wait > 0 {
		r.Cancel()
	}
	return wait
}

// overtake remembers of failed that a later message was accepted.
func (d *Dispatcher) overtake(ctx context.Context, failed []Delivery) {
	for _, del := range failed {
		if !del.Overtaken {
			del.Overtaken = true
			d.settle(ctx, del)
		}
	}
}

// deliver makes one attempt and settles it. It returns what became of the
// delivery, and how long to leave the channel alone.
func (d *Dispatcher) deliver(ctx context.Context, del Delivery) (Delivery, hold) {
	c, err := d.cfg.Outbox.Channel(ctx, del.ChannelID)
	switch {
	case errors.Is(err, ErrNoChannel):
		d.bury(ctx, del, "the channel was deleted")
		return del, hold{}
	case err != nil:
		d.log(del).Error("cannot read the channel", slog.Any("error", err))
		return del, hold{until: time.Now().Add(maxStorePause), whole: true}
	}
	m := Compose(del.Notification, c, d.cfg.Catalogues.For(c.Language), d.cfg.BaseURL)
	m.ID = del.ID
	err = d.send(ctx, d.slots, c, m)
	now := time.Now()
	switch {
	case err != nil && ctx.Err() != nil:
		return del, hold{} // Cut off by the shutdown: it stays as it was and is sent after the restart.
	case errors.Is(err, errBusy) && now.Before(d.deadline(del)):
		d.log(del).Error("a delivery has to wait", slog.Any("error", err))
		return del, hold{until: now.Add(firstBackOff), whole: true}
	}
	del = counted(del, err, now)
	switch {
	case err == nil:
		return d.delivered(ctx, del, c), hold{}
	case d.hopeless(del, err, now):
		d.log(del).Error("given up on a delivery", slog.Any("error", err))
		d.raise(ctx, c, err)
		d.bury(ctx, del, err.Error())
		return del, hold{}
	}
	d.log(del).Warn("a delivery failed; it will be tried again", slog.Any("error", err))
	asked := askedWait(err)
	del.LastError = cut(oneLine(err.Error()), maxLastError)
	del.NextAttemptAt = d.nextAttempt(del, asked)
	d.settle(ctx, del)
	return del, hold{until: del.NextAttemptAt, failed: del.ID, whole: asked > 0}
}

// counted adds an attempt to del that ended with err.
func counted(del Delivery, err error, now time.Time) Delivery {
	del.Attempts++
	switch {
	case !errors.Is(err, ErrFinal):
		del.Refusals, del.RefusedSince = 0, time.Time{}
	case del.Refusals == 0, del.RevivedAt.After(del.RefusedSince):
		del.Refusals, del.RefusedSince = 1, now
	default:
		del.Refusals++
	}
	return del
}

// hopeless reports whether to give up on del after err: at its deadline, at once
// where it must not be tried again, and where the peer has refused often and long
// enough for it to be no restart.
func (d *Dispatcher) hopeless(del Delivery, err error, now time.Time) bool {
	return errors.Is(err, ErrNoRetry) || !now.Before(d.deadline(del)) ||
		del.Refusals >= minRefusals && now.Sub(del.RefusedSince) >= d.cfg.FinalAfter
}

// deadline is when to give up on del.
func (d *Dispatcher) deadline(del Delivery) time.Time {
	born := del.CreatedAt
	if del.RevivedAt.After(born) {
		born = del.RevivedAt
	}
	return born.Add(d.cfg.GiveUpAfter)
}

// askedWait returns how long the peer wants to be left alone, within bounds.
func askedWait(err error) time.Duration {
	var later interface{ RetryAfter() time.Duration }
	if !errors.As(err, &later) {
		return 0
	}
	return min(max(later.RetryAfter(), 0), maxBackOff)
}

// nextAttempt is when to try del again, after del.Attempts failed ones, and not
// before asked has passed; the last attempt falls on the deadline. With the first
// refusal the waits begin anew: the peer answers.
func (d *Dispatcher) nextAttempt(del Delivery, asked time.Duration) time.Time {
	failures, longest := del.Attempts, maxBackOff
	if del.Refusals > 0 {
		failures, longest = del.Refusals, min(maxBackOff, d.cfg.FinalAfter)
	}
	wait := min(firstBackOff<<min(failures-1, 16), longest)
	spread := 1 - backOffJitter + 2*backOffJitter*mathrand.Float64() //nolint:gosec // Times are no secret.
	wait = min(time.Duration(float64(wait)*spread), longest)
	at := time.Now().Add(max(wait, asked))
	if last := d.deadline(del); at.After(last) {
		return last
	}
	return at
}

// delivered settles an accepted delivery and ends the trouble with its channel.
func (d *Dispatcher) delivered(ctx context.Context, del Delivery, c Channel) Delivery {
	d.log(del).Info("delivered a message", slog.String("kind", string(del.Notification.Kind)))
	del.State, del.SettledAt, del.NextAttemptAt, del.LastError = Delivered, time.Now(), time.Time{}, ""
	d.settle(ctx, del)
	d.resolve(ctx, c)
	return del
}

// bury makes a dead letter of del.
func (d *Dispatcher) bury(ctx context.Context, del Delivery, why string) {
	del.State, del.SettledAt, del.NextAttemptAt = DeadLetter, time.Now(), time.Time{}
	del.LastError = cut(oneLine(why), maxLastError)
	d.settle(ctx, del)
}

func (d *Dispatcher) settle(ctx context.Context, del Delivery) {
	d.persist(ctx, "settle a delivery", func() error { return d.cfg.Outbox.Settle(ctx, del) })
}

// raise tells the other operator channels that c is dead. It comes before the
// dead letter is stored, so that a crash in between repeats it, not loses it.
func (d *Dispatcher) raise(ctx context.Context, c Channel, err error) {
	now := time.Now()
	n := Notification{
		Kind: ChannelDead, Subject: c.Name, Since: now, At: now,
		Detail: cut(oneLine(err.Error()), maxLastError),
	}
	d.persist(ctx, "raise a notice", func() error {
		raised, err := d.cfg.Notices.Raise(ctx, ChannelDeadKey(c.ID), n, c.ID)
		if raised {
			d.Wake()
		}
		return err
	})
}

// resolve ends the notice about c, if there is one.
func (d *Dispatcher) resolve(ctx context.Context, c Channel) {
	n := Notification{Kind: ChannelDead, Resolved: true, Subject: c.Name, At: time.Now()}
	d.persist(ctx, "resolve a notice", func() error {
		resolved, err := d.cfg.Notices.Resolve(ctx, ChannelDeadKey(c.ID), n, c.ID)
		if resolved {
			d.Wake()
		}
		return err
	})
}

// ChannelDeadKey returns the key of the operator notice that a channel is dead.
func ChannelDeadKey(id string) string { return string(ChannelDead) + ":" + id }

// persist repeats op until the store takes it or ctx ends. What is lost in the
// second case is only the knowledge that a message was sent.
func (d *Dispatcher) persist(ctx context.Context, what string, op func() error) {
	var pause time.Duration
	for {
		err := op()
		if err == nil {
			return
		}
		d.cfg.Logger.Error("cannot write to the store", slog.String("what", what), slog.Any("error", err))
		pause = nextPause(pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// Test sends a test message through c, which need not be saved yet, and returns
// the notifier's answer.
func (d *Dispatcher) Test(ctx context.Context, c Channel) error {
	m := Compose(Notification{Kind: Test, At: time.Now()}, c, d.cfg.Catalogues.For(c.Language), d.cfg.BaseURL)
	m.ID = "test-" + strings.ToLower(rand.Text())
	if err := d.send(ctx, d.tests, c, m); err != nil {
		return err
	}
	if c.ID != "" {
		d.resolve(ctx, c)
	}
	return nil
}

// send hands m to the notifier once, and waits no longer than the timeout even
// where the notifier ignores its context. Where slots is full it sends nothing
// and returns errBusy.
func (d *Dispatcher) send(ctx context.Context, slots chan struct{}, c Channel, m Message) error {
	select {
	case slots <- struct{}{}:
	default:
		return errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.SendTimeout)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		defer func() { <-slots }()
		answer <- d.guarded(ctx, c, m)
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answer:
		return err
	case <-time.After(overrun):
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", d.cfg.SendTimeout)
	}
	return errors.New("the sending was cut off")
}

// guarded keeps a panic in a library for one of the many services from taking
// the whole appliance down. What it panicked with may hold a secret; the stack
// shows where.
func (d *Dispatcher) guarded(ctx context.Context, c Channel, m Message) (err error) {
	defer func() {
		if recover() != nil {
			d.cfg.Logger.Error("the sending code crashed", slog.String("stack", string(debug.Stack())))
			err = errors.New("the sending code crashed")
		}
	}()
	return d.cfg.Notifier.Send(ctx, c, m)
}

func (d *Dispatcher) log(del Delivery) *slog.Logger {
	return d.cfg.Logger.With(
		slog.String("delivery_id", del.ID), slog.String("channel_id", del.ChannelID), slog.Int("attempt", del.Attempts))
}
