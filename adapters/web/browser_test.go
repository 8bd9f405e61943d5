package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

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

	v.signIn("admin", "a wrong password")
	v.shows("The name, password or code is wrong.")
	v.mu.Lock()
	v.network = nil // The refusal was one.
	v.mu.Unlock()

	<-time.After(time.Second) // The limit's first wait.
	v.signIn("admin", password)
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
	if err := a.engine.Remove(t.Context(), app.ID, a.me); err != nil {
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

	// After a reload the browser is still signed in; after signing out it is not.
	if err := v.Reload(); err != nil {
		t.Fatal(err)
	}
	v.shows("Cecil")
	v.click("button", "Sign out")
	v.until("nothing is left", `() => document.querySelector('form[action="sign-in"]') && !document.body.innerHTML.includes('Cecil') && document.cookie === '' && localStorage.length === 0 && sessionStorage.length === 0`)
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
	v.signIn("admin", password)
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
	w.signIn("admin", password)
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
	v.signIn("admin", password)
	v.shows("Preliminarily positive")
	v.until("everything is open", `() => { document.querySelectorAll('details').forEach(d => d.open = true); return document.querySelector('.application fieldset label')?.checkVisibility() }`)
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
