package watch

import (
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
	runs    map[FailureCode]int // failures since the last answer
	probing bool                // the one check after a cool-down is under way
}

// pass is the leave to make one check.
type pass struct{ probe bool }

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

// maxRetryAfter bounds what a source may ask for, and every opening.
const maxRetryAfter = 24 * time.Hour

// allow gives leave for a check at now.
func (b *breaker) allow(now time.Time) (p pass, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok = b.closed(now)
	if ok && !b.state.OpenUntil.IsZero() {
		b.probing, p.probe = true, true
	}
	return p, ok
}

// ready reports whether allow would give leave. If not, retry is when to ask
// again; the zero time means after the probe that is under way has ended.
func (b *breaker) ready(now time.Time) (retry time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed(now)
}

// closed reports whether a check may start. The caller holds b.mu.
func (b *breaker) closed(now time.Time) (retry time.Time, ok bool) {
	if most := now.Add(maxRetryAfter); b.state.OpenUntil.After(most) {
		b.state.OpenUntil = most // The clock was set back.
	}
	switch {
	case b.state.OpenUntil.IsZero():
		return time.Time{}, true
	case b.state.Open(now):
		return b.state.OpenUntil, false
	}
	return time.Time{}, !b.probing
}

// abandon gives p back: the check was not made, or brought nothing to go by.
func (b *breaker) abandon(p pass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.probe {
		b.probing = false
	}
}

// record takes note of how the check made with p ended at now; failure is nil
// after an answer. It reports whether the breaker opened, closed, or stays open
// for longer by it.
func (b *breaker) record(p pass, failure *Failure, now time.Time) (turned bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.probe {
		b.probing = false
	}
	if b.state.Open(now) {
		// The check began before the breaker opened. Its answer does not close
		// it, but what the source asks for is respected.
		return failure != nil && b.extend(now, failure.RetryAfter)
	}
	if failure == nil || failure.Code == NotOffered {
		turned = !b.state.OpenUntil.IsZero()
		b.state, b.runs = BreakerState{}, nil
		return turned
	}
	t := tripFor(failure.Code)
	if t.after == 0 {
		return false
	}
	if b.runs == nil {
		b.runs = make(map[FailureCode]int)
	}
	b.runs[failure.Code]++
	if b.runs[failure.Code] < t.after && !p.probe && failure.RetryAfter == 0 {
		return false
	}
	cool := min(t.first<<min(b.state.Trips, 16), t.most)
	b.state = BreakerState{OpenUntil: now.Add(cool), Reason: failure.Code, Trips: b.state.Trips + 1}
	b.extend(now, failure.RetryAfter)
	return true
}

// extend keeps the breaker open for at least d more, and reports whether that
// is longer than before. The caller holds b.mu.
func (b *breaker) extend(now time.Time, d time.Duration) bool {
	until := now.Add(min(d, maxRetryAfter))
	if !until.After(b.state.OpenUntil) {
		return false
	}
	b.state.OpenUntil = until
	return true
}

// restore takes up what a former run kept.
func (b *breaker) restore(s BreakerState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = s
}

// snapshot returns the state to be kept.
func (b *breaker) snapshot() BreakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}
