package watch

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"cz-visa-monitor/app/alert"
)

// Config is what New needs.
type Config struct {
	// Source is asked about references; Name is how it is called in logs,
	// notices and the store. Must not be nil or empty.
	Source Source
	Name   string
	// Store keeps everything, Notices tells operators. Must not be nil.
	Store   Store
	Notices alert.Noticeboard
	// Rules are the times, Pace the token bucket of the source. Pace must not be nil.
	Rules Rules
	Pace  *rate.Limiter
	// Workers is how many checks run at once, at least 1.
	Workers int
	// CheckNowPerDay is how often people may ask for a check of one
	// application within 24 hours.
	CheckNowPerDay int
	// Logger must not be nil.
	Logger *slog.Logger
	// Wake is called after a transaction that put something into the outbox.
	// Must not block or be nil.
	Wake func()
	// Publish is called after something visible has changed. Must not block or be nil.
	Publish func(Event)
}

// Event says what has changed, for live pages.
type Event struct {
	Kind EventKind
	// ID is the application's, where there is one.
	ID ID
}

// EventKind is the kind of an Event.
type EventKind string

// The kinds of event.
const (
	ApplicationChanged EventKind = "application"
	ApplicationRemoved EventKind = "removed"
	SourceChanged      EventKind = "source"
)

// Engine decides when to check which application, makes the checks, and has
// their outcome recorded. Make one with New and let Run do its work.
type Engine struct {
	cfg     Config
	checker Checker
	breaker breaker
	health  health
	// taking is held by the one worker that looks for the next check; it
	// keeps the others from waiting for the pace in vain.
	taking chan struct{}

	mu      sync.Mutex
	queue   *queue
	flying  map[ID]time.Time // since when each check is under way
	changed chan struct{}    // closed and replaced when the queue changes
}

// New returns an engine that does nothing before Run.
func New(c Config) *Engine {
	return &Engine{
		cfg: c,
		checker: Checker{
			Source: c.Source, Pace: c.Pace, Tries: DefaultTries,
			Backoff: DefaultBackoff, Deadline: DefaultDeadline,
		},
		taking:  make(chan struct{}, 1),
		queue:   newQueue(),
		flying:  make(map[ID]time.Time),
		changed: make(chan struct{}),
	}
}

// Run loads the schedule and checks until ctx ends; then it waits for the
// checks under way, which end soon. It returns an error only if it could not start.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.load(ctx); err != nil {
		return err
	}
	var g errgroup.Group
	for range max(e.cfg.Workers, 1) {
		g.Go(func() error {
			for e.one(ctx) {
			}
			return nil
		})
	}
	g.Go(func() error {
		e.watchHealth(ctx)
		return nil
	})
	return g.Wait()
}

// load fills the queue. What fell due while the appliance was off is spread,
// so that the portal does not get it all at once.
func (e *Engine) load(ctx context.Context) error {
	state, err := e.cfg.Store.Source(ctx, e.cfg.Name)
	if err != nil {
		return err
	}
	now := time.Now()
	e.breaker.restore(state.Breaker)
	e.health.start(state, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	var overdue []ID
	err = e.cfg.Store.Schedule(ctx, func(id ID, next time.Time) {
		if e.queue.byID[id] != nil {
			return // Added or asked for by a person while we were starting.
		}
		if next.After(now) {
			e.queue.put(id, next, false)
		} else {
			overdue = append(overdue, id)
		}
	})
	window := e.catchUp(len(overdue))
	for _, id := range overdue {
		e.queue.put(id, now.Add(time.Duration(rand.Float64()*float64(window))), false) //nolint:gosec // Jitter.
	}
	return err
}

// catchUp returns the time over which n overdue checks are spread: what the
// pace needs for them, at most the default interval.
func (e *Engine) catchUp(n int) time.Duration {
	if e.cfg.Pace.Limit() == rate.Inf {
		return min(time.Duration(n)*100*time.Millisecond, 5*time.Minute)
	}
	each := time.Duration(float64(time.Second) / float64(e.cfg.Pace.Limit()))
	return min(time.Duration(n)*each, e.cfg.Rules.Interval)
}

// one makes the next check; it returns false when ctx has ended.
func (e *Engine) one(ctx context.Context) bool {
	id, p, ok := e.take(ctx)
	if !ok {
		return false
	}
	app, err := e.cfg.Store.Application(ctx, id)
	if err != nil {
		e.breaker.abandon(p)
		e.land(id)
		if !errors.Is(err, ErrNotFound) {
			e.postpone(id, err)
		}
		return true
	}
	e.cfg.Publish(Event{Kind: ApplicationChanged, ID: id})
	o, err := e.checker.check(ctx, app.Reference)
	if err != nil && o.Result == nil {
		// Cut short by our own stop: nothing was learnt.
		e.breaker.abandon(p)
		e.land(id)
		return true
	}
	// An answer that was read is kept, even while we are stopping.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	e.note(keep, p, o)
	updated, err := e.record(keep, app, o)
	e.land(id)
	switch {
	case err == nil:
		e.enqueue(updated, false)
		e.cfg.Publish(Event{Kind: ApplicationChanged, ID: id})
	case !errors.Is(err, ErrNotFound): // Deleted while the check was under way.
		// The portal will say it again; what must not happen is to forget to ask.
		e.postpone(id, err)
	}
	return true
}

// take waits for the next application that is due, the breaker and the pace,
// and marks it as under way.
func (e *Engine) take(ctx context.Context) (ID, pass, bool) {
	select {
	case e.taking <- struct{}{}:
		defer func() { <-e.taking }()
	case <-ctx.Done():
		return "", pass{}, false
	}
	for ctx.Err() == nil {
		until, changed, due := e.nextDue(time.Now())
		if due {
			p, retry, ok := e.breaker.allow(time.Now())
			if ok {
				if id, ok := e.launchPaced(ctx, p); ok {
					return id, p, true
				}
				continue
			}
			until = retry
		}
		waitUntil(ctx, until, changed)
	}
	return "", pass{}, false
}

// launchPaced waits for the pace and then launches the first due application,
// if there still is one. If not, the leave p of the breaker is given back.
func (e *Engine) launchPaced(ctx context.Context, p pass) (ID, bool) {
	if e.checker.wait(ctx) == nil {
		if id, ok := e.launch(time.Now()); ok {
			return id, true
		}
	}
	e.breaker.abandon(p)
	return "", false
}

// nextDue returns when the first entry of the queue is due, and the channel
// that is closed when the queue changes. The zero time means never.
func (e *Engine) nextDue(now time.Time) (until time.Time, changed <-chan struct{}, due bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	it, ok := e.queue.first()
	if !ok {
		return time.Time{}, e.changed, false
	}
	return it.at, e.changed, !it.at.After(now)
}

// launch takes the first due entry out of the queue.
func (e *Engine) launch(now time.Time) (ID, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	it, ok := e.queue.first()
	if !ok || it.at.After(now) {
		return "", false
	}
	e.queue.remove(it.id)
	e.flying[it.id] = now
	return it.id, true
}

// land ends the flight of id and lets the taker look again, as a probe may be over.
func (e *Engine) land(id ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.flying, id)
	e.signal()
}

// signal wakes whoever waits for the queue. The caller holds e.mu.
func (e *Engine) signal() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// enqueue sets the next check of an application that is not paused. One whose
// check is under way is left alone: it is enqueued when that has been recorded.
func (e *Engine) enqueue(a Application, urgent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, flying := e.flying[a.ID]; flying {
		return
	}
	if next := a.State.NextCheckAt; !next.IsZero() && (!a.Paused || urgent) {
		e.queue.put(a.ID, next, urgent)
	} else {
		e.queue.remove(a.ID)
	}
	e.signal()
}

// record has the store decide on the outcome.
func (e *Engine) record(ctx context.Context, app Application, o Outcome) (Application, error) {
	now := time.Now()
	var d Decision
	updated, err := e.cfg.Store.Record(ctx, app.ID, func(a Application) Decision {
		d = e.decide(a, o, now)
		return d
	})
	if err != nil {
		return Application{}, err
	}
	logOutcome(ctx, e.cfg.Logger.With(slog.String("application", string(app.ID)), slog.Any("reference", app.Reference)), o, d)
	if d.Tell != nil {
		e.cfg.Wake()
	}
	return updated, nil
}

// decide adds to the rules' decision what only the engine knows: the jitter,
// and whom a notification is about.
func (e *Engine) decide(a Application, o Outcome, now time.Time) Decision {
	d := e.cfg.Rules.Decide(a.State, o, e.cfg.Rules.Every(a.Interval), now)
	d.State.NextCheckAt = time.Time{}
	if d.Wait > 0 {
		wait := spread(d.Wait, e.cfg.Rules.MinInterval, d.Firm, rand.Float64()) //nolint:gosec // Jitter.
		d.State.NextCheckAt = now.Add(wait)
	}
	if d.Tell != nil {
		d.Tell.ApplicationID, d.Tell.Label, d.Tell.Reference = string(a.ID), a.Label, a.Reference
	}
	return d
}

// storeRetry is the wait before a check whose outcome could not be stored is repeated.
const storeRetry = time.Minute

// postpone plans another check after the store has failed.
func (e *Engine) postpone(id ID, err error) {
	e.cfg.Logger.Error("cannot use the store; the check will be repeated",
		slog.String("application", string(id)), slog.Any("error", err))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue.put(id, time.Now().Add(storeRetry), false)
	e.signal()
}

func logOutcome(ctx context.Context, log *slog.Logger, o Outcome, d Decision) {
	attrs := []slog.Attr{slog.Int("attempts", o.Attempts), slog.Duration("took", o.Took), slog.Bool("told", d.Tell != nil)}
	if o.Failure != nil {
		attrs = append(attrs, slog.String("failure", string(o.Failure.Code)), slog.String("detail", o.Failure.Detail))
		log.LogAttrs(ctx, slog.LevelWarn, "check failed", attrs...)
		return
	}
	attrs = append(attrs, slog.String("status", string(o.Result.Status)))
	log.LogAttrs(ctx, slog.LevelInfo, "check answered", attrs...)
}

// waitUntil waits for t (for ever, if zero), for changed, or for the end of ctx.
func waitUntil(ctx context.Context, t time.Time, changed <-chan struct{}) {
	var timer <-chan time.Time
	if !t.IsZero() {
		tm := time.NewTimer(time.Until(t))
		defer tm.Stop()
		timer = tm.C
	}
	select {
	case <-timer:
	case <-changed:
	case <-ctx.Done():
	}
}
