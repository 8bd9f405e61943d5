package web

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"cz-visa-monitor/app/locale"
)

// In every language each page says everything in words, and fits the narrowest
// phone without a torn or cut off word.
func TestPagesInEveryLanguage(t *testing.T) {
	t.Parallel()
	all, err := locale.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := all.Keys()
	placeholder := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, lang := range all.Languages() {
		t.Run(lang, func(t *testing.T) {
			a := newAppliance(t, nil)
			a.language = lang
			bodies := map[string]string{}
			a.everyPage(func(name string, w *httptest.ResponseRecorder) { bodies[name] = w.Body.String() })
			at, v := a.shelf(bodies), visit(t, newBrowser(t), "about:blank")
			for name, body := range bodies {
				if !strings.Contains(body, `<html lang="`+lang+`"`) {
					t.Errorf("%s is in another language", name)
				}
				for _, key := range keys {
					if strings.Contains(body, ">"+key+"<") || strings.Contains(body, `="`+key+`"`) && !strings.Contains(body, `value="`+key+`"`) {
						t.Errorf("%s shows the key %s", name, key)
					}
				}
				if left := placeholder.FindString(body); left != "" {
					t.Errorf("%s shows %s", name, left)
				}
				v.Page = v.CancelTimeout().Timeout(browserPatience)
				v.size(320, 640, true)
				v.open(at(name))
				if what := v.misfits(320); what != "" {
					t.Errorf("%s: %s", name, what)
				}
			}
		})
	}
}
