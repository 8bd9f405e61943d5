package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// rediscover is how long the discovery document counts. Providers are upgraded
// and change their keys' kind or their addresses while the appliance runs.
const rediscover = time.Hour

// service is what the provider says about itself.
type service struct {
	issuer   string
	provider *gooidc.Provider
	keys     *gooidc.RemoteKeySet
	oauth    *oauth2.Config
	// algorithms may sign ID tokens.
	algorithms []string
	// names: the provider names itself in every answer (RFC 9207).
	names bool
	at    time.Time
}

// metadata is the part of the discovery document that the library keeps to itself.
type metadata struct {
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	Scopes      []string `json:"scopes_supported"`
	Names       bool     `json:"authorization_response_iss_parameter_supported"`
	Keys        string   `json:"jwks_uri"`
}

// discover returns what the provider says about itself, asking it where nothing
// is known or what is known is old. A failure is not remembered.
func (p *Provider) discover(ctx context.Context) (*service, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, unreachable("read the discovery document", ctx.Err())
	}
	if p.found != nil && time.Since(p.found.at) < rediscover {
		return p.found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	provider, err := gooidc.NewProvider(gooidc.ClientContext(ctx, p.client), p.cfg.Issuer)
	var other *gooidc.IssuerMismatchError
	if errors.As(err, &other) {
		return nil, unavailable(fmt.Sprintf("the provider calls itself %.200q; set the issuer to exactly that", other.Discovered))
	}
	if err != nil {
		return nil, unreachable("read the discovery document", err)
	}
	found, err := p.read(provider)
	if err != nil {
		return nil, err
	}
	p.found = found
	return found, nil
}

// read takes from the discovery document what a login needs.
func (p *Provider) read(provider *gooidc.Provider) (*service, error) {
	var said metadata
	if err := provider.Claims(&said); err != nil {
		return nil, unreachable("read the discovery document", err)
	}
	endpoint := provider.Endpoint()
	for name, address := range map[string]string{
		"authorization endpoint": endpoint.AuthURL, "token endpoint": endpoint.TokenURL, "address of keys": said.Keys,
	} {
		if err := p.checkEndpoint(name, address); err != nil {
			return nil, err
		}
	}
	if address := provider.UserInfoEndpoint(); address != "" {
		if err := p.checkEndpoint("userinfo endpoint", address); err != nil {
			return nil, err
		}
	}
	algorithms, err := algorithmsOf(said)
	if err != nil {
		return nil, err
	}
	endpoint.AuthStyle, err = p.authStyle(said)
	if err != nil {
		return nil, err
	}
	return &service{
		issuer:   p.cfg.Issuer,
		provider: provider,
		keys:     gooidc.NewRemoteKeySet(gooidc.ClientContext(context.Background(), p.client), said.Keys),
		oauth: &oauth2.Config{
			ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, RedirectURL: p.cfg.RedirectURL,
			Endpoint: endpoint, Scopes: p.scopes(said),
		},
		algorithms: algorithms, names: said.Names, at: time.Now(),
	}, nil
}

// algorithmsOf returns the algorithms that may sign ID tokens: those the
// provider names, without "none" and without the ones whose key is a shared
// secret. RS256 is what a provider must offer.
func algorithmsOf(said metadata) ([]string, error) {
	if len(said.Algorithms) == 0 {
		return []string{gooidc.RS256}, nil
	}
	var both []string
	for _, known := range []string{
		gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.ES256, gooidc.ES384, gooidc.ES512,
		gooidc.PS256, gooidc.PS384, gooidc.PS512, gooidc.EdDSA,
	} {
		if slices.Contains(said.Algorithms, known) {
			both = append(both, known)
		}
	}
	if len(both) == 0 {
		// Authentik does so as long as no key is chosen.
		return nil, unavailable("the provider signs with no public key; choose a signing key for this client in the provider's settings")
	}
	return both, nil
}

// authStyle returns how to show the client's secret. The library could try both
// ways, but the first try may use up the code.
func (p *Provider) authStyle(said metadata) (oauth2.AuthStyle, error) {
	switch {
	case p.cfg.ClientSecret == "":
		return oauth2.AuthStyleInParams, nil
	case len(said.AuthMethods) == 0, slices.Contains(said.AuthMethods, "client_secret_basic"):
		return oauth2.AuthStyleInHeader, nil
	case slices.Contains(said.AuthMethods, "client_secret_post"):
		return oauth2.AuthStyleInParams, nil
	}
	return 0, unavailable("the provider takes no client secret, neither by client_secret_basic nor by client_secret_post")
}

// scopes returns what to ask for. Keycloak answers a scope it does not know with
// an error, and Authelia gives groups only for the scope of that name; so what
// the provider does not name is left out.
func (p *Provider) scopes(said metadata) []string {
	scopes := []string{gooidc.ScopeOpenID}
	for _, wanted := range []string{gooidc.ScopeProfile, gooidc.ScopeEmail, "groups"} {
		if slices.Contains(said.Scopes, wanted) || len(said.Scopes) == 0 && wanted != "groups" {
			scopes = append(scopes, wanted)
		}
	}
	for _, more := range p.cfg.Scopes {
		if !slices.Contains(scopes, more) {
			scopes = append(scopes, more)
		}
	}
	return scopes
}
