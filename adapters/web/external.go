package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// External is another service through which people may sign in (OpenID Connect).
type External interface {
	// Begin returns the address of the service where the browser goes on, and
	// what Finish needs. With confirm, whoever is there is to prove anew who he is.
	Begin(ctx context.Context, confirm bool) (address string, state []byte, err error)
	// Finish returns who has signed in, by the query with which the browser came
	// back. Where Begin was to have it confirmed, it is an error unless it was.
	Finish(ctx context.Context, state []byte, query url.Values) (account.Identity, error)
}

// ExternalError is why nobody could sign in through the other service.
type ExternalError struct {
	// Reason is what people are told: a key of the catalogue behind "problem.".
	Reason string
	// Err is for the log.
	Err error
}

// The reasons of an ExternalError.
const (
	ExternalUnavailable = "external_unavailable"
	ExternalDenied      = "external_denied"
	ExternalRefused     = "external_refused"
	ExternalUnconfirmed = "external_unconfirmed"
	ExternalAnother     = "external_another"
)

// Error returns the error for the log.
func (e *ExternalError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ExternalError) Unwrap() error { return e.Err }

// errAnother: somebody else came back from the other service than was sent there.
var errAnother = errors.New("the other service signed in somebody else")

// beginExternal sends the browser to the other service. It is a link and no form:
// the content policy lets no form end at another site. With confirm=1 somebody who
// has signed in is to prove there anew who he is.
func (s *Server) beginExternal(c echo.Context) error {
	if s.cfg.External == nil {
		return echo.ErrNotFound
	}
	confirm := c.QueryParam("confirm") == "1" && principal(c).User.ID != ""
	address, state, err := s.cfg.External.Begin(c.Request().Context(), confirm)
	if err != nil {
		return s.externalFailed(c, err)
	}
	value, err := s.logins.closeLogin(login{State: state, Confirm: confirm, Until: time.Now().Add(loginLasts)})
	if err != nil {
		return err
	}
	s.setCookie(c, loginCookie, value, loginLasts)
	return see(c, address)
}

// endExternal is where the other service sends the browser back. It is a GET by
// the protocol; what it does can be done once, and only by the browser that began.
func (s *Server) endExternal(c echo.Context) error {
	if s.cfg.External == nil {
		return echo.ErrNotFound
	}
	r := c.Request()
	begun, ok := s.logins.openLogin(cookieValue(r, loginCookie), time.Now())
	s.setCookie(c, loginCookie, "", 0)
	if !ok {
		return s.externalFailed(c, account.ErrNoPending)
	}
	who, err := s.cfg.External.Finish(r.Context(), begun.State, c.QueryParams())
	if err == nil && begun.Confirm {
		err = confirms(principal(c), who)
	}
	if err != nil {
		return s.externalFailed(c, err)
	}
	before := sessionSecret(c)
	in, err := s.cfg.Accounts.SignInExternal(r.Context(), who, s.cfg.RoleFor, s.from(c))
	if err != nil {
		return s.externalFailed(c, err)
	}
	s.setCookie(c, pendingCookie, "", 0)
	s.keepSession(c, in.Secret)
	if !begun.Confirm {
		return see(c, "./")
	}
	if err := s.cfg.Accounts.SignOut(r.Context(), before, c.RealIP()); err != nil {
		return err // The new session takes the place of the old one.
	}
	if in.User.Role == account.Admin {
		return see(c, "recovery-sheet")
	}
	return see(c, "account")
}

// confirms returns why who came back proves nothing of p, who went to the other
// service to prove who he is; nil if it does.
func confirms(p account.Principal, who account.Identity) error {
	switch {
	case p.User.ID == "":
		return account.ErrNoPending // His session has ended meanwhile.
	case p.User.External == who.External():
		return nil
	}
	return &ExternalError{Reason: ExternalAnother, Err: errAnother}
}

// externalFailed shows the sign-in again, and says why the other way failed.
func (s *Server) externalFailed(c echo.Context, err error) error {
	p := s.signInPage(c)
	status, text, ok := s.sentence(p.words, err)
	if own, isOwn := errors.AsType[*ExternalError](err); isOwn {
		s.cfg.Logger.Warn("nobody could sign in through the other service", slog.Any("error", own))
		status, text, ok = http.StatusForbidden, p.T("problem."+own.Reason), true
	}
	if !ok {
		return err
	}
	p.Problem = text
	return s.show(c, status, "sign-in", p)
}
