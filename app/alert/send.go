package alert

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"runtime/debug"
	"slices"
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
	for _, batch := range d.batches(sending, line) {
		if ctx.Err() != nil {
			return hold{}
		}
		if wait := turn(limit, batch[0]); wait > 0 {
			return hold{until: time.Now().Add(wait)}
		}
		after, h := d.deliver(sending, batch)
		switch {
		case after[0].State == Delivered:
			d.overtake(sending, failed)
			failed = nil
		case h.until.IsZero():
		case h.whole || !after[0].Yields() || len(failed) >= mostPassed:
			return h
		default:
			failed = append(failed, after...)
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
	news := slices.DeleteFunc(failed, func(del Delivery) bool { return del.Overtaken || del.State != Waiting })
	for i := range news {
		news[i].Overtaken = true
	}
	if len(news) > 0 {
		d.settle(ctx, news)
	}
}

// deliver makes one attempt to send batch, as one message, and settles it, in one
// transaction. It returns what became of the deliveries, those that wait on
// before the others, and how long to leave the channel alone.
func (d *Dispatcher) deliver(ctx context.Context, batch []Delivery) ([]Delivery, hold) {
	c, err := d.cfg.Outbox.Channel(ctx, batch[0].ChannelID)
	switch {
	case errors.Is(err, ErrNoChannel):
		d.settle(ctx, buried(batch, "the channel was deleted"))
		return batch, hold{}
	case err != nil:
		d.log(batch).Error("cannot read the channel", slog.Any("error", err))
		return batch, hold{until: time.Now().Add(maxStorePause), whole: true}
	}
	m := d.compose(batch, c)
	err = d.send(ctx, d.slots, c, m)
	now := time.Now()
	switch {
	case err != nil && ctx.Err() != nil:
		return batch, hold{} // Cut off by the shutdown: it stays as it was and is sent after the restart.
	case errors.Is(err, errBusy) && now.Before(d.deadline(batch[0])):
		d.log(batch).Error("a delivery has to wait", slog.Any("error", err))
		return batch, hold{until: now.Add(firstBackOff), whole: true}
	}
	after := make([]Delivery, len(batch))
	for i, del := range batch {
		after[i] = counted(del, err, now)
	}
	h := hold{}
	if err == nil {
		after = d.delivered(ctx, after, c, m)
	} else {
		after, h = d.failed(ctx, after, c, err)
	}
	if d.cfg.Observe != nil {
		for _, del := range after {
			d.cfg.Observe(c.Kind, del.State)
		}
	}
	return after, h
}

// compose puts what batch tells into words for c. What is sent together has an ID
// that follows from the deliveries: the same ones make the same message.
func (d *Dispatcher) compose(batch []Delivery, c Channel) Message {
	l := d.cfg.Catalogues.For(c.Language)
	if len(batch) == 1 {
		m := Compose(batch[0].Notification, c, l, d.cfg.BaseURL)
		m.ID = batch[0].ID
		return m
	}
	told := make([]Notification, len(batch))
	all := sha256.New()
	for i, del := range batch {
		told[i] = del.Notification
		_, _ = io.WriteString(all, del.ID+"\n") // A hash takes everything.
	}
	m := ComposeDigest(told, c, l, d.cfg.BaseURL)
	m.ID = hex.EncodeToString(all.Sum(nil)[:16])
	return m
}

// failed settles what was not accepted: what is hopeless is given up, the rest is
// to be tried again, all at one time, so that it stays one message.
func (d *Dispatcher) failed(ctx context.Context, batch []Delivery, c Channel, err error) ([]Delivery, hold) {
	var dead, waiting []Delivery
	for _, del := range batch {
		if d.hopeless(del, err, time.Now()) {
			dead = append(dead, del)
		} else {
			waiting = append(waiting, del)
		}
	}
	if len(dead) > 0 {
		d.log(dead).Error("given up on a delivery", slog.Any("error", err))
		d.raise(ctx, c, err)
		dead = buried(dead, err.Error())
	}
	var h hold
	if len(waiting) > 0 {
		d.log(waiting).Warn("a delivery failed; it will be tried again", slog.Any("error", err))
		asked := askedWait(err)
		next := d.nextAttempt(waiting[0], asked)
		for i := range waiting {
			waiting[i].LastError, waiting[i].NextAttemptAt = cut(oneLine(err.Error()), maxLastError), next
		}
		h = hold{until: next, failed: waiting[0].ID, whole: asked > 0}
	}
	after := append(waiting, dead...) //nolint:gocritic // waiting is no longer needed.
	d.settle(ctx, after)
	return after, h
}

// counted adds an attempt to del that ended with err.
func counted(del Delivery, err error, now time.Time) Delivery {
	del.Attempts++
	del.HeldUntil = time.Time{}
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
	for _, t := range []time.Time{del.RevivedAt, del.OpensAt} {
		if t.After(born) {
			born = t
		}
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

// delivered settles what was accepted as m, and ends the trouble with its channel.
func (d *Dispatcher) delivered(ctx context.Context, batch []Delivery, c Channel, m Message) []Delivery {
	d.log(batch).Info("delivered a message", slog.String("kind", string(batch[0].Notification.Kind)))
	now := time.Now()
	for i := range batch {
		del := &batch[i]
		del.State, del.SettledAt, del.NextAttemptAt, del.LastError = Delivered, now, time.Time{}, ""
		if len(batch) > 1 {
			del.Digest = m.ID
		}
	}
	d.settle(ctx, batch)
	d.resolve(ctx, c)
	return batch
}

// buried makes dead letters of batch.
func buried(batch []Delivery, why string) []Delivery {
	dead, now := slices.Clone(batch), time.Now()
	for i := range dead {
		dead[i].State, dead[i].SettledAt, dead[i].NextAttemptAt, dead[i].HeldUntil = DeadLetter, now, time.Time{}, time.Time{}
		dead[i].LastError = cut(oneLine(why), maxLastError)
	}
	return dead
}

func (d *Dispatcher) settle(ctx context.Context, batch []Delivery) {
	d.persist(ctx, "settle a delivery", func() error { return d.cfg.Outbox.Settle(ctx, batch...) })
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

// log returns a logger that names the first of batch, and how many there are.
func (d *Dispatcher) log(batch []Delivery) *slog.Logger {
	del := batch[0]
	l := d.cfg.Logger.With(
		slog.String("delivery_id", del.ID), slog.String("channel_id", del.ChannelID), slog.Int("attempt", del.Attempts))
	if len(batch) > 1 {
		l = l.With(slog.Int("deliveries", len(batch)))
	}
	return l
}
