package alert_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/alert"
)

// fakeOutbox is a store in memory that complains about everything a dispatcher
// must not do.
type fakeOutbox struct {
	t testing.TB
	// headGoverns makes a channel due only when its oldest delivery is, as the
	// port demands; else each delivery counts for itself. A dispatcher must live
	// with both.
	headGoverns bool

	mu         sync.Mutex
	channels   map[string]alert.Channel
	deliveries map[string]alert.Delivery
	notices    map[string]bool
	// trail lists what happened: "sent d01 to a", "settled d01 delivered".
	trail []string
	// broken is how many more calls fail.
	broken int
	calls  int
}

var errDisk = errors.New("disk full")

func newOutbox(t testing.TB) *fakeOutbox {
	return &fakeOutbox{
		t: t, channels: map[string]alert.Channel{}, deliveries: map[string]alert.Delivery{}, notices: map[string]bool{},
	}
}

// enter counts a call and fails it where the store is broken.
func (o *fakeOutbox) enter() error {
	o.calls++
	if o.broken > 0 {
		o.broken--
		return errDisk
	}
	return nil
}

// addChannel adds channels with these IDs.
func (o *fakeOutbox) addChannel(operator bool, ids ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		o.channels[id] = alert.Channel{ID: id, Name: "name of " + id, Kind: "fake", Privacy: alert.Full, Operator: operator}
	}
}

// put adds a delivery that is due at once. IDs sort in the order of creation.
func (o *fakeOutbox) put(channel string, n alert.Notification) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.putLocked(channel, n)
}

func (o *fakeOutbox) putLocked(channel string, n alert.Notification) string {
	id := fmt.Sprintf("d%02d", len(o.deliveries)+1)
	now := time.Now()
	o.deliveries[id] = alert.Delivery{
		ID: id, ChannelID: channel, Notification: n, State: alert.Waiting, CreatedAt: now, NextAttemptAt: now,
	}
	return id
}

func (o *fakeOutbox) get(id string) alert.Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.deliveries[id]
}

// edit changes a delivery behind the dispatcher's back, like a person would.
func (o *fakeOutbox) edit(id string, change func(*alert.Delivery)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.deliveries[id]
	change(&d)
	o.deliveries[id] = d
}

func (o *fakeOutbox) callCount() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls
}

// log returns the trail so far and starts a new one.
func (o *fakeOutbox) log() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() { o.trail = nil }()
	return o.trail
}

func (o *fakeOutbox) note(format string, args ...any) {
	o.trail = append(o.trail, fmt.Sprintf(format, args...))
}

// waiting returns the waiting deliveries, oldest first. o is locked.
func (o *fakeOutbox) waiting() []alert.Delivery {
	var all []alert.Delivery
	for _, d := range o.deliveries {
		if d.State == alert.Waiting {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b alert.Delivery) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (o *fakeOutbox) DueDeliveries(ctx context.Context, now time.Time, perChannel int) ([]alert.Delivery, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.enter(); err != nil {
		return nil, err
	}
	if perChannel <= 0 || now.After(time.Now()) {
		o.t.Errorf("DueDeliveries(%v, %d) makes no sense", now, perChannel)
	}
	var due []alert.Delivery
	for _, line := range o.lines() {
		var taken []alert.Delivery
		up := !o.headGoverns
		line = o.unheld(line, now)
		for i, d := range line {
			later := d.NextAttemptAt.After(now)
			up = up || !later && o.leads(line[:i])
			if len(taken) < perChannel && !(later && (d.Overtaken || !o.headGoverns && !d.Held())) {
				taken = append(taken, d)
			}
		}
		if up {
			due = append(due, taken...)
		}
	}
	slices.SortFunc(due, func(a, b alert.Delivery) int { return strings.Compare(a.ID, b.ID) })
	return due, ctx.Err()
}

// unheld returns line without what is held, but for what goes with the rest. o is locked.
func (o *fakeOutbox) unheld(line []alert.Delivery, now time.Time) []alert.Delivery {
	held := func(d alert.Delivery) bool { return d.Held() && d.NextAttemptAt.After(now) }
	about := map[string]bool{}
	for _, d := range line {
		about[d.Notification.About()] = about[d.Notification.About()] || !held(d)
	}
	return slices.DeleteFunc(slices.Clone(line), func(d alert.Delivery) bool {
		return held(d) && (d.Notification.About() == "" || !about[d.Notification.About()])
	})
}

// lines returns the waiting deliveries by channel. o is locked.
func (o *fakeOutbox) lines() map[string][]alert.Delivery {
	lines := map[string][]alert.Delivery{}
	for _, d := range o.waiting() {
		lines[d.ChannelID] = append(lines[d.ChannelID], d)
	}
	return lines
}

// leads reports whether nothing of those before holds up the one behind them.
func (o *fakeOutbox) leads(before []alert.Delivery) bool {
	return !slices.ContainsFunc(before, func(d alert.Delivery) bool { return !d.Yields() && !(d.Held() && d.NextAttemptAt.After(time.Now())) })
}

func (o *fakeOutbox) NextAttempt(ctx context.Context) (next time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.enter(); err != nil {
		return next, err
	}
	for _, line := range o.lines() {
		for i, d := range line {
			if (!o.headGoverns || d.Held() || o.leads(line[:i])) && (next.IsZero() || d.NextAttemptAt.Before(next)) {
				next = d.NextAttemptAt
			}
		}
	}
	return next, ctx.Err()
}

func (o *fakeOutbox) Channel(_ context.Context, id string) (alert.Channel, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.enter(); err != nil {
		return alert.Channel{}, err
	}
	c, ok := o.channels[id]
	if !ok {
		return c, fmt.Errorf("read channel: %w", alert.ErrNoChannel)
	}
	return c, nil
}

func (o *fakeOutbox) Settle(_ context.Context, ds ...alert.Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.enter(); err != nil {
		return err
	}
	for _, d := range ds {
		was, ok := o.deliveries[d.ID]
		if !ok || was.State != alert.Waiting {
			o.t.Errorf("settled %s, which does not wait: %+v", d.ID, was)
		}
		o.unchanged(was, d)
		if d.Attempts-was.Attempts > 1 || (d.State == alert.Waiting) != (d.SettledAt.IsZero() && d.NextAttemptAt.After(time.Now())) {
			o.t.Errorf("settled %s with fields that do not fit: %+v", d.ID, d)
		}
		o.deliveries[d.ID] = d
		o.note("settled %s %s", d.ID, d.State)
	}
	return nil
}

// unchanged complains where d is not about what was is about.
func (o *fakeOutbox) unchanged(was, d alert.Delivery) {
	if was.ChannelID != d.ChannelID || was.CreatedAt != d.CreatedAt || was.Notification != d.Notification {
		o.t.Errorf("settling changed what %s is about", d.ID)
	}
}

func (o *fakeOutbox) Hold(_ context.Context, c alert.Channel, ds []alert.Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.enter(); err != nil {
		return err
	}
	if !o.channels[c.ID].SameTimes(c) {
		return nil
	}
	for _, d := range ds {
		was := o.deliveries[d.ID]
		o.unchanged(was, d)
		if !d.HeldUntil.After(time.Now()) || !d.NextAttemptAt.Equal(d.HeldUntil) || d.Attempts != was.Attempts {
			o.t.Errorf("held %s with fields that do not fit: %+v", d.ID, d)
		}
		o.deliveries[d.ID] = d
		o.note("held %s", d.ID)
	}
	return nil
}

func (o *fakeOutbox) Raise(_ context.Context, key string, n alert.Notification, except string) (bool, error) {
	return o.notice(key, n, except, false)
}

func (o *fakeOutbox) Resolve(_ context.Context, key string, n alert.Notification, except string) (bool, error) {
	return o.notice(key, n, except, true)
}

func (o *fakeOutbox) notice(key string, n alert.Notification, except string, over bool) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.enter(); err != nil {
		return false, err
	}
	if n.Kind != alert.ChannelDead || n.Resolved != over || key != "channel_dead:"+except || n.At.IsZero() {
		o.t.Errorf("notice %s makes no sense: %+v", key, n)
	}
	if o.notices[key] != over {
		return false, nil
	}
	o.notices[key] = !over
	o.note("notice %s resolved=%t", key, over)
	for _, id := range slices.Sorted(func(yield func(string) bool) {
		for id := range o.channels {
			if !yield(id) {
				return
			}
		}
	}) {
		if o.channels[id].Operator && id != except {
			o.putLocked(id, n)
		}
	}
	return true, nil
}

// fakeNotifier answers as told and complains about two sends at once through
// one channel.
type fakeNotifier struct {
	outbox *fakeOutbox
	// answer is asked for each send; nil accepts everything.
	answer func(ctx context.Context, c alert.Channel, m alert.Message) error

	mu    sync.Mutex
	under map[string]bool
	most  int
	sent  []alert.Message
}

func (f *fakeNotifier) Send(ctx context.Context, c alert.Channel, m alert.Message) error {
	f.enter(c)
	defer f.leave(c)
	var err error
	if f.answer != nil {
		err = f.answer(ctx, c, m)
	}
	f.mu.Lock()
	f.sent = append(f.sent, m)
	f.mu.Unlock()
	f.outbox.mu.Lock()
	defer f.outbox.mu.Unlock()
	if err != nil {
		f.outbox.note("failed %s to %s", m.ID, c.ID)
		return err
	}
	f.outbox.note("sent %s to %s", m.ID, c.ID)
	return nil
}

func (f *fakeNotifier) enter(c alert.Channel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.under == nil {
		f.under = map[string]bool{}
	}
	if f.under[c.ID] && c.ID != "" {
		f.outbox.t.Errorf("two sends at once through channel %s", c.ID)
	}
	f.under[c.ID] = true
	f.most = max(f.most, len(f.under))
}

func (f *fakeNotifier) leave(c alert.Channel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.under, c.ID)
}

func (f *fakeNotifier) messages() []alert.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent)
}

// mostAtOnce returns how many channels were sent to at the same time.
func (f *fakeNotifier) mostAtOnce() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// started is a dispatcher that runs until the test ends.
type started struct {
	*alert.Dispatcher
	stop func()
}

// start runs a dispatcher over o and f inside a bubble.
func start(t *testing.T, o *fakeOutbox, f *fakeNotifier, change func(*alert.DispatcherConfig)) started {
	t.Helper()
	f.outbox = o
	cfg := alert.DispatcherConfig{
		Outbox: o, Notices: o, Notifier: f, Catalogues: catalogues(t), BaseURL: baseURL,
		Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	d := alert.NewDispatcher(cfg)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	synctest.Wait()
	return started{d, stop}
}
