package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// public are the routes that ask for no account. Everything else does.
func public(route string) bool {
	switch route {
	case assetPath, manifestPath, workerPath, offlinePath, "/healthz", "/readyz", openAPIPath, "/help", "/help/:topic",
		signInPath, "/second-factor", "/external", "/external-back", "/setup", "/join", "/share":
		return true
	}
	return false
}

// signInPath is the page for it: public, and yet whoever a proxy vouches for need
// not fill it in.
const signInPath = "/sign-in"

// authenticate finds out who makes the request, and lets nobody else pass. It
// goes by the route that matched, so that no spelling of a path gets round it.
//
// A right token always passes, even from an address that sent many wrong ones:
// behind a proxy everybody has one address, and a stranger must not be able to
// lock everybody out. A token has 260 random bits, so that guessing is hopeless
// at any speed; the limit is there to show who tries and to cut it short.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		p, err := s.identify(c)
		nobody := errors.Is(err, account.ErrNoToken) || errors.Is(err, account.ErrNoSession)
		shut, isShut := errors.AsType[*notLetInError](err)
		switch {
		case err == nil:
			c.SetRequest(c.Request().WithContext(account.As(c.Request().Context(), p)))
			return next(c)
		case isShut:
			c.Set(notLetInKey, shut)
		case nobody:
			keepRefused(c)
		}
		if nobody {
			forgetOffline(c)
		}
		switch {
		case c.Path() == signInPath && !nobody:
			return s.unauthorized(c, err) // Nobody could sign in there.
		case c.Path() == "" || public(c.Path()):
			return next(c)
		case errors.Is(err, account.ErrNoSession) && !isAPI(c):
			return s.toSignIn(c)
		}
		return s.unauthorized(c, err)
	}
}

// isAPI reports whether the route that matched is one of the API.
func isAPI(c echo.Context) bool { return strings.HasPrefix(c.Path(), apiPath+"/") }

// identify returns who makes the request: the owner of the token or of the
// session that came with it, or whom a trusted proxy vouches for. It is
// account.ErrNoToken or account.ErrNoSession if it is nobody.
func (s *Server) identify(c echo.Context) (account.Principal, error) {
	r := c.Request()
	if secret, ok := bearer(r); ok {
		return s.cfg.Accounts.ByToken(r.Context(), secret, c.RealIP())
	}
	secret, began := sessionSecret(c), time.Now()
	p, session, err := s.cfg.Accounts.BySession(r.Context(), secret, c.RealIP())
	if err == nil || errors.Is(err, account.ErrNoSession) {
		p, err = s.byProxy(c, came{p, session, err})
	}
	if err == nil && p.Key == session.ID && p.Via == account.BySession && cookieDue(c, session, began) {
		s.keepSession(c, secret)
	}
	return p, err
}

// goesOn returns who made the request, as identify found out, if his token or
// session holds still, or he is a user for whom the proxy vouched. It begins no
// session and sets no cookie, for which it is too late in a stream, and gives
// nobody the role of groups that he may not be in any more.
func (s *Server) goesOn(c echo.Context) (account.Principal, error) {
	r := c.Request()
	if secret, ok := bearer(r); ok {
		return s.cfg.Accounts.ByToken(r.Context(), secret, c.RealIP())
	}
	if principal(c).Via == account.ByProxy {
		who, _, err := s.proxyWord(c)
		if err != nil {
			return account.Principal{}, err
		}
		return s.cfg.Accounts.ByProxy(r.Context(), who, c.RealIP())
	}
	p, _, err := s.cfg.Accounts.BySession(r.Context(), sessionSecret(c), c.RealIP())
	return p, err
}

// cookieDue reports whether the browser is to keep the cookie of a session for
// longer, as the store does with the session: when a use was noted since began,
// and with the first page, beside whose stream no other request may ever note one.
// Never on public routes, where answers may be kept by caches that many share.
func cookieDue(c echo.Context, session account.Session, began time.Time) bool {
	noted := session.SeenAt.After(session.CreatedAt) && !session.SeenAt.Before(began)
	return !public(c.Path()) && (noted || c.Path() == "/")
}

// peer returns the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// unauthorized answers who has no right token or session.
func (s *Server) unauthorized(c echo.Context, err error) error {
	if !errors.Is(err, account.ErrNoToken) && !errors.Is(err, account.ErrNoSession) {
		return fmt.Errorf("find out who asks: %w", err)
	}
	if shut, ok := errors.AsType[*notLetInError](err); ok { // No secret was tried.
		return &problem{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: shut.detail()}
	}
	if wait := s.guard.wrong(c.RealIP(), time.Now()); wait > 0 {
		return &problem{
			Status: http.StatusTooManyRequests, Code: "too_many_tries", RetryAfter: wait,
			Detail: "Too many wrong tokens came from this address. Wait a minute.",
		}
	}
	return &problem{
		Status: http.StatusUnauthorized, Code: "unauthorized",
		Detail: "This needs a session, or a token in the header Authorization: Bearer. Sign in, or make a token with: cz-visa-monitor token create",
	}
}

// bearer returns the token of a request; ok is false if none is given. Another
// scheme is none: a proxy that asks for a password of its own passes that on.
func bearer(r *http.Request) (secret string, ok bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
}

// The cookies. None can be read by scripts, nor is sent along by other sites
// except when somebody follows a link from there.
const (
	// sessionCookie holds the secret of a session.
	sessionCookie = "czvm_session"
	// pendingCookie holds what goes on with the second factor.
	pendingCookie = "czvm_pending"
	// loginCookie holds a sign-in through another service that has begun.
	loginCookie = "czvm_login"
)

// sessionSecret returns the secret of the session in which the request goes on:
// the one that began or was renewed by it, or else the one that came with it.
func sessionSecret(c echo.Context) string {
	if secret, ok := c.Get(sessionCookie).(string); ok {
		return secret
	}
	return cookieValue(c.Request(), sessionCookie)
}

func cookieValue(r *http.Request, name string) string {
	ck, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return ck.Value
}

// setCookie keeps value in the browser, "" forgets it.
func (s *Server) setCookie(c echo.Context, name, value string, lasts time.Duration) {
	if value == "" {
		lasts = -time.Second
	}
	h := c.Response().Header() // A later word on a cookie takes the place of an earlier one.
	h[echo.HeaderSetCookie] = slices.DeleteFunc(h[echo.HeaderSetCookie], func(line string) bool { return strings.HasPrefix(line, name+"=") })
	c.SetCookie(&http.Cookie{ //nolint:gosec // Without TLS, as on many a home network, a browser would not keep it if it were Secure.
		Name: name, Value: value, Path: s.root, MaxAge: int(lasts.Seconds()),
		Secure: s.encrypted(c), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) keepSession(c echo.Context, secret string) {
	c.Set(sessionCookie, secret)
	s.setCookie(c, sessionCookie, secret, account.SessionIdle)
}

// encrypted reports whether the browser reaches the appliance through TLS, as far
// as a trusted proxy or the configured address tells. Where that address begins
// with https, somebody at home may still go past the proxy, to the address of the
// machine: a cookie for TLS only would be thrown away there, and nobody got in.
func (s *Server) encrypted(c echo.Context) bool {
	r := c.Request()
	if r.TLS != nil {
		return true
	}
	if strings.HasPrefix(s.cfg.BaseURL, "https://") {
		return s.trusts(peer(r)) || !s.goesPast(r.Host)
	}
	return s.trusts(peer(r)) && strings.EqualFold(r.Header.Get(echo.HeaderXForwardedProto), "https")
}

// goesPast reports whether host is the machine itself, and not the configured address.
func (s *Server) goesPast(host string) bool {
	name := host
	if only, _, err := net.SplitHostPort(host); err == nil {
		name = only
	}
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return (err == nil || name == "localhost") && host != s.host
}

// trusts reports whether a is the address of a proxy whose word counts.
func (s *Server) trusts(a netip.Addr) bool {
	for _, p := range s.cfg.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// from says where the request comes from, for sessions and the audit trail.
func (s *Server) from(c echo.Context) account.Origin {
	return account.Origin{Address: c.RealIP(), Agent: c.Request().UserAgent()}
}
