package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/oidc/oidctest"
	"cz-visa-monitor/app/account"
)

// Whoever has no password here is shown the key if he gave one at the provider a
// moment ago, and only if the provider says so.
func TestRecoverySheetAfterExternalSignIn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		claim func() any // auth_time, nil for none
		shown bool
	}{
		{"just now", func() any { return time.Now().Unix() }, true},
		{"an hour ago", func() any { return time.Now().Add(-time.Hour).Unix() }, false},
		{"in the future", func() any { return time.Now().Add(time.Hour).Unix() }, false},
		{"nobody says", func() any { return nil }, false},
		{"no time", func() any { return "now" }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, server := withProvider(t, oidctest.Authelia())
			server.SignIn(oidctest.User{Subject: "s-anna", Name: "anna", Groups: []string{"visa-admins"}})
			server.ForgeIDToken(func(claims map[string]any) string {
				if claims["auth_time"] = tc.claim(); claims["auth_time"] == nil {
					delete(claims, "auth_time")
				}
				return ""
			})
			p := a.person()
			leadsTo(t, p.get(p.goThrough()), "./")
			w := p.get("/recovery-sheet")
			says(t, w, http.StatusOK)
			if asks := strings.Contains(w.Body.String(), `href="external?confirm=1"`); asks == tc.shown || strings.Contains(w.Body.String(), `name="password"`) {
				t.Errorf("he is asked to confirm who he is: %t", asks)
			}
			w = p.post("/recovery-sheet")
			if shown := strings.Contains(w.Body.String(), `class="key"`); shown != tc.shown || (w.Code == http.StatusOK) != tc.shown {
				t.Errorf("%d, and the key is shown: %t", w.Code, shown)
			}
			if !tc.shown {
				says(t, w, http.StatusForbidden, `role="alert"`, "First prove that it is you")
			}
		})
	}
}

// He can prove at the provider that it is still he who sits there.
func TestConfirmAtProvider(t *testing.T) {
	t.Parallel()
	anna := oidctest.User{Subject: "s-anna", Name: "anna", Groups: []string{"visa-admins"}}
	for _, tc := range []struct {
		name   string
		before func(p *person, s *oidctest.Server)
		status int // that of the way back
		want   string
		shown  bool
	}{
		{"he himself", func(*person, *oidctest.Server) {}, http.StatusSeeOther, "", true},
		{"somebody else", func(_ *person, s *oidctest.Server) {
			s.SignIn(oidctest.User{Subject: "s-boris", Name: "boris", Groups: []string{"visa-admins"}})
		}, http.StatusForbidden, "somebody else has signed in than here", false},
		{"not asked anew", func(_ *person, s *oidctest.Server) {
			s.ForgeIDToken(func(claims map[string]any) string { claims["auth_time"] = time.Now().Add(-time.Hour).Unix(); return "" })
		}, http.StatusForbidden, "did not ask you anew", false},
		{"nobody says when", func(_ *person, s *oidctest.Server) {
			s.ForgeIDToken(func(claims map[string]any) string { delete(claims, "auth_time"); return "" })
		}, http.StatusForbidden, "did not ask you anew", false},
		{"cancelled", func(_ *person, s *oidctest.Server) { s.Deny("access_denied") }, http.StatusForbidden, "did not let you in", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, server := withProvider(t, oidctest.Keycloak())
			server.SignIn(anna)
			server.SignedInAt(time.Now().Add(-time.Hour))
			p := a.person()
			leadsTo(t, p.get(p.goThrough()), "./")
			says(t, p.get("/recovery-sheet"), http.StatusOK, `href="external?confirm=1"`, "Confirm with Keycloak that it is you")
			says(t, p.get("/account"), http.StatusOK, `href="external?confirm=1"`)
			says(t, p.post("/recovery-sheet"), http.StatusForbidden)
			session := p.session()
			tc.before(p, server)
			w := p.get(p.goThroughFrom("/external?confirm=1"))
			if tc.status == http.StatusSeeOther {
				leadsTo(t, w, "recovery-sheet")
			} else {
				says(t, w, tc.status, `role="alert"`, tc.want)
			}
			if n := a.sessionsOf(a.named("anna").ID); n != 1 || !p.isIn() || (p.session() != session) != tc.shown {
				t.Errorf("there are %d sessions, he is in: %t, in another: %t", n, p.isIn(), p.session() != session)
			}
			if shown := strings.Contains(p.post("/recovery-sheet").Body.String(), `class="key"`); shown != tc.shown {
				t.Errorf("the key is shown: %t", shown)
			}
		})
	}
	t.Run("of whoever has not signed in", func(t *testing.T) {
		t.Parallel()
		a, server := withProvider(t, oidctest.Authelia())
		server.SignedInAt(time.Now().Add(-time.Hour))
		p := a.person()
		leadsTo(t, p.get(p.goThroughFrom("/external?confirm=1")), "./") // There is nobody to confirm.
		if list, err := a.store.Sessions(t.Context(), a.named("anna").ID); err != nil || len(list) != 1 || list[0].Confirmed(time.Now()) {
			t.Errorf("%+v, %v", list, err)
		}
	})
	t.Run("of whoever signed out meanwhile", func(t *testing.T) {
		t.Parallel()
		a, _ := withProvider(t, oidctest.Authelia())
		p := a.person()
		leadsTo(t, p.get(p.goThrough()), "./")
		back := p.goThroughFrom("/external?confirm=1")
		p.post("/sign-out")
		says(t, p.get(back), http.StatusForbidden, "This took too long.")
	})
	t.Run("of a member", func(t *testing.T) {
		t.Parallel()
		a, server := withProvider(t, oidctest.Authelia())
		server.SignedInAt(time.Now().Add(-time.Hour))
		p := a.person()
		leadsTo(t, p.get(p.goThrough()), "./")
		fresh := func() bool {
			list, err := a.store.Sessions(t.Context(), a.named("anna").ID)
			if err != nil || len(list) != 1 || list[0].Issuer != server.Issuer() {
				t.Fatalf("%+v, %v", list, err)
			}
			return list[0].Confirmed(time.Now())
		}
		before := fresh()
		leadsTo(t, p.get(p.goThroughFrom("/external?confirm=1")), "account")
		if before || !fresh() {
			t.Errorf("his session is fresh before: %t, after: %t", before, fresh())
		}
	})
	t.Run("whose groups are others by then", func(t *testing.T) {
		t.Parallel()
		a, server := withProvider(t, oidctest.Authelia())
		server.SignIn(anna)
		p := a.person()
		leadsTo(t, p.get(p.goThrough()), "./")
		without := anna
		without.Groups = []string{"friends"}
		server.SignIn(without)
		says(t, p.get(p.goThroughFrom("/external?confirm=1")), http.StatusForbidden, "gives you no access here")
		if p.isIn() || a.named("anna").Role != account.NoRole {
			t.Errorf("he is in: %t, as %s", p.isIn(), a.named("anna").Role)
		}
	})
}
