package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

// holds waits until the browser keeps so many pages, as its worker puts them there.
func (v *visitor) holds(pages int) {
	v.t.Helper()
	const count = `async () => {
		let n = 0;
		for (const name of (await caches.keys()).filter((one) => one.includes(':pages:'))) n += (await (await caches.open(name)).keys()).length;
		return n;
	}`
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	last := ""
	for end := time.Now().Add(browserPatience); time.Now().Before(end); <-wait.C {
		res, err := v.Evaluate(rod.Eval(count).ByPromise())
		if err != nil {
			last = err.Error() // Another page has come meanwhile.
		} else if last = res.Value.String(); res.Value.Int() == pages {
			return
		}
	}
	v.t.Fatalf("the browser holds %s pages, want %d\nthe page shows:\n%s", last, pages, v.text())
}

// reload reads the page again, as it is asked for: an answer or none.
func (v *visitor) reload() {
	v.t.Helper()
	if err := v.Reload(); err != nil {
		v.t.Fatal(err)
	}
	if err := v.WaitLoad(); err != nil {
		v.t.Fatal(err)
	}
}

// Somebody sees the last state while the appliance cannot be reached, is told so, and
// after he has signed out nothing of his is there.
func TestPageIsThereOffline(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.InProgress)
	app := a.watch(anna, "Anna")
	a.run()
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("In progress")
	v.holds(1) // Although the worker came later than the page.
	v.quiet()

	// A change that came live is part of the last state.
	a.portal.say(anna, visa.Suspended)
	if _, err := a.engine.CheckNow(t.Context(), app.ID); err != nil {
		t.Fatal(err)
	}
	v.shows("Suspended")
	v.open(p.URL + "/visa/account")
	v.open(p.URL + "/visa/help/appeal")
	v.holds(2) // The account is none of them.

	p.cut()
	v.open(p.URL + "/visa/")
	v.shows("Suspended")
	v.shows("ZZZZ2025••••9001")
	v.shows("Connection lost.")
	v.shows("What you see was read on")
	v.shows("Changing anything needs the connection.")
	v.axe("the list without a connection")
	v.until("it has its style", `() => getComputedStyle(document.querySelector('main')).maxWidth !== 'none'`)
	if strings.Contains(v.html(), anna) {
		t.Error("a whole number is kept")
	}
	v.open(p.URL + "/visa/help/appeal")
	v.shows("What you see was read on")
	v.open(p.URL + "/visa/account")
	v.shows("No connection")
	v.shows("Bez spojení")
	v.axe("a page that is not kept")
	v.fitsWidth(320)
	if strings.Contains(v.text(), "admin") {
		t.Error("the page without a connection holds a name")
	}

	// What was kept gives way to what is, as soon as that can be read.
	v.open(p.URL + "/visa/")
	v.shows("Connection lost.")
	p.mend() // It is tried again by itself.
	v.shows("Live")
	v.until("it is the page itself", `() => !document.body.innerText.includes('was read on')`)

	v.click("button", "Sign out")
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)
	v.holds(0)
	p.cut()
	v.nothingOf(p.URL+"/visa/", "Anna", "admin")
}

// Whoever erases himself leaves nothing in the browser either.
func TestErasureLeavesNothingOffline(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	boris, _ := a.user("boris", account.Member)
	a.watchFor(account.OfUser(boris.ID), anna)
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("boris", password)
	v.holds(1)
	v.open(p.URL + "/visa/account/erase")
	v.fill("Your password now", password)
	v.click("button", "Erase everything that is mine")
	v.shows("Your account is gone")
	v.holds(0)
	p.cut()
	v.nothingOf(p.URL+"/visa/", "Shared", "boris")
}

// html returns all that the page holds, shown or not.
func (v *visitor) html() string {
	v.t.Helper()
	res, err := v.Eval(`() => document.documentElement.outerHTML`)
	if err != nil {
		v.t.Fatal(err)
	}
	return res.Value.Str()
}

// nothingOf fails if an address shows any of these words without a connection.
func (v *visitor) nothingOf(address string, words ...string) {
	v.t.Helper()
	v.open(address)
	v.shows("No connection")
	for _, word := range words {
		if strings.Contains(v.html(), word) {
			v.t.Errorf("the page holds %s", word)
		}
	}
}

// Whose session ends elsewhere, who signs in in place of somebody, and who signs out
// while nothing can be reached leaves nothing either.
func TestPageLeavesNothingOffline(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.watch(anna, "Anna")
	a.user("boris", account.Member)
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Anna")
	v.holds(1)

	// The session is ended in another browser.
	if _, err := a.accounts.EndOtherSessions(a.asCommand(), a.admin.ID); err != nil {
		t.Fatal(err)
	}
	v.reload()
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)
	v.holds(0)

	// Somebody else signs in.
	v.signIn("boris", password)
	v.shows("Nothing is being watched yet.")
	v.holds(1)
	p.cut()
	v.open(p.URL + "/visa/")
	v.shows("What you see was read on")
	if strings.Contains(v.html(), "Anna") {
		t.Error("it is the page of another")
	}

	// A form needs the connection, but to sign out forgets all the same.
	v.click("button", "Sign out")
	v.shows("No connection")
	v.holds(0)
	v.nothingOf(p.URL+"/visa/", "boris")
}

// A proxy that asks who it is sends the browser to a place of its own, where the worker
// sees nothing.
func TestPageLeavesNothingBehindSignInOfProxy(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><link rel=icon href=data:,><p>Who are you?")) // The browser may have gone on.
	}))
	t.Cleanup(elsewhere.Close)
	t.Cleanup(elsewhere.CloseClientConnections)
	var asks atomic.Bool
	p := newProxy(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asks.Load() {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
			return
		}
		a.server.Handler().ServeHTTP(w, r)
	}))
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Live")
	v.holds(1)
	asks.Store(true)
	v.open(p.URL + "/visa/")
	v.shows("Who are you?")
	p.cut()
	v.nothingOf(p.URL+"/visa/", "admin")
}

// do runs a function of the page that returns a promise.
func (v *visitor) do(js string) {
	v.t.Helper()
	_, err := v.Evaluate(rod.Eval(js).ByPromise())
	v.must(err)
}

// What is too much, too old or of another version goes; what others have at the same
// host stays.
func TestPageKeepsLittleOffline(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Live")
	v.holds(1)
	v.do(`async () => {
		const name = (await caches.keys()).find((one) => one.includes(':pages:'));
		const cache = await caches.open(name);
		for (let i = 0; i < 60; i++) await cache.put('applications/' + i, new Response('', { headers: { 'x-kept': String(Date.now()) } }));
	}`)
	v.holds(61)
	v.open(p.URL + "/visa/help")
	v.holds(50)

	// Seven days later.
	v.do(`async () => {
		const cache = await caches.open((await caches.keys()).find((one) => one.includes(':pages:')));
		const kept = await cache.match(location.href), headers = new Headers(kept.headers);
		headers.set('x-kept', String(Date.now() - 7 * 24 * 3600_000));
		await cache.put(location.href, new Response(await kept.text(), { headers }));
	}`)
	p.cut()
	v.open(p.URL + "/visa/help")
	v.shows("No connection")
	p.mend()

	// Another version comes.
	v.open(p.URL + "/visa/help")
	v.shows("Live")
	v.do(`async () => {
		const root = new URL('./', location.href).href;
		for (const name of ['czvm:' + root + ':0:assets', 'czvm:' + root + ':0:pages:x', 'czvm:' + root + 'other/:0:assets', 'other']) await caches.open(name);
		await (await navigator.serviceWorker.ready).unregister();
	}`)
	v.open(p.URL + "/visa/help")
	v.shows("Live")
	v.until("there is a worker", `() => navigator.serviceWorker.controller !== null`)
	res, err := v.Evaluate(rod.Eval(`async () => (await caches.keys()).filter((name) => /:0:|other/.test(name)).join(' ')`).ByPromise())
	v.must(err)
	if got, want := res.Value.Str(), "czvm:"+p.URL+"/visa/other/:0:assets other"; got != want {
		t.Errorf("what is left of others is %q, want %q", got, want)
	}
}

// A form that cannot be sent stays as it is, and is sent when it can.
func TestPageKeepsFormOffline(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Live")
	v.open(p.URL + "/visa/help")
	v.shows("Live")
	v.fill("Your question", "where do I find my OAM number")
	p.cut()
	v.shows("Connection lost.")
	v.click("button", "Ask")
	v.until("it is said that this needs the connection", `() => document.getElementById('needs').matches('.bad') && document.getElementById('needs').checkVisibility()`)
	p.mend()
	v.click("button", "Ask")
	v.shows("This should answer it:")
	v.until("the page is the same", `() => document.getElementById('question').value.startsWith('where')`)
	v.until("the answer leads on", `() => document.querySelector('#found a').click() ?? true`)
	v.shows("Official pages")
}

// At an address in the home network, without TLS, there is no worker, and nothing is
// missed.
func TestPageHasNoWorkerOverPlainHTTP(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	asked := make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == workerPath {
			asked <- r.URL.Path
		}
		a.server.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	v := visit(t, newBrowser(t), strings.Replace(s.URL, "127.0.0.1", "appliance.example.com", 1)+"/")
	v.signIn("admin", password)
	v.shows("Live")
	v.until("there are no workers", `() => navigator.serviceWorker === undefined`)
	if len(asked) > 0 {
		t.Error("the worker is asked for")
	}
	v.quiet()
}
