// Package watch is the engine: what is watched, what a check brought, what
// follows from it, and when to look again.
package watch

import (
	"context"
	"fmt"
	"time"

	"cz-visa-monitor/app/visa"
)

// Result is what the portal said about a reference. It is only made when the
// answer was proven to be about that reference and newer than the question.
type Result struct {
	Status visa.Status
	// Text is the portal's wording as plain text, at most MaxText bytes.
	Text string
	// Alert is the portal's own class of the answer: success, warning, error or "".
	Alert string
	// Link is the first official link of the answer about the outcome, or "".
	Link string
	// State is the machine word of the portal's own response, or "" if none was heard.
	State string
	// Language is the language of the wording: cs or en.
	Language string
}

// MaxText is the longest text kept of an answer, in bytes. Longer ones are cut
// and end in an ellipsis; the real ones have at most some 1,500 characters.
const MaxText = 4096

// FailureCode says why a check brought no answer.
type FailureCode string

// The failure codes. A failure is never a status.
const (
	// Unreachable: no connection, a server error, or a maintenance page.
	Unreachable FailureCode = "unreachable"
	// Timeout: the page or the answer did not come in time.
	Timeout FailureCode = "timeout"
	// Throttled: the portal asked for fewer requests (429) or refused us (403).
	Throttled FailureCode = "throttled"
	// Captcha: the portal's invisible captcha refused the request.
	Captcha FailureCode = "captcha"
	// LayoutChanged: the page came, but its form is not the one this program knows.
	LayoutChanged FailureCode = "layout_changed"
	// Mismatch: the answer was about another number, or older than the question.
	Mismatch FailureCode = "mismatch"
	// NotOffered: the form does not offer the category or the year of the reference.
	NotOffered FailureCode = "not_offered"
	// Browser: the browser could not be started, or died.
	Browser FailureCode = "browser"
	// Internal: a fault of this program.
	Internal FailureCode = "internal"
)

// FailureCodes lists every failure code.
func FailureCodes() []FailureCode {
	return []FailureCode{Unreachable, Timeout, Throttled, Captcha, LayoutChanged, Mismatch, NotOffered, Browser, Internal}
}

// Failure is why a check brought no answer. It is an error, so that a Source
// can return it; it holds no personal data and may be logged.
type Failure struct {
	Code FailureCode
	// Detail is a short English sentence for the operator, without any reference.
	Detail string
	// RetryAfter is how long the portal asked to be left alone; 0 if it did not say.
	RetryAfter time.Duration
	// Err is the cause, if there is one. It may be logged, never stored.
	Err error `json:"-"`
}

// Error returns the code and the detail.
func (f *Failure) Error() string {
	if f.Detail == "" {
		return string(f.Code)
	}
	return fmt.Sprintf("%s: %s", f.Code, f.Detail)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Source asks an authority's portal about one reference, once.
//
// Check returns a Result only when the answer is proven to be about ref;
// otherwise the error is a *Failure. It returns soon after ctx ends, may be
// called from several goroutines, and does not retry: the caller does, because
// each try counts against the pace.
type Source interface {
	Check(ctx context.Context, ref visa.Reference) (Result, error)
}
