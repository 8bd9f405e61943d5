package czmoi

import (
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cz-visa-monitor/adapters/browser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newBrowser returns a browser that is closed at the end of the test.
func newBrowser(tb testing.TB, pages int) *browser.Browser {
	tb.Helper()
	b, err := browser.New(browser.Config{Dir: tb.TempDir(), Pages: pages, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatalf("these tests need a browser: %v", err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Errorf("close browser: %v", err)
		}
	})
	return b
}

// newSource returns a source that is less patient than in real life.
func newSource(tb testing.TB, b *browser.Browser, url string, change func(*Config)) *Source {
	tb.Helper()
	cfg := Config{
		Browser: b, URL: url, Logger: slog.New(slog.DiscardHandler),
		FormWait: 15 * time.Second, SubmitWait: 1500 * time.Millisecond, AnswerWait: 10 * time.Second,
	}
	if change != nil {
		change(&cfg)
	}
	src, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return src
}
