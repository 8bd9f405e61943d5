package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

const (
	// benchApplications is how many the home page is measured with.
	benchApplications = 10_000
	// benchPages is how often it is asked for, benchUpdates how many changes are
	// waited for, benchVisits how many first visits Lighthouse makes.
	benchPages, benchUpdates, benchVisits = 200, 10, 5
)

// crowd is an appliance with 10,000 sealed applications, and somebody who has
// signed in there.
type crowd struct {
	*appliance
	b      *testing.B
	base   string
	cookie *http.Cookie
	// moving is an application that the portal says new things about.
	moving watch.Application
}

// BenchmarkHome measures the home page: what a first visit costs, how long the
// server takes, how soon a change is seen, and what Lighthouse says on a phone.
// 'make bench-ui' installs Lighthouse and runs it.
func BenchmarkHome(b *testing.B) {
	for b.Loop() {
		c := newCrowd(b)
		browser := startChromium(b)
		c.serverTime()
		c.firstVisit(browser)
		c.liveUpdates(browser)
		c.lighthouse()
	}
}

func newCrowd(b *testing.B) *crowd {
	b.Helper()
	replica := startReplica(b, quick())
	listenOn := freeAddress(b)
	env := settingsFor(b, replica.PageURL("en"), listenOn)
	env["CZVM_INTERVAL"], env["CZVM_MIN_INTERVAL"], env["CZVM_CHECK_NOW_PER_DAY"] = "24h", "15m", "1000"
	cfg, err := loadConfig(sources{env: env})
	if err != nil {
		b.Fatal(err)
	}
	discard := slog.New(slog.DiscardHandler)
	a, err := newAppliance(cfg, newKeyring(cfg, func(string) string { return "" }, discard), discard, newLogLines())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := a.close(); err != nil {
			b.Error(err)
		}
	})
	c := &crowd{appliance: a, b: b, base: cfg.baseURL}
	ctx := account.As(b.Context(), account.CommandLine())
	const password = "correct horse battery"
	user, err := a.accounts.AddUser(ctx, account.NewUser{Name: "tester", Password: password}, account.Admin)
	if err != nil {
		b.Fatal(err)
	}
	if err := a.store.ConfirmRecovery(ctx); err != nil {
		b.Fatal(err)
	}
	c.fill(account.OfUser(user.ID))
	replica.Script(c.moving.Reference.String(), swings()...)
	c.start(ctx)
	c.cookie = signIn(b, c.base, "tester", password)
	return c
}

// swings are answers that each differ from the one before, and need no second check.
func swings() (answers []portaltest.Answer) {
	for range benchUpdates {
		answers = append(answers, portaltest.Answer{Outcome: portaltest.Suspended}, portaltest.Answer{Outcome: portaltest.InProgress})
	}
	return answers
}

// fill has everything watched, of all statuses and ages, with nothing due today.
func (c *crowd) fill(owner account.Owner) {
	c.b.Helper()
	now, day := time.Now(), 24*time.Hour
	statuses := visa.Statuses()
	for from := 0; from < benchApplications; from += 500 {
		var batch []watch.Adoption
		for n := from; n < from+500; n++ {
			ref, err := visa.Parse(fmt.Sprintf("ZZZZ2026%02d%02d%04d", 1+n%12, 1+n%28, n))
			if err != nil {
				c.b.Fatal(err)
			}
			status, since := statuses[n%len(statuses)], now.Add(-time.Duration(n%300)*day)
			batch = append(batch, watch.Adoption{
				Reference: ref, AddedAt: since,
				Watchers: []watch.Watcher{{
					Owner: owner, Label: fmt.Sprintf("Application %d", n), Note: "It was filed by post.", Told: status, AddedAt: since,
					Purpose: visa.AllPurposes()[n%len(visa.AllPurposes())],
				}},
				State: watch.State{Status: status, Valid: status, Since: since, ChangedAt: since, CheckedAt: now, AnsweredAt: now, Answer: watch.Answer{Text: strings.Repeat("It is still being processed. ", 10)}},
			})
		}
		adopted, err := c.store.Adopt(c.b.Context(), batch, false)
		if err != nil {
			c.b.Fatal(err)
		}
		var ids []watch.ID
		for _, one := range adopted {
			ids = append(ids, one.Application.ID)
		}
		if _, err := c.store.EditMany(c.b.Context(), ids, func(a *watch.Application) error {
			a.State.Imported, a.State.NextCheckAt = false, now.Add(day)
			return nil
		}); err != nil {
			c.b.Fatal(err)
		}
	}
	list, err := c.store.List(c.b.Context(), watch.Query{Owners: []account.Owner{owner}, Sort: watch.ByNews, Statuses: []visa.Status{visa.InProgress}, Limit: 1})
	if err != nil || list.All.Total != benchApplications {
		c.b.Fatal(list.All.Total, err)
	}
	c.moving = list.Rows[0].Application
}

// start runs the appliance until the benchmark ends.
func (c *crowd) start(ctx context.Context) {
	c.b.Helper()
	ln, err := listen(ctx, c.cfg.listen, "CZVM_LISTEN")
	if err != nil {
		c.b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- c.run(ctx, ln) }()
	c.b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			c.b.Error(err)
		}
	})
	eventually(c.b, "it is ready", func() error { return api{t: c.b, base: c.base}.get("/readyz", nil) })
}

// serverTime measures how long it takes until the whole page has come, packed.
func (c *crowd) serverTime() {
	c.b.Helper()
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	took := make([]time.Duration, 0, benchPages)
	for n := range benchPages + 1 {
		req, err := http.NewRequestWithContext(c.b.Context(), http.MethodGet, c.base+"/", nil)
		if err != nil {
			c.b.Fatal(err)
		}
		req.AddCookie(c.cookie)
		req.Header.Set("Accept", "text/html")
		req.Header.Set("Accept-Encoding", "gzip")
		began := time.Now()
		resp, err := transport.RoundTrip(req)
		if err != nil {
			c.b.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "gzip" {
			c.b.Fatal(resp.Status, resp.Header, err)
		}
		_ = resp.Body.Close()
		if n > 0 { // The first one makes the index, once in the life of a process.
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	c.b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms/page")
}

// visit opens the home page of somebody who is signed in, in a browser that was
// never there, and returns what its requests brought in bytes, by their kind.
func (c *crowd) visit(browser *rod.Browser) (page *rod.Page, bytes func() map[proto.NetworkResourceType]float64) {
	c.b.Helper()
	private, err := browser.Incognito()
	if err == nil {
		page, err = private.Page(proto.TargetCreateTarget{})
	}
	if err == nil {
		_, err = proto.NetworkSetCookie{Name: c.cookie.Name, Value: c.cookie.Value, URL: c.base}.Call(page)
	}
	if err != nil {
		c.b.Fatal(err)
	}
	ctx, stop := context.WithCancel(c.b.Context())
	c.b.Cleanup(stop)
	var mu sync.Mutex
	kinds, brought := map[proto.NetworkRequestID]proto.NetworkResourceType{}, map[proto.NetworkRequestID]float64{}
	go page.Context(ctx).EachEvent(
		func(e *proto.NetworkResponseReceived) {
			mu.Lock()
			defer mu.Unlock()
			kinds[e.RequestID], brought[e.RequestID] = e.Type, e.Response.EncodedDataLength
		},
		func(e *proto.NetworkLoadingFinished) {
			mu.Lock()
			defer mu.Unlock()
			brought[e.RequestID] = e.EncodedDataLength
		},
	)()
	if err := page.Navigate(c.base + "/"); err != nil {
		c.b.Fatal(err)
	}
	page = page.Timeout(time.Minute)
	if err := page.Wait(rod.Eval(`() => document.querySelector('#link.live') !== null`)); err != nil {
		c.b.Fatal(err)
	}
	return page, func() map[proto.NetworkResourceType]float64 {
		mu.Lock()
		defer mu.Unlock()
		all := map[proto.NetworkResourceType]float64{}
		for id, n := range brought {
			all[kinds[id]] += n
		}
		return all
	}
}

// firstVisit measures what a browser fetches that has nothing yet.
func (c *crowd) firstVisit(browser *rod.Browser) {
	c.b.Helper()
	page, bytes := c.visit(browser)
	if err := page.WaitIdle(10 * time.Second); err != nil {
		c.b.Fatal(err)
	}
	total := 0.0
	for kind, n := range bytes() {
		c.b.Logf("%s: %.0f bytes", kind, n)
		total += n
	}
	c.b.ReportMetric(total/1000, "first-KB")
	c.b.ReportMetric(bytes()[proto.NetworkResourceTypeScript]/1000, "script-KB")
}

// liveUpdates measures how long it takes from the moment that a check is in the
// store to the moment that it is on the page, at worst.
func (c *crowd) liveUpdates(browser *rod.Browser) {
	c.b.Helper()
	page, _ := c.visit(browser)
	worst := time.Duration(0)
	for n := range benchUpdates {
		want, sign := visa.Suspended, "suspended"
		if n%2 == 1 {
			want, sign = visa.InProgress, "in_progress"
		}
		seen := make(chan time.Time, 1)
		go func() {
			res, err := page.Eval(`(id, sign) => new Promise((done) => {
				const look = () => document.querySelector('#application-' + id + ' .status.' + sign) ? done(Date.now()) : requestAnimationFrame(look);
				look();
			})`, string(c.moving.ID), sign)
			if err != nil {
				close(seen)
				return
			}
			seen <- time.UnixMilli(int64(res.Value.Num()))
		}()
		if _, err := c.engine.CheckNow(c.b.Context(), c.moving.ID); err != nil {
			c.b.Fatal(err)
		}
		kept := c.kept(want)
		at, ok := <-seen
		if !ok {
			c.b.Fatal("the page never showed it")
		}
		worst = max(worst, at.Sub(kept))
	}
	c.b.ReportMetric(float64(worst.Milliseconds()), "ms-live")
}

// kept waits until the store holds a status, and returns when it did.
func (c *crowd) kept(want visa.Status) time.Time {
	c.b.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(waitTime); time.Now().Before(deadline); <-tick.C {
		app, err := c.store.Application(c.b.Context(), c.moving.ID)
		if err != nil {
			c.b.Fatal(err)
		}
		if app.State.Status == want {
			return time.Now()
		}
	}
	c.b.Fatalf("the store never held %s", want)
	return time.Time{}
}
