package shout_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/app/alert"
)

// TestRetryAfter: a server that asks to be left alone is heard, through the
// library too.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := func(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }
	tests := []struct {
		name     string
		code     int
		header   string
		min, max time.Duration
	}{
		{"seconds", 429, "120", 2 * time.Minute, 2 * time.Minute},
		{"seconds of a server under repair", 503, "3600", time.Hour, time.Hour},
		{"a date", 429, date(10 * time.Minute), 9 * time.Minute, 10 * time.Minute},
		{"a date gone by", 503, date(-time.Hour), 0, 0},
		{"negative", 429, "-5", 0, 0},
		{"more than can be", 429, "99999999999999999999", 0, 0},
		{"more than a duration holds", 429, "9999999999999", 24 * time.Hour, 1 << 62},
		{"nonsense", 503, "soon", 0, 0},
		{"none", 429, "", 0, 0},
		{"another trouble", 500, "120", 0, 0},
		{"a refusal", 403, "120", 0, 0},
	}
	for _, k := range httpKinds() {
		for _, tt := range tests {
			t.Run(k.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if tt.header != "" {
						w.Header().Set("Retry-After", tt.header)
					}
					w.WriteHeader(tt.code)
				}))
				t.Cleanup(srv.Close)
				err := shout.New(shout.Config{}).Send(t.Context(), k.channel(srv.URL), message())
				var later interface{ RetryAfter() time.Duration }
				if !errors.As(err, &later) {
					t.Fatalf("error is %v", err)
				}
				if got := later.RetryAfter(); got < tt.min || got > tt.max {
					t.Errorf("asked to wait %v, want %v to %v", got, tt.min, tt.max)
				}
			})
		}
	}
}

// TestTelegramTakesALongText: the library refuses more than 4,096 bytes, and
// Czech letters have two.
func TestTelegramTakesALongText(t *testing.T) {
	t.Parallel()
	n, body := shout.NewRecorder()
	m := message()
	m.Text = strings.Repeat("Řízení bylo přerušeno. ", 300)
	c := alert.Channel{Kind: "url", Fields: map[string]string{"url": telegramURL + "?chats=1"}}
	if err := n.Send(t.Context(), c, m); err != nil {
		t.Fatal(err)
	}
	if got := body(); !strings.Contains(got, "…") || !strings.Contains(got, "Řízení") || len(got) > 5000 {
		t.Errorf("sent %d bytes: %.200s", len(got), got)
	}
}
