package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
)

func TestErase(t *testing.T) {
	t.Parallel()
	const erase = "/api/v1/erase"
	runCalls(t, []call{
		{name: "an application", method: "POST", path: erase, body: `{"what":"application","id":"{anna}"}`, want: 200, wantBody: `{"compacted":true,"backups":[],"copies":[],"copies_unread":true,"kept_files":[]}`},
		{name: "an application there is not", method: "POST", path: erase, body: `{"what":"application","id":"{nobody}"}`, want: 404},
		{name: "an application that one does not see", by: "member", method: "POST", path: erase, body: `{"what":"application","id":"{anna}"}`, want: 404},
		{name: "a person", method: "POST", path: erase, body: `{"what":"person","id":"{person}"}`, want: 200, wantBody: `{"compacted":true}`},
		{name: "a group's person as a reader", by: "reader", method: "POST", path: erase, body: `{"what":"person","id":"{gperson}"}`, want: 403},
		{name: "a group's person as a writer", by: "writer", method: "POST", path: erase, body: `{"what":"person","id":"{gperson}"}`, want: 200},
		{name: "a person that one does not see", by: "writer", method: "POST", path: erase, body: `{"what":"person","id":"{person}"}`, want: 404},
		{name: "another user as an admin", method: "POST", path: erase, body: `{"what":"user","id":"{member-id}"}`, want: 200},
		{name: "another user", by: "member", method: "POST", path: erase, body: `{"what":"user","id":"{reader-id}"}`, want: 403},
		{name: "oneself by a token", by: "member", method: "POST", path: erase, body: `{"what":"user","id":"{member-id}"}`, want: 403},
		{name: "the last admin himself by a token", method: "POST", path: erase, body: `{"what":"user","id":"{me}"}`, want: 403},
		{name: "a user there is not", method: "POST", path: erase, body: `{"what":"user","id":"{nobody}"}`, want: 404},
		{name: "a group", method: "POST", path: erase, body: `{"what":"group","id":"{group}"}`, want: 200},
		{name: "a group as a writer", by: "writer", method: "POST", path: erase, body: `{"what":"group","id":"{group}"}`, want: 403},
		{name: "a group as a stranger", by: "member", method: "POST", path: erase, body: `{"what":"group","id":"{group}"}`, want: 404},
		{name: "something else", method: "POST", path: erase, body: `{"what":"audit","id":"x"}`, want: 422, wantBody: `{"field":"what"}`},
	})
}

// session signs a user in; confirmed says how long ago he gave his password.
func (v *village) session(t *testing.T, u account.User, confirmed time.Duration) (cookie string) {
	t.Helper()
	s, secret := account.NewSession(u.ID, time.Now())
	s.ConfirmedAt = time.Now().Add(-confirmed)
	_, err := v.store.EditUser(t.Context(), u.ID, func(*account.User, int) error { return nil }, account.Also{Begin: &s})
	if err != nil {
		t.Fatal(err)
	}
	return sessionCookie + "=" + secret
}

// asSession sends a request with a session in place of a token.
func (v *village) asSession(t *testing.T, method, path, body, cookie string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	v.server.Handler().ServeHTTP(w, r)
	v.doc.check(t, r, body, w.Result())
	return w
}

func TestSomebodyErasesHimself(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	member := v.users["member"]
	body := fmt.Sprintf(`{"what":"user","id":%q}`, member.ID)
	if w := v.asSession(t, "POST", "/api/v1/erase", body, v.session(t, member, 11*time.Minute)); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "unconfirmed") {
		t.Errorf("long after his password: %d %s", w.Code, w.Body)
	}
	read[archive.Report](t, v.do("POST", "/api/v1/import", v.do("GET", "/api/v1/export?plain=true", "").Body.String(), "Authorization", "Bearer "+v.tokens["member"]), http.StatusOK)
	cookie := v.session(t, member, time.Minute)
	if w := v.asSession(t, "POST", "/api/v1/erase", body, cookie); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := v.asSession(t, "GET", "/api/v1/people", "", cookie); w.Code != http.StatusUnauthorized {
		t.Errorf("his session: %d", w.Code)
	}
	if w := v.do("GET", "/api/v1/people", "", "Authorization", "Bearer "+v.tokens["member"]); w.Code != http.StatusUnauthorized {
		t.Errorf("his token: %d", w.Code)
	}
	if w := v.do("GET", v.fill("/api/v1/applications/{anna}"), ""); w.Code != http.StatusOK {
		t.Errorf("what others watch too: %d", w.Code)
	}
	if w := v.asSession(t, "POST", "/api/v1/erase", fmt.Sprintf(`{"what":"user","id":%q}`, v.admin.ID), v.session(t, v.admin, 0)); w.Code != http.StatusConflict {
		t.Errorf("the last admin: %d %s", w.Code, w.Body)
	}
	if bytes.Contains(v.log.Bytes(), []byte("Quetzal")) {
		t.Error("a name is in the log")
	}
}

func TestErasureNamesBackups(t *testing.T) {
	t.Parallel()
	v := newVillage(t)
	made := read[backupView](t, v.do("POST", "/api/v1/backups", ""), http.StatusCreated)
	const alone = "cz-visa-monitor-20260102T030405Z.bak" // Its original is gone.
	err := os.Mkdir(v.share, 0o700)
	if err = errors.Join(err, os.WriteFile(filepath.Join(v.share, alone), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	erased := read[erasedView](t, v.do("POST", "/api/v1/erase", v.fill(`{"what":"person","id":"{person}"}`)), http.StatusOK)
	if len(erased.Backups) != 1 || erased.Backups[0].Name != made.Name || !erased.Backups[0].Expires.After(time.Now()) {
		t.Errorf("%+v", erased)
	}
	if erased.CopiesUnread || len(erased.Copies) != 1 || erased.Copies[0].Name != alone || !erased.Copies[0].Expires.After(time.Now()) {
		t.Errorf("%+v", erased)
	}
	v.audited(t, account.DataErased, v.fill("{person}"))
}
