package watch

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// flight is a check under way.
type flight struct {
	since time.Time
	rank  rank
	// latest is the newest version of the application that somebody made
	// while it was in the air; removed, that it was deleted.
	latest  Application
	removed bool
}

// claimRetry is the wait before a check whose reference was being asked about.
const claimRetry = 5 * time.Second

func (e *Engine) claim(identity string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy[identity] {
		return false
	}
	e.busy[identity] = true
	return true
}

func (e *Engine) release(identity string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.busy, identity)
}

// take waits for the next application that is due, the breaker and the pace,
// and marks it as under way.
func (e *Engine) take(ctx context.Context) (ID, rank, pass, bool) {
	select {
	case e.taking <- struct{}{}:
		defer func() { <-e.taking }()
	case <-ctx.Done():
		return "", 0, pass{}, false
	}
	for ctx.Err() == nil {
		until, changed, due := e.nextDue(time.Now())
		if due {
			retry, ok := e.breaker.ready(time.Now())
			if !ok {
				until = retry
			} else if e.checker.wait(ctx) == nil {
				if it, p, ok := e.launch(time.Now()); ok {
					return it.id, it.rank, p, true
				}
				continue
			}
		}
		waitUntil(ctx, until, changed)
	}
	return "", 0, pass{}, false
}

// nextDue returns when the first entry of the queue is due, and the channel
// that is closed when the queue changes. The zero time means never.
func (e *Engine) nextDue(now time.Time) (until time.Time, changed <-chan struct{}, due bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	until, due = e.queue.next(now)
	return until, e.changed, due
}

// launch takes the next due entry out of the queue, if the breaker, which may
// have opened while the pace was waited for, still gives leave.
func (e *Engine) launch(now time.Time) (queued, pass, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, due := e.queue.next(now); !due {
		return queued{}, pass{}, false
	}
	p, ok := e.breaker.allow(now)
	if !ok {
		return queued{}, pass{}, false
	}
	it, _ := e.queue.take(now)
	e.flying[it.id] = &flight{since: now, rank: it.rank}
	return it, p, true
}

// land ends the flight of id and plans the next check: that of the newest
// version of the application. err is why there is none to plan by.
func (e *Engine) land(id ID, a Application, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.flying[id]
	delete(e.flying, id)
	if f.latest.Revision > a.Revision {
		a = f.latest
	}
	switch {
	case f.removed || errors.Is(err, ErrNotFound):
		// Deleted while the check was under way.
		delete(e.unsaved, id)
	case err != nil:
		e.cfg.Logger.Error("cannot use the store; it will be tried again",
			slog.String("application", string(id)), slog.Any("error", err))
		e.queue.put(id, time.Now().Add(storeRetry), f.rank, a.Revision)
	default:
		e.plan(a, false)
	}
	e.signal()
}

// storeRetry is the wait before something that the store refused is repeated.
const storeRetry = time.Minute

// signal wakes whoever waits for the queue. The caller holds e.mu.
func (e *Engine) signal() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// enqueue plans the next check of a version of an application. While a check
// is under way it is only remembered.
func (e *Engine) enqueue(a Application, byHand bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f := e.flying[a.ID]; f != nil {
		if a.Revision > f.latest.Revision {
			f.latest = a
		}
		return
	}
	e.plan(a, byHand)
	e.signal()
}

// plan puts a into the queue or takes it out. The caller holds e.mu.
func (e *Engine) plan(a Application, byHand bool) {
	next := a.State.NextCheckAt
	switch {
	case byHand && !next.IsZero():
		e.queue.put(a.ID, next, asked, a.Revision)
	case next.IsZero() || a.Paused():
		e.queue.remove(a.ID)
	default:
		e.queue.put(a.ID, next, rankOf(a), a.Revision)
	}
}

// lookAgain is the longest the engine sleeps: a clock that is set, or a machine
// that slept, would make a longer timer miss its time.
const lookAgain = time.Minute

// waitUntil waits for t, for changed, for lookAgain, or for the end of ctx. The
// zero time is none to wait for.
func waitUntil(ctx context.Context, t time.Time, changed <-chan struct{}) {
	wait := lookAgain
	if !t.IsZero() {
		wait = min(wait, time.Until(t))
	}
	tm := time.NewTimer(wait)
	defer tm.Stop()
	select {
	case <-tm.C:
	case <-changed:
	case <-ctx.Done():
	}
}
