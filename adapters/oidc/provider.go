// Package oidc lets people sign in through a service they have already: OpenID
// Connect (Authelia, Authentik, Keycloak and whatever else keeps to the
// standard), or a reverse proxy that names the user in a header. It says who
// somebody is, and which role his groups give him; whom to let in is decided
// elsewhere.
package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config says which provider to trust.
type Config struct {
	// Issuer is the provider's name for itself, an https URL to the letter: a
	// slash at the end counts. Plain http is accepted on the loopback device only.
	Issuer string
	// ClientID and ClientSecret are what the provider knows the appliance by.
	// The secret is empty for a public client.
	ClientID     string
	ClientSecret string
	// RedirectURL is where the provider sends people back to. It is made from
	// the base URL in the settings, never from what a request says.
	RedirectURL string
	// GroupsClaim names the claim with the user's groups, "groups" if empty.
	GroupsClaim string
	// Scopes are asked for beside openid and those of profile, email and groups
	// that the provider offers.
	Scopes []string
	// CAFile names a PEM file with certificates to trust beside the system's,
	// for servers that sign their own.
	CAFile string
	// Timeout bounds Begin and each question to the provider; Finish takes at
	// most twice as long. 10 seconds if zero.
	Timeout time.Duration
}

// Provider signs people in through one OpenID Connect provider. It may be used
// by many goroutines at once.
type Provider struct {
	cfg    Config
	client *http.Client
	// turn is held by whoever reads or changes found: one discovery at a time.
	turn  chan struct{}
	found *service
}

// New checks cfg and asks nobody: a provider that is down keeps nothing from
// starting.
func New(cfg Config) (*Provider, error) {
	if cfg.GroupsClaim == "" {
		cfg.GroupsClaim = "groups"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if err := checkIssuer(cfg.Issuer); err != nil {
		return nil, err
	}
	if cfg.ClientID == "" {
		return nil, errors.New("the client ID is missing; it is what the provider knows this program by")
	}
	u, err := url.Parse(cfg.RedirectURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("the redirect URL is no web address; set the base URL of this program")
	}
	for _, scope := range cfg.Scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return nil, fmt.Errorf("%q is no scope; write them one by one", scope)
		}
	}
	client, err := newClient(cfg.CAFile, cfg.Timeout)
	if err != nil {
		return nil, err
	}
	return &Provider{cfg: cfg, client: client, turn: make(chan struct{}, 1)}, nil
}

// checkIssuer says what is wrong with an issuer. It does not repeat it: somebody
// may have written a password into the address.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Host == "":
		return errors.New("the issuer is no web address; copy it from the provider, as https://auth.example.com")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(issuer, "#"):
		return errors.New("the issuer must not hold a user, a ? or a #")
	case strings.HasSuffix(issuer, "/.well-known/openid-configuration"):
		return errors.New("the issuer is the address without /.well-known/openid-configuration")
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("the issuer must begin with https://, or anybody on the way could sign in as anybody")
}

// loopback reports whether a host is this machine itself.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// checkEndpoint says what is wrong with an address from the discovery document.
func (p *Provider) checkEndpoint(name, address string) error {
	if address == "" {
		return unavailable("the provider's discovery document names no " + name)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(address, "#") {
		return unavailable("the provider's " + name + " is no web address")
	}
	if u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(p.cfg.Issuer, "http:") && loopback(u.Hostname()) {
		return nil
	}
	return unavailable("the provider's " + name + " is not an https address; tell the provider its outer address, often in the headers of the proxy before it")
}
