package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/watch"
)

func TestExportAndImport(t *testing.T) {
	t.Parallel()
	exported := `{"format":"cz-visa-monitor archive","version":1,"exported_at":"2026-01-02T03:04:05Z","owners":[{"id":"user:{nobody}","name":"X"}],"channels":[],"applications":[{"id":"a","reference":"TEST202502209002","watchers":[{"owner":"user:{nobody}","label":"Cecil"}]}],"people":[],"deliveries":[]}`
	runCalls(t, []call{
		{name: "export", method: "GET", path: "/api/v1/export", want: 200, wantBody: `{"version":1,"owners":[{"name":"admin"}]}`, wantNot: "{secret}"},
		{name: "export in plain", method: "GET", path: "/api/v1/export?format=json&plain=true", want: 200, wantBody: `{"people":[{"name":"Eva Quetzal"}]}`, wantNot: "Otto"},
		{name: "export seals people", method: "GET", path: "/api/v1/export", want: 200, wantNot: "Eva Quetzal"},
		{name: "export a table", method: "GET", path: "/api/v1/export?format=csv", want: 200},
		{name: "export people as a table", method: "GET", path: "/api/v1/export?format=people.csv", want: 200},
		{name: "export a group's", method: "GET", path: "/api/v1/export?owner=group:{group}&plain=true", want: 200, wantBody: `{"people":[{"name":"Otto Quetzal"}]}`, wantNot: "Eva"},
		{name: "export a group's as a reader", by: "reader", method: "GET", path: "/api/v1/export?owner=group:{group}", want: 200},
		{name: "export a group's as one who only reads", by: "viewer", method: "GET", path: "/api/v1/export?owner=group:{group}", want: 200},
		{name: "export a stranger's group", by: "member", method: "GET", path: "/api/v1/export?owner=group:{group}", want: 404},
		{name: "export another user's", by: "member", method: "GET", path: "/api/v1/export?owner=user:{me}", want: 404},
		{name: "export another user's as an admin", method: "GET", path: "/api/v1/export?owner=user:{member-id}", want: 404},
		{name: "export everything", method: "GET", path: "/api/v1/export?owner=all", want: 404},
		{name: "export in a format there is not", method: "GET", path: "/api/v1/export?format=xlsx", want: 422, wantBody: `{"field":"format"}`},
		{name: "export half plain", method: "GET", path: "/api/v1/export?plain=1", want: 422, wantBody: `{"field":"plain"}`},

		{name: "import", method: "POST", path: "/api/v1/import", body: exported, want: 200, wantBody: `{"dry_run":false,"applications":{"added":1,"skipped":0},"refused":[]}`},
		{name: "import dry", method: "POST", path: "/api/v1/import?dry_run=true", body: exported, want: 200, wantBody: `{"dry_run":true,"applications":{"added":1}}`},
		{name: "import perhaps dry", method: "POST", path: "/api/v1/import?dry_run=yes", body: exported, want: 422, wantBody: `{"field":"dry_run"}`},
		{name: "import as one who only reads", by: "viewer", method: "POST", path: "/api/v1/import", body: exported, want: 403},
		{name: "import a bad number", method: "POST", path: "/api/v1/import", body: strings.Replace(exported, "TEST2025", "TEST2O25", 1), want: 200, wantBody: `{"applications":{"added":0,"refused":1},"refused":[{"at":"applications[0]"}],"refused_in_all":1}`, wantNot: "TEST2O25"},
		{name: "import no archive", method: "POST", path: "/api/v1/import", body: `{}`, want: 422, wantBody: `{"code":"invalid"}`},
		{name: "import a newer one", method: "POST", path: "/api/v1/import", body: strings.Replace(exported, `"version":1`, `"version":2`, 1), want: 422, wantBody: `{"code":"invalid"}`},
		{name: "import a form", method: "POST", path: "/api/v1/import", headers: []string{"Content-Type", "text/csv"}, body: exported, want: 415},
		{name: "import more than others may send", method: "POST", path: "/api/v1/import", body: strings.Replace(exported, `"applications":[`, `"applications":[`+strings.Repeat(" ", 1<<20), 1), want: 200, wantBody: `{"applications":{"added":1}}`},
		{name: "import too much", method: "POST", path: "/api/v1/import", body: strings.Replace(exported, `"people":[`, `"people":[`+strings.Repeat(`{"name":"`+strings.Repeat("x", 1<<20)+`"},`, 21)+"{}", 1), want: 413, wantBody: `{"code":"too_large"}`},
		{name: "others may send no more than before", method: "POST", path: "/api/v1/people", body: `{"name":"` + strings.Repeat("x", 70_000) + `"}`, want: 413},
	})
}

func TestWhatIsExportedIsHarmless(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	_, err := v.engine.Edit(t.Context(), watch.ID(v.fill("{anna}")), v.me, func(w *watch.Watcher) error {
		w.Label = `=HYPERLINK("https://example.com";"x")`
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := v.do("GET", "/api/v1/export?format=csv", "")
	if !strings.Contains(w.Body.String(), `"'=HYPERLINK(""https://example.com"";""x"")"`) || !strings.HasPrefix(w.Body.String(), "\ufeff") {
		t.Errorf("%s", w.Body)
	}
	if d := w.Header().Get("Content-Disposition"); !strings.HasPrefix(d, "attachment; filename=cz-visa-monitor-") {
		t.Errorf("%q", d)
	}
	v.audited(t, account.DataExported, v.admin.ID)
}

func TestImportReachesTheEngine(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	text := v.do("GET", "/api/v1/export", "").Body.String()
	report := read[archive.Report](t, v.do("POST", "/api/v1/import", text, "Authorization", "Bearer "+v.tokens["member"]), http.StatusOK)
	// The channels come without their secrets, and a sealed person is another's.
	if report.Applications.Added != 2 || report.People.Refused != 1 || report.Channels.Refused != 2 {
		t.Errorf("%+v", report)
	}
	apps := read[applicationsView](t, v.do("GET", "/api/v1/applications", "", "Authorization", "Bearer "+v.tokens["member"]), http.StatusOK)
	for _, a := range apps.Applications {
		if a.Status != "" || a.Text != "" || a.NextCheckAt.IsZero() {
			t.Errorf("somebody who brings an archive sees what is not his: %+v", a)
		}
	}
	if len(apps.Applications) != 2 {
		t.Errorf("%d applications", len(apps.Applications))
	}
}

// Only so many read or write all there is at once, and each user only once.
func TestHeavyRequestsAreBounded(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	for _, tc := range []struct {
		name    string
		running []string
		want    int
	}{
		{"nobody", nil, http.StatusOK},
		{"one other", []string{"a"}, http.StatusOK},
		{"two others", []string{"a", "b"}, http.StatusServiceUnavailable},
		{"his own", []string{v.admin.ID}, http.StatusServiceUnavailable},
	} {
		for _, user := range tc.running {
			if !v.server.heavyRuns.begin(user) {
				t.Fatalf("%s: there is no room", tc.name)
			}
		}
		w := v.do("GET", "/api/v1/export", "")
		if w.Code != tc.want || !json.Valid(w.Body.Bytes()) || (w.Header().Get("Retry-After") != "") != (tc.want != http.StatusOK) {
			t.Errorf("%s: %d %v %s", tc.name, w.Code, w.Header(), w.Body)
		}
		for _, user := range tc.running {
			v.server.heavyRuns.end(user)
		}
	}
}
