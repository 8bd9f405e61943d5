package shout

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"cz-visa-monitor/app/alert"
)

// sendError is why a message was not accepted. It wraps no error of a library:
// those hold URLs with tokens.
type sendError struct {
	text string
	// kind is alert.ErrFinal, alert.ErrNoRetry, or nil where trying again may help.
	kind error
	// after is how long the peer wants to be left alone, if it said so.
	after time.Duration
}

func (e *sendError) Error() string { return e.text }

// Unwrap returns what alert knows the error as.
func (e *sendError) Unwrap() error { return e.kind }

// RetryAfter implements what alert.Notifier says about errors.
func (e *sendError) RetryAfter() time.Duration { return e.after }

func finalError(text string) error { return &sendError{text: text, kind: alert.ErrFinal} }

// noRetryError is for what is wrong on this side, or must not be repeated.
func noRetryError(text string) error { return &sendError{text: text, kind: alert.ErrNoRetry} }

func temporaryError(text string) error { return &sendError{text: text} }

// networkError says in words why there was no answer. Trying again may help.
func networkError(err error) error { return temporaryError(networkTrouble(err)) }

func networkTrouble(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, context.Canceled):
		return "the sending was cut off"
	case errors.As(err, &dns):
		return "the name of the host cannot be found; check the address and the network"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return "the server did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused; check that the server runs and that the port is right"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server cut the connection off"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the server cannot be reached from here; check the network"
	case certificateTrouble(err) != "":
		return "the server's certificate is not trusted: " + certificateTrouble(err)
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the server does not speak TLS at this port; check the port and the encryption"
	}
	return "the sending failed: " + innermost(err).Error()
}

// certificateTrouble returns what is wrong with a certificate, or "".
func certificateTrouble(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "nobody known here vouches for it"
	case errors.As(err, &host):
		return "it is for another host name"
	case errors.As(err, &invalid):
		return "it has expired or may not be used for this"
	}
	return ""
}

// innermost returns the error at the bottom of a chain: the ones above it name
// addresses.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
