package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"cz-visa-monitor/app/account"
)

// write types text where the focus is.
func (v *visitor) write(text string) {
	v.t.Helper()
	if err := v.InsertText(text); err != nil {
		v.t.Fatal(err)
	}
}

// open goes to an address and waits until all of it is there.
func (v *visitor) open(address string) {
	v.t.Helper()
	if err := v.Navigate(address); err != nil {
		v.t.Fatal(err)
	}
	// Asked again and again, since without scripts no event is told.
	v.until("all of the page is there", `() => document.readyState === 'complete'`)
}

// forget forgets the requests that failed, as they should have.
func (v *visitor) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.network = nil
}

// The first start under a sub-path and by keyboard alone, up to the first page and
// out again.
func TestPageFirstStart(t *testing.T) {
	t.Parallel()
	a := bareAppliance(t, nil)
	code, err := a.accounts.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.shows("Set up the appliance")
	v.until("the first field has the focus", `() => document.activeElement.id === 'code'`)
	v.write("AAAA-BBBB-CCCC")
	v.press(input.Tab)
	v.write("anna")
	v.press(input.Tab)
	v.write("too short")
	v.press(input.Enter)
	v.until("the browser says what is wrong", `() => document.activeElement.id === 'fresh' && document.activeElement.matches(':invalid') && location.pathname === '/visa/setup'`)
	v.write(" no more")
	v.press(input.Enter)
	v.shows("The name, password or code is wrong.")
	v.forget()
	v.until("what was typed is there still", `() => document.getElementById('name').value === 'anna' && document.getElementById('fresh').value === ''`)
	<-time.After(time.Second) // The limit's first wait.
	v.fill("Code from the log", strings.ToLower(code))
	v.fill("New password", password)
	v.press(input.Enter)
	v.shows("Step 2 of 5")
	v.until("scripts see no cookie", `() => document.cookie === '' && localStorage.length === 0 && location.pathname === '/visa/start'`)
	v.click("link", "anna")
	v.shows("Your account")
	v.click("link", "Recovery sheet")
	v.shows("Give your password to see it.")
	v.write(password)
	v.press(input.Enter)
	v.shows("Keep this sheet at home")
	v.until("it can be printed", `() => document.getElementById('print').checkVisibility()`)
	if v.find("button", "Print") == nil || v.find("image", "QR code of the recovery key") == nil {
		t.Error("there is nothing to print")
	}
	v.fill("The last 8 characters, from the paper", "EXAMPLE0")
	v.press(input.Enter)
	v.shows("These are not the last 8 characters")
	v.forget()
	v.click("link", "cz-visa-monitor")
	v.shows("Live")
	v.click("button", "Sign out")
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)

	// What was there does not come back.
	if err := v.NavigateBack(); err != nil {
		t.Fatal(err)
	}
	v.until("it asks to sign in", `() => document.querySelector('form[action="sign-in"]') !== null && !document.body.innerText.includes('anna')`)
	v.quiet()
}

// Whoever cannot or will not run scripts can do all that has to do with his account.
func TestPagesWithoutScripts(t *testing.T) {
	t.Parallel()
	a := bareAppliance(t, nil)
	code, err := a.accounts.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), "about:blank")
	v.noScripts()
	v.open(p.URL + "/visa/")
	v.fill("Code from the log", code)
	v.fill("Name", "anna")
	v.fill("New password", password)
	v.click("button", "Set up")
	v.shows("Step 2 of 5")
	v.open(p.URL + "/visa/account")
	v.fill("Your password now", password)
	v.fill("New password", "another correct horse")
	v.click("button", "Change the password")
	v.shows("The password is changed")
	v.fill("Your password, for the second factor", "another correct horse")
	v.click("button", "Add a second factor")
	v.shows("Scan this with your authenticator.")
	secret := v.find("code", "")
	text, err := secret.Text()
	if err != nil {
		t.Fatal(err)
	}
	v.fill("The six digits it shows now", codeOf(t, text))
	v.click("button", "Turn it on")
	v.shows("The second factor is on.")
	recovery, err := v.Eval(`() => document.querySelector('.codes code').textContent`)
	if err != nil {
		t.Fatal(err)
	}
	v.click("button", "Sign out")
	v.signIn("anna", "another correct horse")
	v.shows("one of your recovery codes")
	v.fill("Code", recovery.Value.Str())
	v.click("button", "Sign in")
	v.shows("Nothing is being watched yet.")
	v.click("button", "Sign out")
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)

	invitation := a.invited(account.Member)
	v.open(p.URL + "/visa/join#" + invitation) // The code has to be typed in.
	v.fill("Code", invitation)
	v.click("button", "Continue")
	v.shows("Make my account")
	v.fill("Name", "boris")
	v.fill("New password", password)
	v.click("button", "Make my account")
	v.shows("Step 1 of 3")
	v.quiet()
}

// The code of a link goes from its address into the form, and no further.
func TestPageTakesInvitationFromAddress(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/join#"+a.invited(account.Member))
	taken := `() => document.getElementById('code')?.value.startsWith('czvi_') && location.href.endsWith('/visa/join')`
	v.until("the code is in the form", taken)
	second := a.invited(account.Viewer)
	v.open(p.URL + "/visa/join#" + second) // Another link, on the page that is open.
	v.until("the other code is in the form", `code => document.getElementById('code').value === code`, second)
	v.press(input.Enter)
	v.shows("Make my account")
	if log := a.logged(); strings.Contains(log, second) {
		t.Error("the log holds the code")
	}
	v.fill("Name", "boris")
	v.fill("New password", password)
	v.press(input.Enter)
	v.shows("Nothing is being watched yet.")
	v.quiet()
}

// At an address in the home network, without TLS, browsers tell less about where a
// form comes from.
func TestPageSignsInOverPlainHTTP(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	s := httptest.NewServer(a.server.Handler())
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	v := visit(t, newBrowser(t), strings.Replace(s.URL, "127.0.0.1", "appliance.example.com", 1)+"/")
	v.signIn("admin", password)
	v.shows("Nothing is being watched yet.")
	v.click("button", "Sign out")
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)
	v.quiet()
}

// shelf serves pages as they were answered, and returns the address of each.
func (a *appliance) shelf(bodies map[string]string) (at func(name string) string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, asset, ok := strings.Cut(r.URL.Path, "/assets/"); ok {
			r.URL.Path = "/assets/" + asset
			a.server.Handler().ServeHTTP(w, r)
			return
		}
		if strings.Contains(r.URL.Path, "/api/") {
			w.Header().Set("Content-Type", "text/event-stream")
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", contentPolicy)
		_, _ = w.Write([]byte(bodies[r.URL.Query().Get("page")])) // The browser may have gone on.
	}))
	a.tb.Cleanup(s.Close)
	return func(name string) string { return s.URL + "/?page=" + url.QueryEscape(name) }
}

// Every page fits the narrowest phone, can be touched, and names all its fields.
func TestSmallPagesFitAndAreNamed(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	bodies := map[string]string{}
	a.everyPage(func(name string, w *httptest.ResponseRecorder) {
		if !strings.HasPrefix(name, "the first page") { // It has a test of its own.
			bodies[name] = w.Body.String()
		}
	})
	at := a.shelf(bodies)
	v := visit(t, newBrowser(t), "about:blank")
	for name := range bodies {
		v.Page = v.CancelTimeout().Timeout(browserPatience) // One after the other is no waiting.
		for _, width := range []int{320, 390, 1280} {
			v.size(width, 800, width < 700)
			v.open(at(name))
			found, err := v.Eval(`() => {
				const seen = [...document.querySelectorAll('a, button, input, select')].filter((el) => el.checkVisibility() && el.type !== 'hidden' && !el.matches('.skip'));
				const called = (el) => el.textContent.trim() || el.id;
				const wide = document.documentElement.scrollWidth > window.innerWidth ? ['wider than the screen'] : [];
				const touched = (el) => el.matches('[type=checkbox], [type=radio]') ? el.closest('label') ?? el : el;
				const small = seen.filter((el) => touched(el).getBoundingClientRect().height < (el.matches('a:not(.button)') ? 24 : 43.9)).map((el) => 'too small: ' + called(el));
				const nameless = seen.filter((el) => !(el.labels?.length || el.ariaLabel || el.textContent.trim())).map((el) => 'without a name: ' + el.outerHTML);
				const ids = [...document.querySelectorAll('[id]')].map((el) => el.id);
				const twice = ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => 'twice: ' + id);
				const dangling = [...document.querySelectorAll('[aria-describedby], [aria-labelledby], label[for]')]
					.flatMap((el) => (el.getAttribute('aria-describedby') ?? el.getAttribute('aria-labelledby') ?? el.htmlFor).split(' ')).filter((id) => !ids.includes(id)).map((id) => 'nowhere: ' + id);
				const plain = getComputedStyle(document.querySelector('main')).maxWidth === 'none' ? ['without its style'] : [];
				return [...wide, ...small, ...nameless, ...twice, ...dangling, ...plain].join('; ');
			}`)
			if err != nil {
				t.Fatal(err)
			}
			if what := found.Value.Str(); what != "" {
				t.Errorf("%s at %d pixels: %s", name, width, what)
			}
			if width == 390 {
				v.fitsWidth(390)
				v.axe(name)
				v.dark(true)
				v.axe(name + ", dark")
				v.dark(false)
			}
		}
	}
}
