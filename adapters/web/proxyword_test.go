package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// streaming is a stream that is open.
type streaming struct {
	a   *appliance
	c   echo.Context
	sub chan numbered
}

// streaming opens a stream for p, as a request with his headers and cookies would.
func (a *appliance) streaming(p *person) streaming {
	a.tb.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/events", http.NoBody)
	r.RemoteAddr, r.Header = p.from, p.headers.Clone()
	for _, ck := range p.cookies {
		r.AddCookie(ck)
	}
	c := a.server.echo.NewContext(r, httptest.NewRecorder())
	c.SetPath("/api/v1/events")
	who, err := a.server.identify(c)
	if err != nil {
		a.tb.Fatal(err)
	}
	c.SetRequest(r.WithContext(account.As(r.Context(), who)))
	sub, _, err := a.hub.subscribe(subscriber{user: who.User.ID, sees: who.Owners()})
	if err != nil {
		a.tb.Fatal(err)
	}
	return streaming{a, c, sub}
}

// goesOn reports whether the stream goes on when it next asks.
func (s streaming) goesOn() bool {
	tick := make(chan time.Time, 1)
	tick <- time.Now()
	_, ok := s.a.server.nextEvent(s.c, s.sub, tick)
	return ok
}

// A stream asks now and then whether he who listens may still, and begins nothing.
func TestStreamBeginsNoSessions(t *testing.T) {
	t.Parallel()
	for name, withSession := range map[string]bool{"in a session": true, "by the proxy's word": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := withProxyLogin(t)
			p := a.person().behindProxy("anna", "family")
			says(t, p.get("/account"), http.StatusOK)
			u, sessions := a.named("anna"), 1
			if !withSession {
				p.cookies, sessions = map[string]*http.Cookie{}, 1
			}
			s := a.streaming(p)
			for range 3 {
				if !s.goesOn() {
					t.Fatal("the stream ends")
				}
			}
			if n := a.sessionsOf(u.ID); n != sessions {
				t.Errorf("there are %d sessions", n)
			}
			if _, err := a.store.EndSessions(t.Context(), u.ID, func(account.Session) bool { return true }); err != nil {
				t.Fatal(err)
			}
			if s.goesOn() == withSession {
				t.Errorf("without a session the stream goes on: %t", !withSession)
			}
			yes := true
			if _, _, err := a.accounts.EditUser(a.asCommand(), u.ID, account.UserEdit{Disabled: &yes}); err != nil {
				t.Fatal(err)
			}
			if s.goesOn() || a.sessionsOf(u.ID) != 0 {
				t.Error("the stream goes on, or has begun a session")
			}
		})
	}
}

// The word of a request that is old gives nobody his old role back.
func TestStreamGivesNoRole(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	p := a.person().behindProxy("anna", "visa-admins")
	says(t, p.get("/account"), http.StatusOK)
	p.cookies = map[string]*http.Cookie{}
	s := a.streaming(p)
	p.headers = p.headers.Clone()
	p.headers.Set("Remote-Groups", "friends")
	p.get("/api/v1/me")
	if s.goesOn() || a.named("anna").Role != account.NoRole {
		t.Errorf("the stream goes on, or makes him %s", a.named("anna").Role)
	}
}

// A program without cookies leaves nothing behind, and may do what its owner may
// but for what takes a session.
func TestProxyWordWithoutCookies(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	browser := a.person().behindProxy("anna", "family")
	says(t, browser.get("/account"), http.StatusOK)
	u, trail := a.named("anna"), a.entries()
	ask := func(method, path, body, groups string) *httptest.ResponseRecorder {
		p := a.person().behindProxy("anna", groups)
		if body != "" {
			p.headers.Set("Content-Type", "application/json")
		}
		w := p.send(method, path, body)
		if p.session() != "" {
			t.Errorf("%s %s begins a session", method, path)
		}
		return w
	}
	for range account.MaxSessions + 10 {
		me := read[map[string]any](t, ask(http.MethodGet, "/api/v1/me", "", "family"), http.StatusOK)
		if me["name"] != "anna" || me["scope"] != "admin" || me["may_add"] != true {
			t.Fatalf("he is %v", me)
		}
	}
	if n := a.sessionsOf(u.ID); n != 1 || !browser.isIn() {
		t.Errorf("there are %d sessions; his browser goes on: %t", n, browser.isIn())
	}
	if n := a.entries(); n != trail {
		t.Errorf("asking leaves %d entries in the audit trail", n-trail)
	}
	for _, path := range []string{"/nothing", "/api/v1/nothing", "/healthz", "/readyz", openAPIPath} {
		ask(http.MethodGet, path, "", "family")
	}
	ask(http.MethodPost, "/account", "", "family")
	ask(http.MethodHead, "/", "", "family")
	if n := a.sessionsOf(u.ID); n != 1 {
		t.Errorf("there are %d sessions", n)
	}

	group := ask(http.MethodPost, "/api/v1/groups", `{"name":"ours","kind":"family"}`, "family")
	if group.Code != http.StatusCreated {
		t.Fatalf("%d: %s", group.Code, group.Body)
	}
	entries, err := a.accounts.Trail(a.asCommand(), 0, 1, func(e account.Entry) bool { return e.Action == account.GroupAdded })
	if err != nil || len(entries) != 1 || entries[0].Via != account.ByProxy || entries[0].User != u.ID || entries[0].Key != "" || entries[0].Address != "203.0.113.7" {
		t.Errorf("the audit trail says %+v, %v", entries, err)
	}
	for path, body := range map[string]string{"/api/v1/tokens": `{"name":"x","scope":"read"}`, "/api/v1/erase": `{"what":"user","id":"` + u.ID + `"}`} {
		if w := ask(http.MethodPost, path, body, "family"); w.Code != http.StatusForbidden {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}

	// The role follows, and with it the session of the browser ends.
	me := read[map[string]any](t, ask(http.MethodGet, "/api/v1/me", "", "visa-admins"), http.StatusOK)
	if me["role"] != "admin" || me["may_administer"] != true || a.sessionsOf(u.ID) != 0 || a.timesAudited(account.UserChanged, "role=admin") != 1 {
		t.Errorf("with other groups he is %v", me)
	}
	browser.headers.Set("Remote-Groups", "visa-admins")
	if me := read[map[string]any](t, browser.send(http.MethodGet, "/api/v1/me", ""), http.StatusOK); me["role"] != "admin" || a.sessionsOf(u.ID) != 0 {
		t.Errorf("the page that is open is answered %v, and there are %d sessions", me, a.sessionsOf(u.ID))
	}
	says(t, browser.get("/account"), http.StatusOK, "Admin: runs")
}

// entries returns how many there are in the audit trail.
func (a *appliance) entries() int {
	a.tb.Helper()
	entries, err := a.accounts.Trail(a.asCommand(), 0, 1000, func(account.Entry) bool { return true })
	if err != nil {
		a.tb.Fatal(err)
	}
	return len(entries)
}

// Somebody new becomes a user where he opens a page, and nowhere else.
func TestProxyWordMakesNoUsers(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	p := a.person().behindProxy("anna", "family")
	for range maxWrong + 5 { // It is no guessing.
		w := p.get("/api/v1/me")
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "Open the page in a browser first") {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
	}
	if users, err := a.accounts.Users(a.asCommand()); err != nil || len(users) != 1 {
		t.Errorf("%d users, %v", len(users), err)
	}
	says(t, p.get("/"), http.StatusOK)
	read[map[string]any](t, p.get("/api/v1/me"), http.StatusOK)
}

// Whoever cannot be let in though the proxy vouches for him is told why, and can
// sign in with the password of another account; the log says so, now and then.
func TestProxyVouchesForSomebodyShutOut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, user, groups string
		before             func(*appliance)
		status             int
		want               string
		reason             string
	}{
		{"no role", "cecil", "friends", nil, http.StatusForbidden, "gives you no access here", account.ErrNoRole.Error()},
		{"a role no more", "anna", "friends", nil, http.StatusForbidden, "gives you no access here", account.ErrNoRole.Error()},
		{"a name that is taken", "ADMIN", "visa-admins", nil, http.StatusConflict, "Somebody here has this name already.", account.ErrNameTaken.Error()},
		{"disabled", "anna", "family", func(a *appliance) {
			yes := true
			if _, _, err := a.accounts.EditUser(a.asCommand(), a.named("anna").ID, account.UserEdit{Disabled: &yes}); err != nil {
				a.tb.Fatal(err)
			}
		}, http.StatusForbidden, "gives you no access here", account.ErrWrong.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := withProxyLogin(t)
			says(t, a.person().behindProxy("anna", "family").get("/account"), http.StatusOK)
			if tc.before != nil {
				tc.before(a)
			}
			p := a.person().behindProxy(tc.user, tc.groups)
			leadsTo(t, p.get("/account"), "./sign-in")
			says(t, p.get("/sign-in"), tc.status, `role="alert"`, tc.want, `name="password"`)
			if w := p.get("/api/v1/me"); w.Code != http.StatusUnauthorized || p.session() != "" {
				t.Errorf("the API answers %d", w.Code)
			}
			leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "./")
			for range 2 {
				says(t, p.get("/account"), http.StatusOK, ">admin<")
				leadsTo(t, p.get("/sign-in"), "./")
				if me := read[map[string]any](t, p.get("/api/v1/me"), http.StatusOK); me["name"] != "admin" {
					t.Errorf("the API takes him for %v", me["name"])
				}
			}
			if n := a.timesAudited(account.RequestRefused, string(account.RefusedSession)); n != 0 {
				t.Errorf("%d requests are noted as forged", n)
			}
			if n := strings.Count(a.logged(), "vouches for somebody who cannot be let in"); n != 1 || !strings.Contains(a.logged(), tc.reason) {
				t.Errorf("the log says so %d times:\n%s", n, a.logged())
			}
			for _, word := range []string{"cecil", "anna", "ADMIN"} {
				if strings.Contains(a.logged(), word) {
					t.Errorf("the log holds %q", word)
				}
			}
		})
	}
	t.Run("headers that cannot be believed", func(t *testing.T) {
		t.Parallel()
		a := withProxyLogin(t)
		p := a.person().behindProxy("anna,boris", "family")
		leadsTo(t, p.get("/account"), "./sign-in")
		says(t, p.get("/sign-in"), http.StatusForbidden, `role="alert"`, "does not say clearly who you are")
		leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "./")
		leadsTo(t, p.get("/account"), "./sign-in") // Nobody knows before whom the browser is.
		if !strings.Contains(a.logged(), "without a comma") {
			t.Error("the log does not say why")
		}
	})
}

// Where the appliance itself has trouble, nobody is told that he has not signed in.
func TestProxyLoginHidesNoTrouble(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	p := a.person().behindProxy("anna", "family")
	says(t, p.get("/account"), http.StatusOK)
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	for range maxWrong + 1 {
		for _, q := range []*person{p, a.person().behindProxy("anna", "family")} {
			for _, path := range []string{"/", "/account", "/sign-in", "/api/v1/me"} {
				if w := q.get(path); w.Code != http.StatusInternalServerError {
					t.Fatalf("%s answers %d, and leads to %q", path, w.Code, w.Header().Get("Location"))
				}
			}
		}
	}
	if strings.Contains(a.logged(), "cannot write a refused request") || strings.Contains(a.logged(), "cannot be let in") {
		t.Error("it is noted as a forged cookie, or as somebody's lack of rights")
	}
}

// The header of a proxy counts for nothing from elsewhere, and the operator, who may
// have forgotten an address, is told now and then.
func TestProxyHeaderFromElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := withProxyLogin(t)
		p := a.person().behindProxy("anna", "visa-admins")
		p.from = "10.0.0.2:40000"
		for range 20 {
			leadsTo(t, p.get("/account"), "./sign-in")
			says(t, p.get("/sign-in"), http.StatusOK)
		}
		time.Sleep(warnEvery)
		p.get("/account")
		var lines []string
		for line := range strings.Lines(a.logged()) {
			if strings.Contains(line, "CZVM_PROXIES") {
				lines = append(lines, line)
			}
		}
		if len(lines) != 2 || !strings.Contains(lines[0], "10.0.0.2") || !strings.Contains(lines[0], "Remote-User") || strings.Contains(a.logged(), "anna") {
			t.Errorf("the log says %q", lines)
		}
		a.person().get("/account")
		a.person().behindProxy("anna", "family").get("/account")
		if n := strings.Count(a.logged(), "CZVM_PROXIES"); n != 2 {
			t.Errorf("it warns of honest requests, %d times in all", n)
		}
	})
}
