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

	"cz-visa-monitor/app/account"
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
	// Observe is told of every check that came to its end, before it is recorded;
	// opened says that the breaker opened by it. Must not block; nil tells nobody.
	Observe func(o Outcome, opened bool)
}

// Event says what has changed, for live pages.
type Event struct {
	Kind EventKind
	// ID is the application's, where there is one.
	ID ID
	// Owners are those to whom the application is shown, or was before it was removed.
	Owners []account.Owner
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
	flying  map[ID]*flight
	busy    map[string]bool // identities of the references being asked about
	unsaved map[ID]Outcome  // what the store has not taken yet
	changed chan struct{}   // closed and replaced when the queue changes
}

// New returns an engine that does nothing before Run.
func New(c Config) *Engine {
	c.CheckNowPerDay = max(c.CheckNowPerDay, 1)
	e := &Engine{
		cfg:     c,
		checker: *NewChecker(c.Source, c.Pace),
		taking:  make(chan struct{}, 1),
		queue:   newQueue(),
		flying:  make(map[ID]*flight),
		busy:    make(map[string]bool),
		unsaved: make(map[ID]Outcome),
		changed: make(chan struct{}),
	}
	e.checker.Allowed = func() bool { return !e.breaker.snapshot().Open(time.Now()) }
	return e
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
// so that the portal does not get it all at once. If the last answer lies in
// the future, the clock was set back and no planned time can be trusted.
func (e *Engine) load(ctx context.Context) error {
	state, err := e.cfg.Store.Source(ctx, e.cfg.Name)
	if err != nil {
		return err
	}
	now := time.Now()
	setBack := state.AnsweredAt.After(now)
	e.breaker.restore(state.Breaker)
	e.health.start(state, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	var overdue []ID
	err = e.cfg.Store.Schedule(ctx, func(id ID, next time.Time) {
		if e.queue.byID[id] != nil {
			return // Added or asked for by a person while we were starting.
		}
		if next.After(now) && !setBack {
			e.queue.put(id, next, regular, 0)
		} else {
			overdue = append(overdue, id)
		}
	})
	window := e.catchUp(len(overdue))
	for _, id := range overdue {
		e.queue.put(id, now.Add(time.Duration(rand.Float64()*float64(window))), regular, 0) //nolint:gosec // Jitter.
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
	id, r, p, ok := e.take(ctx)
	if !ok {
		return false
	}
	app, err := e.cfg.Store.Application(ctx, id)
	if err != nil || app.Paused() && r != asked {
		e.breaker.abandon(p)
		e.land(id, Application{}, err)
		return true
	}
	o, saved := e.unsavedOutcome(id)
	if saved {
		e.breaker.abandon(p) // The portal has said it already.
	} else if o, ok = e.ask(ctx, app, p); !ok {
		return true
	}
	// An answer that was read is kept, even while we are stopping.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if !saved {
		e.note(keep, p, o)
	}
	updated, err := e.record(keep, app, o)
	if err != nil && !errors.Is(err, ErrNotFound) {
		e.save(id, o)
	}
	e.land(id, updated, err)
	e.publish(app)
	return true
}

// ask makes the check of app with the leave p. If ok is false nothing was
// learnt, and the flight is over.
func (e *Engine) ask(ctx context.Context, app Application, p pass) (o Outcome, ok bool) {
	identity := app.Reference.Identity()
	if !e.claim(identity) {
		// The same reference was removed and added again during a check.
		e.breaker.abandon(p)
		app.State.NextCheckAt = time.Now().Add(claimRetry)
		e.land(app.ID, app, nil)
		return Outcome{}, false
	}
	defer e.release(identity)
	e.publish(app)
	o, err := e.checker.check(ctx, app.Reference)
	if err != nil {
		// Cut short by our own stop.
		e.breaker.abandon(p)
		e.land(app.ID, app, nil)
		return Outcome{}, false
	}
	return o, true
}

// publish says that something about a has changed.
func (e *Engine) publish(a Application) {
	e.cfg.Publish(Event{Kind: ApplicationChanged, ID: a.ID, Owners: a.Owners()})
}

// record has the store decide on the outcome.
func (e *Engine) record(ctx context.Context, app Application, o Outcome) (Application, error) {
	var d Decision
	updated, err := e.cfg.Store.Record(ctx, app.ID, func(a Application) Decision {
		d = e.decide(a, o)
		return d
	})
	if err != nil {
		return Application{}, err
	}
	logOutcome(ctx, e.cfg.Logger.With(slog.String("application", string(app.ID)), slog.Any("reference", app.Reference)), o, d)
	if len(d.Letters) > 0 {
		e.cfg.Wake()
	}
	return updated, nil
}

// decide adds the jitter to the rules' decision.
func (e *Engine) decide(a Application, o Outcome) Decision {
	d := e.cfg.Rules.Decide(a, o, o.At)
	d.State.NextCheckAt = time.Time{}
	if d.Wait > 0 {
		wait := spread(d.Wait, e.cfg.Rules.MinInterval, d.Firm, rand.Float64()) //nolint:gosec // Jitter.
		d.State.NextCheckAt = o.At.Add(wait)
	}
	return d
}

// The bounds of what is kept for a store that refuses to write: how many
// outcomes, and how long one is worth keeping before the portal is asked anew.
const (
	unsavedMost = 1000
	unsavedFor  = time.Hour
)

// save keeps an outcome that the store has refused, so that the portal need
// not be asked again for it.
func (e *Engine) save(id ID, o Outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.unsaved) < unsavedMost {
		e.unsaved[id] = o
	}
}

// unsavedOutcome takes out what was kept for id.
func (e *Engine) unsavedOutcome(id ID) (Outcome, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o, ok := e.unsaved[id]
	delete(e.unsaved, id)
	return o, ok && time.Since(o.At) < unsavedFor
}

func logOutcome(ctx context.Context, log *slog.Logger, o Outcome, d Decision) {
	attrs := []slog.Attr{slog.Int("attempts", o.Attempts), slog.Duration("took", o.Took), slog.Bool("changed", len(d.Letters) > 0)}
	if o.Failure != nil {
		attrs = append(attrs, slog.String("failure", string(o.Failure.Code)), slog.String("detail", o.Failure.Detail))
		log.LogAttrs(ctx, slog.LevelWarn, "check failed", attrs...)
		return
	}
	attrs = append(attrs, slog.String("status", string(o.Result.Status)))
	log.LogAttrs(ctx, slog.LevelInfo, "check answered", attrs...)
}
