package czmoi

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/visa"
)

// onPage loads a page and lends it to fn, as a check about zov1 would have it.
func onPage(t *testing.T, body string, fn func(ctx context.Context, c *check)) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><html><body>"+body+"</body></html>")
	}))
	t.Cleanup(srv.Close)
	b := newBrowser(t, 1)
	src := newSource(t, b, srv.URL, nil)
	ref, err := visa.Parse(zov1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err = b.Do(ctx, func(ctx context.Context, p *browser.Page) error {
		if err := p.Navigate(ctx, srv.URL); err != nil {
			return err
		}
		if err := p.Eval(ctx, nil, `() => new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))`); err != nil {
			return err
		}
		fn(ctx, newCheck(src, p, ref))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEvidenceWithoutPicture finds that the folder stays within its bound, and
// that what there is of a case is named, when no picture can be taken.
func TestEvidenceWithoutPicture(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	onPage(t, `<p>a page that nobody knows</p><script>document.createTreeWalker = null</script>`, func(ctx context.Context, c *check) {
		e := evidence{dir: dir, numbers: c.numbers, logger: c.cfg.Logger}
		for range maxEvidence + 3 {
			name := e.keep(ctx, c)
			if _, err := os.Stat(filepath.Join(dir, name)); name == "" || err != nil {
				t.Errorf("the case is named %q, %v", name, err)
			}
		}
	})
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != maxEvidence {
		t.Errorf("%d files (%v), want %d", len(files), err, maxEvidence)
	}
}

// TestConceal finds no number in what a picture of the page would show.
func TestConceal(t *testing.T) {
	t.Parallel()
	const page = `<p id=shown>kept ZZZZ 2025 <b>0814</b> 9001, <i>ABCD</i>202508149002, OAM 90002 / DP 2025, kept</p>
		<textarea>90001</textarea><select><option>90001</select><input value="90001">`
	onPage(t, page, func(ctx context.Context, c *check) {
		if err := c.do(ctx, nil, "conceal", concealed(c.asked)); err != nil {
			t.Fatal(err)
		}
		var shown string
		if err := c.page.Eval(ctx, &shown, `() => document.getElementById('shown').textContent`); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(shown, "0123456789") || strings.Count(shown, "kept") != 2 {
			t.Errorf("the picture shows %q", shown)
		}
		var colours []string
		if err := c.page.Eval(ctx, &colours, `() => [...document.querySelectorAll('textarea, select, input')].map(e => getComputedStyle(e).color)`); err != nil {
			t.Fatal(err)
		}
		for _, colour := range colours {
			if colour != "rgba(0, 0, 0, 0)" {
				t.Errorf("a field is shown in %s", colour)
			}
		}
	})
}

// TestAlertsAreBounded finds that a page cannot make every look at it dear.
func TestAlertsAreBounded(t *testing.T) {
	t.Parallel()
	const page = `<script>for (let i = 0; i < 30; i++) document.body.insertAdjacentHTML('beforeend',
		'<div class="alert alert--form-error"><div class="alert__content">' + 'long '.repeat(20000) + '</div></div>')</script>`
	onPage(t, page, func(ctx context.Context, c *check) {
		var now struct {
			Alerts []struct{ HTML string } `json:"alerts"`
		}
		if err := c.do(ctx, &now, "look", nil); err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, a := range now.Alerts {
			size += len(a.HTML)
		}
		if len(now.Alerts) == 0 || size > 1<<20 {
			t.Errorf("%d alerts with %d bytes are read", len(now.Alerts), size)
		}
	})
}
