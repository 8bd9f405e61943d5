package browser_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"cz-visa-monitor/adapters/browser"
)

// shell is a browser that somebody else runs.
type shell struct {
	addr string
	cmd  *exec.Cmd
}

// startShell starts a headless shell that listens on a port of loopback.
func startShell(tb testing.TB, port string) *shell {
	tb.Helper()
	var bin string
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && bin == "" {
			bin = path
		}
	}
	cmd := exec.CommandContext(tb.Context(), bin, "--headless",
		"--remote-debugging-port="+port, "--user-data-dir="+tb.TempDir(), "--no-sandbox", "--disable-gpu", "about:blank")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the name may be that of a script around it
	errs, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	s := &shell{cmd: cmd}
	tb.Cleanup(s.stop)
	lines := bufio.NewScanner(errs)
	for lines.Scan() {
		if m := regexp.MustCompile(`ws://(127\.0\.0\.1:\d+)/`).FindStringSubmatch(lines.Text()); m != nil {
			s.addr = m[1]
			return s
		}
	}
	tb.Fatal("the shell does not say where it listens")
	return nil
}

func (s *shell) stop() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	_ = s.cmd.Wait()
}

func TestRemoteBrowsersShareTheWork(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	one, two := startShell(t, "0"), startShell(t, "0")
	b := newBrowser(t, func(c *browser.Config) {
		c.URLs = []string{"ws://" + one.addr + "#pages=1", "http://" + two.addr + "#pages=2"}
		c.Bin = "/nowhere" // not needed
	})
	if b.Limit() != 3 {
		t.Fatalf("limit %d, want 3", b.Limit())
	}
	visit := func(ctx context.Context, p *browser.Page) error {
		if err := p.Navigate(ctx, site.URL); err != nil {
			return err
		}
		return p.Eval(ctx, nil, `() => new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))`)
	}

	// All three seats at once.
	var jobs sync.WaitGroup
	var arrived sync.WaitGroup
	arrived.Add(3)
	for range 3 {
		jobs.Go(func() {
			if err := b.Do(within(t, 60*time.Second), func(ctx context.Context, p *browser.Page) error {
				arrived.Done()
				arrived.Wait()
				return visit(ctx, p)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	jobs.Wait()

	if len(site.pictures) != 0 {
		t.Error("the page's image was fetched") // these browsers were started without the flag against images
	}

	// One dies in mid-run: that job fails at once, the others go elsewhere.
	err := b.Do(within(t, 30*time.Second), func(ctx context.Context, p *browser.Page) error {
		one.stop() // the least loaded is the first
		return p.Eval(ctx, nil, `() => new Promise(() => {})`)
	})
	var be *browser.Error
	if !errors.As(err, &be) {
		t.Fatalf("the job at the killed browser: %v", err)
	}
	for range 3 {
		if err := b.Do(within(t, 30*time.Second), visit); err != nil {
			t.Errorf("with one browser dead: %v", err)
		}
	}
	if s := b.Stats(); s.Endpoints[0].Running || !s.Endpoints[1].Running {
		t.Errorf("stats %+v, want only the second running", s)
	}

	// It comes back, and is used again after its time aside.
	_, port, _ := net.SplitHostPort(one.addr)
	startShell(t, port)
	waitFor(t, 30*time.Second, "first browser in use again", func() bool {
		if err := b.Do(within(t, 30*time.Second), visit); err != nil {
			t.Error(err)
		}
		return b.Stats().Endpoints[0].Running
	})
}

func TestAllRemoteBrowsersDead(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	b := newBrowser(t, func(c *browser.Config) {
		c.URLs = []string{"ws://" + addr + "?token=hidden-token", "http://user:hidden-token@" + addr}
	})
	for range 2 { // the second time all are set aside already
		err = b.Do(within(t, 20*time.Second), nothing)
		var be *browser.Error
		if !errors.As(err, &be) || !strings.Contains(err.Error(), addr) {
			t.Errorf("error %v, want a browser error that names the endpoint", err)
		}
		if err != nil && strings.Contains(err.Error(), "hidden-token") {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}

// TestRemoteAddressForms looks at how endpoints are asked, with fakes that only
// note the request and then refuse or speak nonsense.
func TestRemoteAddressForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		address func(host string) string
		want    []string // method, host, URI and authorization of each request
	}{
		{
			name:    "a websocket with a token is taken as it is",
			address: func(h string) string { return "ws://" + h + "/chrome?token=t1" },
			want:    []string{"HOST /chrome?token=t1 "},
		},
		{
			name:    "a bare websocket is asked for first, with its own host",
			address: func(h string) string { return "ws://" + h },
			want:    []string{"HOST /json/version ", "HOST /devtools/browser/1 "},
		},
		{
			name:    "http with a token and a password keeps both",
			address: func(h string) string { return "http://u:p@" + h + "/?token=t2" },
			want:    []string{"HOST /json/version?token=t2 Basic dTpw", "HOST /devtools/browser/1?token=t2 Basic dTpw"},
		},
		{
			name:    "Chromium's guard against foreign host names",
			address: func(h string) string { return "http://" + strings.Replace(h, "127.0.0.1", "localhost", 1) + "/guarded" },
			want:    []string{"HOST /guarded/json/version ", "localhost /guarded/json/version ", "localhost /devtools/browser/1 "},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var asked []string
			upgrader := websocket.Upgrader{}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, port, _ := net.SplitHostPort(r.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
				host := r.Host
				if strings.HasSuffix(host, ":"+port) {
					host = "HOST"
				}
				mu.Lock()
				asked = append(asked, host+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
				mu.Unlock()
				switch {
				case strings.HasSuffix(r.URL.Path, "/json/version") && strings.HasPrefix(r.URL.Path, "/guarded") && host == "HOST":
					http.Error(w, "Host header is specified and is not an IP address or localhost.", http.StatusInternalServerError)
				case strings.HasSuffix(r.URL.Path, "/json/version"):
					_, _ = w.Write([]byte(`{"webSocketDebuggerUrl":"ws://inside:1/devtools/browser/1"}`))
				default:
					c, err := upgrader.Upgrade(w, r, nil)
					if err != nil {
						return
					}
					_, _, _ = c.ReadMessage()
					_ = c.WriteMessage(websocket.TextMessage, []byte(`{"id":"nonsense"}`))
					_ = c.Close()
				}
			}))
			defer srv.Close()
			b := newBrowser(t, func(c *browser.Config) { c.URLs = []string{tt.address(srv.Listener.Addr().String())} })
			err := b.Do(within(t, 20*time.Second), nothing)
			var be *browser.Error
			if !errors.As(err, &be) {
				t.Errorf("nonsense was taken: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if got, want := strings.Join(asked, "\n"), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("asked\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestBadRemoteAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // address -> part of the sentence
		"":                                  "not a URL",
		"host:9222":                         "not a URL",
		"ftp://host/?token=hidden":          "scheme",
		"ws://host?token=hidden#pages=0":    "pages",
		"ws://host?token=hidden#pages=many": "pages",
		"ws://host?token=hidden#tabs=3":     `"tabs"`,
		"ws://host:%zz/?token=hidden":       "not a URL",
		"ws://host?token=hidden#pages=1;x":  "key=value",
	}
	for address, want := range tests {
		_, err := browser.New(browser.Config{URLs: []string{address}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: error %v, want one about %s", address, err, want)
		}
	}
}
