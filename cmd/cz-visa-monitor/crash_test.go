package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"cz-visa-monitor/adapters/letter"
	"cz-visa-monitor/adapters/portal/portaltest"
)

// defaultKills is how often the crash test kills the process; CRASH_KILLS
// changes it, for 'make soak'.
const defaultKills = 200

// maxLife is how long a process lives at most before it is killed. It is enough
// for a start and a few checks, with the race detector and beside other tests too.
const maxLife = 3 * time.Second

// childEnv makes the test binary run the program instead of tests.
const childEnv = "BE_CZ_VISA_MONITOR"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		_ = os.Unsetenv(childEnv)
		main()
	}
	if len(os.Args) == 2 && os.Args[1] == letter.Command {
		main() // Letters are read by this program, whatever its environment.
	}
	os.Exit(m.Run())
}

// story is what the portal shows about one application, in this order; failure
// stands for a portal that is down for a while.
var story = []portaltest.Outcome{
	portaltest.NotFound, portaltest.InProgress, failure, portaltest.InProgress,
	portaltest.PreliminarilyPositive, portaltest.Granted,
}

const failure portaltest.Outcome = "failure"

// told is what the story is to bring to each phone, once each and in this order.
var told = []string{"not_found", "in_progress", "preliminarily_positive", "granted"}

// TestCrash kills the process with SIGKILL at random moments while applications
// go through the story. No change and no message may be lost, and no message
// repeated except one whose sending had begun when the process was killed.
func TestCrash(t *testing.T) {
	kills := defaultKills
	if v := os.Getenv("CRASH_KILLS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("CRASH_KILLS: %v", err)
		}
		kills = n
	}
	c := startCrash(t)
	director := c.direct()
	// Enough of the story has to be told between the kills: a busy machine gets
	// there later.
	enough, done := kills/20, 0
	for ; done < kills || c.stories() < enough && done < 2*kills; done++ {
		p := c.launch()
		<-time.After(time.Duration(rand.Int64N(int64(maxLife))))
		c.kill(p)
	}
	t.Logf("killed %d times", done)
	if n := c.stories(); n < enough {
		t.Errorf("only %d applications got through the story while the process was being killed", n)
	}
	p := c.launch()
	close(c.enough)
	if err := <-director; err != nil {
		t.Fatal(err)
	}
	eventually(t, "everything is delivered", func() error { return c.settled() })
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, c.log)
	}
	c.judge()
}

// crash is the world of the crash test.
type crash struct {
	t       *testing.T
	env     map[string]string
	client  api
	replica *portaltest.Server
	phones  []*phone
	log     *output
	enough  chan struct{} // closed when no further application is to be started

	mu       sync.Mutex
	killed   []time.Time
	finished []string // references that went through the whole story
}

// phone is a webhook receiver; it keeps what came, when.
type phone struct {
	name string
	mu   sync.Mutex
	got  []arrival
}

type arrival struct {
	at     time.Time
	done   time.Time // when the answer was given
	broken bool      // the sender was gone by then
	id     string    // of the delivery
	title  string
}

func (p *phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var message struct{ ID, Title string }
	if err = errors.Join(err, json.Unmarshal(body, &message)); err != nil || message.Title == "" || message.ID == "" {
		http.Error(w, "no message", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	n := len(p.got)
	p.got = append(p.got, arrival{at: time.Now(), id: message.ID, title: message.Title})
	p.mu.Unlock()
	// A while between the message's arrival and the answer, for kills to fall into.
	<-time.After(time.Duration(rand.Int64N(int64(100 * time.Millisecond))))
	p.mu.Lock()
	p.got[n].done, p.got[n].broken = time.Now(), r.Context().Err() != nil
	p.mu.Unlock()
}

func (p *phone) arrivals() []arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func startCrash(t *testing.T) *crash {
	t.Helper()
	c := &crash{t: t, replica: startReplica(t, quick()), log: &output{}, enough: make(chan struct{})}
	c.env = settingsFor(t, c.replica.PageURL("en"), freeAddress(t))
	c.env["CZVM_WORKERS"] = "2"
	c.client = api{t: t, base: c.env["CZVM_BASE_URL"], token: newToken(t, c.env)}
	p := c.launch()
	for _, name := range []string{"one", "two"} {
		ph := &phone{name: name}
		srv := httptest.NewServer(ph)
		t.Cleanup(srv.Close)
		c.phones = append(c.phones, ph)
		eventually(t, "the first start", func() error { return c.client.get("/readyz", nil) })
		c.client.addChannel("webhook", "full", false, map[string]string{"url": srv.URL})
	}
	c.kill(p)
	return c
}

// launch starts the program as a process of its own.
func (c *crash) launch() *exec.Cmd {
	c.t.Helper()
	cmd := exec.CommandContext(context.Background(), os.Args[0], "serve")
	cmd.Env = append(environ(c.env), childEnv+"=1")
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// kill ends a process as a power cut would. A process that has ended by itself
// is a failure.
func (c *crash) kill(cmd *exec.Cmd) {
	c.t.Helper()
	err := cmd.Process.Kill()
	c.mu.Lock()
	c.killed = append(c.killed, time.Now())
	c.mu.Unlock()
	_ = cmd.Wait()
	ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err != nil || !ok || !ws.Signaled() || ws.Signal() != syscall.SIGKILL {
		c.t.Fatalf("the process had ended by itself: %v, %v\n%s", err, cmd.ProcessState, c.log)
	}
}

// direct leads applications through the story, a few at a time, as the portal
// would: to the next chapter when the appliance has seen the one before.
func (c *crash) direct() <-chan error {
	ended := make(chan error, 1)
	var next int
	var mu sync.Mutex
	serial := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next
	}
	go func() {
		results := make(chan error)
		const actors = 3
		for range actors {
			go func() {
				for {
					if err := c.play(fmt.Sprintf("ZZZZ20260105%04d", serial())); err != nil {
						results <- err
						return
					}
					select {
					case <-c.enough:
						results <- nil
						return
					default:
					}
				}
			}()
		}
		var errs []error
		for range actors {
			errs = append(errs, <-results)
		}
		ended <- errors.Join(errs...)
	}()
	return ended
}

// play takes one application through the whole story.
func (c *crash) play(reference string) error {
	c.replica.Script(reference, portaltest.Answer{Outcome: story[0]})
	var channels struct {
		Channels []struct {
			ID string `json:"id"`
		} `json:"channels"`
	}
	var app application
	err := c.patiently(func() error {
		if err := c.client.get("/api/v1/channels", &channels); err != nil {
			return err
		}
		ids := []string{channels.Channels[0].ID, channels.Channels[1].ID}
		return c.client.call(http.MethodPost, "/api/v1/applications", map[string]any{"reference": reference, "label": reference, "channels": ids}, &app)
	}, func() error { return c.find(reference, &app) })
	if err != nil {
		return fmt.Errorf("add: %w", err)
	}
	for _, chapter := range story {
		answer := portaltest.Answer{Outcome: chapter}
		if chapter == failure {
			answer = portaltest.Answer{Fault: portaltest.ServerError}
		}
		c.replica.Script(reference, answer)
		asked := c.replica.Asked(reference)
		after := time.Now()
		err := c.patiently(func() error {
			var now application
			if err := c.client.get("/api/v1/applications/"+app.ID, &now); err != nil {
				return err
			}
			// A failure is tried again for longer than a process mostly lives, so
			// that it may never be recorded: that the portal failed is enough.
			failed := chapter == failure && c.replica.Asked(reference) > asked
			answered := now.Status == string(chapter) && now.Pending == nil && now.AnsweredAt.After(after)
			if failed || answered {
				return nil
			}
			return fmt.Errorf("it is %+v", now)
		}, nil)
		if err != nil {
			return fmt.Errorf("chapter %s: %w", chapter, err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finished = append(c.finished, reference)
	return nil
}

// patiently repeats do, which the server's deaths make fail, until it
// succeeds; or, where a request may have been carried out although its answer
// was lost, until found says so.
func (c *crash) patiently(do, found func() error) error {
	deadline := time.Now().Add(2 * waitTime)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		err := do()
		if err != nil && found != nil {
			err = errors.Join(err, found())
			if found() == nil {
				return nil
			}
		}
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return err
		}
		<-tick.C
	}
}

// find looks an application up by its reference.
func (c *crash) find(reference string, app *application) error {
	var list struct {
		Applications []application `json:"applications"`
	}
	if err := c.client.get("/api/v1/applications?limit=500", &list); err != nil {
		return err
	}
	for _, a := range list.Applications {
		if a.Reference == reference {
			*app = a
			return nil
		}
	}
	return errors.New("it is not there")
}

// settled reports whether the outbox is empty.
func (c *crash) settled() error {
	var list struct {
		Deliveries []struct {
			ID string `json:"id"`
		} `json:"deliveries"`
	}
	if err := c.client.get("/api/v1/deliveries?state=waiting", &list); err != nil {
		return err
	}
	if len(list.Deliveries) > 0 {
		return fmt.Errorf("%d deliveries wait", len(list.Deliveries))
	}
	return nil
}

// stories returns how many applications went through the whole story.
func (c *crash) stories() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.finished)
}
