package visa_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

// official are the hosts of the Ministries' pages.
func official() []string {
	return []string{"ipc.gov.cz", "frs.gov.cz", "prod.frs.gov.cz", "mvcr.cz", "www.mvcr.cz", "gov.cz", "mv.gov.cz", "mzv.gov.cz"}
}

func TestLinksAreOfficial(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "cs", "zh-Hans", "uk", "ru", "vi", "es"} {
		for _, page := range visa.Pages() {
			address, language := page.URL(lang)
			u, err := url.Parse(address)
			if err != nil {
				t.Errorf("%s in %s: %v", page, lang, err)
				continue
			}
			if u.Scheme != "https" || !slices.Contains(official(), u.Host) || u.User != nil || u.RawQuery != "" {
				t.Errorf("%s in %s leads to %q", page, lang, address)
			}
			// The English pages are below /en/; a wrong mark would promise the wrong language.
			if english := strings.HasPrefix(u.Path, "/en/"); english != (language == "en") {
				t.Errorf("%s in %s is said to be in %s: %s", page, lang, language, address)
			}
		}
	}
}

func TestLinkChoosesTheLanguage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page visa.Page
		lang string
		want string
	}{
		"Czech for Czechs":             {visa.PageGranted, "cs", "cs"},
		"English for the English":      {visa.PageGranted, "en", "en"},
		"English for everybody else":   {visa.PageGranted, "vi", "en"},
		"Czech where there is only it": {visa.PageInactivity, "en", "cs"},
		"English where only that":      {visa.PageTimeLimits, "cs", "en"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, got := tt.page.URL(tt.lang); got != tt.want {
				t.Errorf("the page is in %s, want %s", got, tt.want)
			}
		})
	}
}
