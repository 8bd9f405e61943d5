package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
)

// refused returns the details of the refusals in the audit trail, in order.
func (a *appliance) refused(t *testing.T) []string {
	t.Helper()
	entries, err := a.store.AuditTrail(t.Context(), 0, 1000, func(e account.Entry) bool { return e.Action == account.RequestRefused })
	if err != nil {
		t.Fatal(err)
	}
	details := []string{}
	for _, e := range entries {
		details = append(details, e.Detail)
	}
	slices.Sort(details)
	return details
}

// What no honest page sends is refused, and stands in the audit trail: once an hour
// for each address and kind.
func TestRefusalsAreAudited(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		send func(p *person) int
		code int
		want []string
	}{
		{"a forged cookie", func(p *person) int {
			p.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: "czvs_" + strings.Repeat("a", 52)}
			return p.get("/account").Code
		}, http.StatusSeeOther, []string{"session"}},
		{"a forged cookie at the API", func(p *person) int {
			p.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: "x"}
			return p.get("/api/v1/me").Code
		}, http.StatusUnauthorized, []string{"session"}},
		{"a forged cookie on an open page", func(p *person) int {
			p.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: "x"}
			return p.get("/sign-in").Code
		}, http.StatusOK, []string{"session"}},
		{"a forged token", func(p *person) int {
			p.headers.Set("Authorization", "Bearer czvm_"+strings.Repeat("a", 52))
			return p.get("/api/v1/me").Code
		}, http.StatusUnauthorized, []string{"token"}},
		{"a huge body", func(p *person) int { return p.post("/sign-in", "name", strings.Repeat("x", 70_000)).Code }, http.StatusRequestEntityTooLarge, []string{"body"}},
		{"a page of another site", func(p *person) int {
			p.headers.Set("Sec-Fetch-Site", "cross-site")
			return p.post("/sign-in", "name", "admin").Code
		}, http.StatusForbidden, []string{"origin"}},
		{"a line break in the host", func(p *person) int {
			p.headers.Set("Host", "appliance.example.com\r\nX-Evil: 1")
			return p.get("/sign-in").Code
		}, http.StatusBadRequest, []string{"host"}},
		{"a path as the host", func(p *person) int { p.headers.Set("Host", "evil.example.com/x"); return p.get("/").Code }, http.StatusBadRequest, []string{"host"}},
		{"out of the assets", func(p *person) int { return p.get("/assets/../../etc/passwd").Code }, http.StatusNotFound, []string{"path"}},
		{"out of the assets, encoded", func(p *person) int { return p.get("/assets/x/..%2f..%2fetc%2fpasswd").Code }, http.StatusNotFound, []string{"path"}},
		{"nothing of ours", func(p *person) int { return p.get("/favicon.ico").Code }, http.StatusNotFound, []string{}},
		{"nobody", func(p *person) int { return p.get("/api/v1/me").Code }, http.StatusUnauthorized, []string{}},
		{"a page, as it should be", func(p *person) int { p.headers.Set("Host", "[fd00::1]:8080"); return p.get("/sign-in").Code }, http.StatusOK, []string{}},
		{"an address, as it should be", func(p *person) int { p.headers.Set("Host", "cz_visa-monitor.home:8080"); return p.get("/healthz").Code }, http.StatusOK, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := newAppliance(t, nil)
			for range 3 { // The same again is no further line.
				if code := tc.send(a.person()); code != tc.code {
					t.Errorf("answers %d, want %d", code, tc.code)
				}
			}
			if diff := cmp.Diff(tc.want, a.refused(t)); diff != "" {
				t.Errorf("the audit trail, -want +got\n%s", diff)
			}
			other := a.person()
			other.from = "198.51.100.7:40000"
			tc.send(other)
			if got := a.refused(t); len(got) != 2*len(tc.want) {
				t.Errorf("after somebody else did the same: %v", got)
			}
		})
	}
}

// Whoever is known is named.
func TestRefusalNamesWhoItWas(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	anna := a.somebody("anna", account.Member)
	if w := anna.ask("POST", "/api/v1/applications", `{"label":"`+strings.Repeat("x", 70_000)+`"}`); w.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("answers %d", w.Code)
	}
	entries, err := a.accounts.Trail(a.asCommand(), 0, 10, func(e account.Entry) bool { return e.Action == account.RequestRefused })
	if err != nil || len(entries) != 1 || entries[0].User != anna.id || entries[0].Detail != "body" || entries[0].Address == "" {
		t.Errorf("%+v, %v", entries, err)
	}
}

// Thousands of forged tokens from everywhere leave room for what the trail is for.
func TestRefusalsDoNotFillTheTrail(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for i := range 1000 {
		p := a.person()
		p.from = fmt.Sprintf("198.51.%d.%d:1024", i/250, i%250)
		p.headers.Set("Authorization", "Bearer wrong")
		p.get("/api/v1/me")
	}
	if n := len(a.refused(t)); n < 10 || n > 60 {
		t.Errorf("%d refusals in the audit trail", n)
	}
}
