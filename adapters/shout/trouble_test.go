package shout_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/adapters/shout/shouttest"
	"cz-visa-monitor/app/alert"
)

const (
	gotifyToken = "AbCdEf0123456.-"
	secretWord  = "s3cr3t/p@ss:w%rd"
)

// httpKind is a kind of channel that speaks HTTP, with a server for it.
type httpKind struct {
	name   string
	peer   func() peer
	fields func(base string) map[string]string
}

func httpKinds() []httpKind {
	return []httpKind{
		{
			"ntfy", func() peer {
				return shouttest.NewNtfy(shouttest.NtfyConfig{User: "anna.private", Password: secretWord})
			},
			func(base string) map[string]string {
				return map[string]string{"server": base, "topic": "private-topic", "user": "anna.private", "password": secretWord}
			},
		},
		{
			"gotify", func() peer { return shouttest.NewGotify(shouttest.GotifyConfig{Token: gotifyToken}) },
			func(base string) map[string]string { return map[string]string{"server": base, "token": gotifyToken} },
		},
		{
			"matrix", func() peer {
				return shouttest.NewMatrix(shouttest.MatrixConfig{Token: secretWord, Rooms: map[string]string{"": "!private:example.com"}})
			},
			func(base string) map[string]string {
				return map[string]string{"server": base, "token": secretWord, "room": "!private:example.com"}
			},
		},
		{
			"matrix with a password", func() peer {
				return shouttest.NewMatrix(shouttest.MatrixConfig{
					User: "anna.private", Password: secretWord, Rooms: map[string]string{"#private:example.com": "!private:example.com"},
				})
			},
			func(base string) map[string]string {
				return map[string]string{"server": base, "user": "anna.private", "password": secretWord, "room": "#private:example.com"}
			},
		},
		{
			"webhook", func() peer { return shouttest.NewWebhook(shouttest.WebhookConfig{}) },
			func(base string) map[string]string {
				return map[string]string{"url": base + "/private-topic?key=" + gotifyToken, "headers": "X-Key: " + secretWord}
			},
		},
		{
			"url", func() peer { return shouttest.NewGotify(shouttest.GotifyConfig{Token: gotifyToken}) },
			func(base string) map[string]string {
				host := strings.TrimPrefix(base, "http://")
				return map[string]string{"url": "gotify://" + host + "/" + gotifyToken + "?disabletls=yes&useheader=yes"}
			},
		},
	}
}

func (k httpKind) channel(base string) alert.Channel {
	kind, _, _ := strings.Cut(k.name, " ")
	return alert.Channel{Kind: kind, Fields: k.fields(base)}
}

// wantSafe complains where err tells what it must not.
func wantSafe(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{
		gotifyToken, secretWord, "s3cr3t", "private-topic", "anna.private", "!private", "#private",
		"s3cr3t%2Fp%40ss%3Aw%25rd", "czNjcjN0L3BAc3M6dyVyZA",
	} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		trouble shouttest.Trouble
		final   bool
		want    string
	}{
		{"400", shouttest.Answer(400, `{"error":"bad"}`), true, "the server answered 400 Bad Request: {\"error\":\"bad\"}"},
		{"401", shouttest.Answer(401, `{"code":40101,"http":401,"error":"unauthorized"}`), true, "401 Unauthorized: {\"code\":40101"},
		{"403", shouttest.Answer(403, `{"errcode":"M_FORBIDDEN"}`), true, "403 Forbidden"},
		{"404 with a page", shouttest.Answer(404, "<html><title>No</title>"), true, "answered 404 Not Found"},
		{"408", shouttest.Answer(408, ``), false, "408 Request Timeout"},
		{"413", shouttest.Answer(413, ``), true, "413"},
		{"429", shouttest.Answer(429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}`), false, "429 Too Many Requests"},
		{"500", shouttest.Answer(500, "oops\x00\n\toops"), false, "500 Internal Server Error: oops oops"},
		{"502 without end", shouttest.Answer(502, strings.Repeat("x", 200_000)), false, "xxx…"},
		{"moved", shouttest.Redirect(301, "https://elsewhere.example.com/"), false, "wants to be called at another address"},
		{"moved for now", shouttest.Redirect(307, "/elsewhere"), false, "another address"},
		{"reset", shouttest.Reset(), false, "cut the connection off"},
	}
	for _, k := range httpKinds() {
		for _, tt := range tests {
			t.Run(k.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				p := k.peer()
				srv := httptest.NewServer(p)
				t.Cleanup(srv.Close)
				p.Script(tt.trouble)
				err := shout.New(shout.Config{}).Send(t.Context(), k.channel(srv.URL), message())
				if err == nil {
					t.Fatal("no error")
				}
				if errors.Is(err, alert.ErrFinal) != tt.final || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("final is %t, error is %v", errors.Is(err, alert.ErrFinal), err)
				}
				if len(err.Error()) > 1000 {
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
				wantSafe(t, err)
				if len(p.Messages()) != 0 {
					t.Errorf("messages are %+v", p.Messages())
				}
			})
		}
	}
}

// A server that repeats what it was sent gives nothing away.
func TestTalkativePeer(t *testing.T) {
	t.Parallel()
	for _, k := range httpKinds() {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintf(w, "you asked for %s with %v", r.URL, r.Header)
			for name, value := range k.fields("") {
				if name != "server" {
					_, _ = fmt.Fprintf(w, " %s %q %s %s;", value, value, url.QueryEscape(value), url.PathEscape(value))
				}
			}
		}))
		t.Cleanup(srv.Close)
		err := shout.New(shout.Config{}).Send(t.Context(), k.channel(srv.URL), message())
		if err == nil || !strings.Contains(err.Error(), "503 Service Unavailable: you asked for") {
			t.Fatalf("%s: error is %v", k.name, err)
		}
		wantSafe(t, err)
	}
}

func TestSilentPeer(t *testing.T) {
	t.Parallel()
	for _, k := range httpKinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			p := k.peer()
			srv := httptest.NewServer(p)
			t.Cleanup(srv.Close)
			p.Script(shouttest.Silence())
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			err := shout.New(shout.Config{}).Send(ctx, k.channel(srv.URL), message())
			if err == nil || errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "did not answer in time") {
				t.Errorf("error is %v", err)
			}
			wantSafe(t, err)
		})
	}
}

func TestGonePeer(t *testing.T) {
	t.Parallel()
	for _, k := range httpKinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(k.peer())
			srv.Close()
			err := shout.New(shout.Config{}).Send(t.Context(), k.channel(srv.URL), message())
			if err == nil || errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "connection was refused") {
				t.Errorf("error is %v", err)
			}
			wantSafe(t, err)
		})
	}
}

func TestUnknownHost(t *testing.T) {
	t.Parallel()
	c := alert.Channel{Kind: "ntfy", Fields: map[string]string{"server": "http://no-such-host.invalid", "topic": "t"}}
	err := shout.New(shout.Config{}).Send(t.Context(), c, message())
	if err == nil || errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "name of the host cannot be found") {
		t.Errorf("error is %v", err)
	}
}

// A wrong login is final, and says what the server said.
func TestWrongLogin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		peer   peer
		kind   string
		fields map[string]string
		want   string
	}{
		"ntfy password": {
			shouttest.NewNtfy(shouttest.NtfyConfig{User: "anna", Password: "right"}), "ntfy",
			map[string]string{"topic": "t", "user": "anna", "password": secretWord},
			"40101",
		},
		"ntfy token": {
			shouttest.NewNtfy(shouttest.NtfyConfig{Token: "tk_right"}), "ntfy",
			map[string]string{"topic": "t", "token": secretWord},
			"40101",
		},
		"ntfy without login": {
			shouttest.NewNtfy(shouttest.NtfyConfig{Token: "tk_right"}), "ntfy", map[string]string{"topic": "t"}, "40301",
		},
		"gotify": {
			shouttest.NewGotify(shouttest.GotifyConfig{Token: "ARight0123456.-"}), "gotify",
			map[string]string{"token": gotifyToken},
			"provide a valid access token",
		},
		"matrix token": {
			shouttest.NewMatrix(shouttest.MatrixConfig{Token: "right"}), "matrix",
			map[string]string{"token": secretWord, "room": "!r:example.com"},
			"M_UNKNOWN_TOKEN",
		},
		"matrix password": {
			shouttest.NewMatrix(shouttest.MatrixConfig{User: "watch", Password: "right"}), "matrix",
			map[string]string{"user": "watch", "password": secretWord, "room": "!r:example.com"},
			"Invalid username or password",
		},
		"matrix room": {
			shouttest.NewMatrix(shouttest.MatrixConfig{Token: "right"}), "matrix",
			map[string]string{"token": "right", "room": "#nowhere:example.com"},
			"Room alias not found",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.fields["server"] = serve(t, tt.peer)
			err := send(t, tt.kind, tt.fields, message())
			if !errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want a final one with %q", err, tt.want)
			}
			wantSafe(t, err)
		})
	}
}

// A router's sign-in page or another web server answers everything with 200.
func TestWrongServer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>Welcome!</html>"))
	}))
	t.Cleanup(srv.Close)
	for _, k := range httpKinds() {
		if k.name == "webhook" {
			continue // Any 2xx is what a webhook's receiver answers.
		}
		err := shout.New(shout.Config{}).Send(t.Context(), k.channel(srv.URL), message())
		if err == nil || errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "is the address right?") {
			t.Errorf("%s: error is %v", k.name, err)
		}
	}
}

func TestSendWithWrongFields(t *testing.T) {
	t.Parallel()
	for _, c := range []alert.Channel{
		{Kind: "pigeon"}, {Kind: "ntfy"}, {Kind: "email"}, {Kind: "url", Fields: map[string]string{"url": "logger://"}},
	} {
		if err := shout.New(shout.Config{}).Send(t.Context(), c, message()); !errors.Is(err, alert.ErrNoRetry) {
			t.Errorf("%s: error is %v, want one that is not tried again", c.Kind, err)
		}
	}
}

// A context that has ended sends nothing.
func TestEndedContext(t *testing.T) {
	t.Parallel()
	for _, k := range httpKinds() {
		p := k.peer()
		srv := httptest.NewServer(p)
		t.Cleanup(srv.Close)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := shout.New(shout.Config{}).Send(ctx, k.channel(srv.URL), message()); err == nil || errors.Is(err, alert.ErrFinal) {
			t.Errorf("%s: error is %v", k.name, err)
		}
		if p.Requests() != 0 {
			t.Errorf("%s: %d requests were made", k.name, p.Requests())
		}
	}
}
