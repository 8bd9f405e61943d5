package shout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"cz-visa-monitor/app/alert"
)

// smtpTimeout bounds a dialogue whose context has no deadline.
const smtpTimeout = 20 * time.Second

// sendMail hands m to a mail server.
func sendMail(ctx context.Context, n *Notifier, f fields, m alert.Message) error {
	e, err := readEnvelope(f)
	if err != nil {
		return noRetryError(err.Error())
	}
	msg := newMail(e, m)
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	// The library leaves the connection open where a login fails, and does not
	// look at the context once connected.
	var conn net.Conn
	dial := func(dialing context.Context, network, addr string) (net.Conn, error) {
		c, err := n.dialMail(dialing, network, addr, e.host, f["encryption"])
		if err == nil {
			conn = c
			context.AfterFunc(ctx, func() { _ = c.Close() })
		}
		return c, err
	}
	client, err := newMailClient(n, e, f, dial)
	if err != nil {
		return noRetryError("the mail server's address cannot be used")
	}
	talk, err := client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		err = hand(talk, e, msg)
	}
	if conn != nil {
		_ = conn.Close()
	}
	if err != nil && ctx.Err() != nil {
		return networkError(ctx.Err())
	}
	return mailTrouble(err)
}

// dialMail connects to a mail server, encrypted from the start or not.
func (n *Notifier) dialMail(ctx context.Context, network, addr, host, encryption string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if encryption != wholeTLS {
		return dialer.DialContext(ctx, network, addr)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: n.tlsFor(host)}).DialContext(ctx, network, addr)
}

func (n *Notifier) tlsFor(host string) *tls.Config {
	conf := n.tls.Clone()
	conf.ServerName = host
	return conf
}

func newMailClient(n *Notifier, e envelope, f fields, dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithTimeout(smtpTimeout), gomail.WithDialContextFunc(dial),
		gomail.WithTLSConfig(n.tlsFor(e.host)), gomail.WithPort(e.port),
	}
	// Without encryption, ways of login that do not show the password come first.
	login := []gomail.SMTPAuthType{
		gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5,
		gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc,
	}
	switch f["encryption"] {
	case startTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case wholeTLS:
		options = append(options, gomail.WithSSL())
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if f["user"] != "" {
		options = append(options, gomail.WithOpportunisticSMTPAuth(login...),
			gomail.WithUsername(f["user"]), gomail.WithPassword(f["password"]))
	}
	return gomail.NewClient(e.host, options...)
}

// newMail writes the mail. Its Message-ID follows from the delivery, so that
// mail servers and programs can tell a repetition.
func newMail(e envelope, m alert.Message) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(e.from)
	msg.ToMailAddress(e.to...)
	msg.Subject(m.Title)
	msg.SetDate()
	_, domain, _ := strings.Cut(e.from.Address, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Priority >= 5 {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg
}

// refusedError is the answer to one or more recipients of several.
type refusedError struct {
	refused, of int
	answer      error
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%d of %d recipients were refused, the others have the message: %v", e.refused, e.of, e.answer)
}

func (e *refusedError) Unwrap() error { return e.answer }

// hand goes through the dialogue for one mail. A recipient refused for now puts
// the mail off for all, so that nobody gets it twice. One refused for good
// does not keep it from the others, but is reported.
func hand(talk *smtp.Client, e envelope, msg *gomail.Msg) error {
	if err := talk.Mail(angled(e.from)); err != nil {
		return err
	}
	var refused []error
	for _, to := range e.to {
		switch err := talk.Rcpt(angled(to)); {
		case err == nil:
		case isRefusal(err):
			refused = append(refused, err)
		default:
			return err
		}
	}
	if len(refused) == len(e.to) {
		return refused[0]
	}
	w, err := talk.Data()
	if err != nil {
		return err
	}
	if _, err := msg.WriteTo(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = talk.Quit() // The mail is accepted, whatever becomes of the farewell.
	if len(refused) > 0 {
		return &refusedError{refused: len(refused), of: len(e.to), answer: refused[0]}
	}
	return nil
}

// angled writes an address the way SMTP wants it.
func angled(a *mail.Address) string { return "<" + a.Address + ">" }

// isRefusal reports whether err is a server's final no.
func isRefusal(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer) && answer.Code >= 500 && answer.Code < 600
}

// mailTrouble says in words why a mail was not accepted.
func mailTrouble(err error) error {
	if err == nil {
		return nil
	}
	var some *refusedError
	var answer *textproto.Error
	switch {
	case errors.As(err, &some):
		return noRetryError(some.Error()) // The others would get it once more.
	case errors.As(err, &answer):
		text := fmt.Sprintf("the mail server answered %d %s", answer.Code, shown(answer.Msg))
		if isRefusal(err) {
			return finalError(text)
		}
		return temporaryError(text)
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return finalError("the mail server does not offer STARTTLS; choose another encryption or port")
	case errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), strings.Contains(err.Error(), "does not support SMTP AUTH"):
		return finalError("the mail server offers no login this program knows over this connection; choose another encryption or port, or leave out the user")
	}
	return networkError(err)
}
