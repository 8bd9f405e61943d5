package oidctest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// minState is the least length of state and nonce that Authelia takes.
const minState = 8

// authorize plays a person who is signed in and agrees: it sends the browser
// back at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.mu.Lock()
	client, denied := p.client, p.denied
	p.keepSecret(q.Get("state"), q.Get("nonce"))
	p.mu.Unlock()
	// Before these two are known to be right nobody may be sent anywhere.
	if why := misdirected(r, q, client); why != "" {
		p.problem("authorization: %s", why)
		http.Error(w, why, http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {q.Get("state")}}
	if p.product.NamesItself {
		answer.Set("iss", p.Issuer())
	}
	switch why, code := p.unfit(q); {
	case why != "":
		p.problem("authorization: %s", why)
		answer.Set("error", code)
	case denied != "":
		answer.Set("error", denied)
		answer.Set("error_description", "The resource owner denied the request.")
	default:
		answer.Set("code", p.grant(client, q))
		answer.Set("session_state", "synthetic") // Keycloak's; a client leaves alone what it does not know.
	}
	separator := "?"
	if strings.Contains(client.RedirectURL, "?") {
		separator = "&"
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", client.RedirectURL+separator+answer.Encode())
	w.WriteHeader(http.StatusFound)
}

// misdirected says what is wrong with who asks, "" if nothing is.
func misdirected(r *http.Request, q url.Values, client Client) string {
	for name, values := range q {
		if len(values) != 1 {
			return fmt.Sprintf("%.40q is given %d times", name, len(values))
		}
	}
	switch {
	case r.Method != http.MethodGet:
		return "the method is " + r.Method
	case q.Get("client_id") != client.ID:
		return "the client is unknown"
	case q.Get("redirect_uri") != client.RedirectURL:
		return "the redirect_uri is not the one registered"
	}
	return ""
}

// unfit says what is wrong with what is asked for, and the code of the error.
func (p *Provider) unfit(q url.Values) (why, code string) {
	for name := range q {
		switch name {
		case "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age":
		default:
			return fmt.Sprintf("unexpected parameter %.40q", name), "invalid_request"
		}
	}
	scopes := strings.Fields(q.Get("scope"))
	switch {
	case q.Get("response_type") != "code":
		return "the response_type is not code", "unsupported_response_type"
	case !slices.Contains(scopes, "openid"):
		return "the scope openid is missing", "invalid_scope"
	case p.product.StrictScopes && slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(p.product.Scopes, s) }):
		return "a scope is not known", "invalid_scope"
	case len(q.Get("state")) < minState, len(q.Get("nonce")) < minState:
		return "state or nonce is too short", "invalid_state"
	case q.Has("prompt") && q.Get("prompt") != "login", q.Has("max_age") && q.Get("max_age") != "0":
		return "prompt or max_age are played for a user who gives his password anew only", "invalid_request"
	case q.Get("code_challenge_method") != "S256", len(q.Get("code_challenge")) != 43:
		return "there is no code_challenge by S256", "invalid_request"
	}
	return "", ""
}

// grant notes a login and returns its code.
func (p *Provider) grant(client Client, q url.Values) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.codes) >= maxKept {
		clear(p.codes)
	}
	if q.Get("prompt") == "login" || q.Has("max_age") {
		p.signedIn = time.Now()
	}
	code := "code_" + rand.Text()
	p.codes[code] = &grant{
		client: client, user: p.user, scopes: strings.Fields(q.Get("scope")),
		nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), at: time.Now(), authTime: p.signedIn,
	}
	p.keepSecret(code)
	return code
}
