package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// tokenView is a key to the API, without what opens it.
type tokenView struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Scope     account.Scope `json:"scope"`
	CreatedAt time.Time     `json:"created_at"`
	// ExpiresAt is left out where it never does.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// UsedAt is when it was last used, to the hour.
	UsedAt time.Time `json:"used_at,omitzero"`
}

// newTokenView is the same when it is made: the only time that its secret can be
// seen.
type newTokenView struct {
	tokenView
	Secret string `json:"secret"`
}

type tokensView struct {
	Tokens []tokenView `json:"tokens"`
}

func viewToken(t account.Token) tokenView {
	return tokenView{ID: t.ID, Name: t.Name, Scope: t.Scope, CreatedAt: t.CreatedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC(), UsedAt: t.UsedAt.UTC()}
}

func (s *Server) listTokens(c echo.Context) error {
	all, err := s.cfg.Accounts.Tokens(c.Request().Context(), principal(c).User.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, tokensView{Tokens: viewAll(all, viewToken)})
}

func (s *Server) addToken(c echo.Context) error {
	var in struct {
		Name  string        `json:"name"`
		Scope account.Scope `json:"scope"`
		Lasts string        `json:"lasts"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	lasts, err := lastsOf(in.Lasts)
	if err != nil {
		return err
	}
	t, secret, err := s.cfg.Accounts.AddToken(c.Request().Context(), principal(c).User.ID, in.Name, in.Scope, lasts)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, newTokenView{tokenView: viewToken(t), Secret: secret})
}

// lastsOf reads for how long something is to last; 0 where nothing is said.
func lastsOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	lasts, err := time.ParseDuration(text)
	if err != nil || lasts <= 0 {
		return 0, badField("lasts", "The field lasts is no time to come. Write it like 720h, or leave it out.").as("lasts")
	}
	return lasts, nil
}

func (s *Server) removeToken(c echo.Context) error {
	if err := s.cfg.Accounts.RevokeToken(c.Request().Context(), principal(c).User.ID, c.Param("id")); err != nil {
		return err
	}
	return noContent(c)
}
