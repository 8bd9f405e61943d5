// Package browser lends pages of a Chromium browser. It starts the browser when
// a page is wanted, stops it when none has been for a while, and replaces what
// hangs, crashes, grows or grows old. Browsers that somebody else runs can stand
// in for the local one.
//
// Nothing here hides from a page that a program drives it.
package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// Config says what to start and how much of it.
type Config struct {
	// Bin is the local browser: a path or a name on the PATH. Empty means the
	// best one found there.
	Bin string
	// URLs are DevTools addresses of browsers to use instead of a local one, such
	// as ws://host:9222#pages=4; see parseRemote.
	URLs []string
	// Pages is how many pages work at once in one browser; 0 means 1. An address
	// with #pages=N has its own limit.
	Pages int
	// IdleStop is after how long without work the browser is stopped; 0 means 2
	// minutes, less than 0 never.
	IdleStop time.Duration
	// ReloadEvery is after how many loans a page is blanked; 0 means 50.
	ReloadEvery int
	// MaxAge is how long one browser process is used; 0 means 24 hours.
	MaxAge time.Duration
	// MaxMemory is at how many bytes (PSS of the whole tree) the local browser is
	// replaced; 0 means a third of what the machine or the container has, but at
	// least 320 MiB and at most 1 GiB.
	MaxMemory int64
	// Dir is where profiles are kept while a browser runs; empty means the
	// system's temporary directory.
	Dir string
	// Sandbox is Chromium's own; see SandboxAuto.
	Sandbox Sandbox
	// UserAgent replaces what the browser calls itself; empty leaves it honest.
	UserAgent string
	// Logger must not be nil.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Pages <= 0 {
		c.Pages = 1
	}
	if c.IdleStop == 0 {
		c.IdleStop = 2 * time.Minute
	}
	if c.ReloadEvery <= 0 {
		c.ReloadEvery = 50
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 24 * time.Hour
	}
	if c.MaxMemory <= 0 {
		c.MaxMemory = defaultMaxMemory(os.DirFS("/"))
	}
	if c.Dir == "" {
		c.Dir = os.TempDir()
	}
	return c
}

// Browser lends pages. It is safe for use by several goroutines.
type Browser struct {
	cfg Config
	// background are the goroutines and timers that outlive the call that
	// started them; Close waits for them.
	background sync.WaitGroup
	// closing ends with Close, and with it the browsers that are starting.
	closing context.Context
	closeUp context.CancelFunc

	mu        sync.Mutex
	closed    bool
	endpoints []*endpoint
	changed   chan struct{} // closed and replaced whenever a seat may have become free
	starts    int
	deaths    int
}

// New checks the configuration and removes what killed predecessors left on the
// disk. Nothing is started. It returns ErrNoBrowser if there is nothing to start.
func New(cfg Config) (*Browser, error) {
	cfg = cfg.withDefaults()
	b := newLender(cfg)
	if len(cfg.URLs) == 0 {
		bin, err := findBinary(cfg.Bin)
		if err != nil {
			return nil, err
		}
		sweepProfiles(cfg.Dir, cfg.Logger)
		b.endpoints = []*endpoint{newEndpoint("local", cfg.Pages, func(ctx context.Context) (*chrome, error) {
			return startLocal(ctx, bin, cfg.Dir, cfg.Sandbox.enabled(), cfg.Logger)
		})}
		return b, nil
	}
	for _, address := range cfg.URLs {
		r, err := parseRemote(address)
		if err != nil {
			return nil, err
		}
		limit := r.pages
		if limit == 0 {
			limit = cfg.Pages
		}
		b.endpoints = append(b.endpoints, newEndpoint(r.name(), limit, func(ctx context.Context) (*chrome, error) {
			return connectRemote(ctx, r, cfg.Logger)
		}))
	}
	return b, nil
}

// newLender makes a Browser that has no browser yet.
func newLender(cfg Config) *Browser {
	b := &Browser{cfg: cfg, changed: make(chan struct{})}
	b.closing, b.closeUp = context.WithCancel(context.Background())
	return b
}

// Limit returns how many pages can work at once.
func (b *Browser) Limit() int {
	n := 0
	for _, ep := range b.endpoints {
		n += ep.limit
	}
	return n
}

// graceTime is how long a callback gets to return after its context has ended.
const graceTime = 500 * time.Millisecond

// Do lends a page to fn. It waits for a free one, starting a browser if need be.
//
// The context handed to fn ends with ctx, and as soon as the page or its browser
// dies; Do returns soon after, even if fn does not. If fn returns an error, the
// page is destroyed: the next loan gets another one. Where the browser is at
// fault the error is an *Error; else it is fn's own.
func (b *Browser) Do(ctx context.Context, fn func(ctx context.Context, page *Page) error) error {
	ep, t, err := b.borrow(ctx)
	if err != nil {
		return err
	}
	loan, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(t.alive, func() { end(context.Cause(t.alive)) })
	returned := make(chan error, 1)
	b.background.Go(func() { returned <- b.run(loan, t, fn) })

	err, hung := await(loan, returned)
	stop()
	end(nil)
	t.traffic.fn.Store(nil)
	gone := context.Cause(t.alive)
	if err != nil && gone != nil {
		err = gone // whatever fn made of it, this is why
	}
	if hung {
		b.cfg.Logger.Error("a browser job did not stop in time; its page is destroyed")
	}
	b.giveBack(ep, t, err == nil && gone == nil)
	return err
}

// await waits for the callback, and a little longer once its loan has ended.
func await(loan context.Context, returned <-chan error) (err error, hung bool) { //nolint:revive // err is the result, not a failure of await
	select {
	case err := <-returned:
		return err, false
	case <-loan.Done():
	}
	grace := time.NewTimer(graceTime)
	defer grace.Stop()
	select {
	case err := <-returned:
		return err, false
	case <-grace.C:
		return context.Cause(loan), true
	}
}

// run calls fn and turns a panic, which would end the whole program, into an
// error.
func (b *Browser) run(loan context.Context, t *tab, fn func(context.Context, *Page) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("browser job panicked: %v", r)
			b.cfg.Logger.Error("browser job panicked", slog.String("stack", string(debug.Stack())))
		}
	}()
	return fn(loan, &Page{tab: t, loan: loan})
}

// Close stops every browser and returns when their processes are gone and all
// jobs have returned, or after some seconds if a job never does.
func (b *Browser) Close() error {
	b.mu.Lock()
	b.closed = true
	var running []*chrome
	for _, ep := range b.endpoints {
		ep.stopIdleTimer()
		if ep.chrome != nil {
			running = append(running, ep.chrome)
			b.end(ep)
		}
	}
	b.wakeAll()
	b.closeUp()
	b.mu.Unlock()

	for _, c := range running {
		<-c.gone
	}
	done := make(chan struct{})
	go func() { b.background.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-time.After(sendTimeout + graceTime):
		return errors.New("close browser: a job does not return")
	}
}

// Stats is what the browser is doing now.
type Stats struct {
	// Endpoints are the local browser or the remote ones, in configured order.
	Endpoints []EndpointStats
	// Starts counts browsers started or connected to, Deaths those that went
	// without being told to.
	Starts, Deaths int
	// Memory is the share of memory (PSS) of the local tree, in bytes; 0 when it
	// does not run.
	Memory int64
}

// EndpointStats is one browser.
type EndpointStats struct {
	// Name is "local" or host:port.
	Name string
	// Busy of Limit pages are working.
	Busy, Limit int
	// Running says whether there is a browser at the moment.
	Running bool
}

// Stats measures; it reads /proc and takes some milliseconds.
func (b *Browser) Stats() Stats {
	s, locals := b.glance()
	s.Memory = 0
	for _, l := range locals {
		s.Memory += l.memory()
	}
	return s
}

// Glance returns at once: its Memory is what it was when a page was last given
// back, or up to half a minute before that.
func (b *Browser) Glance() Stats {
	s, _ := b.glance()
	return s
}

func (b *Browser) glance() (s Stats, locals []*local) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s = Stats{Starts: b.starts, Deaths: b.deaths}
	for _, ep := range b.endpoints {
		s.Endpoints = append(s.Endpoints, EndpointStats{Name: ep.name, Busy: ep.busy, Limit: ep.limit, Running: ep.chrome != nil})
		if ep.chrome != nil && ep.chrome.local != nil {
			locals = append(locals, ep.chrome.local)
			s.Memory += ep.memory
		}
	}
	return s, locals
}
