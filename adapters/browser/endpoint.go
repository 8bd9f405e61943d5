package browser

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// endpoint is a place where a browser is, or can be had.
type endpoint struct {
	name  string
	limit int
	open  func(ctx context.Context) (*chrome, error)
	// opening is held while a browser of this endpoint starts, so that there is
	// never more than one.
	opening chan struct{}

	// Guarded by Browser.mu.
	busy     int // seats taken
	chrome   *chrome
	ending   *chrome // the one before, which may not have gone yet
	idle     *time.Timer
	failures int // in a row
	retryAt  time.Time
	measured time.Time // when memory was last looked at
	memory   int64     // what it was then, in bytes
}

func newEndpoint(name string, limit int, open func(context.Context) (*chrome, error)) *endpoint {
	return &endpoint{name: name, limit: limit, open: open, opening: make(chan struct{}, 1)}
}

// borrow takes a seat and finds a page for it. An endpoint that fails is left
// for the next one; the last one's error is returned.
func (b *Browser) borrow(ctx context.Context) (*endpoint, *tab, error) {
	tried := map[*endpoint]bool{}
	var failure error
	for {
		ep, err := b.sitDown(ctx, tried)
		if err != nil {
			return nil, nil, err
		}
		if ep == nil {
			return nil, nil, failure
		}
		t, err := b.tabAt(ctx, ep)
		if err == nil {
			return ep, t, nil
		}
		b.standUp(ep)
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		failure, tried[ep] = err, true
	}
}

// sitDown takes a seat at the least loaded endpoint, waiting for one if need be.
// It returns nil when every endpoint has been tried.
func (b *Browser) sitDown(ctx context.Context, tried map[*endpoint]bool) (*endpoint, error) {
	for {
		b.mu.Lock()
		if b.closed {
			b.mu.Unlock()
			return nil, ErrClosed
		}
		ep, left := b.choose(tried, time.Now())
		if ep != nil {
			ep.busy++
			ep.stopIdleTimer()
			b.background.Add(1) // until standUp
		}
		changed := b.changed
		b.mu.Unlock()
		if ep != nil || !left {
			return ep, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// choose picks the endpoint with the smallest part of its seats taken, or nil if
// all are full (left is true) or tried (left is false). One that failed a moment
// ago is passed over as long as there is another.
func (b *Browser) choose(tried map[*endpoint]bool, now time.Time) (best *endpoint, left bool) {
	untried := slices.DeleteFunc(slices.Clone(b.endpoints), func(ep *endpoint) bool { return tried[ep] })
	healthy := slices.DeleteFunc(slices.Clone(untried), func(ep *endpoint) bool { return now.Before(ep.retryAt) })
	if len(healthy) == 0 {
		healthy = untried
	}
	for _, ep := range healthy {
		full := ep.busy >= ep.limit || (ep.chrome != nil && ep.chrome.retired)
		if !full && (best == nil || ep.busy*best.limit < best.busy*ep.limit) {
			best = ep
		}
	}
	return best, len(healthy) > 0
}

// standUp frees a seat.
func (b *Browser) standUp(ep *endpoint) {
	defer b.background.Done()
	b.mu.Lock()
	defer b.mu.Unlock()
	ep.busy--
	if ep.busy == 0 && !b.closed && b.cfg.IdleStop > 0 {
		ep.idle = time.AfterFunc(b.cfg.IdleStop, func() { b.stopIdle(ep) })
	}
	b.wakeAll()
}

func (b *Browser) wakeAll() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func (ep *endpoint) stopIdleTimer() {
	if ep.idle != nil {
		ep.idle.Stop()
		ep.idle = nil
	}
}

// tabAt returns a page of the endpoint's browser, which it starts if need be. A
// browser that turns out to have died since its last page is replaced once.
func (b *Browser) tabAt(ctx context.Context, ep *endpoint) (*tab, error) {
	for died := false; ; died = true {
		c, t, err := b.chromeAt(ctx, ep)
		if err != nil {
			return nil, err
		}
		if t, err = b.refresh(ctx, c, t); err == nil {
			return t, nil
		}
		again := c.dead() && !died
		if !c.dead() && ctx.Err() == nil {
			// It runs and opens no page: it is given up, and the endpoint for a while.
			c.conn.kill(&Error{Reason: "the browser opens no page", Err: err})
			b.mu.Lock()
			ep.failed()
			b.mu.Unlock()
		}
		b.leave(ep, c, nil)
		if !again || ctx.Err() != nil {
			return nil, &Error{Reason: "the browser opens no page", Err: err}
		}
	}
}

// refresh makes t, an idle page or nil, ready for a loan.
func (b *Browser) refresh(ctx context.Context, c *chrome, t *tab) (*tab, error) {
	if t != nil && t.uses >= b.cfg.ReloadEvery {
		t.uses = 0
		if err := t.reset(ctx); err != nil {
			b.background.Go(t.discard)
			t = nil
		}
	}
	if t != nil {
		return t, nil
	}
	t, err := c.newTab(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.open(ctx, b.cfg.UserAgent); err != nil {
		b.background.Go(t.discard)
		return nil, err
	}
	return t, nil
}

// chromeAt returns the endpoint's browser with one page more counted as busy,
// and an idle page if there is one.
func (b *Browser) chromeAt(ctx context.Context, ep *endpoint) (*chrome, *tab, error) {
	select {
	case ep.opening <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	defer func() { <-ep.opening }()

	b.mu.Lock()
	defer b.mu.Unlock()
	if ep.chrome == nil || ep.chrome.dead() {
		if err := b.startAt(ctx, ep); err != nil {
			return nil, nil, err
		}
	}
	c := ep.chrome
	c.busy++
	for len(c.idle) > 0 {
		t := c.idle[len(c.idle)-1]
		c.idle = c.idle[:len(c.idle)-1]
		if t.alive.Err() == nil {
			return c, t, nil
		}
	}
	return c, nil, nil
}

// startAt starts the endpoint's browser, after the one before has gone. b.mu is
// held on entry and on return, but not while waiting.
func (b *Browser) startAt(ctx context.Context, ep *endpoint) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.closing, cancel)()
	if ep.chrome != nil {
		b.lost(ep)
	}
	before := ep.ending
	b.mu.Unlock()
	if before != nil {
		select {
		case <-before.gone:
		case <-ctx.Done():
		}
	}
	began := time.Now()
	c, err := ep.open(ctx)
	b.mu.Lock()
	if err != nil {
		if ctx.Err() == nil {
			ep.failed()
		}
		return err
	}
	ep.failures, ep.retryAt = 0, time.Time{}
	b.background.Go(func() { b.watch(ep, c) })
	if b.closed {
		c.conn.kill(ErrClosed)
		return ErrClosed
	}
	ep.chrome, ep.measured, ep.memory = c, time.Time{}, 0
	b.starts++
	b.cfg.Logger.Info("browser ready", slog.String("endpoint", ep.name), slog.Duration("took", time.Since(began)))
	return nil
}

// failed puts the endpoint aside: 2 s, then twice as long each time, up to a
// minute.
func (ep *endpoint) failed() {
	ep.failures++
	ep.retryAt = time.Now().Add(min(time.Second<<min(ep.failures, 6), time.Minute))
}

// watch cleans up after a browser that went, whoever ended it.
func (b *Browser) watch(ep *endpoint, c *chrome) {
	<-c.conn.alive.Done()
	b.mu.Lock()
	if ep.chrome == c {
		b.lost(ep)
		b.wakeAll()
	}
	b.mu.Unlock()
	c.close(b.cfg.Logger)
}

// lost takes note of a browser that ended without being told to; b.mu is held.
func (b *Browser) lost(ep *endpoint) {
	b.cfg.Logger.Warn("browser lost", slog.String("endpoint", ep.name), slog.Any("error", context.Cause(ep.chrome.conn.alive)))
	ep.chrome, ep.ending = nil, ep.chrome
	b.deaths++
}

// giveBack returns a page after a loan. A page that is not healthy is destroyed
// before its seat is free again.
func (b *Browser) giveBack(ep *endpoint, t *tab, healthy bool) {
	t.uses++
	if healthy && t.closeWindows() == nil {
		b.leave(ep, t.chrome, t)
		b.standUp(ep)
		return
	}
	b.background.Go(func() {
		t.discard()
		b.leave(ep, t.chrome, nil)
		b.standUp(ep)
	})
}

// leave counts one busy page less at c, keeps t (if not nil) for the next loan,
// and ends the browser if it is worn and this was its last page.
func (b *Browser) leave(ep *endpoint, c *chrome, t *tab) {
	worn := b.worn(ep, c)
	b.mu.Lock()
	defer b.mu.Unlock()
	c.busy--
	if t != nil {
		c.idle = append(c.idle, t)
	}
	if ep.chrome != c {
		return
	}
	c.retired = c.retired || worn
	if c.retired && c.busy == 0 {
		b.cfg.Logger.Info("browser is replaced", slog.String("endpoint", ep.name), slog.Duration("age", time.Since(c.born)))
		b.end(ep)
	}
}

// memoryEvery is how often memory is measured: it costs some milliseconds.
const memoryEvery = 30 * time.Second

// worn reports whether the browser is too old or has grown too large.
func (b *Browser) worn(ep *endpoint, c *chrome) bool {
	if time.Since(c.born) > b.cfg.MaxAge {
		return true
	}
	b.mu.Lock()
	due := c.local != nil && time.Since(ep.measured) > memoryEvery
	if due {
		ep.measured = time.Now()
	}
	b.mu.Unlock()
	if !due {
		return false
	}
	memory := c.local.memory()
	b.mu.Lock()
	ep.memory = memory
	b.mu.Unlock()
	return memory > b.cfg.MaxMemory
}

// stopIdle ends a browser that nobody has needed for a while.
func (b *Browser) stopIdle(ep *endpoint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || ep.busy > 0 || ep.chrome == nil {
		return
	}
	b.cfg.Logger.Info("browser stopped, nothing to do", slog.String("endpoint", ep.name))
	b.end(ep)
}

// end takes the browser away from the endpoint; b.mu is held. Its watcher does
// the rest.
func (b *Browser) end(ep *endpoint) {
	c := ep.chrome
	ep.chrome, ep.ending = nil, c
	c.conn.kill(ErrClosed)
}
