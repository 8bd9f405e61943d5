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
	mu      sync.Mutex
	state   SourceState
	started time.Time
	// failed: a check has failed since the start, so FailingSince is no
	// memory of an outage that ended while the appliance was off.
	failed bool
	// standing are the notices that may have been raised and not resolved;
	// after a start that is not known.
	silent, layout bool
}

func (h *health) start(s SourceState, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state, h.started = s, now
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
	s.Queued, s.UnderWay = e.queue.len(), len(e.flying)
	for _, it := range e.queue.items {
		if !it.at.After(now) {
			s.Due++
		}
	}
	return s
}

// note takes the outcome of a check for the breaker and the health of the source.
func (e *Engine) note(ctx context.Context, p pass, o Outcome) {
	now := time.Now()
	turned := e.breaker.record(p, o.Failure, now)
	h := &e.health
	h.mu.Lock()
	was := h.state
	h.state.Breaker = e.breaker.snapshot()
	if o.Failure == nil {
		h.state.AnsweredAt, h.state.FailingSince, h.state.Failure = now, time.Time{}, ""
	} else {
		h.failed = true
		h.state.Failure = o.Failure.Code
		if h.state.FailingSince.IsZero() {
			h.state.FailingSince = now
		}
	}
	s := h.state
	h.mu.Unlock()
	if err := e.cfg.Store.PutSource(ctx, e.cfg.Name, s); err != nil {
		e.cfg.Logger.Error("cannot keep the state of the source", slog.Any("error", err))
	}
	if turned {
		e.cfg.Logger.Warn("the source's breaker turned", slog.String("source", e.cfg.Name),
			slog.Time("open_until", s.Breaker.OpenUntil), slog.String("reason", string(s.Breaker.Reason)))
	}
	if turned || was.Failure != s.Failure {
		e.cfg.Publish(Event{Kind: SourceChanged})
	}
	switch {
	case o.Failure == nil:
		e.resolve(ctx, now)
	case turned && o.Failure.Code == LayoutChanged:
		e.raise(ctx, alert.LayoutChanged, &h.layout, s.FailingSince, s.Failure, now)
	}
}

// watchHealth tells operators when nothing has been checked for hours.
func (e *Engine) watchHealth(ctx context.Context) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if since, silent := e.silentSince(now); silent {
				s := e.health.snapshot()
				e.raise(ctx, alert.NothingChecked, &e.health.silent, since, s.Failure, now)
			}
		}
	}
}

// silentSince reports since when nothing could be checked, if that is for too
// long. Checks that fail count, and checks that are overdue and never end.
func (e *Engine) silentSince(now time.Time) (time.Time, bool) {
	e.mu.Lock()
	waiting := now
	for _, at := range e.flying {
		waiting = earlier(waiting, at)
	}
	if it, ok := e.queue.first(); ok {
		waiting = earlier(waiting, it.at)
	}
	e.mu.Unlock()
	h := &e.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed && !h.state.FailingSince.IsZero() && now.Sub(h.state.FailingSince) >= silence {
		return h.state.FailingSince, true
	}
	stuck := later(waiting, later(h.started, h.state.AnsweredAt))
	return stuck, now.Sub(stuck) >= silence
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
