package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Every address in the page and its parts leads to something the page brings
// along: nothing comes from elsewhere, and nothing is missing.
func TestPageBringsEverythingAlong(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	index := a.do("GET", "/", "")
	if index.Code != http.StatusOK || index.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("the page answers %d, Cache-Control %q", index.Code, index.Header().Get("Cache-Control"))
	}
	seen := map[string]bool{}
	reference := regexp.MustCompile(`(?:href|src)="([^"#]+)"|from '([^']+)'|url\(([^)]+)\)`)
	var follow func(from, text string)
	follow = func(from, text string) {
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			to := m[1] + m[2] + m[3]
			if rest, ok := strings.CutPrefix(to, "./"); ok {
				to = "assets/" + a.server.page.version + "/" + rest
			}
			if !strings.HasPrefix(to, "assets/") {
				t.Errorf("%s refers to %s, which is neither relative nor an asset", from, to)
				continue
			}
			if seen[to] {
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
	follow("the page", index.Body.String())
	if len(seen) != len(a.server.page.assets) {
		t.Errorf("the page refers to %d assets, and there are %d", len(seen), len(a.server.page.assets))
	}
	if w := a.do("GET", "/assets/000000000000/app.js", ""); w.Code != http.StatusNotFound {
		t.Errorf("an old version answers %d", w.Code)
	}
}

// What comes from outside becomes text, never markup.
func TestScriptsMakeNoMarkup(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for name, f := range a.server.page.assets {
		for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage", "document.cookie", "http://"} {
			if strings.Contains(string(f.data), word) && !strings.HasSuffix(name, ".svg") {
				t.Errorf("%s uses %s", name, word)
			}
		}
	}
}
