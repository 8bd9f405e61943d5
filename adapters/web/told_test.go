package web

import (
	"slices"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// tells waits until the store holds these channels for an application.
func (a *appliance) tells(id watch.ID, want ...string) {
	a.tb.Helper()
	var got []string
	for deadline := time.Now().Add(browserPatience); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		app, err := a.store.Application(a.tb.Context(), id)
		if err != nil {
			a.tb.Fatal(err)
		}
		if got = app.Watchers[0].Channels; slices.Equal(got, want) {
			return
		}
	}
	a.tb.Fatalf("the application tells %v, want %v", got, want)
}

// press presses keys one after the other.
func (v *visitor) press(keys ...input.Key) {
	v.t.Helper()
	if err := v.Keyboard.Type(keys...); err != nil {
		v.t.Fatal(err)
	}
}

func focus(t *testing.T, el *rod.Element) {
	t.Helper()
	if err := el.Focus(); err != nil {
		t.Fatal(err)
	}
}

// An application that was added before there was a channel gets one on its
// card, by keyboard alone.
func TestPageChangesWhoIsTold(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.InProgress)
	app := a.watch(anna, "Anna")
	a.run()
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Nobody is told of changes yet.")
	v.shows("Who is told: nobody")
	focus(t, v.find("DisclosureTriangle", "Who is told: nobody (Anna)"))
	v.press(input.Enter)
	v.shows("Add a channel first, through the API.")
	v.press(input.Enter)

	// A channel that is made elsewhere is there when the card is opened again.
	phone := a.channel("Phone <i>1</i>")
	v.press(input.Enter)
	v.until("there is a box", `() => document.querySelector('.application fieldset input')?.checkVisibility() ?? false`)
	if el := v.find("group", "Tell about Anna through"); el == nil {
		t.Error("the boxes have no name")
	}
	v.press(input.Tab, input.Space)
	a.tells(app.ID, phone.ID)
	v.shows("Who is told: Phone <i>1</i>")
	v.shows("Saved.")
	focused := `id => document.activeElement.value === id && document.activeElement.checked`
	v.until("the box has the focus", focused, phone.ID)
	v.until("nobody is warned any more", `() => !document.body.innerText.includes('Nobody is told')`)

	// What others change meanwhile comes by itself, and takes no focus away.
	nextMilli()
	tablet := a.channel("Tablet")
	if _, err := a.engine.Edit(t.Context(), app.ID, a.me, func(w *watch.Watcher) error {
		w.Channels = append(w.Channels, tablet.ID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	v.shows("Who is told: Phone <i>1</i>, Tablet")
	v.until("the box still has the focus", focused, phone.ID)
	v.press(input.Space)
	a.tells(app.ID, tablet.ID)
	v.press(input.Space, input.Space, input.Space) // Faster than the appliance answers.
	a.tells(app.ID, tablet.ID, phone.ID)
	v.press(input.Space)
	a.tells(app.ID, tablet.ID)
	v.quiet()

	// A channel that is gone cannot be kept; the second try works. When the new
	// application is there, the page has read everything that came before it.
	a.portal.say(boris, visa.NotFound)
	a.watch(boris, "Boris")
	v.shows("Boris")
	if err := a.store.RemoveChannel(t.Context(), tablet.ID); err != nil {
		t.Fatal(err)
	}
	v.press(input.Space)
	v.shows("Channel number 1 of the list does not exist.")
	v.shows("Who is told: nobody")
	v.press(input.Space)
	a.tells(app.ID, phone.ID)
	v.shows("Who is told: Phone <i>1</i>")

	if _, err := a.store.EditChannel(t.Context(), phone.ID, func(c *alert.Channel) error { c.Paused = true; return nil }); err != nil {
		t.Fatal(err)
	}
	focus(t, v.find("DisclosureTriangle", "Who is told: Phone <i>1</i> (Anna)"))
	v.press(input.Enter, input.Enter)
	v.shows("Nobody is told of changes, because every channel chosen is paused.")
	v.shows("Who is told: Phone <i>1</i> (paused)")

	// The form knows new channels, too, and keeps what is ticked.
	a.channel("Fax")
	focus(t, v.find("textbox", "Number"))
	v.until("the form offers it", `() => document.getElementById('choose').innerText.includes('Fax')`)
}

// A status that changes is announced, once, in the language it is in.
func TestPageAnnouncesChanges(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	czech := func() (watch.Result, error) {
		return watch.Result{Status: visa.InProgress, Text: "Řízení o žádosti probíhá", Language: "cs"}, nil
	}
	a.portal.answer(anna, czech)
	app := a.watch(anna, "Anna")
	a.run()
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("In progress")
	v.until("the wording is Czech", `() => document.querySelector('[data-f=words] p').lang === 'cs'`)
	said := `words => [...document.querySelectorAll('[role=log] p')].map(p => p.textContent).join() === words`
	if v.find("log", "Changes of status") == nil {
		t.Error("the log has no name")
	}
	v.until("what stands is no news", `() => !document.querySelector('[role=log]').textContent.includes('Suspended')`)
	a.portal.answer(anna, func() (watch.Result, error) { return watch.Result{Status: visa.Suspended, Text: "Words"}, nil })
	v.until("the log is emptied", `() => { document.querySelector('[role=log]').replaceChildren(); return true }`)
	if _, err := a.engine.CheckNow(t.Context(), app.ID); err != nil {
		t.Fatal(err)
	}
	v.until("it is announced", said, "Anna: Suspended")
	v.until("the wording is in no known language", `() => document.querySelector('[data-f=words] p').lang === ''`)
	if _, err := a.engine.Edit(t.Context(), app.ID, a.me, func(w *watch.Watcher) error { w.Label = "Ann"; return nil }); err != nil {
		t.Fatal(err)
	}
	v.shows("Ann\n")
	v.until("another name is no news", said, "Anna: Suspended")
	v.until("the log is there, and not to be seen", `() => { const r = document.querySelector('[role=log]').getBoundingClientRect(); return r.width <= 1 && r.height <= 1 }`)
	v.quiet()
	v.click("button", "Sign out")
	v.until("nothing is left", `() => document.querySelector('form[action="sign-in"]') !== null && document.querySelector('[role=log]') === null`)
}
