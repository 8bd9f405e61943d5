package web

import (
	"net/http"
	"testing"

	"cz-visa-monitor/app/account"
)

// invited makes an invitation and returns its code.
func (a *appliance) invited(role account.Role) string {
	a.tb.Helper()
	_, code, err := a.accounts.Invite(a.asCommand(), account.Invite{Role: role})
	if err != nil {
		a.tb.Fatal(err)
	}
	return code
}

func TestJoin(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	code := a.invited(account.Member)
	p := a.person()
	says(t, p.get("/join"), http.StatusOK, "It begins with czvi_ and works once.")
	for _, wrong := range []string{"", "czvi_", "czvi_" + code[:52], code + "a", "'; --"} {
		says(t, p.post("/join", "code", wrong), http.StatusNotFound, `role="alert"`, "This link was used already or has expired.")
	}
	// Looking uses nothing up, however often (defect S8).
	for range 3 {
		says(t, p.post("/join", "code", code), http.StatusOK, `name="step" value="account"`, "Make my account")
	}
	says(t, p.post("/join", "code", code, "step", "account", "name", "ADMIN", "fresh", password), http.StatusConflict, "Somebody here has this name already.", `value="ADMIN"`)
	says(t, p.post("/join", "code", code, "step", "account", "name", "boris", "fresh", "short"), http.StatusUnprocessableEntity, "at least 10 characters", `value="boris"`)
	leadsTo(t, p.post("/join", "code", code, "step", "account", "name", "boris", "fresh", password, "language", "en", "role", "admin"), "./")
	says(t, p.get("/account"), http.StatusOK, ">boris<", "Member: own applications")
	q := a.person()
	says(t, q.post("/join", "code", code), http.StatusNotFound, "used already")
	says(t, q.post("/join", "code", code, "step", "account", "name", "mallory", "fresh", password), http.StatusNotFound, "used already")
	if q.isIn() {
		t.Error("a link works twice")
	}
}

func TestResetLink(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	u, _ := a.user("boris", account.Member)
	before := a.signedIn("boris")
	_, code, err := a.accounts.NewReset(a.asCommand(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := a.person()
	says(t, p.post("/join", "code", code), http.StatusOK, "Set the password")
	says(t, p.post("/join", "code", code, "step", "account", "fresh", "short"), http.StatusUnprocessableEntity, "at least 10 characters")
	fresh := "another correct horse"
	leadsTo(t, p.post("/join", "code", code, "step", "account", "fresh", fresh), "sign-in")
	if p.isIn() || before.isIn() {
		t.Error("somebody is signed in after the password was set")
	}
	leadsTo(t, p.post("/sign-in", "name", "boris", "password", fresh), "./")
	says(t, p.post("/join", "code", code, "step", "account", "fresh", password), http.StatusNotFound, "used already")
}

// S6: whoever tries codes is cut short, and no right code is kept from anybody.
func TestJoinIsLimited(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	code := a.invited(account.Viewer)
	p, refused := a.person(), 0
	for range 60 {
		w := p.post("/join", "code", "czvi_"+code[5:30]+code[5:32])
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "" {
			refused++
		}
	}
	if refused != 60-maxWrong {
		t.Errorf("%d of 60 wrong codes were refused", refused)
	}
	says(t, p.post("/join", "code", code), http.StatusOK, "Make my account")
}
