package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func TestShareShowsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.BaseURL = "https://visa.example.com/box" })
	p, stranger := a.signedIn("admin"), a.person()
	app, ch := a.decided(anna, "Anna of ours"), a.channel("Quetzal phone")
	a.keptPerson(app.ID)
	at := "/applications/" + string(app.ID)
	leadsTo(t, p.post(at+"/edit", "note", "a secret note", "channels", "yes", "channel", ch.ID), "../"+string(app.ID)+"?done=saved")
	made := p.post(at+"/share", "do", "make", "lasts", "7")
	code := codeIn(a, made)
	says(t, made, http.StatusOK, `value="https://visa.example.com/box/share#`+code+`"`, `class="qr"`, "works until", "data-copy")
	if strings.Contains(p.get(at+"/share").Body.String(), code) {
		t.Error("the link is shown again")
	}
	says(t, stranger.get("/share"), http.StatusOK, `name="code"`)
	w := stranger.post("/share", "code", code)
	says(t, w, http.StatusOK, "Refused or discontinued", "The portal showed it", "Wait for the letter", "since", "works until", "The portal has not answered since")
	for _, private := range []string{anna, "9001", "Anna of ours", "a secret note", "Eva Example", "Quetzal", "Vaše žádost", string(app.ID), "15 January 2025", "since filing"} {
		if strings.Contains(w.Body.String(), private) {
			t.Errorf("a stranger sees %q", private)
		}
	}
	named := codeIn(a, p.post(at+"/share", "do", "make", "lasts", "1", "named", "yes"))
	says(t, stranger.post("/share", "code", named), http.StatusOK, "Anna of ours")
	says(t, p.post(at+"/share", "do", "make", "lasts", "365"), http.StatusBadRequest)

	// It reads and nothing else, and ends when it is ended.
	stranger.headers.Set("Authorization", "Bearer "+code)
	if w := stranger.get("/api/v1/applications"); w.Code != http.StatusUnauthorized {
		t.Errorf("a link opens the API: %d", w.Code)
	}
	stranger.headers.Del("Authorization")
	list, err := a.store.Shares(t.Context(), app.ID, a.me)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d links, %v", len(list), err)
	}
	leadsTo(t, p.post(at+"/share", "do", "end", "share", list[0].ID), "share?done=share_ended")
	says(t, stranger.post("/share", "code", code), http.StatusNotFound, `role="alert"`, "This link has ended")
	says(t, stranger.post("/share", "code", named), http.StatusOK, "Anna of ours")
	if log := a.log.String(); strings.Contains(log, code) || strings.Contains(log, named) {
		t.Error("a code stands in the log")
	}
	entries, err := a.store.AuditTrail(t.Context(), 0, 9, func(e account.Entry) bool { return e.Kind == account.KindShare })
	if err != nil || len(entries) != 3 || entries[0].Action != account.ShareEnded || entries[0].User != a.admin.ID {
		t.Errorf("the trail says %+v, %v", entries, err)
	}
}

func TestWrongShareCodesAreCounted(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	app := a.watch(anna, "Anna")
	sh, code := watch.NewShare(watch.Share{Application: app.ID, Owner: a.me, By: a.admin.ID}, time.Hour, time.Now())
	if err := a.store.AddShare(t.Context(), sh); err != nil {
		t.Fatal(err)
	}
	p := a.person()
	for _, wrong := range []string{"", "x", "czvl_", code + "a", code[:56], strings.Replace(code, "czvl_", "czvi_", 1)} {
		says(t, p.post("/share", "code", wrong), http.StatusNotFound, "This link has ended")
	}
	other := code[:56] + map[bool]string{true: "b", false: "a"}[code[56] == 'a']
	says(t, p.post("/share", "code", other), http.StatusNotFound, "This link has ended")
	for range maxWrong {
		p.post("/share", "code", "x")
	}
	says(t, p.post("/share", "code", "x"), http.StatusTooManyRequests, "Too many tries were wrong.")
	says(t, p.post("/share", "code", code), http.StatusOK, "No answer yet") // A right one always passes.
	entries, err := a.store.AuditTrail(t.Context(), 0, 9, func(e account.Entry) bool { return e.Action == account.RequestRefused })
	if err != nil || len(entries) != 1 || entries[0].Detail != string(account.RefusedLink) {
		t.Errorf("the trail says %+v, %v", entries, err)
	}
}

// Somebody watches an application without a reload, and shares it with somebody
// who has no account, and then with somebody without scripts.
func TestApplicationIsLiveAndShared(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.InProgress)
	app := a.watch(anna, "Anna")
	a.run()
	p := newProxy(t, a.server.Handler())
	b := newBrowser(t)
	v := visit(t, b, p.URL+"/visa/applications/"+string(app.ID))
	v.signIn("admin", password)
	v.shows("What it means")
	v.shows("ZZZZ2025••••9001")
	v.shows("Live")
	v.until("it is the application's own page", `() => { window.mark = true; return location.pathname.includes('/applications/'); }`)
	a.portal.say(anna, visa.PreliminarilyPositive)
	v.click("button", "Check now")
	v.shows("Good news: wait for the embassy to call you")
	v.until("it is announced", `() => document.getElementById('news').textContent.includes('Anna: Preliminarily positive')`)
	v.until("the page is the same", `() => window.mark === true`)
	v.click("button", "Show the whole number")
	v.shows(anna)
	v.until("the page is the same", `() => window.mark === true`)
	v.axe("the application")
	v.dark(true)
	v.axe("the application in the dark")
	v.fitsWidth(320)
	v.size(390, 844, true)
	v.quiet()

	v.click("link", "Share links")
	v.click("button", "Make the link")
	v.shows("The link is ready")
	v.axe("a link")
	res, err := v.Eval(`() => document.getElementById('fresh').value`)
	v.must(err)
	code := res.Value.Str()

	guest := visit(t, b.MustIncognito(), p.URL+"/visa/share#"+code)
	guest.shows("Good news: wait for the embassy to call you")
	guest.until("the code is gone from the address", `() => !location.href.includes('czvl_')`)
	guest.axe("what is shared")
	guest.fitsWidth(320)
	if text := guest.text(); strings.Contains(text, "9001") || strings.Contains(text, "Anna") {
		t.Errorf("the guest sees too much:\n%s", text)
	}
	guest.quiet()
	plain := visit(t, b.MustIncognito(), "about:blank")
	plain.noScripts()
	plain.must(plain.Navigate(p.URL + "/visa/share"))
	plain.fill("Code of the link", code)
	plain.click("button", "Continue")
	plain.shows("Good news: wait for the embassy to call you")
}
