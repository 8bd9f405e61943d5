package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// lockedPage is the server of an appliance that waits for its passphrase.
type lockedPage struct {
	t *testing.T
	*Server
}

func newLockedPage(t *testing.T, change func(*WaitingConfig)) lockedPage {
	t.Helper()
	catalogues, err := catalogues()
	if err != nil {
		t.Fatal(err)
	}
	c := WaitingConfig{
		Hindrance: NeedsPassphrase, Limit: NewUnlockLimit(), Unlocked: func() { t.Error("it is unlocked") },
		Unlock:     func(context.Context, string) error { return errors.New("wrong") },
		Catalogues: catalogues, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	s, err := NewWaiting(c)
	if err != nil {
		t.Fatal(err)
	}
	return lockedPage{t, s}
}

// give sends a passphrase from an address, with pairs of headers.
func (p lockedPage) give(address string, headers ...string) *httptest.ResponseRecorder {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, "/unlock", strings.NewReader(url.Values{"passphrase": {"x"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.RemoteAddr = address + ":1234"
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	return w
}

// tried gives n passphrases, and returns how many of them were looked at.
func (p lockedPage) tried(n int, address string, headers ...string) (tried int) {
	p.t.Helper()
	for range n {
		switch w := p.give(address, headers...); w.Code {
		case http.StatusForbidden:
			tried++
		case http.StatusTooManyRequests:
		default:
			p.t.Fatalf("a wrong passphrase from %s: %d", address, w.Code)
		}
	}
	return tried
}

// Whoever tries passphrases at the page keeps nobody else from giving his.
func TestUnlockIsLimitedByAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newLockedPage(t, nil)
		if n := p.tried(100, "192.0.2.1"); n != unlockBurst {
			t.Errorf("%d of 100 passphrases were tried", n)
		}
		for language, want := range map[string]string{
			"en": "Wait 30 seconds, or give it in the terminal of the appliance: cz-visa-monitor key unlock",
			"cs": "Počkejte 30 sekund, nebo ji zadejte v terminálu zařízení: cz-visa-monitor key unlock",
		} {
			w := p.give("192.0.2.1", "Accept-Language", language)
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "30" || !strings.Contains(w.Body.String(), want) {
				t.Errorf("in %s: %d, Retry-After %q, %s", language, w.Code, w.Header().Get("Retry-After"), w.Body)
			}
		}
		if n := p.tried(1, "192.0.2.2"); n != 1 {
			t.Error("another address is limited by the first one")
		}
		if n := p.tried(10, "[2001:db8::1]") + p.tried(10, "[2001:db8::2]"); n != unlockBurst {
			t.Errorf("%d tries from the addresses of one network", n)
		}
		time.Sleep(unlockEvery)
		if n := p.tried(10, "192.0.2.1"); n != 1 {
			t.Errorf("%d tries after a while, want 1", n)
		}
	})
}

// Thousands of addresses must not keep the machine busy.
func TestUnlockIsLimitedForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, n := newLockedPage(t, nil), 0
		for i := range 100 {
			n += p.tried(1, fmt.Sprintf("192.0.2.%d", i))
		}
		if n != unlockBurstAll {
			t.Errorf("%d of 100 passphrases were tried", n)
		}
		time.Sleep(unlockEveryAll)
		// What all together were refused is not counted against the address.
		if n := p.tried(1, "192.0.2.99") + p.tried(5, "192.0.2.98"); n != 1 {
			t.Errorf("%d tries after a while, want 1", n)
		}
	})
}

func TestUnlockLimitIsBounded(t *testing.T) {
	t.Parallel()
	l, now := NewUnlockLimit(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range maxAddresses {
		l.of(fmt.Sprint(i), now).AllowN(now, 1)
	}
	shared := l.of("one more", now)
	shared.AllowN(now, 1)
	if l.of("another", now) != shared || len(l.addresses) != maxAddresses+1 {
		t.Errorf("%d addresses are kept", len(l.addresses))
	}
	if l.of("1", now) == l.of("2", now) {
		t.Error("those that were there have no limit of their own any more")
	}
	l.of("a minute later", now.Add(time.Minute))
	if len(l.addresses) != 1 {
		t.Errorf("%d addresses are kept, of which none has used up anything", len(l.addresses))
	}
}

// Behind a reverse proxy, each of its visitors has an address of his own.
func TestUnlockIsLimitedBehindAProxy(t *testing.T) {
	t.Parallel()
	p := newLockedPage(t, func(c *WaitingConfig) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")} })
	if n := p.tried(10, "198.51.100.7", "X-Forwarded-For", "192.0.2.1"); n != unlockBurst {
		t.Errorf("%d of 10 passphrases were tried", n)
	}
	if n := p.tried(1, "198.51.100.7", "X-Forwarded-For", "192.0.2.2"); n != 1 {
		t.Error("another visitor is limited by the first one")
	}
	if n := p.tried(10, "198.51.100.8", "X-Forwarded-For", "192.0.2.3"); n != unlockBurst {
		t.Errorf("%d tries of one who says he is a proxy", n)
	}
	if n := p.tried(1, "198.51.100.8", "X-Forwarded-For", "192.0.2.4"); n != 0 {
		t.Error("he has another try under another name")
	}
}

// A passphrase that waits behind others for too long was not wrong.
func TestUnlockDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newLockedPage(t, func(c *WaitingConfig) {
			c.Unlock = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		})
		begin := time.Now()
		w := p.give("192.0.2.1")
		if took := time.Since(begin); w.Code != http.StatusTooManyRequests || took != unlockPatience {
			t.Errorf("%d after %s", w.Code, took)
		}
	})
}
