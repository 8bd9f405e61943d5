package oidc_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/oidc"
)

// When the user proved who he is, is what the provider's signature says, and
// nothing that cannot be.
func TestAuthenticatedAt(t *testing.T) {
	t.Parallel()
	from := func(passed time.Duration) func() any {
		return func() any { return time.Now().Add(-passed).Unix() }
	}
	says := func(what any) func() any { return func() any { return what } }
	const never = -1
	for _, tc := range []struct {
		name string
		said func() any // nil for nothing
		// ago is how long it is ago, to a minute; never where he proved nothing.
		ago time.Duration
	}{
		{"a while ago", from(time.Hour), time.Hour},
		{"with a fraction", func() any { return float64(time.Now().Unix()) - 3599.5 }, time.Hour},
		{"by a clock that is a little ahead", from(-30 * time.Second), 0},
		{"in the future", from(-time.Hour), never},
		{"nothing", says(nil), never},
		{"zero", says(0), never},
		{"before 1970", says(-1), never},
		{"no time", says(1e300), never},
		{"text", says("now"), never},
		{"digits as text", says("1764000000"), never},
		{"a list", says([]int{1}), never},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			server.ForgeIDToken(func(claims map[string]any) string {
				if claims["auth_time"] = tc.said(); claims["auth_time"] == nil {
					delete(claims, "auth_time")
				}
				return ""
			})
			server.ForgeUserInfo(func(claims map[string]any) { claims["auth_time"] = time.Now().Unix() }) // It is not signed.
			who, err := signIn(t, p)
			if err != nil {
				t.Fatal(err)
			}
			passed := time.Since(who.AuthenticatedAt)
			if who.AuthenticatedAt.IsZero() != (tc.ago == never) || passed < 0 || tc.ago != never && (passed-tc.ago).Abs() > time.Minute {
				t.Errorf("he proved it at %v", who.AuthenticatedAt)
			}
		})
	}
}

// Who is to prove anew who he is, is asked by the provider, and it must say so.
func TestConfirm(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		forge func(claims map[string]any)
		ok    bool
	}{
		{"asked anew", func(map[string]any) {}, true},
		{"by a clock that is a little behind", func(c map[string]any) { c["auth_time"] = time.Now().Add(-30 * time.Second).Unix() }, true},
		{"not asked", func(c map[string]any) { c["auth_time"] = time.Now().Add(-2 * time.Minute).Unix() }, false},
		{"not said", func(c map[string]any) { delete(c, "auth_time") }, false},
		{"in the future", func(c map[string]any) { c["auth_time"] = time.Now().Add(time.Hour).Unix() }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			server.SignedInAt(time.Now().Add(-time.Hour))
			server.ForgeIDToken(func(claims map[string]any) string { tc.forge(claims); return "" })
			address, state, err := p.Begin(t.Context(), true)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(address)
			if err != nil || u.Query().Get("prompt") != "login" || u.Query().Get("max_age") != "0" {
				t.Errorf("the browser is sent to %s, %v", address, err)
			}
			who, err := p.Finish(t.Context(), state, visit(t, address))
			switch {
			case tc.ok && (err != nil || time.Since(who.AuthenticatedAt) > time.Minute):
				t.Errorf("%v, %v", who.AuthenticatedAt, err)
			case !tc.ok && (!errors.Is(err, oidc.ErrUnconfirmed) || !errors.Is(err, oidc.ErrRefused) || who.Subject != ""):
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("an ordinary login asks for nothing", func(t *testing.T) {
		t.Parallel()
		server, p := start(t, quick())
		server.SignedInAt(time.Now().Add(-time.Hour))
		address, state, err := p.Begin(t.Context(), false)
		if err != nil || strings.Contains(address, "prompt") || strings.Contains(address, "max_age") {
			t.Fatal(address, err)
		}
		who, err := p.Finish(t.Context(), state, visit(t, address))
		if err != nil || time.Since(who.AuthenticatedAt) < 59*time.Minute {
			t.Errorf("he proved it at %v, %v", who.AuthenticatedAt, err)
		}
	})
}
