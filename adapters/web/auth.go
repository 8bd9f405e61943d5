package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// Tokens is what the API needs to know who may use it.
type Tokens interface {
	// Token returns the token whose secret has this hash, or account.ErrNoToken.
	Token(ctx context.Context, hash string) (account.Token, error)
}

// authenticate lets those into the API who hold a token. It goes by the route
// that matched, so that no spelling of a path gets round it, and lets nothing
// of the API pass by default.
//
// A right token always passes, even from an address that sent many wrong ones:
// behind a proxy everybody has one address, and a stranger must not be able to
// lock everybody out. A token has 260 random bits, so that guessing is hopeless
// at any speed; the limit is there to show who tries and to cut it short.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !strings.HasPrefix(c.Path(), apiPath+"/") || c.Path() == openAPIPath {
			return next(c)
		}
		secret := bearer(c.Request())
		// The same work is done for whatever was sent. The look-up is by hash,
		// so that its time tells nothing about how much of a guess was right.
		_, err := s.cfg.Tokens.Token(c.Request().Context(), account.HashSecret(secret))
		switch {
		case err == nil && secret != "":
			return next(c)
		case err != nil && !errors.Is(err, account.ErrNoToken):
			return fmt.Errorf("look up a token: %w", err)
		}
		if wait := s.guard.wrong(c.RealIP(), time.Now()); wait > 0 {
			return &problem{
				Status: http.StatusTooManyRequests, Code: "too_many_tries", RetryAfter: wait,
				Detail: "Too many wrong tokens came from this address. Wait a minute.",
			}
		}
		return &problem{
			Status: http.StatusUnauthorized, Code: "unauthorized",
			Detail: "This needs a token, in the header Authorization: Bearer. Make one with: cz-visa-monitor token create",
		}
	}
}

// bearer returns the token of a request, "" if there is none.
func bearer(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}

// The limits of the guard.
const (
	maxWrong     = 20
	wrongWindow  = time.Minute
	maxAddresses = 4096
)

// guard counts wrong tokens by address, in bounded memory.
type guard struct {
	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	count int
	until time.Time // when counting begins anew
}

func newGuard() *guard { return &guard{tries: make(map[string]tries)} }

// wrong counts a wrong token; it returns how long to wait if there were too many.
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
