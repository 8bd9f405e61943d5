package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// applicationPageRights are those of the pages of one application.
func applicationPageRights() []right {
	return []right{
		{"GET /applications/:id", anApplication, "", all, sees, none},
		{"POST /applications/:id", anApplication, "do=pause", writes, changes, none},
		{"POST /applications/:id", anApplication, "do=archive", writes, changes, none},
		{"POST /applications/:id", anApplication, "do=check", writes, changes, none},
		{"POST /applications/:id", anApplication, "do=purpose&purpose=residence_change", writes, changes, none},
		{"POST /applications/:id", anApplication, "do=seen", all, sees, none},
		{"POST /applications/:id", anApplication, "do=number", all, sees, none},
		{"POST /applications/:id", anApplicant, "do=link&person={person}", writes, changes, none},
		{"GET /applications/:id/edit", anApplication, "", writes, changes, none},
		{"POST /applications/:id/edit", anApplication, "label=Another", writes, changes, none},
		{"GET /applications/:id/remove", anApplication, "", writes, changes, none},
		{"POST /applications/:id/remove", anApplication, "", writes, changes, none},
		{"GET /applications/:id/share", anApplication, "", writes, changes, none},
		{"POST /applications/:id/share", anApplication, "do=make&lasts=7", writes, changes, none},
		{"POST /applications/:id/share", aShare, "do=end&share={share}", writes, changes, none},
		{"GET /share", nil, "", all, "", ""},
		{"POST /share", nil, "code=x", none, "", ""},
	}
}

// anApplicant is an application, and a person of the same owner.
func anApplicant(w *world, at place) []string {
	return append(anApplication(w, at), "{person}", aPerson(w, at)[1])
}

// aShare is a link to an application, made by somebody who may.
func aShare(w *world, at place) []string {
	app := w.newApplication(at.owner)
	by := at.user.ID
	if at.whose == "group" {
		by = w.people["writer"].ID
	}
	sh, _ := watch.NewShare(watch.Share{Application: app.ID, Owner: at.owner, By: by}, time.Hour, time.Now())
	if at.whose == "own" && at.user.Role == account.Viewer { // He can have none.
		return []string{"{id}", string(app.ID), "{share}", sh.ID}
	}
	w.must(w.store.AddShare(w.tb.Context(), sh))
	return []string{"{id}", string(app.ID), "{share}", sh.ID}
}

// applicationPages yields the states of the pages of one application.
func (a *appliance) applicationPages(p, stranger *person, yield func(name string, w *httptest.ResponseRecorder)) {
	a.tb.Helper()
	fresh := a.watch("OAM-90077/DP-2025", "")
	at := "/applications/" + string(fresh.ID)
	yield("application, no answer yet", p.get(at))
	app := a.decided("TEST202502209077", "Dana")
	a.keptPerson(app.ID)
	at = "/applications/" + string(app.ID)
	yield("application, refused", p.get(at))
	yield("application, number", p.post(at, "do", "number"))
	yield("application, asked", p.post(at, "do", "check"))
	yield("application, form", p.get(at+"/edit"))
	yield("application, wrong", p.post(at+"/edit", "label", "Dana", "filed", "2099-01-01"))
	yield("application, to remove", p.get(at+"/remove"))
	yield("share links, none", p.get(at+"/share"))
	made := p.post(at+"/share", "do", "make", "lasts", "1", "named", "yes")
	yield("share links, made", made)
	yield("share", stranger.get("/share"))
	yield("share, wrong", stranger.post("/share", "code", "x"))
	yield("share, open", stranger.post("/share", "code", codeIn(a, made)))
}

// codeIn returns the code of a link that was just made.
func codeIn(a *appliance, w *httptest.ResponseRecorder) string {
	a.tb.Helper()
	return field(a.tb, w, `value="[^"]*(czvl_[a-z2-7]{52})"`)
}

// decided watches an application that was in progress, was suspended, and was then
// refused, whose last check failed.
func (a *appliance) decided(ref, label string) watch.Application {
	a.tb.Helper()
	app := a.watch(ref, label)
	now := time.Now()
	answer := func(text string) watch.Answer {
		return watch.Answer{Text: text, Language: "cs", Link: "https://ipc.gov.cz/spravni-rizeni/rizeni-nepovoleno/"}
	}
	a.settle(app.ID, watch.State{
		Status: visa.Refused, Valid: visa.Refused, Since: now, ChangedAt: now, AnsweredAt: now, CheckedAt: now,
		Answer: answer("Vaše žádost byla zamítnuta. Číslo " + ref), NextCheckAt: now.Add(time.Hour),
		Trouble: &watch.Trouble{Code: watch.Timeout, Since: now, Count: 2},
	}, nil,
		watch.Entry{At: now.Add(time.Millisecond), Kind: watch.Changed, To: visa.InProgress, Answer: answer("Řízení probíhá: " + ref)},
		watch.Entry{At: now.Add(2 * time.Millisecond), Kind: watch.Changed, From: visa.InProgress, To: visa.Suspended, Answer: answer("Řízení je přerušeno.")},
		watch.Entry{At: now.Add(3 * time.Millisecond), Kind: watch.Changed, From: visa.Suspended, To: visa.Refused, Answer: answer("Vaše žádost byla zamítnuta.")},
	)
	return app
}

func TestWordingIsMasked(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, reference, text, want string }{
		{"a visa", "ZZZZ202501159001", "Visa application ZZZZ202501159001 was granted.", "Visa application ZZZZ2025••••9001 was granted."},
		{"as it was entered", "OAM-90003-2/DP-2026", "OAM-90003-2/DP-2026 is processed.", "OAM-•••03/DP-2026 is processed."},
		{"as the portal writes it", "OAM-90003-2/DP-2026", "OAM-90003/DP-2026 is processed.", "OAM-•••03/DP-2026 is processed."},
		{"another number", "OAM-90003-2/DP-2026", "See OAM-90004/DP-2026.", "See OAM-90004/DP-2026."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ref, err := visa.Parse(tc.reference)
			if err != nil {
				t.Fatal(err)
			}
			if got := wordingOf(watch.Answer{Text: tc.text}, ref).Text; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestApplicationPageSaysAll(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	app := a.decided(anna, "Anna")
	at := "/applications/" + string(app.ID)
	w := p.get(at)
	says(t, w, http.StatusOK, "<h1>Anna</h1>", "ZZZZ2025••••9001", "Refused or discontinued", `lang="cs"><p class="wording">Vaše žádost byla zamítnuta.`,
		"The application was refused, or the proceedings were discontinued", "Wait for the letter", `hreflang="en" rel="external"`,
		"The 15 days run from the day on which the letter was delivered", "#delivered", "the portal did not answer in time", "the portal is slow at times",
		"Suspended", "The portal showed it", "the day is taken from the number", "day not entered", "In progress → Suspended", "Řízení je přerušeno.",
		"No channel is chosen", "What kind of application is it?", "Mark as read")
	if strings.Contains(w.Body.String(), anna) {
		t.Error("the page shows the whole number")
	}
	says(t, p.post(at, "do", "number"), http.StatusOK, anna)
	if strings.Contains(p.get(at).Body.String(), anna) {
		t.Error("the whole number stays")
	}
	// Looking changes nothing; a button does.
	says(t, p.get(at), http.StatusOK, "Mark as read")
	leadsTo(t, p.post(at, "do", "seen"), string(app.ID)+"?done=application_seen")
	if w := p.get(at); strings.Contains(w.Body.String(), "Mark as read") {
		t.Error("it is unread still")
	}
	for _, do := range []string{"pause", "resume", "mute", "unmute", "archive", "unarchive"} {
		leadsTo(t, p.post(at, "do", do), string(app.ID)+"?done=application_"+do)
		if key := "done.application_" + do; !a.server.words.Has(key) {
			t.Errorf("there is no text %s", key)
		}
	}
	says(t, p.post(at, "do", "dance"), http.StatusBadRequest)
	leadsTo(t, p.post(at, "do", "purpose", "purpose", string(visa.VisaOther)), string(app.ID)+"?done=saved")
	says(t, p.get(at), http.StatusOK, "Long-term visa – another purpose", "ask in writing for a new assessment")
}

func TestApplicationIsCheckedNow(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil) // Its engine does not run, so that checks wait.
	p := a.signedIn("admin")
	first, second := a.watch(anna, "Anna"), a.watch(boris, "Boris")
	says(t, p.post("/applications/"+string(first.ID), "do", "check"), http.StatusOK, "The check is next.")
	says(t, p.post("/applications/"+string(second.ID), "do", "check"), http.StatusOK, "number 2 in the queue")
}

func TestApplicationIsEditedByItsForm(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	app, ch := a.decided(boris, "Boris"), a.channel("Phone")
	at := "/applications/" + string(app.ID) + "/edit"
	today := civil.DateOf(time.Now())
	base := []string{
		"label", "Boris N.", "note", "two\r\nlines", "purpose", string(visa.ResidenceChange), "filed", (today - 30).String(), "delivered", (today - 5).String(),
		"collected", "", "suspension_ended", "", "pause_days", "7", "interval", "3h0m0s", "channels", "yes", "channel", ch.ID,
	}
	says(t, p.get(at), http.StatusOK, `value="Boris"`, "Filed on", "The portal shows no days.", "Long-term residence – another purpose than before")
	for _, tc := range []struct {
		name   string
		change []string
		want   []string
	}{
		{"in the future", []string{"filed", "2099-01-01"}, []string{"Filed on: This day is in the future.", `value="2099-01-01"`}},
		{"no day", []string{"delivered", "yesterday"}, []string{"Decision delivered on: This is no day."}},
		{"before filing", []string{"delivered", (today - 60).String()}, []string{"before the day of filing"}},
		{"collected before", []string{"collected", (today - 6).String()}, []string{"before the decision was delivered"}},
		{"too many pauses", []string{"pause_days", "32"}, []string{"more days than have passed"}},
		{"pause of words", []string{"pause_days", "some"}, []string{"whole number of days"}},
		{"too often", []string{"interval", "1m"}, []string{"more often than this appliance allows"}},
		{"odd interval", []string{"interval", "soon"}, []string{"This is no length of time."}},
		{"odd purpose", []string{"purpose", "holiday"}, []string{"Choose one of those offered."}},
		{"long label", []string{"label", strings.Repeat("x", 201)}, []string{"Name: This is too long."}},
	} {
		w := p.post(at, changed(base, tc.change)...)
		says(t, w, http.StatusUnprocessableEntity, append(tc.want, `role="alert"`)...)
		if strings.Count(w.Body.String(), `aria-invalid="true"`) != 1 {
			t.Errorf("%s: no field is marked, or several", tc.name)
		}
	}
	leadsTo(t, p.post(at, base...), "../"+string(app.ID)+"?done=saved")
	got, err := a.store.Application(t.Context(), app.ID)
	if err != nil {
		t.Fatal(err)
	}
	w := got.Watchers[0]
	want := visa.Dates{Filed: today - 30, Delivered: today - 5, PauseDays: 7}
	if w.Label != "Boris N." || w.Note != "two\nlines" || w.Purpose != visa.ResidenceChange || w.Dates != want || w.Interval != 3*time.Hour || len(w.Channels) != 1 {
		t.Errorf("stored is %+v", w)
	}
	says(t, p.get("/applications/"+string(app.ID)), http.StatusOK, "Boris N.", "7 days", "You can appeal.", "days are left: the last day is", "Phone")
	// Without the ticks, nobody is told any more.
	leadsTo(t, p.post(at, "channels", "yes"), "../"+string(app.ID)+"?done=saved")
	if got, err = a.store.Application(t.Context(), app.ID); err != nil || len(got.Watchers[0].Channels) != 0 {
		t.Errorf("channels are %v, %v", got.Watchers[0].Channels, err)
	}
}

// What belongs to a group is another seat, and can be given to it.
func TestApplicationChangesHands(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	p := v.signedIn("admin")
	app := v.decided("TEST202502209078", "Dana")
	at := "/applications/" + string(app.ID)
	says(t, p.get(at+"/edit"), http.StatusOK, `<option value="`+string(v.me)+`" selected>`, "Family")
	says(t, p.post(at+"/edit", "owner", "group:nobody"), http.StatusUnprocessableEntity, "neither you nor a group of yours")
	leadsTo(t, p.post(at+"/edit", "owner", string(v.group)), "../"+string(app.ID)+"?done=saved")
	says(t, p.get(at), http.StatusOK, "<dd>Family</dd>", "Refused or discontinued", "In progress → Suspended")
	writer, stranger := v.signedIn("writer"), v.signedIn("member")
	says(t, writer.get(at), http.StatusOK, "Dana", `value="pause"`)
	says(t, stranger.get(at), http.StatusNotFound)
	if w := v.signedIn("reader").get(at); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `value="pause"`) || strings.Contains(w.Body.String(), "/edit") {
		t.Errorf("who may only read is offered more: %d", w.Code)
	}
	// Where two of his watch it, he chooses as whom he looks.
	if _, err := v.engine.Add(t.Context(), app.Reference, watch.Watcher{Owner: v.me, Label: "My own"}); err != nil {
		t.Fatal(err)
	}
	says(t, p.get(at), http.StatusOK, "<h1>My own</h1>", "?owner=group%3A", `aria-current="page"`)
	says(t, p.get(at+"?owner="+string(v.group)), http.StatusOK, "<h1>Dana</h1>", "/edit?owner=group%3A")
	says(t, p.post(at+"/edit", "owner", string(v.group)), http.StatusUnprocessableEntity, "This one watches the application already.")
	leadsTo(t, p.post(at+"?owner="+string(v.group), "do", "pause"), string(app.ID)+"?owner=group%3A"+strings.TrimPrefix(string(v.group), "group:")+"&done=application_pause")
}

func TestPeopleAreLinked(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	app, one := a.watch(anna, "Anna"), a.keptPerson()
	at := "/applications/" + string(app.ID)
	says(t, p.get(at), http.StatusOK, "Nobody is linked", `<option value="`+one.ID+`">Eva Example</option>`)
	leadsTo(t, p.post(at, "do", "link", "person", one.ID), string(app.ID)+"?done=saved")
	w := p.get(at)
	says(t, w, http.StatusOK, `/people/`+one.ID+`">Eva Example</a>`, "Passport", "Unlink Eva Example")
	if strings.Contains(w.Body.String(), passport) {
		t.Error("the number of a document is shown")
	}
	leadsTo(t, p.post(at, "do", "unlink", "person", one.ID), string(app.ID)+"?done=saved")
	says(t, p.get(at), http.StatusOK, "Nobody is linked")
	says(t, p.post(at, "do", "link", "person", account.NewID(time.Now())), http.StatusNotFound)
}

func TestApplicationIsRemovedByItsPage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	app := a.watch(anna, "Anna")
	at := "/applications/" + string(app.ID)
	says(t, p.get(at+"/remove"), http.StatusOK, "<h2>Anna</h2>", "links that were shared end", "archive it instead")
	leadsTo(t, p.post(at+"/remove"), "../../?done=application_removed")
	says(t, p.get(at), http.StatusNotFound)
}
