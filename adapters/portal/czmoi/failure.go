package czmoi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

// fail makes a failure without a cause.
func fail(code watch.FailureCode, detail string) *watch.Failure {
	return &watch.Failure{Code: code, Detail: detail}
}

// failureOf turns whatever ended a check into a *watch.Failure. No detail holds
// an address or a text of the page, so none holds a reference.
func failureOf(err error) *watch.Failure {
	var f *watch.Failure
	var dead *browser.Error
	var nav *browser.NavigationError
	var script *browser.ScriptError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &dead):
		return &watch.Failure{Code: watch.Browser, Detail: dead.Reason, Err: err}
	case errors.As(err, &nav):
		return &watch.Failure{Code: watch.Unreachable, Detail: "the portal's page could not be loaded (" + nav.Text + ")", Err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &watch.Failure{Code: watch.Timeout, Detail: "the check took too long or was stopped", Err: err}
	case errors.Is(err, browser.ErrNavigated):
		return &watch.Failure{Code: watch.Timeout, Detail: "the portal's page went elsewhere during the check", Err: err}
	case errors.Is(err, browser.ErrClosed):
		return &watch.Failure{Code: watch.Browser, Detail: "the program is stopping", Err: err}
	case errors.As(err, &script):
		return &watch.Failure{Code: watch.Internal, Detail: "a script of this program failed in the portal's page; if portal-layout.json was edited, a selector in it may be wrong", Err: err}
	}
	return &watch.Failure{Code: watch.Internal, Detail: "the check failed inside this program", Err: err}
}

// refusal is the failure that an HTTP status stands for, or nil. What is refused
// is named for the operator.
func refusal(what string, status int, header http.Header, now time.Time) *watch.Failure {
	shown := strconv.Itoa(status)
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusForbidden:
		f := fail(watch.Throttled, "the portal refused "+what+" with status "+shown)
		f.RetryAfter = retryAfter(header, now)
		return f
	case status >= 500:
		f := fail(watch.Unreachable, "the portal answered "+what+" with status "+shown)
		f.RetryAfter = retryAfter(header, now)
		return f
	}
	return nil
}

// maxRetryAfter bounds what the portal may ask for: a mistake of its should not
// silence a source for weeks.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the header: seconds, or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
