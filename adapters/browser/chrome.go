package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

const (
	startTimeout = 30 * time.Second // a Raspberry Pi with a slow card needs some ten
	// tabTimeout is for opening, blanking and destroying a page. A browser that
	// takes longer hangs.
	tabTimeout = 15 * time.Second
)

// chrome is one running browser we are connected to, ours or a remote one.
type chrome struct {
	conn  *conn
	local *local // nil if somebody else runs it
	born  time.Time
	// gone is closed when the connection, and a browser of ours with all its
	// processes, has ended.
	gone  chan struct{}
	ended sync.Once

	// Guarded by Browser.mu.
	idle    []*tab
	busy    int
	retired bool // gets no more work, and is closed when busy reaches 0
}

// startLocal starts a browser of ours and waits until it answers.
func startLocal(ctx context.Context, bin, dir string, sandbox bool, logger *slog.Logger) (*chrome, error) {
	l, err := launch(bin, dir, sandbox)
	if err != nil {
		return nil, &Error{Reason: "the browser could not be started", Err: err}
	}
	c := &chrome{conn: newConn(l.pipe), local: l, born: time.Now(), gone: make(chan struct{})}
	if err := c.greet(ctx); err != nil {
		c.close(logger)
		if line := l.output.lastLine(); line != "" {
			err = fmt.Errorf("%w (it wrote: %s)", err, line)
		}
		return nil, &Error{Reason: "the browser was started but does not answer", Err: err}
	}
	return c, nil
}

// connectRemote connects to a browser somebody else runs.
func connectRemote(ctx context.Context, r remote, logger *slog.Logger) (*chrome, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	t, err := r.connect(ctx)
	if err != nil {
		return nil, &Error{Reason: "the browser at " + r.name() + " cannot be reached", Err: err}
	}
	c := &chrome{conn: newConn(t), born: time.Now(), gone: make(chan struct{})}
	if err := c.greet(ctx); err != nil {
		c.close(logger)
		return nil, &Error{Reason: "the browser at " + r.name() + " does not answer", Err: err}
	}
	return c, nil
}

func (c *chrome) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	_, err := proto.BrowserGetVersion{}.Call(c.conn.in(ctx, ""))
	return err
}

// close ends the connection, and the browser if it is ours.
func (c *chrome) close(logger *slog.Logger) {
	c.ended.Do(func() {
		defer close(c.gone)
		c.conn.close()
		if c.local != nil {
			c.local.stop(logger)
		}
	})
}

// dead reports whether the browser has gone.
func (c *chrome) dead() bool { return c.conn.alive.Err() != nil }

// tab is one page in a window and a browser context of its own: two tabs of one
// window starve each other of animation frames, and contexts share no cookies.
type tab struct {
	chrome  *chrome
	context proto.BrowserBrowserContextID
	target  proto.TargetTargetID
	session proto.TargetSessionID
	uses    int
	mark    any // see Page.Mark
	// functions are the handles of compiled functions, by their text; see Page.Eval.
	functions sync.Map
	// alive ends, with the reason as its cause, when the page crashes or its
	// browser dies.
	alive context.Context
	kill  context.CancelCauseFunc
	// traffic is who listens to the page's requests; set while a caller has it.
	traffic trafficListener
}

// newTab makes a place for a page, in which open opens one.
func (c *chrome) newTab(ctx context.Context) (*tab, error) {
	ctx, cancel := context.WithTimeout(ctx, tabTimeout)
	defer cancel()
	bc, err := proto.TargetCreateBrowserContext{DisposeOnDetach: true}.Call(c.conn.in(ctx, ""))
	if err != nil {
		return nil, err
	}
	t := &tab{chrome: c, context: bc.BrowserContextID}
	t.alive, t.kill = context.WithCancelCause(c.conn.alive)
	return t, nil
}

// open opens the page. If it fails, discard takes away what there is.
func (t *tab) open(ctx context.Context, userAgent string) error {
	ctx, cancel := context.WithTimeout(ctx, tabTimeout)
	defer cancel()
	conn := t.chrome.conn
	if err := t.refuseDownloads(ctx); err != nil {
		return err
	}
	width, height := viewportWidth, viewportHeight
	target, err := proto.TargetCreateTarget{
		URL: blankPage, BrowserContextID: t.context, NewWindow: true, Width: &width, Height: &height,
	}.Call(conn.in(ctx, ""))
	if err != nil {
		return err
	}
	attached, err := proto.TargetAttachToTarget{TargetID: target.TargetID, Flatten: true}.Call(conn.in(ctx, ""))
	if err != nil {
		return err
	}
	t.target, t.session = target.TargetID, attached.SessionID
	conn.listen(t.session, t.hear)

	page := conn.in(ctx, t.session)
	bodies := 1 << 20
	steps := []interface{ Call(c proto.Client) error }{
		proto.PageEnable{},
		proto.InspectorEnable{}, // tells of a crash
		// Chromium keeps the bodies of answers for whoever asks; a little is enough.
		proto.NetworkEnable{MaxTotalBufferSize: &bodies, MaxResourceBufferSize: &bodies},
		// Cheaper than intercepting, which adds a round trip to every request.
		proto.NetworkSetBlockedURLs{Urls: blockedURLs()},
		proto.EmulationSetDeviceMetricsOverride{Width: viewportWidth, Height: viewportHeight, DeviceScaleFactor: 1},
		proto.EmulationSetFocusEmulationEnabled{Enabled: true},
	}
	if userAgent != "" {
		steps = append(steps, proto.EmulationSetUserAgentOverride{UserAgent: userAgent})
	}
	for _, step := range steps {
		if err := step.Call(page); err != nil {
			return err
		}
	}
	return nil
}

const blankPage = "about:blank"

// blockedURLs are images, fonts and media, which no form needs.
func blockedURLs() []string {
	var urls []string
	for _, ext := range []string{
		"png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico",
		"woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "webm", "ogg",
	} {
		urls = append(urls, "*."+ext, "*."+ext+"?*")
	}
	return urls
}

// reset takes the page back to a blank one in the same context: its memory is
// given back, its cookies stay.
func (t *tab) reset(ctx context.Context) error {
	t.mark = nil
	ctx, cancel := context.WithTimeout(ctx, tabTimeout)
	defer cancel()
	page := t.chrome.conn.in(ctx, t.session)
	if _, err := (proto.PageNavigate{URL: blankPage}).Call(page); err != nil {
		return err
	}
	// Left alone, Chromium keeps what the page used as long as there is memory.
	return proto.HeapProfilerCollectGarbage{}.Call(page)
}

// discard destroys the page with everything it stored. It may take until
// tabTimeout: a slow machine is busy with the other pages of the browser, whose
// checks must not be lost for it.
func (t *tab) discard() {
	defer t.kill(ErrClosed)
	if t.session != "" {
		t.chrome.conn.listen(t.session, nil)
	}
	ctx, cancel := context.WithTimeout(context.Background(), tabTimeout)
	defer cancel()
	err := proto.TargetDisposeBrowserContext{BrowserContextID: t.context}.Call(t.chrome.conn.in(ctx, ""))
	if err != nil && !t.chrome.dead() {
		// It cannot even be closed: nothing this browser says can be trusted.
		t.chrome.conn.kill(&Error{Reason: "the browser does not close a page", Err: err})
	}
}

// hear handles the events of the page; see listener.
func (t *tab) hear(method string, params json.RawMessage) {
	switch method {
	case "Inspector.targetCrashed":
		t.kill(&Error{Reason: "the page crashed, perhaps for lack of memory"})
	case "Inspector.detached", "Target.detachedFromTarget":
		t.kill(&Error{Reason: "the page was closed from outside"})
	case "Page.javascriptDialogOpening":
		t.answerDialog(params)
	default:
		t.hearTraffic(method, params)
	}
}
