package smtpd

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Mail is what arrived, decoded.
type Mail struct {
	Header mail.Header
	// From and To are bare addresses; EnvelopeTo is whom this copy was
	// delivered to.
	From       string
	To         []string
	EnvelopeTo string
	Subject    string
	Text       string
	HTML       string
	// Raw is the mail as it lies in the maildir.
	Raw string
}

// Wait returns the mails once there are n or more; it fails the test where
// they do not come. They come in no certain order.
func (s *Server) Wait(t testing.TB, n int) []Mail {
	t.Helper()
	if !poll(func() bool { return len(s.files(t)) >= n }) {
		t.Fatalf("%d mails arrived, want %d", len(s.files(t)), n)
	}
	return s.Mails(t)
}

// Mails returns the mails that have arrived, sorted by whom they were delivered to.
func (s *Server) Mails(t testing.TB) []Mail {
	t.Helper()
	var mails []Mail
	for _, file := range s.files(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("read a mail: %v", err)
		}
		m, err := parse(string(raw))
		if err != nil {
			t.Fatalf("parse a mail: %v\n%s", err, raw)
		}
		mails = append(mails, m)
	}
	slices.SortStableFunc(mails, func(a, b Mail) int { return strings.Compare(a.EnvelopeTo, b.EnvelopeTo) })
	return mails
}

// files lists the mails; what is being written lies in another folder.
func (s *Server) files(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.maildir, "new", "*"))
	if err != nil {
		t.Fatalf("list the maildir: %v", err)
	}
	return files
}

func parse(raw string) (Mail, error) {
	msg, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: msg.Header, EnvelopeTo: msg.Header.Get("Delivered-To"), Raw: raw}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return m, fmt.Errorf("subject: %w", err)
	}
	from, err := mail.ParseAddress(msg.Header.Get("From"))
	if err != nil {
		return m, fmt.Errorf("from: %w", err)
	}
	m.From = from.Address
	to, err := mail.ParseAddressList(msg.Header.Get("To"))
	if err != nil {
		return m, fmt.Errorf("to: %w", err)
	}
	for _, a := range to {
		m.To = append(m.To, a.Address)
	}
	return m, m.parts(msg)
}

// parts reads the text and the HTML.
func (m *Mail) parts(msg *mail.Message) error {
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type: %w", err)
	}
	if kind != "multipart/alternative" {
		return m.part(kind, params, msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
	}
	r := multipart.NewReader(msg.Body, params["boundary"])
	for {
		// NextRawPart leaves the encoding alone, so that part sees it.
		p, err := r.NextRawPart()
		if err == io.EOF { //nolint:errorlint // The documented end, never wrapped.
			return nil
		}
		if err != nil {
			return fmt.Errorf("next part: %w", err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			return fmt.Errorf("content type of a part: %w", err)
		}
		if err := m.part(kind, params, p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
			return err
		}
	}
}

func (m *Mail) part(kind string, params map[string]string, encoding string, body io.Reader) error {
	switch encoding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "", "7bit":
	default:
		return fmt.Errorf("unexpected transfer encoding %q", encoding)
	}
	if charset := params["charset"]; !strings.EqualFold(charset, "utf-8") {
		return fmt.Errorf("unexpected charset %q", charset)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read a part: %w", err)
	}
	text := strings.TrimRight(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n")
	switch kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	default:
		return fmt.Errorf("unexpected part %q", kind)
	}
	return nil
}
