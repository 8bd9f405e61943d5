package oidc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/oidc/oidctest"
)

// inMemory asks a handler without a network, so that time can be a bubble's.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// connect returns a provider without a network and the program's side of it.
func connect(t *testing.T) (*oidctest.Provider, *oidc.Provider) {
	t.Helper()
	fake, err := oidctest.New("https://auth.example.com", oidctest.Config{
		Product: quick(), Client: oidctest.Client{ID: "visa", Secret: secret, RedirectURL: callback}, User: anna(),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := newProvider(t, oidc.Config{Issuer: fake.Issuer(), ClientID: "visa", ClientSecret: secret, RedirectURL: callback})
	p.Through(inMemory{fake})
	return fake, p
}

// visitInMemory is visit without a network.
func visitInMemory(t *testing.T, fake http.Handler, address string) url.Values {
	t.Helper()
	w := httptest.NewRecorder()
	fake.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil))
	return sentBack(t, w.Result())
}

func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestProviderThatIsDownAtFirst(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	p := newProvider(t, oidc.Config{Issuer: "http://" + address, ClientID: "visa", ClientSecret: secret, RedirectURL: callback})
	if _, _, err := p.Begin(t.Context()); !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
		t.Fatalf("while it is down: %v, want ErrUnavailable about the connection", err)
	}
	server, err := oidctest.StartAt(address, oidctest.Config{
		Product: quick(), Client: oidctest.Client{ID: "visa", Secret: secret, RedirectURL: callback}, User: anna(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := signIn(t, p); err != nil {
		t.Errorf("once it is up: %v", err)
	}
}

func TestSilentProvider(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		endpoint oidctest.Endpoint
		within   time.Duration
	}{
		{oidctest.Discovery, 10 * time.Second},
		{oidctest.Token, 10 * time.Second},
		{oidctest.Keys, 10 * time.Second},
		{oidctest.UserInfo, 10 * time.Second},
	} {
		t.Run(string(tc.endpoint), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, p := connect(t)
				begun := time.Now()
				var err error
				if tc.endpoint == oidctest.Discovery {
					fake.Break(tc.endpoint, silent)
					_, _, err = p.Begin(t.Context())
				} else {
					var address string
					var state oidc.State
					if address, state, err = p.Begin(t.Context()); err != nil {
						t.Fatal(err)
					}
					fake.Break(tc.endpoint, silent)
					_, err = p.Finish(t.Context(), state, visitInMemory(t, fake, address))
				}
				if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "in time") {
					t.Errorf("got %v, want ErrUnavailable about time", err)
				}
				if took := time.Since(begun); took != tc.within {
					t.Errorf("it took %v, want %v", took, tc.within)
				}
				fake.Break(tc.endpoint, nil)
				if address, state, err := p.Begin(t.Context()); err != nil {
					t.Errorf("afterwards: %v", err)
				} else if _, err := p.Finish(t.Context(), state, visitInMemory(t, fake, address)); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

// TestSlowProvider: each answer comes just in time, all of them do not.
func TestSlowProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, p := connect(t)
		address, state, err := p.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		query := visitInMemory(t, fake, address)
		p.Through(slow{inMemory{fake}, 9 * time.Second})
		begun := time.Now()
		if _, err := p.Finish(t.Context(), state, query); !errors.Is(err, oidc.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		if took := time.Since(begun); took != 20*time.Second {
			t.Errorf("it took %v, want 20s", took)
		}
	})
}

// slow waits before each answer.
type slow struct {
	base http.RoundTripper
	wait time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(s.wait):
		return s.base.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestDiscoveryIsSharedAndRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, p := connect(t)
		p.Through(slow{inMemory{fake}, time.Second})
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if _, _, err := p.Begin(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		check := func(when string, want int) {
			t.Helper()
			if _, _, err := p.Begin(t.Context()); err != nil {
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
			_, _, err := p.Begin(t.Context())
			first <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if _, _, err := p.Begin(ctx); !errors.Is(err, oidc.ErrUnavailable) || time.Since(begun) != time.Second {
			t.Errorf("the second: %v after %v, want ErrUnavailable after its own second", err, time.Since(begun))
		}
		if err := <-first; !errors.Is(err, oidc.ErrUnavailable) {
			t.Errorf("the first: %v", err)
		}
	})
}

func TestStateLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, p := connect(t)
		address, state, err := p.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(oidc.StateLife - time.Second)
		query := visitInMemory(t, fake, address)
		if _, err := p.Finish(t.Context(), state, query); err != nil {
			t.Errorf("just in time: %v", err)
		}
		query = visitInMemory(t, fake, address)
		time.Sleep(time.Second)
		if _, err := p.Finish(t.Context(), state, query); !errors.Is(err, oidc.ErrRefused) || !strings.Contains(err.Error(), "too long") {
			t.Errorf("too late: %v", err)
		}
	})
}

func TestRotatedKeys(t *testing.T) {
	t.Parallel()
	server, p := start(t, quick())
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	if err := server.RotateKey(); err != nil {
		t.Fatal(err)
	}
	server.Break(oidctest.Keys, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	if _, err := signIn(t, p); !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "500") {
		t.Errorf("while the new key cannot be fetched: %v, want ErrUnavailable, for nothing is forged", err)
	}
	server.Break(oidctest.Keys, nil)
	if _, err := signIn(t, p); err != nil {
		t.Errorf("with the new key: %v", err)
	}
}

func TestBadAnswers(t *testing.T) {
	t.Parallel()
	huge := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"issuer":"`)
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		_, _ = io.WriteString(w, `"}`)
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"access_token":"`)
	}
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Sign in</html>") }
	missing := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) }
	elsewhere := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost:1"+r.URL.Path, http.StatusTemporaryRedirect)
	}
	otherScheme := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusFound)
	}
	inCircles := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	}
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		want   map[oidctest.Endpoint]string
	}{
		{"huge", huge, map[oidctest.Endpoint]string{oidctest.Discovery: "too long", oidctest.Token: "too long", oidctest.Keys: "too long", oidctest.UserInfo: "too long"}},
		{"cut off", cut, map[oidctest.Endpoint]string{oidctest.Discovery: "cut", oidctest.Token: "cut", oidctest.Keys: "cut", oidctest.UserInfo: "cut"}},
		{"a page", page, map[oidctest.Endpoint]string{oidctest.Discovery: "not understood", oidctest.Token: "not understood", oidctest.Keys: "not understood", oidctest.UserInfo: "not understood"}},
		{"not found", missing, map[oidctest.Endpoint]string{oidctest.Discovery: "404", oidctest.Token: "404", oidctest.Keys: "404", oidctest.UserInfo: "404"}},
		{"another host", elsewhere, map[oidctest.Endpoint]string{oidctest.Discovery: "another address", oidctest.Token: "another address", oidctest.Keys: "another address", oidctest.UserInfo: "another address"}},
		{"another scheme", otherScheme, map[oidctest.Endpoint]string{oidctest.Discovery: "another address", oidctest.Token: "another address", oidctest.Keys: "another address", oidctest.UserInfo: "another address"}},
		{"in circles", inCircles, map[oidctest.Endpoint]string{oidctest.Discovery: "another address", oidctest.Token: "another address", oidctest.Keys: "another address", oidctest.UserInfo: "another address"}},
	} {
		for endpoint, want := range tc.want {
			t.Run(tc.name+" at "+string(endpoint), func(t *testing.T) {
				t.Parallel()
				server, p := start(t, quick())
				var err error
				if endpoint == oidctest.Discovery {
					server.Break(endpoint, tc.answer)
					_, _, err = p.Begin(t.Context())
				} else {
					state, query := begin(t, p)
					server.Break(endpoint, tc.answer)
					_, err = p.Finish(t.Context(), state, query)
				}
				if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want ErrUnavailable about %q", err, want)
				}
			})
		}
	}
}

func TestRedirectWithinTheHost(t *testing.T) {
	t.Parallel()
	server, p := start(t, quick())
	var once sync.Once
	server.Break(oidctest.Discovery, func(w http.ResponseWriter, r *http.Request) {
		server.Break(oidctest.Discovery, nil)
		once.Do(func() { http.Redirect(w, r, r.URL.Path, http.StatusMovedPermanently) })
	})
	if _, err := signIn(t, p); err != nil {
		t.Error(err)
	}
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
			_, _, err := p.Begin(t.Context())
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
