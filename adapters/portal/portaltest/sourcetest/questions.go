package sourcetest

import (
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// testQuestions plays what can go wrong between the click and the answer, on a
// page that is in order (S8–S12, S21), and wants the next check to succeed.
func testQuestions(t *testing.T, build Factory) {
	unanswered := []watch.FailureCode{watch.Mismatch, watch.Timeout}
	tests := []struct {
		name   string
		answer portaltest.Answer
		limit  time.Duration
		want   []watch.FailureCode
	}{
		{"S8 stale for ever", portaltest.Answer{Outcome: portaltest.Granted, StaleFor: portaltest.Forever}, 4 * time.Second, unanswered},
		{"S10 captcha denied", portaltest.Answer{Fault: portaltest.CaptchaDenied}, patience, []watch.FailureCode{watch.Captcha}},
		{"S11 never an answer", portaltest.Answer{Delay: portaltest.Forever}, 4 * time.Second, []watch.FailureCode{watch.Timeout}},
		{"S12 429", portaltest.Answer{Fault: portaltest.TooManyRequests, RetryAfter: 77}, patience, []watch.FailureCode{watch.Throttled}},
		{"S12 403", portaltest.Answer{Fault: portaltest.Forbidden}, patience, []watch.FailureCode{watch.Throttled}},
		{"S12 500", portaltest.Answer{Fault: portaltest.ServerError}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S12 502", portaltest.Answer{Fault: portaltest.BadGateway}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S12 empty body", portaltest.Answer{Fault: portaltest.EmptyBody}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S12 reset", portaltest.Answer{Fault: portaltest.Reset}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S21 another number", portaltest.Answer{Outcome: portaltest.Granted, About: zovNumber(99)}, 4 * time.Second, unanswered},
	}
	srv := NewReplica(t, portaltest.Config{})
	src := build(t, srv.PageURL("en"))
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// An alert about another number is on the page before, as on a reused page.
			srv.Script(zovNumber(50), portaltest.Answer{Outcome: portaltest.Refused})
			wantStatus(t, src, zovNumber(50), visa.Refused)

			srv.Script(zovNumber(i), tt.answer)
			f := wantFailure(t, src, zovNumber(i), tt.limit, tt.want...)
			if want := time.Duration(tt.answer.RetryAfter) * time.Second; f.RetryAfter != want {
				t.Errorf("retry after %v, want %v", f.RetryAfter, want)
			}

			srv.Script(zovNumber(i), portaltest.Answer{Outcome: portaltest.InProgress})
			wantStatus(t, src, zovNumber(i), visa.InProgress)
		})
	}

	t.Run("S8 stale for a while", func(t *testing.T) {
		srv.Script(zovNumber(60), portaltest.Answer{Outcome: portaltest.Suspended, StaleFor: 900 * time.Millisecond})
		wantStatus(t, src, zovNumber(60), visa.Suspended)
	})
	t.Run("S11 slow answer", func(t *testing.T) {
		srv.Script(zovNumber(61), portaltest.Answer{Outcome: portaltest.Granted, Delay: 3 * time.Second})
		wantStatus(t, src, zovNumber(61), visa.Granted)
	})
	t.Run("S9 swallowed clicks", func(t *testing.T) {
		srv := NewReplica(t, portaltest.Config{}) // a page learns when it loads what to swallow
		srv.Script(zovNumber(62), portaltest.Answer{Outcome: portaltest.Granted, Swallow: 2})
		wantStatus(t, build(t, srv.PageURL("en")), zovNumber(62), visa.Granted)
		if got := srv.Swallowed(); got != 2 {
			t.Errorf("%d clicks were swallowed, want 2", got)
		}
	})
}
