package czmoi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

// dropdownPage is one dropdown whose list comes late: first as it says it is
// loading, then LIST. ArrowDown moves on only if MOVES.
const dropdownPage = `<!doctype html><html><body><div id="root"><input id="field"><input type="hidden" name="proceedings.category"><div id="menu"></div></div>
<script>
const menu = document.getElementById('menu'), field = document.getElementById('field');
const option = (text, on) => '<div class="x__option' + (on ? ' x__option--is-focused' : '') + '">' + text + '</div>';
let at = 0;
const list = LIST;
const draw = () => {
  menu.innerHTML = list.map((o, i) => option(o, i === at)).join('') ||
    '<div class="x__menu-notice x__menu-notice--no-options">No options</div>';
};
field.addEventListener('input', () => {
  menu.innerHTML = '<div class="x__menu-notice x__menu-notice--loading">Loading...</div>';
  setTimeout(draw, 300);
});
let downs = 0;
field.addEventListener('keydown', (e) => {
  if (e.key === 'ArrowDown') { downs++; if (MOVES) { at = (at + 1) % list.length; draw(); } }
  if (e.key === 'Tab') document.querySelector('[type=hidden]').value = list[at];
});
</script></body></html>`

func TestChoose(t *testing.T) {
	b := newBrowser(t, 1)
	tests := []struct {
		name, list, moves string
		want              watch.FailureCode
		downs             int
	}{
		{"a list that comes late", `['DP']`, "true", "", 0},
		{"the third of a list", `['CD', 'DO', 'DP']`, "true", "", 2},
		{"a list that turns out empty", `[]`, "true", watch.NotOffered, 0},
		{"a list without it", `['CD', 'DO']`, "true", watch.NotOffered, 0},
		{"a list that does not move", `['CD', 'DO', 'DP']`, "false", watch.LayoutChanged, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := strings.NewReplacer("LIST", tt.list, "MOVES", tt.moves).Replace(dropdownPage)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = io.WriteString(w, page)
			}))
			t.Cleanup(srv.Close)
			src := newSource(t, b, srv.URL, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			var after struct {
				Value string `json:"value"`
				Downs int    `json:"downs"`
			}
			var chosen error
			err := b.Do(ctx, func(ctx context.Context, p *browser.Page) error {
				if err := p.Navigate(ctx, srv.URL); err != nil {
					return err
				}
				if err := p.Eval(ctx, nil, `() => new Promise((done) => (document.readyState === 'complete' ? done() : addEventListener('load', done)))`); err != nil {
					return err
				}
				chosen = newCheck(src, p, reference(t, oam1)).choose(ctx, "category", "DP")
				return p.Eval(ctx, &after, `() => ({ value: document.querySelector('[type=hidden]').value, downs })`)
			})
			if err != nil {
				t.Fatal(err)
			}
			var got watch.FailureCode
			if chosen != nil {
				got = failureOf(chosen).Code
			}
			if got != tt.want || after.Downs != tt.downs || (chosen == nil) != (after.Value == "DP") {
				t.Errorf("choosing brought %v after %d steps and left %q", chosen, after.Downs, after.Value)
			}
		})
	}
}
