package web

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// External is another service through which people may sign in (OpenID Connect).
type External interface {
	// Begin returns the address of the service where the browser goes on, and
	// what takes the query with which it comes back.
	Begin(ctx context.Context) (address string, finish Finish, err error)
}

// Finish returns who has signed in.
type Finish func(ctx context.Context, query url.Values) (account.Identity, error)

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
)

// Error returns the error for the log.
func (e *ExternalError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ExternalError) Unwrap() error { return e.Err }

// The bounds of sign-ins that have begun.
const (
	loginLasts = 10 * time.Minute
	maxLogins  = 256
)

// logins are the sign-ins that have begun at another service.
type logins struct {
	mu   sync.Mutex
	open map[string]openLogin
}

type openLogin struct {
	finish Finish
	until  time.Time
}

// begin keeps finish and returns the name under which it is found once. Where there
// is no room, the oldest goes: anybody may begin, and if it were refused, somebody
// who begins many could keep everybody out.
func (l *logins) begin(finish Finish, now time.Time) (name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.open, func(_ string, one openLogin) bool { return !now.Before(one.until) })
	if len(l.open) >= maxLogins {
		delete(l.open, l.oldest())
	}
	if l.open == nil {
		l.open = make(map[string]openLogin)
	}
	name = strings.ToLower(rand.Text())
	l.open[name] = openLogin{finish: finish, until: now.Add(loginLasts)}
	return name
}

// oldest returns the name of what began first.
func (l *logins) oldest() (name string) {
	for key, one := range l.open {
		if name == "" || one.until.Before(l.open[name].until) {
			name = key
		}
	}
	return name
}

// take takes out what begin kept.
func (l *logins) take(name string, now time.Time) (Finish, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, ok := l.open[name]
	delete(l.open, name)
	return one.finish, ok && now.Before(one.until)
}

// beginExternal sends the browser to the other service. It is a link and no form:
// the content policy lets no form end at another site.
func (s *Server) beginExternal(c echo.Context) error {
	if s.cfg.External == nil {
		return echo.ErrNotFound
	}
	address, finish, err := s.cfg.External.Begin(c.Request().Context())
	if err != nil {
		return s.externalFailed(c, err)
	}
	s.setCookie(c, loginCookie, s.logins.begin(finish, time.Now()), loginLasts)
	return see(c, address)
}

// endExternal is where the other service sends the browser back. It is a GET by
// the protocol; what it does can be done once, and only by the browser that began.
func (s *Server) endExternal(c echo.Context) error {
	if s.cfg.External == nil {
		return echo.ErrNotFound
	}
	r := c.Request()
	finish, ok := s.logins.take(cookieValue(r, loginCookie), time.Now())
	s.setCookie(c, loginCookie, "", 0)
	if !ok {
		return s.externalFailed(c, account.ErrNoPending)
	}
	who, err := finish(r.Context(), c.QueryParams())
	if err != nil {
		return s.externalFailed(c, err)
	}
	in, err := s.cfg.Accounts.SignInExternal(r.Context(), who, s.cfg.RoleFor, s.from(c))
	if err != nil {
		return s.externalFailed(c, err)
	}
	s.setCookie(c, pendingCookie, "", 0)
	s.keepSession(c, in.Secret)
	return see(c, "./")
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
