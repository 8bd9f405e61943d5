package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/watch"
)

// adminPages yields the pages of administration in their states.
func (a *appliance) adminPages(p *person, yield func(name string, w *httptest.ResponseRecorder)) {
	a.tb.Helper()
	u, _ := a.user("visitor of pages", account.Viewer)
	a.raise(alert.Notification{Kind: alert.NoBackup, Since: time.Now(), At: time.Now()})
	yield("admin, with a notice", p.get("/admin"))
	yield("users, wrong", p.post("/admin/users", "do", "add", "name", "admin", "role", "member", "language", "en"))
	yield("users, invited", p.post("/admin/users", "do", "invite", "role", "viewer"))
	yield("a user, link", p.post("/admin/users/"+u.ID, "do", "reset"))
	yield("oneself", p.get("/admin/users/"+a.admin.ID))
	yield("removal, refused", p.post("/admin/users/"+a.admin.ID+"/remove", "do", "remove"))
	yield("backups, none", p.get("/admin/backups"))
	p.post("/admin/backups", "do", "make")
	all, err := a.store.Backups(a.tb.Context())
	if err != nil || len(all) != 1 {
		a.tb.Fatal(all, err)
	}
	a.house.copies, a.house.state.CopiesFolder = all, "/mnt/share"
	yield("backups, verified", p.post("/admin/backups", "do", "verify", "name", all[0].Name))
	yield("audit, none", p.get("/admin/audit?action=key.rotated"))
	yield("audit, verified", p.post("/admin/audit", "do", "verify"))
	yield("settings", p.get("/admin/settings"))
	yield("log", p.get("/admin/log"))
	yield("keys", p.get("/admin/keys"))
}

// raise has a notice stand.
func (a *appliance) raise(n alert.Notification) {
	a.tb.Helper()
	if _, err := a.store.Raise(a.tb.Context(), string(n.Kind), n, ""); err != nil {
		a.tb.Fatal(err)
	}
}

// lacks fails if the page holds one of these words.
func lacks(tb testing.TB, w *httptest.ResponseRecorder, words ...string) {
	tb.Helper()
	for _, word := range words {
		if strings.Contains(w.Body.String(), word) {
			tb.Errorf("the page says %q:\n%s", word, w.Body)
		}
	}
}

func TestAdminIsForAdmins(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.user("member", account.Member)
	p := a.signedIn("member")
	for _, path := range []string{"", "/users", "/users/" + a.admin.ID, "/users/" + account.NewID(time.Now()), "/backups", "/audit", "/settings", "/log", "/keys"} {
		w := p.get("/admin" + path)
		says(t, w, http.StatusForbidden, "This is not allowed to you.")
		lacks(t, w, "key.txt", "CZVM_", "admin/users")
	}
	lacks(t, p.get("/account"), "Administration")
	lacks(t, p.get("/"), "Administration")
	says(t, a.signedIn("admin").get("/account"), http.StatusOK, `href="admin">Administration</a>`)
}

func TestAdminOverview(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/admin"), http.StatusOK, "All is well", "has not been asked anything yet", "at most 6 questions a minute", "2,340 kB",
		"None yet", "There should be a newer good backup", "Nobody has confirmed yet", "v0-test")
	since := time.Now().Add(-5 * time.Hour)
	a.raise(alert.Notification{Kind: alert.NothingChecked, Subject: "czmoi", Detail: string(watch.Timeout), Since: since, At: time.Now()})
	a.running.Store(false)
	if err := a.keys.ConfirmRecovery(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.house.state.KeyUnread = true
	p.post("/admin/backups", "do", "make")
	w := p.get("/admin")
	says(t, w, http.StatusOK, "the portal did not answer in time", "What to do:", "look at the appliance&#39;s log", "No checks are made", "Age: 0 minutes",
		"The key file cannot be read any more")
	lacks(t, w, "All is well", "There should be a newer", "Nobody has confirmed yet")
}

func TestSourceFacts(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	v := view{words: a.server.words}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		state watch.SourceState
		want  sourceFacts
	}{
		{"fresh", watch.SourceState{}, sourceFacts{Sentence: v.T("admin.source_fresh")}},
		{"answers", watch.SourceState{AnsweredAt: now}, sourceFacts{Sentence: v.T("admin.source_answers"), Answered: v.words.Time(now)}},
		{"fails", watch.SourceState{FailingSince: now, Failure: watch.Timeout}, sourceFacts{
			Sentence: v.T("admin.source_failing", "since", now, "reason", "the portal did not answer in time"), Trouble: true, Next: v.T("admin.source_next"),
		}},
		{"rests", watch.SourceState{FailingSince: now, Failure: watch.Throttled, Breaker: watch.BreakerState{OpenUntil: now.Add(time.Hour), Reason: watch.Throttled}}, sourceFacts{
			Sentence: v.T("admin.source_failing", "since", now, "reason", "the portal asked for fewer requests"), Trouble: true,
			Next: v.T("admin.source_rests", "reason", "the portal asked for fewer requests"), Until: v.words.Time(now.Add(time.Hour)),
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.want.Name, tc.want.Queued, tc.want.Due, tc.want.UnderWay = "the Ministry's portal", "3", "2", "1"
			got := a.server.sourceFacts(v, watch.SourceStatus{Name: "czmoi", SourceState: tc.state, Queued: 3, Due: 2, UnderWay: 1}, now)
			if got != tc.want {
				t.Errorf("got %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestPaceInWords(t *testing.T) {
	t.Parallel()
	v := view{words: newAppliance(t, nil).server.words}
	for perMinute, want := range map[float64]string{0: "without a limit, as for tests", 1: "at most 1 question a minute", 6: "at most 6 questions a minute", 0.25: "at most one question in 4 minutes"} {
		if got := v.pace(perMinute); got != want {
			t.Errorf("%g: %q, want %q", perMinute, got, want)
		}
	}
}

func TestAdminSeesToUsers(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	w := p.post("/admin/users", "do", "add", "name", "Eva", "role", "member", "language", "cs")
	says(t, w, http.StatusOK, "Link for Eva", "does not know its own address", "No password yet", "A new password for Eva")
	code := field(t, w, `value="(czvi_[a-z2-7]+)"`)
	says(t, a.person().post("/join", "code", code), http.StatusOK, `name="fresh"`)
	says(t, p.post("/admin/users", "do", "add", "name", "eva", "role", "member"), http.StatusConflict, "has this name already", `value="eva"`, `aria-invalid="true"`)
	says(t, p.post("/admin/users", "do", "add", "name", "Ota", "role", "king"), http.StatusUnprocessableEntity, "There is no such role.")
	says(t, p.post("/admin/users", "do", "nonsense"), http.StatusBadRequest)
	w = p.get("/admin/users")
	lacks(t, w, code)
	eva := field(t, w, `href="../admin/users/([0-9a-z]+)">Eva`)
	for _, tc := range []struct{ do, value, done, then string }{
		{"role", "viewer", "role_changed", "Viewer"},
		{"disable", "", "user_disabled", "Shut out"},
		{"enable", "", "user_enabled", "The user may sign in again."},
		{"sessions-end", "", "sessions_ended", "signed out everywhere"},
	} {
		leadsTo(t, p.post("/admin/users/"+eva, "do", tc.do, "role", tc.value), eva+"?done="+tc.done)
		says(t, p.get("/admin/users/"+eva+"?done="+tc.done), http.StatusOK, tc.then)
	}
	says(t, p.post("/admin/users/"+eva, "do", "second-off"), http.StatusConflict, "There is no second factor.")
	says(t, p.post("/admin/users/"+eva, "do", "reset"), http.StatusOK, "Link for Eva", "czvi_")
	says(t, p.post("/admin/users/"+a.admin.ID, "do", "role", "role", "member"), http.StatusConflict, "this is the last admin")
	w = p.get("/admin/users/" + a.admin.ID)
	says(t, w, http.StatusOK, "This is you.")
	lacks(t, w, `value="disable"`, `value="reset"`, "/remove")
	says(t, p.get("/admin/users/"+account.NewID(time.Now())), http.StatusNotFound, "There is nothing at this address")
}

// A user to whom something belongs stays, and the page says why; erased, he and all
// of it are gone.
func TestAdminRemovesUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.withPassword(w.admin.ID); err != nil {
		t.Fatal(err)
	}
	p := w.signedIn("admin")
	eva := w.newcomer("Eva", account.Member)
	path := "/admin/users/" + eva.ID + "/remove"
	app := w.newApplication(account.OfUser(eva.ID))
	says(t, p.get(path), http.StatusOK, "Remove Eva", "Erase with everything")
	says(t, p.post(path, "do", "remove"), http.StatusConflict, "Something still belongs to it")
	leadsTo(t, p.post(path, "do", "erase"), "../../users?done=user_erased")
	says(t, p.get("/admin/users?done=user_erased"), http.StatusOK, "were erased")
	if _, err := w.store.Application(t.Context(), app.ID); !errors.Is(err, watch.ErrNotFound) {
		t.Errorf("the application is there still: %v", err)
	}
	says(t, p.get(path), http.StatusNotFound)
	ota := w.newcomer("Ota", account.Member)
	leadsTo(t, p.post("/admin/users/"+ota.ID+"/remove", "do", "remove"), "../../users?done=user_removed")
	led := "/admin/users/" + w.people["owner"].ID + "/remove"
	w.must(w.store.EditGroup(t.Context(), w.group.ID, account.GroupChanged, "", func(g *account.Group) error {
		for i := range g.Members {
			if g.Members[i].User != w.people["owner"].ID {
				g.Members[i].Right = account.Read
			}
		}
		return nil
	}))
	says(t, p.post(led, "do", "remove"), http.StatusConflict, "without anybody who can lead it")
}

func TestAdminInvites(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.BaseURL = "https://visa.example.com/watch" })
	p := a.signedIn("admin")
	p.headers.Set("Host", "visa.example.com")
	w := p.post("/admin/users", "do", "invite", "role", "viewer")
	says(t, w, http.StatusOK, `value="https://visa.example.com/watch/join#czvi_`, "Somebody new – Viewer", "Made by: admin")
	id := field(t, w, `name="id" value="([0-9a-z]+)"`)
	leadsTo(t, p.post("/admin/users", "do", "withdraw", "id", id), "users?done=invitation_withdrawn")
	says(t, p.get("/admin/users?done=invitation_withdrawn"), http.StatusOK, "The link works no more.", "No link waits")
	says(t, p.post("/admin/users", "do", "withdraw", "id", id), http.StatusNotFound, "This link was used already")
}

// A long list comes in pages.
func TestUsersPageTurns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, number   string
		n, from        int
		earlier, later string
	}{
		{"one page", "", 100, 0, "", ""},
		{"the first", "1", 250, 0, "", "2"},
		{"the second", "2", 250, 100, "1", "3"},
		{"the last", "3", 250, 200, "2", ""},
		{"beyond", "4", 250, 0, "", "2"},
		{"beyond all", "9223372036854775807", 250, 0, "", "2"},
		{"nobody", "1", 0, 0, "", ""},
		{"no number", "x", 250, 0, "", "2"},
		{"below", "-1", 250, 0, "", "2"},
	} {
		var p usersPage
		if from := p.turn(tc.number, tc.n); from != tc.from || p.Earlier != tc.earlier || p.Later != tc.later {
			t.Errorf("%s: from %d, earlier %q, later %q", tc.name, from, p.Earlier, p.Later)
		}
	}
}

func TestAdminSeesToBackups(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/admin/backups"), http.StatusOK, "There is no backup yet", "There is no second folder", "backup restore FILE")
	leadsTo(t, p.post("/admin/backups", "do", "make"), "backups?done=backup_made")
	all, err := a.store.Backups(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	name := all[0].Name
	a.audited(t, account.BackupMade, name)
	says(t, p.get("/admin/backups?done=backup_made"), http.StatusOK, "made and verified", name, `href="../api/v1/backups/`+name+`"`, "backup restore "+name)
	says(t, p.post("/admin/backups", "do", "verify", "name", name), http.StatusOK, "it is good")
	says(t, p.post("/admin/backups", "do", "verify", "name", "../cz-visa-monitor.db"), http.StatusNotFound)
	says(t, p.post("/admin/backups", "do", "nonsense"), http.StatusBadRequest)
	a.server.heavyRuns.begin(a.admin.ID)
	says(t, p.post("/admin/backups", "do", "make"), http.StatusServiceUnavailable, "at work on something like this already")
	a.server.heavyRuns.end(a.admin.ID)
	path := a.dir + "/" + name
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:len(content)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, p.post("/admin/backups", "do", "verify", "name", name), http.StatusOK, `role="alert"`, "is damaged and cannot be restored", "Damaged: cannot be restored")
	a.house.state.CopiesFolder, a.house.copies = "/mnt/share", []archive.Backup{{Name: "cz-visa-monitor-20261124T143803Z.bak", At: time.Now()}}
	says(t, p.get("/admin/backups"), http.StatusOK, "/mnt/share", "1 copy", "cz-visa-monitor-20261124T143803Z.bak")
	a.house.unread = errors.New("gone")
	says(t, p.get("/admin/backups"), http.StatusOK, "It cannot be read. Look whether the share is there.")
}

// Somebody who runs an appliance makes a backup and a user, and every page is sound
// in light and dark, on a phone and for axe.
func TestAdminStory(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	proxy := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), proxy.URL+"/visa/admin")
	v.signIn("admin", password)
	v.shows("Nothing is being watched yet.")
	v.click("link", "Administration")
	v.shows("All is well")
	v.axe("overview")
	v.click("link", "Backups")
	v.click("button", "Make a backup now")
	v.shows("The backup is made and verified.")
	v.axe("backups")
	v.click("link", "Users")
	v.fill("Name", "Eva")
	v.click("button", "Add and make a link")
	v.shows("Link for Eva")
	v.click("button", "Copy")
	v.shows("Copied")
	v.axe("users with a link")
	v.click("link", "Eva")
	v.click("button", "Shut out")
	v.shows("The user is shut out.")
	v.axe("a user")
	for _, lang := range []string{"en", "cs"} {
		if _, _, err := a.accounts.EditUser(a.asCommand(), a.admin.ID, account.UserEdit{Language: &lang}); err != nil {
			t.Fatal(err)
		}
		v.dark(lang == "cs")
		for _, path := range []string{"", "/users", "/audit", "/settings"} { // The others in TestSmallPagesFitAndAreNamed.
			v.open(proxy.URL + "/visa/admin" + path)
			v.axe("admin" + path + " in " + lang)
			if what := v.misfits(320); what != "" {
				t.Errorf("admin%s in %s at 320 pixels: %s", path, lang, what)
			}
			v.size(1280, 800, false)
		}
	}
}
