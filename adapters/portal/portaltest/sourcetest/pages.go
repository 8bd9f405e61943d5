package sourcetest

import (
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// testPages plays what a page load can bring, each time for a new source.
func testPages(t *testing.T, build Factory) {
	t.Run("answered", func(t *testing.T) { testOddPages(t, build) })
	t.Run("failed", func(t *testing.T) { testBadPages(t, build) })
	t.Run("S17 not offered", func(t *testing.T) { testNotOffered(t, build) })
	t.Run("S23 redirect", func(t *testing.T) {
		srv := NewReplica(t, portaltest.Config{Default: portaltest.Answer{Outcome: portaltest.InProgress}})
		wantStatus(t, build(t, srv.URL+portaltest.PathRedirect), zovNumber(1), visa.InProgress)
	})
	t.Run("S23 other language", func(t *testing.T) {
		srv := NewReplica(t, portaltest.Config{Default: portaltest.Answer{Outcome: portaltest.Refused}})
		for language, other := range map[string]string{"en": "cs", "cs": "en"} {
			srv.SetPage(portaltest.Page{Language: other, FormDelay: -1})
			got := wantStatus(t, build(t, srv.PageURL(language)), oamNumber(1), visa.Refused)
			if got.Language != other {
				t.Errorf("language of the %s page at the %s address = %q", other, language, got.Language)
			}
		}
	})
}

// testOddPages wants an answer in spite of overlays, slowness and banners (S14,
// S15, S24), for both kinds of number.
func testOddPages(t *testing.T, build Factory) {
	tests := []struct {
		name string
		page portaltest.Page
	}{
		{"slow form", portaltest.Page{FormDelay: 2 * time.Second}},
		{"S14 no cookie dialog", portaltest.Page{Cookies: portaltest.CookiesMissing}},
		{"S14 cookie dialog late", portaltest.Page{Cookies: portaltest.CookiesLate, CookiesDelay: 100 * time.Millisecond}},
		{"S14 cookie dialog twice", portaltest.Page{Cookies: portaltest.CookiesTwice}},
		{"S14 cookie dialog reworded", portaltest.Page{Cookies: portaltest.CookiesReworded}},
		{"S15 notice", portaltest.Page{Notice: true}},
		{"S15 notice and no cookie dialog", portaltest.Page{Notice: true, Cookies: portaltest.CookiesMissing}},
		{"S24 banner with the number", portaltest.Page{Banner: "The application " + zovNumber(1) + " was granted. " + oamNumber(1) + " was granted."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := NewReplica(t, portaltest.Config{Page: tt.page, Default: portaltest.Answer{Outcome: portaltest.InProgress}})
			src := build(t, srv.PageURL("en"))
			wantStatus(t, src, zovNumber(1), visa.InProgress)
			wantStatus(t, src, oamNumber(1), visa.InProgress)
		})
	}
}

// testBadPages wants the fitting failure, no question to the portal, and an
// answer from the same source once the page is well again (S12, S13, S16).
func testBadPages(t *testing.T, build Factory) {
	layout := []watch.FailureCode{watch.LayoutChanged}
	tests := []struct {
		name  string
		page  portaltest.Page
		limit time.Duration
		want  []watch.FailureCode
	}{
		{"S12 429", portaltest.Page{Fault: portaltest.TooManyRequests, RetryAfter: 77}, patience, []watch.FailureCode{watch.Throttled}},
		{"S12 403", portaltest.Page{Fault: portaltest.Forbidden}, patience, []watch.FailureCode{watch.Throttled}},
		{"S12 500", portaltest.Page{Fault: portaltest.ServerError}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S12 502", portaltest.Page{Fault: portaltest.BadGateway}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S12 empty body", portaltest.Page{Fault: portaltest.EmptyBody}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S12 reset", portaltest.Page{Fault: portaltest.Reset}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S13 maintenance", portaltest.Page{Fault: portaltest.Maintenance}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S13 maintenance with 200", portaltest.Page{Fault: portaltest.MaintenanceOK}, patience, []watch.FailureCode{watch.Unreachable}},
		{"S11 form never comes", portaltest.Page{FormDelay: time.Hour}, 4 * time.Second, []watch.FailureCode{watch.Timeout}},
		{"S16 inputs renamed", portaltest.Page{Layout: portaltest.LayoutInputNames}, patience, layout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := NewReplica(t, portaltest.Config{Page: tt.page, Default: portaltest.Answer{Outcome: portaltest.InProgress}})
			src := build(t, srv.PageURL("en"))
			f := wantFailure(t, src, zovNumber(1), tt.limit, tt.want...)
			if want := time.Duration(tt.page.RetryAfter) * time.Second; f.RetryAfter != want {
				t.Errorf("retry after %v, want %v", f.RetryAfter, want)
			}
			if asked := srv.Asked(zovNumber(1)); asked != 0 {
				t.Errorf("the portal was asked %d times", asked)
			}
			srv.SetPage(portaltest.Page{FormDelay: -1})
			wantStatus(t, src, zovNumber(1), visa.InProgress)
		})
	}

	t.Run("S16 classes of the form renamed", func(t *testing.T) {
		srv := NewReplica(t, portaltest.Config{
			Page:    portaltest.Page{Layout: portaltest.LayoutFormClasses},
			Default: portaltest.Answer{Outcome: portaltest.InProgress},
		})
		src := build(t, srv.PageURL("en"))
		for _, number := range []string{zovNumber(1), oamNumber(1)} {
			// The names still lead to the inputs, so an answer is as right as the failure.
			if got, f := check(t, src, number, patience); f != nil && f.Code != watch.LayoutChanged {
				t.Errorf("failure of %s = %v, want layout_changed", number, f)
			} else if f == nil && got.Status != visa.InProgress {
				t.Errorf("status of %s = %s", number, got.Status)
			}
		}
	})
	t.Run("S16 class of the alert renamed", func(t *testing.T) {
		srv := NewReplica(t, portaltest.Config{
			Page:    portaltest.Page{Layout: portaltest.LayoutAlertClass},
			Default: portaltest.Answer{Outcome: portaltest.InProgress},
		})
		// The response came, and no known element has shown anything.
		wantFailure(t, build(t, srv.PageURL("en")), zovNumber(1), patience, watch.LayoutChanged)
		askedOnce(t, srv, zovNumber(1))
	})
}

// testNotOffered wants a missing category or year to be found before anything is
// sent, and the other numbers to be answered.
func testNotOffered(t *testing.T, build Factory) {
	for _, generation := range []portaltest.Generation{portaltest.React5, portaltest.React3} {
		t.Run(string(generation), func(t *testing.T) {
			srv := NewReplica(t, portaltest.Config{
				Page:    portaltest.Page{Generation: generation, Missing: []string{"DP", "2024"}},
				Default: portaltest.Answer{Outcome: portaltest.InProgress},
			})
			src := build(t, srv.PageURL("en"))
			for _, number := range []string{"OAM-90001/DP-2025", "OAM-90001/TP-2024", "OAM-90001/TP-2011"} {
				wantFailure(t, src, number, patience, watch.NotOffered)
				if asked := srv.Asked(number); asked != 0 {
					t.Errorf("the portal was asked about %s %d times", number, asked)
				}
			}
			wantStatus(t, src, "OAM-90001/TP-2025", visa.InProgress)
		})
	}
}
