package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// wire is a network of pipes, so that connections live in the bubble's time.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newWire() *wire { return &wire{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	close(w.closed)
	return nil
}

func (w *wire) Addr() net.Addr { return &net.UnixAddr{Name: "wire"} }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case w.conns <- theirs:
		return ours, nil
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// served is an appliance that listens on a wire.
type served struct {
	*appliance
	wire   *wire
	client *http.Client
	ended  chan error
}

func serveOnWire(t *testing.T) *served {
	t.Helper()
	w := newWire()
	s := &served{appliance: newAppliance(t, nil), wire: w, ended: make(chan error, 1)}
	transport := &http.Transport{DialContext: w.dial}
	s.client = &http.Client{Transport: transport}
	go func() { s.ended <- s.server.Serve(w) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.server.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-s.ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// listen opens a stream.
func (s *served) listen(ctx context.Context) *http.Response {
	s.tb.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://appliance.example.com/api/v1/events", nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(r)
	if err != nil {
		s.tb.Fatal(err)
	}
	return resp
}

// lines reads n lines that are not empty.
func lines(tb testing.TB, r *bufio.Reader, n int) []string {
	tb.Helper()
	var got []string
	for len(got) < n {
		line, err := r.ReadString('\n')
		if err != nil {
			tb.Fatalf("after %q: %v", got, err)
		}
		if line = strings.TrimSpace(line); line != "" {
			got = append(got, line)
		}
	}
	return got
}

func TestEventsComeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serveOnWire(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		resp := s.listen(ctx)
		if got := resp.Header.Get("Content-Type"); got != "text/event-stream" || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", resp.StatusCode, got)
		}
		body := bufio.NewReader(resp.Body)
		if diff := cmp.Diff([]string{": connected"}, lines(t, body, 1)); diff != "" {
			t.Error(diff)
		}
		for _, e := range []watch.Event{{Kind: watch.ApplicationChanged, ID: "a"}, {Kind: watch.SourceChanged}, {Kind: watch.ApplicationRemoved, ID: "a"}} {
			s.hub.Publish(e)
		}
		number := func(i uint64) string { return fmt.Sprint("id: ", s.hub.Count()-3+i) }
		want := []string{
			number(1), "event: application", `data: {"id":"a"}`, number(2), "event: source", "data: {}", number(3), "event: removed", `data: {"id":"a"}`,
		}
		if diff := cmp.Diff(want, lines(t, body, len(want))); diff != "" {
			t.Error(diff)
		}
		// The stream outlives the server's write time-out, with a sign of life.
		start := time.Now()
		beats := int(3 * writeTimeout / heartbeat)
		for range beats {
			if got := lines(t, body, 2); got[0] != "event: alive" || got[1] != "data: {}" {
				t.Errorf("got %q, want a sign of life", got)
			}
		}
		if took := time.Since(start).Round(time.Second); took != 3*writeTimeout {
			t.Errorf("%d signs of life took %s", beats, took)
		}
		s.hub.Publish(watch.Event{Kind: watch.SourceChanged})
		if got := lines(t, body, 2); got[1] != "event: source" {
			t.Errorf("after that: %q", got)
		}
		cancel()
		synctest.Wait()
		if n := len(s.hub.subs); n != 0 {
			t.Errorf("%d subscribers are left after the client went away", n)
		}
	})
}

func TestSlowSubscriberIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serveOnWire(t)
		resp := s.listen(t.Context())
		// The client stops reading: the wire, a pipe, takes nothing more.
		synctest.Wait()
		filler := watch.ID(strings.Repeat("x", 4096))
		for range 3 * backlog {
			s.hub.Publish(watch.Event{Kind: watch.ApplicationChanged, ID: filler})
			synctest.Wait()
		}
		if n := len(s.hub.subs); n != 0 {
			t.Fatalf("the slow subscriber is still there")
		}
		// What was under way ends by its own deadline, not by the client's grace.
		time.Sleep(sendTimeout + time.Second) // The bubble's time.
		synctest.Wait()
		body, err := io.ReadAll(resp.Body)
		if !strings.Contains(string(body), ": connected") {
			t.Errorf("the client got %d bytes, %v", len(body), err)
		}
		again := s.listen(t.Context())
		defer again.Body.Close()
		if got := lines(t, bufio.NewReader(again.Body), 1); got[0] != ": connected" {
			t.Errorf("the client cannot come back: %q", got)
		}
	})
}

func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serveOnWire(t)
		resp := s.listen(t.Context())
		body := bufio.NewReader(resp.Body)
		lines(t, body, 1)
		rest := make(chan error, 1)
		go func() { // A pipe holds nothing: what is sent must be read.
			b, err := io.ReadAll(body)
			if len(strings.TrimSpace(string(b))) > 0 {
				err = fmt.Errorf("%q came: %w", b, err)
			}
			rest <- err
		}()
		start := time.Now()
		if err := s.server.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("Shutdown took %s", took)
		}
		if err := <-rest; err != nil {
			t.Errorf("the stream ended with %v", err)
		}
	})
}

// Whoever comes with what a page knew when it was read learns whether there was
// something since, and no more often.
func TestStreamTellsWhatWasMissed(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	s := httptest.NewServer(a.server.Handler())
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	before := a.hub.Count()
	a.hub.Publish(watch.Event{Kind: watch.SourceChanged})
	now := a.hub.Count()
	for name, row := range map[string]struct {
		since, last string
		stale       bool
	}{
		"a program that says nothing":    {},
		"a page that knows all":          {since: fmt.Sprint(now)},
		"a page that missed something":   {since: fmt.Sprint(before), stale: true},
		"a page of an earlier run":       {since: "5", stale: true},
		"no number":                      {since: "x", stale: true},
		"a browser that comes back":      {since: fmt.Sprint(before), last: fmt.Sprint(now)},
		"a browser that comes back late": {since: fmt.Sprint(now), last: fmt.Sprint(before), stale: true},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/events?since="+row.since, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+a.token)
			if row.last != "" {
				r.Header.Set("Last-Event-ID", row.last)
			}
			answer, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			want := ": connected"
			if row.stale {
				want = fmt.Sprint("id: ", now)
			}
			if got := lines(t, bufio.NewReader(answer.Body), 1)[0]; got != want {
				t.Errorf("the stream begins with %q, want %q", got, want)
			}
		})
	}
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for i := range maxSubscribers {
		if _, _, err := a.hub.subscribe(subscriber{user: fmt.Sprint("user", i/maxOfUser)}); err != nil {
			t.Fatalf("there is no room for as many subscribers as promised: %v", err)
		}
	}
	p := read[problem](t, a.do("GET", "/api/v1/events", ""), http.StatusServiceUnavailable)
	if p.Code != "no_room" {
		t.Errorf("code %q", p.Code)
	}
	for sub := range a.hub.subs {
		a.hub.leave(sub)
		a.hub.leave(sub) // Leaving twice does no harm.
	}
	if _, _, err := a.hub.subscribe(subscriber{}); err != nil {
		t.Errorf("there is no room after all have left: %v", err)
	}
}

// One user takes no more than his share, through whatever sessions and tokens, and the
// others have room.
func TestStreamsOfAUserAreBounded(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	boris := a.somebody("boris", account.Member)
	var own []chan numbered
	for range maxOfUser {
		sub, _, err := a.hub.subscribe(subscriber{user: boris.id, sees: []account.Owner{account.OfUser(boris.id)}})
		if err != nil {
			t.Fatal(err)
		}
		own = append(own, sub)
	}
	w := boris.ask("GET", "/api/v1/events", "")
	if p := read[problem](t, w, http.StatusTooManyRequests); p.Code != "no_room" || w.Header().Get("Retry-After") == "" {
		t.Errorf("code %q, Retry-After %q", p.Code, w.Header().Get("Retry-After"))
	}
	if w := a.signedIn("boris").get("/api/v1/events"); w.Code != http.StatusTooManyRequests {
		t.Errorf("with a session: %d", w.Code)
	}
	// Those that are open go on, also when the rights have changed meanwhile.
	a.hub.change(own[0], nil)
	a.hub.Publish(watch.Event{Kind: watch.SourceChanged})
	for i, sub := range own {
		select {
		case _, open := <-sub:
			if !open {
				t.Errorf("stream %d has ended", i)
			}
		default:
			t.Errorf("stream %d hears nothing", i)
		}
	}
	if _, _, err := a.hub.subscribe(subscriber{user: boris.id}); !errors.Is(err, errOwnRoom) {
		t.Errorf("after a change of rights: %v", err)
	}
	if _, _, err := a.hub.subscribe(subscriber{user: a.admin.ID}); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	a.hub.leave(own[0])
	if _, _, err := a.hub.subscribe(subscriber{user: boris.id}); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}
