// Package oidctest plays an OpenID Connect provider as Authelia, Authentik and
// Keycloak are: it refuses what a real one would refuse, and writes down
// everything that it did not expect. Forgeries and trouble can be ordered.
//
// It does not import testing, so that a demo may show a login with it.
package oidctest

import (
	"crypto"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Client is the program that is registered at the provider.
type Client struct {
	ID string
	// Secret is "" for a public client.
	Secret      string
	RedirectURL string
}

// User is who sits before the browser, signed in at the provider already.
type User struct {
	Subject, Name, Email string
	Groups               []string
}

// Config says which product to play, and who there is.
type Config struct {
	Product Product
	Client  Client
	User    User
}

// Endpoint is one of the provider's addresses.
type Endpoint string

// The endpoints.
const (
	Discovery     Endpoint = "discovery"
	Keys          Endpoint = "keys"
	Authorization Endpoint = "authorization"
	Token         Endpoint = "token"
	UserInfo      Endpoint = "userinfo"
)

// maxKept bounds each thing that is remembered.
const maxKept = 1000

// maxBody bounds a request, in bytes.
const maxBody = 64 << 10

// Provider plays a provider.
type Provider struct {
	base    string
	product Product
	mux     *http.ServeMux

	mu       sync.Mutex
	client   Client
	user     User
	signedIn time.Time // when the user gave his password
	denied   string
	key      key
	codes    map[string]*grant
	tokens   map[string]*grant
	broken   map[Endpoint]http.HandlerFunc
	requests map[Endpoint]int
	forge    func(claims map[string]any) string
	forgeMe  func(claims map[string]any)
	problems []string
	secrets  []string
}

// grant is what one login came to.
type grant struct {
	client    Client
	user      User
	scopes    []string
	nonce     string
	challenge string
	at        time.Time
	// authTime is when the user gave his password.
	authTime time.Time
	used     bool
}

// New returns a provider that is reached at base, an address without a slash at
// the end.
func New(base string, cfg Config) (*Provider, error) {
	first, err := newKey(cfg.Product.Algorithm)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		base: base, product: cfg.Product, client: cfg.Client, user: cfg.User, key: first, mux: http.NewServeMux(),
		signedIn: time.Now(),
		codes:    map[string]*grant{}, tokens: map[string]*grant{},
		broken: map[Endpoint]http.HandlerFunc{}, requests: map[Endpoint]int{},
	}
	if cfg.Client.Secret != "" {
		p.secrets = append(p.secrets, cfg.Client.Secret)
	}
	for _, e := range []struct {
		endpoint Endpoint
		path     string
		handler  http.HandlerFunc
	}{
		{Discovery, strings.TrimSuffix(p.product.Issuer, "/") + "/.well-known/openid-configuration", p.discovery},
		{Keys, p.product.Paths[Keys], p.keySet},
		{Authorization, p.product.Paths[Authorization], p.authorize},
		{Token, p.product.Paths[Token], p.exchange},
		{UserInfo, p.product.Paths[UserInfo], p.userInfo},
	} {
		if strings.HasSuffix(e.path, "/") {
			e.path += "{$}"
		}
		p.mux.HandleFunc(e.path, func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, e.endpoint, e.handler) })
	}
	p.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.problem("unexpected %s %s", r.Method, r.URL.Path)
		http.NotFound(w, r)
	})
	return p, nil
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Issuer returns the provider's name for itself.
func (p *Provider) Issuer() string { return p.base + p.product.Issuer }

// SetClient registers c in place of the client before.
func (p *Provider) SetClient(c Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client = c
	p.keepSecret(c.Secret)
}

// SignIn puts u before the browser, who gives his password now.
func (p *Provider) SignIn(u User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user, p.signedIn = u, time.Now()
}

// SignedInAt says when the user gave his password. Where a client asks for it, he
// gives it again.
func (p *Provider) SignedInAt(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signedIn = t
}

// Deny answers logins with an error of this code, until Deny("").
func (p *Provider) Deny(code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied = code
}

// Break lets h answer at an endpoint, until Break(endpoint, nil).
func (p *Provider) Break(endpoint Endpoint, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken[endpoint] = h
}

// ForgeIDToken lets f change the claims of ID tokens, or make the whole token
// where it returns one, until ForgeIDToken(nil).
func (p *Provider) ForgeIDToken(f func(claims map[string]any) (token string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forge = f
}

// ForgeUserInfo lets f change the claims of the userinfo endpoint.
func (p *Provider) ForgeUserInfo(f func(claims map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgeMe = f
}

// RotateKey makes a new key, and forgets the one before.
func (p *Provider) RotateKey() error {
	fresh, err := newKey(p.product.Algorithm)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = fresh
	return nil
}

// Sign returns a token of these claims that holds.
func (p *Provider) Sign(claims map[string]any) string {
	p.mu.Lock()
	k := p.key
	p.mu.Unlock()
	token, err := k.sign(claims)
	if err != nil {
		p.problem("cannot sign: %v", err)
	}
	return token
}

// PublicKey returns the key with which tokens are verified, and its ID.
func (p *Provider) PublicKey() (crypto.PublicKey, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.key.private.Public(), p.key.id
}

// Problems returns everything unexpected; a test should find none. Codes and
// secrets that are merely wrong are no problem.
func (p *Provider) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Requests returns how many requests came to an endpoint.
func (p *Provider) Requests(endpoint Endpoint) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[endpoint]
}

// Secrets returns everything that has passed through and must be in no log: the
// client's secret, states, nonces, verifiers, codes and tokens.
func (p *Provider) Secrets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.secrets)
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request, endpoint Endpoint, handler http.HandlerFunc) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	p.mu.Lock()
	p.requests[endpoint]++
	if broken := p.broken[endpoint]; broken != nil {
		handler = broken
	}
	p.mu.Unlock()
	handler(w, r)
}

// keepSecret remembers s; mu is held.
func (p *Provider) keepSecret(secrets ...string) {
	for _, s := range secrets {
		if s != "" && len(p.secrets) < maxKept {
			p.secrets = append(p.secrets, s)
		}
	}
}

// problem writes down something unexpected. The text must not repeat secrets.
func (p *Provider) problem(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.problems) < maxKept {
		p.problems = append(p.problems, fmt.Sprintf(format, args...))
	}
}

func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.RawQuery != "" {
		p.problem("discovery is asked with %s, or with a query", r.Method)
	}
	answer := map[string]any{
		"issuer":                                p.Issuer(),
		"authorization_endpoint":                p.base + p.product.Paths[Authorization],
		"token_endpoint":                        p.base + p.product.Paths[Token],
		"userinfo_endpoint":                     p.base + p.product.Paths[UserInfo],
		"jwks_uri":                              p.base + p.product.Paths[Keys],
		"scopes_supported":                      p.product.Scopes,
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": p.product.Algorithms,
		"token_endpoint_auth_methods_supported": p.product.ClientAuth,
		"code_challenge_methods_supported":      []string{"S256"},
	}
	if p.product.NamesItself {
		answer["authorization_response_iss_parameter_supported"] = true
	}
	answerJSON(w, http.StatusOK, answer)
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// tokenError answers as RFC 6749, 5.2, says.
func tokenError(w http.ResponseWriter, status int, code string) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="oidctest"`)
	}
	answerJSON(w, status, map[string]string{"error": code, "error_description": "The request was refused."})
}
