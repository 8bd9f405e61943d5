package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cz-visa-monitor/app/account"
)

// How often a passphrase may be tried on the page of a locked appliance: a few
// times at once, and then every so often. All together may try more than one
// address, so that none uses up what there is for the others, but not much more:
// each try takes a good part of the machine.
const (
	unlockBurst, unlockEvery       = 5, 30 * time.Second
	unlockBurstAll, unlockEveryAll = 20, 5 * time.Second
)

// UnlockLimit limits how often a passphrase may be tried on the page of a locked
// appliance, by one address and by all together, in bounded memory. It is kept
// for as long as the process lives: to wait anew must give nobody more tries.
type UnlockLimit struct {
	mu        sync.Mutex
	addresses map[string]*rate.Limiter
	all       *rate.Limiter
}

// NewUnlockLimit returns a limit of which nothing is used up.
func NewUnlockLimit() *UnlockLimit {
	return &UnlockLimit{
		addresses: make(map[string]*rate.Limiter),
		all:       rate.NewLimiter(rate.Every(unlockEveryAll), unlockBurstAll),
	}
}

// begin counts a try from an address and lets it through, or returns how long it
// has to wait; then it does not count.
func (l *UnlockLimit) begin(address string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, all := l.of(account.Network(address), now).ReserveN(now, 1), l.all.ReserveN(now, 1)
	if wait = max(own.DelayFrom(now), all.DelayFrom(now)); wait > 0 {
		own.CancelAt(now)
		all.CancelAt(now)
	}
	return wait
}

// of returns the limit of an address. Thousands at once are one attack: those that
// come then share one.
func (l *UnlockLimit) of(key string, now time.Time) *rate.Limiter {
	limit, known := l.addresses[key]
	if !known && len(l.addresses) >= maxAddresses && !l.sweep(now) {
		key = ""
		limit, known = l.addresses[key]
	}
	if !known {
		limit = rate.NewLimiter(rate.Every(unlockEvery), unlockBurst)
		l.addresses[key] = limit
	}
	return limit
}

// sweep forgets the addresses that have used up nothing; false if there were none.
func (l *UnlockLimit) sweep(now time.Time) bool {
	before := len(l.addresses)
	for key, limit := range l.addresses {
		if limit.TokensAt(now) >= unlockBurst {
			delete(l.addresses, key)
		}
	}
	return len(l.addresses) < before
}
