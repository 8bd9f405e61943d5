package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/ui"
)

// view is what every small page shows; the pages' own types embed it.
type view struct {
	words *locale.Locale
	// Title is a catalogue key.
	Title  string
	Assets string
	// Root leads from the page to the appliance's first one: "../" for each step
	// down, so that it holds under a sub-path.
	Root string
	// Script is the name of a script among the assets, "" for none.
	Script string
	// Me is who has signed in, the zero value for nobody.
	Me account.User
	// Problem and Done say what came of what was sent.
	Problem, Done string
}

// T returns a text of the catalogue.
func (v view) T(key string, args ...any) string { return v.words.Text(key, args...) }

// Language is that of the page.
func (v view) Language() string { return v.words.Language() }

// language is one that can be chosen.
type language struct{ Code, Name string }

// pageNames are the small pages; each is a file of that name.
func pageNames() []string {
	return []string{"sign-in", "second-factor", "setup", "join", "account", "recovery-sheet", "waiting", "trouble"}
}

// loadPages reads the templates of the small pages.
func loadPages() (map[string]*template.Template, error) {
	pages := make(map[string]*template.Template)
	for _, name := range pageNames() {
		t, err := template.ParseFS(ui.Files, "pages/layout.html", "pages/newcomer.html", path.Join("pages", name+".html"))
		if err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
		pages[name] = t
	}
	return pages, nil
}

// speak returns the language for a request: that of the account, else the browser's.
func (s *Server) speak(c echo.Context) *locale.Locale {
	if lang := principal(c).User.Language; lang != "" {
		return s.cfg.Catalogues.For(lang)
	}
	return s.cfg.Catalogues.For(c.Request().Header.Get("Accept-Language"))
}

// view begins a page with this title.
func (s *Server) view(c echo.Context, title string) view {
	root := strings.Repeat("../", max(0, strings.Count(c.Request().URL.Path, "/")-1))
	return view{words: s.speak(c), Title: title, Assets: s.page.version, Root: root, Me: principal(c).User}
}

// languages returns those that can be chosen, each by its own name.
func (s *Server) languages() (list []language) {
	for _, code := range s.cfg.Catalogues.Languages() {
		list = append(list, language{Code: code, Name: s.cfg.Catalogues.For(code).Text("language.name")})
	}
	return list
}

// show answers with a small page; data embeds a view.
func (s *Server) show(c echo.Context, status int, name string, data any) error {
	var out bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&out, "layout", data); err != nil {
		return fmt.Errorf("write the page %s: %w", name, err)
	}
	return c.HTMLBlob(status, out.Bytes())
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
	return 0, "", false
}

// see leads the browser to another page, by a path that is relative to the one
// it is on, so that it holds under a sub-path.
func see(c echo.Context, to string) error { return c.Redirect(http.StatusSeeOther, to) }

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
	if id := c.Param("id"); c.Path() == "/applications/:id" && account.IsID(id) {
		return see(c, "../"+to+"?application="+id) // The link of a message.
	}
	return see(c, "./"+to)
}
