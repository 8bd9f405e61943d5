package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
)

// waitTime is how long a test waits for something that must happen. It is long,
// because the machine may be busy; nothing waits for it where all is well.
const waitTime = 90 * time.Second

// eventually returns when ok does not complain any more.
func eventually(t testing.TB, what string, ok func() error) {
	t.Helper()
	deadline := time.Now().Add(waitTime)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		<-tick.C
	}
}

// freeAddress returns an address on loopback that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// startReplica runs a replica of the portal until the test ends; it must not
// have been asked anything that the real form would not ask.
func startReplica(t testing.TB, c portaltest.Config) *portaltest.Server {
	t.Helper()
	srv, err := portaltest.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Close()
		for _, p := range srv.Problems() {
			t.Errorf("the replica was asked what the real portal would not be: %s", p)
		}
	})
	return srv
}

// quick is a page that appears at once, for tests that are not about waiting.
func quick() portaltest.Config {
	return portaltest.Config{Page: portaltest.Page{FormDelay: -1}, Latency: 10 * time.Millisecond}
}

// settingsFor returns an environment for an appliance that does in a second
// what takes hours against the real portal.
func settingsFor(t testing.TB, portal, listen string) map[string]string {
	t.Helper()
	env := map[string]string{
		"CZVM_DATA_DIR":            filepath.Join(t.TempDir(), "data"),
		"CZVM_LISTEN":              listen,
		"CZVM_BASE_URL":            "http://" + listen,
		"CZVM_PORTAL_URL":          portal,
		"CZVM_MIN_INTERVAL":        "1s",
		"CZVM_INTERVAL":            "1s",
		"CZVM_CONFIRM_AFTER":       "1s",
		"CZVM_CHECKS_PER_MINUTE":   "0",
		"CZVM_KEY_DELAY":           "0s",
		"CZVM_MESSAGES_PER_MINUTE": "6000",
		"PATH":                     os.Getenv("PATH"),
		"HOME":                     t.TempDir(),
	}
	if bin := os.Getenv("CZVM_BROWSER"); bin != "" {
		env["CZVM_BROWSER"] = bin
	}
	return env
}

func environ(env map[string]string) (list []string) {
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	return list
}

// output collects what a command printed; safe for use while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// command runs the program in this process and returns what it printed.
func command(t testing.TB, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return commandWith(t, env, "", args...)
}

// commandWith is command with something on the standard input.
func commandWith(t testing.TB, env map[string]string, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTime)
	defer cancel()
	var out, errs output
	code = run(ctx, args, environ(env), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// newToken makes an admin and a token of his with the commands.
func newToken(t testing.TB, env map[string]string) string {
	t.Helper()
	if code, _, errs := command(t, env, "user", "add", "--role", "admin", "tester"); code != exitOK {
		t.Fatalf("user add: exit code %d: %s", code, errs)
	}
	code, out, errs := command(t, env, "token", "create", "--name", "test")
	if code != exitOK {
		t.Fatalf("token create: exit code %d: %s", code, errs)
	}
	return strings.TrimSpace(out)
}

// succeed runs a command that must succeed, and returns what it printed.
func succeed(t testing.TB, env map[string]string, args ...string) string {
	t.Helper()
	code, out, errs := command(t, env, args...)
	if code != exitOK {
		t.Fatalf("%v: exit code %d: %s", args, code, errs)
	}
	return out
}

// served is a running appliance in this process.
type served struct {
	api
	log  *output
	stop func()
}

// serve runs the appliance until the test ends or stop is called; it must end well.
func serve(t testing.TB, env map[string]string) *served {
	t.Helper()
	token := newToken(t, env)
	s := start(t, env, token)
	eventually(t, "the appliance is ready", func() error { return s.get("/readyz", nil) })
	return s
}

// start runs the appliance, which may begin locked, until the test ends or stop
// is called; it must end well.
func start(t testing.TB, env map[string]string, token string) *served {
	t.Helper()
	s := &served{api: api{t: t, base: env["CZVM_BASE_URL"], token: token}, log: &output{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() { done <- run(ctx, []string{"serve"}, environ(env), strings.NewReader(""), io.Discard, s.log) }()
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			if code := <-done; code != exitOK {
				t.Errorf("serve ended with %d; its log:\n%s", code, s.log)
			}
		})
	}
	t.Cleanup(s.stop)
	return s
}

// api talks to a running appliance.
type api struct {
	t     testing.TB
	base  string
	token string
	// cookie is that of somebody who has signed in, where there is no token.
	cookie *http.Cookie
}

// signIn signs in on the page, and returns the cookie of the session.
func signIn(t testing.TB, base, name, password string) *http.Cookie {
	t.Helper()
	form := url.Values{"name": {name}, "password": {password}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(req) // Follows no redirect.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	for _, c := range resp.Cookies() {
		if c.Name == "czvm_session" && c.Value != "" {
			return c
		}
	}
	text, _ := io.ReadAll(resp.Body)
	t.Fatalf("nobody signed in: %s\n%s", resp.Status, text)
	return nil
}

// call sends body as JSON and reads the answer into into; an answer that is no
// success is an error with its text.
func (a api) call(method, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, payload)
	if err != nil {
		return err
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.cookie != nil {
		req.AddCookie(a.cookie)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

func (a api) get(path string, into any) error { return a.call(http.MethodGet, path, nil, into) }

// must fails the test if err is one.
func (a api) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// application is what the tests read of an application.
type application struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Status    string `json:"status"`
	// AnsweredAt is the last answer of the portal.
	AnsweredAt time.Time `json:"answered_at"`
	Pending    *struct {
		Status string `json:"status"`
	} `json:"pending"`
	Trouble *struct {
		Code string `json:"code"`
	} `json:"trouble"`
}

// addChannel adds a channel and returns its ID.
func (a api) addChannel(kind, privacy string, operator bool, fields map[string]string) string {
	a.t.Helper()
	var c struct {
		ID string `json:"id"`
	}
	a.must(a.call(http.MethodPost, "/api/v1/channels", map[string]any{
		"name": kind, "kind": kind, "fields": fields, "privacy": privacy, "operator": operator, "language": "en",
	}, &c))
	return c.ID
}

// addApplication starts watching a reference.
func (a api) addApplication(reference, label string, channels ...string) application {
	a.t.Helper()
	var app application
	a.must(a.call(http.MethodPost, "/api/v1/applications", map[string]any{
		"reference": reference, "label": label, "channels": append([]string{}, channels...),
	}, &app))
	return app
}

// becomes waits until an application is as ok wants it.
func (a api) becomes(id, what string, ok func(application) bool) {
	a.t.Helper()
	eventually(a.t, what, func() error {
		var app application
		if err := a.get("/api/v1/applications/"+id, &app); err != nil {
			return err
		}
		if !ok(app) {
			return fmt.Errorf("it is %+v", app)
		}
		return nil
	})
}

// text reads a page.
func (a api) text(path string) (string, error) {
	resp, err := a.request(http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// request sends a form, or nothing, as a browser that follows no redirect.
func (a api) request(method, path string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, a.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return http.DefaultTransport.RoundTrip(req)
}
