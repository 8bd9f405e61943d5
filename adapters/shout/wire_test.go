package shout_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/adapters/shout/shouttest"
	"cz-visa-monitor/app/alert"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// uglyPasswords are those that break hand-made URLs.
func uglyPasswords() []string {
	return []string{
		"simple", "p@ss#w:o/r%d?&+ =ünïcode", "%41%2F%zz", "a b  c", " leading and trailing ", `back\slash"quote'`,
		"@", ":", "/", "#", "?", "&", "%", "+", "[::1]", "日本語", "a;b,c|d", "<b>&amp;",
	}
}

func message() alert.Message {
	return alert.Message{
		ID: "0196a1b2c3d4abcdefghijklmnop", Title: "Předběžně kladně: Anna – „studium“ 🎉",
		Text: "First line.\n\nDruhý odstavec: ěščřžýáíé & <b>no HTML</b>.", HTML: "<p>First line.</p>",
		Priority: 4, Tags: []string{"+1", "eyes"}, Link: "https://watch.example.com/applications/abc?x=1&y=2",
		At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	}
}

// peer is what all the fakes offer.
type peer interface {
	http.Handler
	Messages() []shouttest.Message
	Problems() []string
	Requests() int
	Script(...shouttest.Trouble)
}

// serve starts p and complains about its problems at the end.
func serve(t *testing.T, p peer) string {
	t.Helper()
	srv := httptest.NewServer(p)
	t.Cleanup(func() {
		srv.Close()
		if diff := cmp.Diff([]string(nil), p.Problems()); diff != "" {
			t.Errorf("the server wonders:\n%s", diff)
		}
	})
	return srv.URL
}

func send(t *testing.T, kind string, fields map[string]string, m alert.Message) error {
	t.Helper()
	n := shout.New(shout.Config{})
	c := alert.Channel{ID: "c", Kind: kind, Fields: fields}
	if err := n.Validate(c); err != nil {
		return fmt.Errorf("validate: %w", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return n.Send(ctx, c, m)
}

// wantOne complains unless p has exactly the message want.
func wantOne(t *testing.T, p peer, want shouttest.Message) {
	t.Helper()
	want.Times = 1
	diff := cmp.Diff([]shouttest.Message{want}, p.Messages(), cmpopts.IgnoreFields(shouttest.Message{}, "At"))
	if diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestNtfyOnTheWire(t *testing.T) {
	t.Parallel()
	m := message()
	want := shouttest.Message{
		ID: m.ID, To: "visa-news", Title: m.Title, Text: m.Text, Priority: 4, Tags: m.Tags, Link: m.Link,
	}
	t.Run("open server", func(t *testing.T) {
		t.Parallel()
		p := shouttest.NewNtfy(shouttest.NtfyConfig{})
		if err := send(t, "ntfy", map[string]string{"server": serve(t, p) + "/", "topic": " visa-news "}, m); err != nil {
			t.Fatal(err)
		}
		wantOne(t, p, want)
	})
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		p := shouttest.NewNtfy(shouttest.NtfyConfig{Token: "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"})
		fields := map[string]string{"server": serve(t, p), "topic": "visa-news", "token": "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"}
		if err := send(t, "ntfy", fields, m); err != nil {
			t.Fatal(err)
		}
		wantOne(t, p, want)
	})
	for _, password := range uglyPasswords() {
		t.Run("password "+password, func(t *testing.T) {
			t.Parallel()
			p := shouttest.NewNtfy(shouttest.NtfyConfig{User: "änna@x/y", Password: password})
			fields := map[string]string{"server": serve(t, p), "topic": "visa-news", "user": "änna@x/y", "password": password}
			if err := send(t, "ntfy", fields, m); err != nil {
				t.Fatal(err)
			}
			wantOne(t, p, want)
		})
	}
	t.Run("without anything optional", func(t *testing.T) {
		t.Parallel()
		p := shouttest.NewNtfy(shouttest.NtfyConfig{})
		plain := alert.Message{ID: "an id that is no sequence", Title: "Plain", Text: "Text", Priority: 3}
		if err := send(t, "ntfy", map[string]string{"server": serve(t, p), "topic": "t"}, plain); err != nil {
			t.Fatal(err)
		}
		wantOne(t, p, shouttest.Message{To: "t", Title: "Plain", Text: "Text", Priority: 3})
	})
	t.Run("long title and text", func(t *testing.T) {
		t.Parallel()
		p := shouttest.NewNtfy(shouttest.NtfyConfig{})
		long := m
		long.Title, long.Text = strings.Repeat("ž", 120), strings.Repeat("řízení ", 1000)
		if err := send(t, "ntfy", map[string]string{"server": serve(t, p), "topic": "t"}, long); err != nil {
			t.Fatal(err)
		}
		if got := p.Messages()[0]; got.Title != long.Title || !strings.HasSuffix(got.Text, "…") || len(got.Text) < 3900 {
			t.Errorf("title %q, text of %d bytes", got.Title, len(got.Text))
		}
	})
	t.Run("a title is one line", func(t *testing.T) {
		t.Parallel()
		p := shouttest.NewNtfy(shouttest.NtfyConfig{})
		broken := m
		broken.Title = "Title\r\nPriority: 1"
		if err := send(t, "ntfy", map[string]string{"server": serve(t, p), "topic": "t"}, broken); err != nil {
			t.Fatal(err)
		}
		if got := p.Messages()[0]; got.Title != "Title Priority: 1" || got.Priority != 4 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestNtfyRepetitionTakesThePlace(t *testing.T) {
	t.Parallel()
	p := shouttest.NewNtfy(shouttest.NtfyConfig{})
	fields := map[string]string{"server": serve(t, p), "topic": "visa-news"}
	p.Script(shouttest.LoseAnswer())
	if err := send(t, "ntfy", fields, message()); err == nil || errors.Is(err, alert.ErrFinal) {
		t.Fatalf("error is %v, want a temporary one", err)
	}
	if err := send(t, "ntfy", fields, message()); err != nil {
		t.Fatal(err)
	}
	if got := p.Messages(); len(got) != 1 || got[0].Times != 2 {
		t.Errorf("messages are %+v, want one that came twice", got)
	}
}

func TestGotifyOnTheWire(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ path, token string }{
		"token of today":   {"", "gtfya.MCowBQYDK2VwAyEAabcdefghijklmnopqrstuvwxyz0123456789_-A"},
		"older token":      {"", "AbCdEf0123456.-"},
		"sub-path":         {"/gotify", "AbCdEf0123456.-"},
		"deeper sub-path":  {"/apps/gotify", "AbCdEf0123456.-"},
		"odd sub-path":     {"/go%20tify%2Fä", "AbCdEf0123456.-"},
		"sub-path, modern": {"/g", "gtfya.MCowBQYDK2VwAyEAabcdefghijklmnopqrstuvwxyz0123456789_-A"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, err := url.PathUnescape(tt.path)
			if err != nil || strings.Contains(name, "odd") {
				path = "/go tify/ä" // What the path means once it has gone through the library.
			}
			p := shouttest.NewGotify(shouttest.GotifyConfig{Path: path, Token: tt.token})
			m := message()
			if err := send(t, "gotify", map[string]string{"server": serve(t, p) + tt.path, "token": tt.token}, m); err != nil {
				t.Fatal(err)
			}
			wantOne(t, p, shouttest.Message{Title: m.Title, Text: m.Text, Priority: 7, Link: m.Link})
		})
	}
}

func TestMatrixOnTheWire(t *testing.T) {
	t.Parallel()
	m := message()
	rooms := map[string]string{"#visa:example.com": "!abcDEF123:example.com", "": "!roomWithoutAServer"}
	want := shouttest.Message{ID: m.ID, To: "!abcDEF123:example.com", Title: m.Title, Text: m.Text}
	for _, room := range []string{"!abcDEF123:example.com", "#visa:example.com"} {
		t.Run("token, room "+room, func(t *testing.T) {
			t.Parallel()
			p := shouttest.NewMatrix(shouttest.MatrixConfig{Token: "syt_YW5uYQ_abc/+=", Rooms: rooms})
			fields := map[string]string{"server": serve(t, p), "token": "syt_YW5uYQ_abc/+=", "room": room}
			if err := send(t, "matrix", fields, m); err != nil {
				t.Fatal(err)
			}
			wantOne(t, p, want)
		})
	}
	for _, password := range uglyPasswords() {
		t.Run("password "+password, func(t *testing.T) {
			t.Parallel()
			p := shouttest.NewMatrix(shouttest.MatrixConfig{User: "watch", Password: password, Rooms: rooms})
			fields := map[string]string{"server": serve(t, p), "user": "watch", "password": password, "room": "!roomWithoutAServer"}
			if err := send(t, "matrix", fields, m); err != nil {
				t.Fatal(err)
			}
			got := want
			got.To = "!roomWithoutAServer"
			wantOne(t, p, got)
		})
	}
}

// Matrix takes a transaction once: a message whose answer was lost does not
// appear twice.
func TestMatrixExactlyOnce(t *testing.T) {
	t.Parallel()
	p := shouttest.NewMatrix(shouttest.MatrixConfig{Token: "syt_x", Rooms: map[string]string{"": "!room:example.com"}})
	fields := map[string]string{"server": serve(t, p), "token": "syt_x", "room": "!room:example.com"}
	p.Script(shouttest.LoseAnswer())
	if err := send(t, "matrix", fields, message()); err == nil {
		t.Fatal("the lost answer was not noticed")
	}
	if err := send(t, "matrix", fields, message()); err != nil {
		t.Fatal(err)
	}
	if got := p.Messages(); len(got) != 1 || got[0].Times != 2 {
		t.Errorf("messages are %+v, want one that came twice", got)
	}
}

func TestWebhookOnTheWire(t *testing.T) {
	t.Parallel()
	m := message()
	for _, secret := range uglyPasswords() {
		t.Run("secret "+secret, func(t *testing.T) {
			t.Parallel()
			uri := "/hook/" + url.PathEscape(secret) + "?template=x&title=y&@h=z&key=" + url.QueryEscape(secret)
			p := shouttest.NewWebhook(shouttest.WebhookConfig{
				URI: uri, Header: http.Header{"X-Api-Key": {strings.TrimSpace(secret)}, "Authorization": {"Bearer abc"}},
			})
			fields := map[string]string{
				"url": serve(t, p) + uri, "headers": "X-API-Key: " + secret + "\nAuthorization:Bearer abc\n",
			}
			if err := send(t, "webhook", fields, m); err != nil {
				t.Fatal(err)
			}
			wantOne(t, p, shouttest.Message{
				ID: m.ID, To: "/hook/" + secret, Title: m.Title, Text: m.Text, Priority: 4, Tags: m.Tags, Link: m.Link,
			})
		})
	}
}

// The raw kind reaches whatever the library offers.
func TestRawURLOnTheWire(t *testing.T) {
	t.Parallel()
	p := shouttest.NewGotify(shouttest.GotifyConfig{Token: "AbCdEf0123456.-"})
	address, _ := url.Parse(serve(t, p))
	m := message()
	raw := "gotify://" + address.Host + "/AbCdEf0123456.-?disabletls=yes&useheader=yes&title=From+the+URL"
	if err := send(t, "url", map[string]string{"url": raw}, m); err != nil {
		t.Fatal(err)
	}
	wantOne(t, p, shouttest.Message{Title: "From the URL", Text: m.Title + "\n\n" + m.Text})

	hook := shouttest.NewNtfy(shouttest.NtfyConfig{})
	address, _ = url.Parse(serve(t, hook))
	if err := send(t, "url", map[string]string{"url": "generic+http://" + address.Host + "/topic"}, m); err != nil {
		t.Fatal(err)
	}
	wantOne(t, hook, shouttest.Message{To: "topic", Text: m.Title + "\n\n" + m.Text, Priority: 3})
}

// A server with a certificate of a private authority is reached once that is
// trusted, and the error says why it is not before.
func TestTLS(t *testing.T) {
	t.Parallel()
	p := shouttest.NewNtfy(shouttest.NtfyConfig{})
	srv := httptest.NewUnstartedServer(p)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c := alert.Channel{Kind: "ntfy", Fields: map[string]string{"server": srv.URL, "topic": "t"}}
	err := shout.New(shout.Config{}).Send(t.Context(), c, message())
	if err == nil || !strings.Contains(err.Error(), "certificate is not trusted") || errors.Is(err, alert.ErrFinal) {
		t.Errorf("error is %v", err)
	}
	cas := x509.NewCertPool()
	cas.AddCert(srv.Certificate())
	if err := shout.New(shout.Config{CAs: cas}).Send(t.Context(), c, message()); err != nil {
		t.Error(err)
	}
	c.Fields["server"] = strings.Replace(srv.URL, "https", "http", 1)
	err = shout.New(shout.Config{}).Send(t.Context(), c, message())
	if err == nil {
		t.Error("speaking plain HTTP to a TLS port went well")
	}
}

// Every kind, every address: IPv6 with a port, too.
func TestIPv6(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "[::1]:0")
	if err != nil {
		t.Fatalf("this machine has no IPv6 loopback, which the test needs: %v", err)
	}
	p := shouttest.NewNtfy(shouttest.NtfyConfig{})
	srv := &httptest.Server{Listener: ln, Config: &http.Server{Handler: p, ReadHeaderTimeout: time.Second}}
	srv.Start()
	t.Cleanup(srv.Close)
	if err := send(t, "ntfy", map[string]string{"server": "http://" + ln.Addr().String(), "topic": "t"}, message()); err != nil {
		t.Error(err)
	}
	if len(p.Messages()) != 1 {
		t.Errorf("messages are %+v", p.Messages())
	}
}
