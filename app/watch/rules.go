package watch

import (
	"time"

	"cz-visa-monitor/app/visa"
)

// Rules are the times by which applications are checked.
type Rules struct {
	// Interval is the default time between two checks of an application.
	Interval time.Duration
	// MinInterval is the least that a person may ask for.
	MinInterval time.Duration
	// ConfirmAfter is the least time between an answer that must be seen twice
	// and the check that confirms it.
	ConfirmAfter time.Duration
}

// MaxInterval is the longest interval a person may ask for.
const MaxInterval = 31 * 24 * time.Hour

const (
	day  = 24 * time.Hour
	week = 7 * day
	// afterDecision is how long a decided application is looked at.
	afterDecision = 30 * day
	// confirmations is how many checks repeat a decision at the normal
	// interval before the weekly ones.
	confirmations = 2
	// retryBase is the wait after the first failed check; it doubles up to the interval.
	retryBase = 15 * time.Minute
	// jitterShare is how far a wait may be off, to either side.
	jitterShare = 0.15
)

// Every returns the interval that holds for a watcher who asks for wish.
func (r Rules) Every(wish time.Duration) time.Duration {
	if wish == 0 {
		wish = r.Interval
	}
	return max(wish, r.MinInterval)
}

// Of returns the interval that holds for a: the shortest that one of those who
// want it checked asks for.
func (r Rules) Of(a Application) time.Duration {
	every := time.Duration(0)
	for _, w := range a.Watchers {
		if wish := r.Every(w.Interval); !w.Resting() && (every == 0 || wish < every) {
			every = wish
		}
	}
	if every == 0 {
		return r.Every(0)
	}
	return every
}

// wait says how long to wait after an answer.
func (r Rules) wait(s State, interval time.Duration, now time.Time) (wait time.Duration, firm bool) {
	switch {
	case s.Pending != nil:
		// The rest of the confirmation time, if somebody asked in between.
		return max(s.Pending.SeenAt.Add(r.ConfirmAfter).Sub(now), time.Second), true
	case s.Status.Final() && s.Confirmations < confirmations:
		return interval, false
	case s.Status.Final() && now.Sub(s.Since) < afterDecision:
		return max(week, interval), false
	case s.Status.Final():
		return 0, false
	case s.Status == visa.NotFound && now.Sub(s.Since) >= day:
		return max(interval, day), false
	}
	return interval, false
}

// waitAfterFailure says how long to wait after a failed check: a while that
// doubles, up to what it would be after an answer. An answer that waits to be
// confirmed is asked for again sooner; a category or year that is missing again
// will hardly be there within the day.
func (r Rules) waitAfterFailure(s State, f *Failure, again bool, interval time.Duration, now time.Time) (wait time.Duration, firm bool) {
	base, most := min(retryBase, interval), interval
	if s.Pending != nil {
		base = max(r.ConfirmAfter, time.Second)
	} else if normal, _ := r.wait(s, interval, now); normal > 0 {
		most = normal
	} else {
		most = week
	}
	wait = min(base<<min(s.Trouble.Count-1, 16), max(most, base))
	if f.Code == NotOffered && again {
		wait = max(most, day)
	}
	pause := min(f.RetryAfter, maxRetryAfter)
	return max(wait, pause), pause >= wait
}

// spread moves wait by up to jitterShare to either side; u is from [0, 1). A
// firm wait, or one that would fall under floor, is only ever lengthened.
func spread(wait, floor time.Duration, firm bool, u float64) time.Duration {
	off := time.Duration((2*u - 1) * jitterShare * float64(wait))
	if off < 0 && (firm || wait+off < floor) {
		off = -off
	}
	return wait + off
}
