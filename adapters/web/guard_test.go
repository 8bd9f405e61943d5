package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/watch"
)

// everyRoute yields every route with a path that it matches.
func (a *appliance) everyRoute(yield func(method, pattern, path string)) {
	for _, r := range a.server.echo.Routes() {
		words := strings.Split(r.Path, "/")
		for i, w := range words {
			if strings.HasPrefix(w, ":") {
				words[i] = "x"
			}
		}
		yield(r.Method, r.Path, strings.Join(words, "/"))
	}
}

// isOpen says which routes ask for no account: a list of its own, so that opening
// another one is noticed.
func isOpen(pattern string) bool {
	switch pattern {
	case "/sign-in", "/second-factor", "/external", "/external-back", "/setup", "/join", "/share", "/assets/:version/:name", "/help", "/help/:topic", "/manifest.webmanifest", "/worker.js", "/offline":
		return true
	}
	return isPublic(pattern)
}

func TestEveryRouteAsksForAToken(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for _, tc := range []struct{ name, authorization string }{
		{"none", ""},
		{"another scheme", "Basic " + a.token},
		{"no scheme", a.token},
		{"empty", "Bearer "},
		{"wrong", "Bearer czvm_wrong"},
		{"cut short", "Bearer " + a.token[:len(a.token)-1]},
		{"in upper case", "Bearer " + strings.ToUpper(a.token)},
	} {
		seen := 0
		a.everyRoute(func(method, pattern, path string) {
			if isOpen(pattern) {
				return
			}
			seen++
			a.server.guard = newGuard() // Another test asks about the limit.
			w := a.do(method, path, "", "Authorization", tc.authorization)
			if page := !strings.HasPrefix(pattern, apiPath); page && !strings.HasPrefix(tc.authorization, "Bearer") {
				// The page itself, however far down: another would lead on to itself, for ever.
				at, err := url.Parse(path)
				if err != nil {
					t.Fatal(err)
				}
				to, err := at.Parse(w.Header().Get("Location"))
				if err != nil || w.Code != http.StatusSeeOther || to.Path != signInPath {
					t.Errorf("token %s: %s %s answers %d and leads to %v, %v", tc.name, method, pattern, w.Code, to, err)
				}
				return
			}
			if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("token %s: %s %s answers %d", tc.name, method, pattern, w.Code)
			}
		})
		if seen < 20 {
			t.Fatalf("only %d routes ask for a token", seen)
		}
	}
	for _, path := range []string{"/api/v1/applications", "/api/v1//applications", "//api/v1/applications", "/api/v1/applications/", "/api/v1/./applications", "/API/v1/applications"} {
		if w := a.do("GET", path, "", "Authorization", ""); w.Code < 400 {
			t.Errorf("%s answers %d without a token", path, w.Code)
		}
	}
	if w := a.do("GET", "/api/v1/applications", "", "Authorization", "bearer  "+a.token); w.Code != http.StatusOK {
		t.Errorf("the scheme in lower case is refused: %d", w.Code)
	}
}

func TestWrongTokensAreLimited(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	var got []int
	for range maxWrong + 2 {
		got = append(got, a.do("GET", "/api/v1/source", "", "Authorization", "Bearer wrong").Code)
	}
	for i, code := range got {
		want := http.StatusUnauthorized
		if i >= maxWrong {
			want = http.StatusTooManyRequests
		}
		if code != want {
			t.Errorf("wrong token number %d: %d, want %d", i+1, code, want)
		}
	}
	if w := a.do("GET", "/api/v1/source", "", "Authorization", "Bearer wrong"); w.Header().Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	if w := a.do("GET", "/api/v1/source", ""); w.Code != http.StatusOK {
		t.Errorf("the right token is locked out: %d", w.Code)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tire := func(g *guard, address string, at time.Time) (wait time.Duration) {
		for range maxWrong + 1 {
			wait = g.wrong(address, at)
		}
		return wait
	}
	t.Run("a minute is enough", func(t *testing.T) {
		t.Parallel()
		g := newGuard()
		if got := tire(g, "192.0.2.1", start); got != time.Minute {
			t.Errorf("wait %s, want a minute", got)
		}
		if got := g.wrong("192.0.2.1", start.Add(20*time.Second)); got != 40*time.Second {
			t.Errorf("wait %s, want what is left of the minute", got)
		}
		if got := g.wrong("192.0.2.1", start.Add(time.Minute)); got != 0 {
			t.Errorf("after a minute: wait %s", got)
		}
	})
	t.Run("others are not concerned", func(t *testing.T) {
		t.Parallel()
		g := newGuard()
		tire(g, "192.0.2.1", start)
		tire(g, "2001:db8:1:2::1", start)
		for address, limited := range map[string]bool{
			"192.0.2.2": false, "::ffff:192.0.2.1": true, "2001:db8:1:2:ffff::9": true, "2001:db8:1:3::1": false,
		} {
			if got := g.wrong(address, start) > 0; got != limited {
				t.Errorf("%s: limited %t, want %t", address, got, limited)
			}
		}
	})
	t.Run("memory is bounded", func(t *testing.T) {
		t.Parallel()
		g := newGuard()
		limited := 0
		for i := range 3 * maxAddresses {
			if g.wrong(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), start) > 0 {
				limited++
			}
		}
		if len(g.tries) > maxAddresses+1 {
			t.Errorf("%d addresses are kept", len(g.tries))
		}
		if limited != 2*maxAddresses-maxWrong {
			t.Errorf("%d tries were limited once there was no room", limited)
		}
		if got := g.wrong("192.0.2.1", start.Add(time.Hour)); got != 0 || len(g.tries) > 1 {
			t.Errorf("an hour later: wait %s, %d addresses are kept", got, len(g.tries))
		}
	})
}

func TestEveryAnswerIsHardened(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.Running = func() bool { panic("a fault") } })
	want := map[string]string{
		"Content-Security-Policy":      contentPolicy,
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Access-Control-Allow-Origin":  "",
		"Set-Cookie":                   "",
	}
	check := func(method, path string, headers ...string) {
		w := a.do(method, path, "", append(headers, "Origin", "http://example.com")...)
		got := map[string]string{}
		for name := range want {
			got[name] = w.Header().Get(name)
		}
		if strings.HasSuffix(got["Set-Cookie"], "; HttpOnly; SameSite=Lax") {
			got["Set-Cookie"] = "" // Out of reach of scripts and other sites.
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s (%d): -want +got\n%s", method, path, w.Code, diff)
		}
		if c := w.Header().Get("Cache-Control"); strings.HasPrefix(path, "/api/") && path != openAPIPath && c != "no-store" {
			t.Errorf("%s %s: Cache-Control %q", method, path, c)
		}
		if w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s %s has no request ID", method, path)
		}
	}
	a.hub.Close() // A stream would not end.
	a.everyRoute(func(method, _, path string) {
		check(method, path)
		check(method, path, "Authorization", "")
	})
	check("GET", "/nothing")
	check("OPTIONS", "/api/v1/applications", "Access-Control-Request-Method", "POST")
	if w := a.do("GET", "/readyz", ""); w.Code != http.StatusInternalServerError {
		t.Errorf("a panic answers %d", w.Code)
	}
}

func TestLogTellsNothingOfPeople(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	app := a.watch(anna, "Anna Karenina")
	c := a.channel("Phone")
	for _, path := range []string{"/api/v1/applications?q=Karenina", "/api/v1/applications/" + string(app.ID), "/api/v1/applications/" + anna, "/" + anna, "/api/v1/channels/" + c.ID} {
		a.do("GET", path, "")
	}
	a.do("POST", "/api/v1/applications", `{"reference":"`+anna+`x","label":"Karenina"}`)
	a.do("POST", "/api/v1/applications", `{"reference":"`+anna+`"}`)
	a.do(anna, "/", "")
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	a.do("GET", "/api/v1/applications?q=Karenina", "")
	log := a.logged()
	for _, word := range []string{anna, "Karenina", a.token, secret, "czvm_", "q="} {
		if strings.Contains(log, word) {
			t.Errorf("the log holds %q:\n%s", word, log)
		}
	}
	if n := strings.Count(log, "cannot answer a request"); n != 1 {
		t.Errorf("an internal error was logged %d times", n)
	}
	for _, want := range []string{`"route":"/api/v1/applications/:id"`, `"route":"none"`, `"method":"other"`, `"status":500`, `"request_id":"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
}

func TestRetryAfterIsInWholeSeconds(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	w := httptest.NewRecorder()
	c := a.server.echo.NewContext(httptest.NewRequest(http.MethodGet, "/", nil), w)
	a.server.writeError(fmt.Errorf("check: %w", &watch.QuotaError{RetryAfter: 90*time.Second + time.Millisecond}), c)
	if got := w.Header().Get(echo.HeaderRetryAfter); got != "91" || w.Code != http.StatusTooManyRequests {
		t.Errorf("%d, Retry-After %q; want 429, 91", w.Code, got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	if err == nil || !strings.Contains(err.Error(), "Watching is missing") || !strings.Contains(err.Error(), "Logger is missing") {
		t.Errorf("an empty Config gives %v", err)
	}
	for base, fine := range map[string]bool{
		"": true, "https://visa.example.com": true, "http://example.com:8080/visa/": true,
		"visa.example.com": false, "ftp://example.com": false, "https://": false, "://": false,
	} {
		if err := (&Server{origin: http.NewCrossOriginProtection()}).trust(base); (err == nil) != fine {
			t.Errorf("base URL %q: %v", base, err)
		}
	}
}

// The page is served under the address people know, whatever the proxy says.
func TestConfiguredOriginMayWrite(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.BaseURL = "https://visa.example.org/under" })
	r := []string{"Origin", "https://visa.example.org"}
	if w := a.do("POST", "/api/v1/applications", `{"reference":"`+anna+`"}`, r...); w.Code != http.StatusCreated {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	// defect S7: no link is made from the Host header.
	w := a.do("GET", "/", "", "Host", "evil.example.com", "X-Forwarded-Host", "evil.example.com")
	if strings.Contains(w.Body.String(), "evil") || strings.Contains(w.Body.String(), "visa.example.org") {
		t.Error("the page holds a host")
	}
}

// A route that is there twice is one of which somebody changes the wrong one.
func TestRoutesAreThereOnce(t *testing.T) {
	t.Parallel()
	s := newAppliance(t, nil).server
	count := map[string]int{}
	s.echo = echo.New()
	s.echo.OnAddRouteHandler = func(_ string, r echo.Route, _ echo.HandlerFunc, _ []echo.MiddlewareFunc) {
		count[r.Method+" "+r.Path]++
	}
	s.routes()
	for name, n := range count {
		if n != 1 {
			t.Errorf("%s is registered %d times", name, n)
		}
	}
	if count["GET /api/v1/me"] == 0 {
		t.Errorf("the routes are not seen: %v", count)
	}
}
