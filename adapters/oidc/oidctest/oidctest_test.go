package oidctest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"cz-visa-monitor/adapters/oidc/oidctest"
)

const (
	callback = "https://visa.example.com/login/callback"
	verifier = "synthetic-verifier-of-at-least-forty-three-characters"
	secret   = "synthetic secret"
)

func newProvider(t *testing.T, change func(*oidctest.Product)) *oidctest.Provider {
	t.Helper()
	product := oidctest.Authelia()
	product.Algorithm, product.Algorithms = jose.ES256, []string{"ES256"}
	change(&product)
	p, err := oidctest.New("https://auth.example.com", oidctest.Config{
		Product: product, Client: oidctest.Client{ID: "visa", Secret: secret, RedirectURL: callback},
		User: oidctest.User{Subject: "synthetic", Name: "anna", Groups: []string{"family"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func serve(p *oidctest.Provider, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result()
}

// question is a proper authorization request.
func question() url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"client_id": {"visa"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid groups"},
		"state": {"synthetic-state"}, "nonce": {"synthetic-nonce"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

// ask asks and returns the query with which the browser is sent back; nil if it is not.
func ask(t *testing.T, p *oidctest.Provider, q url.Values) url.Values {
	t.Helper()
	resp := serve(p, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://auth.example.com/api/oidc/authorization?"+q.Encode(), nil))
	query, ok := strings.CutPrefix(resp.Header.Get("Location"), callback+"?")
	if !ok {
		return nil
	}
	back, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestStrictAuthorization(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(url.Values)
		err    string // "sent nowhere", or the code
	}{
		{"as it should be", func(url.Values) {}, ""},
		{"another client", func(q url.Values) { q.Set("client_id", "other") }, "sent nowhere"},
		{"redirect_uri with more", func(q url.Values) { q.Set("redirect_uri", callback+"/") }, "sent nowhere"},
		{"redirect_uri elsewhere", func(q url.Values) { q.Set("redirect_uri", "https://evil.example.com") }, "sent nowhere"},
		{"scope twice", func(q url.Values) { q.Add("scope", "openid") }, "sent nowhere"},
		{"implicit flow", func(q url.Values) { q.Set("response_type", "id_token") }, "unsupported_response_type"},
		{"no openid", func(q url.Values) { q.Set("scope", "groups") }, "invalid_scope"},
		{"unknown scope", func(q url.Values) { q.Set("scope", "openid roles") }, "invalid_scope"},
		{"short state", func(q url.Values) { q.Set("state", "x") }, "invalid_state"},
		{"no nonce", func(q url.Values) { q.Del("nonce") }, "invalid_state"},
		{"no PKCE", func(q url.Values) { q.Del("code_challenge") }, "invalid_request"},
		{"plain PKCE", func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request"},
		{"unknown parameter", func(q url.Values) { q.Set("resource", "x") }, "invalid_request"},
		{"with the password anew", func(q url.Values) { q.Set("prompt", "login"); q.Set("max_age", "0") }, ""},
		{"without asking", func(q url.Values) { q.Set("prompt", "none") }, "invalid_request"},
		{"a password of an hour ago", func(q url.Values) { q.Set("max_age", "3600") }, "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t, func(*oidctest.Product) {})
			q := question()
			tc.change(q)
			back := ask(t, p, q)
			switch {
			case tc.err == "sent nowhere":
				if back != nil {
					t.Errorf("sent back with %v", back)
				}
			case back.Get("error") != tc.err || back.Has("code") != (tc.err == "") || back.Get("state") != q.Get("state") || back.Get("iss") != p.Issuer():
				t.Errorf("sent back with %v, want error %q", back, tc.err)
			}
			if problems := p.Problems(); (len(problems) > 0) != (tc.err != "") {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

func TestStrictToken(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		product func(*oidctest.Product)
		change  func(*http.Request, url.Values)
		want    string // the error, "" for tokens
		problem bool
	}{
		{"as it should be", nil, func(*http.Request, url.Values) {}, "", false},
		{"code made up", nil, func(_ *http.Request, f url.Values) { f.Set("code", "x") }, "invalid_grant", false},
		{"another verifier", nil, func(_ *http.Request, f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }, "invalid_grant", false},
		{"no verifier", nil, func(_ *http.Request, f url.Values) { f.Del("code_verifier") }, "invalid_grant", true},
		{"another redirect_uri", nil, func(_ *http.Request, f url.Values) { f.Set("redirect_uri", callback+"2") }, "invalid_grant", true},
		{"another grant_type", nil, func(_ *http.Request, f url.Values) { f.Set("grant_type", "password") }, "invalid_request", true},
		{"unknown parameter", nil, func(_ *http.Request, f url.Values) { f.Set("scope", "openid") }, "invalid_request", true},
		{"a parameter twice", nil, func(_ *http.Request, f url.Values) { f.Add("code", "x") }, "invalid_request", true},
		{"JSON", nil, func(r *http.Request, _ url.Values) { r.Header.Set("Content-Type", "application/json") }, "invalid_request", true},
		{"GET", nil, func(r *http.Request, _ url.Values) { r.Method = http.MethodGet }, "invalid_request", true},
		{"a query", nil, func(r *http.Request, _ url.Values) { r.URL.RawQuery = "code=x" }, "invalid_request", true},
		{"wrong secret", nil, func(r *http.Request, _ url.Values) { r.SetBasicAuth("visa", "wrong") }, "invalid_client", false},
		{"no secret", nil, func(r *http.Request, _ url.Values) { r.Header.Del("Authorization") }, "invalid_client", true},
		{"secret in both ways", nil, func(_ *http.Request, f url.Values) { f.Set("client_secret", secret) }, "invalid_client", true},
		{"client_id in both ways", nil, func(_ *http.Request, f url.Values) { f.Set("client_id", "visa") }, "invalid_client", true},
		{"secret in the form where basic is registered", nil, inForm, "invalid_client", true},
		{"secret in the form", func(p *oidctest.Product) { p.Registered = "" }, inForm, "", false},
		{"basic where it is not offered", func(p *oidctest.Product) { p.Registered, p.ClientAuth = "", []string{"client_secret_post"} }, func(*http.Request, url.Values) {}, "invalid_client", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t, func(product *oidctest.Product) {
				if tc.product != nil {
					tc.product(product)
				}
			})
			form := url.Values{
				"grant_type": {"authorization_code"}, "code": {ask(t, p, question()).Get("code")},
				"redirect_uri": {callback}, "code_verifier": {verifier},
			}
			if got := redeem(t, p, form, tc.change); got["error"] != tc.want && !(tc.want == "" && got["error"] == nil) {
				t.Errorf("got %v, want error %q", got, tc.want)
			}
			if problems := p.Problems(); (len(problems) > 0) != tc.problem {
				t.Errorf("problems: %q, want any: %v", problems, tc.problem)
			}
		})
	}
}

// inForm moves the client's secret into the form.
func inForm(r *http.Request, f url.Values) {
	r.Header.Del("Authorization")
	f.Set("client_id", "visa")
	f.Set("client_secret", secret)
}

// redeem asks for tokens and returns the answer.
func redeem(t *testing.T, p *oidctest.Provider, form url.Values, change func(*http.Request, url.Values)) map[string]any {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://auth.example.com/api/oidc/token", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("visa", url.QueryEscape(secret))
	change(r, form)
	body := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form.Encode())).Body
	r.Body = body
	var answer map[string]any
	if err := json.NewDecoder(serve(p, r).Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestCodeIsForOneUse(t *testing.T) {
	t.Parallel()
	p := newProvider(t, func(*oidctest.Product) {})
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {ask(t, p, question()).Get("code")},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	}
	asIs := func(*http.Request, url.Values) {}
	token, _ := redeem(t, p, form, asIs)["access_token"].(string)
	if status := userInfo(t, p, "Bearer "+token); token == "" || status != http.StatusOK {
		t.Fatalf("with the token: %d", status)
	}
	if got := redeem(t, p, form, asIs); got["error"] != "invalid_grant" {
		t.Errorf("the second time: %v", got)
	}
	if problems := p.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
	for name, header := range map[string]string{"withdrawn token": "Bearer " + token, "no token": "", "another scheme": "Basic " + token} {
		if status := userInfo(t, p, header); status != http.StatusUnauthorized {
			t.Errorf("%s: %d, want 401", name, status)
		}
	}
	if problems := p.Problems(); len(problems) != 3 {
		t.Errorf("problems: %q, want three", problems)
	}
}

func userInfo(t *testing.T, p *oidctest.Provider, authorization string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://auth.example.com/api/oidc/userinfo", nil)
	r.Header.Set("Authorization", authorization)
	return serve(p, r).StatusCode
}

func TestUnexpectedPath(t *testing.T) {
	t.Parallel()
	p := newProvider(t, func(*oidctest.Product) {})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://auth.example.com/other", nil)
	if status := serve(p, r).StatusCode; status != http.StatusNotFound || len(p.Problems()) != 1 {
		t.Errorf("status %d, problems %q", status, p.Problems())
	}
}
