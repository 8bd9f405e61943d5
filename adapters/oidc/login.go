package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"log/slog"
	"net/url"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// StateLife is how long somebody may take to sign in at the provider.
const StateLife = 10 * time.Minute

// State is what a login that has begun needs to be finished. Whoever holds the
// browser's side of it keeps it, sealed or in memory, and gives it to one Finish.
type State struct {
	// ID is the state parameter, by which the answer is known as that to this login.
	ID string `json:"id"`
	// Nonce ties the ID token to this login, Verifier the code (PKCE, RFC 7636).
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Expires is when it is too late to finish.
	Expires time.Time `json:"expires"`
	// Confirm: the user was to prove anew who he is.
	Confirm bool `json:"confirm,omitempty"`
}

// began returns when the login began.
func (s State) began() time.Time { return s.Expires.Add(-StateLife) }

// String tells nothing: all of a state is secret.
func (State) String() string { return "login state" }

// GoString tells nothing, either.
func (State) GoString() string { return "oidc.State" }

// LogValue implements slog.LogValuer and tells nothing.
func (s State) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Begin returns the address to send the browser to, and what Finish needs. With
// confirm the provider is to ask the user for his password or whatever it takes,
// also where it knows him, and Finish refuses an answer that does not say so. The
// error is ErrUnavailable.
func (p *Provider) Begin(ctx context.Context, confirm bool) (address string, state State, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	s, err := p.discover(ctx)
	if err != nil {
		return "", State{}, err
	}
	state = State{
		ID: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Expires: time.Now().Add(StateLife), Confirm: confirm,
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(state.Verifier), gooidc.Nonce(state.Nonce)}
	if confirm { // OpenID Connect Core, 3.1.2.1. With max_age it must say when it asked.
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return s.oauth.AuthCodeURL(state.ID, options...), state, nil
}

// Finish returns who signed in. query is that of the request with which the
// browser came back to the redirect URL, state what Begin gave to the same
// browser. The error is ErrUnavailable, ErrDenied or ErrRefused.
func (p *Provider) Finish(ctx context.Context, state State, query url.Values) (Identity, error) {
	code, err := p.answer(state, query)
	if err != nil {
		return Identity{}, err
	}
	ctx, cancel := context.WithTimeout(gooidc.ClientContext(ctx, p.client), 2*p.cfg.Timeout)
	defer cancel()
	s, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	if s.names && !query.Has("iss") {
		return Identity{}, refused("the answer does not say which provider it is from, though the provider says that it does")
	}
	token, err := s.oauth.Exchange(ctx, code, oauth2.VerifierOption(state.Verifier))
	if err != nil {
		return Identity{}, exchangeError(err, s.oauth.Endpoint.AuthStyle)
	}
	proven, err := s.verify(ctx, token, state, code)
	if err != nil {
		return Identity{}, err
	}
	at := authTime(proven, time.Now())
	if state.Confirm && at.Before(state.began().Add(-skew)) {
		return Identity{}, ErrUnconfirmed
	}
	who, err := p.identity(ctx, s, proven, token)
	if err != nil {
		return Identity{}, err
	}
	who.AuthenticatedAt = at
	return who, nil
}

// answer returns the code of an answer that belongs to this login.
func (p *Provider) answer(state State, query url.Values) (code string, err error) {
	for _, name := range []string{"state", "iss", "error", "code"} {
		if len(query[name]) > 1 {
			return "", refused("the answer holds a parameter twice")
		}
	}
	switch {
	case state.ID == "" || state.Nonce == "" || state.Verifier == "":
		return "", refused("no login has begun in this browser")
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state.ID)) != 1:
		return "", refused("the answer belongs to another login (state)")
	case !time.Now().Before(state.Expires):
		return "", refused("the login took too long")
	case query.Has("iss") && query.Get("iss") != p.cfg.Issuer:
		// Somebody may be passing off one provider's answer as another's.
		return "", refused("the answer is from another provider (iss)")
	case query.Has("error"):
		return "", answerError(query.Get("error"))
	case query.Get("code") == "":
		return "", refused("the answer holds no code")
	}
	return query.Get("code"), nil
}
