package browser_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cz-visa-monitor/adapters/browser"
)

// helperEnv makes the test binary behave as a program that holds a browser; see
// TestNothingIsLeftAfterASignal.
const helperEnv = "BROWSER_TEST_HELPER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		os.Exit(holdBrowser(dir))
	}
	goleak.VerifyTestMain(m)
}

// newBrowser returns a browser that is closed at the end of the test.
func newBrowser(tb testing.TB, change func(*browser.Config)) *browser.Browser {
	tb.Helper()
	cfg := browser.Config{Dir: tb.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	b, err := browser.New(cfg)
	if err != nil {
		tb.Fatalf("these tests need a browser: %v", err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	})
	return b
}

// newSite serves one page with a form, its image, and an address that echoes.
func newSite(tb testing.TB) *site {
	tb.Helper()
	s := &site{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><title>site</title><input id=field><button id=go style="position:absolute;left:100px;top:200px;width:80px;height:40px">go</button>
<img src="/picture.png"><script>
window.seen = [];
for (const kind of ['input','keydown','click'])
  document.addEventListener(kind, e => window.seen.push(kind + ':' + e.isTrusted + ':' + (e.key || '')));
document.getElementById('go').onclick = () => fetch('/echo?q=1', {method: 'POST', body: 'ping'});
</script>`)
	})
	mux.HandleFunc("GET /picture.png", func(http.ResponseWriter, *http.Request) { s.pictures <- struct{}{} })
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, "pong")
	})
	s.pictures = make(chan struct{}, 10)
	s.Server = httptest.NewServer(mux)
	tb.Cleanup(s.Close)
	return s
}

type site struct {
	*httptest.Server
	pictures chan struct{}
}

// waitFor looks again and again until ok is true.
func waitFor(tb testing.TB, limit time.Duration, what string, ok func() bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("after %v still not: %s", limit, what)
		}
	}
}

// within gives a test job a deadline, so that a fault does not hang the run.
func within(tb testing.TB, limit time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	tb.Cleanup(cancel)
	return ctx
}
