package web

import (
	"net/http"
	"testing"

	"cz-visa-monitor/app/account"
)

func TestSetUp(t *testing.T) {
	t.Parallel()
	a := bareAppliance(t, nil)
	code, err := a.accounts.SetupCode(t.Context())
	if err != nil || code == "" {
		t.Fatal(code, err)
	}
	p := a.person()
	leadsTo(t, p.get("/"), "./setup")
	leadsTo(t, p.get("/account"), "./setup")
	says(t, p.get("/setup"), http.StatusOK, "Set up the appliance", "Step 1 of 5", "Code from the log")
	for _, tc := range []struct {
		name, code, user, password string
		status                     int
		want                       string
	}{
		{"wrong code", "AAAA-BBBB-CCCC", "anna", password, http.StatusForbidden, "The name, password or code is wrong."},
		{"no code", "", "anna", password, http.StatusForbidden, "The name, password or code is wrong."},
		{"short password", code, "anna", "too short", http.StatusUnprocessableEntity, "The password must have at least 10 characters."},
		{"no password", code, "anna", "", http.StatusUnprocessableEntity, "The password must have at least 10 characters."},
		{"common password", code, "anna", "1234567890", http.StatusUnprocessableEntity, "among the most common ones"},
		{"the name as password", code, "anna karenina", "Anna Karenina", http.StatusUnprocessableEntity, "must not be the name"},
		{"no name", code, " ", password, http.StatusUnprocessableEntity, "A name must have 1 to 64 characters"},
	} {
		q := a.person()
		q.from = ownAddress(tc.name)
		w := q.post("/setup", "code", tc.code, "name", tc.user, "fresh", tc.password)
		says(t, w, tc.status, `role="alert"`, tc.want, `name="code" value="`+tc.code+`"`)
		if q.isIn() {
			t.Errorf("%s: signed in", tc.name)
		}
	}
	leadsTo(t, p.post("/setup", "code", code, "name", "anna", "fresh", password), "start")
	says(t, p.get("/account"), http.StatusOK, ">anna<", "recovery-sheet")
	// That was all: whoever comes later finds no way in, with the code neither.
	q := a.person()
	q.from = ownAddress("later")
	leadsTo(t, q.get("/setup"), "sign-in")
	leadsTo(t, q.get("/"), "./sign-in")
	says(t, q.post("/setup", "code", code, "name", "mallory", "fresh", password), http.StatusConflict, "The appliance has been set up already.")
	users, err := a.accounts.Users(a.asCommand())
	if err != nil || len(users) != 1 || users[0].Role != account.Admin {
		t.Errorf("the users: %d, %v", len(users), err)
	}
}

// defect S6: the code from the log is counted like a password, by address only: nobody
// is to keep the owner from setting up.
func TestSetUpIsLimited(t *testing.T) {
	t.Parallel()
	a := bareAppliance(t, nil)
	code, err := a.accounts.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mallory, refused := a.person(), 0
	for range 60 {
		w := mallory.post("/setup", "code", "AAAA-BBBB-CCCC", "name", "mallory", "fresh", password)
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "" {
			refused++
		}
	}
	if refused < 55 {
		t.Errorf("only %d of 60 wrong codes were refused", refused)
	}
	p := a.person()
	p.from = ownAddress("owner")
	leadsTo(t, p.post("/setup", "code", code, "name", "anna", "fresh", password), "start")
}
