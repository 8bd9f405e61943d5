package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/oidc/oidctest"
)

func TestDiscoveryIsSharedAndRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, p := connect(t)
		p.Through(slow{inMemory{fake}, time.Second})
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if _, _, err := p.Begin(t.Context(), false); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		check := func(when string, want int) {
			t.Helper()
			if _, _, err := p.Begin(t.Context(), false); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			if got := fake.Requests(oidctest.Discovery); got != want {
				t.Errorf("%s: discovery was asked for %d times, want %d", when, got, want)
			}
		}
		check("after 20 at once", 1)
		time.Sleep(59 * time.Minute)
		check("within the hour", 1)
		time.Sleep(2 * time.Minute)
		check("after the hour", 2)
	})
}

func TestWaitingForDiscoveryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, p := connect(t)
		fake.Break(oidctest.Discovery, silent)
		first := make(chan error, 1)
		go func() {
			_, _, err := p.Begin(t.Context(), false)
			first <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if _, _, err := p.Begin(ctx, false); !errors.Is(err, oidc.ErrUnavailable) || time.Since(begun) != time.Second {
			t.Errorf("the second: %v after %v, want ErrUnavailable after its own second", err, time.Since(begun))
		}
		if err := <-first; !errors.Is(err, oidc.ErrUnavailable) {
			t.Errorf("the first: %v", err)
		}
	})
}

func TestDiscoveryDocumentsThatDoNotFit(t *testing.T) {
	t.Parallel()
	const fine = `{"issuer":"%[1]s","authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/t","jwks_uri":"%[1]s/k","userinfo_endpoint":"%[1]s/u"%[2]s}`
	document := func(more string) func(string) string {
		return func(issuer string) string { return fmt.Sprintf(fine, issuer, more) }
	}
	for _, tc := range []struct {
		name string
		body func(issuer string) string
		want string // in the error, "" for none
	}{
		{"as it should be", document(""), ""},
		{"slash at the end of the issuer", func(i string) string {
			return strings.Replace(fmt.Sprintf(fine, i, ""), `"issuer":"`+i, `"issuer":"`+i+"/", 1)
		}, `/"; set the issuer to exactly that`},
		{"no algorithm but shared secrets", document(`,"id_token_signing_alg_values_supported":["HS256","none"]`), "signing key"},
		{"no known way to show the secret", document(`,"token_endpoint_auth_methods_supported":["private_key_jwt"]`), "client_secret_basic"},
		{"list that is text", document(`,"scopes_supported":"openid"`), "not understood"},
		{"no token endpoint", func(i string) string {
			return strings.Replace(fmt.Sprintf(fine, i, ""), "token_endpoint", "other_endpoint", 1)
		}, "names no token endpoint"},
		{"no keys", func(i string) string { return strings.Replace(fmt.Sprintf(fine, i, ""), "jwks_uri", "other", 1) }, "keys"},
		{"plain HTTP elsewhere", func(i string) string {
			return strings.Replace(fmt.Sprintf(fine, i, ""), i+"/u", "http://auth.example.com/u", 1)
		}, "userinfo endpoint is not an https"},
		{"script as authorization endpoint", func(i string) string {
			return strings.Replace(fmt.Sprintf(fine, i, ""), i+"/a", "javascript:alert(1)", 1)
		}, "authorization endpoint is no web address"},
		{"user in an address", func(i string) string {
			return strings.Replace(fmt.Sprintf(fine, i, ""), i+"/t", "https://u:p@auth.example.com/t", 1)
		}, "token endpoint is no web address"},
		{"nothing", func(string) string { return "" }, "not understood"},
		{"null", func(string) string { return "null" }, "calls itself"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			server.Break(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, tc.body(server.Issuer()))
			})
			_, _, err := p.Begin(t.Context(), false)
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want ErrUnavailable about %q", err, tc.want)
			}
			server.Break(oidctest.Discovery, nil)
			if _, err := signIn(t, p); err != nil {
				t.Errorf("once it is put right: %v", err)
			}
		})
	}
}
