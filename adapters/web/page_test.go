package web

import (
	"cmp"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"cz-visa-monitor/app/account"
)

// everyPage yields each page in each of its states, as who may see it.
func (a *appliance) everyPage(yield func(name string, w *httptest.ResponseRecorder)) {
	a.tb.Helper()
	p, stranger := a.signedIn("admin"), a.person()
	bare := bareAppliance(a.tb, nil)
	bare.language = a.language
	code := a.invited(account.Member)
	yield("the first page", p.get("/"))
	yield("sign-in", stranger.get("/sign-in"))
	yield("sign-in, wrong", stranger.post("/sign-in", "name", "nobody"))
	yield("setup", bare.person().get("/setup"))
	yield("setup, wrong", bare.person().post("/setup", "code", "wrong"))
	yield("join", stranger.get("/join"))
	yield("join with a code", stranger.post("/join", "code", code))
	yield("account", p.get("/account"))
	yield("account, second factor", p.post("/account", "do", "second-begin"))
	yield("account, saved", p.post("/account", "do", "language", "language", cmp.Or(a.language, "cs")))
	yield("recovery sheet", p.get("/recovery-sheet"))
	yield("recovery sheet, open", p.post("/recovery-sheet", "password", password))
	a.channelPages(p, yield)
	a.applicationPages(p, stranger, yield)
	a.helpPages(p, stranger, yield)
	a.adminPages(p, yield)
	a.groupPages(p, yield)
	a.firstPages(p, yield)
	yield("nothing", p.get("/nothing"))
	yield("nothing, deep down", p.get("/applications/no-such/thing"))
	stranger.cookies[pendingCookie] = &http.Cookie{Name: pendingCookie, Value: "x"}
	yield("second factor", stranger.get("/second-factor"))
}

// Every address in the pages and their parts leads to something the appliance
// brings along: nothing comes from elsewhere (defect S13), and nothing is missing.
func TestPagesBringEverythingAlong(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	seen := map[string]bool{}
	reference := regexp.MustCompile(`(?:href|src)"?[=:]"([^"#]+)"|from '([^']+)'|url\(([^)]+)\)`)
	var follow func(from, text string)
	follow = func(from, text string) {
		for _, m := range reference.FindAllStringSubmatch(official.ReplaceAllString(text, ""), -1) {
			to := strings.TrimLeft(m[1]+m[2]+m[3], "./")
			if strings.HasSuffix(from, ".js") || strings.HasSuffix(from, ".css") {
				to = "assets/" + a.server.assets.version + "/" + to
			}
			if seen[to] {
				continue
			}
			if !strings.HasPrefix(to, "assets/") {
				w := a.do("GET", "/"+to, "")
				if w.Code == http.StatusNotFound {
					t.Errorf("%s leads to %s, where there is nothing", from, to)
				}
				if to == "manifest.webmanifest" {
					seen[to] = true
					follow(to, w.Body.String())
				}
				continue
			}
			seen[to] = true
			w := a.do("GET", "/"+to, "", "Authorization", "")
			if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s refers to %s, which answers %d, Cache-Control %q", from, to, w.Code, w.Header().Get("Cache-Control"))
			}
			if head := a.do("HEAD", "/"+to, ""); head.Code != http.StatusOK || head.Header().Get("ETag") != w.Header().Get("ETag") {
				t.Errorf("HEAD of %s answers %d", to, head.Code)
			}
			if again := a.do("GET", "/"+to, "", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
				t.Errorf("%s is sent again to who has it: %d", to, again.Code)
			}
			follow(to, w.Body.String())
		}
	}
	a.everyPage(func(name string, w *httptest.ResponseRecorder) { follow(name, w.Body.String()) })
	delete(seen, "manifest.webmanifest")
	if len(seen) != len(a.server.assets.files) {
		t.Errorf("the pages refer to %d assets, and there are %d", len(seen), len(a.server.assets.files))
	}
	if w := a.do("GET", "/assets/000000000000/app.js", ""); w.Code != http.StatusNotFound {
		t.Errorf("an old version answers %d", w.Code)
	}
}

// The pages of one step down and of two find their parts like the first.
func TestTroubleIsShownAsAPage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/nothing"), http.StatusNotFound, "That did not work", "There is nothing at this address", `href="./"`, `href="assets/`)
	says(t, p.get("/applications/x/y"), http.StatusNotFound, `href="../.././"`, `href="../../assets/`, `action="../../sign-out"`)
	says(t, p.get("/applications/x"), http.StatusNotFound, `href="../assets/`)
	p.headers.Set("Accept", "application/json")
	if w := p.get("/nothing"); w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program gets %s", w.Header().Get("Content-Type"))
	}
	p.headers.Set("Accept", "text/html")
	if w := p.get("/api/v1/nothing"); w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("the API answers %s", w.Header().Get("Content-Type"))
	}
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	w := p.get("/account")
	says(t, w, http.StatusInternalServerError, "Its log has more under "+w.Header().Get("X-Request-Id"))
}

// What comes from outside becomes text, never markup.
func TestScriptsMakeNoMarkup(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	all := maps.Clone(a.server.assets.files)
	all["worker.js"] = a.server.worker
	for name, f := range all {
		if name == "htmx.js" {
			continue // It puts in place what the server has made, and by its settings does nothing else of these.
		}
		for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage", "document.cookie", "http://"} {
			if strings.Contains(string(f.data), word) && !strings.HasSuffix(name, ".svg") {
				t.Errorf("%s uses %s", name, word)
			}
		}
	}
}
