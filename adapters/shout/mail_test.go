package shout_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/adapters/shout/shouttest/smtpd"
	"cz-visa-monitor/app/alert"
)

// mailChannel returns a channel to s with more fields.
func mailChannel(s *smtpd.Server, encryption string, more ...string) alert.Channel {
	fields := map[string]string{
		"host": s.Host, "port": s.Port, "encryption": encryption,
		"from": "Hlídač víz <watch@example.com>", "to": "Anna Nováková <anna@example.com>",
	}
	for i := 0; i+1 < len(more); i += 2 {
		fields[more[i]] = more[i+1]
	}
	return alert.Channel{ID: "c", Kind: "email", Fields: fields}
}

func sendMail(t *testing.T, c alert.Channel, cas *x509.CertPool, m alert.Message) error {
	t.Helper()
	n := shout.New(shout.Config{CAs: cas})
	if err := n.Validate(c); err != nil {
		return fmt.Errorf("validate: %w", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return n.Send(ctx, c, m)
}

func TestMailThroughOpenSMTPD(t *testing.T) {
	t.Parallel()
	s := smtpd.Start(t)
	m := message()
	m.Text = "Begin.\n.\n..two dots\n" + strings.Repeat("dlouhý řádek ", 200) + "\nEnd."
	m.Priority = 5
	if err := sendMail(t, mailChannel(s, "none", "to", "anna@example.com, Jan <jan+visa@example.com>"), nil, m); err != nil {
		t.Fatal(err)
	}
	mails := s.Wait(t, 2)
	if len(mails) != 2 {
		t.Fatalf("%d mails arrived, want 2", len(mails))
	}
	for i, to := range []string{"anna@example.com", "jan+visa@example.com"} {
		got := mails[i]
		want := smtpd.Mail{
			From: "watch@example.com", To: []string{"anna@example.com", "jan+visa@example.com"}, EnvelopeTo: to,
			Subject: m.Title, Text: m.Text, HTML: m.HTML, Header: got.Header, Raw: got.Raw,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mail (-want +got):\n%s", diff)
		}
		for name, want := range map[string]string{
			"Message-Id": "<" + m.ID + "@example.com>", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
			"Importance": "high",
		} {
			if value := got.Header.Get(name); value != want {
				t.Errorf("%s is %q, want %q", name, value, want)
			}
		}
		if at, err := mail.ParseDate(got.Header.Get("Date")); err != nil || time.Since(at) > time.Minute {
			t.Errorf("Date is %v, %v", at, err)
		}
		if from, err := got.Header.AddressList("From"); err != nil || from[0].Name != "Hlídač víz" {
			t.Errorf("From is %v, %v", from, err)
		}
		for line := range strings.Lines(got.Raw) {
			if len(line) > 998 {
				t.Errorf("a line has %d bytes", len(line))
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r > 0x7e }) {
				t.Errorf("the mail is not ASCII: %q", line)
			}
		}
	}
}

// Every password survives, whatever the encryption and the way of login.
func TestMailLogin(t *testing.T) {
	t.Parallel()
	users := make(map[string]string)
	for i, password := range uglyPasswords() {
		users[fmt.Sprintf("user%02d@example.com", i)] = password
	}
	for _, encryption := range []string{"none", "starttls", "tls"} {
		for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
			t.Run(encryption+" "+mechanism, func(t *testing.T) {
				t.Parallel()
				s := startLoginServer(t, encryption, mechanism, users)
				for user, password := range users {
					if err := sendMail(t, mailChannel(s.server, encryption, "user", user, "password", password), s.cas, message()); err != nil {
						t.Errorf("password %q: %v", password, err)
					}
				}
				if diff := cmp.Diff(users, s.sent()); diff != "" {
					t.Errorf("logins of accepted mails (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestMailLoginRefused(t *testing.T) {
	t.Parallel()
	users := map[string]string{"anna.private": "right"}
	for _, encryption := range []string{"none", "starttls", "tls"} {
		t.Run(encryption, func(t *testing.T) {
			t.Parallel()
			s := startLoginServer(t, encryption, "PLAIN", users)
			err := sendMail(t, mailChannel(s.server, encryption, "user", "anna.private", "password", secretWord), s.cas, message())
			if !errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "the mail server answered 535 5.7.8 no: AUTH PLAIN •••") {
				t.Errorf("with a wrong password: %v", err)
			}
			wantSafe(t, err)
			err = sendMail(t, mailChannel(s.server, encryption), s.cas, message())
			if !errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "the mail server answered 530") {
				t.Errorf("without a login: %v", err)
			}
			if encryption == "none" {
				return
			}
			err = sendMail(t, mailChannel(s.server, encryption, "user", "anna.private", "password", "right"), nil, message())
			if err == nil || errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "certificate is not trusted") {
				t.Errorf("with an unknown certificate: %v", err)
			}
			if len(s.sent()) != 0 {
				t.Errorf("accepted mails of %v", s.sent())
			}
		})
	}
}

func TestMailRecipientRefused(t *testing.T) {
	t.Parallel()
	s := smtpd.Start(t)
	err := sendMail(t, mailChannel(s, "none", "to", "stranger@elsewhere.example.org"), nil, message())
	if !errors.Is(err, alert.ErrFinal) || errors.Is(err, alert.ErrNoRetry) || !strings.Contains(err.Error(), "the mail server answered 550") {
		t.Errorf("error is %v", err)
	}
	// The others get it all the same, and the refusal is told.
	err = sendMail(t, mailChannel(s, "none", "to", "anna@example.com, stranger@elsewhere.example.org"), nil, message())
	if !errors.Is(err, alert.ErrNoRetry) || !strings.Contains(err.Error(), "1 of 2 recipients were refused, the others have the message: ") {
		t.Errorf("error is %v", err)
	}
	if strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("the error tells the address: %v", err)
	}
	if got := s.Wait(t, 1); len(got) != 1 || got[0].EnvelopeTo != "anna@example.com" {
		t.Errorf("mails are %+v", got)
	}
}

func TestMailEncryptionNotOffered(t *testing.T) {
	t.Parallel()
	s := smtpd.Start(t)
	err := sendMail(t, mailChannel(s, "starttls"), nil, message())
	if !errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "does not offer STARTTLS") {
		t.Errorf("STARTTLS: %v", err)
	}
	err = sendMail(t, mailChannel(s, "tls"), nil, message())
	if err == nil || errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("TLS: %v", err)
	}
	err = sendMail(t, mailChannel(s, "none", "user", "anna", "password", "x"), nil, message())
	if !errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "offers no login") {
		t.Errorf("login: %v", err)
	}
}

// lineServer answers each line it gets with the next answer; "" hangs, "-" ends
// the connection. It returns its port.
func lineServer(t *testing.T, answers ...string) *smtpd.Server {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return // The test ended without a connection.
		}
		defer func() { _ = conn.Close() }()
		lines := bufio.NewReader(conn)
		for i, answer := range answers {
			if i > 0 {
				if _, err := lines.ReadString('\n'); err != nil {
					return
				}
			}
			switch answer {
			case "":
				_, _ = io.Copy(io.Discard, conn) // Until the client goes.
				return
			case "-":
				return
			}
			_, _ = fmt.Fprintf(conn, "%s\r\n", answer)
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return &smtpd.Server{Host: "127.0.0.1", Port: port}
}

func TestMailTrouble(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers []string
		final   bool
		want    string
	}{
		"silent":            {[]string{""}, false, "did not answer in time"},
		"silent later":      {[]string{"220 hi", "250 hi", ""}, false, "did not answer in time"},
		"hangs up":          {[]string{"220 hi", "-"}, false, "cut the connection off"},
		"busy":              {[]string{"421 too busy"}, false, "answered 421 too busy"},
		"grey-listed":       {[]string{"220 hi", "250 hi", "250 ok", "451 4.7.1 try later, anna@example.com"}, false, "answered 451 4.7.1 try later, •••"},
		"sender refused":    {[]string{"220 hi", "250 hi", "550 not you"}, true, "answered 550 not you"},
		"recipient refused": {[]string{"220 hi", "250 hi", "250 ok", "550 5.1.1 <anna@example.com>: unknown"}, true, "550 5.1.1 <•••>: unknown"},
		"content refused":   {[]string{"220 hi", "250 hi", "250 ok", "250 ok", "554 spam"}, true, "answered 554 spam"},
		"no mail server":    {[]string{"HTTP/1.1 400 Bad Request"}, false, "sending failed"},
		"closed by firewall": {
			[]string{"554 go away"}, true, "answered 554 go away",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mailChannel(lineServer(t, tt.answers...), "none")
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			err := shout.New(shout.Config{}).Send(ctx, c, message())
			if err == nil || errors.Is(err, alert.ErrFinal) != tt.final || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want final=%t with %q", err, tt.final, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "anna@") {
				t.Errorf("the error tells an address: %v", err)
			}
		})
	}
}

// One recipient put off for now puts the mail off for all: otherwise the others
// would get it again with each attempt.
func TestMailPutOffForAll(t *testing.T) {
	t.Parallel()
	s := lineServer(t, "220 hi", "250 hi", "250 ok", "250 anna", "451 jan later", "500 DATA must not come")
	err := sendMail(t, mailChannel(s, "none", "to", "anna@example.com, jan@example.com"), nil, message())
	if err == nil || errors.Is(err, alert.ErrFinal) || !strings.Contains(err.Error(), "451") {
		t.Errorf("error is %v", err)
	}
}

// Once a mail is accepted, what comes after makes no difference.
func TestMailAcceptedIsAccepted(t *testing.T) {
	t.Parallel()
	answers := []string{"220 hi", "250 hi", "250 ok", "250 ok", "354 go on"}
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		lines := bufio.NewReader(conn)
		for i, answer := range answers {
			if i > 0 {
				_, _ = lines.ReadString('\n')
			}
			_, _ = fmt.Fprintf(conn, "%s\r\n", answer)
		}
		for line := ""; line != ".\r\n"; {
			if line, err = lines.ReadString('\n'); err != nil {
				return
			}
		}
		_, _ = fmt.Fprint(conn, "250 accepted\r\n") // And gone, without a word to QUIT.
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if err := sendMail(t, mailChannel(&smtpd.Server{Host: "127.0.0.1", Port: port}, "none"), nil, message()); err != nil {
		t.Errorf("an accepted mail counts as failed: %v", err)
	}
}
