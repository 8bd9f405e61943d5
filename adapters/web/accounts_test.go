package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cz-visa-monitor/app/account"
)

// openSession is somebody who has signed in, and sends his cookie himself; id is
// that of the session.
type openSession struct {
	*appliance
	secret, id string
}

// inSession returns a user in a fresh session.
func (a *appliance) inSession(name string) openSession {
	a.tb.Helper()
	in, err := a.accounts.SignIn(a.tb.Context(), name, password, account.Origin{Address: "192.0.2.1", Agent: "Test/1.0"})
	if err != nil {
		a.tb.Fatal(err)
	}
	return openSession{a, in.Secret, in.Session.ID}
}

func (b openSession) ask(method, path, body string) *httptest.ResponseRecorder {
	b.tb.Helper()
	return b.do(method, path, body, "Authorization", "", "Cookie", sessionCookie+"="+b.secret)
}

// cookie returns the session that an answer sets; ok is false if it sets none.
func cookie(w *httptest.ResponseRecorder) (value string, ok bool) {
	for _, ck := range w.Result().Cookies() {
		if ck.Name == sessionCookie {
			return ck.Value, true
		}
	}
	return "", false
}

func TestMe(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	admin := a.inSession("admin")
	g := read[groupView](t, admin.ask("POST", "/api/v1/groups", `{"name":" Family ","kind":"family"}`), http.StatusCreated)
	if g.Name != "Family" || g.Right != account.Own || !g.MayWrite || !g.MayLead || len(g.Members) != 1 || g.Members[0].Name != "admin" {
		t.Errorf("the new group is %+v", g)
	}
	want := meView{
		ID: a.admin.ID, Owner: a.me, Name: "admin", Role: account.Admin, Scope: account.ScopeAdmin, MayAdminister: true, MayAdd: true, RecoverySheetDue: true,
		Groups: []groupSummaryView{{ID: g.ID, Owner: account.OfGroup(g.ID), Name: "Family", Kind: account.Family, Right: account.Own}},
	}
	if diff := cmp.Diff(want, read[meView](t, admin.ask("GET", "/api/v1/me", ""), http.StatusOK)); diff != "" {
		t.Error(diff)
	}
	if read[meView](t, a.do("GET", "/api/v1/me", ""), http.StatusOK).RecoverySheetDue {
		t.Error("a token is asked to print the recovery sheet")
	}
	if err := a.keys.ConfirmRecovery(t.Context()); err != nil {
		t.Fatal(err)
	}
	if read[meView](t, admin.ask("GET", "/api/v1/me", ""), http.StatusOK).RecoverySheetDue {
		t.Error("the recovery sheet is still due")
	}
	viewer := a.somebody("viewer", account.Viewer)
	got := read[meView](t, viewer.ask("GET", "/api/v1/me", ""), http.StatusOK)
	if got.MayAdd || got.MayAdminister || got.RecoverySheetDue || got.Scope != account.ScopeRead || got.Groups == nil {
		t.Errorf("the viewer is %+v", got)
	}
}

// An admin makes a user and hands a link over; nobody but the user ever knows
// his password.
func TestUserComesByALink(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ base, link string }{
		{"", ""},
		{"https://visa.example.com", "https://visa.example.com/join#"},
		{"https://example.com/visa/", "https://example.com/visa/join#"},
	} {
		t.Run(tc.base, func(t *testing.T) {
			t.Parallel()
			a := newAppliance(t, func(c *Config) { c.BaseURL = tc.base })
			w := a.do("POST", "/api/v1/users", `{"name":"Anna","role":"member","language":"cs"}`, "X-Forwarded-Host", "evil.example.com")
			u := read[newUserView](t, w, http.StatusCreated)
			if u.Name != "Anna" || u.Role != account.Member || u.Language != "cs" || u.HasPassword || w.Header().Get("Location") != "users/"+u.ID || u.Reset.User != u.ID {
				t.Errorf("the user is %+v", u)
			}
			link := u.Reset.Link
			if tc.link != "" {
				link = strings.TrimSuffix(link, u.Reset.Secret)
			}
			if link != tc.link || u.Reset.Secret == "" {
				t.Errorf("the link is %q, want %q and the secret", u.Reset.Link, tc.link)
			}
			for _, path := range []string{"/api/v1/users", "/api/v1/users/" + u.ID, "/api/v1/invitations", "/api/v1/audit"} {
				if body := a.do("GET", path, "").Body.String(); strings.Contains(body, u.Reset.Secret) || strings.Contains(body, account.HashSecret(u.Reset.Secret)) {
					t.Errorf("%s shows the secret", path)
				}
			}
			if err := a.accounts.Reset(t.Context(), u.Reset.Secret, password, account.Origin{Address: "192.0.2.9"}); err != nil {
				t.Fatal(err)
			}
			a.inSession("anna")
			if !read[userView](t, a.do("GET", "/api/v1/users/"+u.ID, ""), http.StatusOK).HasPassword {
				t.Error("the user has no password now")
			}
		})
	}
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.BaseURL = "https://visa.example.com" })
	g := read[groupView](t, a.do("POST", "/api/v1/groups", `{"name":"Firm","kind":"firm"}`), http.StatusCreated)
	i := read[newInvitationView](t, a.do("POST", "/api/v1/invitations", `{"role":"member","group":"`+g.ID+`","right":"write"}`), http.StatusCreated)
	want := invitationView{ID: i.ID, Role: account.Member, Group: g.ID, Right: account.Write, By: a.admin.ID, CreatedAt: i.CreatedAt, ExpiresAt: i.CreatedAt.Add(account.InvitationLasts)}
	if diff := cmp.Diff(want, i.invitationView); diff != "" || i.Link != "https://visa.example.com/join#"+i.Secret {
		t.Errorf("the link %q of\n%s", i.Link, diff)
	}
	list := read[invitationsView](t, a.do("GET", "/api/v1/invitations", ""), http.StatusOK)
	if diff := cmp.Diff(invitationsView{[]invitationView{want}}, list); diff != "" {
		t.Error(diff)
	}
	in, err := a.accounts.Accept(t.Context(), i.Secret, account.NewUser{Name: "Boris", Password: password}, account.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	got := read[groupView](t, a.do("GET", "/api/v1/groups/"+g.ID, ""), http.StatusOK)
	if diff := cmp.Diff([]memberView{{a.admin.ID, "admin", account.Own}, {in.User.ID, "Boris", account.Write}}, got.Members); diff != "" {
		t.Error(diff)
	}
	back := read[newInvitationView](t, a.do("POST", "/api/v1/invitations", `{"role":"viewer"}`), http.StatusCreated)
	if w := a.do("DELETE", "/api/v1/invitations/"+back.ID, ""); w.Code != http.StatusNoContent {
		t.Fatalf("DELETE: %d", w.Code)
	}
	if _, err := a.accounts.Invitation(t.Context(), back.Secret, account.Origin{}); !errors.Is(err, account.ErrNoInvitation) {
		t.Errorf("a link that was taken back: %v", err)
	}
}

func TestAccountsRefuse(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	u := a.somebody("anna", account.Member)
	g := read[groupView](t, a.do("POST", "/api/v1/groups", `{"name":"Firm","kind":"firm"}`), http.StatusCreated)
	members := "/api/v1/groups/" + g.ID + "/members"
	read[channelView](t, a.do("POST", "/api/v1/channels", `{"name":"x","kind":"ntfy","fields":{"topic":"visa"},"owner":"`+string(g.Owner)+`"}`), http.StatusCreated)
	read[channelView](t, u.ask("POST", "/api/v1/channels", `{"name":"x","kind":"ntfy","fields":{"topic":"visa"}}`), http.StatusCreated)
	admin := a.inSession("admin")
	for _, tc := range []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"POST", "/api/v1/users", `{"name":"ANNA","role":"member"}`, 409, `{"code":"name_taken","field":"name"}`},
		{"POST", "/api/v1/users", `{"name":"","role":"member"}`, 422, `{"field":"name"}`},
		{"POST", "/api/v1/users", `{"name":"x","role":"king"}`, 422, `{"field":"role"}`},
		{"POST", "/api/v1/users", `{"name":"x","role":"member","language":"?"}`, 422, `{"field":"language"}`},
		{"POST", "/api/v1/users", `{"name":"x","role":"member","password":"x"}`, 422, `{"field":"password"}`},
		{"PATCH", "/api/v1/users/" + a.admin.ID, `{"role":"member"}`, 409, `{"code":"last_admin"}`},
		{"PATCH", "/api/v1/users/" + a.admin.ID, `{"disabled":true}`, 409, `{"code":"last_admin"}`},
		{"DELETE", "/api/v1/users/" + u.id, ``, 409, `{"code":"belongings"}`},
		{"DELETE", "/api/v1/users/" + u.id + "/second-factor", ``, 409, `{"code":"no_second"}`},
		{"GET", "/api/v1/users/" + account.NewID(time.Now()), ``, 404, `{"code":"not_found"}`},
		{"GET", "/api/v1/users/" + account.NewID(time.Now()) + "/sessions", ``, 404, `{"code":"not_found"}`},
		{"DELETE", "/api/v1/users/" + account.NewID(time.Now()) + "/sessions", ``, 404, `{"code":"not_found"}`},
		{"POST", "/api/v1/invitations", `{"role":"member","group":"` + g.ID + `"}`, 422, `{"field":"right"}`},
		{"POST", "/api/v1/invitations", `{"role":"member","lasts":"721h"}`, 422, `{"field":"lasts"}`},
		{"POST", "/api/v1/invitations", `{"role":"member","lasts":"soon"}`, 422, `{"field":"lasts"}`},
		{"PATCH", "/api/v1/users/" + a.admin.ID, `{"theme":"pink"}`, 422, `{"field":"theme"}`},
		{"DELETE", "/api/v1/invitations/" + u.id, ``, 404, `{"code":"no_invitation"}`},
		{"POST", "/api/v1/groups", `{"name":"x","kind":"club"}`, 422, `{"field":"kind"}`},
		{"PATCH", "/api/v1/groups/" + g.ID, `{"kind":"family"}`, 422, `{"field":"kind"}`},
		{"DELETE", "/api/v1/groups/" + g.ID, ``, 409, `{"code":"belongings"}`},
		{"POST", members, `{"name":"admin","right":"read"}`, 409, `{"code":"member"}`},
		{"POST", members, `{"name":"nobody","right":"read"}`, 422, `{"field":"name"}`},
		{"POST", members, `{"name":"anna","right":"all"}`, 422, `{"field":"right"}`},
		{"PATCH", members + "/" + a.admin.ID, `{"right":"write"}`, 409, `{"code":"last_owner"}`},
		{"PATCH", members + "/" + u.id, `{"right":"write"}`, 404, `{"code":"not_found"}`},
		{"DELETE", members + "/" + a.admin.ID, ``, 409, `{"code":"last_owner"}`},
		{"POST", "/api/v1/tokens", `{"name":"","scope":"read"}`, 422, `{"field":"name"}`},
		{"POST", "/api/v1/tokens", `{"name":"x","scope":"all"}`, 422, `{"field":"scope"}`},
		{"POST", "/api/v1/tokens", `{"name":"x","scope":"read","lasts":"-1h"}`, 422, `{"field":"lasts"}`},
		{"POST", "/api/v1/tokens", `{"name":"x","scope":"read","lasts":"soon"}`, 422, `{"field":"lasts"}`},
		{"GET", "/api/v1/audit?before=x", ``, 422, `{"field":"before"}`},
		{"GET", "/api/v1/audit?limit=0", ``, 422, `{"field":"limit"}`},
		{"GET", "/api/v1/audit?action=eaten", ``, 422, `{"field":"action"}`},
	} {
		w := admin.ask(tc.method, tc.path, tc.body)
		if err := holds(w.Body.Bytes(), []byte(tc.part)); err != nil || w.Code != tc.status {
			t.Errorf("%s %s %s: %d, want %d: %v in %s", tc.method, tc.path, tc.body, w.Code, tc.status, err, w.Body)
		}
	}
}

// Whoever changes his own role goes on in his session, under another secret.
func TestOwnSessionIsRenewed(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.somebody("second", account.Admin)
	admin, other := a.inSession("admin"), a.inSession("admin")
	w := admin.ask("PATCH", "/api/v1/users/"+a.admin.ID, `{"name":"Former","role":"viewer"}`)
	if u := read[userView](t, w, http.StatusOK); u.Name != "Former" || u.Role != account.Viewer {
		t.Errorf("the user is %+v", u)
	}
	fresh, ok := cookie(w)
	if !ok || fresh == admin.secret {
		t.Fatalf("there is no new cookie: %v", w.Header())
	}
	for name, old := range map[string]openSession{"the old secret": admin, "another session": other} {
		if w := old.ask("GET", "/api/v1/me", ""); w.Code != http.StatusUnauthorized {
			t.Errorf("%s still opens: %d", name, w.Code)
		}
	}
	if me := read[meView](t, openSession{a, fresh, ""}.ask("GET", "/api/v1/me", ""), http.StatusOK); me.MayAdminister || me.Name != "Former" {
		t.Errorf("he is now %+v", me)
	}
	if _, ok := cookie(openSession{a, fresh, ""}.ask("PATCH", "/api/v1/users/"+a.admin.ID, `{"language":"cs"}`)); ok {
		t.Error("another language brings a new cookie")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	u, _ := a.user("anna", account.Member)
	anna := a.inSession("anna")
	made := read[newTokenView](t, anna.ask("POST", "/api/v1/tokens", `{"name":"Script","scope":"read","lasts":"2160h"}`), http.StatusCreated)
	if got := made.ExpiresAt.Sub(made.CreatedAt); got != 2160*time.Hour || made.CreatedAt.Location() != time.UTC {
		t.Errorf("it lasts %s", got)
	}
	forever := read[newTokenView](t, anna.ask("POST", "/api/v1/tokens", `{"name":"Home","scope":"write","lasts":""}`), http.StatusCreated)
	if !forever.ExpiresAt.IsZero() {
		t.Errorf("it expires %s", forever.ExpiresAt)
	}
	if w := anna.ask("POST", "/api/v1/tokens", `{"name":"More","scope":"admin"}`); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("more than the role allows: %d", w.Code)
	}
	me := read[meView](t, somebody{a, u.ID, "Bearer " + made.Secret}.ask("GET", "/api/v1/me", ""), http.StatusOK)
	if me.ID != u.ID || me.Scope != account.ScopeRead {
		t.Errorf("the token is of %+v", me)
	}
	w := anna.ask("GET", "/api/v1/tokens", "")
	list := read[tokensView](t, w, http.StatusOK)
	ids := []string{list.Tokens[1].ID, list.Tokens[2].ID}
	if diff := cmp.Diff([]string{made.ID, forever.ID}, ids, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Error(diff)
	}
	if body := w.Body.String(); strings.Contains(body, made.Secret) || strings.Contains(body, account.HashSecret(made.Secret)) {
		t.Error("the list shows the secret")
	}
	anna.ask("DELETE", "/api/v1/tokens/"+made.ID, "")
	if w := (somebody{a, u.ID, "Bearer " + made.Secret}).ask("GET", "/api/v1/me", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a token that was revoked: %d", w.Code)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	u, _ := a.user("anna", account.Member)
	one, two, three := a.inSession("anna"), a.inSession("anna"), a.inSession("anna")
	w := one.ask("GET", "/api/v1/sessions", "")
	var current []string
	list := read[sessionsView](t, w, http.StatusOK)
	for _, s := range list.Sessions {
		if s.Current {
			current = append(current, s.ID)
		}
		if s.Agent != "Test/1.0" || s.Address != "192.0.2.1" {
			t.Errorf("a session is %+v", s)
		}
	}
	if len(list.Sessions) != 3 || !slices.Equal(current, []string{one.id}) {
		t.Errorf("%d sessions, and %v is the one that asks", len(list.Sessions), current)
	}
	if strings.Contains(w.Body.String(), account.HashSecret(one.secret)) {
		t.Error("the list shows a hash")
	}
	ended := func(b openSession) bool { return b.ask("GET", "/api/v1/me", "").Code == http.StatusUnauthorized }
	one.ask("DELETE", "/api/v1/sessions/"+two.id, "")
	if !ended(two) || ended(one) || ended(three) {
		t.Error("another session ended than was meant, or none")
	}
	one.ask("DELETE", "/api/v1/sessions", "")
	if !ended(three) || ended(one) {
		t.Error("all others should have ended")
	}
	if value, ok := cookie(one.ask("DELETE", "/api/v1/sessions/"+one.id, "")); !ok || value != "" || !ended(one) {
		t.Error("signing out leaves the cookie")
	}
	four := a.inSession("anna")
	if list := read[sessionsView](t, a.do("GET", "/api/v1/users/"+u.ID+"/sessions", ""), http.StatusOK); len(list.Sessions) != 1 || list.Sessions[0].Current {
		t.Errorf("an admin sees %+v", list)
	}
	a.do("DELETE", "/api/v1/users/"+u.ID+"/sessions", "")
	if !ended(four) {
		t.Error("an admin cannot end the sessions of another user")
	}
}
