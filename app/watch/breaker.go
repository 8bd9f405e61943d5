package watch

import (
	"errors"
	"sync"
	"time"
)

// BreakerState is what is kept of a breaker, so that a restart does not
// knock at a door that was just shut.
type BreakerState struct {
	// OpenUntil is when the next probe is allowed; the zero time means closed.
	OpenUntil time.Time `json:"open_until,omitzero"`
	// Reason is the failure that opened it.
	Reason FailureCode `json:"reason,omitempty"`
	// Trips counts how often it opened without an answer between; it sets the cool-down.
	Trips int `json:"trips,omitempty"`
}

// Open reports whether the breaker keeps checks back at now.
func (s BreakerState) Open(now time.Time) bool { return now.Before(s.OpenUntil) }

// breaker keeps checks away from a source that is down, throttles us, refuses
// us, or has changed. After a cool-down one check is let through as a probe.
type breaker struct {
	mu      sync.Mutex
	state   BreakerState
	run     int         // failures in a row with the code last
	last    FailureCode // code of the last failure, "" after an answer
	probing bool        // the one check after a cool-down is under way
}

// trip says how often a failure must come in a row to open the breaker, and
// for how long: first cool-down, doubled at every further trip, up to most.
type trip struct {
	after       int
	first, most time.Duration
}

// tripFor returns the trip of a code; after is 0 for codes that say nothing
// about the source.
func tripFor(code FailureCode) trip {
	switch code {
	case Throttled:
		return trip{after: 1, first: 15 * time.Minute, most: 6 * time.Hour}
	case Captcha:
		return trip{after: 1, first: 30 * time.Minute, most: 6 * time.Hour}
	case LayoutChanged:
		return trip{after: 2, first: 30 * time.Minute, most: 6 * time.Hour}
	case Unreachable:
		return trip{after: 3, first: 5 * time.Minute, most: time.Hour}
	case Timeout:
		return trip{after: 5, first: 5 * time.Minute, most: time.Hour}
	case Browser, Internal:
		// Trouble of ours; the pause spares the machine.
		return trip{after: 5, first: time.Minute, most: 15 * time.Minute}
	case Mismatch, NotOffered:
	}
	return trip{}
}

// maxRetryAfter bounds what a source may ask for.
const maxRetryAfter = 24 * time.Hour

// allow reports whether a check may start at now. If not, retry is when to ask
// again; the zero time means after the probe that is under way has ended.
func (b *breaker) allow(now time.Time) (ok bool, retry time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state.OpenUntil.IsZero():
		return true, time.Time{}
	case b.state.Open(now):
		return false, b.state.OpenUntil
	case b.probing:
		return false, time.Time{}
	}
	b.probing = true
	return true, time.Time{}
}

// abandon says that an allowed check was not made after all.
func (b *breaker) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// record takes note of how a check ended at now: err is nil after an answer.
// It reports whether the breaker opened or closed by it.
func (b *breaker) record(err error, now time.Time) (turned bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	probe := b.probing
	b.probing = false
	var f *Failure
	if err == nil {
		turned = !b.state.OpenUntil.IsZero()
		b.state, b.run, b.last = BreakerState{}, 0, ""
		return turned
	}
	if !errors.As(err, &f) {
		return false
	}
	if f.Code == b.last {
		b.run++
	} else {
		b.run, b.last = 1, f.Code
	}
	t := tripFor(f.Code)
	if t.after == 0 || b.state.Open(now) && !probe || b.run < t.after && !probe {
		return false
	}
	cool := min(t.first<<min(b.state.Trips, 16), t.most)
	cool = max(cool, min(f.RetryAfter, maxRetryAfter))
	b.state = BreakerState{OpenUntil: now.Add(cool), Reason: f.Code, Trips: b.state.Trips + 1}
	return true
}

// snapshot returns the state to be kept.
func (b *breaker) snapshot() BreakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}
