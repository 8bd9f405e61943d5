package oidc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"unicode"

	"golang.org/x/oauth2"
)

// The ways in which a login fails. What is wrapped around them is for the log
// of the operator: it names no person and holds no token, code or secret.
var (
	// ErrUnavailable: the login service cannot be reached, or does not fit the
	// settings. Trying again may help; the log says what the operator should look at.
	ErrUnavailable = errors.New("the login service cannot be used at the moment")
	// ErrDenied: the login service itself said no.
	ErrDenied = errors.New("the login service did not let you in: you cancelled, or you may not use this program")
	// ErrRefused: something about the login was not proven. It may be too old,
	// used already, made up, or somebody else's.
	ErrRefused = errors.New("this login could not be proven, please begin again")
	// ErrUnconfirmed is an ErrRefused: the login service did not ask anew who the
	// user is, or does not say that it has.
	ErrUnconfirmed = fmt.Errorf("%w: the provider did not ask the user anew who he is, or does not say so (auth_time)", ErrRefused)
)

func unavailable(text string) error { return fmt.Errorf("%w: %s", ErrUnavailable, text) }

func refused(text string) error { return fmt.Errorf("%w: %s", ErrRefused, text) }

// unreachable is for a question to the provider that ended with err. Where the
// network was not the reason, it is what could not be used.
func unreachable(what string, err error) error {
	if why := networkTrouble(err); why != "" {
		return unavailable(what + ": " + why)
	}
	return unavailable(what + ": the answer is not understood; is the issuer right?")
}

// networkTrouble says in words why there was no answer, "" where there was one.
// The library's own text is never shown: it holds what the provider wrote.
func networkTrouble(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	var status statusError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &status):
		return fmt.Sprintf("the provider answered %d; is the issuer right, and is the provider well?", int(status))
	case errors.Is(err, errHuge):
		return "the provider's answer is too long"
	case errors.Is(err, errRedirect):
		return "the provider wants to be called at another address; correct the issuer"
	case errors.Is(err, context.Canceled):
		return "the login was cut off"
	case errors.As(err, &dns):
		return "the name of the provider's host cannot be found; check the issuer and the network"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return "the provider did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused; check that the provider runs and that the port is right"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the provider cut the connection off"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the provider cannot be reached from here; check the network"
	case errors.As(err, &record), err != nil && strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the provider does not speak TLS at this port; check the issuer"
	}
	return certificateTrouble(err)
}

// certificateTrouble returns what is wrong with a certificate, or "".
func certificateTrouble(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "nobody known here vouches for the provider's certificate; if it is your own, name the CA file in the settings"
	case errors.As(err, &host):
		return "the provider's certificate is for another host name"
	case errors.As(err, &invalid):
		return "the provider's certificate has expired or may not be used for this; check the clock, too"
	}
	return ""
}

// exchangeError says what it means that the provider gave no tokens.
func exchangeError(err error, style oauth2.AuthStyle) error {
	const what = "exchange the code"
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return unreachable(what, err)
	}
	switch answer.ErrorCode {
	case "invalid_grant":
		return refused("the provider does not take the code: it was used already, is too old, or belongs to another login")
	case "invalid_client", "unauthorized_client":
		method := "client_secret_basic"
		if style == oauth2.AuthStyleInParams {
			method = "client_secret_post, or none where there is no secret"
		}
		return unavailable("the provider does not accept the client ID or its secret; check both, and that the client is allowed " + method)
	}
	if answer.Response == nil {
		return unreachable(what, err)
	}
	return unreachable(what, statusError(answer.Response.StatusCode))
}

// answerError says what an error answer of the authorization endpoint means
// (RFC 6749, 4.1.2.1; OpenID Connect Core, 3.1.2.6).
func answerError(code string) error {
	switch code {
	case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required":
		return fmt.Errorf("%w (%s)", ErrDenied, code)
	case "server_error", "temporarily_unavailable":
		return unavailable("the provider has trouble of its own (" + code + ")")
	case "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope":
		return unavailable("the provider does not accept what was asked for (" + code +
			"); check the client's scopes and redirect URL in the provider's settings")
	}
	return refused("the provider answered with an error that is not known here")
}

// maxDetail bounds what is shown of a library's error, in characters.
const maxDetail = 300

// detail returns the text of an error of the library without the secrets of this login.
func detail(err error, secrets ...string) string {
	text := err.Error()
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "•••")
		}
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxDetail {
		text = string(runes[:maxDetail]) + "…"
	}
	return text
}
