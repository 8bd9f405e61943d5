package czmoi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/adapters/portal/portaltest"
)

// movingPage is a form that has only what the layout names. Its script, on
// submit, is the test's: show(kind, text) shows an alert, ask() sends the
// question, later(ms) waits.
const movingPage = `<!doctype html><html lang="en"><body>
<div class="alert"><div class="alert__content">The office is closed on Friday.</div></div><div class="alert" id="box" hidden><div class="alert__content" id="content"></div></div>
<form><input name="proceedings.referenceNumber"><input name="proceedings.additionalSuffix">
<div><input><input type="hidden" name="proceedings.category"></div><div><input><input type="hidden" name="proceedings.year"></div>
<input name="visaApplicationNumber"><button type="submit">validate</button></form>
<script>
const form = document.querySelector('form'), button = document.querySelector('button');
const later = (ms) => new Promise((done) => setTimeout(done, ms));
const number = () => form.elements.visaApplicationNumber.value;
const show = (kind, text) => {
  const box = document.getElementById('box');
  box.className = 'alert alert--form-' + kind;
  box.hidden = false;
  document.getElementById('content').innerHTML = text;
};
const answer = (words) => 'Visa application number<strong> ' + number() + ' </strong>' + words;
const ask = () => fetch('/api/ip/external/proceedings/state/cj/zov?idCj=&database=&year=&zov=' + number(), { method: 'POST' }).then((r) => r.json());
let clicks = 0;
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  clicks++;
  SCRIPT
});
</script></body></html>`

// moving serves the page; api is what the portal answers.
func moving(tb testing.TB, script string, api http.HandlerFunc) (url string, asked *atomic.Int64) {
	tb.Helper()
	asked = &atomic.Int64{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, strings.Replace(movingPage, "SCRIPT", script, 1))
	})
	mux.HandleFunc("POST "+portaltest.QuestionPath, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		api(w, r)
	})
	mux.HandleFunc("GET /captcha", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(1500 * time.Millisecond):
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "{}")
	})
	srv := httptest.NewServer(mux)
	tb.Cleanup(srv.Close)
	return srv.URL + "/", asked
}

// says answers every question the same.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const (
	rejected  = `show('error', answer('was <b>rejected</b>.'));`
	transient = `show('warning', 'Your request is <b>being processed</b>. Please wait.');`
)

// TestMovingPage plays what a page shows and does between the click and its
// answer.
func TestMovingPage(t *testing.T) {
	b := newBrowser(t, 1)
	tests := []struct {
		name   string
		script string
		api    http.HandlerFunc
		want   string
		asked  int64
		blank  bool // no page is kept
	}{
		{
			"a text in between, until the answer is painted",
			transient + `await ask(); await later(60);` + rejected,
			says(200, `{"state":"REJECTED"}`), "refused", 1, false,
		},
		{
			"a text in between with our number",
			`show('warning', answer('is <b>being processed</b>, please wait.')); await later(2300); await ask(); await later(60);` + rejected,
			says(200, `{"state":"REJECTED"}`), "refused", 1, false,
		},
		{
			"the answer of yesterday, from the page's own store",
			`show('success', answer('was <b>granted</b>.')); await later(100); await ask(); await later(100);` + rejected,
			says(200, `{"state":"REJECTED"}`), "refused", 1, false,
		},
		{
			"an answer without a number",
			`await ask(); show('warning', 'It is still <b>being processed</b>.');`,
			says(200, `{"state":"INPROGRESS"}`), "in_progress", 1, false,
		},
		{
			"an error that the page calls not found",
			`await ask(); show('error', answer('was <b>not found</b>.'));`,
			says(400, `{"state":"DATABASE_ERROR"}`), "(unreachable)", 1, true,
		},
		{
			"not found as a server error",
			`await ask(); show('error', answer('was <b>not found</b>.'));`,
			says(500, `{"message":"ENTITY_NOT_EXIST"}`), "not_found", 1, false,
		},
		{
			"a slow captcha",
			`await fetch('/captcha'); await ask();` + rejected,
			says(200, `{"state":"REJECTED"}`), "refused", 1, false,
		},
		{
			"a slow captcha that disables the button",
			`button.disabled = true; await later(3600); await ask(); button.disabled = false;` + rejected,
			says(200, `{"state":"REJECTED"}`), "refused", 1, false,
		},
		{
			"somebody who counts visitors cannot be reached",
			`fetch('http://127.0.0.1:1/?n=' + number()).catch(() => {}); await ask(); fetch('http://127.0.0.1:1/?n=' + number()).catch(() => {});` + rejected,
			says(200, `{"state":"REJECTED"}`), "refused", 1, false,
		},
		{
			"clicks swallowed",
			`if (clicks > 2) { await ask();` + rejected + `}`,
			says(200, `{"state":"REJECTED"}`), "refused", 1, true,
		},
		{
			"a banner, and an answer in a new place",
			`await ask();`,
			says(200, `{"state":"REJECTED"}`), "(layout_changed)", 1, true,
		},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, asked := moving(t, tt.script, tt.api)
			src := newSource(t, b, url, func(c *Config) { c.SubmitWait, c.AnswerWait = 400*time.Millisecond, 6*time.Second })
			if tt.want == "(layout_changed)" {
				src.cfg.AnswerWait = time.Second
			}
			if got := story(t, src, fmt.Sprintf("ZZZZ2025081490%02d", i+1)); got != tt.want {
				t.Errorf("check brought %s, want %s", got, tt.want)
			}
			// Late clicks would ask later still, so they are counted, on the page. One
			// that was sent the form more than once is blank now.
			clicks := 0
			if err := b.Do(t.Context(), func(ctx context.Context, p *browser.Page) error {
				return p.Eval(ctx, &clicks, `() => typeof clicks === 'undefined' ? 0 : clicks`)
			}); err != nil {
				t.Fatal(err)
			}
			if clicks > 1 || clicks == 0 && !tt.blank {
				t.Errorf("%d clicks are left on the page", clicks)
			}
			if got := asked.Load(); got != tt.asked {
				t.Errorf("the portal was asked %d times, want %d", got, tt.asked)
			}
		})
	}
}

// TestMaintenance: a page without the form is closed for maintenance only if it
// says little else.
func TestMaintenance(t *testing.T) {
	b := newBrowser(t, 1)
	for want, text := range map[string]string{
		"(unreachable)":    "<h1>Scheduled maintenance</h1>",
		"(layout_changed)": strings.Repeat("<p>A new page about the status of applications.</p>", 50) + "<p>Report what is out of order.</p>",
	} {
		srv := httptest.NewServer(says(http.StatusOK, "<!doctype html><html><body>"+text))
		t.Cleanup(srv.Close)
		src := newSource(t, b, srv.URL, func(c *Config) { c.FormWait = time.Second })
		if got := story(t, src, zov1); got != want {
			t.Errorf("%.30s: check brought %s, want %s", text, got, want)
		}
	}
}
