package watch

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"cz-visa-monitor/app/visa"
)

// Asker asks about references outside any schedule, for the command line: with
// the pace, the retries and the breaker of the engine. It may be used from
// several goroutines.
type Asker struct {
	checker Checker
	breaker breaker
}

// NewAsker returns an asker of source at the given pace.
func NewAsker(source Source, pace *rate.Limiter) *Asker {
	a := &Asker{checker: *NewChecker(source, pace)}
	a.checker.Allowed = func() bool { return !a.breaker.snapshot().Open(time.Now()) }
	return a
}

// Ask makes one check. Once the source has throttled or refused us, has changed
// or is down, the references that are left fail without being asked about. The
// error is the context's.
func (a *Asker) Ask(ctx context.Context, ref visa.Reference) (Outcome, error) {
	if err := a.checker.wait(ctx); err != nil {
		return Outcome{}, err
	}
	p, ok := a.breaker.allow(time.Now())
	if !ok {
		return Outcome{At: time.Now(), Failure: &Failure{
			Code:   a.breaker.snapshot().Reason,
			Detail: "not asked, because of what happened to the questions before; try again later",
		}}, nil
	}
	o, err := a.checker.check(ctx, ref)
	if err != nil {
		a.breaker.abandon(p)
		return Outcome{}, err
	}
	a.breaker.record(p, o.Failure, time.Now())
	return o, nil
}
