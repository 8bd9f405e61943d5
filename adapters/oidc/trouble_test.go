package oidc_test

import (
	"bytes"
	"errors"
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
	if _, _, err := p.Begin(t.Context(), false); !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
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
	for _, endpoint := range []oidctest.Endpoint{oidctest.Discovery, oidctest.Token, oidctest.Keys, oidctest.UserInfo} {
		t.Run(string(endpoint), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, p := connect(t)
				begun := time.Now()
				var err error
				if endpoint == oidctest.Discovery {
					fake.Break(endpoint, silent)
					_, _, err = p.Begin(t.Context(), false)
				} else {
					var address string
					var state oidc.State
					if address, state, err = p.Begin(t.Context(), false); err != nil {
						t.Fatal(err)
					}
					fake.Break(endpoint, silent)
					_, err = p.Finish(t.Context(), state, visitInMemory(t, fake, address))
				}
				if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "in time") {
					t.Errorf("got %v, want ErrUnavailable about time", err)
				}
				if took := time.Since(begun); took != 10*time.Second {
					t.Errorf("it took %v, want 10s", took)
				}
				fake.Break(endpoint, nil)
				if address, state, err := p.Begin(t.Context(), false); err != nil {
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
		address, state, err := p.Begin(t.Context(), false)
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

func TestStateLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, p := connect(t)
		address, state, err := p.Begin(t.Context(), false)
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
					_, _, err = p.Begin(t.Context(), false)
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

// TestCodeIsNotSentOn: not even within the host is the form with the code and
// the verifier sent a second time.
func TestCodeIsNotSentOn(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			server, p := start(t, quick())
			state, query := begin(t, p)
			server.Break(oidctest.Token, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, status) })
			if _, err := p.Finish(t.Context(), state, query); !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "another address") {
				t.Errorf("got %v, want ErrUnavailable about the address", err)
			}
			if got := server.Requests(oidctest.Token); got != 1 {
				t.Errorf("the token endpoint was asked %d times, want once", got)
			}
		})
	}
}
