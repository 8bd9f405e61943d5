package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// person is somebody at a browser that runs no scripts: it keeps cookies, sends
// forms, and follows no redirects.
type person struct {
	*appliance
	// from is his address and port, headers come with each request.
	from    string
	headers http.Header
	cookies map[string]*http.Cookie
}

// person returns somebody who has not signed in.
func (a *appliance) person() *person {
	p := &person{
		appliance: a, from: "192.0.2.1:40000", cookies: map[string]*http.Cookie{},
		headers: http.Header{"Accept": {"text/html,application/xhtml+xml"}},
	}
	if a.language != "" {
		p.headers.Set("Accept-Language", a.language)
	}
	return p
}

// signedIn returns somebody who has signed in under this name.
func (a *appliance) signedIn(name string) *person {
	a.tb.Helper()
	p := a.person()
	leadsTo(a.tb, p.post("/sign-in", "name", name, "password", password), "./")
	return p
}

func (p *person) get(path string) *httptest.ResponseRecorder {
	p.tb.Helper()
	return p.send(http.MethodGet, path, "")
}

// post sends a form; fields are pairs of a name and a value.
func (p *person) post(path string, fields ...string) *httptest.ResponseRecorder {
	p.tb.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return p.send(http.MethodPost, path, form.Encode())
}

func (p *person) send(method, path, body string) *httptest.ResponseRecorder {
	p.tb.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = p.from
	for name, values := range p.headers {
		r.Header[name] = values
		if name == "Host" {
			r.Host = values[0]
		}
	}
	if method == http.MethodPost && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, ck := range p.cookies {
		r.AddCookie(ck)
	}
	w := httptest.NewRecorder()
	p.server.Handler().ServeHTTP(w, r)
	for _, ck := range w.Result().Cookies() {
		if ck.MaxAge < 0 {
			delete(p.cookies, ck.Name)
			continue
		}
		p.cookies[ck.Name] = ck
	}
	checkPage(p.tb, method+" "+path, w)
	return w
}

// session returns what the browser keeps of its session, "" for none.
func (p *person) session() string {
	if ck := p.cookies[sessionCookie]; ck != nil {
		return ck.Value
	}
	return ""
}

// isIn reports whether he is signed in.
func (p *person) isIn() bool {
	p.tb.Helper()
	return p.get("/account").Code == http.StatusOK
}

// leadsTo fails unless w leads the browser to this address.
func leadsTo(tb testing.TB, w *httptest.ResponseRecorder, to string) {
	tb.Helper()
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != to {
		tb.Fatalf("answers %d and leads to %q, want %q\n%s", w.Code, got, to, w.Body)
	}
}

// says fails unless w has this status and its page holds these words.
func says(tb testing.TB, w *httptest.ResponseRecorder, status int, words ...string) {
	tb.Helper()
	if w.Code != status {
		tb.Errorf("status %d, want %d", w.Code, status)
	}
	for _, word := range words {
		if !strings.Contains(w.Body.String(), word) {
			tb.Errorf("the page does not say %q:\n%s", word, w.Body)
		}
	}
}

// official are the links to pages of the Ministry, the only ones that lead away.
var official = regexp.MustCompile(`href="https://(?:[a-z]+\.)*gov\.cz/[^"]*" hreflang="(?:cs|en)" rel="external"`)

// checkPage holds an answer against what is asked of every page: nothing is kept,
// nothing runs or is styled that the content policy forbids, and every address is
// relative and so leads to nobody else (defect S13).
func checkPage(tb testing.TB, what string, w *httptest.ResponseRecorder) {
	tb.Helper()
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		return
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		tb.Errorf("%s: Cache-Control %q", what, got)
	}
	body := official.ReplaceAllString(w.Body.String(), "")
	lower := strings.ToLower(body)
	for _, odd := range oddities() {
		if !odd.hint.MatchString(lower) {
			continue
		}
		if found := odd.whole.FindString(body); found != "" {
			tb.Errorf("%s has %s: %s", what, odd.name, found)
		}
	}
}

// oddity is something that no page has. Some tests see ten thousand pages, so that
// there is a hint: a part of whole, in small letters, that is looked for quickly.
type oddity struct {
	name        string
	hint, whole *regexp.Regexp
}

var oddities = sync.OnceValue(func() (odd []oddity) {
	for _, o := range [][3]string{
		{"an inline script", `<script`, `(?is)<script(?:\s[^>]*)?>\s*[^<\s]`},
		{"an inline style", `style`, `(?i)<style|\sstyle=`},
		{"an inline handler", `\son[a-z]+\s*=`, `(?i)<[a-z][^"<>]*(?:"[^"]*"[^"<>]*)*\son[a-z]+\s*=`},
		{"an absolute address", `="(?:[a-z]+:|/)`, `(?i)(?:href|src|action|formaction|poster|srcset)="(?:[a-z]+:|/)`},
		{"a missing text", `>\s*(?:page|problem|role|help|offline|admin|audit|setting)\.`, `>\s*(?:page|problem|role|help|offline|admin|audit|setting)\.[a-z_.]+\s*<`},
		{"a refused value", `zgotmplz`, `ZgotmplZ`},
	} {
		odd = append(odd, oddity{o[0], regexp.MustCompile(o[1]), regexp.MustCompile(o[2])})
	}
	return odd
})

// field returns what the first match of a pattern with one group finds in a page.
func field(tb testing.TB, w *httptest.ResponseRecorder, pattern string) string {
	tb.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(w.Body.String())
	if m == nil {
		tb.Fatalf("nothing in the page is %s:\n%s", pattern, w.Body)
	}
	return m[1]
}
