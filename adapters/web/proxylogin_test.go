package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/app/account"
)

// withProxyLogin returns an appliance that takes the word of a proxy at 10.0.0.1.
func withProxyLogin(t *testing.T) *appliance {
	t.Helper()
	login := oidc.ProxyLogin{Trusted: prefixes("10.0.0.1/32"), UserHeader: "Remote-User", GroupsHeader: "Remote-Groups"}
	return newAppliance(t, func(c *Config) {
		c.Proxies, c.RoleFor = prefixes("10.0.0.1/32"), roleFor(t, "family=member, visa-admins=admin")
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

// A stream asks now and then whether its session holds still, and begins no other.
func TestStreamBeginsNoSessions(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/events", http.NoBody)
	r.RemoteAddr, r.Header = "10.0.0.1:40000", a.person().behindProxy("anna", "family").headers
	c := a.server.echo.NewContext(r, httptest.NewRecorder())
	c.SetPath("/api/v1/events")
	p, err := a.server.identify(c)
	sub, err2 := a.hub.subscribe(subscriber{user: p.User.ID, sees: p.Owners()})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	goesOn := func() bool {
		tick := make(chan time.Time, 1)
		tick <- time.Now()
		_, ok := a.server.nextEvent(c, sub, tick)
		return ok
	}
	for range 3 {
		if !goesOn() {
			t.Fatal("the stream ends")
		}
	}
	if n := a.sessionsOf(p.User.ID); n != 1 {
		t.Errorf("there are %d sessions", n)
	}
	if _, err := a.store.EndSessions(t.Context(), p.User.ID, func(account.Session) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if goesOn() || a.sessionsOf(p.User.ID) != 0 {
		t.Error("the stream goes on without its session, or has begun another")
	}
}

// The role follows the groups with the next request, not with the next sign-in.
func TestProxyLoginFollowsGroups(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, before, after string
		// alone: nobody else runs the appliance.
		alone bool
		// want is what his account says then, "" if he is not let in.
		want string
		// anew: his session is another.
		anew bool
	}{
		{"as before", "visa-admins", "visa-admins", false, "Admin: runs", false},
		{"another group, the same role", "family", "family,friends", false, "Member: own", false},
		{"demoted", "visa-admins", "family", false, "Member: own", true},
		{"promoted", "family", "visa-admins", false, "Admin: runs", true},
		{"no role", "visa-admins", "friends", false, "", false},
		{"no role, though nobody else runs it", "visa-admins", "friends", true, "", false},
		{"demoted, though nobody else runs it", "visa-admins", "family", true, "Admin: runs", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := withProxyLogin(t)
			p := a.person().behindProxy("anna", tc.before)
			says(t, p.get("/account"), http.StatusOK, ">anna<")
			if member := account.Member; tc.alone {
				if _, _, err := a.accounts.EditUser(a.asCommand(), a.admin.ID, account.UserEdit{Role: &member}); err != nil {
					t.Fatal(err)
				}
			}
			before := p.session()
			p.headers.Set("Remote-Groups", tc.after)
			if tc.want == "" {
				leadsTo(t, p.get("/account"), "./sign-in")
				return
			}
			says(t, p.get("/account"), http.StatusOK, ">anna<", tc.want)
			says(t, p.get("/account"), http.StatusOK, ">anna<", tc.want)
			u, err := a.accounts.UserNamed(a.asCommand(), "anna")
			if err != nil {
				t.Fatal(err)
			}
			if n := a.sessionsOf(u.ID); n != 1 || (p.session() != before) != tc.anew {
				t.Errorf("there are %d sessions, another one goes on: %t", n, p.session() != before)
			}
		})
	}
}

// Where nobody need be known, the proxy's word begins no session.
func TestProxyLoginOnPublicRoutes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/healthz": false, "/readyz": false, openAPIPath: false, "/setup": false, "/join": false, "/second-factor": false,
		"/sign-in": true, "/account": true,
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
