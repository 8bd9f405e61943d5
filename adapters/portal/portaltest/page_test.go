package portaltest_test

import (
	"strings"
	"testing"

	"cz-visa-monitor/adapters/portal/portaltest"

	"github.com/go-rod/rod/lib/input"
	"github.com/google/go-cmp/cmp"
)

const (
	zovInput    = `input[name="visaApplicationNumber"]`
	numberInput = `input[name="proceedings.referenceNumber"]`
	zov         = "ZZZZ202508149001"
)

// TestPage drives one page of each generation of react-select through everything
// the form does.
func TestPage(t *testing.T) {
	browser := chromium(t)
	for _, generation := range []portaltest.Generation{portaltest.React5, portaltest.React3} {
		t.Run(string(generation), func(t *testing.T) {
			srv := start(t, portaltest.Config{Page: portaltest.Page{Generation: generation}})
			f := open(t, browser, srv.PageURL("en"))
			f.element(zovInput)

			t.Run("cookie dialog", func(t *testing.T) { testCookies(t, f.in(t)) })
			t.Run("structure", func(t *testing.T) { testStructure(t, f.in(t), generation) })
			t.Run("controlled inputs", func(t *testing.T) { testControlled(t, f.in(t), srv) })
			t.Run("visa application number", func(t *testing.T) { testZOV(t, f.in(t), srv) })
			t.Run("reference number", func(t *testing.T) { testOAM(t, f.in(t), srv) })
			t.Run("same answer again", func(t *testing.T) { testSameAnswer(t, f.in(t), srv) })

			if problems := srv.Problems(); len(problems) > 0 {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

// testCookies finds the dialog over the form until it is answered, and not again
// after a reload.
func testCookies(t *testing.T, f form) {
	top := `() => { const b = document.querySelector('button[type=submit]').getBoundingClientRect();
		return document.elementFromPoint(b.x + 5, b.y + 5).closest('.cookies__wrapper, form').className || 'form' }`
	if got := f.eval(top); got != "cookies__wrapper" {
		t.Errorf("above the button is %q", got)
	}
	texts := f.eval(`() => [...document.querySelectorAll('.cookies__wrapper button')].map(b => b.textContent).join('|')`)
	if want := "Agree with all|Refuse all|Settings"; texts != want {
		t.Errorf("buttons = %q, want %q", texts, want)
	}
	refuse := f.eval(`() => document.evaluate('/html/body/div[2]/main/div[1]/div/div/div/div/div/div/button[2]',
		document, null, XPathResult.STRING_TYPE).stringValue`)
	if refuse != "Refuse all" {
		t.Errorf("button at the known path = %q", refuse)
	}
	f.refuse()
	if got := f.eval(top); got != "form" {
		t.Errorf("above the button is %q after the refusal", got)
	}
	if err := f.page.Reload(); err != nil {
		t.Fatal(err)
	}
	f.element(zovInput)
	if f.has(".cookies__wrapper button") {
		t.Error("the dialog came back after a reload")
	}
}

// testStructure holds the page against the paths and names seen on the real one.
func testStructure(t *testing.T, f form, generation portaltest.Generation) {
	inner := `.react-select__input-container > input.react-select__input`
	if generation == portaltest.React3 {
		inner = `div.react-select__input > input`
	}
	for _, selector := range []string{
		`.wrapper__form > form`,
		`input.input__control[name="proceedings.oam"][disabled][value=OAM]`,
		`input.input__control[name="proceedings.referenceNumber"][placeholder="12345"]`,
		`input.input__control[name="proceedings.additionalSuffix"][placeholder=XX]`,
		`.select__wrapper > .react-select input[type=hidden][name="proceedings.category"]`,
		`.select__wrapper > .react-select input[type=hidden][name="proceedings.year"]`,
		`.react-select__control > .react-select__value-container > .react-select__placeholder`,
		inner + `[type=text][aria-autocomplete=list][autocapitalize=none]`,
		`h2.h3.margin-top__20`,
		`input.input__control[name="visaApplicationNumber"][placeholder="ABCD123456789..."] + label.input__label`,
		`button.button.button__primary.button--large`,
	} {
		if !f.has(selector) {
			t.Errorf("the page has no %s", selector)
		}
	}
	form := `/html/body/div[2]/main/div[2]/div[1]/div[2]/form[1]`
	paths := map[string]string{
		form + `/div[1]/div[2]/div[1]/div[1]/div[1]/input[1]`: `visaApplicationNumber`,
		form + `/div[1]/div[3]/button[1]`:                     `submit`,
		`//form/div[1]/div[2]//input`:                         `visaApplicationNumber`,
		`//form/div[1]/div[3]/button`:                         `submit`,
		`(//button[@type="submit"])[last()]`:                  `submit`,
	}
	for path, want := range paths {
		got := f.eval(`path => { const found = document.evaluate(path, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
			const one = found.snapshotItem(0); return found.snapshotLength + ' ' + (one?.name || one?.type) }`, path)
		if got != "1 "+want {
			t.Errorf("%s finds %q, want one %s", path, got, want)
		}
	}
}

// testControlled finds that a value set by script, without an event, is not the form's.
func testControlled(t *testing.T, f form, srv *portaltest.Server) {
	f.eval(`name => { document.querySelector(name).value = 'ZZZZ202508149999'; return '' }`, zovInput)
	f.submit()
	f.element(".form__hint")
	if got := srv.Asked("ZZZZ202508149999"); got != 0 {
		t.Errorf("asked %d times about a number that was never typed", got)
	}
}

func testZOV(t *testing.T, f form, srv *portaltest.Server) {
	srv.Script(zov, portaltest.Answer{Outcome: portaltest.PreliminarilyPositive})
	f.fill(zovInput, zov)
	f.submit()
	class, text := f.answer(zov)
	if class != "alert alert--form-success" || !strings.Contains(text, "preliminarily assessed positively") {
		t.Errorf("class = %q, text = %q", class, text)
	}
	if got := f.eval(`s => document.querySelector(s).value`, zovInput); got != zov {
		t.Errorf("the form holds %q after the answer", got)
	}
	for path, want := range map[string]string{
		`/html/body/div[2]/main/div[2]/div[1]/div[1]/div[1]/div[1]/div[1]/@class`:        "alert alert--form-success",
		`/html/body/div[2]/main/div[2]/div[1]/div[1]/div[1]/div[1]/div[1]/div[1]/@class`: "alert__content",
		`(//div[@class="alert__content"]//b)[1]`:                                         "preliminarily assessed positively",
		`(//div[@class="alert__content"]//b)[last()]`:                                    "The status of the procedure is for informational purposes only.",
	} {
		got := f.eval(`path => document.evaluate(path, document, null, XPathResult.STRING_TYPE).stringValue`, path)
		if got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
}

// testOAM chooses the category with the mouse and the year with the keyboard.
func testOAM(t *testing.T, f form, srv *portaltest.Server) {
	srv.Script("OAM-90001/TP-2025", portaltest.Answer{Outcome: portaltest.InProgress})
	f.fill(zovInput, "")
	f.keys(input.Backspace)
	f.fill(numberInput, "90001")
	f.fill(`input[name="proceedings.additionalSuffix"]`, "6")

	f.click(`.select__wrapper:nth-of-type(4) .react-select__control`)
	f.element(`.react-select__menu .react-select__option`)
	codes := f.eval(`() => [...document.querySelectorAll('.react-select__option > div')].map(o => o.textContent).join(' ')`)
	if want := strings.Join(portaltest.Categories(), " "); codes != want {
		t.Errorf("categories = %q, want %q", codes, want)
	}
	option, err := f.page.ElementX(`//div[contains(@class, "react-select__menu")]//div[normalize-space(text())="TP"]`)
	if err != nil {
		t.Fatal(err)
	}
	if err := option.Click("left", 1); err != nil {
		t.Fatal(err)
	}
	f.until("the menu is closed", `() => !document.querySelector('.react-select__menu')`)

	f.click(`.select__wrapper:nth-of-type(5) .react-select__control`)
	f.element(`.react-select__menu`)
	f.keys('2', '0', '2', '5')
	f.until("one year is left", `() => document.querySelectorAll('.react-select__option').length === 1`)
	f.keys(input.Tab)
	f.until("the form has both", `() => document.querySelector('[name="proceedings.category"]').value === 'TP' &&
		document.querySelector('[name="proceedings.year"]').value === '2025'`)
	f.submit()
	class, text := f.answer("OAM-90001/TP-2025")
	if class != "alert alert--form-warning" || !strings.Contains(text, "is still being processed") {
		t.Errorf("class = %q, text = %q", class, text)
	}
}

// testSameAnswer finds that an unchanged answer leaves the document alone, as
// React does, and that the answer is only heard on the network.
func testSameAnswer(t *testing.T, f form, srv *portaltest.Server) {
	f.eval(`() => { window.mutations = 0;
		new MutationObserver(m => { window.mutations += m.length }).observe(
			document.querySelector('.alert').parentElement, {subtree: true, childList: true, attributes: true, characterData: true});
		return '' }`)
	before := srv.Asked("OAM-90001/TP-2025")
	f.submit()
	f.until("the third answer has come", `() =>
		performance.getEntriesByType('resource').filter(e => e.name.includes('/api/')).length === 3`)
	f.eval(`() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(''))))`)
	if got := f.eval(`() => String(window.mutations)`); got != "0" {
		t.Errorf("%s changes of the document", got)
	}
	want := portaltest.Request{Number: "OAM-90001/TP-2025", Status: 200}
	got := srv.Requests()[len(srv.Requests())-1]
	got.At = want.At
	if diff := cmp.Diff(want, got); diff != "" || srv.Asked("OAM-90001/TP-2025") != before+1 {
		t.Errorf("last request (-want +got):\n%s", diff)
	}
}
