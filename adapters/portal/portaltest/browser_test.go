package portaltest_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// start runs a replica whose form appears at once, and holds its clients to
// having made no wrong request.
func start(t *testing.T, cfg portaltest.Config) *portaltest.Server {
	t.Helper()
	if cfg.Page.FormDelay == 0 {
		cfg.Page.FormDelay = -1
	}
	if cfg.Latency == 0 {
		cfg.Latency = -1
	}
	srv, err := portaltest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}

// chromium starts the browser that all subtests of one test share.
func chromium(t *testing.T) *rod.Browser {
	t.Helper()
	var bin string
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			bin = path
			break
		}
	}
	if bin == "" {
		t.Fatal("no browser: install chromium-headless-shell or chromium")
	}
	l := launcher.New().Context(t.Context()).Bin(bin).Headless(true).NoSandbox(os.Geteuid() == 0)
	l.Set("disable-gpu").Set("user-data-dir", t.TempDir())
	url, err := l.Launch()
	if err != nil {
		t.Fatalf("start %s: %v", bin, err)
	}
	t.Cleanup(l.Kill)
	browser := rod.New().ControlURL(url)
	if err := browser.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = browser.Close() })
	return browser
}

// form is a page of the replica in its own incognito window.
type form struct {
	t    *testing.T
	page *rod.Page
}

func open(t *testing.T, browser *rod.Browser, url string) form {
	t.Helper()
	own, err := browser.Incognito()
	if err != nil {
		t.Fatal(err)
	}
	page, err := own.Page(proto.TargetCreateTarget{URL: url, NewWindow: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = page.Close() })
	page = page.Timeout(30 * time.Second)
	if err := page.WaitLoad(); err != nil {
		t.Fatal(err)
	}
	return form{t, page}
}

// in is the form as a subtest sees it.
func (f form) in(t *testing.T) form { return form{t, f.page} }

// element waits for a selector.
func (f form) element(selector string) *rod.Element {
	f.t.Helper()
	el, err := f.page.Element(selector)
	if err != nil {
		f.t.Fatalf("wait for %s: %v", selector, err)
	}
	return el
}

// has reports whether a selector matches now.
func (f form) has(selector string) bool {
	f.t.Helper()
	has, _, err := f.page.Has(selector)
	if err != nil {
		f.t.Fatal(err)
	}
	return has
}

func (f form) click(selector string) {
	f.t.Helper()
	if err := f.element(selector).Click(proto.InputMouseButtonLeft, 1); err != nil {
		f.t.Fatalf("click %s: %v", selector, err)
	}
}

// refuse answers the cookie dialog.
func (f form) refuse() {
	f.t.Helper()
	f.click(".cookies__wrapper .button__outline")
	f.until("the cookie dialog is gone", `() => document.querySelector('.cookies__wrapper').children.length === 0`)
}

// fill types text into an input, in place of what is there.
func (f form) fill(selector, text string) {
	f.t.Helper()
	el := f.element(selector)
	if err := el.SelectAllText(); err != nil {
		f.t.Fatal(err)
	}
	if err := el.Input(text); err != nil {
		f.t.Fatal(err)
	}
}

// keys presses keys where the focus is.
func (f form) keys(keys ...input.Key) {
	f.t.Helper()
	if err := f.page.Keyboard.Type(keys...); err != nil {
		f.t.Fatal(err)
	}
}

// submit clicks the form's button.
func (f form) submit() {
	f.t.Helper()
	f.click(`button[type=submit]`)
}

// until waits for a script to be true.
func (f form) until(what, script string, args ...any) {
	f.t.Helper()
	if err := f.page.Wait(rod.Eval(script, args...)); err != nil {
		f.t.Fatalf("wait until %s: %v", what, err)
	}
}

// answer waits for an alert with number in it and returns its class and text.
func (f form) answer(number string) (class, text string) {
	f.t.Helper()
	f.until("the alert is about "+number,
		`n => document.querySelector('.alert__content strong')?.textContent === ' ' + n + ' '`, number)
	return f.eval(`() => document.querySelector('.alert').className`),
		f.eval(`() => document.querySelector('.alert__content').textContent`)
}

// eval returns the string a script makes.
func (f form) eval(script string, args ...any) string {
	f.t.Helper()
	v, err := f.page.Eval(script, args...)
	if err != nil {
		f.t.Fatal(err)
	}
	return v.Value.Str()
}
