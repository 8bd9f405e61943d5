package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"cz-visa-monitor/adapters/browser"
)

// newNuisance serves pages that want a person: each does its thing when its
// button, which is as large as the window, is clicked.
func newNuisance(tb testing.TB) *httptest.Server {
	tb.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>nuisance</title><button style="position:fixed;inset:0;width:100vw;height:100vh">go</button>
<script>document.querySelector('button').onclick = () => { %s; window.clicked = true }</script>`, r.URL.Query().Get("do"))
	})
	srv := httptest.NewServer(mux)
	tb.Cleanup(srv.Close)
	return srv
}

// provoke loads a page that does something and clicks its button.
func provoke(ctx context.Context, p *browser.Page, site, do string) error {
	if err := load(ctx, p, site+"/?do="+url.QueryEscape(do)); err != nil {
		return err
	}
	return p.Click(ctx, 100, 100)
}

// load goes to a page and waits until all of it is there.
func load(ctx context.Context, p *browser.Page, address string) error {
	if err := p.Navigate(ctx, address); err != nil {
		return err
	}
	return p.Eval(ctx, nil, `want => new Promise(done => {
		const look = () => document.readyState === 'complete' && new URL(want).href === location.href ? done() : setTimeout(look, 5);
		look();
	})`, address)
}

func TestDialogsAreAnswered(t *testing.T) {
	t.Parallel()
	site := newNuisance(t)
	b := newBrowser(t, nil)
	for _, do := range []string{
		"alert('a')", "window.ok=confirm('c')", "window.ok=prompt('p')",
		"addEventListener('beforeunload',e=>{e.preventDefault();e.returnValue='stay'})",
		"for(let i=0;i<50;i++)alert(i)",
	} {
		t.Run(do, func(t *testing.T) {
			err := b.Do(within(t, 15*time.Second), func(ctx context.Context, p *browser.Page) error {
				if err := provoke(ctx, p, site.URL, do); err != nil {
					return err
				}
				var agreed bool
				if err := p.Eval(ctx, &agreed, `() => new Promise(done => { const look = () => window.clicked ? done(!!window.ok) : setTimeout(look, 5); look() })`); err != nil {
					return err
				}
				if agreed {
					t.Error("the dialog was agreed to")
				}
				return load(ctx, p, site.URL)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPopupsEndWithTheLoan(t *testing.T) {
	t.Parallel()
	site := newNuisance(t)
	remote := startShell(t, "0")
	b := newBrowser(t, func(c *browser.Config) { c.URLs = []string{"http://" + remote.addr} })
	before := len(pagesOf(t, remote.addr))
	for range 3 {
		err := b.Do(within(t, 20*time.Second), func(ctx context.Context, p *browser.Page) error {
			if err := provoke(ctx, p, site.URL, "window.open('/?do=1');window.open('about:blank#2','_blank','noopener')"); err != nil {
				return err
			}
			waitFor(t, 5*time.Second, "the windows are there", func() bool { return len(pagesOf(t, remote.addr)) == before+3 })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		waitFor(t, 5*time.Second, "only the lent page is left", func() bool { return len(pagesOf(t, remote.addr)) == before+1 })
	}
}

// pagesOf lists the pages that a browser with a port has open.
func pagesOf(tb testing.TB, addr string) (pages []string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, "http://"+addr+"/json/list", http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var targets []struct{ Type, URL string }
	if err := json.NewDecoder(resp.Body).Decode(&targets); err != nil {
		tb.Fatal(err)
	}
	for _, target := range targets {
		if target.Type == "page" {
			pages = append(pages, target.URL)
		}
	}
	return pages
}
