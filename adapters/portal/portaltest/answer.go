package portaltest

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// Outcome is what the portal says about a number. Those that are a status have
// the status's own word.
type Outcome string

// The outcomes.
const (
	// NotFound is S1: the portal has no such number.
	NotFound Outcome = "not_found"
	// InProgress is S2: still being processed.
	InProgress Outcome = "in_progress"
	// Granted is S3.
	Granted Outcome = "granted"
	// PreliminarilyPositive is S4; its link is the same as Granted's.
	PreliminarilyPositive Outcome = "preliminarily_positive"
	// Refused is S5: refused or discontinued, in one text.
	Refused Outcome = "refused"
	// Suspended is S6; its wording and class are a guess, nobody has published one.
	Suspended Outcome = "suspended"
	// Reworded is S7: wording nobody knows, with the word "proceedings" in it.
	Reworded Outcome = "reworded"
	// NotGranted is S7: wording nobody knows, in which a careless reader finds "granted".
	NotGranted Outcome = "not_granted"
	// OddHTML is S18: "being processed" wrapped in a script, an image that fails,
	// a style, a frame and unclosed tags. If the page's script ran what it must
	// not, window.replicaTrap is set.
	OddHTML Outcome = "odd_html"
	// RefusedGrantedLink is S24: the text of Refused with the link of Granted.
	RefusedGrantedLink Outcome = "refused_granted_link"
)

// Fault is a trouble instead of an answer, to a page load or to a question.
type Fault string

// The faults. All are S12 unless they say otherwise.
const (
	// TooManyRequests is 429 with Retry-After.
	TooManyRequests Fault = "too_many_requests"
	// Forbidden is 403.
	Forbidden Fault = "forbidden"
	// ServerError is 500.
	ServerError Fault = "server_error"
	// BadGateway is 502.
	BadGateway Fault = "bad_gateway"
	// EmptyBody is 200 without a body.
	EmptyBody Fault = "empty_body"
	// Reset closes the connection with a TCP reset.
	Reset Fault = "reset"
	// CaptchaDenied is S10, for questions only: 400 and no alert.
	CaptchaDenied Fault = "captcha_denied"
	// Maintenance is S13, for page loads only: 503 and a page without the form.
	Maintenance Fault = "maintenance"
	// MaintenanceOK is Maintenance with the status 200.
	MaintenanceOK Fault = "maintenance_ok"
)

// Forever is a duration without an end, for Answer.Delay and Answer.StaleFor.
const Forever time.Duration = math.MaxInt64

// Answer is what the replica does about one question. The zero value answers
// not found.
type Answer struct {
	// Outcome is the wording; "" means NotFound.
	Outcome Outcome `json:"outcome,omitempty"`
	// Fault, if set, comes instead of an answer (S10, S12).
	Fault Fault `json:"fault,omitempty"`
	// RetryAfter goes with TooManyRequests, in whole seconds; 0 leaves it out.
	RetryAfter int `json:"retry_after_seconds,omitempty"`
	// Delay replaces Config.Latency (S11). Forever never answers.
	Delay time.Duration `json:"delay,omitempty"`
	// StaleFor keeps the previous alert on the page that long after the answer
	// has come (S8). With Forever the answer is never shown.
	StaleFor time.Duration `json:"stale_for,omitempty"`
	// Swallow is the number of clicks on the form's button that do nothing, before
	// one works (S9). Pages learn of it when they load, so script it before.
	Swallow int `json:"swallow,omitempty"`
	// About is another number to answer about (S21).
	About string `json:"about,omitempty"`
	// Kind replaces the alert's class: success, warning or error (S20).
	Kind string `json:"kind,omitempty"`
	// Padding adds at least that many characters of explanation (S18).
	Padding int `json:"padding,omitempty"`
	// HTML replaces the alert's content in both languages. "{number}" in it
	// stands for the number.
	HTML string `json:"html,omitempty"`
	// State replaces the response's state. Only INPROGRESS and APPROVED are known
	// from the real portal; the others that the replica sends are invented.
	State string `json:"state,omitempty"`
}

// Validate reports an outcome, fault or kind that the replica does not know.
func (a Answer) Validate() error {
	if _, ok := wordings()[a.outcome()]; !ok {
		return fmt.Errorf("unknown outcome %q", a.Outcome)
	}
	switch a.Fault {
	case "", TooManyRequests, Forbidden, ServerError, BadGateway, EmptyBody, Reset, CaptchaDenied:
	default:
		return fmt.Errorf("fault %q does not fit an answer", a.Fault)
	}
	switch a.Kind {
	case "", "success", "warning", "error":
	default:
		return fmt.Errorf("unknown kind of alert %q", a.Kind)
	}
	return nil
}

func (a Answer) outcome() Outcome { return cmp.Or(a.Outcome, NotFound) }
