package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// firstRights are those of the pages by which numbers come in, and of the first steps.
func firstRights() []right {
	return []right{
		{"GET /add", nil, "", writes, "", ""},
		{"POST /add", aNumber, "do=add&pick=0&ref.0={reference}&owner={owner}", writes, givesAll, unknown},
		{"POST /add", aNumber, "do=look&text=ZZZZ202501159001&owner={owner}", writes, givesAll, unknown},
		{"GET /start", nil, "", writes, "", ""},
		{"POST /start", nil, "do=dismiss", "++-+++ --- ---", "", ""},
		{"POST /start", nil, "do=language&language=cs", "++-+++ --+ ---", "", ""},
	}
}

// firstPages yields the states of these pages.
func (a *appliance) firstPages(p *person, yield func(name string, w *httptest.ResponseRecorder)) {
	a.tb.Helper()
	yield("add", p.get("/add"))
	yield("add, one found", p.post("/add", "text", boris))
	yield("add, nothing found", p.post("/add", "text", "no number"))
	yield("add, several found", p.post("/add", "text", boris+" "+cecil+" "+boris+" OAM-1/XX-2001, ZZZZ20250115900l"))
	yield("add, nothing ticked", p.post("/add", "text", boris+" "+anna, "do", "add", "ref.0", boris, "ref.1", anna))
	for _, name := range []string{stepLanguage, stepSheet, stepChannel, stepNumber, stepEnd} {
		yield("first steps, "+name, p.get("/start?step="+name))
	}
	yield("first steps, no such language", p.post("/start", "do", "language", "language", "?"))
	yield("first steps, kinds of channel", p.get("/channels/new?from=start"))
	yield("first steps, a channel", p.get("/channels/new?kind=ntfy&from=start"))
	yield("first steps, sheet", p.get("/recovery-sheet?from=start"))
	a.beginner(a.admin.ID)
	yield("the first page with the first steps", p.get("/"))
}

// beginner has the first steps shown to a user.
func (a *appliance) beginner(user string) {
	a.tb.Helper()
	if _, err := a.store.EditUser(a.tb.Context(), user, func(u *account.User, _ int) error { u.Starting = true; return nil }, account.Also{}); err != nil {
		a.tb.Fatal(err)
	}
}

// applications returns everything that is watched, by the number.
func (a *appliance) applications(t *testing.T) map[string]watch.Application {
	t.Helper()
	all := map[string]watch.Application{}
	err := a.store.Applications(t.Context(), []account.Owner{a.me}, "", func(one watch.Application) bool {
		all[one.Reference.String()] = one
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// postLetter sends the form of the page with a file.
func (p *person) postLetter(letter string, pairs ...string) *httptest.ResponseRecorder {
	p.tb.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			p.tb.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("letter", "letter.txt")
	if err == nil {
		_, err = io.WriteString(part, letter)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		p.tb.Fatal(err)
	}
	return p.sendAs(w.FormDataContentType(), body.String())
}

// sendAs sends the page a body of this type.
func (p *person) sendAs(contentType, body string) *httptest.ResponseRecorder {
	p.tb.Helper()
	p.headers.Set("Content-Type", contentType)
	defer p.headers.Del("Content-Type")
	return p.send(http.MethodPost, addPath, body)
}

func TestAddShowsWhatWasFound(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.Pace = 6 })
	p, standing := a.signedIn("admin"), a.watch(anna, "Anna")
	for _, tc := range []struct {
		name, text string
		status     int
		want       []string
	}{
		{"one", "č. j. oam 90012 - 3 / dp 2025", http.StatusOK, []string{"OAM-90012-3/DP-2025", "category DP (long-term residence)", "In the text: oam 90012 - 3 / dp 2025", "Watch this number", `type="hidden" name="pick"`}},
		{"several", boris + " " + cecil, http.StatusOK, []string{"Watch the ticked numbers", "TEST202502209002", "with the letters TEST", "the first check of 2 numbers takes about", `type="checkbox" name="pick" value="1" checked`}},
		{"a known embassy", "BANG202501159001", http.StatusOK, []string{"the embassy is Bangkok"}},
		{"watched already", anna, http.StatusOK, []string{"Watched already", `href="applications/` + string(standing.ID) + `"`}},
		{"twice", boris + ", " + boris + ", OAM-90012/DP-2025", http.StatusOK, []string{"It stands there 3 times, and is added once."}},
		{"near miss", "ZZZZ2O2501159001", http.StatusOK, []string{"Not quite a number", "there is the letter “O”", "Should it be “0”?"}},
		{"unknown category", "OAM-90012/XX-2025", http.StatusOK, []string{"is not known to offer this category"}},
		{"two years", "ZZZZ200101159001", http.StatusOK, []string{"only for applications of the last two years"}},
		{"none", "Dear Sir", http.StatusUnprocessableEntity, []string{"There is no number in it.", "Dear Sir"}},
		{"nothing", "", http.StatusUnprocessableEntity, []string{"Paste a text or choose a letter first."}},
		{"markup", "<b>" + boris + "</b>", http.StatusOK, []string{"&lt;b&gt;"}},
	} {
		says(t, p.post("/add", "text", tc.text, "do", "look"), tc.status, tc.want...)
	}
	if got := len(a.applications(t)); got != 1 {
		t.Errorf("looking has added something: %d", got)
	}
}

// A number in an address would stand in the history of the browser and in the logs
// of proxies.
func TestAddTakesNothingFromAnAddress(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	for _, query := range []string{"text=", "url=", "title=", "ref.0=", "letter="} {
		if w := p.get("/add?" + query + url.QueryEscape(cecil)); w.Code != http.StatusOK || strings.Contains(w.Body.String(), cecil) {
			t.Errorf("%s: %d, or the number is taken from the address", query, w.Code)
		}
	}
	w := p.post("/add?text="+cecil, "do", "look")
	if strings.Contains(w.Body.String(), cecil) {
		t.Error("a form takes the number from the address")
	}
	says(t, p.get(manifestPath), http.StatusOK, `"share_target":{"action":"add","method":"POST","enctype":"multipart/form-data"`)
	says(t, p.post("/add", "title", "A letter", "url", "https://example.com/"+anna), http.StatusOK, anna, "Watch this number")
}

func TestNumbersAreAdded(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p, ch, one := a.signedIn("admin"), a.channel("Phone"), a.keptPerson()
	w := p.post("/add", "text", boris+"\n"+cecil)
	says(t, w, http.StatusOK, `name="channel" value="`+ch.ID+`" checked`, "Eva Example", `name="shown" value="`+string(a.me)+`"`)
	leadsTo(t, p.post("/add", "do", "add", "text", boris+" "+cecil, "shown", string(a.me), "person", one.ID, "channel", ch.ID,
		"ref.0", boris, "pick", "0", "label.0", "Boris", "purpose.0", "residence_extension", "filed.0", "2025-02-03",
		"ref.1", cecil, "pick", "1", "ref.2", anna, "label.2", "not ticked"), "./?done=numbers_added")
	says(t, p.get("/?done=numbers_added"), http.StatusOK, "The numbers are being watched.", "Boris")
	all := a.applications(t)
	if len(all) != 2 {
		t.Fatalf("%d applications", len(all))
	}
	got := all[boris].Watchers[0]
	if got.Label != "Boris" || got.Purpose != visa.ResidenceExtension || got.Dates.Filed.String() != "2025-02-03" || len(got.Channels) != 1 || got.Channels[0] != ch.ID {
		t.Errorf("the watcher is %+v", got)
	}
	linked, err := a.store.Person(t.Context(), one.ID)
	if err != nil || len(linked.Applications) != 2 {
		t.Errorf("linked are %v, %v", linked.Applications, err)
	}
	w = p.post("/add", "do", "add", "text", anna, "ref.0", anna, "pick", "0")
	leadsTo(t, w, "applications/"+string(a.applications(t)[anna].ID)+"?done=number_added")
	leadsTo(t, p.post("/add", "do", "add", "from", "start", "ref.0", "BANG202501159001", "pick", "0"), "start?step=number")
}

// One number that cannot be added keeps none of the others away, and nothing that was
// typed is lost.
func TestSomeNumbersAreNotAdded(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	a.watch(anna, "Anna")
	w := p.post("/add", "do", "add", "text", "My letter: "+boris+" "+cecil, "ref.0", boris, "pick", "0", "label.0", "Boris",
		"ref.1", cecil, "pick", "1", "label.1", strings.Repeat("Ж", 201), "ref.2", anna, "pick", "2",
		"ref.3", "BANG202501159001", "pick", "3", "label.3", "Not in the text", "filed.3", "2999-01-01")
	says(t, w, http.StatusUnprocessableEntity, "1 number is being watched.", "3 numbers could not be added.", "My letter: ", "Added",
		"This is too long. Shorten it.", "Watched already", "This day is in the future.",
		`value="Not in the text"`, `name="filed.1" type="date" value="2999-01-01"`, `aria-invalid="true"`)
	if all := a.applications(t); len(all) != 2 || all[boris].Watchers[0].Label != "Boris" {
		t.Errorf("the applications are %v", all)
	}
	says(t, p.post("/add", "do", "add", "text", cecil, "ref.0", cecil, "label.0", "Cecil"), http.StatusUnprocessableEntity, "Tick at least one number.", `value="Cecil"`)
	says(t, p.post("/add", "do", "add", "ref.0", cecil, "pick", "0", "label.0", "Cecil", "channel", account.NewID(time.Now())), http.StatusUnprocessableEntity, "One of the channels does not exist", `value="Cecil"`)
	stranger, _ := a.user("boris", account.Member)
	theirs, err := dossier.NewPerson(dossier.Person{Owner: account.OfUser(stranger.ID), Name: "Theirs"}, time.Now())
	if err == nil {
		err = a.store.AddPerson(t.Context(), theirs)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{theirs.ID, account.NewID(time.Now())} {
		says(t, p.post("/add", "do", "add", "ref.0", cecil, "pick", "0", "person", id), http.StatusUnprocessableEntity, "This person does not exist any more")
	}
	if got := len(a.applications(t)); got != 2 {
		t.Errorf("what was refused was added: %d", got)
	}
}

// For another owner others may hear of it: that is shown before anything is added.
func TestAddForAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := string(account.OfGroup(w.group.ID))
	theirs, own := aChannel(w, w.place("group", caller{}))[1], aChannel(w, w.place("own", caller{user: "writer"}))[1]
	form := "do=add&pick=0&ref.0=" + anna + "&label.0=Anna&channel=" + own + "&shown=" + url.QueryEscape(string(account.OfUser(w.people["writer"].ID))) + "&owner=" + url.QueryEscape(group)
	got := w.as(caller{user: "writer"}, "POST", "/add", form)
	says(t, got, http.StatusOK, "It is for somebody else now.", `value="Anna"`, theirs, `<option value="`+group+`" selected>Family</option>`)
	if strings.Contains(got.Body.String(), own) {
		t.Error("the channels of somebody else are offered")
	}
	form = "do=add&pick=0&ref.0=" + anna + "&channel=" + theirs + "&shown=" + url.QueryEscape(group) + "&owner=" + url.QueryEscape(group)
	if got := w.as(caller{user: "writer"}, "POST", "/add", form); got.Code != http.StatusSeeOther {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	says(t, w.as(caller{user: "reader"}, "GET", "/", ""), http.StatusOK, "ZZZZ2025••••9001")
}

func TestAddTakesALetter(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	w := p.postLetter("Ministry of the Interior\nRef. "+boris+"\nand "+cecil, "text", anna)
	says(t, w, http.StatusOK, anna+";\n"+boris+";\n"+cecil, "Watch the ticked numbers")
	// What was not seen yet is shown first, even if the button is that for adding.
	says(t, p.postLetter(boris, "do", "add", "ref.0", anna, "pick", "0", "text", anna), http.StatusOK, boris, "Watch the ticked numbers")
	if got := len(a.applications(t)); got != 0 {
		t.Fatalf("%d were added unseen", got)
	}
	w = p.postLetter(boris, "do", "add", "text", "", "ref.0", boris, "pick", "0")
	leadsTo(t, w, "applications/"+string(a.applications(t)[boris].ID)+"?done=number_added")
	says(t, p.postLetter("\x00\x01\x02", "text", "typed before"), http.StatusUnprocessableEntity, "This is neither a PDF nor a text.", "typed before")
	says(t, p.postLetter("no number"), http.StatusUnprocessableEntity, "There is no number in it.")
	says(t, p.postLetter(strings.Repeat("x", 6<<20)), http.StatusRequestEntityTooLarge, "The letter is too large")
	for range maxWrong {
		w = p.postLetter(cecil, "text", "kept")
	}
	says(t, w, http.StatusTooManyRequests, "Wait a minute, or type the number.", "kept")
	says(t, p.sendAs("multipart/form-data; boundary=x", "--x\r\nbroken"), http.StatusBadRequest)
	says(t, p.sendAs("application/json", "{}"), http.StatusUnsupportedMediaType)
}

func TestAddIsBounded(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	var text strings.Builder
	for i := range maxAdd + 7 {
		text.WriteString("OAM-" + strconv.Itoa(90001+i) + "/DP-2025\n")
	}
	says(t, p.post("/add", "text", text.String()), http.StatusOK, "These are the first 50.", "7 more are waiting", `name="ref.49"`)
	form := []string{"do", "add", "text", text.String()}
	for i := range maxAdd + 7 {
		n := strconv.Itoa(i)
		form = append(form, "ref."+n, "OAM-"+strconv.Itoa(90001+i)+"/DP-2025", "pick", n)
	}
	leadsTo(t, p.post("/add", form...), "./?done=numbers_added")
	if got := len(a.applications(t)); got != maxAdd {
		t.Errorf("%d were added", got)
	}
}

// Each reason why something is no number has a text in every language.
func TestNearMissesHaveWords(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for _, lang := range a.server.cfg.Catalogues.Languages() {
		words := a.server.cfg.Catalogues.For(lang)
		for _, code := range visa.Codes() {
			part, problem, _ := strings.Cut(code, ".")
			if key := "near." + part + "_" + problem; part != string(visa.PartWhole) && !words.Has(key) {
				t.Errorf("%s has no text for %s", lang, key)
			}
		}
	}
}

// Somebody pastes a text with three numbers, one of which is watched already and one
// mistyped, and corrects it.
func TestNumbersArePasted(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.Granted)
	a.portal.say(boris, visa.InProgress)
	a.portal.say(cecil, visa.Suspended)
	a.watch(anna, "Anna")
	a.run()
	proxy := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), proxy.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Live")
	v.click("link", "Add")
	v.shows("Paste the number, or a whole text with it")
	v.until("the page is the same", `() => window.mark = true`)
	const box = "Paste the number, or a whole text with it"
	v.fill(box, "Hello, these are ours:\n"+anna+"\n"+boris+"\nTEST2O2502209002")
	v.shows("Watched already")
	v.shows("Not quite a number")
	v.shows("Should it be “0”?")
	v.shows("category DP (long-term residence)")
	v.axe("what was found")
	v.dark(true)
	v.axe("what was found, in the dark")
	v.dark(false)
	v.fitsWidth(320)
	v.size(390, 844, true)
	v.fill(box, anna+"\n"+boris+"\n"+cecil+"\n"+boris)
	v.shows("It stands there 2 times, and is added once.")
	v.shows("with the letters TEST")
	v.fill("What to call it (number 1) (may stay empty)", "Boris")
	v.until("the page is the same", `() => window.mark === true && location.search === ''`)
	v.click("button", "Watch the ticked numbers")
	v.shows("The numbers are being watched.")
	v.shows("Boris")
	v.shows("Suspended")
	v.shows("In progress")
	v.quiet()
	if got := len(a.applications(t)); got != 3 {
		t.Errorf("%d applications", got)
	}
}
