package portaltest_test

import (
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
)

// TestScenarios plays in a browser what depends on the page: what is seen, and
// what a click does.
func TestScenarios(t *testing.T) {
	browser := chromium(t)
	tests := []struct {
		name string
		page portaltest.Page
		run  func(t *testing.T, f form, srv *portaltest.Server)
	}{
		{"S8 stale", portaltest.Page{}, scenarioStale},
		{"S9 swallowed", portaltest.Page{}, scenarioSwallowed},
		{"S10 captcha", portaltest.Page{}, scenarioCaptcha},
		{"S14 late", portaltest.Page{Cookies: portaltest.CookiesLate, CookiesDelay: 200 * time.Millisecond}, scenarioCookiesLate},
		{"S14 twice", portaltest.Page{Cookies: portaltest.CookiesTwice}, scenarioCookiesTwice},
		{"S14 missing", portaltest.Page{Cookies: portaltest.CookiesMissing}, scenarioNoCookies},
		{"S14 reworded", portaltest.Page{Cookies: portaltest.CookiesReworded}, scenarioCookiesReworded},
		{"S15 notice", portaltest.Page{Notice: true}, scenarioNotice},
		{"S16 input names", portaltest.Page{Layout: portaltest.LayoutInputNames}, scenarioInputNames},
		{"S16 form classes", portaltest.Page{Layout: portaltest.LayoutFormClasses}, scenarioFormClasses},
		{"S16 alert class", portaltest.Page{Layout: portaltest.LayoutAlertClass}, scenarioAlertClass},
		{"S17 missing options", portaltest.Page{Missing: []string{"DP", "2025"}}, scenarioMissing},
		{"S18 odd HTML", portaltest.Page{}, scenarioOddHTML},
		{"S23 other language", portaltest.Page{Language: "cs"}, scenarioLanguage},
		{"S24 banner", portaltest.Page{Banner: "About " + zov}, scenarioBanner},
		{"images and fonts", portaltest.Page{}, scenarioAssets},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := start(t, portaltest.Config{Page: tt.page, Now: func() time.Time { return time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC) }})
			srv.Script(zov, portaltest.Answer{Outcome: portaltest.InProgress, Swallow: 2})
			f := open(t, browser, srv.PageURL("en"))
			f.element("form")
			tt.run(t, f, srv)
			if problems := srv.Problems(); len(problems) > 0 {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

// ready answers the cookie dialog and lets no click be swallowed.
func (f form) ready(srv *portaltest.Server) {
	f.t.Helper()
	srv.Script(zov, portaltest.Answer{Outcome: portaltest.InProgress})
	if err := f.page.Reload(); err != nil {
		f.t.Fatal(err)
	}
	f.element("form")
	f.refuse()
}

func (f form) texts(selector string) string {
	f.t.Helper()
	return f.eval(`s => [...document.querySelectorAll(s)].map(e => e.textContent).join('|')`, selector)
}

// answered waits until the page has had n answers and had time to show them.
func (f form) answered(n int) {
	f.t.Helper()
	f.until("the answers have come", `n => performance.getEntriesByType('resource').filter(e => e.name.includes('/api/')).length === n`, n)
	f.eval(`() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(''))))`)
}

func scenarioStale(t *testing.T, f form, srv *portaltest.Server) {
	f.ready(srv)
	f.fill(zovInput, zov)
	f.submit()
	f.answer(zov)

	const other = "ZZZZ202508149002"
	srv.Script(other, portaltest.Answer{Outcome: portaltest.Granted, StaleFor: 400 * time.Millisecond},
		portaltest.Answer{Outcome: portaltest.Granted, StaleFor: portaltest.Forever, About: "ZZZZ202508149003"})
	f.eval(`() => { new MutationObserver(() => { window.replacedAt = performance.now() })
		.observe(document.querySelector('.alert__content'), {childList: true}); return '' }`)
	f.fill(zovInput, other)
	f.submit()
	f.answer(other)
	stale := f.eval(`() => { const asked = performance.getEntriesByType('resource').filter(e => e.name.includes('/api/'));
		return window.replacedAt - asked[1].responseEnd >= 390 ? '' : 'the old answer was gone too soon' }`)
	if stale != "" {
		t.Error(stale)
	}
	f.submit()
	f.answered(3)
	f.answer(other) // for ever
}

func scenarioSwallowed(t *testing.T, f form, srv *portaltest.Server) {
	f.refuse()
	f.fill(zovInput, zov)
	for range 3 {
		f.submit()
	}
	f.answer(zov)
	if swallowed, asked := srv.Swallowed(), srv.Asked(zov); swallowed != 2 || asked != 1 {
		t.Errorf("%d clicks swallowed, asked %d times", swallowed, asked)
	}
}

func scenarioCaptcha(t *testing.T, f form, srv *portaltest.Server) {
	f.ready(srv)
	srv.Break(portaltest.Answer{Fault: portaltest.CaptchaDenied})
	f.fill(zovInput, zov)
	f.submit()
	f.answered(1)
	if f.has(".alert") {
		t.Error("a denied captcha shows an alert")
	}
}

func scenarioCookiesLate(t *testing.T, f form, _ *portaltest.Server) {
	f.element(".cookies__container")
	f.refuse()
	if got := f.eval(`() => document.cookie`); got != "cookies_choice=none" {
		t.Errorf("cookie = %q", got)
	}
}

func scenarioCookiesTwice(_ *testing.T, f form, _ *portaltest.Server) {
	f.click(".cookies__wrapper .button__outline")
	f.until("nothing is remembered yet", `() => document.cookie === ''`)
	f.refuse()
	f.until("the answer is remembered", `() => document.cookie === 'cookies_choice=none'`)
}

func scenarioNoCookies(t *testing.T, f form, _ *portaltest.Server) {
	if f.has(".cookies__wrapper *") {
		t.Error("there is a cookie dialog")
	}
}

func scenarioCookiesReworded(t *testing.T, f form, _ *portaltest.Server) {
	if got, want := f.texts(".cookies__wrapper button"), "Accept and go on|Necessary ones only|Details"; got != want {
		t.Errorf("buttons = %q, want %q", got, want)
	}
	f.refuse()
}

func scenarioNotice(t *testing.T, f form, _ *portaltest.Server) {
	f.refuse()
	top := `() => { const b = document.querySelector('button[type=submit]').getBoundingClientRect();
		return document.elementFromPoint(b.x + 5, b.y + 5).className }`
	if got := f.eval(top); got != "modal-backdrop" {
		t.Errorf("over the form is %q", got)
	}
	f.click(".modal__window > button.button__close")
	f.until("the notice is gone", `() => !document.querySelector('.modal__window')`)
}

func scenarioInputNames(t *testing.T, f form, _ *portaltest.Server) {
	got := f.eval(`() => [...document.querySelectorAll('form [name]')].map(e => e.name).join(' ')`)
	if want := "case.oam case.referenceNumber case.additionalSuffix case.category case.year visaCaseNumber"; got != want {
		t.Errorf("names = %q, want %q", got, want)
	}
}

func scenarioFormClasses(t *testing.T, f form, srv *portaltest.Server) {
	if f.has(`.wrapper__form, .input__control, .react-select, .react-select__control`) {
		t.Error("a class of the form is still there")
	}
	f.ready(srv)
	f.fill(zovInput, zov)
	f.submit()
	f.answer(zov)
}

func scenarioAlertClass(t *testing.T, f form, srv *portaltest.Server) {
	f.ready(srv)
	f.fill(zovInput, zov)
	f.submit()
	f.element(".message.message--form-warning > .message__content")
	if f.has(".alert, .alert__content") {
		t.Error("a class of the alert is still there")
	}
}

// scenarioMissing also reads the years: in Prague the new year has begun.
func scenarioMissing(t *testing.T, f form, _ *portaltest.Server) {
	f.refuse()
	for n, want := range map[string]string{"4": "CD|DO|DV|MK|PP|ST|TP|VP|ZK|ZM", "5": "2024|2026|2027"} {
		f.click(`.select__wrapper:nth-of-type(` + n + `) .react-select__control`)
		f.element(".react-select__menu")
		if got := f.texts(".react-select__option"); got != want {
			t.Errorf("options = %q, want %q", got, want)
		}
		if err := f.page.Keyboard.Type(input.Escape); err != nil {
			t.Fatal(err)
		}
		f.until("the menu is closed", `() => !document.querySelector('.react-select__menu')`)
	}
}

func scenarioOddHTML(t *testing.T, f form, srv *portaltest.Server) {
	f.ready(srv)
	srv.Script(zov, portaltest.Answer{Outcome: portaltest.OddHTML})
	f.fill(zovInput, zov)
	f.submit()
	_, text := f.answer(zov)
	if !strings.Contains(text, "being processed") {
		t.Errorf("text = %q", text)
	}
	// As in any browser: innerHTML runs no script element, but an error handler.
	f.until("the image has failed", `() => window.replicaTrap === 'image'`)
}

func scenarioLanguage(t *testing.T, f form, srv *portaltest.Server) {
	f.ready(srv)
	if got := f.texts("h1, button[type=submit]"); got != "Informace o stavu řízení|Ověřit" {
		t.Errorf("texts = %q", got)
	}
	f.fill(zovInput, zov)
	f.submit()
	if _, text := f.answer(zov); !strings.Contains(text, "zpracovává se") {
		t.Errorf("text = %q", text)
	}
	if got := f.eval(`() => document.documentElement.lang`); got != "cs" {
		t.Errorf("lang = %q", got)
	}
}

func scenarioBanner(t *testing.T, f form, _ *portaltest.Server) {
	if got := f.texts("[role=alert]"); got != "About "+zov {
		t.Errorf("banner = %q", got)
	}
}

// scenarioAssets loads the page with and without blocking.
func scenarioAssets(t *testing.T, f form, srv *portaltest.Server) {
	f.until("the font is there", `() => document.fonts.check('16px "Replica Arrows"', '→')`)
	if images, fonts := srv.Images(), srv.Fonts(); images != 1 || fonts != 1 {
		t.Errorf("%d images and %d fonts were requested", images, fonts)
	}
	srv.Reset()
	if err := (proto.NetworkSetCacheDisabled{CacheDisabled: true}).Call(f.page); err != nil {
		t.Fatal(err)
	}
	if err := (proto.NetworkSetBlockedURLs{Urls: []string{"*.png", "*.woff"}}).Call(f.page); err != nil {
		t.Fatal(err)
	}
	if err := f.page.Reload(); err != nil {
		t.Fatal(err)
	}
	f.element("form")
	if images, fonts := srv.Images(), srv.Fonts(); images != 0 || fonts != 0 {
		t.Errorf("%d images and %d fonts were requested in spite of blocking", images, fonts)
	}
}
