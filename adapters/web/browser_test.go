package web

import (
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

// hide is a script that makes a page believe that nobody looks at it.
const hide = `hidden => {
	Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
	document.dispatchEvent(new Event('visibilitychange'));
	return true;
}`

// Somebody signs in under a sub-path, sees a change without a reload, loses the
// connection, gets it back, and signs out.
func TestPageIsLive(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.InProgress)
	app := a.watch(anna, `Anna <img src=x onerror="alert(1)">`)
	a.run()
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows(`Anna <img src=x onerror="alert(1)">`) // S11: text, not markup.
	v.shows("ZZZZ2025••••9001")
	v.shows("In progress")
	v.shows("Live")
	v.shows("v0-test")

	a.portal.say(anna, visa.Suspended)
	v.until("the list is the page's own", `() => window.mark = true`)
	if _, err := a.engine.CheckNow(t.Context(), app.ID); err != nil {
		t.Fatal(err)
	}
	v.shows("Suspended")
	v.until("it is announced", `() => document.getElementById('news').textContent.includes(': Suspended')`)
	v.quiet()

	// What is looked for is found while it is typed, stands in no address, and stays
	// when the list is read anew.
	v.fill("Search by name, note or number", "nobody")
	v.shows("Nothing fits what you look for.")
	v.fill("Search by name, note or number", "img src")
	v.shows("Suspended")
	v.until("the address tells nothing", `() => location.pathname + location.search === '/visa/'`)
	v.axe("the list")
	v.dark(true)
	v.axe("the list in the dark")
	v.fitsWidth(320)
	v.size(390, 844, true)

	// Several at once, here one.
	v.clickText("Several at once")
	v.click("checkbox", "Tick all")
	v.click("button", "Mute")
	v.shows("1 is muted.")
	v.until("the page is the same", `() => window.mark === true`)
	v.click("button", `Mark as read: Anna <img src=x onerror="alert(1)">`)
	v.shows("1 is marked as read.")
	v.quiet()

	// The connection is lost, and what happens meanwhile is read when it is back.
	p.cut()
	v.shows("Connection lost")
	if err := a.engine.Remove(t.Context(), app.ID, a.me); err != nil {
		t.Fatal(err)
	}
	p.mend()
	v.click("button", "Try now")
	v.shows("Live")
	v.until("the application is gone", `() => !document.getElementById('applications').innerText.includes('Anna')`)
	v.until("the page is the same", `() => window.mark === true`)

	// While nobody looks there is no stream, and afterwards there is one again.
	v.until("it is hidden", hide, true)
	v.shows("Paused")
	v.until("it is shown", hide, false)
	v.shows("Live")
	v.shows("Nothing is being watched yet.")
	if strings.Contains(v.text(), anna) {
		t.Error("the page shows a whole reference")
	}

	v.click("button", "Sign out")
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)
	if left, err := v.Eval(`() => JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])`); err != nil || left.Value.Str() != `["",{},{}]` {
		t.Errorf("left is %v, %v", left, err)
	}
}
