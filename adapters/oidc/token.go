package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// skew is how far the clocks of the provider and this machine may be apart
// where a token has just expired.
const skew = time.Minute

// keySource notes why keys could not be fetched: the library's verifier drops it.
type keySource struct {
	keys    *gooidc.RemoteKeySet
	trouble error
}

// VerifySignature implements gooidc.KeySet.
func (k *keySource) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.keys.VerifySignature(ctx, jwt)
	if errors.Unwrap(err) != nil { // a signature that does not fit wraps nothing
		k.trouble = err
	}
	return payload, err
}

// verify returns the ID token if everything about it is proven (OpenID Connect
// Core, 3.1.3.7). code is only there to be kept out of errors.
func (s *service) verify(ctx context.Context, token *oauth2.Token, state State, code string) (*gooidc.IDToken, error) {
	raw, _ := token.Extra("id_token").(string)
	if strings.Count(raw, ".") != 2 { // the library would take the JSON form of a signature, too
		return nil, refused("the provider gave no ID token; may the client have the scope openid?")
	}
	keys := &keySource{keys: s.keys}
	clientID := s.oauth.ClientID
	verifier := gooidc.NewVerifier(s.issuer, keys, &gooidc.Config{
		ClientID: clientID, SupportedSigningAlgs: s.algorithms,
		Now: func() time.Time { return time.Now().Add(-skew) },
	})
	proven, err := verifier.Verify(ctx, raw)
	var expired *gooidc.TokenExpiredError
	switch {
	case keys.trouble != nil:
		return nil, unreachable("fetch the provider's keys", keys.trouble)
	case errors.As(err, &expired):
		return nil, refused("the ID token has expired; do the clocks of the provider and this machine agree?")
	case err != nil:
		return nil, refused("the ID token does not hold: " + detail(err,
			raw, token.AccessToken, token.RefreshToken, code, state.ID, state.Nonce, state.Verifier, s.oauth.ClientSecret))
	}
	if err := s.check(proven, token, state); err != nil {
		return nil, err
	}
	return proven, nil
}

// check sees to what the library leaves to its caller.
func (s *service) check(proven *gooidc.IDToken, token *oauth2.Token, state State) error {
	var more struct {
		AuthorizedParty *string `json:"azp"`
	}
	if err := proven.Claims(&more); err != nil {
		return refused("the ID token's authorized party is no text (azp)")
	}
	switch azp := more.AuthorizedParty; {
	case subtle.ConstantTimeCompare([]byte(proven.Nonce), []byte(state.Nonce)) != 1:
		return refused("the ID token belongs to another login (nonce)")
	case azp != nil && *azp != s.oauth.ClientID, azp == nil && len(proven.Audience) > 1:
		return refused("the ID token was given to another client (azp)")
	case proven.AccessTokenHash != "" && proven.VerifyAccessToken(token.AccessToken) != nil:
		return refused("the access token is not the one of the ID token (at_hash)")
	case !namable(proven.Subject, maxSubject):
		return refused("the ID token does not say in a usable way whom it is about (sub)")
	}
	return nil
}

// authTime returns when the user proved to the provider who he is, the zero time
// if it does not say so, or says what cannot be.
func authTime(proven *gooidc.IDToken, now time.Time) time.Time {
	var said claims
	var seconds float64
	if proven.Claims(&said) != nil || json.Unmarshal(said["auth_time"], &seconds) != nil {
		return time.Time{}
	}
	const last = 1 << 40 // In 30,000 years.
	if seconds < 1 || seconds > last {
		return time.Time{}
	}
	switch at := time.Unix(int64(seconds), 0); {
	case !at.After(now):
		return at
	case at.Sub(now) <= skew:
		return now // The provider's clock is a little ahead.
	}
	return time.Time{}
}

// claims are what the provider says about a user, by name.
type claims map[string]json.RawMessage

// text returns a claim that is text, "" if there is none.
func (c claims) text(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return ""
	}
	return s
}

// name returns what to call the user, "" if the provider does not say.
func (c claims) name() string {
	for _, claim := range []string{"preferred_username", "email", "name"} {
		if name := shownName(c.text(claim)); name != "" {
			return name
		}
	}
	return ""
}

// list returns a claim that is a list of text or one text alone; ok is false if
// there is none.
func (c claims) list(name string) (list []string, ok bool, err error) {
	raw := c[name]
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false, nil
	}
	if json.Unmarshal(raw, &list) == nil {
		return list, true, nil
	}
	if one := c.text(name); one != "" {
		return []string{one}, true, nil
	}
	return nil, true, refused("the claim with the groups is no list of text")
}

// identity returns who the user of a proven ID token is. What the token does not
// say is asked for at the userinfo endpoint: Authelia from 4.39 on says nothing
// but the subject in the token.
func (p *Provider) identity(ctx context.Context, s *service, proven *gooidc.IDToken, token *oauth2.Token) (Identity, error) {
	var said claims
	if err := proven.Claims(&said); err != nil {
		return Identity{}, refused("the claims of the ID token are not understood")
	}
	name := said.name()
	groups, known, err := said.list(p.cfg.GroupsClaim)
	if err != nil {
		return Identity{}, err
	}
	if (name == "" || !known) && s.provider.UserInfoEndpoint() != "" {
		more, err := s.userInfo(ctx, proven.Subject, token)
		if err != nil {
			return Identity{}, err
		}
		if name == "" {
			name = more.name()
		}
		if !known {
			if groups, _, err = more.list(p.cfg.GroupsClaim); err != nil {
				return Identity{}, err
			}
		}
	}
	if groups, err = namableGroups(groups); err != nil {
		return Identity{}, err
	}
	return Identity{Issuer: p.cfg.Issuer, Subject: proven.Subject, Name: name, Groups: groups}, nil
}

// userInfo returns what the provider's userinfo endpoint says about subject.
func (s *service) userInfo(ctx context.Context, subject string, token *oauth2.Token) (claims, error) {
	info, err := s.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, unreachable("ask for the user's groups", err)
	}
	if info.Subject != subject {
		return nil, refused("the userinfo endpoint speaks of somebody else (sub)")
	}
	var said claims
	if err := info.Claims(&said); err != nil {
		return nil, refused("the claims of the userinfo endpoint are not understood")
	}
	return said, nil
}
