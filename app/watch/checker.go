package watch

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"

	"cz-visa-monitor/app/visa"
)

// NewPace returns the token bucket that all checks of a source share. A pace of
// 0 or less does not hold anything back.
func NewPace(perMinute float64) *rate.Limiter {
	if perMinute <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(perMinute/60), 1)
}

// Checker makes one check: it asks a source up to Tries times, at the pace.
type Checker struct {
	// Source is asked. Must not be nil.
	Source Source
	// Pace is waited for before every try. Must not be nil.
	Pace *rate.Limiter
	// Tries is how often the source is asked at most.
	Tries int
	// Backoff is the wait before the second try; it doubles, ±50 %.
	Backoff time.Duration
	// Deadline bounds one try.
	Deadline time.Duration
	// Allowed is asked before every further try; nil allows all.
	Allowed func() bool
}

// DefaultTries, DefaultBackoff and DefaultDeadline fit the real portal.
const (
	DefaultTries    = 3
	DefaultBackoff  = 2 * time.Second
	DefaultDeadline = 90 * time.Second
)

// NewChecker returns a checker with the habits that fit the portal.
func NewChecker(source Source, pace *rate.Limiter) *Checker {
	return &Checker{Source: source, Pace: pace, Tries: DefaultTries, Backoff: DefaultBackoff, Deadline: DefaultDeadline}
}

// check asks about ref, after the caller has waited for the pace. The error is
// the context's, when that ended the check; everything the source had to say is
// in the outcome.
func (c *Checker) check(ctx context.Context, ref visa.Reference) (Outcome, error) {
	var o Outcome
	for {
		if err := c.try(ctx, ref, &o); err != nil {
			return o, err
		}
		if o.Result != nil || o.Attempts >= c.Tries || !again(o.Failure) {
			return o, nil
		}
		if err := sleep(ctx, c.backoff(o.Attempts)); err != nil {
			return o, err
		}
		if err := c.wait(ctx); err != nil {
			return o, err
		}
		if c.Allowed != nil && !c.Allowed() {
			return o, nil
		}
	}
}

// wait waits for the pace and returns the context's error. The limiter refuses
// a wait that it sees will outlast the deadline before the deadline has come.
func (c *Checker) wait(ctx context.Context) error {
	err := c.Pace.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return errors.Join(context.DeadlineExceeded, err)
	}
	if err != nil {
		return ctx.Err()
	}
	return nil
}

// try asks once and puts the outcome into o. The error is the context's.
func (c *Checker) try(ctx context.Context, ref visa.Reference, o *Outcome) error {
	o.Attempts++
	tryCtx, cancel := context.WithTimeout(ctx, c.Deadline)
	defer cancel()
	start := time.Now()
	res, err := c.Source.Check(tryCtx, ref)
	o.At = time.Now()
	o.Took += o.At.Sub(start)
	switch {
	case err == nil:
		o.Result, o.Failure = &res, nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &o.Failure):
	case tryCtx.Err() != nil:
		o.Failure = &Failure{Code: Timeout, Detail: "the check took too long and was given up", Err: err}
	default:
		o.Failure = &Failure{Code: Internal, Detail: "the source failed in a way it should not", Err: err}
	}
	return nil
}

// again reports whether another try soon may bring an answer. Throttling, a
// refused captcha and a changed layout call for fewer questions, not for more,
// and so does a source that says when to come back.
func again(f *Failure) bool {
	if f.RetryAfter > 0 {
		return false
	}
	switch f.Code {
	case Unreachable, Timeout, Mismatch, Browser:
		return true
	case Throttled, Captcha, LayoutChanged, NotOffered, Internal:
	}
	return false
}

func (c *Checker) backoff(attempt int) time.Duration {
	d := c.Backoff << min(attempt-1, 10)
	return d/2 + rand.N(d+1) //nolint:gosec // Jitter, not a secret.
}

// sleep waits for d or until ctx ends, and returns the context's error then.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
