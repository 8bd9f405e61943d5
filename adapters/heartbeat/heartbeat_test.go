package heartbeat

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"cz-visa-monitor/app/watch"
)

const secret = "5c8f7a10-secret"

// rig is a heart whose pings go nowhere but into pings, at times of the bubble.
type rig struct {
	*Heart
	log strings.Builder

	mu     sync.Mutex
	status watch.SourceStatus
	full   error // of the store
	answer int   // of the other side; 0: it cannot be reached
	pings  []time.Duration
	began  time.Time
}

// RoundTrip implements http.RoundTripper.
func (r *rig) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pings = append(r.pings, time.Since(r.began))
	if r.answer == 0 {
		return nil, errors.New("no route to " + req.URL.Host)
	}
	return &http.Response{StatusCode: r.answer, Body: http.NoBody, Request: req}, nil
}

// set changes what the heart sees.
func (r *rig) set(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

func answer() watch.Outcome { return watch.Outcome{Result: &watch.Result{}} }

func failure(code watch.FailureCode) watch.Outcome {
	return watch.Outcome{Failure: &watch.Failure{Code: code}}
}

// start runs a heart in the bubble until the test ends.
func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{answer: http.StatusOK, began: time.Now()}
	h, err := New(Config{
		URL: "https://ping.example.com/" + secret, Every: time.Hour,
		Status:   func() watch.SourceStatus { r.mu.Lock(); defer r.mu.Unlock(); return r.status },
		Writable: func() error { r.mu.Lock(); defer r.mu.Unlock(); return r.full },
		Logger:   slog.New(slog.NewTextHandler(&r.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Heart, h.client.Transport = h, r
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, part := range []string{secret, "ping.example.com"} {
			if strings.Contains(r.log.String(), part) {
				t.Errorf("the log shows %q:\n%s", part, &r.log)
			}
		}
	})
	return r
}

// wait lets time pass.
func wait(d time.Duration) { time.Sleep(d); synctest.Wait() }

const minute = time.Minute

func TestWhenItPings(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(r *rig)
		want []time.Duration
	}{
		{"after an answer, at once", func(r *rig) { wait(10 * time.Second); r.Checked(answer()); wait(minute) }, []time.Duration{10 * time.Second}},
		{"once a minute at most", func(r *rig) {
			for range 170 {
				r.Checked(answer())
				wait(time.Second)
			}
		}, []time.Duration{0, minute, 2 * minute}},
		{"the form does not offer a year, but it answers", func(r *rig) { r.Checked(failure(watch.NotOffered)); wait(minute) }, []time.Duration{0}},
		{"nothing to check: at every interval", func(*rig) { wait(2*time.Hour + minute) }, []time.Duration{time.Hour, 2 * time.Hour}},
		{"checks wait in vain", func(r *rig) {
			r.set(func() { r.status.Due = 3 })
			wait(5 * time.Hour)
		}, nil},
		{"a check that never ends", func(r *rig) {
			r.set(func() { r.status.UnderWay = 1 })
			wait(5 * time.Hour)
		}, nil},
		{"checks fail", func(r *rig) {
			r.set(func() { r.status.FailingSince = time.Now() })
			for range 300 {
				r.Checked(failure(watch.Unreachable))
				wait(minute)
			}
		}, nil},
		{"an answer from before the failures is no news after them", func(r *rig) {
			r.Checked(answer())
			wait(time.Second)
			r.Checked(answer()) // Within the minute: not told yet.
			r.set(func() { r.status.FailingSince = time.Now() })
			wait(10 * minute)
			r.set(func() { r.status.FailingSince = time.Time{} })
			r.Checked(answer())
			wait(time.Second)
		}, []time.Duration{0, 10*minute + time.Second}},
		{"the disk is full", func(r *rig) {
			r.set(func() { r.full = errors.New("full") })
			r.Checked(answer())
			wait(10*minute + time.Second)
			r.set(func() { r.full = nil })
			wait(minute)
		}, []time.Duration{11 * minute}},
		{"the other side is away: fewer and fewer", func(r *rig) {
			r.set(func() { r.answer = http.StatusInternalServerError })
			for range 3590 {
				r.Checked(answer())
				wait(time.Second)
			}
			r.set(func() { r.answer = http.StatusOK })
			wait(16 * minute)
		}, []time.Duration{0, minute, 3 * minute, 7 * minute, 15 * minute, 30 * minute, 45 * minute, 60 * minute}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t)
				synctest.Wait()
				tc.do(r)
				r.mu.Lock()
				defer r.mu.Unlock()
				if diff := cmp.Diff(tc.want, r.pings); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

// TestTroubleIsSaidOnce: a ping that does not get through is in the log once, and
// once when it is over.
func TestTroubleIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.set(func() { r.answer = 0 })
		for range 90 {
			r.Checked(answer())
			wait(minute)
		}
		r.set(func() { r.answer = http.StatusNoContent })
		wait(20 * minute)
		if n := strings.Count(r.log.String(), "does not get through"); n != 1 || strings.Count(r.log.String(), "again") != 2 {
			t.Errorf("the log says:\n%s", &r.log)
		}
	})
}

// TestRealServers pings servers that answer well, badly, with a redirect, or never.
func TestRealServers(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed, with the referer %q", r.Header.Get("Referer"))
	}))
	t.Cleanup(elsewhere.Close)
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		says   string // "" for success
	}{
		{"it takes it", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodGet || r.URL.Path != "/ping/"+secret || r.URL.RawQuery != "status=up" || len(body) > 0 {
				t.Errorf("it was asked %s %s with %q", r.Method, r.URL, body)
			}
			_, _ = io.WriteString(w, "OK")
		}, ""},
		{"an endless answer", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, ""},
		{"not known there", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "the answer was 404"},
		{"it leads elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "the answer was 302"},
		{"it hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		{"it says nothing", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline exceeded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(tc.answer)
			t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
			err := pingOf(t, srv.URL+"/ping/"+secret+"?status=up")
			holds(t, err, tc.says, srv.Listener.Addr().String())
		})
	}
	t.Run("nobody is there", func(t *testing.T) {
		t.Parallel()
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		holds(t, pingOf(t, "http://"+l.Addr().String()+"/"+secret), "refused", l.Addr().String())
	})
	t.Run("a certificate of somebody else", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewUnstartedServer(http.NotFoundHandler())
		srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
		srv.StartTLS()
		t.Cleanup(srv.Close)
		holds(t, pingOf(t, srv.URL+"/"+secret), "certificate", srv.Listener.Addr().String())
	})
}

func pingOf(t *testing.T, address string) error {
	t.Helper()
	h, err := New(Config{URL: address, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	return h.ping(ctx)
}

func holds(t *testing.T, err error, says, address string) {
	t.Helper()
	if says == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Fatalf("the ping ended with %v, want %q", err, says)
	}
	for _, part := range []string{secret, "/ping/", address, "status=up"} {
		if strings.Contains(err.Error(), part) {
			t.Errorf("the error shows %q: %v", part, err)
		}
	}
}

func TestRefusedAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "hc-ping.com/" + secret, "ftp://example.com/" + secret, "https:///" + secret, "file:///" + secret, "https://[::1/" + secret} {
		if _, err := New(Config{URL: address}); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
