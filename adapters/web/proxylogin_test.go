package web

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/app/account"
)

// withProxyLogin returns an appliance that takes the word of a proxy at 10.0.0.1.
func withProxyLogin(t *testing.T) *appliance {
	t.Helper()
	login := oidc.ProxyLogin{Trusted: prefixes("10.0.0.1/32"), UserHeader: "Remote-User", GroupsHeader: "Remote-Groups"}
	return newAppliance(t, func(c *Config) {
		c.Proxies, c.ProxyHeader, c.RoleFor = prefixes("10.0.0.1/32"), login.UserHeader, roleFor(t, "family=member, visa-admins=admin")
		c.ProxyLogin = func(remote netip.Addr, header http.Header) (account.Identity, bool, error) {
			who, ok, err := login.Identity(remote, header)
			return account.Identity(who), ok, err
		}
	})
}

func (p *person) behindProxy(user, groups string) *person {
	p.from = "10.0.0.1:40000"
	p.headers.Set("X-Forwarded-For", "203.0.113.7")
	p.headers.Set("Remote-User", user)
	p.headers.Set("Remote-Groups", groups)
	return p
}

func TestProxyLogin(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	p := a.person().behindProxy("anna", "family")
	says(t, p.get("/account"), http.StatusOK, ">anna<", "Member: own", "203.0.113.7")
	session := p.session()
	says(t, p.get("/account"), http.StatusOK, ">anna<")
	if p.session() != session || session == "" {
		t.Error("each request begins a session")
	}
	leadsTo(t, p.get("/sign-in"), "./")
	if w := p.get("/"); w.Code != http.StatusOK {
		t.Errorf("the first page answers %d", w.Code)
	}

	t.Run("from elsewhere", func(t *testing.T) {
		q := a.person().behindProxy("anna", "visa-admins")
		q.from = "10.0.0.2:40000"
		leadsTo(t, q.get("/account"), "./sign-in")
		// The cookie of a session that the proxy began is worth nothing without it.
		q.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: session}
		leadsTo(t, q.get("/account"), "./sign-in")
	})
	t.Run("no header afterwards", func(t *testing.T) {
		p.headers.Del("Remote-User")
		leadsTo(t, p.get("/account"), "./sign-in")
		if w := p.get("/api/v1/me"); w.Code != http.StatusUnauthorized {
			t.Errorf("the API answers %d", w.Code)
		}
		p.headers.Set("Remote-User", "anna")
		says(t, p.get("/account"), http.StatusOK, ">anna<")
	})
	t.Run("another user", func(t *testing.T) {
		p.headers.Set("Remote-User", "boris")
		says(t, p.get("/account"), http.StatusOK, ">boris<")
		if p.session() == session {
			t.Error("boris goes on in the session of anna")
		}
	})
	t.Run("a name that is taken", func(t *testing.T) {
		q := a.person().behindProxy("Admin", "visa-admins")
		leadsTo(t, q.get("/account"), "./sign-in")
	})
	t.Run("no role", func(t *testing.T) {
		q := a.person().behindProxy("cecil", "friends")
		leadsTo(t, q.get("/account"), "./sign-in")
	})
	t.Run("two names", func(t *testing.T) {
		q := a.person().behindProxy("", "")
		q.headers["Remote-User"] = []string{"anna", "boris"}
		leadsTo(t, q.get("/account"), "./sign-in")
		q.headers["Remote-User"] = []string{"anna,boris"}
		leadsTo(t, q.get("/account"), "./sign-in")
	})
	t.Run("with a password beside it", func(t *testing.T) {
		q := a.person()
		leadsTo(t, q.post("/sign-in", "name", "admin", "password", password), "./")
		says(t, q.get("/account"), http.StatusOK, ">admin<")
		says(t, q.behindProxy("anna", "family").get("/account"), http.StatusOK, ">anna<")
	})
	t.Run("another site", func(t *testing.T) {
		q := a.person().behindProxy("anna", "family")
		says(t, q.get("/account"), http.StatusOK, ">anna<")
		q.headers.Set("Sec-Fetch-Site", "cross-site")
		says(t, q.post("/account", "do", "sessions-end"), http.StatusForbidden)
	})
}

// A token counts before the proxy's word.
func TestProxyLoginAndToken(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	p := a.person().behindProxy("anna", "family")
	p.headers.Set("Authorization", "Bearer "+a.token)
	me := read[map[string]any](t, p.get("/api/v1/me"), http.StatusOK)
	if me["name"] != "admin" || p.session() != "" {
		t.Errorf("a token makes its owner %v, and begins a session: %t", me["name"], p.session() != "")
	}
}

// The role follows the groups with the next request, not with the next sign-in.
func TestProxyLoginFollowsGroups(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, before, after string
		// alone: nobody else runs the appliance.
		alone bool
		// want is what his account says then.
		want string
		// anew: his session is another.
		anew bool
	}{
		{"as before", "visa-admins", "visa-admins", false, "Admin: runs", false},
		{"another group, the same role", "family", "family,friends", false, "Member: own", false},
		{"demoted", "visa-admins", "family", false, "Member: own", true},
		{"promoted", "family", "visa-admins", false, "Admin: runs", true},
		{"demoted, though nobody else runs it", "visa-admins", "family", true, "Admin: runs", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := withProxyLogin(t)
			p := a.person().behindProxy("anna", tc.before)
			says(t, p.get("/account"), http.StatusOK, ">anna<")
			if tc.alone {
				a.demoteAdmin()
			}
			before := p.session()
			p.headers.Set("Remote-Groups", tc.after)
			says(t, p.get("/account"), http.StatusOK, ">anna<", tc.want)
			says(t, p.get("/account"), http.StatusOK, ">anna<", tc.want)
			if n := a.sessionsOf(a.named("anna").ID); n != 1 || (p.session() != before) != tc.anew {
				t.Errorf("there are %d sessions, another one goes on: %t", n, p.session() != before)
			}
		})
	}
}

// demoteAdmin leaves the appliance to whoever else runs it.
func (a *appliance) demoteAdmin() {
	a.tb.Helper()
	member := account.Member
	if _, _, err := a.accounts.EditUser(a.asCommand(), a.admin.ID, account.UserEdit{Role: &member}); err != nil {
		a.tb.Fatal(err)
	}
}

func (a *appliance) named(name string) account.User {
	a.tb.Helper()
	u, err := a.accounts.UserNamed(a.asCommand(), name)
	if err != nil {
		a.tb.Fatal(err)
	}
	return u
}

// Whose groups give no role any more keeps nothing that he could come back with:
// neither role nor session, token or invitation; not even the last admin.
func TestProxyLoginWithoutRole(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		// alone: nobody else runs the appliance.
		alone bool
		// path is that of the request that says so.
		path string
	}{
		{"on a page", false, "/account"},
		{"over the API", false, "/api/v1/me"},
		{"on the page for signing in", false, "/sign-in"},
		{"though nobody else runs it", true, "/account"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := withProxyLogin(t)
			p := a.person().behindProxy("anna", "visa-admins")
			says(t, p.get("/account"), http.StatusOK, ">anna<")
			u := a.named("anna")
			_, token, err := a.accounts.AddToken(a.asCommand(), u.ID, "test", account.ScopeAdmin, 0)
			if err != nil {
				t.Fatal(err)
			}
			me, _, err := a.accounts.BySession(t.Context(), p.session(), "")
			if err != nil {
				t.Fatal(err)
			}
			_, link, err := a.accounts.Invite(account.As(t.Context(), me), account.Invite{Role: account.Admin})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.accounts.SetPassword(a.asCommand(), u.ID, password); err != nil {
				t.Fatal(err)
			}
			elsewhere := a.signedIn("anna")
			if tc.alone {
				a.demoteAdmin()
			}
			c := a.streaming(p)

			p.headers.Set("Remote-Groups", "friends")
			if w := p.get(tc.path); w.Code == http.StatusOK || w.Code >= http.StatusInternalServerError {
				t.Errorf("he is answered %d", w.Code)
			}
			if got := a.named("anna"); got.Role != account.NoRole || a.sessionsOf(u.ID) != 0 {
				t.Errorf("he is %s and has %d sessions", got.Role, a.sessionsOf(u.ID))
			}
			if elsewhere.isIn() {
				t.Error("his other browser goes on")
			}
			if c.goesOn() {
				t.Error("his stream goes on")
			}
			asToken := func() int {
				return a.do(http.MethodGet, "/api/v1/me", "", "Authorization", "Bearer "+token).Code
			}
			if code := asToken(); code != http.StatusUnauthorized {
				t.Errorf("his token is answered %d", code)
			}
			invited := func() error {
				_, err := a.accounts.Invitation(t.Context(), link, account.Origin{})
				return err
			}
			if err := invited(); !errors.Is(err, account.ErrNoInvitation) {
				t.Errorf("his invitation: %v", err)
			}
			if n := a.timesAudited(account.UserChanged, "role=none"); n != 1 {
				t.Errorf("it stands %d times in the audit trail", n)
			}
			if !tc.alone {
				list := a.do(http.MethodGet, "/api/v1/users", "").Body.String()
				if !strings.Contains(list, `"role":"none"`) {
					t.Errorf("the list of users does not say so: %s", list)
				}
			}
			// Once and no more, and a password is no way round it.
			says(t, p.get("/sign-in"), http.StatusForbidden, `role="alert"`, "gives you no access here")
			says(t, elsewhere.post("/sign-in", "name", "anna", "password", password), http.StatusForbidden, "gives you no access here")
			if n := a.timesAudited(account.UserChanged, "role=none"); n != 1 || elsewhere.isIn() {
				t.Errorf("it stands %d times in the audit trail; he is in: %t", n, elsewhere.isIn())
			}

			p.headers.Set("Remote-Groups", "family")
			says(t, p.get("/account"), http.StatusOK, ">anna<", "Member: own")
			if code := asToken(); code != http.StatusOK {
				t.Errorf("with another role his token is answered %d", code)
			}
			if err := invited(); !errors.Is(err, account.ErrNoInvitation) {
				t.Errorf("with another role his invitation works again: %v", err)
			}
			if warned := strings.Contains(a.logged(), "to the last admin who could sign in"); warned != tc.alone {
				t.Errorf("the operator is warned: %t", warned)
			}
		})
	}
}

// timesAudited returns how often an action with this detail stands in the audit trail.
func (a *appliance) timesAudited(action account.Action, detail string) int {
	a.tb.Helper()
	entries, err := a.accounts.Trail(a.asCommand(), 0, 1000, func(e account.Entry) bool { return e.Action == action && e.Detail == detail })
	if err != nil {
		a.tb.Fatal(err)
	}
	return len(entries)
}

// Where nobody need be known, the proxy's word begins no session.
func TestProxyLoginOnPublicRoutes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/healthz": false, "/readyz": false, openAPIPath: false, "/setup": false, "/join": false, "/second-factor": false,
		"/sign-in": true, "/account": true, "/": true, "/recovery-sheet": true, "/applications/x": true,
		"/nothing/here": false, "/sign-out": false, "/api/v1/me": false, "/api/v1/nothing": false,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := withProxyLogin(t).person().behindProxy("anna", "family")
			if p.get(path); (p.session() != "") != want {
				t.Errorf("a session begins: %t", !want)
			}
		})
	}
}
