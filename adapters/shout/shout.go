// Package shout sends messages: through the library shoutrrr where it does the
// job, directly where it does not (mail, webhooks). One table row describes each
// kind of channel; the form, the validation, the documentation and the test
// button come from that row.
package shout

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"cz-visa-monitor/app/alert"
)

// dialTimeout bounds making a connection, so that a dead address leaves time to
// say so within the deadline of a send.
const dialTimeout = 10 * time.Second

// Config says what a Notifier works with.
type Config struct {
	// CAs are the certificate authorities to trust; nil for the system's.
	CAs *x509.CertPool
}

// Notifier sends messages through channels of the kinds of the table. It keeps
// no connection and no goroutine between two sends.
//
// A send ends with its context, with one exception: MQTT, reached through the
// kind "url", takes up to 15 s of its own.
type Notifier struct {
	tls  *tls.Config
	http *http.Client
}

var _ alert.Notifier = (*Notifier)(nil)

// New returns a notifier.
func New(cfg Config) *Notifier {
	conf := &tls.Config{RootCAs: cfg.CAs, MinVersion: tls.VersionTLS12}
	return &Notifier{
		tls: conf,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:       http.ProxyFromEnvironment,
				DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext,
				// A copy: the transport writes to its own.
				TLSClientConfig: conf.Clone(),
				// Messages are rare. A connection kept open would mostly be
				// dead by the next one.
				DisableKeepAlives: true,
				ForceAttemptHTTP2: true,
			},
			// A redirect turns a POST into a GET, and a token may follow it
			// to somebody else's host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Send implements alert.Notifier.
func (n *Notifier) Send(ctx context.Context, c alert.Channel, m alert.Message) error {
	r, f, err := prepare(c)
	if err != nil {
		return noRetryError("the channel cannot be used: " + err.Error())
	}
	m.Title = oneLine(m.Title)
	if err := r.send(ctx, n, f, m); err != nil {
		return redact(err, r.secrets(f))
	}
	return nil
}

// Validate reports the first field of c that cannot be, as an
// *alert.FieldError. It asks nobody: Send tells whether the peer agrees.
func (n *Notifier) Validate(c alert.Channel) error {
	_, _, err := prepare(c)
	return err
}

// Kinds returns the kinds of channel, in the order in which to offer them.
func Kinds() []alert.ChannelKind {
	var kinds []alert.ChannelKind
	for _, r := range rows() {
		kinds = append(kinds, r.kind)
	}
	return kinds
}

// prepare finds the row of c, fills in defaults, and checks the fields.
func prepare(c alert.Channel) (row, fields, error) {
	all := rows()
	at := slices.IndexFunc(all, func(r row) bool { return r.kind.Name == c.Kind })
	if at < 0 {
		return row{}, nil, wrong("kind", "kind", "There is no such kind of channel.")
	}
	r := all[at]
	f := make(fields, len(r.kind.Fields))
	for name := range c.Fields {
		if !slices.ContainsFunc(r.kind.Fields, func(k alert.ChannelField) bool { return k.Name == name }) {
			return row{}, nil, wrong("fields", "fields", "There is a field that this kind of channel does not have. Remove it.")
		}
	}
	for _, k := range r.kind.Fields {
		value, err := checkField(k, c.Fields[k.Name])
		if err != nil {
			return row{}, nil, err
		}
		f[k.Name] = value
	}
	return r, f, r.check(f)
}

// checkField checks what holds for every kind of field and returns the value to
// use.
func checkField(k alert.ChannelField, value string) (string, error) {
	if !k.Secret {
		value = strings.TrimSpace(value)
	}
	if value == "" {
		value = k.Default
	}
	switch {
	case value == "" && k.Required:
		return "", wrong(k.Name, "missing", "It is missing. Fill it in.")
	case value != "" && k.Choices != nil && !slices.Contains(k.Choices, value):
		return "", wrong(k.Name, "choice", "Choose one of: "+strings.Join(k.Choices, ", ")+".")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }):
		return "", wrong(k.Name, "control", "It holds a control character. Remove it.")
	case strings.Contains(value, "\n") && !k.Lines:
		return "", wrong(k.Name, "line_break", "It holds a line break. Remove it.")
	}
	return value, nil
}
