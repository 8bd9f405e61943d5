package web

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/ui"
)

// view is what every page shows; the pages' own types embed it.
type view struct {
	words *locale.Locale
	// Heading says what the page is, in words of the language. It stands in the
	// title of the window too.
	Heading string
	// assets is the version of what the page refers to.
	assets string
	// Root leads from the page to the appliance's first one: "../" for each step
	// down, so that it holds under a sub-path.
	Root string
	// Script is the name of a script among the assets, "" for none.
	Script string
	// Me is who has signed in, the zero value for nobody.
	Me account.User
	// Section is the way of the navigation to which the page belongs. A page that
	// has one is shown in the frame of the signed-in, others stand for themselves.
	Section string
	// Ways lead to the sections. Since is what the page knows of the events, from
	// which it goes on listening. Version is that of the program.
	Ways    []way
	Since   uint64
	Version string
	// ReadAt is when the page was made, for who sees it later without a connection.
	ReadAt string
	// Problem and Done say what came of what was sent.
	Problem, Done string
}

// T returns a text of the catalogue.
func (v view) T(key string, args ...any) string { return v.words.Text(key, args...) }

// Language is that of the page.
func (v view) Language() string { return v.words.Language() }

// Theme is what the user wants the page to look like, "" for what his browser
// prefers.
func (v view) Theme() account.Theme { return v.Me.Theme }

// SaysOutcome reports whether the frame says what came of what was sent; a page
// that says it itself, beside what was changed, says no.
func (v view) SaysOutcome() bool { return true }

// Inside reports whether the page has the frame of the signed-in.
func (v view) Inside() bool { return v.Section != "" }

// ThemeColours are those of the browser's own frame around the page, by the scheme in
// which each holds, "" for both.
func (v view) ThemeColours() []themeColour {
	switch v.Theme() {
	case "light":
		return []themeColour{{Colour: themeLight}}
	case "dark":
		return []themeColour{{Colour: themeDark}}
	}
	return []themeColour{{"light", themeLight}, {"dark", themeDark}}
}

type themeColour struct{ Scheme, Colour string }

// Asset returns the address of what is brought along.
func (v view) Asset(name string) string { return v.Root + "assets/" + v.assets + "/" + name }

// language is one that can be chosen.
type language struct{ Code, Name string }

// The sections of the pages.
const (
	sectionHome     = "home"
	sectionAdd      = "add"
	sectionChannels = "channels"
	sectionPeople   = "people"
	sectionGroups   = "groups"
	sectionHelp     = "help"
	sectionAdmin    = "admin"
	sectionAccount  = "account"
)

// way leads to a section. Desk: there is no room for it on a phone, where the
// account page leads there.
type way struct {
	Section, To string
	Desk        bool
}

// Key is that of the way's name in the catalogue, Icon the name of its sign.
func (w way) Key() string  { return "way." + w.Section }
func (w way) Icon() string { return w.Section }

// waysOf returns the ways that p may go.
func waysOf(p account.Principal) []way {
	ways := []way{{Section: sectionHome, To: "./"}}
	if p.MayAdd() {
		ways = append(ways, way{Section: sectionAdd, To: "add"})
	}
	ways = append(ways,
		way{Section: sectionChannels, To: "channels"},
		way{Section: sectionPeople, To: "people"},
		way{Section: sectionGroups, To: "groups", Desk: true},
		way{Section: sectionHelp, To: "help"})
	if p.MayAdminister() {
		ways = append(ways, way{Section: sectionAdmin, To: "admin", Desk: true})
	}
	return ways
}

// mainPart is what a page's file defines for the middle of the page.
const mainPart = "main"

// loadPages reads the templates of all pages into one set, in which the parts that
// several pages show stand once. What a file defines as "main" is the page of the
// file's name. A template is escaped when it is first shown.
func loadPages() (*template.Template, error) {
	files, err := fs.Glob(ui.Files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	icons := &icons{}
	functions := template.FuncMap{"dict": dict, "drawn": icons.drawn}
	pages := template.New("").Funcs(functions)
	icons.pages = pages
	for _, name := range files {
		file, err := template.New(path.Base(name)).Funcs(functions).ParseFS(ui.Files, name)
		if err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
		if err := gather(pages, file); err != nil {
			return nil, fmt.Errorf("add the page %s: %w", name, err)
		}
	}
	return pages, nil
}

// gather adds what a file defines to all the pages.
func gather(pages, file *template.Template) error {
	for _, t := range file.Templates() {
		name := t.Name()
		switch name {
		case file.Name():
			continue // What stands around the definitions: nothing.
		case mainPart:
			name = strings.TrimSuffix(file.Name(), ".html")
		}
		if pages.Lookup(name) != nil {
			return fmt.Errorf("%q is there twice", name)
		}
		if _, err := pages.AddParseTree(name, t.Tree); err != nil {
			return err
		}
	}
	return nil
}

// icons are those of the pages, each drawn once.
type icons struct {
	pages *template.Template
	known sync.Map // of a name to its template.HTML
}

// drawn returns an icon by its name.
func (i *icons) drawn(name string) (template.HTML, error) {
	if known, ok := i.known.Load(name); ok {
		return known.(template.HTML), nil
	}
	var out strings.Builder
	if err := i.pages.ExecuteTemplate(&out, "drawing", name); err != nil {
		return "", err
	}
	icon := template.HTML(out.String()) //nolint:gosec // What a template of ours has written.
	i.known.Store(name, icon)
	return icon, nil
}

// dict hands a part of a page several things, by their names.
func dict(pairs ...any) (map[string]any, error) {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("the name number %d is no text", i/2+1)
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// speak returns the language for a request: that of the account, else the browser's.
func (s *Server) speak(c echo.Context) *locale.Locale {
	if lang := principal(c).User.Language; lang != "" {
		return s.cfg.Catalogues.For(lang)
	}
	return s.cfg.Catalogues.For(c.Request().Header.Get("Accept-Language"))
}

// view begins a page with this title, a catalogue key, that stands for itself.
func (s *Server) view(c echo.Context, title string) view {
	words := s.speak(c)
	return view{words: words, Heading: words.Text(title), assets: s.assets.version, Root: rootOf(c), Me: principal(c).User}
}

// rootOf leads from the address of a request to the appliance's first page, see
// view.Root.
func rootOf(c echo.Context) string {
	return strings.Repeat("../", max(0, strings.Count(c.Request().URL.Path, "/")-1))
}

// inside begins a page of a section. What the query says was done is said.
func (s *Server) inside(c echo.Context, section, title string) view {
	v := s.view(c, title)
	v.Section, v.Ways, v.Version = section, waysOf(principal(c)), s.cfg.Version
	v.Since = s.cfg.Hub.Count() // Before anything is read, so that nothing is missed.
	v.ReadAt = v.words.Time(time.Now())
	if key := "done." + c.QueryParam("done"); v.words.Has(key) {
		v.Done = v.T(key)
	}
	return v
}

// languages returns those that can be chosen, each by its own name.
func (s *Server) languages() (list []language) {
	for _, code := range s.cfg.Catalogues.Languages() {
		list = append(list, language{Code: code, Name: s.cfg.Catalogues.For(code).Name()})
	}
	return list
}

// show answers with a page; data embeds a view.
func (s *Server) show(c echo.Context, status int, name string, data any) error {
	var out bytes.Buffer
	for _, part := range []string{"layout", name, "end"} {
		if err := s.pages.ExecuteTemplate(&out, part, data); err != nil {
			return fmt.Errorf("write the page %s: %w", name, err)
		}
	}
	page, h := out.Bytes(), c.Response().Header()
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if takesGzip(c.Request()) {
		packed, err := s.fast.pack(page)
		if err != nil {
			return fmt.Errorf("pack the page %s: %w", name, err)
		}
		h.Set(echo.HeaderContentEncoding, "gzip")
		page = packed
	}
	return c.HTMLBlob(status, page)
}

// complain answers with a page again, and what is wrong with what was sent. An
// error that is not for people is returned.
func (s *Server) complain(c echo.Context, name string, v *view, data func() any, err error) error {
	status, text, ok := s.sentence(v.words, err)
	if !ok {
		return err
	}
	if wait, isWait := errors.AsType[*account.WaitError](err); isWait {
		c.Response().Header().Set(echo.HeaderRetryAfter, fmt.Sprint(wait.Seconds()))
	}
	v.Problem = text
	return s.show(c, status, name, data())
}

// sentence puts an error that a person can do something about into words.
func (s *Server) sentence(words *locale.Locale, err error) (status int, text string, ok bool) {
	if wait, isWait := errors.AsType[*account.WaitError](err); isWait {
		return http.StatusTooManyRequests, words.Text("problem.wait", "count", wait.Seconds()), true
	}
	for _, row := range accountProblems() {
		if row.key != "" && errors.Is(err, row.err) {
			return row.status, words.Text("problem." + row.key), true
		}
	}
	if letter, isLetter := errors.AsType[visa.LetterError](err); isLetter {
		return problemOf(err).Status, words.Text("letter." + string(letter)), true
	}
	if mrz, isMRZ := errors.AsType[*dossier.MRZError](err); isMRZ {
		part := words.Text("mrz.part." + string(mrz.Field))
		return http.StatusUnprocessableEntity, words.Text("problem.mrz_"+string(mrz.Problem), "line", mrz.Line, "column", mrz.Column, "part", part), true
	}
	if p := problemOf(err); p.key != "" {
		return p.Status, words.Text("problem." + p.key), true
	}
	return 0, "", false
}

// see leads the browser to another page, by a path that is relative to the one
// it is on, so that it holds under a sub-path.
func see(c echo.Context, to string) error { return c.Redirect(http.StatusSeeOther, to) }

// seeDone is see after something was done: the page says so, by the text
// "done."+what of the catalogue.
func seeDone(c echo.Context, to, what string) error { return see(c, to+"?done="+what) }

// toSignIn leads a browser that has not signed in to where it can.
func (s *Server) toSignIn(c echo.Context) error {
	code, err := s.cfg.Accounts.SetupCode(c.Request().Context())
	if err != nil {
		return err
	}
	to := "sign-in"
	if code != "" {
		to = "setup"
	}
	to = cmp.Or(rootOf(c), "./") + to
	if id := c.Param("id"); c.Path() == "/applications/:id" && account.IsID(id) {
		to += "?application=" + id // The link of a message.
	}
	return see(c, to)
}
