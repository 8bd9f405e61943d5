package account

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// home is an address that people of one house share.
const home = "192.0.2.1"

// fails makes a wrong try, and reports whether it was let through, and whether
// a lock began with it.
func fails(l *limiter, t tried) (through, locked bool) {
	if l.begin(t, time.Now()) > 0 {
		return false, false
	}
	return true, l.wrong(t, time.Now())
}

// TestDelaysGrow is defect S6: 60 wrong tries in a row were accepted.
func TestDelaysGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, one := newLimiter(), nameTry("alena", home)
		through, locks := 0, 0
		for range 60 {
			if ok, locked := fails(l, one); ok {
				through++
				if locked {
					locks++
				}
			}
		}
		if through != 1 {
			t.Fatalf("%d wrong tries at once were let through", through)
		}
		for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
			if got := l.begin(one, time.Now()); got != want {
				t.Fatalf("after %d tries: wait %s, want %s", i+1, got, want)
			}
			time.Sleep(want)
			ok, locked := fails(l, one)
			if !ok {
				t.Fatalf("after %d tries and the wait: not let through", i+1)
			}
			if locked {
				locks++
			}
		}
		if want := tryWindow - 15*time.Second; l.begin(one, time.Now()) != want {
			t.Errorf("after five tries: wait %s, want %s", l.begin(one, time.Now()), want)
		}
		for range 10_000 {
			if ok, locked := fails(l, one); ok || locked {
				t.Fatal("a try was let through while locked, or the lock told of again")
			}
		}
		if locks != 1 {
			t.Errorf("%d locks were told of, want 1", locks)
		}
		time.Sleep(tryWindow - 15*time.Second)
		if ok, locked := fails(l, one); !ok || !locked {
			t.Errorf("after the window: let through %t, and the next lock told of %t", ok, locked)
		}
	})
}

// TestLimitIsNobodysOwn is defect S4: the limiter was kept by connection
// and never met. Here many ask at once.
func TestLimitIsNobodysOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		var mu sync.Mutex
		var all sync.WaitGroup
		through := 0
		for i := range 200 {
			all.Go(func() {
				if l.begin(nameTry("alena", fmt.Sprintf("198.51.100.%d", i)), time.Now()) == 0 {
					mu.Lock()
					defer mu.Unlock()
					through++
				}
			})
		}
		all.Wait()
		if through != 1 {
			t.Errorf("%d tries at one account were let through at once", through)
		}
	})
}

// TestLimitDoesNotRevealAccounts is defect S9 for the limiter: it does
// not know which accounts there are, and a name counts in any writing.
func TestLimitDoesNotRevealAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		fails(l, nameTry("Žofie", "192.0.2.1"))
		if l.begin(nameTry(" z\u030cOFIE ", "192.0.2.2"), time.Now()) == 0 {
			t.Error("another writing of the name is another account")
		}
		if l.begin(nameTry("nobody", "192.0.2.2"), time.Now()) > 0 {
			t.Error("another account has to wait")
		}
	})
}

func TestLimitByAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, one, other string
		same             bool
	}{
		{"two of IPv4", "192.0.2.1", "192.0.2.2", false},
		{"IPv4 in IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"a /64", "2001:db8::1", "2001:db8::ffff:1", true},
		{"two /64", "2001:db8::1", "2001:db8:0:1::1", false},
		{"a zone", "fe80::1%eth0", "fe80::1%wlan0", true},
		{"what is no address", "@", "@", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, now := newLimiter(), time.Now()
			l.begin(nameTry("one", tt.one), now)
			if waits := l.begin(nameTry("other", tt.other), now) > 0; waits != tt.same {
				t.Errorf("waits: %t", waits)
			}
		})
	}
}

func TestRightTriesAreTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		victim, own := nameTry("victim", home), nameTry("attacker", home)
		for range 4 {
			fails(l, victim)
			time.Sleep(10 * time.Second)
		}
		if l.begin(own, time.Now()) > 0 {
			t.Fatal("the fifth try is not let through")
		}
		l.right(own, time.Now())
		if ok, _ := fails(l, victim); !ok {
			t.Fatal("the own sign-in counts")
		}
		time.Sleep(20 * time.Second)
		if l.begin(own, time.Now()) == 0 {
			t.Error("who signs in to his own account may go on with another")
		}
		other := nameTry("victim", "192.0.2.7")
		if l.begin(other, time.Now()) == 0 {
			t.Error("another address may go on with a locked account")
		}

		l = newLimiter()
		fails(l, victim)
		time.Sleep(time.Second)
		if l.begin(victim, time.Now()) > 0 {
			t.Fatal("not let through after the wait")
		}
		l.right(victim, time.Now())
		if wait := l.begin(victim, time.Now()); wait > 0 {
			t.Errorf("after a right try: wait %s", wait)
		}
	})
}

func TestLimitWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	l, one := newLimiter(), nameTry("alena", home)
	ahead := time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range maxTries {
		at := ahead.Add(time.Duration(i) * time.Minute)
		if l.begin(one, at) > 0 {
			t.Fatalf("try %d is not let through", i)
		}
		l.wrong(one, at)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if wait := l.begin(one, now); wait <= 0 || wait > tryWindow {
		t.Errorf("wait %s", wait)
	}
	if wait := l.begin(one, now.Add(tryWindow)); wait > 0 {
		t.Errorf("locked for ever: wait %s", wait)
	}
}

func TestLimitIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		through := 0
		for i := range 3 * maxTryKeys {
			if ok, _ := fails(l, nameTry(fmt.Sprint("account", i), fmt.Sprintf("10.%d.%d.1", i/250, i%250))); ok {
				through++
			}
		}
		if len(l.keys) > maxTryKeys+2 {
			t.Errorf("%d keys", len(l.keys))
		}
		if through > maxTryKeys/2+2 {
			t.Errorf("%d tries at once", through)
		}
		time.Sleep(tryWindow)
		if ok, _ := fails(l, nameTry("somebody", "203.0.113.1")); !ok {
			t.Error("still locked after the attack")
		}
		if len(l.keys) > 2 {
			t.Errorf("%d keys are kept for nothing", len(l.keys))
		}
	})
}

// What is none has no limit, also when an attack has filled the room and those that
// come then share one.
func TestNothingIsNotLimited(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(), time.Now()
	for i := range 3 * maxTryKeys {
		fails(l, nameTry(fmt.Sprint("account", i), fmt.Sprintf("10.%d.%d.1", i/250, i%250)))
	}
	for range 2 {
		if wait := l.begin(tried{}, now); wait > 0 {
			t.Errorf("what is none has to wait %s", wait)
		}
	}
}

func TestTriesInsideCountForTheUserOnly(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(), time.Now()
	fails(l, tryInside("password", "alena"))
	if l.begin(tryInside("password", "alena"), now) == 0 {
		t.Error("the same user does not wait")
	}
	for name, other := range map[string]tried{
		"another user": tryInside("password", "bedrich"), "another kind": tryInside("second", "alena"), "the sign-in": nameTry("alena", home),
	} {
		if wait := l.begin(other, now); wait > 0 {
			t.Errorf("%s: wait %s", name, wait)
		}
	}
}
