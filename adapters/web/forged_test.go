package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"cz-visa-monitor/app/account"
)

// prefixes parses networks.
func prefixes(list ...string) (all []netip.Prefix) {
	for _, one := range list {
		all = append(all, netip.MustParsePrefix(one))
	}
	return all
}

// A request is from where its connection is from; only a proxy that is configured
// may say otherwise, and only of the address before its own.
func TestForwardedAddressCountsFromProxiesOnly(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, from, forwarded string
		proxies               []netip.Prefix
		want                  string
	}{
		{"no proxy is known", "127.0.0.1:1", "203.0.113.7", nil, "127.0.0.1"},
		{"private is no proxy", "192.168.1.9:1", "203.0.113.7", prefixes("10.0.0.0/24"), "192.168.1.9"},
		{"loopback is no proxy", "127.0.0.1:1", "203.0.113.7", prefixes("10.0.0.0/24"), "127.0.0.1"},
		{"from the proxy", "10.0.0.1:1", "203.0.113.7", prefixes("10.0.0.0/24"), "203.0.113.7"},
		{"a visitor's own header", "10.0.0.1:1", "198.51.100.1, 203.0.113.7", prefixes("10.0.0.0/24"), "203.0.113.7"},
		{"two proxies", "10.0.0.1:1", "203.0.113.7, 10.0.0.2", prefixes("10.0.0.0/24"), "203.0.113.7"},
		{"nothing from the proxy", "10.0.0.1:1", "", prefixes("10.0.0.0/24"), "10.0.0.1"},
		{"rubbish from the proxy", "10.0.0.1:1", "' OR 1=1", prefixes("10.0.0.0/24"), "10.0.0.1"},
		{"IPv6", "[fd00::1]:1", "2001:db8::7", prefixes("fd00::/64"), "2001:db8::7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := newAppliance(t, func(c *Config) { c.Proxies = tc.proxies })
			p := a.person()
			p.from = tc.from
			if tc.forwarded != "" {
				p.headers.Set("X-Forwarded-For", tc.forwarded)
			}
			p.headers.Set("X-Real-Ip", "198.51.100.99")
			leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "./")
			list, err := a.accounts.Sessions(a.asCommand(), a.admin.ID)
			if err != nil || len(list) != 1 || list[0].Address != tc.want {
				t.Errorf("%v, %v; want one from %s", list, err, tc.want)
			}
		})
	}
}

// A form that another site sends is refused, whatever browser it comes through.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	forms := 0
	for name, headers := range map[string][2]string{
		"another origin": {"Origin", "https://evil.example.net"}, "another port": {"Origin", "http://example.com:8081"}, "no origin": {"Origin", "null"},
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a neighbour": {"Sec-Fetch-Site", "same-site"}, "rubbish": {"Origin", "::"},
	} {
		a.everyRoute(func(method, pattern, path string) {
			if method == http.MethodGet || method == http.MethodHead {
				return
			}
			forms++
			q := &person{appliance: a, from: p.from, cookies: p.cookies, headers: http.Header{"Accept": {"text/html"}, headers[0]: {headers[1]}}}
			if w := q.send(method, path, ""); w.Code != http.StatusForbidden {
				t.Errorf("%s: %s %s answers %d", name, method, pattern, w.Code)
			}
		})
	}
	if forms < 60 || !p.isIn() {
		t.Errorf("%d forms were sent, signed in: %t", forms, p.isIn())
	}
	for _, headers := range [][2]string{{"Origin", "http://example.com"}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}} {
		p.headers.Set(headers[0], headers[1])
		says(t, p.post("/account", "do", "language", "language", "en"), http.StatusOK, "Saved.")
		p.headers.Del(headers[0])
	}
}

// Ten thousand tries from a hundred addresses: what is right stays right, and the
// audit trail keeps what it is for.
func TestThousandsOfTries(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	codes := map[int]int{}
	for i := range 10_000 {
		p := a.person()
		p.from = fmt.Sprintf("198.51.100.%d:%d", i%100, 1024+i)
		codes[p.post("/sign-in", "name", fmt.Sprintf("user%d", i), "password", "wrong").Code]++
	}
	if codes[http.StatusForbidden]+codes[http.StatusTooManyRequests] != 10_000 || codes[http.StatusForbidden] < 100 || codes[http.StatusForbidden] > 500 {
		t.Errorf("the answers: %v", codes)
	}
	p := a.person()
	leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "./")
	for action, most := range map[account.Action]int{account.SignInFailed: 200, account.SignInBlocked: 25} {
		entries, err := a.accounts.Trail(a.asCommand(), 0, 1000, func(e account.Entry) bool { return e.Action == action })
		if err != nil || len(entries) > most || action == account.SignInFailed && len(entries) < 100 {
			t.Errorf("%d entries %s in the audit trail, %v; want at most %d", len(entries), action, err, most)
		}
	}
}

// A proxy that asks for a password of its own passes that on; it is no token, and
// keeps nobody out.
func TestPasswordOfAProxyIsNoToken(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	p.headers.Set("Authorization", "Basic YW5uYTp4")
	if !p.isIn() {
		t.Error("the session does not count")
	}
	p.headers.Set("Authorization", "Bearer czvm_wrong")
	if w := p.get("/account"); w.Code != http.StatusUnauthorized {
		t.Errorf("a wrong token beside a session: %d", w.Code)
	}
}

func FuzzCookie(f *testing.F) {
	a := newAppliance(f, nil)
	in := a.signedIn("admin").session()
	for _, seed := range []string{
		"", "czvm_session=", "czvm_session=czvs_", "czvm_session=" + in[:len(in)-1], "czvm_session=" + strings.ToUpper(in), "czvm_session=" + in[:5] + strings.Repeat("a", 52),
		"czvm_session=\"" + in[:20] + "\"", "czvm_session=x; czvm_session=y", "czvm_session=\x00", "czvm_session=" + strings.Repeat("a", 10000), "czvm_pending=czvp_x; czvm_login=y", ";;;=", "czvm_session",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		if strings.Contains(cookie, in) {
			return // The real one.
		}
		send := func(method, path string) int {
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			a.server.Handler().ServeHTTP(w, r)
			return w.Code
		}
		if got := send("GET", "/account"); got != http.StatusSeeOther {
			t.Errorf("/account answers %d to the cookie %q", got, cookie)
		}
		if got := send("GET", "/api/v1/me"); got != http.StatusUnauthorized && got != http.StatusTooManyRequests {
			t.Errorf("/api/v1/me answers %d to the cookie %q", got, cookie)
		}
		if got := send("POST", "/second-factor"); got != http.StatusForbidden {
			t.Errorf("/second-factor answers %d to the cookie %q", got, cookie)
		}
	})
}
