package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// accountPage is where a user sees to his own account.
type accountPage struct {
	view
	Languages []language
	Themes    []choice
	// Admin: he runs the appliance. Own: he came in a session, in which alone he may
	// see to tokens and erase himself.
	Admin, Own bool
	// External is what the service is called where the user can prove who he is.
	External string
	Sessions []sessionRow
	Tokens   []tokenRow
	// Token is what the form for one has, Owners whose data can be exported.
	Token  tokenForm
	Owners []choice
	// Fresh is a token that was just made, nil for none.
	Fresh *secretOnce
	// Recovery are fresh recovery codes, shown once.
	Recovery []string
	// Secret and QR bring a second factor to an authenticator.
	Secret string
	QR     qr
}

// sessionRow is a browser that has signed in.
type sessionRow struct {
	ID, Agent, Address, Begun, Seen string
	This                            bool
}

func (s *Server) accountPage(c echo.Context) (*accountPage, error) {
	ctx, me := c.Request().Context(), principal(c)
	p := &accountPage{
		view: s.inside(c, sectionAccount, "page.account"), Languages: s.languages(), Admin: me.MayAdminister(), Own: me.MayManageSelf(), External: s.confirmedAt(c),
	}
	u, err := s.cfg.Accounts.User(ctx, me.User.ID)
	if err != nil {
		return nil, err
	}
	p.Me = u
	sessions, err := s.cfg.Accounts.Sessions(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	for _, one := range sessions {
		p.Sessions = append(p.Sessions, sessionRow{
			ID: one.ID, Agent: p.browser(one.Agent), Address: one.Address, Begun: p.words.Time(one.CreatedAt), Seen: p.words.Time(one.SeenAt), This: one.ID == me.Key,
		})
	}
	slices.Reverse(p.Sessions) // The newest first.
	p.Themes = p.themes(u.Theme)
	if err := s.fillTokens(c, p); err != nil {
		return nil, err
	}
	p.Owners, err = s.exported(c, p.view)
	return p, err
}

// exported are those whose data whoever looks can take with him.
func (s *Server) exported(c echo.Context, v view) ([]choice, error) {
	list := []choice{{Name: v.T("owner.me"), Chosen: true}}
	groups, err := s.cfg.Accounts.Groups(c.Request().Context())
	for _, g := range groups {
		list = append(list, choice{Value: string(account.OfGroup(g.ID)), Name: g.Name})
	}
	return list, err
}

func (s *Server) showAccount(c echo.Context) error {
	p, err := s.accountPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "account", p)
}

// changeAccount does one of the things on the page, and shows the page again.
func (s *Server) changeAccount(c echo.Context) error {
	name := c.FormValue("do")
	do := s.accountChange(name)
	if do == nil {
		return echo.ErrBadRequest
	}
	done, err := do(c)
	p, perr := s.accountPage(c)
	if perr != nil {
		return perr
	}
	if err != nil {
		if name == "second-confirm" && isMistyped(err) && p.Me.Second != nil && !p.Me.Asked() {
			p.Secret = p.Me.Second.Secret // The authenticator has it; only the code was wrong.
		}
		p.Token.typed(c, p.view, name, err)
		return s.complain(c, "account", &p.view, func() any { return p }, err)
	}
	if done.secret != "" {
		s.keepSession(c, done.secret)
	}
	p.Recovery, p.Secret, p.QR = done.recovery, done.shared, done.qr
	if done.token != "" {
		p.Fresh = &secretOnce{Title: p.T("account.token_made"), Text: p.T("account.token_once"), Label: p.T("account.token"), Value: done.token}
	}
	if done.key != "" {
		p.Done = p.T(done.key)
	}
	return s.show(c, http.StatusOK, "account", p)
}

// isMistyped reports whether a code was wrong, or came too soon after a wrong one,
// of somebody who may give one.
func isMistyped(err error) bool {
	_, soon := errors.AsType[*account.WaitError](err)
	return soon || errors.Is(err, account.ErrWrong)
}

// accountDone is what came of a change: the new secret of the session, and what
// there is to show.
type accountDone struct {
	secret, key string
	recovery    []string
	shared      string
	qr          qr
	token       string
}

// accountChange returns what a button of the page does, nil if there is none of
// that name.
func (s *Server) accountChange(do string) func(echo.Context) (accountDone, error) {
	return map[string]func(echo.Context) (accountDone, error){
		"language":       s.changeLanguage,
		"password":       s.changePassword,
		"second-begin":   s.beginSecond,
		"second-confirm": s.confirmSecond,
		"second-codes":   s.renewRecovery,
		"second-off":     s.disableSecond,
		"session-end":    s.endSession,
		"sessions-end":   s.endSessions,
		"token-add":      s.makeToken,
		"token-revoke":   s.revokeToken,
	}[do]
}

// themes offers what the pages can look like.
func (v view) themes(chosen account.Theme) (list []choice) {
	for _, theme := range account.Themes() {
		list = append(list, choice{Value: string(theme), Name: v.T("account.theme_" + cmp.Or(string(theme), "auto")), Chosen: theme == chosen})
	}
	return list
}

func (s *Server) changeLanguage(c echo.Context) (accountDone, error) {
	lang, theme := c.FormValue("language"), account.Theme(c.FormValue("theme"))
	edit := account.UserEdit{Language: &lang}
	if c.Request().Form.Has("theme") {
		edit.Theme = &theme
	}
	u, _, err := s.cfg.Accounts.EditUser(c.Request().Context(), principal(c).User.ID, edit)
	if err != nil {
		return accountDone{}, err
	}
	// The page that follows is in the new language already, and looks as is wished.
	p := principal(c)
	p.User = u
	c.SetRequest(c.Request().WithContext(account.As(c.Request().Context(), p)))
	return accountDone{key: "page.saved"}, nil
}

func (s *Server) changePassword(c echo.Context) (accountDone, error) {
	secret, err := s.cfg.Accounts.ChangePassword(c.Request().Context(), c.FormValue("password"), c.FormValue("fresh"))
	return accountDone{secret: secret, key: "page.password_changed"}, err
}

func (s *Server) beginSecond(c echo.Context) (accountDone, error) {
	shared, uri, err := s.cfg.Accounts.BeginSecond(c.Request().Context(), c.FormValue("password"))
	if err != nil {
		return accountDone{}, err
	}
	code, err := newQR(uri)
	return accountDone{shared: shared, qr: code}, err
}

func (s *Server) confirmSecond(c echo.Context) (accountDone, error) {
	codes, secret, err := s.cfg.Accounts.ConfirmSecond(c.Request().Context(), c.FormValue("code"))
	return accountDone{secret: secret, recovery: codes, key: "page.second_added"}, err
}

func (s *Server) renewRecovery(c echo.Context) (accountDone, error) {
	codes, secret, err := s.cfg.Accounts.RenewRecovery(c.Request().Context(), c.FormValue("password"))
	return accountDone{secret: secret, recovery: codes}, err
}

func (s *Server) disableSecond(c echo.Context) (accountDone, error) {
	secret, err := s.cfg.Accounts.DisableSecond(c.Request().Context(), c.FormValue("password"))
	return accountDone{secret: secret, key: "page.second_removed"}, err
}

func (s *Server) endSession(c echo.Context) (accountDone, error) {
	err := s.cfg.Accounts.EndSession(c.Request().Context(), principal(c).User.ID, c.FormValue("session"))
	return accountDone{key: "page.session_ended"}, err
}

func (s *Server) endSessions(c echo.Context) (accountDone, error) {
	_, err := s.cfg.Accounts.EndOtherSessions(c.Request().Context(), principal(c).User.ID)
	return accountDone{key: "page.session_ended"}, err
}
