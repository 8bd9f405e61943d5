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
	// The alert before, which stays, is about another number; and no answer was shown.
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
		{"S21 another number", portaltest.Answer{Outcome: portaltest.Granted, About: zovNumber(99)}, patience, []watch.FailureCode{watch.Mismatch}},
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
			if tt.answer.Fault != portaltest.Reset { // a browser repeats it by itself where it reused the connection
				askedOnce(t, srv, zovNumber(i))
			}

			srv.Script(zovNumber(i), portaltest.Answer{Outcome: portaltest.InProgress})
			wantStatus(t, src, zovNumber(i), visa.InProgress)
		})
	}

	t.Run("S8 stale for a while", func(t *testing.T) {
		srv.Script(zovNumber(60), portaltest.Answer{Outcome: portaltest.Suspended, StaleFor: 900 * time.Millisecond})
		wantStatus(t, src, zovNumber(60), visa.Suspended)
		askedOnce(t, srv, zovNumber(60))
	})
	t.Run("S11 slow answer", func(t *testing.T) {
		srv.Script(zovNumber(61), portaltest.Answer{Outcome: portaltest.Granted, Delay: 3 * time.Second})
		wantStatus(t, src, zovNumber(61), visa.Granted)
		askedOnce(t, srv, zovNumber(61))
	})
	t.Run("S9 swallowed clicks", func(t *testing.T) {
		srv := NewReplica(t, portaltest.Config{}) // a page learns when it loads what to swallow
		srv.Script(zovNumber(62), portaltest.Answer{Outcome: portaltest.Granted, Swallow: 2})
		wantStatus(t, build(t, srv.PageURL("en")), zovNumber(62), visa.Granted)
		if got := srv.Swallowed(); got != 2 {
			t.Errorf("%d clicks were swallowed, want 2", got)
		}
		askedOnce(t, srv, zovNumber(62))
	})
	testMeanwhile(t, build)
}

// testMeanwhile plays what a page does between the click and the answer, and
// what it wants from a person.
func testMeanwhile(t *testing.T, build Factory) {
	const working = "Your request is being processed. Please wait."
	tests := []struct {
		name   string
		page   portaltest.Page
		answer portaltest.Answer
	}{
		{"S8 working", portaltest.Page{Working: working}, portaltest.Answer{Delay: 300 * time.Millisecond}},
		{"S8 working a moment longer", portaltest.Page{Working: working}, portaltest.Answer{StaleFor: 60 * time.Millisecond}},
		{"S8 working about the number", portaltest.Page{Working: "{number} is being processed. Please wait."}, portaltest.Answer{Delay: 3 * time.Second}},
		{"S10 slow captcha", portaltest.Page{CaptchaDelay: 4 * time.Second}, portaltest.Answer{}},
		{"S10 slow captcha and a disabled button", portaltest.Page{CaptchaDelay: 4 * time.Second, DisableButton: true}, portaltest.Answer{}},
		{"dialog on load", portaltest.Page{Dialog: portaltest.DialogOnLoad}, portaltest.Answer{}},
		{"dialog on click", portaltest.Page{Dialog: portaltest.DialogOnClick}, portaltest.Answer{}},
		{"dialog on leave", portaltest.Page{Dialog: portaltest.DialogOnLeave}, portaltest.Answer{}},
		{"popup", portaltest.Page{Popup: true}, portaltest.Answer{}},
		{"S11 slow options", portaltest.Page{OptionsDelay: 500 * time.Millisecond}, portaltest.Answer{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.answer.Outcome = portaltest.Refused
			srv := NewReplica(t, portaltest.Config{Page: tt.page, Default: tt.answer})
			src := build(t, srv.PageURL("en"))
			for _, number := range []string{zovNumber(70), oamNumber(70)} {
				wantStatus(t, src, number, visa.Refused)
				askedOnce(t, srv, number)
			}
		})
	}
}

// askedOnce finds that the portal was not asked twice for one check.
func askedOnce(t *testing.T, srv *portaltest.Server, number string) {
	t.Helper()
	if asked := srv.Asked(number); asked != 1 {
		t.Errorf("the portal was asked %d times, want once", asked)
	}
}
