package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/locale"
)

// came is what a request's cookie is worth by itself: a session and who acts in it,
// or ErrNoSession.
type came struct {
	p       account.Principal
	session account.Session
	none    error
}

// is reports whether the session is one of whoever this is.
func (in came) is(who account.Identity) bool {
	return in.none == nil && in.p.User.External == who.External()
}

// byItself reports whether somebody proved, without the proxy, who he is.
func (in came) byItself() bool { return in.none == nil && in.session.Issuer != account.IssuerProxy }

// notLetInError is an account.ErrNoSession: the proxy vouches for somebody, and the
// request is not his.
type notLetInError struct {
	// reason is why he cannot be let in; nil if he could be, on a page.
	reason error
}

// Error returns the reason.
func (e *notLetInError) Error() string { return e.detail() }

// Is reports whether target is account.ErrNoSession.
func (e *notLetInError) Is(target error) bool { return target == account.ErrNoSession }

// detail says to a program what is wrong.
func (e *notLetInError) detail() string {
	if e.reason == nil {
		return "The proxy vouches for somebody who has no session here. Open the page in a browser first, or use a token."
	}
	return "The proxy vouches for somebody who cannot be let in. Open the page in a browser, which says why, or use a token."
}

// notLetInKey is where a request keeps its *notLetInError.
const notLetInKey = "not_let_in"

var (
	// errProxyHeader: what the proxy's headers say cannot be believed.
	errProxyHeader = errors.New("the headers of the proxy cannot be believed")
	// errUnasked: nobody need be known here, and so nobody was looked for.
	errUnasked = errors.New("nobody need be known here")
)

// shutOut returns for which reason of a person err keeps somebody out for whom the
// proxy vouches, nil if for none: then it is trouble of the appliance's own, which
// must not look as if he had not signed in.
func shutOut(err error) error {
	for _, reason := range []error{
		account.ErrNoRole, account.ErrNameTaken, account.ErrName, account.ErrWrong, account.ErrNotSetUp, errProxyHeader,
	} {
		if errors.Is(err, reason) {
			return reason
		}
	}
	return nil
}

// proxyWord returns for whom a trusted proxy vouches; ok is false if for nobody.
func (s *Server) proxyWord(c echo.Context) (who account.Identity, ok bool, err error) {
	if s.cfg.ProxyLogin == nil {
		return account.Identity{}, false, nil
	}
	r := c.Request()
	who, ok, err = s.cfg.ProxyLogin(peer(r), r.Header)
	if err != nil {
		return account.Identity{}, false, fmt.Errorf("%w: %w", errProxyHeader, err)
	}
	if !ok && s.cfg.ProxyHeader != "" && r.Header.Get(s.cfg.ProxyHeader) != "" && s.proxyWarnings.due("stranger", time.Now()) {
		s.cfg.Logger.Warn("a request names its user in the header of the proxy, and does not come from there; it counts for nothing. If it is your proxy, add its address to CZVM_PROXIES",
			slog.String("address", account.Network(peer(r).String())), slog.String("header", s.cfg.ProxyHeader))
	}
	who.Issuer = account.IssuerProxy
	return who, ok, nil
}

// byProxy returns who makes the request: whom a trusted proxy vouches for or, where
// it vouches for nobody, whose cookie came in. A session that began by the proxy's
// word is none without it.
//
// Where the proxy vouches for somebody other than the session's owner, the proxy
// wins, or the next in front of the same browser would go on as the last. If its
// somebody cannot be let in, that could happen to nobody: then a sign-in of its own
// counts, which is the only way in.
func (s *Server) byProxy(c echo.Context, in came) (account.Principal, error) {
	who, ok, err := s.proxyWord(c)
	switch {
	case err != nil:
		return account.Principal{}, s.shut(err)
	case !ok && in.none == nil && !in.byItself():
		return account.Principal{}, account.ErrNoSession
	case !ok:
		return in.p, in.none
	case in.is(who) && in.p.User.Role == s.cfg.RoleFor(who.Groups):
		return in.p, nil
	case c.Path() == "" || public(c.Path()) && c.Path() != signInPath:
		// Whoever looks whether the appliance is well keeps no cookie, and would leave
		// a session each time.
		return account.Principal{}, errUnasked
	}
	u, err := s.cfg.Accounts.Vouched(c.Request().Context(), who, s.cfg.RoleFor, s.from(c))
	switch {
	case err == nil && in.is(who) && u.Role == in.p.User.Role:
		return in.p, nil // Nobody else runs the appliance.
	case shutOut(err) != nil && in.byItself() && !in.is(who):
		return in.p, nil
	case err != nil && !errors.Is(err, account.ErrNoUser):
		return account.Principal{}, s.shut(err)
	case begins(c):
		return s.beginByProxy(c, who)
	case isAPI(c) && err == nil:
		return s.cfg.Accounts.ByProxy(c.Request().Context(), who, c.RealIP())
	}
	return account.Principal{}, &notLetInError{}
}

// begins reports whether a session may begin with the request by the proxy's word
// alone: where a person opens a page. A program without cookies would begin one with
// each request, and end those of its owner's browsers thereby.
func begins(c echo.Context) bool {
	if c.Request().Method != http.MethodGet {
		return false
	}
	switch c.Path() {
	case "/", "/applications/:id", signInPath, "/account", "/recovery-sheet":
		return true
	}
	return false
}

// beginByProxy begins a session of whom the proxy vouches for.
func (s *Server) beginByProxy(c echo.Context, who account.Identity) (account.Principal, error) {
	ctx := c.Request().Context()
	in, err := s.cfg.Accounts.SignInExternal(ctx, who, s.cfg.RoleFor, s.from(c))
	if err != nil {
		return account.Principal{}, s.shut(err)
	}
	s.keepSession(c, in.Secret)
	p, _, err := s.cfg.Accounts.BySession(ctx, in.Secret, c.RealIP())
	return p, err
}

// shut returns err as *notLetInError if it is a reason of a person, and tells the
// operator now and then.
func (s *Server) shut(err error) error {
	reason := shutOut(err)
	if reason == nil {
		return err
	}
	if s.proxyWarnings.due(reason.Error(), time.Now()) {
		s.cfg.Logger.Warn("the proxy vouches for somebody who cannot be let in", slog.Any("error", err))
	}
	return &notLetInError{reason: reason}
}

// proxySentence says to a person why he cannot be let in though the proxy vouches
// for him.
func (s *Server) proxySentence(words *locale.Locale, reason error) (status int, text string, ok bool) {
	switch {
	case reason == nil:
		return 0, "", false
	case errors.Is(reason, errProxyHeader):
		return http.StatusForbidden, words.Text("problem.proxy_header"), true
	case errors.Is(reason, account.ErrWrong): // Nobody has given a password.
		reason = account.ErrNoRole
	}
	return s.sentence(words, reason)
}

// warnEvery is how often one kind of warning is logged.
const warnEvery = 10 * time.Minute

// seldom lets one warning of each kind through in warnEvery. The kinds are few.
type seldom struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// due reports whether a warning of this kind is to be logged now.
func (s *seldom) due(kind string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.last[kind]
	if passed := now.Sub(last); known && passed >= 0 && passed < warnEvery {
		return false
	}
	if s.last == nil {
		s.last = make(map[string]time.Time)
	}
	s.last[kind] = now
	return true
}
