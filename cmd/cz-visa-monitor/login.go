package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/web"
	"cz-visa-monitor/app/account"
)

// externalBack is where a login service sends the browser back.
const externalBack = "external-back"

// external is a login service as the web server wants it.
type external struct{ provider *oidc.Provider }

// openExternal prepares the login service of the settings, nil if there is none.
func openExternal(c config) (web.External, error) {
	if c.oidc.Issuer == "" {
		return nil, nil
	}
	cfg := c.oidc
	cfg.RedirectURL = strings.TrimRight(c.baseURL, "/") + "/" + externalBack
	p, err := oidc.New(cfg)
	if err != nil {
		return nil, usage(err)
	}
	return external{p}, nil
}

// Begin implements web.External.
func (e external) Begin(ctx context.Context, confirm bool) (address string, state []byte, err error) {
	address, begun, err := e.provider.Begin(ctx, confirm)
	if err != nil {
		return "", nil, externalError(err)
	}
	state, err = json.Marshal(begun)
	if err != nil {
		return "", nil, fmt.Errorf("encode a login that has begun: %w", err)
	}
	return address, state, nil
}

// Finish implements web.External.
func (e external) Finish(ctx context.Context, state []byte, query url.Values) (account.Identity, error) {
	var begun oidc.State
	if err := json.Unmarshal(state, &begun); err != nil {
		return account.Identity{}, fmt.Errorf("decode a login that has begun: %w", err)
	}
	who, err := e.provider.Finish(ctx, begun, query)
	if err != nil {
		return account.Identity{}, externalError(err)
	}
	return account.Identity(who), nil
}

// externalError says which of its sentences people are told.
func externalError(err error) error {
	reason := web.ExternalRefused
	switch {
	case errors.Is(err, oidc.ErrUnavailable):
		reason = web.ExternalUnavailable
	case errors.Is(err, oidc.ErrDenied):
		reason = web.ExternalDenied
	case errors.Is(err, oidc.ErrUnconfirmed):
		reason = web.ExternalUnconfirmed
	}
	return &web.ExternalError{Reason: reason, Err: err}
}

// proxyLogin returns what finds out for whom a trusted proxy vouches, nil if none
// does.
func proxyLogin(c config) func(netip.Addr, http.Header) (account.Identity, bool, error) {
	if c.proxyUserHeader == "" {
		return nil
	}
	login := oidc.ProxyLogin{Trusted: c.proxies, UserHeader: c.proxyUserHeader, GroupsHeader: c.proxyGroupsHeader}
	return func(remote netip.Addr, h http.Header) (account.Identity, bool, error) {
		who, ok, err := login.Identity(remote, h)
		return account.Identity(who), ok, err
	}
}

// roleFor returns the role that somebody's groups elsewhere give him here.
func roleFor(roles oidc.Roles) func([]string) account.Role {
	return func(groups []string) account.Role {
		role, _ := roles.RoleFor(groups)
		return role
	}
}
