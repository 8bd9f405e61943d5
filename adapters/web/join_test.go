package web

import (
	"fmt"
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
	leadsTo(t, p.post("/join", "code", code, "step", "account", "name", "boris", "fresh", password, "role", "admin"), "start")
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

// Whoever tries made up links from everywhere, also when he is cut short, leaves the
// audit trail room for wrong passwords.
func TestWrongLinksLeaveTheTrailRoom(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for i := range 300 {
		p := a.person()
		p.from = fmt.Sprintf("198.51.%d.7:1024", i%250)
		if i >= 250 {
			p.from = "198.51.100.9:1024"
		}
		if w := p.post("/join", "code", account.NewSecret("czvi_")); w.Code != http.StatusNotFound && w.Code != http.StatusTooManyRequests {
			t.Fatalf("a made up link answers %d", w.Code)
		}
	}
	says(t, a.person().post("/sign-in", "name", "admin", "password", "wrong"), http.StatusForbidden)
	if got := a.refused(t); len(got) < 10 || len(got) > 60 || got[0] != "link" {
		t.Errorf("%d refusals stand in the trail", len(got))
	}
	entries, err := a.accounts.Trail(a.asCommand(), 0, 1000, func(e account.Entry) bool { return e.Action == account.SignInFailed })
	if err != nil || len(entries) != 1 || entries[0].Object != a.admin.ID {
		t.Errorf("%d failures stand in the trail, %v", len(entries), err)
	}
}
