package web

import (
	"sync"
	"time"

	"cz-visa-monitor/app/account"
)

// The limits of the guard.
const (
	maxWrong     = 20
	wrongWindow  = time.Minute
	maxAddresses = 4096
)

// guard counts wrong tokens and invitations by address, in bounded memory; so it
// does the letters of a user by his ID.
type guard struct {
	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	count int
	until time.Time // when counting begins anew
}

func newGuard() *guard { return &guard{tries: make(map[string]tries)} }

// wrong counts a wrong one; it returns how long to wait if there were too many.
func (g *guard) wrong(address string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := account.Network(address)
	t, known := g.tries[key]
	if !known && len(g.tries) >= maxAddresses && !g.sweep(now) {
		// Thousands of addresses at once are one attack: they share a count.
		key = ""
		t = g.tries[key]
	}
	if !now.Before(t.until) {
		t = tries{until: now.Add(wrongWindow)}
	}
	t.count++
	g.tries[key] = t
	if t.count > maxWrong {
		return t.until.Sub(now)
	}
	return 0
}

// sweep forgets the counts whose time is over; false if there were none.
func (g *guard) sweep(now time.Time) bool {
	before := len(g.tries)
	for key, t := range g.tries {
		if !now.Before(t.until) {
			delete(g.tries, key)
		}
	}
	return len(g.tries) < before
}
