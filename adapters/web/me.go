package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// meView is who makes the request, and what he may do.
type meView struct {
	ID       string             `json:"id"`
	Owner    account.Owner      `json:"owner"`
	Name     string             `json:"name"`
	Role     account.Role       `json:"role"`
	Language string             `json:"language,omitempty"`
	Theme    account.Theme      `json:"theme,omitempty"`
	Groups   []groupSummaryView `json:"groups"`
	// Scope bounds the rest; that of a session is the widest.
	Scope         account.Scope `json:"scope"`
	MayAdminister bool          `json:"may_administer"`
	MayAdd        bool          `json:"may_add"`
	SecondFactor  bool          `json:"second_factor"`
	// RecoverySheetDue: nobody has proved yet to have the recovery key on paper,
	// and the user is one who can.
	RecoverySheetDue bool `json:"recovery_sheet_due"`
}

func (s *Server) getMe(c echo.Context) error {
	ctx, p := c.Request().Context(), principal(c)
	groups, err := s.cfg.Accounts.Groups(ctx)
	if err != nil {
		return err
	}
	v := meView{
		ID: p.User.ID, Owner: p.Self(), Name: p.User.Name, Role: p.User.Role, Language: p.User.Language, Theme: p.User.Theme,
		Groups: viewAll(groups, func(g account.Group) groupSummaryView { return viewGroupSummary(p, g) }),
		Scope:  p.Scope, MayAdminister: p.MayAdminister(), MayAdd: p.MayAdd(), SecondFactor: p.User.Asked(),
	}
	if v.RecoverySheetDue, err = s.sheetDue(c); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// sheetDue reports whether nobody has proved yet to have the recovery key on paper,
// and whoever asks is one who can.
func (s *Server) sheetDue(c echo.Context) (bool, error) {
	if p := principal(c); !p.MayAdminister() || p.Via != account.BySession {
		return false, nil
	}
	confirmed, err := s.cfg.Keys.RecoveryConfirmed(c.Request().Context())
	return confirmed.IsZero(), err
}
