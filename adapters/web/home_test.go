package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// shownOrder returns the names that stand in the list, from above.
func shownOrder(t *testing.T, body string, names ...string) (order []string) {
	t.Helper()
	_, list, found := strings.Cut(body, `id="applications"`)
	if !found {
		t.Fatalf("there is no list in %s", body)
	}
	at := map[string]int{}
	for _, name := range names {
		if i := strings.Index(list, ">"+name+"</a>"); i >= 0 {
			at[name] = i
			order = append(order, name)
		}
	}
	slices.SortFunc(order, func(a, b string) int { return at[a] - at[b] })
	return order
}

func TestHomeShowsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	now := time.Now()
	jana, petr, zofie := a.watch(anna, "Jana"), a.watch(boris, "Petr Černík"), a.watch(cecil, "Žofie")
	a.settle(jana.ID, watch.State{Status: visa.InProgress, Valid: visa.InProgress, Since: now, ChangedAt: now, AnsweredAt: now}, nil)
	a.settle(petr.ID, watch.State{
		Status: visa.Suspended, Valid: visa.Suspended, Since: now, ChangedAt: now.Add(2 * time.Hour), AnsweredAt: now,
		Trouble: &watch.Trouble{Code: watch.Timeout, Since: now.Add(-time.Minute), Count: 2},
	}, nil)
	a.settle(zofie.ID, watch.State{
		Status: visa.InProgress, Valid: visa.InProgress, Since: now, ChangedAt: now.Add(time.Hour), AnsweredAt: now,
		Pending: &watch.Pending{Status: visa.Granted, SeenAt: now},
	}, nil)
	p := a.signedIn("admin")
	says(t, p.post("/", "seen", string(jana.ID)), http.StatusOK, "1 is marked as read.")
	says(t, p.post("/", "do", "pause", "id", string(zofie.ID)), http.StatusOK, "1 is paused.", "not checked")
	for name, row := range map[string]struct {
		form []string
		want []string
	}{
		"all, news first":          {nil, []string{"Petr Černík", "Žofie", "Jana"}},
		"by name":                  {[]string{"sort", "label"}, []string{"Jana", "Petr Černík", "Žofie"}},
		"an order there is not":    {[]string{"sort", "x"}, []string{"Petr Černík", "Žofie", "Jana"}},
		"news":                     {[]string{"show", "news"}, []string{"Petr Černík", "Žofie"}},
		"without an answer":        {[]string{"show", "trouble"}, []string{"Petr Černík"}},
		"paused":                   {[]string{"show", "paused"}, []string{"Žofie"}},
		"the archive":              {[]string{"show", "archived"}, nil},
		"a status":                 {[]string{"status", "suspended"}, []string{"Petr Černík"}},
		"no answer":                {[]string{"status", "none"}, nil},
		"a search without accents": {[]string{"q", "cernik"}, []string{"Petr Černík"}},
		"a part of a number":       {[]string{"q", "90012"}, []string{"Petr Černík"}},
		"both":                     {[]string{"q", "cernik", "status", "in_progress"}, nil},
		"a stranger's":             {[]string{"owner", "user:x"}, []string{"Petr Černík", "Žofie", "Jana"}},
		"a page behind the last":   {[]string{"page", "7"}, []string{"Petr Černík", "Žofie", "Jana"}},
		"a page beyond all":        {[]string{"page", "9223372036854775807"}, []string{"Petr Černík", "Žofie", "Jana"}},
	} {
		w := p.post("/", row.form...)
		if got := shownOrder(t, w.Body.String(), "Jana", "Petr Černík", "Žofie"); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
		if len(row.want) == 0 {
			says(t, w, http.StatusOK, "Nothing fits what you look for.")
		}
	}
	says(t, p.get("/"), http.StatusOK, "No answer since", "the portal did not answer in time", "“Granted” was seen on", "Stage 3 of 6: In progress", "Stage 3 of 6: Suspended")
	if body := p.get("/?q=cernik").Body.String(); len(shownOrder(t, body, "Jana", "Petr Černík")) != 2 {
		t.Error("a search in the address counts")
	}
	if body := p.get("/").Body.String(); strings.Contains(body, anna) || strings.Contains(body, boris) {
		t.Error("the list shows a whole number")
	}
}

// A family and a firm each have a part of the list, and what they have reached.
func TestHomeIsGrouped(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	a.watch(anna, "Own")
	g, err := a.accounts.AddGroup(account.As(t.Context(), account.Principal{User: a.admin, Via: account.BySession, Scope: account.ScopeAdmin}), "Firma Example", account.Firm)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := visa.Parse(boris)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := a.engine.Add(t.Context(), ref, watch.Watcher{Owner: account.OfGroup(g.ID), Label: "Theirs"})
	if err != nil {
		t.Fatal(err)
	}
	a.settle(theirs.ID, watch.State{Status: visa.Granted, Valid: visa.Granted, Since: time.Now(), ChangedAt: time.Now()}, nil)
	w := p.get("/")
	says(t, w, http.StatusOK, ">Mine<", ">Firma Example<", "0 of 1 decided", "1 of 1 decided", "1 application", "1 new")
	if got := shownOrder(t, p.post("/", "owner", string(account.OfGroup(g.ID))).Body.String(), "Own", "Theirs"); !slices.Equal(got, []string{"Theirs"}) {
		t.Errorf("the firm's are %q", got)
	}
}

// Who watches a number himself and with a group sees the group's seat where he asks
// for the group's, and changes that one there.
func TestHomeChangesTheSeatItShows(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	group := account.OfGroup(strings.TrimPrefix(p.begins("Firma Example"), "/groups/"))
	app := a.watch(anna, "Own")
	a.watchFor(group, anna)
	query := "?owner=" + url.QueryEscape(string(group))
	says(t, p.get("/"), http.StatusOK, `<a href="applications/`+string(app.ID)+`">Own</a>`)
	says(t, p.post("/", "owner", string(group)), http.StatusOK, `<a href="applications/`+string(app.ID)+query+`">Shared</a>`, `name="of" value="`+string(group)+`"`)
	for _, tc := range []struct {
		name         string
		fields       []string
		status       int
		mine, theirs bool
	}{
		{"the group's are shown", []string{"do", "pause", "owner", string(group), "of", string(group)}, http.StatusOK, false, true},
		{"the menu was changed since", []string{"do", "resume", "owner", "", "of", string(group)}, http.StatusOK, false, false},
		{"all are shown", []string{"do", "pause", "owner", string(group)}, http.StatusOK, true, false},
		{"a stranger's", []string{"do", "pause", "of", "user:x"}, http.StatusUnprocessableEntity, true, false},
	} {
		says(t, p.post("/", append(tc.fields, "id", string(app.ID))...), tc.status)
		got, err := a.store.Application(t.Context(), app.ID)
		if err != nil || got.Watcher(a.me).Paused != tc.mine || got.Watcher(group).Paused != tc.theirs {
			t.Errorf("%s: %+v, %v", tc.name, got.Watchers, err)
		}
	}
}

// Whose session has ended meanwhile is led to the sign-in by what he looks for, too,
// and is not shown a part of it in place of the list.
func TestSearchLeadsToSignIn(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.watch(anna, "Anna")
	v := visit(t, newBrowser(t), newProxy(t, a.server.Handler()).URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Live")
	if _, err := a.store.EndSessions(t.Context(), a.admin.ID, func(account.Session) bool { return true }); err != nil {
		t.Fatal(err)
	}
	v.do(`() => new MutationObserver(() => {
		if (!document.getElementById('applications')) sessionStorage.setItem('gone', 'yes');
	}).observe(document.body, { childList: true, subtree: true })`)
	v.fill("Search by name, note or number", "Boris")
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)
	v.until("the list stood there until then", `() => sessionStorage.getItem('gone') === null`)
}

func TestHomeHasPages(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for i := range homeLimit + 1 {
		nextMilli() // What was added in one millisecond has no order.
		a.watch(fmt.Sprintf("ZZZZ202501159%03d", i+1), fmt.Sprintf("Number %02d", i+1))
	}
	p := a.signedIn("admin")
	names := []string{"Number 01", "Number 50", "Number 51"}
	first, second := p.post("/", "sort", "added"), p.post("/", "sort", "added", "page", "1", "go", "2")
	says(t, first, http.StatusOK, "Page 1 of 2", `name="go" value="2"`)
	says(t, second, http.StatusOK, "Page 2 of 2", `name="go" value="1"`)
	if got := shownOrder(t, first.Body.String(), names...); !slices.Equal(got, names[:2]) {
		t.Errorf("the first page shows %q", got)
	}
	if got := shownOrder(t, second.Body.String(), names...); !slices.Equal(got, names[2:]) {
		t.Errorf("the second page shows %q", got)
	}
}

func TestSeveralAtOnce(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	one, two := a.watch(anna, "One"), a.watch(boris, "Two")
	p := a.signedIn("admin")
	both := []string{"id", string(one.ID), "id", string(two.ID)}
	do := func(what string) []string { return append([]string{"do", what}, both...) }
	watcher := func(id watch.ID) watch.Watcher {
		app, err := a.store.Application(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return *app.Watcher(a.me)
	}
	for _, row := range []struct {
		do, says string
		so       func(watch.Watcher) bool
	}{
		{"pause", "2 are paused.", func(w watch.Watcher) bool { return w.Paused }},
		{"resume", "2 go on.", func(w watch.Watcher) bool { return !w.Paused }},
		{"mute", "2 are muted.", func(w watch.Watcher) bool { return w.Muted }},
		{"unmute", "2 are told about again.", func(w watch.Watcher) bool { return !w.Muted }},
		{"archive", "2 are archived.", func(w watch.Watcher) bool { return w.Archived }},
		{"unarchive", "2 are back in the list.", func(w watch.Watcher) bool { return !w.Archived }},
		{"seen", "2 are marked as read.", func(watch.Watcher) bool { return true }},
		{"check", "2 checks are asked for.", func(watch.Watcher) bool { return true }},
	} {
		says(t, p.post("/", do(row.do)...), http.StatusOK, row.says)
		if !row.so(watcher(one.ID)) || !row.so(watcher(two.ID)) {
			t.Errorf("after %s: %+v", row.do, watcher(one.ID))
		}
	}
	says(t, p.post("/", "do", "pause"), http.StatusUnprocessableEntity, "Tick the applications first")
	says(t, p.post("/", do("explode")...), http.StatusBadRequest)
	says(t, p.post("/", append(do("pause"), "id", string(watch.NewID(time.Now())))...), http.StatusUnprocessableEntity, "2 are paused.", "1 application could not be changed")

	// What belongs to others is neither seen nor changed, and of a group one only
	// reads nothing can be ticked.
	a.somebody("stranger", account.Member)
	other := a.signedIn("stranger")
	says(t, other.post("/", do("mute")...), http.StatusUnprocessableEntity, "2 applications could not be changed", "Nothing is being watched yet.")
	if watcher(one.ID).Muted {
		t.Error("a stranger has muted it")
	}
}

// A failing source is said above the list, with the age of what is shown, and a
// failure is no status.
func TestHomeTellsOfASourceInTrouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		a.portal.say(anna, visa.InProgress)
		app := a.watch(anna, "Anna")
		a.run()
		synctest.Wait()
		time.Sleep(time.Second)
		p := a.signedIn("admin")
		says(t, p.get("/"), http.StatusOK, "In progress", `id="source"`)
		if body := p.get("/").Body.String(); strings.Contains(body, "No check has been answered") {
			t.Error("it complains of a source that answers")
		}
		a.portal.fail(anna, watch.Throttled)
		if _, err := a.engine.CheckNow(t.Context(), app.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		says(t, p.get("/"), http.StatusOK, "No check has been answered since", "the portal asked for fewer requests",
			"The portal is being left alone until", "What is shown is as of", "No answer since", "In progress")
	})
}
