package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"cz-visa-monitor/app/account"
)

// What may be kept is said of few answers, and only to who has signed in.
func TestOnlySomeIsKeptOffline(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p, stranger := a.signedIn("admin"), a.person()
	keep := "keep " + a.admin.ID
	for name, tt := range map[string]struct {
		by                 *person
		method, path, want string
	}{
		"the first page":            {p, "GET", "/", keep},
		"with something to say":     {p, "GET", "/?done=saved", ""},
		"help":                      {p, "GET", "/help", keep},
		"a topic":                   {p, "GET", "/help/appeal", keep},
		"a question":                {p, "POST", "/help", ""},
		"the account":               {p, "GET", "/account", ""},
		"the recovery sheet":        {p, "GET", "/recovery-sheet", ""},
		"the API":                   {p, "GET", "/api/v1/applications", ""},
		"nothing":                   {p, "GET", "/nothing", ""},
		"the page to sign in":       {stranger, "GET", "/sign-in", "forget"},
		"a page that leads there":   {stranger, "GET", "/", "forget"},
		"help for nobody":           {stranger, "GET", "/help", "forget"},
		"the API for nobody":        {stranger, "GET", "/api/v1/me", "forget"},
		"nothing for nobody":        {stranger, "GET", "/nothing", "forget"},
		"an asset":                  {stranger, "GET", "/assets/" + a.server.assets.version + "/app.css", ""},
		"the worker":                {stranger, "GET", "/worker.js", ""},
		"the manifest":              {stranger, "GET", "/manifest.webmanifest", ""},
		"the page without a server": {stranger, "GET", "/offline", ""},
		"health":                    {stranger, "GET", "/healthz", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tt.by.send(tt.method, tt.path, "")
			if got := w.Header().Get(offlineHeader); got != tt.want {
				t.Errorf("%d says %q, want %q", w.Code, got, tt.want)
			}
		})
	}
}

func TestWorkerKnowsItsAssets(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	w := a.do("GET", "/worker.js", "", "Authorization", "")
	says(t, w, http.StatusOK, `const version = "`+a.server.assets.version+`";`, "assets/"+a.server.assets.version+"/app.js")
	if got := w.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control %q", got)
	}
	first, rest, _ := strings.Cut(w.Body.String(), ";\n")
	list, _, _ := strings.Cut(strings.TrimPrefix(rest, "const brought = "), ";\n")
	var brought []string
	if err := json.Unmarshal([]byte(list), &brought); err != nil || len(brought) < 4 {
		t.Fatalf("%s: %v: %s", first, err, list)
	}
	for _, to := range brought {
		if got := a.do("GET", "/"+to, "", "Authorization", ""); got.Code != http.StatusOK || strings.HasSuffix(to, ".png") {
			t.Errorf("%s answers %d", to, got.Code)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.BaseURL = "https://visa.example.org/under" })
	w := a.do("GET", "/manifest.webmanifest", "", "Authorization", "", "Accept-Language", "cs")
	var m manifest
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	if m.Language != "cs" || m.ShortName != "Hlídač víz" || m.StartURL != "./" || m.Scope != "./" || m.Display != "standalone" {
		t.Errorf("%+v", m)
	}
	if got := w.Header().Get("Content-Type"); got != "application/manifest+json" {
		t.Errorf("it is a %s", got)
	}
	purposes := map[string]int{}
	for _, icon := range m.Icons {
		got := a.do("GET", "/"+icon.Source, "", "Authorization", "")
		if got.Code != http.StatusOK || got.Header().Get("Content-Type") != icon.Type {
			t.Errorf("%s answers %d, %s", icon.Source, got.Code, got.Header().Get("Content-Type"))
		}
		purposes[icon.Purpose+" "+icon.Sizes]++
	}
	for _, need := range []string{"any 192x192", "any 512x512", "maskable 512x512"} {
		if purposes[need] != 1 {
			t.Errorf("there is no icon %s", need)
		}
	}
	styles := string(a.server.assets.files[styleSheet].data)
	for token, colour := range map[string][]string{"--panel": {themeLight, themeDark}, "--ground": {groundLight}} {
		for _, one := range colour {
			if !strings.Contains(styles, token+": "+one+";") {
				t.Errorf("the style has no %s of %s", token, one)
			}
		}
	}
}

// A list that was searched is read again by its form, and so never kept; the whole one
// is read by its address, and kept as it changes.
func TestOnlyWhatWasSearchedIsReadByForm(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.watch(anna, "Anna")
	p := a.signedIn("admin")
	for name, tt := range map[string]struct {
		fields   []string
		searched bool
	}{
		"as it comes":      {[]string{"q", "", "show", "", "status", "", "sort", "news", "page", "1"}, false},
		"with nothing":     {nil, false},
		"searched":         {[]string{"q", "Anna"}, true},
		"some of it":       {[]string{"show", "paused"}, true},
		"of one status":    {[]string{"status", "granted"}, true},
		"of one owner":     {[]string{"owner", "user:x"}, true},
		"in another order": {[]string{"sort", "label"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := p.post("/", tt.fields...)
			if got := strings.Contains(w.Body.String(), " data-searched"); w.Code != http.StatusOK || got != tt.searched || w.Header().Get(offlineHeader) != "" {
				t.Errorf("%d, searched: %t, want %t, %s", w.Code, got, tt.searched, w.Header().Get(offlineHeader))
			}
		})
	}
}

// Who uses the browser next may read another language.
func TestOfflinePageSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	w := p.get("/offline")
	for _, lang := range a.server.cfg.Catalogues.Languages() {
		says(t, w, http.StatusOK, `lang="`+lang+`"`, a.server.cfg.Catalogues.For(lang).Text("offline.title"))
	}
	if body := w.Body.String(); strings.Contains(body, "admin") || strings.Contains(body, "sign-out") {
		t.Error("the page holds whose it was")
	}
	for _, m := range strings.Split(w.Body.String(), `href="`)[1:] {
		if !strings.HasPrefix(m, "./") && !strings.HasPrefix(m, `"`) {
			t.Errorf("from another page this address leads elsewhere: %.40s", m)
		}
	}
}

// Everything of a host is deleted only where all of it is the appliance's.
func TestGoingClearsTheSite(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"": "", "http://visa.example.org": "", "https://example.org/visa": "", "https://visa.example.org": `"cache", "storage"`,
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			a := newAppliance(t, func(c *Config) { c.BaseURL = base })
			a.user("boris", account.Member)
			p := a.signedIn("boris")
			p.headers.Set("Host", "visa.example.org")
			w := p.post("/sign-out")
			leadsTo(t, w, "sign-in")
			if got := w.Header().Get("Clear-Site-Data"); got != want {
				t.Errorf("Clear-Site-Data is %q, want %q", got, want)
			}
			leadsTo(t, p.post("/sign-in", "name", "boris", "password", password), "./")
			if got := p.post("/account/erase", "password", password).Header().Get("Clear-Site-Data"); got != want {
				t.Errorf("after erasure Clear-Site-Data is %q, want %q", got, want)
			}
		})
	}
}
