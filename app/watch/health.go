package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"cz-visa-monitor/app/alert"
)

// silence is how long nothing may be checked before operators are told.
const silence = 3 * time.Hour

// healthEvery is how often the engine looks after itself.
const healthEvery = time.Minute

// health follows whether the source answers at all.
type health struct {
	mu    sync.Mutex
	state SourceState
	// started is since when there has been something to check, answered the
	// last answer since then; both with the monotonic clock.
	started  time.Time
	answered time.Time
	// layouts counts the failures layout_changed since the last answer.
	layouts int
	// silent and layout: the notice may have been raised and not resolved;
	// after a start that is not known.
	silent, layout bool
}

func (h *health) start(s SourceState, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state, h.started, h.answered = s, now, now
	h.silent, h.layout = true, true
}

func (h *health) snapshot() SourceState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// SourceStatus is the health of the source as people see it.
type SourceStatus struct {
	Name string `json:"name"`
	SourceState
	// Queued is how many applications have a next check, Due how many of
	// them are waiting for it now, UnderWay how many checks run.
	Queued   int `json:"queued"`
	Due      int `json:"due"`
	UnderWay int `json:"under_way"`
}

// Status returns the health of the source.
func (e *Engine) Status() SourceStatus {
	s := SourceStatus{Name: e.cfg.Name, SourceState: e.health.snapshot()}
	s.Breaker = e.breaker.snapshot()
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue.ripen(now)
	s.Queued, s.Due, s.UnderWay = e.queue.len(), e.queue.due(), len(e.flying)
	return s
}

// note takes the outcome of a check for the breaker and the health of the source.
func (e *Engine) note(ctx context.Context, p pass, o Outcome) {
	now := time.Now()
	// That the form does not offer something is an answer of the source.
	answered := o.Failure == nil || o.Failure.Code == NotOffered
	h := &e.health
	h.mu.Lock()
	was := h.state
	turned := e.breaker.record(p, o.Failure, now)
	h.state.Breaker = e.breaker.snapshot()
	if answered {
		h.state.AnsweredAt, h.state.FailingSince, h.state.Failure = now, time.Time{}, ""
		h.answered, h.layouts = now, 0
	} else {
		h.state.Failure = o.Failure.Code
		if h.state.FailingSince.IsZero() {
			h.state.FailingSince = now
		}
		if o.Failure.Code == LayoutChanged {
			h.layouts++
		}
	}
	s, layouts := h.state, h.layouts
	// Under the lock, so that no older state overtakes a newer one. A breaker
	// that turned is on disk at once: a restart must not forget it.
	err := e.cfg.Store.PutSource(ctx, e.cfg.Name, s, turned)
	h.mu.Unlock()
	if err != nil {
		e.cfg.Logger.Error("cannot keep the state of the source", slog.Any("error", err))
	}
	if turned {
		e.cfg.Logger.Warn("the source's breaker turned", slog.String("source", e.cfg.Name),
			slog.Time("open_until", s.Breaker.OpenUntil), slog.String("reason", string(s.Breaker.Reason)))
	}
	if turned || was.Failure != s.Failure {
		e.cfg.Publish(Event{Kind: SourceChanged})
	}
	if e.cfg.Observe != nil {
		e.cfg.Observe(o, s.Breaker.Trips > was.Breaker.Trips)
	}
	switch {
	case answered:
		e.resolve(ctx, now)
	case layouts >= layoutSightings && s.Failure == LayoutChanged:
		e.raise(ctx, alert.LayoutChanged, &h.layout, s.FailingSince, s.Failure, now)
	}
}

// layoutSightings is how many checks must find another page before operators
// are told: one may have caught the page while it was loading.
const layoutSightings = 2

// watchHealth tells operators when nothing has been checked for hours, and
// notices when the clock is set.
func (e *Engine) watchHealth(ctx context.Context) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		e.followClock(last, now)
		last = now
		if since, silent := e.silentSince(now); silent {
			s := e.health.snapshot()
			e.raise(ctx, alert.NothingChecked, &e.health.silent, since, s.Failure, now)
		}
	}
}

// clockStep is the least difference between the wall clock and the time that
// really passed that counts as the clock having been set.
const clockStep = 2 * time.Minute

// followClock moves the schedule along when the clock was set between last and
// now. A Raspberry Pi has no clock of its own: at every start it is hours late
// until the network has told it the time.
func (e *Engine) followClock(last, now time.Time) {
	step := now.Round(0).Sub(last.Round(0)) - now.Sub(last)
	if step.Abs() >= clockStep {
		e.cfg.Logger.Warn("the clock was set; the schedule moves along", slog.Duration("step", step))
		e.moveSchedule(step)
	}
}

func (e *Engine) moveSchedule(step time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue.shift(step)
	e.signal()
}

// silentSince reports since when nothing could be checked, if that is for too
// long. Checks that fail count, and checks that are overdue and never end. Time
// before the start does not: the machine may have been off. Where nothing is to
// be checked, because all is paused or decided, nothing is missing.
func (e *Engine) silentSince(now time.Time) (time.Time, bool) {
	e.mu.Lock()
	idle := e.queue.len()+len(e.flying) == 0
	waiting := now
	for _, f := range e.flying {
		waiting = earlier(waiting, f.since)
	}
	e.queue.ripen(now)
	if at, ok := e.queue.oldest(); ok {
		waiting = earlier(waiting, at)
	}
	e.mu.Unlock()
	h := &e.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if idle {
		h.started, h.answered = now, now
		return now, false
	}
	if since := later(h.state.FailingSince, h.started); !h.state.FailingSince.IsZero() && now.Sub(since) >= silence {
		return h.state.FailingSince, true
	}
	since := later(waiting, h.answered)
	return since, now.Sub(since) >= silence
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// raise tells operators of trouble with the source, once until it is resolved.
func (e *Engine) raise(ctx context.Context, kind alert.Kind, standing *bool, since time.Time, code FailureCode, now time.Time) {
	n := alert.Notification{Kind: kind, Subject: e.cfg.Name, Detail: string(code), Since: since, At: now}
	raised, err := e.cfg.Notices.Raise(ctx, e.noticeKey(kind), n, "")
	e.health.mu.Lock()
	*standing = true
	e.health.mu.Unlock()
	e.noticed(raised, err)
}

// resolve tells operators that the source answers again, where they were told of trouble.
func (e *Engine) resolve(ctx context.Context, now time.Time) {
	h := &e.health
	h.mu.Lock()
	silent, layout := h.silent, h.layout
	h.silent, h.layout = false, false
	h.mu.Unlock()
	for kind, may := range map[alert.Kind]bool{alert.NothingChecked: silent, alert.LayoutChanged: layout} {
		if !may {
			continue
		}
		n := alert.Notification{Kind: kind, Resolved: true, Subject: e.cfg.Name, At: now}
		resolved, err := e.cfg.Notices.Resolve(ctx, e.noticeKey(kind), n, "")
		if err != nil {
			h.mu.Lock()
			h.silent, h.layout = true, true // The next answer tries again.
			h.mu.Unlock()
		}
		e.noticed(resolved, err)
	}
}

func (e *Engine) noticeKey(kind alert.Kind) string { return string(kind) + ":" + e.cfg.Name }

func (e *Engine) noticed(wrote bool, err error) {
	if err != nil {
		e.cfg.Logger.Error("cannot keep an operator notice", slog.Any("error", err))
		return
	}
	if wrote {
		e.cfg.Wake()
	}
}
