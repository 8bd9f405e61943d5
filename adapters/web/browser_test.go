package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// browserPatience is how long the page may take to show something.
const browserPatience = 20 * time.Second

// newBrowser starts a Chromium that ends with the test.
func newBrowser(t *testing.T) *rod.Browser {
	t.Helper()
	bin := ""
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			bin = found
			break
		}
	}
	if bin == "" {
		t.Fatal("this test needs a browser: apt-get install chromium-headless-shell")
	}
	l := launcher.New().Bin(bin).Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir())
	at, err := l.Launch()
	if err != nil {
		t.Fatalf("start %s: %v", bin, err)
	}
	b := rod.New().ControlURL(at)
	if err := b.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		l.Kill()
		l.Cleanup()
	})
	return b
}

// proxy serves an appliance under a sub-path, as many people will, and can be cut.
type proxy struct {
	*httptest.Server
	down atomic.Bool
}

func newProxy(t *testing.T, h http.Handler) *proxy {
	t.Helper()
	inner := httptest.NewServer(h)
	t.Cleanup(inner.Close)
	to, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	forward := http.StripPrefix("/visa", &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.down.Load() {
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	t.Cleanup(p.CloseClientConnections)
	return p
}

// cut breaks every connection, and refuses new ones until mend.
func (p *proxy) cut() {
	p.down.Store(true)
	p.CloseClientConnections()
}

func (p *proxy) mend() { p.down.Store(false) }

// visitor is a page in a browser, and what it complained about.
type visitor struct {
	*rod.Page
	t *testing.T

	mu         sync.Mutex
	complaints []string
	network    []string // requests that failed
}

func visit(t *testing.T, b *rod.Browser, address string) *visitor {
	t.Helper()
	page, err := b.Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &visitor{Page: page, t: t}
	wait := page.Context(ctx).EachEvent(
		func(e *proto.RuntimeExceptionThrown) { v.complain("exception: %s", e.ExceptionDetails.Text) },
		func(e *proto.RuntimeConsoleAPICalled) { v.complain("console %s: %v", e.Type, e.Args) },
		func(e *proto.LogEntryAdded) {
			if e.Entry.Source == proto.LogLogEntrySourceNetwork {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.network = append(v.network, e.Entry.Text+" "+e.Entry.URL)
				return
			}
			v.complain("%s: %s", e.Entry.Source, e.Entry.Text) // A broken content policy comes as one of these.
		},
	)
	done := make(chan struct{})
	go func() { defer close(done); wait() }()
	t.Cleanup(func() {
		if t.Failed() {
			v.picture("failed")
		}
		if err := page.Close(); err != nil {
			t.Errorf("close the page: %v", err)
		}
		cancel()
		<-done
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, c := range v.complaints {
			t.Errorf("the page complains: %s", c)
		}
	})
	if err := page.Navigate(address); err != nil {
		t.Fatal(err)
	}
	v.Page = page.Timeout(browserPatience * 3)
	return v
}

func (v *visitor) complain(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
}

// quiet fails if a request failed so far that should not have.
func (v *visitor) quiet() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.network) > 0 {
		v.t.Errorf("requests failed: %q", v.network)
	}
}

// picture keeps a screenshot for who looks into a failure.
func (v *visitor) picture(name string) {
	png, err := v.Screenshot(true, nil)
	if err == nil {
		err = os.WriteFile(filepath.Join(v.t.ArtifactDir(), name+".png"), png, 0o600)
	}
	if err != nil {
		v.t.Logf("no screenshot: %v", err)
	}
}

// until waits until a function of the page is true.
func (v *visitor) until(what, js string, args ...any) {
	v.t.Helper()
	if err := v.Timeout(browserPatience).Wait(rod.Eval(js, args...)); err != nil {
		v.t.Fatalf("waiting until %s: %v\nthe page shows:\n%s", what, err, v.text())
	}
}

// shows waits until a text can be seen.
func (v *visitor) shows(text string) {
	v.t.Helper()
	v.until("it shows "+text, `text => document.body.innerText.includes(text)`, text)
}

// text returns what can be seen.
func (v *visitor) text() string {
	res, err := v.Eval(`() => document.body.innerText`)
	if err != nil {
		return err.Error()
	}
	return res.Value.Str()
}

// find returns the element that a person or a screen reader finds by its role and name.
func (v *visitor) find(role, name string) *rod.Element {
	v.t.Helper()
	list, err := proto.AccessibilityQueryAXTree{ObjectID: v.body().Object.ObjectID, AccessibleName: name, Role: role}.Call(v)
	if err != nil {
		v.t.Fatal(err)
	}
	if len(list.Nodes) != 1 {
		v.t.Fatalf("%d elements have the role %s and the name %q, want 1\nthe page shows:\n%s", len(list.Nodes), role, name, v.text())
	}
	obj, err := proto.DOMResolveNode{BackendNodeID: list.Nodes[0].BackendDOMNodeID}.Call(v)
	if err != nil {
		v.t.Fatal(err)
	}
	el, err := v.ElementFromObject(obj.Object)
	if err != nil {
		v.t.Fatal(err)
	}
	return el
}

func (v *visitor) body() *rod.Element {
	v.t.Helper()
	el, err := v.Element("body")
	if err != nil {
		v.t.Fatal(err)
	}
	return el
}

func (v *visitor) click(role, name string) {
	v.t.Helper()
	if err := v.find(role, name).Click(proto.InputMouseButtonLeft, 1); err != nil {
		v.t.Fatalf("click on %s: %v", name, err)
	}
}

func (v *visitor) fill(name, text string) {
	v.t.Helper()
	if err := v.find("textbox", name).Input(text); err != nil {
		v.t.Fatalf("fill in %s: %v", name, err)
	}
}

func (v *visitor) signIn(token string) {
	v.t.Helper()
	v.until("there is a form", `() => !document.getElementById('sign-in').hidden`)
	v.fill("Token", token)
	v.click("button", "Sign in")
}

func TestPage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	phone := a.channel("Anna's <b>phone</b>")
	a.portal.say(anna, visa.InProgress)
	a.portal.say(boris, visa.NotFound)
	app := a.watch(anna, `Anna <img src=x onerror="alert(1)">`, phone.ID)
	a.watch(boris, "")
	a.run()
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")

	v.signIn("czvm_wrong")
	v.shows("This token is not valid.")
	v.mu.Lock()
	v.network = nil // The refusal was one.
	v.mu.Unlock()

	v.signIn(a.token)
	v.shows(`Anna <img src=x onerror="alert(1)">`) // S11: text, not markup.
	v.shows("ZZZZ2025••••9001")
	v.shows("In progress")
	v.shows("OAM-•••12/DP-2025")
	v.shows("Live")
	v.shows("v0-test")
	v.shows("Anna's <b>phone</b>")

	// A change comes without a reload.
	a.portal.say(anna, visa.Suspended)
	v.until("the list is the page's own", `() => window.mark = true`)
	v.click("button", `Check now: Anna <img src=x onerror="alert(1)">`)
	v.shows("Suspended")
	a.portal.say(anna, visa.Granted)
	if _, err := a.engine.CheckNow(t.Context(), app.ID); err != nil {
		t.Fatal(err)
	}
	v.shows("“Granted” was seen")
	v.click("button", `Check now: Anna <img src=x onerror="alert(1)">`)
	v.shows("The checks by hand of this application are used up for today.")

	// Another one, first wrong, by keyboard.
	v.mu.Lock()
	v.network = nil // The quota was one.
	v.mu.Unlock()
	v.fill("Number", "TEST2O2502209002")
	v.click("button", "Watch")
	v.shows("here there is the letter \"O\". Should it be \"0\"?")
	v.until("the field is marked", `() => document.activeElement.id === 'reference' && document.activeElement.ariaInvalid === 'true'`)
	a.portal.say(cecil, visa.PreliminarilyPositive)
	if err := v.find("textbox", "Number").SelectAllText(); err != nil {
		t.Fatal(err)
	}
	v.fill("Number", cecil)
	v.fill("Name (optional)", "Cecil")
	v.click("checkbox", "Anna's <b>phone</b>")
	if err := v.Keyboard.Press('\r'); err != nil {
		t.Fatal(err)
	}
	v.shows("Cecil is being watched.")
	v.shows("Preliminarily positive")
	if strings.Contains(v.text(), cecil) {
		t.Error("the page shows a whole reference")
	}
	v.click("button", "Send a test message: Anna's <b>phone</b>")
	v.shows("The server has taken the message.")
	v.mu.Lock()
	v.network = nil // The wrong number was one.
	v.mu.Unlock()

	// The connection is lost, and what happens meanwhile is read when it is back.
	p.cut()
	v.shows("Connection lost")
	if err := a.engine.Remove(t.Context(), app.ID); err != nil {
		t.Fatal(err)
	}
	p.mend()
	v.click("button", "Try now")
	v.shows("Live")
	v.until("the application is gone", `() => !document.body.innerText.includes('Anna <img')`)
	v.until("the page is the same", `() => window.mark === true`)

	// While nobody looks there is no stream, and afterwards there is one again.
	hide := `hidden => {
		Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
		document.dispatchEvent(new Event('visibilitychange'));
		return true;
	}`
	v.until("it is hidden", hide, true)
	v.shows("Paused")
	v.until("it is shown", hide, false)
	v.shows("Live")

	// After a reload the tab is still signed in; after signing out it is not.
	if err := v.Reload(); err != nil {
		t.Fatal(err)
	}
	v.shows("Cecil")
	v.click("button", "Sign out")
	v.until("nothing is left", `() => sessionStorage.getItem('czvm-token') === '' && !document.body.innerHTML.includes('Cecil') && document.cookie === '' && localStorage.length === 0`)
}

func TestPageShowsTroubleOfTheSource(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.InProgress)
	app := a.watch(anna, "Anna")
	a.run()
	p := newProxy(t, a.server.Handler())
	b := newBrowser(t)
	v := visit(t, b, p.URL+"/visa/applications/"+string(app.ID)) // The link of a message.
	v.signIn(a.token)
	v.shows("In progress")
	v.until("the application is pointed at", `() => document.activeElement.classList.contains('wanted')`)
	v.until("the link led to the page", `id => location.pathname === '/visa/' && location.hash === '#application-' + id`, string(app.ID))

	a.portal.fail(anna, watch.Throttled)
	if _, err := a.engine.CheckNow(t.Context(), app.ID); err != nil {
		t.Fatal(err)
	}
	v.shows("Checks have been failing since")
	v.shows("The portal is being left alone until")
	v.shows("the portal asked for fewer requests")
	v.shows("What is shown is as of")
	v.shows("No answer since")
	v.shows("In progress") // A failure is not a status.
	v.click("button", "Check now: Anna")
	v.shows("The portal is being left alone; the check is made after")
	v.quiet()

	empty := newAppliance(t, nil)
	q := newProxy(t, empty.server.Handler())
	w := visit(t, b, q.URL+"/visa/")
	w.signIn(empty.token)
	w.shows("Nothing is being watched yet.")
	w.shows("There is no channel yet")
	w.quiet()
}

// Nothing may need to be scrolled sideways, on the narrowest phone either, and
// everything that can be touched is large enough.
func TestPageFitsNarrowScreens(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.PreliminarilyPositive)
	a.channel(strings.Repeat("x", 100))
	a.watch(anna, strings.Repeat("Annaxxxxxx", 20))
	a.run()
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn(a.token)
	v.shows("Preliminarily positive")
	for _, width := range []int{320, 390, 768, 1280} {
		if err := v.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 700}); err != nil {
			t.Fatal(err)
		}
		v.until(fmt.Sprintf("the page fits %d pixels", width), `() => document.documentElement.scrollWidth <= window.innerWidth`)
		small, err := v.Eval(`() => [...document.querySelectorAll('button, input:not([type=checkbox]), fieldset label')]
			.filter(el => el.checkVisibility() && el.getBoundingClientRect().height < 44).map(el => el.textContent || el.id).join()`)
		if err != nil {
			t.Fatal(err)
		}
		if names := small.Value.Str(); names != "" {
			t.Errorf("at %d pixels too small to touch: %s", width, names)
		}
	}
	v.quiet()
}
