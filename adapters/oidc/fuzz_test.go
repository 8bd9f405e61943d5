package oidc_test

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/oidc/oidctest"
)

// fuzzed returns a provider for a fuzz target.
func fuzzed(f *testing.F) (*oidctest.Provider, *oidc.Provider) {
	f.Helper()
	product := quick()
	product.NamesItself = false
	fake, err := oidctest.New("https://auth.example.com", oidctest.Config{
		Product: product, Client: oidctest.Client{ID: "visa", Secret: secret, RedirectURL: callback}, User: anna(),
	})
	if err != nil {
		f.Fatal(err)
	}
	p, err := oidc.New(oidc.Config{Issuer: fake.Issuer(), ClientID: "visa", ClientSecret: secret, RedirectURL: callback})
	if err != nil {
		f.Fatal(err)
	}
	p.Through(inMemory{fake})
	return fake, p
}

// typed reports whether err is of one of the kinds that a caller knows.
func typed(err error) bool {
	return errors.Is(err, oidc.ErrRefused) || errors.Is(err, oidc.ErrDenied) || errors.Is(err, oidc.ErrUnavailable)
}

// FuzzFinish: whatever a browser brings back, nobody signs in by it, for no
// code of the provider's is in it, and the error does not repeat it.
func FuzzFinish(f *testing.F) {
	_, p := fuzzed(f)
	state := oidc.State{ID: "s-synthetic", Nonce: "n-synthetic", Verifier: strings.Repeat("v", 43), Expires: time.Now().Add(24 * time.Hour)}
	for _, seed := range []string{
		"", "state=s-synthetic", "state=s-synthetic&code=c", "state=s-synthetic&code=c&code=d", "state=x&code=c",
		"state=s-synthetic&error=access_denied", "state=s-synthetic&error=%00&error_description=x", "state=s-synthetic&iss=https://auth.example.com&code=%ff",
		"state=s-synthetic&iss=&code=c", "state=s-synthetic;code=c", "%zz=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query, _ := url.ParseQuery(raw) // as http.Request.URL.Query does
		who, err := p.Finish(t.Context(), state, query)
		if !typed(err) || who.Subject != "" {
			t.Fatalf("got %v, %v", who, err)
		}
		if query.Get("state") != state.ID && !errors.Is(err, oidc.ErrRefused) {
			t.Errorf("with another state: %v, want ErrRefused", err)
		}
		if code := query.Get("code"); len(code) > 20 && strings.Contains(err.Error(), code) {
			t.Errorf("the error tells the code: %v", err)
		}
	})
}

// FuzzIDToken: whatever the token endpoint calls an ID token, only one that the
// provider signed signs anybody in.
func FuzzIDToken(f *testing.F) {
	fake, p := fuzzed(f)
	claims := map[string]any{"iss": fake.Issuer(), "sub": "x", "aud": "visa", "exp": time.Now().Add(24 * time.Hour).Unix(), "nonce": "n"}
	for _, seed := range []string{
		"", ".", "..", "a.b.c", fake.Sign(claims), unsigned(`{"alg":"none"}`, claims), unsigned(`{"alg":"ES256","kid":""}`, claims),
		`{"payload":"e30","signatures":[]}`, "e30.e30.e30", "\x00..", strings.Repeat("a.", 2) + "é",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == "" {
			token = " " // an empty one would be signed as usual
		}
		fake.ForgeIDToken(func(map[string]any) string { return token })
		address, state, err := p.Begin(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		who, err := p.Finish(t.Context(), state, visitInMemory(t, fake, address))
		if !typed(err) || who.Subject != "" {
			t.Fatalf("got %v, %v", who, err)
		}
		if len(token) > 20 && strings.Contains(err.Error(), token) {
			t.Errorf("the error tells the token: %v", err)
		}
	})
}

// FuzzClaims: whatever stands in a claim, an identity is within its bounds.
func FuzzClaims(f *testing.F) {
	fake, p := fuzzed(f)
	f.Add("anna", "family", "sub")
	f.Add("\u202e\x00\xff", "a\nb", "a\nb")
	f.Add(strings.Repeat("é", 300), strings.Repeat("g", 300), strings.Repeat("s", 300))
	f.Fuzz(func(t *testing.T, name, group, subject string) {
		fake.SignIn(oidctest.User{Subject: subject, Name: name, Groups: []string{group, "family"}})
		address, state, err := p.Begin(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		who, err := p.Finish(t.Context(), state, visitInMemory(t, fake, address))
		if err != nil {
			if !errors.Is(err, oidc.ErrRefused) {
				t.Errorf("got %v, want ErrRefused", err)
			}
			return
		}
		checkIdentity(t, who)
	})
}

func checkIdentity(t *testing.T, who oidc.Identity) {
	t.Helper()
	if who.Subject == "" || utf8.RuneCountInString(who.Subject) > 255 ||
		utf8.RuneCountInString(who.Name) > 64 || len(who.Groups) > 200 {
		t.Errorf("out of bounds: %q", who)
	}
	for _, s := range append([]string{who.Subject, who.Name}, who.Groups...) {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || utf8.RuneCountInString(s) > 255 {
			t.Errorf("cannot be shown: %q", s)
		}
	}
}

// FuzzParseRoles: a setting that is read gives roles to groups that it names,
// and makes nobody an administrator who is in no group.
func FuzzParseRoles(f *testing.F) {
	for _, seed := range []string{"visa-admins=admin, family=member, guests=viewer", "*=viewer", "*=admin", "cn=x=admin", "=,=", "a=admin,", "\x00=admin", "/a=member"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, setting string) {
		roles, err := oidc.ParseRoles(setting)
		if err != nil {
			if !utf8.ValidString(err.Error()) || roles != nil {
				t.Errorf("got %v, %q", roles, err)
			}
			return
		}
		for group, role := range roles {
			if !role.Valid() || !strings.Contains(setting, group) || !strings.Contains(setting, string(role)) {
				t.Errorf("%q gives %q the role %q", setting, group, role)
			}
			if _, ok := roles.RoleFor([]string{group}); !ok {
				t.Errorf("%q: nothing for %q", setting, group)
			}
		}
		if role, _ := roles.RoleFor(nil); role == "admin" {
			t.Errorf("%q makes everybody an administrator", setting)
		}
	})
}

// FuzzParsePrefixes: what is read trusts no stranger and reads the same again.
func FuzzParsePrefixes(f *testing.F) {
	for _, seed := range []string{"192.168.1.5, 10.0.0.0/24, fd00::/8", "0.0.0.0/0", "::/0", "::ffff:0:0/96", "1.2.3.4/8", "fe80::1%x", "127.0.0.1,", "00.0.0.0/8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, setting string) {
		prefixes, err := oidc.ParsePrefixes(setting)
		if err != nil {
			return
		}
		for _, prefix := range prefixes {
			if !prefix.IsValid() || prefix != prefix.Masked() || prefix.Bits() < 7 || prefix.Addr().Is4() && prefix.Bits() < 8 {
				t.Errorf("%q gives %v", setting, prefix)
			}
			again, err := oidc.ParsePrefixes(prefix.String())
			if err != nil && !prefix.Addr().IsUnspecified() || err == nil && again[0] != prefix {
				t.Errorf("%v reads as %v, %v", prefix, again, err)
			}
		}
	})
}

// FuzzProxyLogin: from the proxy comes a usable identity or a refusal, from
// anybody else nothing.
func FuzzProxyLogin(f *testing.F) {
	p := oidc.ProxyLogin{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, UserHeader: "Remote-User", GroupsHeader: "Remote-Groups"}
	f.Add("anna", "family,guests")
	f.Add("anna\r\nadmin", "a\x00")
	f.Add("a, b", strings.Repeat("g,", 300))
	f.Add("\xff", "\xff")
	f.Fuzz(func(t *testing.T, user, groups string) {
		header := http.Header{"Remote-User": {user}, "Remote-Groups": {groups}}
		who, ok, err := p.Identity(netip.MustParseAddr("10.0.0.9"), header)
		switch {
		case err != nil:
			if ok || !errors.Is(err, oidc.ErrRefused) {
				t.Errorf("got %v, %v", ok, err)
			}
		case !ok || who.Subject != user:
			t.Errorf("%q became %v, %v", user, who, ok)
		default:
			checkIdentity(t, who)
		}
		if who, ok, err := p.Identity(netip.MustParseAddr("10.0.1.9"), header); ok || err != nil || who.Subject != "" {
			t.Errorf("from anybody: %v, %v, %v", who, ok, err)
		}
	})
}
