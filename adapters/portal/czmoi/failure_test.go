package czmoi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

func TestFailureOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want watch.FailureCode
	}{
		{"a failure stays", fmt.Errorf("x: %w", fail(watch.Captcha, "d")), watch.Captcha},
		{"browser", &browser.Error{Reason: "gone"}, watch.Browser},
		{"closed", browser.ErrClosed, watch.Browser},
		{"navigation", &browser.NavigationError{Text: "net::ERR_NAME_NOT_RESOLVED"}, watch.Unreachable},
		{"deadline", context.DeadlineExceeded, watch.Timeout},
		{"stopped", fmt.Errorf("x: %w", context.Canceled), watch.Timeout},
		{"navigated away", browser.ErrNavigated, watch.Timeout},
		{"script", &browser.ScriptError{Text: "SyntaxError"}, watch.Internal},
		{"anything", errors.New("boom"), watch.Internal},
	}
	for _, tt := range tests {
		got := failureOf(tt.err)
		if got.Code != tt.want || got.Detail == "" {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		status int
		retry  string
		code   watch.FailureCode
		after  time.Duration
	}{
		{200, "60", "", 0},
		{404, "", "", 0},
		{429, "60", watch.Throttled, time.Minute},
		{429, "", watch.Throttled, 0},
		{403, "soon", watch.Throttled, 0},
		{429, "-5", watch.Throttled, 0},
		{429, "99999999", watch.Throttled, maxRetryAfter},
		{429, "99999999999999999999", watch.Throttled, 0},
		{429, "Mon, 15 Jun 2026 12:30:00 GMT", watch.Throttled, 30 * time.Minute},
		{429, "Mon, 15 Jun 2026 11:30:00 GMT", watch.Throttled, 0},
		{429, "Mon, 15 Jun 2036 12:30:00 GMT", watch.Throttled, maxRetryAfter},
		{503, "120", watch.Unreachable, 2 * time.Minute},
		{500, "", watch.Unreachable, 0},
	}
	for _, tt := range tests {
		f := refusal("its page", tt.status, http.Header{"Retry-After": {tt.retry}}, now)
		if tt.code == "" {
			if f != nil {
				t.Errorf("%d: %v", tt.status, f)
			}
			continue
		}
		if f == nil || f.Code != tt.code || f.RetryAfter != tt.after {
			t.Errorf("%d %q: %+v, want %s after %v", tt.status, tt.retry, f, tt.code, tt.after)
		}
	}
}
