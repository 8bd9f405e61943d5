package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/ui"
)

// offlineHeader tells the worker (ui/worker.js) what to do with an answer. Without
// it, nothing of the answer is kept; see docs/decisions/0020-offline.md.
const offlineHeader = "X-Offline"

// The addresses of what makes the page an app.
const (
	manifestPath = "/manifest.webmanifest"
	workerPath   = "/worker.js"
	offlinePath  = "/offline"
)

// keepOffline lets the browser of who has signed in show the page again without a
// connection, until somebody signs out or in there. Never for a page that shows a
// whole number, a secret, or the data of people. What has a query is not kept, nor
// what answers a form.
func (s *Server) keepOffline(c echo.Context) {
	r := c.Request()
	if u := principal(c).User; u.ID != "" && r.Method == http.MethodGet && r.URL.RawQuery == "" {
		c.Response().Header().Set(offlineHeader, "keep "+u.ID)
	}
}

// forgetOffline has the browser forget what it kept: the request is nobody's. Answers
// that many share, or that nobody need be known for, say nothing.
func forgetOffline(c echo.Context) {
	switch c.Path() {
	case assetPath, manifestPath, workerPath, offlinePath, "/healthz", "/readyz", openAPIPath:
		return
	}
	c.Response().Header().Set(offlineHeader, "forget")
}

// newWorker returns the worker for these assets.
func newWorker(p *packer, a assets) (file, error) {
	source, err := ui.Files.ReadFile("worker.js")
	if err != nil {
		return file{}, fmt.Errorf("read the worker: %w", err)
	}
	var brought []string
	for _, name := range slices.Sorted(maps.Keys(a.files)) {
		if path.Ext(name) != ".png" { // Signs on a phone's screen, which keeps them itself.
			brought = append(brought, "assets/"+a.version+"/"+name)
		}
	}
	list, err := json.Marshal(brought)
	if err != nil {
		return file{}, fmt.Errorf("name the assets to the worker: %w", err)
	}
	return newFile(p, mediaType("worker.js"), fmt.Appendf(nil, "const version = %q;\nconst brought = %s;\n%s", a.version, list, source))
}

func (s *Server) showWorker(c echo.Context) error { return serve(c, s.worker, revalidate) }

// offlinePage stands in, without a connection, for every page that was not kept.
type offlinePage struct {
	view
	Spoken []spoken
}

// spoken is what the page says in one language.
type spoken struct {
	// Language is its code.
	Language string
	texts    map[string]string
}

// T returns a text of the page.
func (s spoken) T(key string) (string, error) {
	text, ok := s.texts[key]
	if !ok {
		return "", fmt.Errorf("%s is none of the texts of the page without a connection", key)
	}
	return text, nil
}

// speakAll returns the texts of the page in every language, without keeping all the
// others of languages that nobody reads.
func speakAll(all *locale.Catalogues) (list []spoken) {
	for _, code := range all.Languages() {
		list = append(list, spoken{code, all.For(code).Glance("offline.title", "offline.text", "page.lost_again", "page.home")})
	}
	return list
}

// showOffline answers with the page in every language, the reader's first: it is
// kept once, whoever uses the browser later.
func (s *Server) showOffline(c echo.Context) error {
	p := &offlinePage{view: s.view(c, "offline.title")}
	p.Root, p.Me.ID, p.Me.Name = "./", "", "" // The worker puts the whole path in place of ./
	p.Spoken = slices.Clone(s.spoken())
	slices.SortStableFunc(p.Spoken, func(a, b spoken) int {
		switch own := p.Language(); {
		case a.Language == own && b.Language != own:
			return -1
		case b.Language == own && a.Language != own:
			return 1
		}
		return 0
	})
	return s.show(c, http.StatusOK, "offline", p)
}

// manifest describes the app to a phone (https://www.w3.org/TR/appmanifest/). All
// addresses are relative to its own, so that it holds under a sub-path; without an
// id, start_url is it.
type manifest struct {
	Name        string         `json:"name"`
	ShortName   string         `json:"short_name"`
	Description string         `json:"description"`
	Language    string         `json:"lang"`
	StartURL    string         `json:"start_url"`
	Scope       string         `json:"scope"`
	Display     string         `json:"display"`
	Theme       string         `json:"theme_color"`
	Background  string         `json:"background_color"`
	Icons       []manifestIcon `json:"icons"`
	// Shortcuts are ways from the sign on the screen, Share takes what other apps
	// share: by POST, since a number must not stand in an address.
	Shortcuts []manifestShortcut `json:"shortcuts"`
	Share     manifestShare      `json:"share_target"`
}

type manifestShortcut struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type manifestShare struct {
	Action   string      `json:"action"`
	Method   string      `json:"method"`
	Encoding string      `json:"enctype"`
	Params   shareParams `json:"params"`
}

type shareParams struct {
	Title string      `json:"title"`
	Text  string      `json:"text"`
	URL   string      `json:"url"`
	Files []shareFile `json:"files"`
}

type shareFile struct {
	Name   string   `json:"name"`
	Accept []string `json:"accept"`
}

type manifestIcon struct {
	Source  string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

// The colours of the app's frame: --panel and --ground of ui/styles/base.css.
const (
	themeLight, themeDark = "#fffdfa", "#1d2326"
	groundLight           = "#f6f4ef"
)

func (s *Server) showManifest(c echo.Context) error {
	v := s.view(c, "way.home")
	icon := func(name, sizes, purpose string) manifestIcon {
		return manifestIcon{Source: v.Asset(name), Sizes: sizes, Type: mediaType(name), Purpose: purpose}
	}
	data, err := json.Marshal(manifest{
		Name: "cz-visa-monitor", ShortName: v.T("install.short_name"), Description: v.T("install.description"), Language: v.Language(),
		StartURL: "./", Scope: "./", Display: "standalone", Theme: themeLight, Background: groundLight,
		Icons: []manifestIcon{
			icon("icon-192.png", "192x192", "any"), icon("icon-512.png", "512x512", "any"),
			icon("icon-maskable.png", "512x512", "maskable"), icon("icon.svg", "any", "any"),
		},
		Shortcuts: []manifestShortcut{{Name: v.T("add.title"), URL: "add"}},
		Share: manifestShare{
			Action: "add", Method: http.MethodPost, Encoding: echo.MIMEMultipartForm,
			Params: shareParams{Title: "title", Text: "text", URL: "url", Files: []shareFile{{Name: "letter", Accept: []string{"application/pdf", "text/plain"}}}},
		},
	})
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	f, err := newFile(s.small, "application/manifest+json", data)
	if err != nil {
		return err
	}
	// It is in the reader's language, so nobody else may be given it.
	return serve(c, f, "private, "+revalidate)
}

// clearSite has the browser delete everything it has of this host, as a second line
// behind the worker. Only where all of the host is known to be the appliance's: under
// a sub-path others would lose theirs. Without TLS browsers do not heed it.
func (s *Server) clearSite(c echo.Context) {
	if s.host != "" && s.root == "/" && s.encrypted(c) {
		c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
}
