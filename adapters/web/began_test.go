package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
)

// What a session is worth depends on how it began.
func TestSessionsKnowHowTheyBegan(t *testing.T) {
	t.Parallel()
	a := withProxyLogin(t)
	p := a.person().behindProxy("anna", "family")
	says(t, p.get("/account"), http.StatusOK, ">anna<")
	u := a.named("anna")
	if list, err := a.store.Sessions(t.Context(), u.ID); err != nil || len(list) != 1 || list[0].Issuer != account.IssuerProxy || !list[0].ConfirmedAt.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if err := a.accounts.SetPassword(a.asCommand(), u.ID, password); err != nil { // user reset-password
		t.Fatal(err)
	}
	says(t, p.get("/account"), http.StatusOK, ">anna<")
	direct := a.signedIn("anna")
	says(t, direct.get("/account"), http.StatusOK, ">anna<")

	t.Run("by password, and then behind the proxy", func(t *testing.T) {
		q := a.signedIn("anna")
		session := q.session()
		q.behindProxy("anna", "family")
		says(t, q.get("/account"), http.StatusOK, ">anna<")
		if q.session() != session {
			t.Error("another session begins")
		}
		q.headers.Set("Remote-User", "boris")
		says(t, q.get("/account"), http.StatusOK, ">boris<")
	})
	t.Run("the proxy is configured no more", func(t *testing.T) {
		cfg := a.server.cfg
		cfg.ProxyLogin, cfg.ProxyHeader, cfg.Proxies = nil, "", nil
		server, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for name, one := range map[string]struct {
			p    *person
			want int
		}{"begun by the proxy": {p, http.StatusUnauthorized}, "begun by password": {direct, http.StatusOK}} {
			r := httptest.NewRequest(http.MethodGet, "/api/v1/me", http.NoBody)
			r.RemoteAddr, r.Header = one.p.from, one.p.headers.Clone()
			r.AddCookie(one.p.cookies[sessionCookie])
			w := httptest.NewRecorder()
			server.Handler().ServeHTTP(w, r)
			if w.Code != one.want {
				t.Errorf("%s: %d", name, w.Code)
			}
		}
	})
}

// A proxy that lets somebody pass says nothing of when he gave a password.
func TestProxyLoginProvesNothingFresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := withProxyLogin(t)
		p := a.person().behindProxy("anna", "visa-admins")
		says(t, p.get("/recovery-sheet"), http.StatusOK, "cz-visa-monitor user reset-password", "key show-recovery")
		w := p.post("/recovery-sheet")
		says(t, w, http.StatusForbidden, `role="alert"`, "First prove that it is you", "user reset-password")
		if strings.Contains(w.Body.String(), recoveryKey[16:24]) || a.keys.shown != 0 {
			t.Error("the key is shown")
		}
		erase := func() (int, string) {
			body, err := json.Marshal(map[string]string{"what": "user", "id": a.named("anna").ID})
			if err != nil {
				t.Fatal(err)
			}
			p.headers.Set("Content-Type", "application/json")
			defer p.headers.Del("Content-Type")
			w := p.send(http.MethodPost, "/api/v1/erase", string(body))
			return w.Code, w.Body.String()
		}
		if code, text := erase(); code != http.StatusForbidden || !strings.Contains(text, `"unconfirmed"`) || !strings.Contains(text, "user reset-password") {
			t.Errorf("he erases himself: %d, %s", code, text)
		}
		p.headers.Set("Remote-Groups", "family")
		says(t, p.get("/account"), http.StatusOK, "Member: own")
		p.headers.Set("Remote-Groups", "visa-admins")
		says(t, p.get("/account"), http.StatusOK, "Admin: runs")
		if code, _ := erase(); code != http.StatusForbidden {
			t.Errorf("after another role he erases himself: %d", code)
		}
		if err := a.accounts.SetPassword(a.asCommand(), a.named("anna").ID, password); err != nil {
			t.Fatal(err)
		}
		says(t, p.get("/recovery-sheet"), http.StatusOK, `name="password"`)
		says(t, p.post("/recovery-sheet", "password", "wrong"), http.StatusForbidden, "is wrong")
		time.Sleep(time.Minute) // The limit's first wait.
		says(t, p.post("/recovery-sheet", "password", password), http.StatusOK, `class="key"`)
		if code, text := erase(); code != http.StatusOK {
			t.Errorf("%d, %s", code, text)
		}
	})
}
