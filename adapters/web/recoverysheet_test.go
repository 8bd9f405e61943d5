package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
)

func TestRecoverySheet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		a.user("boris", account.Member)
		p := a.signedIn("admin")
		// No page but the answer to the password holds the key.
		hides := func(body string) {
			if strings.Contains(body, recoveryKey[16:24]) {
				t.Errorf("the key is shown:\n%s", body)
			}
		}
		w := p.get("/recovery-sheet")
		says(t, w, http.StatusOK, "Give your password to see it.", `autocomplete="current-password"`)
		hides(w.Body.String())
		w = p.post("/recovery-sheet", "password", "wrong")
		says(t, w, http.StatusForbidden, "is wrong")
		hides(w.Body.String())
		if a.keys.shown != 0 {
			t.Error("it is noted that the key was shown")
		}
		time.Sleep(time.Minute)
		w = p.post("/recovery-sheet", "password", password)
		says(t, w, http.StatusOK, `aria-label="QR code of the recovery key"`, `id="print"`, "assets/"+a.server.assets.version+"/small.js")
		shown := strings.NewReplacer("<span>", "", "</span>", "", " ", "").Replace(field(t, w, `<p class="key"><code>(.*?)</code>`))
		if shown != recoveryKey || a.keys.shown != 1 {
			t.Errorf("the key is shown as %s, which was noted %d times", shown, a.keys.shown)
		}
		for _, wrong := range []string{"", "WXYZ", recoveryKey, "EXAMPLE0"} {
			w = p.post("/recovery-sheet", "step", "confirm", "end", wrong)
			says(t, w, http.StatusUnprocessableEntity, `role="alert"`, "These are not the last 8 characters")
			hides(w.Body.String())
		}
		if !a.keys.confirmed.IsZero() {
			t.Fatal("it is confirmed by what is wrong")
		}
		says(t, p.post("/recovery-sheet", "step", "confirm", "end", " "+strings.ToLower(recoveryKey[len(recoveryKey)-8:])), http.StatusOK, "Thank you.")
		if a.keys.confirmed.IsZero() {
			t.Error("it is not confirmed")
		}
		says(t, p.get("/recovery-sheet"), http.StatusOK, "has been confirmed")

		boris := a.signedIn("boris")
		for _, w := range []*http.Response{
			boris.get("/recovery-sheet").Result(), boris.post("/recovery-sheet", "password", password).Result(),
			boris.post("/recovery-sheet", "step", "confirm", "end", recoveryKey[len(recoveryKey)-8:]).Result(),
			a.do("GET", "/recovery-sheet", "").Result(), // A token, though an admin's.
		} {
			if w.StatusCode != http.StatusForbidden {
				t.Errorf("%s", w.Status)
			}
		}
		if a.keys.shown != 1 {
			t.Error("somebody else has seen the key")
		}
	})
}

// Who has no password is shown the key shortly after he proved elsewhere who he is,
// by a clock that may have been set meanwhile.
func TestRecoverySheetWithoutPassword(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		// ago is when he proved it.
		ago    time.Duration
		status int
	}{
		{"just now", 0, http.StatusOK},
		{"in time", account.ConfirmedFor - time.Second, http.StatusOK},
		{"too long ago", account.ConfirmedFor, http.StatusForbidden},
		{"the clock was set back", -time.Second, http.StatusForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := withProxyLogin(t)
				p := a.person().behindProxy("anna", "visa-admins")
				says(t, p.get("/recovery-sheet"), http.StatusOK)
				at := time.Now().Add(-tc.ago)
				err := a.store.EditSession(t.Context(), account.HashSecret(p.session()), func(kept *account.Session) { kept.ConfirmedAt = at })
				if err != nil {
					t.Fatal(err)
				}
				w := p.post("/recovery-sheet")
				if shown := strings.Contains(w.Body.String(), `class="key"`); w.Code != tc.status || shown != (tc.status == http.StatusOK) {
					t.Errorf("%d, and the key is shown: %t", w.Code, shown)
				}
			})
		})
	}
}
