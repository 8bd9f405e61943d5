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
	now := time.Now()
	for _, tc := range []struct {
		name string
		said any // nil for nothing
		want time.Time
	}{
		{"a while ago", now.Add(-time.Hour).Unix(), now.Add(-time.Hour)},
		{"with a fraction", float64(now.Add(-time.Hour).Unix()) + 0.5, now.Add(-time.Hour)},
		{"by a clock that is a little ahead", now.Add(30 * time.Second).Unix(), now},
		{"in the future", now.Add(time.Hour).Unix(), time.Time{}},
		{"nothing", nil, time.Time{}},
		{"zero", 0, time.Time{}},
		{"before 1970", -1, time.Time{}},
		{"no time", 1e300, time.Time{}},
		{"text", "now", time.Time{}},
		{"digits as text", "1764000000", time.Time{}},
		{"a list", []int{1}, time.Time{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			server.ForgeIDToken(func(claims map[string]any) string {
				delete(claims, "auth_time")
				if tc.said != nil {
					claims["auth_time"] = tc.said
				}
				return ""
			})
			server.ForgeUserInfo(func(claims map[string]any) { claims["auth_time"] = time.Now().Unix() }) // It is not signed.
			who, err := signIn(t, p)
			if err != nil {
				t.Fatal(err)
			}
			if off := who.AuthenticatedAt.Sub(tc.want).Abs(); off > 20*time.Second || who.AuthenticatedAt.IsZero() != tc.want.IsZero() {
				t.Errorf("he proved it at %v, want %v", who.AuthenticatedAt, tc.want)
			}
			if who.AuthenticatedAt.After(time.Now()) {
				t.Error("he proved it in the future")
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
