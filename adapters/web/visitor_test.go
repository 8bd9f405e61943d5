package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

// browserPatience is how long the page may take to show something.
const browserPatience = 20 * time.Second

// storyPatience is how long all that one visitor does may take: a long story with
// many looks by axe takes a minute where other tests want the same two processors.
const storyPatience = 5 * time.Minute

// proxy serves an appliance under a sub-path, as many people will, and can be cut.
type proxy struct {
	*httptest.Server
	down atomic.Bool
}

func newProxy(t *testing.T, h http.Handler) *proxy {
	t.Helper()
	inner := httptest.NewServer(h)
	t.Cleanup(inner.Close)
	to, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	forward := http.StripPrefix("/visa", &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.down.Load() {
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	t.Cleanup(p.CloseClientConnections)
	return p
}

// cut breaks every connection, and refuses new ones until mend.
func (p *proxy) cut() {
	p.down.Store(true)
	p.CloseClientConnections()
}

func (p *proxy) mend() { p.down.Store(false) }

// visitor is a page in a browser, and what it complained about.
type visitor struct {
	*rod.Page
	t *testing.T

	mu         sync.Mutex
	complaints []string
	network    []string // requests that failed
}

func visit(t *testing.T, b *rod.Browser, address string) *visitor {
	t.Helper()
	page, err := b.Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &visitor{Page: page, t: t}
	wait := page.Context(ctx).EachEvent(
		func(e *proto.RuntimeExceptionThrown) { v.complain("exception: %s", e.ExceptionDetails.Text) },
		func(e *proto.RuntimeConsoleAPICalled) { v.complain("console %s: %v", e.Type, e.Args) },
		func(e *proto.LogEntryAdded) {
			if e.Entry.Source == proto.LogLogEntrySourceNetwork {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.network = append(v.network, e.Entry.Text+" "+e.Entry.URL)
				return
			}
			if strings.HasPrefix(e.Entry.Text, "The Cross-Origin-Opener-Policy header has been ignored") {
				return // As it is over plain HTTP.
			}
			v.complain("%s: %s", e.Entry.Source, e.Entry.Text) // A broken content policy comes as one of these.
		},
	)
	done := make(chan struct{})
	go func() { defer close(done); wait() }()
	t.Cleanup(func() {
		if t.Failed() {
			v.picture("failed")
		}
		if err := page.Close(); err != nil {
			t.Errorf("close the page: %v", err)
		}
		cancel()
		<-done
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, c := range v.complaints {
			t.Errorf("the page complains: %s", c)
		}
	})
	if err := page.Navigate(address); err != nil {
		t.Fatal(err)
	}
	v.Page = page.Timeout(storyPatience)
	return v
}

func (v *visitor) complain(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
}

// quiet fails if a request failed so far that should not have.
func (v *visitor) quiet() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.network) > 0 {
		v.t.Errorf("requests failed: %q", v.network)
	}
}

// picture keeps a screenshot for who looks into a failure.
func (v *visitor) picture(name string) {
	png, err := v.Screenshot(true, nil)
	if err == nil {
		err = os.WriteFile(filepath.Join(v.t.ArtifactDir(), name+".png"), png, 0o600)
	}
	if err != nil {
		v.t.Logf("no screenshot: %v", err)
	}
}

// until waits until a function of the page is true.
func (v *visitor) until(what, js string, args ...any) {
	v.t.Helper()
	page := v.Timeout(browserPatience)
	err := page.Wait(rod.Eval(js, args...))
	for left := (*cdp.Error)(nil); errors.As(err, &left); {
		err = page.Wait(rod.Eval(js, args...)) // Another page has come meanwhile.
	}
	if err != nil {
		v.t.Fatalf("waiting until %s: %v\nthe page shows:\n%s", what, err, v.text())
	}
}

// shows waits until a text can be seen, outside of what only screen readers get.
func (v *visitor) shows(text string) {
	v.t.Helper()
	v.until("it shows "+text, `text => document.body?.innerText.replace(document.getElementById('news')?.innerText, '').includes(text) ?? false`, text)
}

// text returns what can be seen.
func (v *visitor) text() string {
	res, err := v.Eval(`() => document.body.innerText`)
	if err != nil {
		return err.Error()
	}
	return res.Value.Str()
}
