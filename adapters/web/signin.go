package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// pendingLasts is how long a browser keeps what goes on with the second factor.
const pendingLasts = 5 * time.Minute

// signInPage asks for name and password.
type signInPage struct {
	view
	Name string
	// Application is the ID of the one to show afterwards, "" for none.
	Application string
	// External is what another service is called through which one may sign in.
	External string
}

func (s *Server) signInPage(c echo.Context) *signInPage {
	p := &signInPage{view: s.view(c, "page.sign_in"), Application: pointedAt(c)}
	if s.cfg.External != nil {
		p.External = s.cfg.ExternalName
	}
	return p
}

func (s *Server) showSignIn(c echo.Context) error {
	if principal(c).User.ID != "" {
		return s.seeHome(c)
	}
	p, status := s.signInPage(c), http.StatusOK
	if shut, ok := c.Get(notLetInKey).(*notLetInError); ok {
		if code, text, ok := s.proxySentence(p.words, shut.reason); ok {
			status, p.Problem = code, text
		}
	}
	return s.show(c, status, "sign-in", p)
}

func (s *Server) signIn(c echo.Context) error {
	p := s.signInPage(c)
	p.Name = c.FormValue("name")
	in, err := s.cfg.Accounts.SignIn(c.Request().Context(), p.Name, c.FormValue("password"), s.from(c))
	if err != nil {
		return s.complain(c, "sign-in", &p.view, func() any { return p }, err)
	}
	return s.enter(c, in)
}

// enter goes on with somebody who has signed in, or has still to give the second factor.
func (s *Server) enter(c echo.Context, in account.SignedIn) error {
	if in.Pending != "" {
		s.setCookie(c, pendingCookie, in.Pending, pendingLasts)
		return see(c, "second-factor"+askedFor(c))
	}
	s.letIn(c, in)
	return s.seeHome(c)
}

// begin goes on with somebody who is new here.
func (s *Server) begin(c echo.Context, in account.SignedIn) error {
	s.letIn(c, in)
	if in.User.Starting {
		return see(c, "start")
	}
	return s.seeHome(c)
}

func (s *Server) letIn(c echo.Context, in account.SignedIn) {
	s.setCookie(c, pendingCookie, "", 0)
	s.keepSession(c, in.Secret)
}

// seeHome leads to the first page, and there to the application that was asked for.
func (s *Server) seeHome(c echo.Context) error {
	if id := pointedAt(c); id != "" {
		return see(c, "./applications/"+id)
	}
	return see(c, "./")
}

// pointedAt returns the ID of the application to which the link led that somebody
// followed before he signed in, "" for none.
func pointedAt(c echo.Context) string {
	if id := c.FormValue("application"); account.IsID(id) {
		return id
	}
	return ""
}

// askedFor is the query that keeps what pointedAt returns.
func askedFor(c echo.Context) string {
	if id := pointedAt(c); id != "" {
		return "?application=" + id
	}
	return ""
}

type secondFactorPage struct {
	view
	Application string
}

func (s *Server) secondFactorPage(c echo.Context) *secondFactorPage {
	return &secondFactorPage{view: s.view(c, "page.second"), Application: pointedAt(c)}
}

func (s *Server) showSecondFactor(c echo.Context) error {
	if cookieValue(c.Request(), pendingCookie) == "" {
		return see(c, "sign-in")
	}
	return s.show(c, http.StatusOK, "second-factor", s.secondFactorPage(c))
}

func (s *Server) giveSecondFactor(c echo.Context) error {
	r := c.Request()
	in, err := s.cfg.Accounts.SignInSecond(r.Context(), cookieValue(r, pendingCookie), c.FormValue("code"), s.from(c))
	if err != nil {
		p := s.secondFactorPage(c)
		return s.complain(c, "second-factor", &p.view, func() any { return p }, err)
	}
	return s.enter(c, in)
}

func (s *Server) signOut(c echo.Context) error {
	if err := s.cfg.Accounts.SignOut(c.Request().Context(), sessionSecret(c), c.RealIP()); err != nil {
		return err
	}
	s.setCookie(c, sessionCookie, "", 0)
	s.clearSite(c)
	return see(c, "sign-in")
}

// setupPage makes the first admin.
type setupPage struct {
	view
	Code, Name string
	Steps      steps
}

func (s *Server) setupPage(c echo.Context) *setupPage {
	p := &setupPage{view: s.view(c, "page.setup"), Code: c.FormValue("code"), Name: c.FormValue("name"), Steps: stepsOf(true, stepAccount)}
	p.Script = pagesScript
	return p
}

// pagesScript is the script of the pages that take a code from their address.
const pagesScript = "small.js"

func (s *Server) showSetup(c echo.Context) error {
	code, err := s.cfg.Accounts.SetupCode(c.Request().Context())
	if err != nil {
		return err
	}
	if code == "" {
		return see(c, "sign-in")
	}
	return s.show(c, http.StatusOK, "setup", s.setupPage(c))
}

func (s *Server) setUp(c echo.Context) error {
	p := s.setupPage(c)
	in, err := s.cfg.Accounts.Setup(c.Request().Context(), p.Code, newcomer(c), s.from(c))
	if err != nil {
		return s.complain(c, "setup", &p.view, func() any { return p }, err)
	}
	return s.begin(c, in)
}

// newcomer is what somebody new says of himself in a form. His language is one of
// the first steps.
func newcomer(c echo.Context) account.NewUser {
	return account.NewUser{Name: c.FormValue("name"), Password: c.FormValue("fresh")}
}

// joinPage follows an invitation, or a link for another password.
type joinPage struct {
	view
	Code, Name string
	// Reset: the link is for a user who is there already.
	Reset bool
}

func (s *Server) joinPage(c echo.Context) *joinPage {
	p := &joinPage{view: s.view(c, "page.join"), Name: c.FormValue("name")}
	p.Script = pagesScript
	return p
}

// showJoin asks for the code. It stands behind # in the link, so that looking at
// the link uses up nothing, and no server and no log sees it.
func (s *Server) showJoin(c echo.Context) error {
	return s.show(c, http.StatusOK, "join", s.joinPage(c))
}

// join first asks what the code is for, then takes what belongs to it.
func (s *Server) join(c echo.Context) error {
	ctx, p, code := c.Request().Context(), s.joinPage(c), c.FormValue("code")
	again := func(err error) error { return s.complain(c, "join", &p.view, func() any { return p }, err) }
	inv, err := s.cfg.Accounts.Invitation(ctx, code, s.from(c))
	if errors.Is(err, account.ErrNoInvitation) {
		// As with tokens, guessing is hopeless; a right code always passes.
		if wait := s.guard.wrong(c.RealIP(), time.Now()); wait > 0 {
			err = &account.WaitError{Wait: wait}
		}
	}
	if err != nil {
		return again(err)
	}
	p.Code, p.Reset = code, inv.User != ""
	if c.FormValue("step") != "account" {
		return s.show(c, http.StatusOK, "join", p)
	}
	if p.Reset {
		if err := s.cfg.Accounts.Reset(ctx, code, c.FormValue("fresh"), s.from(c)); err != nil {
			return again(err)
		}
		return see(c, "sign-in")
	}
	in, err := s.cfg.Accounts.Accept(ctx, code, newcomer(c), s.from(c))
	if err != nil {
		return again(err)
	}
	return s.begin(c, in)
}
