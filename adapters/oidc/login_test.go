package oidc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/oidc/oidctest"
)

const (
	callback = "http://visa.example.com/login/callback"
	// secret holds what must be encoded in basic authentication.
	secret = "Synthetic+secret/with:colon%20and=more"
)

func anna() oidctest.User {
	return oidctest.User{Subject: "6b1c7a9e-synthetic", Name: "anna", Email: "anna@example.com", Groups: []string{"family", "visa-admins"}}
}

// quick is a product whose keys are made quickly.
func quick() oidctest.Product {
	p := oidctest.Authelia()
	p.Algorithm, p.Algorithms = jose.ES256, []string{"RS256", "ES256"}
	return p
}

// start starts a provider, which must have no problems in the end, and the
// program's side of it.
func start(t *testing.T, product oidctest.Product, changes ...func(*oidc.Config)) (*oidctest.Server, *oidc.Provider) {
	t.Helper()
	server, err := oidctest.Start(oidctest.Config{
		Product: product, Client: oidctest.Client{ID: "visa", Secret: secret, RedirectURL: callback}, User: anna(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Close()
		for _, problem := range server.Problems() {
			t.Errorf("the provider did not expect this: %s", problem)
		}
	})
	cfg := oidc.Config{Issuer: server.Issuer(), ClientID: "visa", ClientSecret: secret, RedirectURL: callback}
	for _, change := range changes {
		change(&cfg)
	}
	return server, newProvider(t, cfg)
}

func newProvider(t *testing.T, cfg oidc.Config) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visit plays the browser: it goes to address and returns the query with which
// it is sent back.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("visit the provider: %v", err)
	}
	defer resp.Body.Close()
	return sentBack(t, resp)
}

func sentBack(t *testing.T, resp *http.Response) url.Values {
	t.Helper()
	where := resp.Header.Get("Location")
	query, ok := strings.CutPrefix(where, callback+"?")
	if resp.StatusCode != http.StatusFound || !ok {
		t.Fatalf("the provider answered %s and sends to %q", resp.Status, where)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// begin goes through a login up to the browser's return.
func begin(t *testing.T, p *oidc.Provider) (oidc.State, url.Values) {
	t.Helper()
	address, state, err := p.Begin(t.Context(), false)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	return state, visit(t, address)
}

// signIn goes through a whole login.
func signIn(t *testing.T, p *oidc.Provider) (oidc.Identity, error) {
	t.Helper()
	state, query := begin(t, p)
	return p.Finish(t.Context(), state, query)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	postOnly := oidctest.Authentik()
	postOnly.ClientAuth = []string{"client_secret_post"}
	edwards := quick()
	edwards.Algorithm, edwards.Algorithms = jose.EdDSA, []string{"EdDSA"}
	withGroups := oidctest.Keycloak()
	withGroups.Scopes = append(withGroups.Scopes, "groups")
	for _, tc := range []struct {
		name    string
		product oidctest.Product
		groups  []string
		asks    int // the userinfo endpoint
	}{
		{"Authelia", oidctest.Authelia(), []string{"family", "visa-admins"}, 1},
		{"Authentik", oidctest.Authentik(), []string{"family", "visa-admins"}, 0},
		{"Keycloak", oidctest.Keycloak(), []string{"/family", "/visa-admins"}, 0},
		{"Keycloak with a scope for groups", withGroups, []string{"/family", "/visa-admins"}, 0},
		{"client_secret_post", postOnly, []string{"family", "visa-admins"}, 0},
		{"EdDSA", edwards, []string{"family", "visa-admins"}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, tc.product)
			at := time.Now().Truncate(time.Second).Add(-time.Hour)
			server.SignedInAt(at)
			for range 2 {
				got, err := signIn(t, p)
				if err != nil {
					t.Fatal(err)
				}
				want := oidc.Identity{Issuer: server.Issuer(), Subject: anna().Subject, Name: "anna", Groups: tc.groups, AuthenticatedAt: at}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("identity (-want +got):\n%s", diff)
				}
			}
			if got := server.Requests(oidctest.UserInfo); got != 2*tc.asks {
				t.Errorf("the userinfo endpoint was asked %d times in two logins, want %d", got, 2*tc.asks)
			}
			if d, k := server.Requests(oidctest.Discovery), server.Requests(oidctest.Keys); d != 1 || k != 1 {
				t.Errorf("discovery was asked for %d times and keys %d times, want once each", d, k)
			}
		})
	}
}

func TestLoginOfPublicClient(t *testing.T) {
	t.Parallel()
	server, p := start(t, quick(), func(cfg *oidc.Config) { cfg.ClientSecret = "" })
	server.SetClient(oidctest.Client{ID: "visa", RedirectURL: callback})
	if _, err := signIn(t, p); err != nil {
		t.Error(err)
	}
}

func TestLoginOverTLS(t *testing.T) {
	t.Parallel()
	server, err := oidctest.StartTLS(oidctest.Config{
		Product: quick(), Client: oidctest.Client{ID: "visa", Secret: secret, RedirectURL: callback}, User: anna(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	cfg := oidc.Config{Issuer: server.Issuer(), ClientID: "visa", ClientSecret: secret, RedirectURL: callback}

	_, _, err = newProvider(t, cfg).Begin(t.Context(), false)
	if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "CA file") {
		t.Errorf("without the CA file: %v, want ErrUnavailable that speaks of it", err)
	}

	cfg.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(cfg.CAFile, server.CertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProvider(t, cfg)
	address, state, err := p.Begin(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, u.RequestURI(), nil))
	if _, err := p.Finish(t.Context(), state, sentBack(t, w.Result())); err != nil {
		t.Error(err)
	}
}

func TestIdentityFromClaims(t *testing.T) {
	t.Parallel()
	many := func(n int) []string {
		var groups []string
		for i := range n {
			groups = append(groups, fmt.Sprintf("group-%d", i))
		}
		return groups
	}
	for _, tc := range []struct {
		name   string
		forge  func(claims map[string]any)
		want   string
		groups []string
		err    error
	}{
		{"email where there is no user name", func(c map[string]any) { delete(c, "preferred_username") }, "anna@example.com", []string{"family"}, nil},
		{"name as a last resort", func(c map[string]any) { delete(c, "preferred_username"); delete(c, "email") }, "Synthetic anna", []string{"family"}, nil},
		{"no name at all", func(c map[string]any) { clear(c) }, "", nil, nil},
		{"name that is no text", func(c map[string]any) { c["preferred_username"] = 7 }, "anna@example.com", []string{"family"}, nil},
		{"long name", func(c map[string]any) { c["preferred_username"] = strings.Repeat("ž", 65) }, strings.Repeat("ž", 64), []string{"family"}, nil},
		{"name with tricks", func(c map[string]any) { c["preferred_username"] = " an\u202ena\n\tx\x00 " }, "anna x", []string{"family"}, nil},
		{"one group", func(c map[string]any) { c["groups"] = "family" }, "anna", []string{"family"}, nil},
		{"no groups", func(c map[string]any) { c["groups"] = []string{} }, "anna", nil, nil},
		{"null", func(c map[string]any) { c["groups"] = nil }, "anna", nil, nil},
		{"groups that no setting could name", func(c map[string]any) {
			c["groups"] = []string{"", "a\nb", strings.Repeat("x", 201), "family"}
		}, "anna", []string{"family"}, nil},
		{"200 groups", func(c map[string]any) { c["groups"] = many(200) }, "anna", many(200), nil},
		{"201 groups", func(c map[string]any) { c["groups"] = many(201) }, "", nil, oidc.ErrRefused},
		{"groups that are numbers", func(c map[string]any) { c["groups"] = []int{1} }, "", nil, oidc.ErrRefused},
		{"groups that are an object", func(c map[string]any) { c["groups"] = map[string]any{"family": true} }, "", nil, oidc.ErrRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, inToken := range []bool{false, true} {
				product := quick()
				product.UserClaims = inToken
				server, p := start(t, product)
				user := anna()
				user.Groups = []string{"family"}
				server.SignIn(user)
				own := func(claims map[string]any) {
					about := map[string]any{}
					for _, name := range []string{"preferred_username", "email", "name", "groups"} {
						if value, ok := claims[name]; ok {
							about[name] = value
							delete(claims, name)
						}
					}
					tc.forge(about)
					for name, value := range about {
						claims[name] = value
					}
				}
				server.ForgeUserInfo(own)
				if inToken {
					server.ForgeIDToken(func(claims map[string]any) string { own(claims); return "" })
				}
				got, err := signIn(t, p)
				if !errors.Is(err, tc.err) {
					t.Fatalf("in the token %v: %v, want %v", inToken, err, tc.err)
				}
				if diff := cmp.Diff(tc.groups, got.Groups); diff != "" || got.Name != tc.want {
					t.Errorf("in the token %v: name %q, want %q; groups (-want +got):\n%s", inToken, got.Name, tc.want, diff)
				}
			}
		})
	}
}

func TestOtherClaimAndScopes(t *testing.T) {
	t.Parallel()
	product := quick()
	product.UserClaims = true
	product.Scopes = append(product.Scopes, "roles")
	server, p := start(t, product, func(cfg *oidc.Config) {
		cfg.GroupsClaim, cfg.Scopes = "https://example.com/roles", []string{"roles", "email"}
	})
	server.ForgeIDToken(func(claims map[string]any) string {
		claims["https://example.com/roles"] = []string{"clerks"}
		return ""
	})
	address, _, err := p.Begin(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.Query().Get("scope"), "openid profile email groups roles"; got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
	got, err := signIn(t, p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"clerks"}, got.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestStateKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	_, p := start(t, quick())
	state, query := begin(t, p)
	// The caller may keep it sealed in a cookie.
	kept, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("begun", slog.Any("state", state))
	slog.New(slog.NewTextHandler(&out, nil)).Info("begun", slog.Any("state", &state))
	_, _ = fmt.Fprintf(&out, "%v %+v %#v %s", state, state, state, &state)
	for _, s := range []string{state.ID, state.Nonce, state.Verifier} {
		if strings.Contains(out.String(), s) {
			t.Errorf("a state tells its secrets: %s", out.String())
		}
	}
	var again oidc.State
	if err := json.Unmarshal(kept, &again); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), again, query); err != nil {
		t.Errorf("with the state that was kept: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	noCertificate := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noCertificate, []byte("synthetic"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*oidc.Config)
		want   string
	}{
		{"no issuer", func(c *oidc.Config) { c.Issuer = "" }, "issuer"},
		{"issuer without scheme", func(c *oidc.Config) { c.Issuer = "auth.example.com" }, "issuer"},
		{"plain HTTP", func(c *oidc.Config) { c.Issuer = "http://auth.example.com" }, "https"},
		{"a host that looks like loopback", func(c *oidc.Config) { c.Issuer = "http://localhost.example.com" }, "https"},
		{"user in the issuer", func(c *oidc.Config) { c.Issuer = "https://me:hunter2@auth.example.com" }, "user"},
		{"query in the issuer", func(c *oidc.Config) { c.Issuer = "https://auth.example.com/?a=hunter2" }, "?"},
		{"fragment in the issuer", func(c *oidc.Config) { c.Issuer = "https://auth.example.com/#" }, "#"},
		{"the document itself", func(c *oidc.Config) { c.Issuer += "/.well-known/openid-configuration" }, "without"},
		{"broken issuer", func(c *oidc.Config) { c.Issuer = "https://hunter2%zz" }, "issuer"},
		{"no client", func(c *oidc.Config) { c.ClientID = "" }, "client ID"},
		{"no redirect URL", func(c *oidc.Config) { c.RedirectURL = "" }, "redirect URL"},
		{"redirect URL of an app", func(c *oidc.Config) { c.RedirectURL = "javascript:alert(1)" }, "redirect URL"},
		{"redirect path", func(c *oidc.Config) { c.RedirectURL = "/login" }, "redirect URL"},
		{"two scopes in one", func(c *oidc.Config) { c.Scopes = []string{"a b"} }, "scope"},
		{"empty scope", func(c *oidc.Config) { c.Scopes = []string{""} }, "scope"},
		{"no CA file", func(c *oidc.Config) { c.CAFile = noCertificate + ".gone" }, "CA file"},
		{"CA file without a certificate", func(c *oidc.Config) { c.CAFile = noCertificate }, "CA file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cfg := oidc.Config{Issuer: "https://auth.example.com", ClientID: "visa", ClientSecret: secret, RedirectURL: callback}
			if _, err := oidc.New(cfg); err != nil {
				t.Fatalf("before the change: %v", err)
			}
			tc.change(&cfg)
			_, err := oidc.New(cfg)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an error about %q that repeats no password", err, tc.want)
			}
		})
	}
}
