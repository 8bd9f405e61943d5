package metrics

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func TestDoor(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-some-length"
	for _, tc := range []struct {
		name, token, method, path, authorization string
		code                                     int
	}{
		{"the token", token, "GET", "/metrics", "Bearer " + token, 200},
		{"the scheme in small letters", token, "GET", "/metrics", "bearer " + token, 200},
		{"HEAD", token, "HEAD", "/metrics", "Bearer " + token, 200},
		{"no token is asked for", "", "GET", "/metrics", "", 200},
		{"nothing", token, "GET", "/metrics", "", 401},
		{"another token", token, "GET", "/metrics", "Bearer another-token-of-length", 401},
		{"the beginning of it", token, "GET", "/metrics", "Bearer a-token-of-some", 401},
		{"more than it", token, "GET", "/metrics", "Bearer " + token + "x", 401},
		{"an empty one", token, "GET", "/metrics", "Bearer ", 401},
		{"Basic", token, "GET", "/metrics", "Basic " + token, 401},
		{"in the address", token, "GET", "/metrics?token=" + token, "", 401},
		{"POST", token, "POST", "/metrics", "Bearer " + token, 405},
		{"something below", token, "GET", "/metrics/x", "Bearer " + token, 404},
		{"the root", token, "GET", "/", "Bearer " + token, 404},
		{"a profile", "", "GET", "/debug/pprof/", "", 404},
		{"the API", "", "GET", "/api/v1/applications", "", 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := of(t, &stand{}, rate.NewLimiter(1, 1))
			r := httptest.NewRequestWithContext(t.Context(), tc.method, tc.path, nil)
			if tc.authorization != "" {
				r.Header.Set("Authorization", tc.authorization)
			}
			w := httptest.NewRecorder()
			m.handler(tc.token).ServeHTTP(w, r)
			if w.Code != tc.code {
				t.Errorf("the answer is %d, want %d", w.Code, tc.code)
			}
			if told := strings.Contains(w.Body.String(), "czvm_build_info"); told != (tc.code == 200) {
				t.Errorf("figures are shown: %t", told)
			}
			if asks := w.Header().Get("WWW-Authenticate") != ""; asks != (tc.code == 401) {
				t.Errorf("it asks for a token: %t", asks)
			}
		})
	}
}

// TestShutdown: a scrape that has begun is answered whole, a later one refused.
func TestShutdown(t *testing.T) {
	t.Parallel()
	s := &stand{}
	reached, goOn := make(chan struct{}), make(chan struct{})
	m := of(t, s, rate.NewLimiter(1, 1))
	slow, err := New(Config{
		Status: func() watch.SourceStatus { close(reached); <-goOn; return watch.SourceStatus{Queued: 9} },
		Source: "cz", Pace: rate.NewLimiter(1, 1), Store: s, Browser: func() Browser { return Browser{} }, Logger: m.cfg.Logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv, l := slow.Server(""), listening(t)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	type answer struct {
		text string
		err  error
	}
	first := make(chan answer, 1)
	go func() {
		text, err := get(l.Addr().String())
		first <- answer{text, err}
	}()
	<-reached
	down := make(chan error, 1)
	go func() { down <- srv.Shutdown(context.Background()) }()
	if err := <-served; err != nil { // The port is closed from here on.
		t.Error(err)
	}
	if text, err := get(l.Addr().String()); err == nil {
		t.Errorf("a scrape after the end was answered %q", text)
	}
	close(goOn)
	if a := <-first; a.err != nil || figures(t, a.text)[`czvm_applications_planned{source="cz"}`] != 9 {
		t.Errorf("the scrape under way was answered %v %q", a.err, a.text)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

// TestScrapesAtOnce runs scrapes beside what is counted; the race detector looks on.
func TestScrapesAtOnce(t *testing.T) {
	t.Parallel()
	m := of(t, &stand{}, rate.NewLimiter(1, 1))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				m.Checked(watch.Outcome{Result: &watch.Result{Status: visa.Granted}}, false)
				m.Attempted("ntfy", alert.Delivered)
				w := httptest.NewRecorder()
				m.handler("").ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, Path, nil))
				if w.Code != http.StatusOK && w.Code != http.StatusServiceUnavailable {
					t.Errorf("the answer is %d", w.Code)
				}
			}
		})
	}
	wg.Wait()
	want(t, m, map[string]float64{`czvm_checks_total{failure="",result="granted",source="cz"}`: 160})
}

func get(address string) (string, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + Path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func listening(t testing.TB) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
