package web

import (
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// tokenRow is a key to the API in the list of its user.
type tokenRow struct {
	ID, Name, Scope, Made, Used, Until string
	Expired                            bool
}

// tokenForm is what the form for a token has. Wrong is the field that is wrong, ""
// for none.
type tokenForm struct {
	Name          string
	Scopes, Lasts []choice
	Wrong         string
}

// tokenForm offers the scopes that the user may give, and times that are usual.
func (v view) tokenForm(scope account.Scope, lasts string) (f tokenForm) {
	for _, one := range v.Me.Role.Scopes() {
		f.Scopes = append(f.Scopes, choice{Value: string(one), Name: v.T("account.scope_" + string(one)), Chosen: one == scope})
	}
	for _, of := range []struct{ value, name string }{
		{"720h", v.T("groups.days", "count", 30)}, {"8760h", v.T("account.year")}, {"", v.T("account.for_ever")},
	} {
		f.Lasts = append(f.Lasts, choice{Value: of.value, Name: of.name, Chosen: of.value == lasts})
	}
	return f
}

// typed keeps what was typed for a token where it was refused.
func (f *tokenForm) typed(c echo.Context, v view, do string, err error) {
	if do != "token-add" {
		return
	}
	*f = v.tokenForm(account.Scope(c.FormValue("scope")), c.FormValue("lasts"))
	f.Name, f.Wrong = c.FormValue("name"), problemOf(err).Field
}

// fillTokens puts the tokens on the page, and the form for another.
func (s *Server) fillTokens(c echo.Context, p *accountPage) error {
	tokens, err := s.cfg.Accounts.Tokens(c.Request().Context(), p.Me.ID)
	now := time.Now()
	for _, t := range tokens {
		row := tokenRow{
			ID: t.ID, Name: t.Name, Scope: p.T("account.scope_" + string(t.Scope)), Made: p.words.Time(t.CreatedAt), Expired: t.Expired(now),
			Used: p.T("account.token_unused"), Until: p.T("account.token_for_ever"),
		}
		if !t.UsedAt.IsZero() {
			row.Used = p.T("page.session_seen", "time", t.UsedAt)
		}
		if !t.ExpiresAt.IsZero() {
			row.Until = p.T("account.token_until", "time", t.ExpiresAt)
		}
		if row.Expired {
			row.Until = p.T("account.token_expired", "time", t.ExpiresAt)
		}
		p.Tokens = append(p.Tokens, row)
	}
	p.Token = p.tokenForm(account.ScopeRead, "8760h")
	return err
}

func (s *Server) makeToken(c echo.Context) (accountDone, error) {
	lasts, err := lastsOf(c.FormValue("lasts"))
	if err != nil {
		return accountDone{}, err
	}
	_, secret, err := s.cfg.Accounts.AddToken(c.Request().Context(), principal(c).User.ID, c.FormValue("name"), account.Scope(c.FormValue("scope")), lasts)
	return accountDone{token: secret}, err
}

func (s *Server) revokeToken(c echo.Context) (accountDone, error) {
	err := s.cfg.Accounts.RevokeToken(c.Request().Context(), principal(c).User.ID, c.FormValue("token"))
	return accountDone{key: "account.token_revoked"}, err
}
