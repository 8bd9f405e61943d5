package portaltest

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"time"
)

// The addresses of the form, and an old one that leads to it.
const (
	PathCS       = "/informace-o-stavu-rizeni/"
	PathEN       = "/en/status-of-your-application/"
	PathRedirect = "/en/ioff/application-status"
)

// Generation tells apart the two structures react-select has had.
type Generation string

// The generations of react-select.
const (
	// React5 is div.react-select__input-container > input.react-select__input.
	React5 Generation = "v5"
	// React3 is div.react-select__input > input, as in versions 3 and 4.
	React3 Generation = "v3"
)

// Cookies says how the cookie dialog behaves.
type Cookies string

// The cookie dialogs. All but the first are S14.
const (
	// CookiesShown covers the page until it is answered, and remembers the answer.
	CookiesShown Cookies = ""
	// CookiesMissing never appears.
	CookiesMissing Cookies = "missing"
	// CookiesLate appears Page.CookiesDelay after the form.
	CookiesLate Cookies = "late"
	// CookiesTwice comes back once after it was answered.
	CookiesTwice Cookies = "twice"
	// CookiesReworded has other words on its buttons; the classes stay.
	CookiesReworded Cookies = "reworded"
)

// Layout is a change of the page's markup (S16).
type Layout string

// The layouts.
const (
	// LayoutKnown is the page as documented.
	LayoutKnown Layout = ""
	// LayoutInputNames gives other names to the inputs; the classes stay.
	LayoutInputNames Layout = "input_names"
	// LayoutFormClasses gives other classes to the form, its inputs and
	// dropdowns; the names of the inputs stay.
	LayoutFormClasses Layout = "form_classes"
	// LayoutAlertClass gives another class to the alert.
	LayoutAlertClass Layout = "alert_class"
)

// Dialog says when the page opens a dialog of the browser's own, which stops
// every script until it is answered.
type Dialog string

// The dialogs.
const (
	DialogNone Dialog = ""
	// DialogOnLoad is window.alert as soon as the form is there.
	DialogOnLoad Dialog = "on_load"
	// DialogOnClick is window.alert between the click and the question.
	DialogOnClick Dialog = "on_click"
	// DialogOnLeave is the question of beforeunload whether to leave the page. A
	// browser asks it only where the page was clicked or typed into.
	DialogOnLeave Dialog = "on_leave"
)

// Page says what a page load brings. The zero value is the page as documented,
// with react-select 5, whose form appears after 300 ms.
type Page struct {
	// Generation is that of react-select; "" means React5.
	Generation Generation `json:"generation,omitempty"`
	// FormDelay is the time from the shell to the form; 0 means 300 ms, negative
	// none. A slow day of the real portal is 5 to 40 seconds.
	FormDelay time.Duration `json:"form_delay,omitempty"`
	// Fault, if set, comes instead of the page (S12, S13).
	Fault Fault `json:"fault,omitempty"`
	// RetryAfter goes with TooManyRequests and Maintenance, in whole seconds; 0 leaves it out.
	RetryAfter int `json:"retry_after_seconds,omitempty"`
	// Language is that of the page, cs or en, whatever the address says (S23).
	Language string `json:"language,omitempty"`
	// Cookies is the behaviour of the cookie dialog (S14).
	Cookies Cookies `json:"cookies,omitempty"`
	// CookiesDelay goes with CookiesLate; 0 means 500 ms.
	CookiesDelay time.Duration `json:"cookies_delay,omitempty"`
	// Notice puts a news window over the form (S15).
	Notice bool `json:"notice,omitempty"`
	// Layout is the markup (S16).
	Layout Layout `json:"layout,omitempty"`
	// Missing are categories and years left out of the dropdowns (S17).
	Missing []string `json:"missing,omitempty"`
	// Banner is the text of an unrelated element with role=alert (S24).
	Banner string `json:"banner,omitempty"`
	// CaptchaDelay is the time from the click to the question, which the captcha
	// takes (S10); 0 means none.
	CaptchaDelay time.Duration `json:"captcha_delay,omitempty"`
	// DisableButton disables the form's button from the click to the end of the
	// answer (S9).
	DisableButton bool `json:"disable_button,omitempty"`
	// Working is the content of an alert that the page shows from the click until
	// the answer is shown, in HTML; "{number}" in it stands for the number asked
	// for. Answer.StaleFor keeps it longer. Empty means that the previous answer
	// stays meanwhile (S8).
	Working string `json:"working,omitempty"`
	// Dialog is the browser's own dialog that the page opens.
	Dialog Dialog `json:"dialog,omitempty"`
	// Popup opens a window with every question.
	Popup bool `json:"popup,omitempty"`
	// OptionsDelay is how long a dropdown loads when it is first opened (S11); 0
	// means that its options are there with the form.
	OptionsDelay time.Duration `json:"options_delay,omitempty"`
}

// Validate reports a word that the replica does not know.
func (p Page) Validate() error {
	known := func(ok bool, what string, word any) error {
		if ok {
			return nil
		}
		return fmt.Errorf("unknown %s %q", what, word)
	}
	return errors.Join(
		known(slices.Contains([]Generation{"", React5, React3}, p.Generation), "generation", p.Generation),
		known(slices.Contains([]string{"", "cs", "en"}, p.Language), "language", p.Language),
		known(slices.Contains([]Cookies{CookiesShown, CookiesMissing, CookiesLate, CookiesTwice, CookiesReworded}, p.Cookies), "cookie dialog", p.Cookies),
		known(slices.Contains([]Layout{LayoutKnown, LayoutInputNames, LayoutFormClasses, LayoutAlertClass}, p.Layout), "layout", p.Layout),
		known(slices.Contains([]Dialog{DialogNone, DialogOnLoad, DialogOnClick, DialogOnLeave}, p.Dialog), "dialog", p.Dialog),
		known(p.Fault == "" || p.Fault != CaptchaDenied && faultKnown(p.Fault), "fault of a page", p.Fault),
	)
}

//go:embed page/dist page/static page/src/grecaptcha.js
var files embed.FS

// settings is what the shell tells the page's script.
type settings struct {
	Language       string         `json:"language"`
	Categories     []string       `json:"categories"`
	Years          []string       `json:"years"`
	FormDelayMS    int64          `json:"form_delay_ms"`
	Cookies        Cookies        `json:"cookies"`
	CookiesDelayMS int64          `json:"cookies_delay_ms"`
	Notice         bool           `json:"notice"`
	Layout         Layout         `json:"layout"`
	Swallow        map[string]int `json:"swallow"`
	CaptchaDelayMS int64          `json:"captcha_delay_ms"`
	DisableButton  bool           `json:"disable_button"`
	Working        string         `json:"working"`
	Dialog         Dialog         `json:"dialog"`
	Popup          bool           `json:"popup"`
	OptionsDelayMS int64          `json:"options_delay_ms"`
}

// Categories are those of the form's dropdown.
func Categories() []string {
	return []string{"CD", "DO", "DP", "DV", "MK", "PP", "ST", "TP", "VP", "ZK", "ZM"}
}

// years are those of the form's dropdown: the current one in Prague and the
// three before it. The year changes in winter, so the zone needs no summer time.
func (r *Replica) years() []string {
	now := r.cfg.Now().In(time.FixedZone("CET", 60*60)).Year()
	var out []string
	for y := now - 3; y <= now; y++ {
		out = append(out, strconv.Itoa(y))
	}
	return out
}

// servePage answers with the form's page in language, or with the page's fault.
func (r *Replica) servePage(language string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		page, swallow := r.loadPage()
		language := cmp.Or(page.Language, language)
		w.Header().Set("Cache-Control", "no-store")
		if page.Fault != "" {
			r.fail(w, page.Fault, page.RetryAfter, language)
			return
		}
		without := func(items []string) []string {
			return slices.DeleteFunc(items, func(s string) bool { return slices.Contains(page.Missing, s) })
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		r.render(w, "shell.html", map[string]any{
			"Language": language,
			"Bundle":   "page-" + string(cmp.Or(page.Generation, React5)) + ".js",
			"Banner":   page.Banner,
			"Settings": settings{
				Language:       language,
				Categories:     without(Categories()),
				Years:          without(r.years()),
				FormDelayMS:    orDefault(page.FormDelay, 300*time.Millisecond).Milliseconds(),
				Cookies:        page.Cookies,
				CookiesDelayMS: orDefault(page.CookiesDelay, 500*time.Millisecond).Milliseconds(),
				Notice:         page.Notice,
				Layout:         page.Layout,
				Swallow:        swallow,
				CaptchaDelayMS: page.CaptchaDelay.Milliseconds(),
				DisableButton:  page.DisableButton,
				Working:        page.Working,
				Dialog:         page.Dialog,
				Popup:          page.Popup,
				OptionsDelayMS: page.OptionsDelay.Milliseconds(),
			},
		})
	}
}

func (r *Replica) render(w http.ResponseWriter, name string, data any) {
	if err := r.shell.ExecuteTemplate(w, name, data); err != nil {
		r.problem("render %s: %v", name, err)
	}
}

// serveAsset answers with one of the page's own files. They may be cached, as
// the real ones are.
func (r *Replica) serveAsset(w http.ResponseWriter, req *http.Request) {
	name := path.Base(req.URL.Path)
	for _, dir := range []string{"page/static/", "page/dist/", "page/src/"} {
		if _, err := fs.Stat(files, dir+name); err != nil || path.Ext(name) == ".html" {
			continue
		}
		r.countAsset(name)
		w.Header().Set("Cache-Control", "max-age=3600")
		http.ServeFileFS(w, req, files, dir+name)
		return
	}
	r.unexpected(w, req)
}

// orDefault reads a duration whose zero value means def and whose negative
// values mean none.
func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return max(d, 0)
}
