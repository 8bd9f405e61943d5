package account

import (
	"crypto/sha256"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// The limits of tries: of what is wrong, for an account and for an address each.
const (
	maxTries  = 5
	tryWindow = 15 * time.Minute
	// maxTryKeys is how many accounts and addresses are counted by themselves.
	maxTryKeys = 4096
	// sweepEvery is how often room is looked for when there are more: seldom,
	// as an attack must not make work.
	sweepEvery = time.Minute
)

// tryKey is an account or an address whose tries are counted; the zero value is none.
type tryKey [sha256.Size]byte

// newTryKey hides and shortens what is counted: it may be as long as somebody likes.
func newTryKey(kind, what string) tryKey { return sha256.Sum256([]byte(kind + "\x00" + what)) }

// tried is a try at what belongs to an account, from an address. Either may be
// zero, where there is none or where it is not to count.
type tried struct{ account, address tryKey }

// tryOf returns a try from an address, at something that is one of its kind.
func tryOf(kind, what, address string) tried {
	return tried{account: newTryKey(kind, what), address: newTryKey("address", Network(address))}
}

// tryInside returns a try of whoever is signed in, at something of his own: only
// the account counts, as others at his address have nothing to do with it.
func tryInside(kind, user string) tried { return tried{account: newTryKey(kind, user)} }

// limiter counts tries in bounded memory. It says how long to wait and never
// waits itself, and is the same for accounts that do not exist. It is shared by
// all connections, and not kept across a restart.
//
// A try counts from the moment it is let through, so that many at once are no
// way round it; one that turns out right is taken back.
type limiter struct {
	mu    sync.Mutex
	keys  map[tryKey]*tries
	swept time.Time
}

// tries are those of one account or address, the oldest first, at most maxTries.
type tries struct {
	key  tryKey
	list []aTry
	// told: that the last one locked it has been said.
	told bool
}

// aTry is one try; other is the address at an account, and the account at an address.
type aTry struct {
	at    time.Time
	other tryKey
}

func newLimiter() *limiter { return &limiter{keys: make(map[tryKey]*tries)} }

// begin counts a try and lets it through, or returns how long it has to wait.
func (l *limiter) begin(t tried, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	account, address := l.both(t, now)
	if wait := max(account.wait(now), address.wait(now)); wait > 0 {
		return wait
	}
	account.list = append(account.list, aTry{at: now, other: t.address})
	address.list = append(address.list, aTry{at: now, other: t.account})
	l.keep(account)
	l.keep(address)
	return 0
}

// right takes back the tries at this account from this address. Those from
// other addresses stay, and those at other accounts: an attacker who has an
// account of his own must not be able to begin anew by signing in to it.
func (l *limiter) right(t tried, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	account, address := l.both(t, now)
	account.list = slices.DeleteFunc(account.list, func(a aTry) bool { return a.other == t.address })
	address.list = slices.DeleteFunc(address.list, func(a aTry) bool { return a.other == t.account })
}

// wrong is told that a try that was let through was wrong. It reports whether a
// lock begins with it, once for each lock.
func (l *limiter) wrong(t tried, now time.Time) (locked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	account, address := l.both(t, now)
	for _, of := range []*tries{account, address} {
		if len(of.list) >= maxTries && !of.told {
			of.told, locked = true, true
		}
	}
	return locked
}

// both returns the tries of the account and of the address.
func (l *limiter) both(t tried, now time.Time) (account, address *tries) {
	return l.of(t.account, tryKey{1}, now), l.of(t.address, tryKey{2}, now)
}

// of returns the tries of key. Thousands of keys at once are one attack: those
// that come then have the tries of shared.
func (l *limiter) of(key, shared tryKey, now time.Time) *tries {
	if key == (tryKey{}) {
		return &tries{}
	}
	t, known := l.keys[key]
	if !known && len(l.keys) >= maxTryKeys && !l.sweep(now) {
		key = shared
		t, known = l.keys[key]
	}
	if !known {
		return &tries{key: key}
	}
	t.forget(now)
	return t
}

// keep keeps t, unless it is that of nothing.
func (l *limiter) keep(t *tries) {
	if t.key != (tryKey{}) {
		l.keys[t.key] = t
	}
}

// sweep forgets the keys that have no tries any more; false if there were none.
func (l *limiter) sweep(now time.Time) bool {
	if passed := now.Sub(l.swept); passed >= 0 && passed < sweepEvery {
		return false
	}
	l.swept = now
	before := len(l.keys)
	for key, t := range l.keys {
		if t.forget(now); len(t.list) == 0 {
			delete(l.keys, key)
		}
	}
	return len(l.keys) < before
}

// forget drops the tries that count no more. One that lies ahead was made before
// the clock was set back; it counts from now, lest it lock for as long as the
// clock was wrong.
func (t *tries) forget(now time.Time) {
	for i := range t.list {
		if t.list[i].at.After(now) {
			t.list[i].at = now
		}
	}
	t.list = slices.DeleteFunc(t.list, func(a aTry) bool { return now.Sub(a.at) >= tryWindow })
	t.told = t.told && len(t.list) >= maxTries
}

// wait returns how long the next try has to wait: 1, 2, 4, 8 seconds after the
// last one, then until the first one counts no more.
func (t *tries) wait(now time.Time) time.Duration {
	n := len(t.list)
	if n == 0 {
		return 0
	}
	wait := t.list[n-1].at.Add(time.Second << (n - 1)).Sub(now)
	if n >= maxTries {
		wait = max(wait, t.list[0].at.Add(tryWindow).Sub(now))
	}
	return max(0, wait)
}

// Network returns what counts as one address: all of it for IPv4, the /64 that
// one customer has for IPv6.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}
