package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// meView is whoever asks, and what he may do here.
type meView struct {
	ID       string        `json:"id"`
	Owner    account.Owner `json:"owner"`
	Name     string        `json:"name"`
	Role     account.Role  `json:"role"`
	Language string        `json:"language,omitempty"`
	Groups   []myGroupView `json:"groups"`
	Scope    account.Scope `json:"scope"`
	// MayAdminister and MayAdd say it of this session or token.
	MayAdminister bool `json:"may_administer"`
	MayAdd        bool `json:"may_add"`
	// SecondFactor: one is asked for.
	SecondFactor bool `json:"second_factor"`
	// RecoverySheetDue: he should print it, and nobody has yet.
	RecoverySheetDue bool `json:"recovery_sheet_due"`
}

// myGroupView is a group of whoever asks.
type myGroupView struct {
	ID    string            `json:"id"`
	Owner account.Owner     `json:"owner"`
	Name  string            `json:"name"`
	Kind  account.GroupKind `json:"kind"`
	Right account.Right     `json:"right"`
}

func (s *Server) getMe(c echo.Context) error {
	ctx, p := c.Request().Context(), principal(c)
	groups, err := s.cfg.Accounts.Groups(ctx)
	if err != nil {
		return err
	}
	due, err := s.sheetDue(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, meView{
		ID: p.User.ID, Owner: p.Self(), Name: p.User.Name, Role: p.User.Role, Language: p.User.Language,
		Groups: viewAll(groups, func(g account.Group) myGroupView {
			return myGroupView{ID: g.ID, Owner: account.OfGroup(g.ID), Name: g.Name, Kind: g.Kind, Right: g.Of(p.User.ID)}
		}),
		Scope: p.Scope, MayAdminister: p.MayAdminister(), MayAdd: p.MayAdd(),
		SecondFactor: p.User.Asked(), RecoverySheetDue: due,
	})
}

// sheetDue reports whether whoever asks should be reminded of the recovery sheet.
func (s *Server) sheetDue(c echo.Context) (bool, error) {
	if !principal(c).MayAdminister() {
		return false, nil
	}
	at, err := s.cfg.Keys.RecoveryConfirmed(c.Request().Context())
	return at.IsZero(), err
}
