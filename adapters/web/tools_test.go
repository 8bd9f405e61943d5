package web

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
)

// What the tests of the pages look with sees what is wrong, past the content policy.
func TestToolsSeeWhatIsWrong(t *testing.T) {
	t.Parallel()
	const page = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Odd</title><link rel="icon" href="icon"><main><h1>Odd</h1>`
	bodies := map[string]string{
		"/right":    page + `<p>Nothing is wrong.</p>`,
		"/wide":     page + `<hr width="900">`,
		"/small":    page + `<button aria-label="tiny"><svg width="1" height="1"></svg></button><button>next</button>`,
		"/torn":     page + `<link rel="stylesheet" href="torn.css"><p>Supercalifragilistic`,
		"/torn.css": `p { width: 4rem; overflow-wrap: anywhere; }`,
		"/silent":   page + `<p><input id="x">`,
		"/pale":     page + `<p><font color="#cccccc">pale</font>`,
		"/moving":   page + `<p>Wait<p id="said"></p><script src="moving.js"></script>`,
		"/moving.js": `const p = document.querySelector('p');
			setTimeout(() => { const b = document.createElement('button'); b.textContent = 'Go on'; p.replaceWith(b);
			b.onclick = () => fetch('right').then(() => { said.textContent = 'on'; }, () => { said.textContent = 'off'; }); }, 100);`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", cmp.Or(map[string]string{".js": "text/javascript", ".css": "text/css"}[path.Ext(r.URL.Path)], "text/html; charset=utf-8"))
		w.Header().Set("Content-Security-Policy", contentPolicy)
		_, _ = w.Write([]byte(bodies[r.URL.Path])) // The browser may have gone on.
	}))
	t.Cleanup(s.Close)
	v := visit(t, newBrowser(t), "about:blank")
	for _, tc := range []struct{ path, misfit, rule string }{
		{"/right", "", ""},
		{"/wide", "wider than the screen", ""},
		{"/small", "too small: tiny", "target-size"},
		{"/torn", "torn: Supercalifragilistic", ""},
		{"/silent", "too small: x", "label"},
		{"/pale", "", "color-contrast"},
	} {
		v.open(s.URL + tc.path)
		if got := v.misfits(320); !strings.Contains(got, tc.misfit) || tc.misfit == "" && got != "" {
			t.Errorf("%s does not fit: %q, want %q", tc.path, got, tc.misfit)
		}
		if got := strings.Join(v.axeFinds(), "\n"); !strings.Contains(got, tc.rule) || tc.rule == "" && tc.path == "/right" && got != "" {
			t.Errorf("axe finds on %s: %q, want %q", tc.path, got, tc.rule)
		}
	}
	v.open(s.URL + "/moving")
	v.offline(true)
	v.clickText("Go on")
	v.shows("off")
	v.offline(false)
	v.click("button", "Go on")
	v.shows("on")
	v.noScripts()
	v.open(s.URL + "/moving")
	v.shows("Wait")
}
