package shout_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cz-visa-monitor/adapters/shout/shouttest/smtpd"
)

// loginServer is a mail server that knows TLS and logins, which the OpenSMTPD
// at hand does not. It accepts a mail only after a login and remembers whose.
type loginServer struct {
	server    *smtpd.Server
	cas       *x509.CertPool
	tls       *tls.Config
	startTLS  bool
	mechanism string
	users     map[string]string

	mu       sync.Mutex
	accepted map[string]string
}

func startLoginServer(t *testing.T, encryption, mechanism string, users map[string]string) *loginServer {
	t.Helper()
	// net/http/httptest has a certificate for 127.0.0.1.
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	s := &loginServer{
		cas: x509.NewCertPool(), tls: &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12},
		startTLS: encryption == "starttls", mechanism: mechanism, users: users, accepted: map[string]string{},
	}
	s.cas.AddCert(web.Certificate())
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if encryption == "tls" {
		ln = tls.NewListener(ln, s.tls)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	s.server = &smtpd.Server{Host: "127.0.0.1", Port: port}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return // The test has ended.
			}
			serving.Go(func() {
				defer func() { _ = conn.Close() }()
				(&mailSession{s: s, conn: conn}).talk(encryption != "tls" && s.startTLS)
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); serving.Wait() })
	return s
}

// sent returns the logins under which mails were accepted.
func (s *loginServer) sent() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.accepted)
}

// mailSession is one connection.
type mailSession struct {
	s     *loginServer
	conn  net.Conn
	lines *bufio.Reader
	user  string
}

func (m *mailSession) say(format string, args ...any) {
	_, _ = fmt.Fprintf(m.conn, format+"\r\n", args...)
}

func (m *mailSession) hear() (string, bool) {
	line, err := m.lines.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err == nil
}

// talk goes through the dialogue; mustEncrypt asks for STARTTLS first.
func (m *mailSession) talk(mustEncrypt bool) {
	m.lines = bufio.NewReader(m.conn)
	m.say("220 ready")
	for {
		line, ok := m.hear()
		if !ok {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "EHLO":
			if mustEncrypt {
				m.say("250-hello\r\n250 STARTTLS")
			} else {
				m.say("250-hello\r\n250 AUTH %s", m.s.mechanism)
			}
		case "STARTTLS":
			m.say("220 go on")
			m.conn = tls.Server(m.conn, m.s.tls)
			m.lines, mustEncrypt = bufio.NewReader(m.conn), false
		case "AUTH":
			m.login(rest)
		case "MAIL", "RCPT":
			if m.user == "" {
				m.say("530 5.7.0 log in first")
				continue
			}
			m.say("250 ok")
		case "DATA":
			m.say("354 go on")
			for line != "." && ok {
				line, ok = m.hear()
			}
			m.s.mu.Lock()
			m.s.accepted[m.user] = m.s.users[m.user]
			m.s.mu.Unlock()
			m.say("250 accepted")
		case "QUIT":
			m.say("221 bye")
			return
		default:
			m.say("500 what?")
		}
	}
}

// login checks a login and, refusing, repeats what it got, as some servers do.
func (m *mailSession) login(rest string) {
	mechanism, first, _ := strings.Cut(rest, " ")
	var user, password string
	switch {
	case mechanism != m.s.mechanism:
		m.say("504 no such way")
		return
	case mechanism == "PLAIN":
		parts := strings.Split(decode64(first), "\x00")
		if len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case mechanism == "LOGIN":
		user, password = m.challenge("Username:"), m.challenge("Password:")
	case mechanism == "CRAM-MD5":
		const nonce = "<1896.697170952@example.com>"
		answer := m.challenge(nonce)
		at := max(strings.LastIndex(answer, " "), 0)
		user = answer[:at]
		mac := hmac.New(md5.New, []byte(m.s.users[user]))
		mac.Write([]byte(nonce))
		if answer[at:] == " "+hex.EncodeToString(mac.Sum(nil)) {
			password = m.s.users[user]
		}
	}
	if right, known := m.s.users[user]; !known || right != password {
		m.say("535 5.7.8 no: AUTH %s", rest)
		return
	}
	m.user = user
	m.say("235 welcome")
}

func (m *mailSession) challenge(text string) string {
	m.say("334 %s", base64.StdEncoding.EncodeToString([]byte(text)))
	line, _ := m.hear()
	return decode64(line)
}

func decode64(s string) string {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(raw)
}
