package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/oidc/oidctest"
	"cz-visa-monitor/app/account"
)

// external brings the login of package oidc to the pages, as cmd does.
type external struct{ provider *oidc.Provider }

func (e external) Begin(ctx context.Context, confirm bool) (string, []byte, error) {
	address, begun, err := e.provider.Begin(ctx, confirm)
	if err != nil {
		return "", nil, externalError(err)
	}
	state, err := json.Marshal(begun)
	return address, state, err
}

func (e external) Finish(ctx context.Context, state []byte, query url.Values) (account.Identity, error) {
	var begun oidc.State
	if err := json.Unmarshal(state, &begun); err != nil {
		return account.Identity{}, err
	}
	who, err := e.provider.Finish(ctx, begun, query)
	if err != nil {
		return account.Identity{}, externalError(err)
	}
	return account.Identity(who), nil
}

func externalError(err error) error {
	reason := ExternalRefused
	switch {
	case errors.Is(err, oidc.ErrDenied):
		reason = ExternalDenied
	case errors.Is(err, oidc.ErrUnconfirmed):
		reason = ExternalUnconfirmed
	case errors.Is(err, oidc.ErrUnavailable):
		reason = ExternalUnavailable
	}
	return &ExternalError{Reason: reason, Err: err}
}

// roleFor gives roles as a setting would.
func roleFor(tb testing.TB, setting string) func([]string) account.Role {
	tb.Helper()
	roles, err := oidc.ParseRoles(setting)
	if err != nil {
		tb.Fatal(err)
	}
	return func(groups []string) account.Role {
		role, _ := roles.RoleFor(groups)
		return role
	}
}

// withProvider returns an appliance into which people come through a provider.
func withProvider(t *testing.T, product oidctest.Product) (*appliance, *oidctest.Server) {
	t.Helper()
	const base = "http://visa.example.com"
	client := oidctest.Client{ID: "visa", Secret: "a secret of the client", RedirectURL: base + "/external-back"}
	server, err := oidctest.Start(oidctest.Config{
		Product: product, Client: client, User: oidctest.User{Subject: "6b1c7a9e-synthetic", Name: "anna", Groups: []string{"family"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Close()
		for _, problem := range server.Problems() {
			t.Errorf("the provider did not expect this: %s", problem)
		}
	})
	provider, err := oidc.New(oidc.Config{Issuer: server.Issuer(), ClientID: client.ID, ClientSecret: client.Secret, RedirectURL: client.RedirectURL})
	if err != nil {
		t.Fatal(err)
	}
	return newAppliance(t, func(c *Config) {
		c.BaseURL, c.External, c.ExternalName, c.RoleFor = base, external{provider}, product.Name, roleFor(t, "family=member, visa-admins=admin")
	}), server
}

// goThrough takes the browser to the provider and returns where it is sent back to.
func (p *person) goThrough() string {
	p.tb.Helper()
	return p.goThroughFrom("/external")
}

// goThroughFrom is goThrough from the address of a link.
func (p *person) goThroughFrom(link string) string {
	p.tb.Helper()
	w := p.get(link)
	if w.Code != http.StatusSeeOther {
		p.tb.Fatalf("/external answers %d: %s", w.Code, w.Body)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := http.NewRequestWithContext(p.tb.Context(), http.MethodGet, w.Header().Get("Location"), nil)
	if err != nil {
		p.tb.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		p.tb.Fatal(err)
	}
	defer resp.Body.Close()
	back, ok := strings.CutPrefix(resp.Header.Get("Location"), "http://visa.example.com")
	if !ok {
		p.tb.Fatalf("the provider sends to %q", resp.Header.Get("Location"))
	}
	return back
}

func TestExternalSignIn(t *testing.T) {
	t.Parallel()
	for _, product := range oidctest.Products() {
		t.Run(product.Name, func(t *testing.T) {
			t.Parallel()
			a, server := withProvider(t, product)
			p := a.person()
			says(t, p.get("/sign-in"), http.StatusOK, `href="external"`, "Sign in with "+product.Name)
			back := p.goThrough()
			leadsTo(t, p.get(back), "./")
			w := p.get("/account")
			says(t, w, http.StatusOK, ">anna<", "Member: own")
			if strings.Contains(w.Body.String(), `name="password"`) {
				t.Error("he is asked for a password he has not")
			}
			if p.cookies[loginCookie] != nil {
				t.Error("what belongs to the sign-in is left in the browser")
			}
			// Replayed: by the same browser, and by another.
			says(t, p.get(back), http.StatusForbidden, "This took too long. Sign in again.")
			q := a.person()
			says(t, q.get(back), http.StatusForbidden, "This took too long. Sign in again.")
			if q.isIn() {
				t.Error("an answer lets in a browser that did not ask")
			}
			// Login CSRF: the answer to one browser is given to another that has begun, too.
			q.get("/external")
			says(t, q.get(p.goThrough()), http.StatusForbidden, "This sign-in could not be proven. Begin again.")
			if q.isIn() {
				t.Error("somebody is signed in as somebody else")
			}
			// He is the same user when he comes again, with the role of his groups then.
			server.SignIn(oidctest.User{Subject: "6b1c7a9e-synthetic", Name: "anna k.", Groups: []string{"visa-admins"}})
			leadsTo(t, q.get(q.goThrough()), "./")
			says(t, q.get("/account"), http.StatusOK, ">anna<", "Admin: runs the appliance")
			// The recovery key is shown to who has just signed in, as there is no password.
			says(t, q.post("/recovery-sheet"), http.StatusOK, `class="key"`)
			if p.isIn() {
				t.Error("the session with the old role is there still")
			}
		})
	}
}

func TestExternalSignInFails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		before func(*appliance, *oidctest.Server)
		status int
		want   string
	}{
		{"denied", func(_ *appliance, s *oidctest.Server) { s.Deny("access_denied") }, http.StatusForbidden, "The other service did not let you in."},
		{"trouble there", func(_ *appliance, s *oidctest.Server) { s.Deny("server_error") }, http.StatusForbidden, "cannot be reached at the moment"},
		{"no role", func(_ *appliance, s *oidctest.Server) {
			s.SignIn(oidctest.User{Subject: "s", Name: "boris", Groups: []string{"friends"}})
		}, http.StatusForbidden, "gives you no access here"},
		{"no groups", func(_ *appliance, s *oidctest.Server) { s.SignIn(oidctest.User{Subject: "s", Name: "boris"}) }, http.StatusForbidden, "gives you no access here"},
		{"a name that is taken", func(_ *appliance, s *oidctest.Server) {
			s.SignIn(oidctest.User{Subject: "s", Name: "Admin", Groups: []string{"visa-admins"}})
		}, http.StatusConflict, "Somebody here has this name already."},
		{"forged", func(_ *appliance, s *oidctest.Server) {
			s.ForgeIDToken(func(claims map[string]any) string { claims["nonce"] = "another"; return "" })
		}, http.StatusForbidden, "could not be proven"},
		{"shut out", func(a *appliance, _ *oidctest.Server) {
			p := a.person()
			leadsTo(a.tb, p.get(p.goThrough()), "./")
			u, err := a.accounts.UserNamed(a.asCommand(), "anna")
			yes := true
			if _, _, err2 := a.accounts.EditUser(a.asCommand(), u.ID, account.UserEdit{Disabled: &yes}); errors.Join(err, err2) != nil {
				a.tb.Fatal(err, err2)
			}
		}, http.StatusForbidden, "is wrong"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, server := withProvider(t, oidctest.Authelia())
			tc.before(a, server)
			p := a.person()
			says(t, p.get(p.goThrough()), tc.status, `role="alert"`, tc.want)
			if p.isIn() {
				t.Error("he is in")
			}
			if err := a.store.Close(); err != nil {
				t.Fatal(err)
			}
			for i, word := range server.Secrets() {
				if strings.Contains(a.logged(), word) {
					t.Errorf("the log holds secret number %d", i)
				}
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		a, server := withProvider(t, oidctest.Authelia())
		server.Close()
		says(t, a.person().get("/external"), http.StatusForbidden, "cannot be reached at the moment", `name="password"`)
	})
	t.Run("not configured", func(t *testing.T) {
		t.Parallel()
		p := newAppliance(t, nil).person()
		says(t, p.get("/external"), http.StatusNotFound)
		says(t, p.get("/external-back?code=x&state=y"), http.StatusNotFound)
	})
}
