package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"cz-visa-monitor/app/account"
)

func TestChangeTheme(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	w := p.get("/account")
	says(t, w, http.StatusOK, `name="theme" value="" checked`)
	if strings.Contains(w.Body.String(), "data-theme") {
		t.Error("a look is chosen before anybody chose one")
	}
	says(t, p.post("/account", "do", "language", "language", "en", "theme", "dark"), http.StatusOK, `data-theme="dark"`, `value="dark" checked`, "Saved.")
	says(t, p.get("/people"), http.StatusOK, `data-theme="dark"`)
	says(t, p.post("/account", "do", "language", "language", "en"), http.StatusOK, `data-theme="dark"`)
	says(t, p.post("/account", "do", "language", "language", "en", "theme", "pink"), http.StatusUnprocessableEntity, "There is no such look.", `data-theme="dark"`)
	me := read[meView](t, a.do("GET", "/api/v1/me", ""), http.StatusOK)
	if me.Theme != account.Dark {
		t.Errorf("the API says %q", me.Theme)
	}
	path := "/api/v1/users/" + a.admin.ID
	if got := read[userView](t, a.do("PATCH", path, `{"theme":"light"}`), http.StatusOK); got.Theme != account.Light {
		t.Errorf("by the API it becomes %q", got.Theme)
	}
	if w := a.do("PATCH", path, `{"theme":"pink"}`); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `"field":"theme"`) {
		t.Errorf("a look there is not: %d %s", w.Code, w.Body)
	}
	says(t, p.post("/account", "do", "language", "language", "en", "theme", ""), http.StatusOK, `value="" checked`)
	if strings.Contains(p.get("/account").Body.String(), "data-theme") {
		t.Error("the look stays")
	}
}

func TestTokensOfAccount(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.user("boris", account.Member)
	p := a.signedIn("boris")
	w := p.get("/account")
	says(t, w, http.StatusOK, "Make a token", `value="write"`, "never used")
	if strings.Contains(w.Body.String(), `<option value="admin"`) {
		t.Error("a member is offered what he may not do")
	}
	for _, tc := range []struct {
		name   string
		fields []string
		want   []string
	}{
		{"no name", []string{"name", " ", "scope", "write", "lasts", "720h"}, []string{"1 to 100 characters", `value="write" selected`, `value="720h" selected`}},
		{"too much", []string{"name", "Script", "scope", "admin"}, []string{"no more than you can", `value="Script"`}},
		{"no time", []string{"name", "Script", "scope", "read", "lasts", "-1h"}, []string{"It cannot last so long", `value="Script"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			says(t, p.post("/account", append(tc.fields, "do", "token-add")...), http.StatusUnprocessableEntity, append(tc.want, `id="new-token" open`, `aria-invalid="true"`)...)
		})
	}
	w = p.post("/account", "do", "token-add", "name", "Home Assistant", "scope", "read", "lasts", "720h")
	says(t, w, http.StatusOK, "it is not shown again", "Home Assistant")
	secret := field(t, w, `id="once" value="(czvm_[a-z2-7]+)"`)
	if got := a.do("GET", "/api/v1/me", "", "Authorization", "Bearer "+secret); got.Code != http.StatusOK {
		t.Errorf("the token opens nothing: %d", got.Code)
	}
	w = p.get("/account")
	says(t, w, http.StatusOK, "Home Assistant", "works until", "last used")
	if strings.Contains(w.Body.String(), secret) {
		t.Error("what is shown once is shown twice")
	}
	made, err := a.accounts.Tokens(a.asCommand(), a.named("boris").ID)
	if err != nil || len(made) != 2 {
		t.Fatalf("there are %d tokens, %v", len(made), err)
	}
	admin := a.signedIn("admin")
	says(t, admin.post("/account", "do", "token-revoke", "token", made[1].ID), http.StatusNotFound, "revoked already")
	says(t, p.post("/account", "do", "token-revoke", "token", made[1].ID), http.StatusOK, "The token works no more.")
	if got := a.do("GET", "/api/v1/me", "", "Authorization", "Bearer "+secret); got.Code != http.StatusUnauthorized {
		t.Errorf("a token that was revoked answers %d", got.Code)
	}
}

func TestExportOfAccount(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	a.watch(anna, "Anna")
	for _, tc := range []struct{ name, query, want string }{
		{"everything", "?format=json&plain=true", `"label":"Anna"`},
		{"as the form sends it", "?owner=&format=csv", "Anna"},
		{"people", "?format=people.csv", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := p.get("/account/export" + tc.query)
			says(t, w, http.StatusOK, tc.want)
			if !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
				t.Errorf("it is shown: %v", w.Header())
			}
		})
	}
	says(t, p.get("/account/export?owner=group:"+account.NewID(time.Now())), http.StatusNotFound, "or it is not yours")
	a.server.heavyRuns.begin(a.admin.ID)
	says(t, p.get("/account/export"), http.StatusServiceUnavailable, "at work on something like this already")
	a.server.heavyRuns.end(a.admin.ID)
}

func TestErasureOfMyself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		boris, token := a.user("boris", account.Member)
		p, admin := a.signedIn("boris"), a.signedIn("admin")
		a.watchFor(account.OfUser(boris.ID), anna)
		shared := a.watchFor(account.OfUser(a.admin.ID), anna)
		says(t, admin.get("/account/erase"), http.StatusOK, "the last admin who can sign in")
		says(t, admin.post("/account/erase", "password", password), http.StatusConflict, "the last admin who can sign in")

		path := p.begins("Helpers")
		says(t, p.get("/account/erase"), http.StatusOK, "1 application, with its history", "Nobody else leads these groups", `href="..`+path+`"`)
		says(t, p.post("/account/erase", "password", password), http.StatusConflict, "without anybody who can lead it")
		leadsTo(t, p.post(path+"/delete", "do", "remove"), "../../groups?done=group_removed")

		says(t, p.post("/account/erase", "password", "wrong"), http.StatusForbidden, "is wrong", `aria-invalid="true"`)
		time.Sleep(time.Minute)
		if !p.isIn() {
			t.Fatal("a wrong password has ended the session")
		}
		made, err := a.store.Backup(t.Context(), "test")
		if err != nil {
			t.Fatal(err)
		}
		w := p.post("/account/erase", "password", password)
		says(t, w, http.StatusOK, "Your account is gone", made.Name, "about until", `href="../sign-in"`)
		if strings.Contains(w.Body.String(), "boris") || p.session() != "" {
			t.Error("something of him is left in the browser")
		}
		if got := a.do("GET", "/api/v1/me", "", "Authorization", "Bearer "+token); got.Code != http.StatusUnauthorized {
			t.Errorf("his token answers %d", got.Code)
		}
		says(t, a.person().post("/sign-in", "name", "boris", "password", password), http.StatusForbidden)
		if got, err := a.store.Application(t.Context(), shared.ID); err != nil || len(got.Watchers) != 1 || got.Watchers[0].Owner != account.OfUser(a.admin.ID) {
			t.Errorf("what others watch is %+v, %v", got.Watchers, err)
		}
		if strings.Contains(a.logged(), "boris") {
			t.Error("the log holds the name")
		}
	})
}

func TestBrowserIsNamed(t *testing.T) {
	t.Parallel()
	words, err := catalogues()
	if err != nil {
		t.Fatal(err)
	}
	v := view{words: words.For("en")}
	for _, tc := range []struct{ agent, want string }{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Windows"},
		{"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome on Android"},
		{"Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet on Android"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"},
		{"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1", "Chrome on iPad"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "Safari on Mac"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge on Windows"},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0", "Opera on Linux"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome on ChromeOS"},
		{"Firefox/1", "Firefox"},
		{"curl/8.5.0", "curl/8.5.0"},
		{strings.Repeat("ý", 81), strings.Repeat("ý", 80) + "…"},
		{" ", "Unknown browser"},
		{"", "Unknown browser"},
	} {
		if got := v.browser(tc.agent); got != tc.want {
			t.Errorf("%q is called %q, want %q", tc.agent, got, tc.want)
		}
	}
}

func FuzzBrowserIsNamed(f *testing.F) {
	words, err := catalogues()
	if err != nil {
		f.Fatal(err)
	}
	v := view{words: words.For("cs")}
	for _, agent := range []string{"", "Mozilla/5.0 (iPhone) Safari/1", "{browser}", "Edg/Edg/ Windows", strings.Repeat("界", 90)} {
		f.Add(agent)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		got := v.browser(agent)
		if n := utf8.RuneCountInString(got); n == 0 || n > maxAgent+1 {
			t.Errorf("%q is called %q", agent, got)
		}
	})
}
