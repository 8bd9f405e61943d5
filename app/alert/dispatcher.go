package alert

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"cz-visa-monitor/app/locale"
)

// DispatcherConfig says what a Dispatcher works with. The zero value of a
// number or duration takes its default.
type DispatcherConfig struct {
	Outbox     Outbox
	Notices    Noticeboard
	Notifier   Notifier
	Catalogues *locale.Catalogues
	// BaseURL is the appliance's own address for links in messages, or "".
	BaseURL string
	// Zone is the appliance's time zone, for channels that have none of their
	// own; default UTC.
	Zone   *time.Location
	Logger *slog.Logger
	// SendTimeout is how long one send may take; default 20 s.
	SendTimeout time.Duration
	// GiveUpAfter is how long a delivery is tried; default 48 h.
	GiveUpAfter time.Duration
	// FinalAfter is for how long refusals (ErrFinal), and nothing else, must be
	// the answer before a delivery is given up, and the longest wait between
	// two of them; default 1 h. It takes at least four.
	FinalAfter time.Duration
	// Concurrency is how many channels are sent to at once; default 4.
	Concurrency int
	// Burst and PerMinute bound the messages through one channel: Burst at
	// once (default 5), then PerMinute a minute (default 10). More than that
	// waits.
	Burst, PerMinute int
	// Observe is told, for every delivery of every attempt, through which kind of
	// channel it went and what it is now: one that still is Waiting failed. Must
	// not block; nil tells nobody.
	Observe func(channelKind string, now DeliveryState)
}

const (
	// perChannel is how many deliveries of a channel are taken at once, and with
	// that how many a digest tells of at most.
	perChannel = 200
	// glance is how often a waiting dispatcher looks at the clock, while there is
	// something to wait for: a machine that slept, or whose clock was set, must
	// not miss the time. It does not touch the store.
	glance = time.Minute
	// skew is how far the clock may drift from a steady one between two looks
	// before it counts as set.
	skew = 2 * time.Second
	// lookAgain is the longest time between two looks into the outbox. Whoever
	// puts something there says so; this is for what nobody announced.
	lookAgain = time.Hour
	// storePause is the first wait after an error of the store, maxStorePause the longest.
	storePause    = time.Second
	maxStorePause = time.Minute
	// grace is how long a shutdown waits for sends to end by themselves, and
	// once more after they were told to.
	grace = 5 * time.Second
	// slotsPerLine bounds the sends that a Notifier may leave hanging.
	slotsPerLine = 4
	// testSlots bounds the tests under way: whoever presses the button while a
	// server hangs must not keep messages from being sent.
	testSlots = 2
)

// Dispatcher empties the outbox: each waiting delivery is sent until the peer
// has accepted it, at least once and with the same ID each time, or is given up.
// Through one channel messages go one at a time and in order.
type Dispatcher struct {
	cfg  DispatcherConfig
	wake chan struct{}
	// slots holds a token for each send under way, also for those nobody waits
	// for any more because the Notifier ignores its context.
	slots chan struct{}
	// tests is the same for tests.
	tests chan struct{}
}

// NewDispatcher returns a dispatcher that does nothing before Run.
func NewDispatcher(cfg DispatcherConfig) *Dispatcher {
	cfg.SendTimeout = cmp.Or(cfg.SendTimeout, 20*time.Second)
	cfg.GiveUpAfter = cmp.Or(cfg.GiveUpAfter, 48*time.Hour)
	cfg.FinalAfter = cmp.Or(cfg.FinalAfter, time.Hour)
	cfg.Concurrency = cmp.Or(cfg.Concurrency, 4)
	cfg.Burst = cmp.Or(cfg.Burst, 5)
	cfg.PerMinute = cmp.Or(cfg.PerMinute, 10)
	cfg.Zone = cmp.Or(cfg.Zone, time.UTC)
	return &Dispatcher{
		cfg:   cfg,
		wake:  make(chan struct{}, 1),
		slots: make(chan struct{}, cfg.Concurrency*slotsPerLine),
		tests: make(chan struct{}, testSlots),
	}
}

// Wake makes the dispatcher look into the outbox soon. It never blocks.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default: // A look is due already.
	}
}

// Run sends until ctx ends, then waits a bounded time for what it started. It
// returns nil: trouble with the store or a peer is logged and tried again.
func (d *Dispatcher) Run(ctx context.Context) error {
	// Sends that have begun outlive ctx for a moment, so that a message which
	// the peer has just accepted is not sent again after a restart.
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	s := &schedule{
		busy: make(map[string]bool), held: make(map[string]hold), limits: make(map[string]*rate.Limiter),
		done: make(chan worked, d.cfg.Concurrency),
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		looked := time.Now()
		d.rest(ctx, s, timer, looked, d.look(ctx, sending, s))
	}
	d.wind(s, stop)
	return nil
}

// rest waits until there is something to do: by until at the latest, which is
// meant by the clock on the wall, or when somebody calls, a line has been worked
// on, or the clock is no longer the one of the last look.
func (d *Dispatcher) rest(ctx context.Context, s *schedule, timer *time.Timer, looked, until time.Time) {
	for until = until.Round(0); ; {
		timer.Reset(min(time.Until(until), glance))
		select {
		case <-ctx.Done():
		case <-d.wake:
		case w := <-s.done:
			s.finish(w)
		case <-timer.C:
			if now := time.Now(); now.Before(until) && !set(looked, now) {
				continue
			}
		}
		return
	}
}

// set reports whether the clock was set, or stood still, between two readings.
func set(from, to time.Time) bool {
	return (to.Round(0).Sub(from.Round(0)) - to.Sub(from)).Abs() > skew
}

// wind waits for the lines that are being worked on, and for hanging sends.
func (d *Dispatcher) wind(s *schedule, stop context.CancelFunc) {
	timer := time.AfterFunc(grace, stop)
	defer timer.Stop()
	for len(s.busy) > 0 {
		s.finish(<-s.done) // Each line ends soon after stop.
	}
	stop()
	late := time.After(grace)
	for range cap(d.slots) + cap(d.tests) {
		select {
		case d.slots <- struct{}{}:
		case d.tests <- struct{}{}:
		case <-late:
			d.cfg.Logger.Error("a send does not end; leaving it behind")
			return
		}
	}
}

// schedule is what a running dispatcher remembers about channels. Only Run's
// goroutine touches it.
type schedule struct {
	// busy channels are being sent to.
	busy map[string]bool
	// held channels are left alone for a while.
	held map[string]hold
	// limits are the rate limits of channels used lately.
	limits map[string]*rate.Limiter
	// done receives each line that was worked on.
	done chan worked
	// pause is how long the store has been left alone after its last error,
	// until when it is.
	pause time.Duration
	until time.Time
}

// hold leaves a channel alone until a time. Where a failed delivery is the
// reason, the hold ends as soon as that one is due, which may be sooner: the
// channel was mended, and its owner wants to see it work.
type hold struct {
	until  time.Time
	failed string
	// whole: the reason lies with the channel, whichever delivery is tried.
	whole bool
}

// worked is the result of working on a line: the channel, and until when to
// leave it alone, if at all.
type worked struct {
	channel string
	hold    hold
}

func (s *schedule) finish(w worked) {
	delete(s.busy, w.channel)
	delete(s.held, w.channel)
	if !w.hold.until.IsZero() {
		s.held[w.channel] = w.hold
	}
}

// rests reports whether the channel of line is to be left alone.
func (s *schedule) rests(line []Delivery, now time.Time) bool {
	h, ok := s.held[line[0].ChannelID]
	return ok && !slices.ContainsFunc(line, func(d Delivery) bool { return d.ID == h.failed && !d.NextAttemptAt.After(now) })
}

// limit returns the rate limit of a channel, and forgets those at rest.
func (s *schedule) limit(channel string, burst, perMinute int) *rate.Limiter {
	for id, l := range s.limits {
		if !s.busy[id] && l.Tokens() >= float64(burst) {
			delete(s.limits, id)
		}
	}
	l, ok := s.limits[channel]
	if !ok {
		l = rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), burst)
		s.limits[channel] = l
	}
	return l
}

// look starts work on the lines that are due and returns when to look again at
// the latest.
func (d *Dispatcher) look(ctx, sending context.Context, s *schedule) time.Time {
	now := time.Now()
	if now.Before(s.until) {
		return s.until
	}
	due, err := d.cfg.Outbox.DueDeliveries(ctx, now, perChannel)
	var next time.Time
	if err == nil {
		next, err = d.cfg.Outbox.NextAttempt(ctx)
	}
	if err != nil {
		return d.storeFailed(ctx, s, now, err)
	}
	s.pause = 0
	maps.DeleteFunc(s.held, func(_ string, h hold) bool { return !h.until.After(now) })
	for _, line := range byChannel(due) {
		channel := line[0].ChannelID
		if s.busy[channel] || len(s.busy) >= d.cfg.Concurrency || s.rests(line, now) {
			continue
		}
		s.busy[channel] = true
		limit := s.limit(channel, d.cfg.Burst, d.cfg.PerMinute)
		go func() { s.done <- worked{channel, d.work(ctx, sending, line, limit)} }()
	}
	again := now.Add(lookAgain)
	if next.After(now) && next.Before(again) {
		again = next
	}
	for _, h := range s.held {
		if h.until.Before(again) {
			again = h.until
		}
	}
	return again
}

// storeFailed leaves the store alone for a while.
func (d *Dispatcher) storeFailed(ctx context.Context, s *schedule, now time.Time, err error) time.Time {
	if ctx.Err() == nil {
		d.cfg.Logger.Error("cannot read the outbox", slog.Any("error", err))
	}
	s.pause = nextPause(s.pause)
	s.until = now.Add(s.pause)
	return s.until
}

// nextPause doubles the wait between tries to reach the store.
func nextPause(pause time.Duration) time.Duration {
	return min(max(2*pause, storePause), maxStorePause)
}

// byChannel splits due into the lines of the channels, in the order of their
// first deliveries.
func byChannel(due []Delivery) [][]Delivery {
	var lines [][]Delivery
	at := make(map[string]int)
	for _, d := range due {
		i, ok := at[d.ChannelID]
		if !ok {
			i = len(lines)
			at[d.ChannelID] = i
			lines = append(lines, nil)
		}
		lines[i] = append(lines[i], d)
	}
	return lines
}
