package web

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"cz-visa-monitor/app/account"
)

func TestBackupsAreForAdmins(t *testing.T) {
	t.Parallel()
	const backups = "/api/v1/backups"
	for _, name := range []string{
		"../cz-visa-monitor.db", "..%2fcz-visa-monitor.db", "%2fetc%2fpasswd", "cz-visa-monitor.db", "%00", "cz-visa-monitor-20260102T030405Z.bak%00",
		"cz-visa-monitor-..%2f..%2fetc.bak", "cz-visa-monitor-20260102T030405Z.bak", "..%5c..%5cwindows", "lock",
	} {
		runCalls(t, []call{
			{name: "S1: download " + name, method: "GET", path: backups + "/" + name, want: 404},
			{name: "S1: verify " + name, method: "POST", path: backups + "/" + name + "/verify", want: 404},
		})
	}
	for _, by := range []string{"member", "viewer", "writer"} {
		runCalls(t, []call{
			{name: "list as " + by, by: by, method: "GET", path: backups, want: 403},
			{name: "make as " + by, by: by, method: "POST", path: backups, want: 403},
			{name: "download as " + by, by: by, method: "GET", path: backups + "/cz-visa-monitor-20260102T030405Z.bak", want: 403},
			{name: "verify as " + by, by: by, method: "POST", path: backups + "/cz-visa-monitor-20260102T030405Z.bak/verify", want: 403},
		})
	}
	runCalls(t, []call{
		{name: "list none", method: "GET", path: backups, want: 200, wantBody: `{"backups":[]}`},
		{name: "make", method: "POST", path: backups, want: 201, wantBody: `{"health":"good"}`},
	})
}

func TestLifeOfABackup(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	made := read[backupView](t, v.do("POST", "/api/v1/backups", ""), http.StatusCreated)
	list := read[backupsView](t, v.do("GET", "/api/v1/backups", ""), http.StatusOK)
	if len(list.Backups) != 1 || list.Backups[0].Name != made.Name || list.Backups[0].Expires.IsZero() {
		t.Errorf("%+v", list)
	}
	w := v.do("GET", "/api/v1/backups/"+made.Name, "")
	if w.Code != http.StatusOK || int64(w.Body.Len()) != made.Size || !strings.Contains(w.Header().Get("Content-Disposition"), made.Name) {
		t.Errorf("%d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	verified := read[backupView](t, v.do("POST", "/api/v1/backups/"+made.Name+"/verify", ""), http.StatusOK)
	if verified.Health != "good" {
		t.Errorf("%+v", verified)
	}
	path := v.dataFile(made.Name)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:len(content)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	verified = read[backupView](t, v.do("POST", "/api/v1/backups/"+made.Name+"/verify", ""), http.StatusOK)
	if verified.Health != "damaged" {
		t.Errorf("%+v", verified)
	}
	for _, action := range []account.Action{account.BackupMade, account.BackupRead} {
		v.audited(t, action, made.Name)
	}
}

// audited fails unless this was noted once, as done by the admin.
func (a *appliance) audited(t *testing.T, action account.Action, object string) {
	t.Helper()
	entries, err := a.store.AuditTrail(t.Context(), 0, 10, func(e account.Entry) bool { return e.Action == action && e.Object == object })
	if err != nil || len(entries) != 1 || entries[0].User != a.admin.ID {
		t.Errorf("%s: %+v, %v", action, entries, err)
	}
}
