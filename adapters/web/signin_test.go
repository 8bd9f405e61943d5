package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"cz-visa-monitor/app/account"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.user("member", account.Member)
	app := a.watch(anna, "Anna")
	deep := "/applications/" + string(app.ID)
	for _, tc := range []struct {
		name           string
		user, password string
		application    string
		want           int
		to             string
	}{
		{"right", "admin", password, "", http.StatusSeeOther, "./"},
		{"in another case", "ADMIN", password, "", http.StatusSeeOther, "./"},
		{"to the card of a message", "admin", password, string(app.ID), http.StatusSeeOther, "./applications/" + string(app.ID)},
		{"to no other place", "admin", password, "//evil.example.com", http.StatusSeeOther, "./"},
		{"to no other header", "admin", password, "x\r\nSet-Cookie: a=b", http.StatusSeeOther, "./"},
		{"wrong password", "member", "not the password", "", http.StatusForbidden, ""},
		{"nobody", "nobody", password, "", http.StatusForbidden, ""},
		{"empty", "", "", "", http.StatusForbidden, ""},
		{"endless", strings.Repeat("x", 5000), strings.Repeat("y", 20000), "", http.StatusForbidden, ""},
	} {
		t.Run(tc.name, func(t *testing.T) { // One after the other: a try under way counts.
			p := a.person()
			p.from = ownAddress(tc.name)
			w := p.post("/sign-in", "name", tc.user, "password", tc.password, "application", tc.application)
			if w.Code != tc.want || w.Header().Get("Location") != tc.to {
				t.Fatalf("answers %d and leads to %q, want %d, %q", w.Code, w.Header().Get("Location"), tc.want, tc.to)
			}
			if in := p.isIn(); in != (tc.want == http.StatusSeeOther) {
				t.Errorf("signed in: %t", in)
			}
			if tc.to == "" {
				says(t, w, tc.want, `role="alert"`, "The name, password or code is wrong.")
			}
		})
	}
	p := a.person()
	leadsTo(t, p.get(deep), "../sign-in?application="+string(app.ID))
	says(t, p.get("/sign-in?application="+string(app.ID)), http.StatusOK, `<input type="hidden" name="application" value="`+string(app.ID)+`">`)
	if w := p.get(`/sign-in?application="><script>`); strings.Contains(w.Body.String(), "application") {
		t.Errorf("the page takes over what is no ID:\n%s", w.Body)
	}
	p = a.signedIn("admin")
	says(t, p.get(deep), http.StatusOK, "<h1>Anna</h1>")
	leadsTo(t, p.get("/sign-in"), "./")
	leadsTo(t, p.get("/sign-in?application="+string(app.ID)), "./applications/"+string(app.ID))
}

// ownAddress returns an address that nobody else in a test has.
func ownAddress(name string) string {
	hash := sha256.Sum256([]byte(name))
	sum := hex.EncodeToString(hash[:4])
	return "[2001:db8:" + sum[:4] + ":" + sum[4:8] + "::1]:40000"
}

// defect S6: after five wrong tries in a quarter of an hour nobody gets a sixth, with
// the right password neither; and a name that does not exist answers alike.
func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		try := func(name, password, from string) (int, string, string) {
			p := a.person()
			p.from = from
			w := p.post("/sign-in", "name", name, "password", password)
			return w.Code, w.Header().Get("Retry-After"), strings.ReplaceAll(w.Body.String(), name, "NAME")
		}
		type answer struct {
			Code             int
			RetryAfter, Body string
		}
		var got [2][]answer
		for i, name := range []string{"admin", "nobody"} {
			from := ownAddress(name)
			for range 5 {
				code, wait, body := try(name, "a wrong password", from)
				got[i] = append(got[i], answer{code, wait, body})
				time.Sleep(9 * time.Second)
			}
			code, wait, body := try(name, password, from)
			got[i] = append(got[i], answer{code, wait, body})
		}
		if diff := cmp.Diff(got[0], got[1]); diff != "" {
			t.Errorf("a name that exists (-) and one that does not (+) answer differently:\n%s", diff)
		}
		for i, one := range got[0][:5] {
			if one.Code != http.StatusForbidden || one.RetryAfter != "" {
				t.Errorf("try %d answers %d, Retry-After %q", i+1, one.Code, one.RetryAfter)
			}
		}
		if last := got[0][5]; last.Code != http.StatusTooManyRequests || last.RetryAfter != "855" || !strings.Contains(last.Body, "Wait 855 seconds.") {
			t.Errorf("the sixth try answers %d, Retry-After %q", last.Code, last.RetryAfter)
		}
		// The account is kept shut from elsewhere, too.
		if code, _, _ := try("Admin", password, ownAddress("elsewhere")); code != http.StatusTooManyRequests {
			t.Errorf("from another address: %d", code)
		}
		time.Sleep(15 * time.Minute)
		if code, _, _ := try("admin", password, ownAddress("admin")); code != http.StatusSeeOther {
			t.Errorf("a quarter of an hour later: %d", code)
		}
	})
}

// defect S9: neither a user who is shut out, nor one without a password, nor one with a
// second factor can be told from nobody by who does not know his password.
func TestSignInTellsNobodyWhoIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		gone, _ := a.user("gone", account.Member)
		yes := true
		if _, _, err := a.accounts.EditUser(a.asCommand(), gone.ID, account.UserEdit{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.accounts.AddUser(a.asCommand(), account.NewUser{Name: "external"}, account.Member); err != nil {
			t.Fatal(err)
		}
		withSecond(t, a.signedIn("admin"))
		time.Sleep(time.Hour)
		type answer struct {
			Code   int
			Header http.Header
			Body   string
		}
		var want *answer
		for _, row := range []struct{ name, password string }{
			{"nobody", password}, {"gone", password}, {"gone", "wrong"}, {"external", ""}, {"external", password}, {"admin", "wrong"},
		} {
			p := a.person()
			p.from = ownAddress(row.name + row.password)
			w := p.post("/sign-in", "name", row.name, "password", row.password)
			h := w.Header().Clone()
			h.Del("X-Request-Id")
			got := &answer{w.Code, h, strings.ReplaceAll(w.Body.String(), `value="`+row.name+`"`, "")}
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: -nobody +got\n%s", row.name, diff)
			}
			time.Sleep(time.Minute)
		}
	})
}

// withSecond adds a second factor and returns its secret and the recovery codes.
func withSecond(tb testing.TB, p *person) (secret string, recovery []string) {
	tb.Helper()
	w := p.post("/account", "do", "second-begin", "password", password)
	says(tb, w, http.StatusOK, `aria-label="QR code of the second factor"`)
	secret = field(tb, w, `<code>([A-Z2-7]+)</code>`)
	w = p.post("/account", "do", "second-confirm", "code", codeOf(tb, secret))
	says(tb, w, http.StatusOK, "The second factor is on.")
	return secret, recoveryCodes(tb, w)
}

func recoveryCodes(tb testing.TB, w *httptest.ResponseRecorder) []string {
	tb.Helper()
	codes := field(tb, w, `(?s)<ul class="codes">(.*?)</ul>`)
	all := strings.FieldsFunc(codes, func(r rune) bool { return r == '<' || r == '>' })
	var list []string
	for _, one := range all {
		if strings.Count(one, "-") == 3 {
			list = append(list, one)
		}
	}
	if len(list) != 10 {
		tb.Fatalf("%d recovery codes: %s", len(list), codes)
	}
	return list
}

// codeOf returns what an authenticator shows now.
func codeOf(tb testing.TB, secret string) string {
	tb.Helper()
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	return code
}

func TestSignInWithSecondFactor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		secret, recovery := withSecond(t, a.signedIn("admin"))
		wait := func() { time.Sleep(31 * time.Second) }
		begin := func() *person {
			wait()
			p := a.person()
			leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "second-factor")
			if p.isIn() || p.cookies[pendingCookie] == nil {
				t.Fatal("the password alone is enough")
			}
			says(t, p.get("/second-factor"), http.StatusOK, `autocomplete="one-time-code"`)
			return p
		}
		p := begin()
		says(t, p.post("/second-factor", "code", "000000"), http.StatusForbidden, "The name, password or code is wrong.")
		wait()
		used := codeOf(t, secret)
		leadsTo(t, p.post("/second-factor", "code", used[:3]+" "+used[3:]), "./")
		if !p.isIn() || p.cookies[pendingCookie] != nil {
			t.Error("the right code does not sign in")
		}
		// Replay: by the same browser, and with the same code by another.
		says(t, p.post("/second-factor", "code", used), http.StatusForbidden, "This took too long. Sign in again.")
		q := a.person()
		leadsTo(t, q.post("/sign-in", "name", "admin", "password", password), "second-factor")
		says(t, q.post("/second-factor", "code", used), http.StatusForbidden, "wrong")
		if q.isIn() {
			t.Error("a code works twice")
		}
		// A recovery code works once, however it is written.
		p = begin()
		leadsTo(t, p.post("/second-factor", "code", strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " "))), "./")
		says(t, p.get("/account"), http.StatusOK, "9 recovery codes are left")
		p = begin()
		says(t, p.post("/second-factor", "code", recovery[3]), http.StatusForbidden, "wrong")
		// Too late, and from nowhere.
		p = begin()
		time.Sleep(pendingLasts)
		says(t, p.post("/second-factor", "code", codeOf(t, secret)), http.StatusForbidden, "This took too long. Sign in again.")
		p = a.person()
		leadsTo(t, p.get("/second-factor"), "sign-in")
		says(t, p.post("/second-factor", "code", codeOf(t, secret)), http.StatusForbidden, "This took too long.")
		// defect S6: codes are counted for the account, whatever the browser and the address.
		time.Sleep(time.Hour)
		for i := range 6 {
			p = a.person()
			p.from = ownAddress(time.Now().String())
			leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "second-factor")
			want := http.StatusForbidden
			if i == 5 {
				want = http.StatusTooManyRequests
			}
			if w := p.post("/second-factor", "code", "000000"); w.Code != want || (want == http.StatusTooManyRequests) != (w.Header().Get("Retry-After") != "") {
				t.Errorf("wrong code %d answers %d, want %d", i+1, w.Code, want)
			}
			time.Sleep(20 * time.Second)
		}
	})
}

// The way of a message leads through the second factor, too.
func TestSecondFactorKeepsTheApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppliance(t, nil)
		id := string(a.watch(anna, "Anna").ID)
		secret, _ := withSecond(t, a.signedIn("admin"))
		time.Sleep(time.Minute)
		p := a.person()
		leadsTo(t, p.post("/sign-in", "name", "admin", "password", password, "application", id), "second-factor?application="+id)
		says(t, p.get("/second-factor?application="+id), http.StatusOK, `name="application" value="`+id+`"`)
		leadsTo(t, p.post("/second-factor", "code", codeOf(t, secret), "application", id), "./applications/"+id)
	})
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	secret := p.session()
	says(t, p.get("/account"), http.StatusOK, "Sign out")
	w := p.post("/sign-out")
	leadsTo(t, w, "sign-in")
	if p.session() != "" || p.isIn() {
		t.Error("still signed in")
	}
	p.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: secret}
	if p.isIn() {
		t.Error("the session is there still, whoever has its secret")
	}
	leadsTo(t, p.post("/sign-out"), "./sign-in")
}

// Session fixation: what was in the cookie before is not what is in it afterwards,
// and whoever put it there does not come in.
func TestSignInTakesOverNoSession(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.user("mallory", account.Member)
	mallory := a.signedIn("mallory")
	forged := "czvs_" + strings.Repeat("a", 52)
	for _, before := range []string{mallory.session(), forged} {
		p := a.person()
		p.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: before}
		leadsTo(t, p.post("/sign-in", "name", "admin", "password", password), "./")
		if p.session() == before {
			t.Error("the session that was there is taken over")
		}
		says(t, p.get("/account"), http.StatusOK, ">admin<")
	}
	says(t, mallory.get("/account"), http.StatusOK, ">mallory<")
	mallory.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: forged}
	if mallory.isIn() {
		t.Error("a made up session has become one")
	}
}

// The cookie lasts as long as the session: for 30 days after the last use, not
// after the sign-in.
func TestCookieLastsWithTheSession(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, path string
		token      bool
		after      time.Duration
		want       bool
	}{
		{"used after hours", "/account", false, 2 * time.Hour, true},
		{"used after hours by the page", "/api/v1/me", false, 2 * time.Hour, true},
		{"used a moment ago", "/account", false, time.Minute, false},
		{"the first page", "/", false, time.Minute, true},
		{"an asset, which caches keep", openAPIPath, false, 2 * time.Hour, false},
		{"a token", "/api/v1/me", true, 2 * time.Hour, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAppliance(t, nil)
				p := a.signedIn("admin")
				secret := p.session()
				if tc.token {
					p.headers.Set("Authorization", "Bearer "+a.token)
				}
				time.Sleep(tc.after)
				w := p.get(tc.path)
				if got, ok := cookie(w); ok != tc.want || ok && got != secret || w.Code != http.StatusOK {
					t.Errorf("%d; the cookie is set: %t, to the same session: %t", w.Code, ok, got == secret)
				}
			})
		})
	}
	t.Run("said twice", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := newAppliance(t, nil).signedIn("admin")
			time.Sleep(2 * time.Hour)
			if lines := p.post("/sign-out").Header()["Set-Cookie"]; len(lines) != 1 || p.session() != "" {
				t.Errorf("signing out sets %d cookies", len(lines))
			}
		})
	})
}
