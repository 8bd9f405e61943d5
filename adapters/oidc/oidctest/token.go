package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

const (
	// codeLife is how long a code counts, as in Authelia and Keycloak.
	codeLife = time.Minute
	// tokenLife is how long tokens count.
	tokenLife = 5 * time.Minute
)

// exchange gives tokens for a code.
func (p *Provider) exchange(w http.ResponseWriter, r *http.Request) {
	if why := badForm(r); why != "" {
		p.problem("token: %s", why)
		tokenError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	p.mu.Lock()
	client := p.client
	p.keepSecret(r.PostForm.Get("code_verifier"))
	p.mu.Unlock()
	switch why := p.authenticate(r, client); {
	case why == wrongSecret:
		tokenError(w, http.StatusUnauthorized, "invalid_client")
		return
	case why != "":
		p.problem("token: %s", why)
		tokenError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	g, why := p.redeem(r.PostForm, client)
	if g == nil {
		if why != "" {
			p.problem("token: %s", why)
		}
		tokenError(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	access := "access_" + rand.Text()
	id, err := p.idToken(g, access)
	if err != nil {
		p.problem("token: %v", err)
		tokenError(w, http.StatusInternalServerError, "server_error")
		return
	}
	p.mu.Lock()
	if len(p.tokens) >= maxKept {
		clear(p.tokens)
	}
	p.tokens[access] = g
	p.keepSecret(access, id)
	p.mu.Unlock()
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "bearer", "expires_in": int(tokenLife.Seconds()),
		"id_token": id, "scope": strings.Join(g.scopes, " "),
	})
}

// badForm says what is wrong with the form of a request for tokens.
func badForm(r *http.Request) string {
	if r.Method != http.MethodPost || r.URL.RawQuery != "" {
		return "the method is " + r.Method + ", or there is a query: secrets there end up in logs"
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/x-www-form-urlencoded" {
		return fmt.Sprintf("the content type is %.60q", kind)
	}
	if err := r.ParseForm(); err != nil {
		return "the form cannot be read"
	}
	for name, values := range r.PostForm {
		switch name {
		case "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret":
		default:
			return fmt.Sprintf("unexpected parameter %.40q", name)
		}
		if len(values) != 1 {
			return "a parameter is given twice"
		}
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		return "the grant_type is not authorization_code"
	}
	return ""
}

// wrongSecret: the client did everything right but for the secret.
const wrongSecret = "wrong secret"

// authenticate says what is wrong with how the client shows who it is.
func (p *Provider) authenticate(r *http.Request, client Client) string {
	user, password, basic := r.BasicAuth()
	post := r.PostForm.Has("client_secret")
	if client.Secret == "" {
		if basic || post || r.PostForm.Get("client_id") != client.ID {
			return "a public client gives its client_id in the form, and no secret"
		}
		return ""
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	method := "client_secret_post"
	if basic {
		method = "client_secret_basic"
	}
	switch {
	case basic == post:
		return "the client shows its secret in two ways, or in none"
	case !slices.Contains(p.product.ClientAuth, method), p.product.Registered != "" && method != p.product.Registered:
		return "the client may not use " + method
	case basic:
		if r.PostForm.Has("client_id") {
			return "client_id is given in two ways"
		}
		// RFC 6749, 2.3.1: both are encoded as in a form first.
		var err1, err2 error
		id, err1 = url.QueryUnescape(user)
		secret, err2 = url.QueryUnescape(password)
		if err1 != nil || err2 != nil {
			return "the basic authentication is not encoded"
		}
	}
	if id != client.ID || secret != client.Secret {
		return wrongSecret
	}
	return ""
}

// redeem takes a code. Where the code is merely of no use, why is empty.
func (p *Provider) redeem(form url.Values, client Client) (g *grant, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g = p.codes[form.Get("code")]
	if g == nil || time.Since(g.at) > codeLife {
		return nil, ""
	}
	if g.used {
		// RFC 6749, 4.1.2: tokens of a code that is shown twice are withdrawn.
		maps.DeleteFunc(p.tokens, func(_ string, other *grant) bool { return other == g })
		return nil, ""
	}
	g.used = true
	if form.Get("redirect_uri") != g.client.RedirectURL || client.ID != g.client.ID {
		return nil, "the redirect_uri is not that of the login"
	}
	verifier := form.Get("code_verifier")
	if len(verifier) < 43 || len(verifier) > 128 {
		return nil, "there is no code_verifier"
	}
	sum := sha256.Sum256([]byte(verifier))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		return nil, ""
	}
	return g, ""
}

// idToken returns the ID token of a login.
func (p *Provider) idToken(g *grant, access string) (string, error) {
	now := time.Now()
	claims := map[string]any{
		"iss": p.Issuer(), "sub": g.user.Subject, "aud": g.client.ID, "nonce": g.nonce,
		"iat": now.Unix(), "auth_time": g.authTime.Unix(), "exp": now.Add(tokenLife).Unix(),
		"jti": rand.Text(), "at_hash": atHash(p.product.Algorithm, access),
	}
	if p.product.AudienceList {
		claims["aud"] = []string{g.client.ID}
	}
	if p.product.AuthorizedParty {
		claims["azp"] = g.client.ID
	}
	if p.product.UserClaims {
		maps.Copy(claims, p.userClaims(g))
	}
	p.mu.Lock()
	forge, k := p.forge, p.key
	p.mu.Unlock()
	if forge != nil {
		if token := forge(claims); token != "" {
			return token, nil
		}
	}
	return k.sign(claims)
}

// atHash is half the hash that the algorithm of the signature uses (OpenID
// Connect Core, 3.1.3.6).
func atHash(algorithm jose.SignatureAlgorithm, access string) string {
	sum := sha256.New()
	if algorithm == jose.EdDSA {
		sum = sha512.New()
	}
	_, _ = io.WriteString(sum, access)
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:sum.Size()/2])
}

// userClaims are what the granted scopes let the provider tell about the user.
func (p *Provider) userClaims(g *grant) map[string]any {
	claims := map[string]any{}
	if slices.Contains(g.scopes, "profile") {
		claims["preferred_username"] = g.user.Name
		claims["name"] = "Synthetic " + g.user.Name
	}
	if slices.Contains(g.scopes, "email") {
		claims["email"], claims["email_verified"] = g.user.Email, true
	}
	if p.product.GroupsScope == "" || slices.Contains(g.scopes, p.product.GroupsScope) {
		groups := []string{}
		for _, group := range g.user.Groups {
			groups = append(groups, p.product.GroupPrefix+group)
		}
		claims["groups"] = groups
	}
	return claims
}

// userInfo tells about the user of an access token.
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.RawQuery != "" {
		p.problem("userinfo: the method is %s, or there is a query: tokens there end up in logs", r.Method)
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	p.mu.Lock()
	g, forge := p.tokens[token], p.forgeMe
	p.mu.Unlock()
	if !strings.EqualFold(scheme, "Bearer") || g == nil {
		p.problem("userinfo: no valid bearer token")
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		answerJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	claims := p.userClaims(g)
	claims["sub"] = g.user.Subject
	if forge != nil {
		forge(claims)
	}
	answerJSON(w, http.StatusOK, claims)
}
