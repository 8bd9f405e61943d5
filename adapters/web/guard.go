package web

import (
	"net/netip"
	"sync"
	"time"
)

// The limits of the guard.
const (
	maxWrong     = 20
	wrongWindow  = time.Minute
	maxAddresses = 4096
)

// guard counts wrong tokens and invitations by address, in bounded memory.
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
	key := network(address)
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

// network returns what counts as one address: all of it for IPv4, the /64 that
// one customer has for IPv6.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}
