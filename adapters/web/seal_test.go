package web

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/adapters/oidc/oidctest"
	"cz-visa-monitor/app/account"
)

// service is another service that sends everybody back at once.
type service struct{ who account.Identity }

func (s service) Begin(context.Context, bool) (string, []byte, error) {
	return "https://service.example.com/", []byte("secret state"), nil
}

func (s service) Finish(_ context.Context, state []byte, _ url.Values) (account.Identity, error) {
	if string(state) != "secret state" {
		return account.Identity{}, fmt.Errorf("the state is %q", state)
	}
	return s.who, nil
}

func withService(t *testing.T) *appliance {
	t.Helper()
	return newAppliance(t, func(c *Config) {
		c.External = service{account.Identity{Issuer: "https://service.example.com", Subject: "s", Name: "anna", Groups: []string{"family"}}}
		c.ExternalName, c.RoleFor = "X", roleFor(t, "family=member")
	})
}

// begun returns somebody whose sign-in at the other service has begun.
func (a *appliance) begun() *person {
	a.tb.Helper()
	p := a.person()
	leadsTo(a.tb, p.get("/external"), "https://service.example.com/")
	return p
}

// A stranger who begins thousands of sign-ins keeps nobody out: they are kept in the
// browsers, for ten minutes.
func TestExternalSignInsAreKeptByBrowsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := withService(t)
		first, late, early := a.begun(), a.begun(), a.begun()
		for range 3000 {
			a.person().get("/external")
		}
		ck := *first.cookies[loginCookie]
		if len(ck.Value) > 1024 || strings.Contains(unsealed(ck.Value), "secret") {
			t.Errorf("the cookie %s holds %d bytes, and what is in it can be read", ck.Value, len(ck.Value))
		}
		time.Sleep(loginLasts - time.Second)
		leadsTo(t, first.get("/external-back?code=x"), "./")
		if first.cookies[loginCookie] != nil || !first.isIn() {
			t.Error("what belongs to the sign-in is left in the browser, or he is not in")
		}
		time.Sleep(time.Second)
		says(t, late.get("/external-back?code=x"), http.StatusForbidden, "This took too long.")
		says(t, early.get("/external-back?code=x"), http.StatusForbidden, "This took too long.")
		leadsTo(t, a.begun().get("/external-back?code=x"), "./")
	})
}

// unsealed returns what a cookie holds for who cannot open it.
func unsealed(value string) string {
	plain, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return err.Error()
	}
	return string(plain)
}

// Nothing but what the appliance itself closed, for this purpose, opens.
func TestSealedSignInCannotBeForged(t *testing.T) {
	t.Parallel()
	a, other := withService(t), withService(t)
	fine := a.begun().cookies[loginCookie].Value
	l, ok := a.server.logins.openLogin(fine, time.Now())
	if !ok || l.Confirm || string(l.State) != "secret state" {
		t.Fatalf("%+v, %t", l, ok)
	}
	closed := func(s seal, l login) string {
		value, err := s.closeLogin(l)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	flipped := func(at int) string {
		raw := []byte(unsealed(fine))
		raw[(at+len(raw))%len(raw)] ^= 1
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	now := time.Now()
	for name, value := range map[string]string{
		"none":                    "",
		"no base64":               "***",
		"too short":               "AAAA",
		"cut off":                 fine[:len(fine)-4],
		"made longer":             fine + "AAAA",
		"another nonce":           flipped(0),
		"another text":            flipped(30),
		"another tag":             flipped(-1),
		"another key":             other.begun().cookies[loginCookie].Value,
		"another key, same state": closed(other.server.logins, l),
		"another cookie's":        a.server.logins.close(sessionCookie, []byte(`{"state":"c2VjcmV0IHN0YXRl","until":"`+now.Add(time.Minute).UTC().Format(time.RFC3339)+`"}`)),
		"no login":                a.server.logins.close(loginCookie, []byte(`[]`)),
		"expired":                 closed(a.server.logins, login{State: l.State, Until: now.Add(-time.Second)}),
		"of a clock set back":     closed(a.server.logins, login{State: l.State, Until: now.Add(loginLasts + time.Hour)}),
		"without an end":          closed(a.server.logins, login{State: l.State}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := a.person()
			p.cookies[loginCookie] = &http.Cookie{Name: loginCookie, Value: value}
			says(t, p.get("/external-back?code=x"), http.StatusForbidden, `role="alert"`, "This took too long.")
			if p.isIn() {
				t.Error("he is in")
			}
		})
	}
}

// The cookie is the browser's own: with that of another, an answer proves nothing,
// and a copy of one that was used brings no second session.
func TestSealedSignInsAreNotSwapped(t *testing.T) {
	t.Parallel()
	a, _ := withProvider(t, oidctest.Authelia())
	p, q := a.person(), a.person()
	mine, theirs := p.goThrough(), q.goThrough()
	kept := p.cookies[loginCookie]
	p.cookies[loginCookie], q.cookies[loginCookie] = q.cookies[loginCookie], kept
	for one, back := range map[*person]string{p: mine, q: theirs} {
		says(t, one.get(back), http.StatusForbidden, "could not be proven")
		if one.isIn() {
			t.Error("he is in")
		}
	}
	p.cookies[loginCookie] = kept
	leadsTo(t, p.get(mine), "./")
	thief := a.person()
	thief.cookies[loginCookie] = kept
	says(t, thief.get(mine), http.StatusForbidden, "could not be proven")
	if thief.isIn() {
		t.Error("a used sign-in can be used again")
	}
}

func FuzzSealedSignIn(f *testing.F) {
	s, err := newSeal()
	if err != nil {
		f.Fatal(err)
	}
	now := time.Now()
	fine, err := s.closeLogin(login{State: []byte("s"), Until: now.Add(time.Minute)})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "A", fine, fine[1:], fine + "=", strings.Repeat("A", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if _, ok := s.openLogin(value, now); ok && value != fine {
			t.Errorf("%q opens", value)
		}
	})
}
