package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
)

// sessionsOf returns how many sessions a user has.
func (a *appliance) sessionsOf(user string) int {
	a.tb.Helper()
	list, err := a.accounts.Sessions(a.asCommand(), user)
	if err != nil {
		a.tb.Fatal(err)
	}
	return len(list)
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		p, other := a.signedIn("admin"), a.signedIn("admin")
		before, fresh := p.session(), "another correct horse"
		says(t, p.post("/account", "do", "password", "password", "wrong", "fresh", fresh), http.StatusForbidden, `role="alert"`, "is wrong")
		time.Sleep(time.Minute)
		says(t, p.post("/account", "do", "password", "password", password, "fresh", "short"), http.StatusUnprocessableEntity, "at least 10 characters")
		if !other.isIn() || p.session() != before {
			t.Error("what was refused has ended sessions")
		}
		says(t, p.post("/account", "do", "password", "password", password, "fresh", fresh), http.StatusOK, `role="status"`, "The password is changed")
		if other.isIn() {
			t.Error("the other browser is signed in still")
		}
		if !p.isIn() || p.session() == before {
			t.Error("the own session is not renewed")
		}
		p.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: before}
		if p.isIn() {
			t.Error("the secret from before opens something still")
		}
		q := a.person()
		says(t, q.post("/sign-in", "name", "admin", "password", password), http.StatusForbidden, "wrong")
		time.Sleep(time.Minute)
		leadsTo(t, q.post("/sign-in", "name", "admin", "password", fresh), "./")
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	other, _ := a.user("boris", account.Member)
	boris := a.signedIn("boris")
	p := a.signedIn("admin")
	phone := a.person()
	phone.headers.Set("User-Agent", `<script>alert(1)</script> "phone" `+strings.Repeat("ý", 300))
	leadsTo(t, phone.post("/sign-in", "name", "admin", "password", password), "./")
	third := a.signedIn("admin")
	w := p.get("/account")
	says(t, w, http.StatusOK, "This browser", "&lt;script&gt;alert(1)", "192.0.2.1", "Sign out all others") // S11
	if got := strings.Count(w.Body.String(), `value="session-end"`); got != 2 {
		t.Fatalf("%d sessions can be ended, want 2", got)
	}
	ids := a.sessionIDs(a.admin.ID)
	// Somebody else's session is none of his, whoever he is.
	says(t, p.post("/account", "do", "session-end", "session", a.sessionIDs(other.ID)[0]), http.StatusNotFound, "This browser is signed out already.")
	says(t, boris.post("/account", "do", "session-end", "session", ids[0]), http.StatusNotFound)
	if !boris.isIn() || !phone.isIn() {
		t.Fatal("somebody's session was ended by somebody else")
	}
	says(t, p.post("/account", "do", "session-end", "session", ids[1]), http.StatusOK, "Signed out.")
	if phone.isIn() || !third.isIn() {
		t.Error("another session was ended than the one that was meant")
	}
	says(t, p.post("/account", "do", "sessions-end"), http.StatusOK, "Signed out.")
	if third.isIn() || !p.isIn() || a.sessionsOf(a.admin.ID) != 1 {
		t.Error("not all others were signed out")
	}
	says(t, p.post("/account", "do", "nothing"), http.StatusBadRequest, "This cannot be understood.")
	says(t, p.post("/account"), http.StatusBadRequest)
}

func (a *appliance) sessionIDs(user string) (ids []string) {
	a.tb.Helper()
	list, err := a.accounts.Sessions(a.asCommand(), user)
	if err != nil {
		a.tb.Fatal(err)
	}
	for _, one := range list {
		ids = append(ids, one.ID)
	}
	return ids
}

func TestChangeLanguage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/account"), http.StatusOK, `<html lang="en">`)
	says(t, p.post("/account", "do", "language", "language", "cs"), http.StatusOK, `<html lang="cs">`, "Uloženo.", `value="cs" lang="cs" selected`)
	says(t, p.get("/account"), http.StatusOK, `<html lang="cs">`, "Odhlásit")
	for _, odd := range []string{"xx-'\"", "../../etc", strings.Repeat("a", 100)} {
		says(t, p.post("/account", "do", "language", "language", odd), http.StatusUnprocessableEntity, "Takový jazyk není.")
	}
	// Who has not signed in is spoken to as his browser asks.
	q := a.person()
	q.headers.Set("Accept-Language", "cs-CZ,cs;q=0.9,en;q=0.5")
	says(t, q.get("/sign-in"), http.StatusOK, `<html lang="cs">`, "Přihlásit")
	q.headers.Set("Accept-Language", "xx, "+strings.Repeat("a-", 3000))
	says(t, q.get("/sign-in"), http.StatusOK, `<html lang="en">`)
}

func TestSecondFactorOfAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		p, other := a.signedIn("admin"), a.signedIn("admin")
		wait := func() { time.Sleep(time.Minute) }
		says(t, p.post("/account", "do", "second-confirm", "code", "123456"), http.StatusConflict, "There is no second factor.")
		w := p.post("/account", "do", "second-begin", "password", password)
		secret := field(t, w, `<code>([A-Z2-7]+)</code>`)
		// The picture holds what there is to type, as every authenticator reads it.
		picture, err := newQR("otpauth://totp/cz-visa-monitor:admin?algorithm=SHA1&digits=6&issuer=cz-visa-monitor&period=30&secret=" + secret)
		if err != nil || field(t, w, `class="qr"[^>]*><path d="([^"]+)"`) != picture.Path {
			t.Errorf("the QR code is another one, %v", err)
		}
		says(t, p.get("/account"), http.StatusOK, "Add a second factor") // Begun is not shown for ever.
		wait()
		// A code that was mistyped does not cost the scan.
		w = p.post("/account", "do", "second-confirm", "code", "000000")
		says(t, w, http.StatusForbidden, "is wrong", "<code>"+secret+"</code>", `value="second-confirm"`)
		wait()
		before := p.session()
		w = p.post("/account", "do", "second-confirm", "code", codeOf(t, secret))
		says(t, w, http.StatusOK, "The second factor is on.", "they are not shown again")
		first := recoveryCodes(t, w)
		if other.isIn() || p.session() == before {
			t.Error("the sessions are as before")
		}
		w = p.get("/account")
		says(t, w, http.StatusOK, "10 recovery codes are left")
		if strings.Contains(w.Body.String(), first[0]) || strings.Contains(w.Body.String(), secret) {
			t.Error("what is shown once is shown twice")
		}
		says(t, p.post("/account", "do", "second-begin", "password", password), http.StatusConflict, "There is a second factor already.")
		wait()
		says(t, p.post("/account", "do", "second-codes", "password", "wrong"), http.StatusForbidden)
		wait()
		w = p.post("/account", "do", "second-codes", "password", password)
		says(t, w, http.StatusOK)
		if second := recoveryCodes(t, w); slices.Contains(second, first[0]) {
			t.Error("the recovery codes are the same")
		}
		q := a.person()
		leadsTo(t, q.post("/sign-in", "name", "admin", "password", password), "second-factor")
		says(t, q.post("/second-factor", "code", first[0]), http.StatusForbidden)
		wait()
		says(t, p.post("/account", "do", "second-off", "password", "wrong"), http.StatusForbidden)
		wait()
		says(t, p.post("/account", "do", "second-off", "password", password), http.StatusOK, "The second factor is off.")
		leadsTo(t, a.person().post("/sign-in", "name", "admin", "password", password), "./")
	})
}

// Whoever comes upon a session adds no second factor to it, and is not shown the
// secret of one that the owner has begun.
func TestSessionAloneAddsNoSecondFactor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		p := a.signedIn("admin")
		hides := func(w *httptest.ResponseRecorder, status int, words ...string) {
			t.Helper()
			says(t, w, status, words...)
			if strings.Contains(w.Body.String(), `value="second-confirm"`) {
				t.Error("the secret is shown")
			}
		}
		hides(p.get("/account"), http.StatusOK, "Your password, for the second factor", `value="second-begin"`)
		hides(p.post("/account", "do", "second-begin"), http.StatusForbidden, "is wrong")
		time.Sleep(time.Minute)
		hides(p.post("/account", "do", "second-begin", "password", "wrong"), http.StatusForbidden, "is wrong")
		time.Sleep(time.Minute)
		w := p.post("/account", "do", "second-begin", "password", password)
		secret := field(t, w, `<code>([A-Z2-7]+)</code>`)
		time.Sleep(account.ConfirmedFor)
		hides(p.post("/account", "do", "second-confirm", "code", "000000"), http.StatusForbidden, "First prove that it is you", `value="second-begin"`)
		hides(p.post("/account", "do", "second-confirm", "code", codeOf(t, secret)), http.StatusForbidden, "First prove that it is you")
		fresh := a.signedIn("admin") // No second factor is asked for.
		hides(fresh.post("/account", "do", "second-confirm", "code", "000000"), http.StatusForbidden, "First prove that it is you")
		if !p.isIn() {
			t.Error("the owner's session has ended")
		}
	})
}

// A stranger at the same address who locks the sign-in keeps nobody who is signed in
// from his recovery sheet, or from another password.
func TestStrangerKeepsNobodyFromHisPassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		p := a.signedIn("admin")
		for range 5 {
			says(t, a.person().post("/sign-in", "name", "admin", "password", "wrong"), http.StatusForbidden)
			time.Sleep(9 * time.Second)
		}
		says(t, a.person().post("/sign-in", "name", "admin", "password", password), http.StatusTooManyRequests)
		says(t, p.post("/recovery-sheet", "password", password), http.StatusOK, `id="print"`)
		says(t, p.post("/account", "do", "password", "password", password, "fresh", "another correct horse"), http.StatusOK, "The password is changed")
	})
}
