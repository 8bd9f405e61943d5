package web

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
)

// defect S1: no spelling of a path leads to a file.
func TestS1PathsLeadToNoFile(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	s := httptest.NewServer(a.server.Handler())
	t.Cleanup(s.Close)
	cookie := sessionCookie + "=" + a.signedIn("admin").session()
	get := func(target string) (int, string) {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: appliance.example.com\r\nCookie: %s\r\nConnection: close\r\n\r\n", target, cookie)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("GET %s: %v", target, err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	assets := "/assets/" + a.server.assets.version + "/"
	if code, _ := get(assets + "app.css"); code != http.StatusOK {
		t.Fatalf("an asset answers %d", code)
	}
	ways := []string{
		"../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cetc%5cpasswd", "....//....//etc/passwd",
		"%252e%252e%252fetc%252fpasswd", "/etc/passwd", "%2fetc%2fpasswd", "app.css/../../../page.go", "app.css%00.svg", "%00", ".", "..", "..%2fpages%2faccount.html",
		"..%2findex.html", "~root/.profile", "file:%2f%2f%2fetc%2fpasswd", "%c0%ae%c0%ae%c0%afetc%c0%afpasswd", ".env", ".git%2fconfig",
	}
	targets := []string{"/.env", "/logs/email_operations.log", "/status.json", "/config/", "/ui/index.html", "//etc/passwd", "http://evil.example.com/etc/passwd"}
	for _, way := range ways {
		targets = append(targets, "/"+way, "/assets/"+way, assets+way, "/assets/"+way+"/app.css")
	}
	a.everyRoute(func(method, pattern, path string) {
		if method != http.MethodGet || !strings.Contains(pattern, ":") {
			return
		}
		for _, way := range ways {
			targets = append(targets, strings.ReplaceAll(path, "/x", "/"+way))
		}
	})
	for _, target := range targets {
		code, body := get(target)
		if code < 300 || code >= 500 || strings.Contains(body, "root:") || strings.Contains(body, "{{") || strings.Contains(body, "package web") {
			t.Errorf("GET %s answers %d: %.200s", target, code, body)
		}
	}
}

// defect S4: a new connection for each try is no way round the limit, and neither is an
// address that somebody makes up.
func TestS4LimitHoldsForAllConnections(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	s := httptest.NewServer(a.server.Handler())
	t.Cleanup(s.Close)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	refused := 0
	for i := range 20 {
		form := url.Values{"name": {"admin"}, "password": {"wrong"}}.Encode()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/sign-in", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip"} {
			r.Header.Set(name, fmt.Sprintf("203.0.113.%d", i))
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 15 {
		t.Errorf("only %d of 20 tries were refused", refused)
	}
}

// defect S5: what a form hides, bounds or leaves out is checked here all the same.
func TestS5NoCheckOfTheBrowserIsTrusted(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.user("viewer", account.Viewer)
	code := a.invited(account.Viewer)
	for name, fields := range map[string][]string{
		"a name that is too long":    {"name", strings.Repeat("x", 65), "fresh", password},
		"a name that cannot be seen": {"name", "\u200b\u202e", "fresh", password},
		"a name of two lines":        {"name", "a\nb", "fresh", password},
		"a short password":           {"name", "boris", "fresh", "123"},
	} {
		w := a.person().post("/join", append(fields, "code", code, "step", "account")...)
		if w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	viewer := a.signedIn("viewer")
	ours := a.sessionIDs(a.admin.ID)
	for _, fields := range [][]string{
		{"do", "role", "role", "admin"},
		{"do", "session-end", "session", "x"},
		{"do", "session-end", "session", strings.Join(ours, "")},
		{"do", "sessions-end", "user", a.admin.ID},
		{"do", "language", "language", "en", "role", "admin", "user", a.admin.ID},
	} {
		viewer.post("/account", fields...)
	}
	u, err := a.accounts.UserNamed(a.asCommand(), "viewer")
	if err != nil || u.Role != account.Viewer {
		t.Errorf("the viewer is now %s, %v", u.Role, err)
	}
}

// defect S7: nothing is made of the host that a request names.
func TestS7NoLinkComesFromTheRequest(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "https://visa.example.org/under"} {
		a := newAppliance(t, func(c *Config) { c.BaseURL = base })
		id := string(a.watch(anna, "Anna").ID)
		p := a.person()
		for _, name := range []string{"Host", "X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Prefix"} {
			p.headers.Set(name, "evil.example.net")
		}
		p.headers.Set("Forwarded", "host=evil.example.net;proto=https")
		see := func(what string, w *httptest.ResponseRecorder) {
			for name, values := range w.Header() {
				if strings.Contains(strings.Join(values, " "), "example.net") {
					t.Errorf("%s: the header %s is %q", what, name, values)
				}
			}
			if strings.Contains(w.Body.String(), "example.net") {
				t.Errorf("%s: the page names the host:\n%s", what, w.Body)
			}
			if to := w.Header().Get("Location"); strings.HasPrefix(to, "/") || strings.Contains(to, ":") {
				t.Errorf("%s leads to %s", what, to)
			}
			for _, ck := range w.Result().Cookies() {
				if ck.Domain != "" {
					t.Errorf("%s: the cookie %s is for %s", what, ck.Name, ck.Domain)
				}
			}
		}
		see("sign in", p.post("/sign-in", "name", "admin", "password", password, "application", id))
		a.hub.Close()
		a.everyRoute(func(method, pattern, path string) {
			if method == http.MethodGet {
				see(pattern, p.get(path))
			}
		})
		see("a deep link", p.get("/applications/"+id))
		see("sign out", p.post("/sign-out"))
		see("a deep link", p.get("/applications/"+id))
	}
}

// defect S8: nothing changes by looking: the file of the store is the same to the bit.
func TestS8LookingChangesNothing(t *testing.T) {
	t.Parallel()
	a := newScene(t).appliance
	code := a.invited(account.Member)
	p := a.signedIn("admin")
	a.do("GET", "/api/v1/source", "") // That the token is used is stored once an hour.
	a.hub.Close()
	before := a.state()
	var paths []string
	a.everyRoute(func(method, pattern, _ string) {
		if method != http.MethodGet && method != http.MethodHead || strings.HasSuffix(pattern, "/export") {
			return // That somebody took an export away is noted, and nothing else.
		}
		ids := []string{"x"}
		if strings.Contains(pattern, ":id") {
			for _, kind := range []string{"applications", "channels", "deliveries"} {
				ids = append(ids, a.ids(kind)...)
			}
		}
		for _, id := range ids {
			words := strings.NewReplacer(":id", id, ":version", a.server.assets.version, ":name", "app.js").Replace(pattern)
			paths = append(paths, words)
		}
	})
	if len(paths) < 40 {
		t.Fatalf("only %d paths", len(paths))
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			// As a page might be linked to, with whatever a form would send.
			query := "?do=sessions-end&step=confirm&end=" + recoveryKey[len(recoveryKey)-8:] + "&code=" + code + "&name=admin&password=" + url.QueryEscape(password)
			p.send(method, path+query, "")
			a.do(method, path, "")
			if now := a.state(); now != before {
				t.Fatalf("%s %s has changed the store", method, path)
			}
		}
	}
	if a.keys.shown != 0 || !a.keys.confirmed.IsZero() || !p.isIn() || a.woken.Load() != 0 {
		t.Error("something was done by looking")
	}
}

// state returns what the store holds, as a hash of its file.
func (a *appliance) state() [sha256.Size]byte {
	a.tb.Helper()
	files, err := filepath.Glob(filepath.Join(a.dir, "*.db"))
	if err != nil || len(files) != 1 {
		a.tb.Fatalf("the store is in %q: %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		a.tb.Fatal(err)
	}
	return sha256.Sum256(data)
}

// ids returns the IDs in a list of the API.
func (a *appliance) ids(kind string) (ids []string) {
	a.tb.Helper()
	lists := read[map[string]any](a.tb, a.do("GET", "/api/v1/"+kind, ""), http.StatusOK)
	list, _ := lists[kind].([]any)
	for _, one := range list {
		if m, ok := one.(map[string]any); ok {
			id, _ := m["id"].(string)
			ids = append(ids, id)
		}
	}
	return ids
}

// defect S10: the cookies are out of reach of scripts, of other sites and, where there is
// TLS, of whoever listens.
func TestS10Cookies(t *testing.T) {
	t.Parallel()
	proxy := "10.0.0.1:40000"
	for _, tc := range []struct {
		name, base, from, proto string
		secure                  bool
		path, host              string
	}{
		{"TLS by the proxy, which names the machine", "https://visa.example.org/", proxy, "https", true, "/", "192.168.1.7:8080"},
		{"past the proxy to the machine", "https://visa.example.org/", "192.0.2.1:1", "", false, "/", "192.168.1.7:8080"},
		{"past the proxy, version 6", "https://visa.example.org/", "[fd00::2]:1", "", false, "/", "[fd00::1]:8080"},
		{"past the proxy, on the machine", "https://visa.example.org/", "127.0.0.1:1", "", false, "/", "localhost:8080"},
		{"another name", "https://visa.example.org/", "192.0.2.1:1", "", true, "/", "visa.lan"},
		{"TLS at the machine", "https://192.168.1.7:8443/", "192.0.2.1:1", "", true, "/", "192.168.1.7:8443"},
		{"plain", "", proxy, "", false, "/", "visa.example.org"},
		{"plain at an address", "http://visa.example.org/under/", proxy, "", false, "/under/", "visa.example.org"},
		{"TLS at the address", "https://visa.example.org/under", "192.0.2.1:1", "", true, "/under/", "visa.example.org"},
		{"TLS at a proxy", "", proxy, "https", true, "/", "visa.example.org"},
		{"no TLS at a proxy", "", proxy, "http", false, "/", "visa.example.org"},
		{"somebody says so", "", "192.0.2.1:1", "https", false, "/", "visa.example.org"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := newAppliance(t, func(c *Config) { c.BaseURL, c.Proxies = tc.base, prefixes("10.0.0.0/24") })
			p := a.person()
			p.from = tc.from
			p.headers.Set("Host", tc.host)
			p.headers.Set("X-Forwarded-Proto", tc.proto)
			leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "./")
			got := *p.cookies[sessionCookie]
			got.Value, got.Raw = "", ""
			want := http.Cookie{
				Name: sessionCookie, Path: tc.path, MaxAge: int(account.SessionIdle.Seconds()),
				Secure: tc.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// defect S10: no secret is in anything that the API says.
func TestS10NoSecretIsSaid(t *testing.T) {
	t.Parallel()
	a := newScene(t).appliance
	p := a.signedIn("admin")
	shared, recovery := withSecond(t, p)
	code := a.invited(account.Member)
	u, err := a.store.User(t.Context(), a.admin.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.hub.Close()
	secrets := append([]string{p.session(), a.token, shared, code, password, u.Password, "$argon2", secret, recoveryKey[16:30]}, recovery...)
	p.headers.Set("Accept", "application/json")
	a.everyRoute(func(method, pattern, path string) {
		if method != http.MethodGet || pattern == openAPIPath {
			return
		}
		body := p.get(path).Body.String()
		for i, word := range secrets {
			if strings.Contains(body, word) {
				t.Errorf("%s tells secret number %d", pattern, i)
			}
		}
	})
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	log := a.logged()
	for i, word := range secrets {
		if strings.Contains(log, word) {
			t.Errorf("the log tells secret number %d", i)
		}
	}
}

// defect S11: what somebody calls himself is text.
func TestS11MarkupIsText(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	const odd = `"><img src=x onerror=alert(1)><b>'&amp;{{.}}`
	code := a.invited(account.Member)
	p := a.person()
	p.headers.Set("User-Agent", odd)
	leadsTo(t, p.post("/join", "code", code, "step", "account", "name", odd, "fresh", password), "start")
	for what, w := range map[string]*httptest.ResponseRecorder{
		"account": p.get("/account"), "sign-in": a.person().post("/sign-in", "name", odd), "setup": bareAppliance(t, nil).person().post("/setup", "code", odd, "name", odd),
		"join": a.person().post("/join", "code", a.invited(account.Member), "step", "account", "name", odd, "fresh", "short"), "nothing": p.get("/" + url.PathEscape(odd)),
	} {
		body := w.Body.String()
		if strings.Contains(body, "<img") || strings.Contains(body, "<b>") || strings.Contains(body, `"&gt;`) {
			t.Errorf("%s takes text for markup:\n%s", what, body)
		}
		if what != "nothing" && !strings.Contains(body, "&lt;img src=x onerror=alert(1)&gt;") {
			t.Errorf("%s does not show the text:\n%s", what, body)
		}
	}
}

// defect S12: no body is read to its end that is too large, and none of another type.
func TestS12BodiesAreBounded(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	app := a.watch(anna, "Anna")
	p := a.signedIn("admin")
	seen := 0
	a.everyRoute(func(method, pattern, path string) {
		if method != http.MethodPost || strings.HasPrefix(pattern, apiPath) || pattern == "/sign-out" || pattern == addPath {
			return // Where letters come, its own test sends more.
		}
		seen++
		says(t, p.send(method, path, "name="+strings.Repeat("x", defaultMaxBody)), http.StatusRequestEntityTooLarge, "That was too much at once.")
		for media, body := range map[string]string{
			"application/json": `{"code":1}`, "multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nadmin\r\n--x--\r\n",
			"text/plain": "name=admin", "application/x-www-form-urlencoded; charset=\x00": "name=admin",
		} {
			p.headers["Content-Type"] = []string{media}
			if w := p.send(method, path, body); w.Code != http.StatusUnsupportedMediaType {
				t.Errorf("%s takes %s: %d", pattern, media, w.Code)
			}
		}
		p.headers.Del("Content-Type")
		for _, body := range []string{"%zz=1", "a=%", "code=\xff\xfe&name=\x00", "code[]=1&code[x]=2", "code=1&code=2", strings.Repeat("a=1&", 10000), "a;b=1"} {
			if w := p.send(method, path, body); w.Code >= http.StatusInternalServerError {
				t.Errorf("%s answers %d to %.20q", pattern, w.Code, body)
			}
		}
	})
	if seen < 6 {
		t.Errorf("only %d forms", seen)
	}
	a.doc.operations(t, func(method, path string, op operation) {
		if op.RequestBody.Content == nil || path == apiPath+"/import" || path == apiPath+"/letters" {
			return // Their own tests send more than they may have.
		}
		path = strings.ReplaceAll(path, "{id}", string(app.ID))
		body := `{"label":"` + strings.Repeat("x", defaultMaxBody) + `"}`
		if w := a.do(strings.ToUpper(method), path, body); w.Code != http.StatusRequestEntityTooLarge && w.Code != http.StatusNotFound {
			t.Errorf("%s %s answers %d to a large body", method, path, w.Code)
		}
	})
}
