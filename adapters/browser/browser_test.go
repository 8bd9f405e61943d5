package browser_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/browser"
)

func TestPageIsDrivenWithTrustedInput(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := newBrowser(t, nil)
	var typed string
	var seen []string
	var traffic []browser.Traffic
	var answer, picture []byte
	err := b.Do(within(t, 30*time.Second), func(ctx context.Context, p *browser.Page) error {
		finished := make(chan string, 1)
		var mu sync.Mutex
		stop := p.Listen(func(n browser.Traffic) {
			if n.Kind == "Document" || n.Kind == "Other" || n.Kind == "Image" {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			traffic = append(traffic, n)
			if n.Phase == browser.Finished && slices.ContainsFunc(traffic, func(o browser.Traffic) bool { return o.ID == n.ID && o.Kind == "Fetch" }) {
				finished <- n.ID
			}
		})
		defer stop()
		steps := []func() error{
			func() error { return p.Navigate(ctx, site.URL) },
			func() error {
				return p.Eval(ctx, nil, `() => new Promise(done => {
				const focus = () => { document.getElementById('field').focus(); done() };
				document.readyState === 'complete' ? focus() : addEventListener('load', focus);
			})`)
			},
			func() error { return p.Insert(ctx, "Příliš") },
			func() error { return p.Type(ctx, 'Z') },
			func() error { return p.Type(ctx, '7') },
			func() error { return p.Type(ctx, 'x') },
			func() error { return p.Press(ctx, browser.Backspace) },
			func() error {
				return p.Eval(ctx, &typed, `suffix => document.getElementById('field').value + suffix`, "!")
			},
			func() error { return p.Click(ctx, 140, 220) },
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		var err error
		if answer, err = p.Body(ctx, <-finished); err != nil {
			return err
		}
		if picture, err = p.Screenshot(ctx); err != nil {
			return err
		}
		return p.Eval(ctx, &seen, `() => new Promise(done => setTimeout(() => done(window.seen), 1))`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if typed != "PřílišZ7!" {
		t.Errorf("typed %q", typed)
	}
	want := []string{"input:true:", "keydown:true:Z", "input:true:", "keydown:true:7", "input:true:", "keydown:true:x", "input:true:", "keydown:true:Backspace", "input:true:", "click:true:"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if string(answer) != "pong" {
		t.Errorf("answer %q", answer)
	}
	if !strings.HasPrefix(string(picture), "\x89PNG") {
		t.Errorf("screenshot is no PNG: %.8q", picture)
	}
	sent := slices.IndexFunc(traffic, func(n browser.Traffic) bool { return n.Kind == "Fetch" && n.Phase == browser.Sent })
	answered := slices.IndexFunc(traffic, func(n browser.Traffic) bool { return n.Kind == "Fetch" && n.Phase == browser.Answered })
	if sent < 0 || answered < sent {
		t.Fatalf("traffic %+v", traffic)
	}
	if n := traffic[sent]; n.Method != "POST" || n.URL != site.URL+"/echo?q=1" || n.Body != "ping" {
		t.Errorf("sent %+v", n)
	}
	if n := traffic[answered]; n.Status != 429 || n.Header.Get("Retry-After") != "7" {
		t.Errorf("answered %+v", n)
	}
	if len(site.pictures) != 0 {
		t.Error("the page's image was fetched")
	}
}

func TestPagesAreReusedUntilTheyAreWorn(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := newBrowser(t, func(c *browser.Config) { c.ReloadEvery = 3 })
	failure := errors.New("the job failed")
	steps := []struct {
		name string
		err  error
		want string // the mark the last loan left in the page, and its cookie
	}{
		{name: "first loan", want: " "},
		{name: "same page", want: "mark cookie"},
		{name: "same page again", want: "mark cookie"},
		{name: "blanked after three, cookies kept", want: " cookie"},
		{name: "same page, then fails", err: failure, want: "mark cookie"},
		{name: "another page after the failure", want: " "},
	}
	for _, s := range steps {
		var got string
		err := b.Do(within(t, 30*time.Second), func(ctx context.Context, p *browser.Page) error {
			if err := p.Eval(ctx, &got, `() => window.mark || ''`); err != nil {
				return err
			}
			if got == "" {
				if err := p.Navigate(ctx, site.URL); err != nil {
					return err
				}
			}
			var cookie string
			if err := p.Eval(ctx, &cookie, `() => { const had = document.cookie; window.mark = 'mark'; document.cookie = 'c=1'; return had ? 'cookie' : '' }`); err != nil {
				return err
			}
			got += " " + cookie
			return s.err
		})
		if !errors.Is(err, s.err) {
			t.Fatalf("%s: error %v, want %v", s.name, err, s.err)
		}
		if got != s.want {
			t.Errorf("%s: found %q, want %q", s.name, got, s.want)
		}
	}
}

func TestPagesWorkSideBySide(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := newBrowser(t, func(c *browser.Config) { c.Pages = 2 })
	if b.Limit() != 2 {
		t.Errorf("limit %d", b.Limit())
	}
	var at, most atomic.Int32
	var jobs sync.WaitGroup
	both := make(chan struct{})
	for range 5 {
		jobs.Go(func() {
			err := b.Do(within(t, 60*time.Second), func(ctx context.Context, p *browser.Page) error {
				n := at.Add(1)
				defer at.Add(-1)
				if n == 2 && most.CompareAndSwap(0, 2) {
					close(both)
				}
				if n > 2 {
					t.Errorf("%d jobs at once", n)
				}
				if err := p.Navigate(ctx, site.URL); err != nil {
					return err
				}
				select {
				case <-both: // the first two are here together
				case <-ctx.Done():
					return ctx.Err()
				}
				// A tab behind another one gets no animation frames.
				return p.Eval(ctx, nil, `() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))`)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	jobs.Wait()
	if s := b.Stats(); s.Starts != 1 || s.Endpoints[0].Busy != 0 || s.Memory <= 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestDoReturnsWhateverHangs(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := newBrowser(t, nil)
	release := make(chan struct{})
	defer close(release)
	hangs := []struct {
		name string
		job  func(ctx context.Context, p *browser.Page) error
	}{
		{"a promise that never resolves", func(ctx context.Context, p *browser.Page) error {
			return p.Eval(ctx, nil, `() => new Promise(() => {})`)
		}},
		{"a script without end", func(ctx context.Context, p *browser.Page) error {
			return p.Eval(ctx, nil, `() => { for (;;) {} }`)
		}},
		{"a call that ignores the end of its context", func(_ context.Context, p *browser.Page) error {
			return p.Eval(context.Background(), nil, `() => new Promise(() => {})`)
		}},
		{"a job that ignores everything", func(context.Context, *browser.Page) error {
			<-release
			return nil
		}},
	}
	for _, h := range hangs {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := b.Do(ctx, func(loan context.Context, p *browser.Page) error {
			if err := p.Navigate(loan, site.URL); err != nil {
				return err
			}
			time.AfterFunc(50*time.Millisecond, cancel)
			return h.job(loan, p)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want cancelled", h.name, err)
		}
		if err := b.Do(within(t, 20*time.Second), func(ctx context.Context, p *browser.Page) error {
			return p.Navigate(ctx, site.URL)
		}); err != nil {
			t.Errorf("the job after %s: %v", h.name, err)
		}
		cancel()
	}
}

func TestPanicOfAJobIsAnError(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	err := b.Do(within(t, 20*time.Second), func(context.Context, *browser.Page) error { panic("oops") })
	if err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("error %v", err)
	}
}

func TestScriptErrorsAndNavigationErrorsAreTold(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	b := newBrowser(t, nil)
	site.Close()
	err := b.Do(within(t, 20*time.Second), func(ctx context.Context, p *browser.Page) error {
		var script *browser.ScriptError
		for function, want := range map[string]string{
			`() => { throw new Error('ZZZZ202508149001') }`:                            "Error at line 1, column 10",
			"() => {\n  null.ZZZZ202508149001;\n}":                                     "TypeError at line 2, column 8",
			`() => { throw 'ZZZZ202508149001' }`:                                       "exception at line 1, column 10",
			`() => Promise.reject(new (class ZZZZ202508149001 extends Error {})('x'))`: "at line",
			`() => { ZZZZ202508149001`:                                                 "SyntaxError at line",
		} {
			if err := p.Eval(ctx, nil, function); !errors.As(err, &script) || !strings.Contains(script.Text, want) || strings.Contains(err.Error(), "ZZZZ") {
				t.Errorf("%s: %v, want %q", function, err, want)
			}
		}
		gone := make(chan error, 1)
		go func() { gone <- p.Eval(ctx, nil, `() => new Promise(() => { location.href = 'about:blank?2' })`) }()
		if err := <-gone; !errors.Is(err, browser.ErrNavigated) {
			t.Errorf("navigated: %v", err)
		}
		return p.Navigate(ctx, site.URL)
	})
	var nav *browser.NavigationError
	if !errors.As(err, &nav) || nav.Text != "net::ERR_CONNECTION_REFUSED" {
		t.Errorf("refused: %v", err)
	}
}

func TestNewNeedsABrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := browser.New(browser.Config{}); !errors.Is(err, browser.ErrNoBrowser) || !strings.Contains(err.Error(), "install chromium-headless-shell") {
		t.Errorf("error %v", err)
	}
	if _, err := browser.New(browser.Config{Bin: "/nowhere/chrome"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("named: %v", err)
	}
}

func TestBrowserGetsNoSecrets(t *testing.T) {
	bin := t.TempDir() + "/tell"
	if err := os.WriteFile(bin, []byte("#!/bin/sh\necho \"got [$CZVM_SMTP_PASSWORD] [$HOME] [$TMPDIR]\" >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("/tmp", "s") //nolint:usetesting // its paths are too long for this
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(short) }()
	long := t.TempDir() + "/" + strings.Repeat("long", 20)
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CZVM_SMTP_PASSWORD", "hidden")
	t.Setenv("TMPDIR", "/given")
	for dir, tmp := range map[string]string{short: short + "/czvm-", long: "/given]"} {
		b := newBrowser(t, func(c *browser.Config) { c.Bin, c.Dir = bin, dir })
		err := b.Do(within(t, 20*time.Second), nothing)
		if err == nil || !strings.Contains(err.Error(), "got [] ["+dir+"/czvm-") || !strings.Contains(err.Error(), "] ["+tmp) {
			t.Errorf("in %s: %v", dir, err)
		}
	}
}

func TestBrowserThatDoesNotStartIsTold(t *testing.T) {
	t.Parallel()
	bin := t.TempDir() + "/broken"
	if err := os.WriteFile(bin, []byte("#!/bin/sh\necho 'libmissing.so not found' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b := newBrowser(t, func(c *browser.Config) { c.Bin, c.Dir = bin, dir })
	err := b.Do(within(t, 20*time.Second), func(context.Context, *browser.Page) error { return nil })
	var be *browser.Error
	if !errors.As(err, &be) || !strings.Contains(err.Error(), "libmissing.so not found") {
		t.Errorf("error %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestCloseEndsAStart closes while a browser starts that never answers.
func TestCloseEndsAStart(t *testing.T) {
	t.Parallel()
	bin, dir := t.TempDir()+"/mute", t.TempDir()
	if err := os.WriteFile(bin, []byte("#!/bin/sh\nread never <&3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, func(c *browser.Config) { c.Bin, c.Dir = bin, dir })
	job := make(chan error, 1)
	go func() { job <- b.Do(within(t, 60*time.Second), nothing) }()
	waitFor(t, 10*time.Second, "the browser starts", func() bool { return len(using(t, dir)) > 0 })
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := <-job; !errors.Is(err, browser.ErrClosed) {
		t.Errorf("the job: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
