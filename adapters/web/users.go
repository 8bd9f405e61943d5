package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// userView is a user as the API shows him: to himself and to admins.
type userView struct {
	ID       string        `json:"id"`
	Owner    account.Owner `json:"owner"`
	Name     string        `json:"name"`
	Role     account.Role  `json:"role"`
	Language string        `json:"language,omitempty"`
	// Theme is left out for what the browser prefers.
	Theme    account.Theme `json:"theme,omitempty"`
	Disabled bool          `json:"disabled"`
	// HasPassword is false as long as no link was followed to set one.
	HasPassword  bool `json:"has_password"`
	SecondFactor bool `json:"second_factor"`
	// External: he has signed in through another service.
	External  bool      `json:"external"`
	CreatedAt time.Time `json:"created_at"`
}

// newUserView is a user who was just made, with the link for his password.
type newUserView struct {
	userView
	Reset newInvitationView `json:"reset"`
}

type usersView struct {
	Users []userView `json:"users"`
}

func viewUser(u account.User) userView {
	return userView{
		ID: u.ID, Owner: account.OfUser(u.ID), Name: u.Name, Role: u.Role, Language: u.Language, Theme: u.Theme, Disabled: u.Disabled,
		HasPassword: u.Password != "", SecondFactor: u.Asked(), External: u.External != "", CreatedAt: u.CreatedAt.UTC(),
	}
}

func (s *Server) listUsers(c echo.Context) error {
	all, err := s.cfg.Accounts.Users(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, usersView{Users: viewAll(all, viewUser)})
}

// addUser makes a user without a password. No admin is to know it: the link that
// goes with the answer lets the user set one himself.
func (s *Server) addUser(c echo.Context) error {
	var in struct {
		Name     string       `json:"name"`
		Role     account.Role `json:"role"`
		Language string       `json:"language"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	u, i, secret, err := s.newUser(c, account.NewUser{Name: in.Name, Language: in.Language}, in.Role)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "users/"+u.ID)
	return c.JSON(http.StatusCreated, newUserView{userView: viewUser(u), Reset: s.viewNewInvitation(i, secret)})
}

// newUser makes a user, and the link with which he sets his password.
func (s *Server) newUser(c echo.Context, n account.NewUser, role account.Role) (account.User, account.Invitation, string, error) {
	ctx := c.Request().Context()
	u, err := s.cfg.Accounts.AddUser(ctx, n, role)
	if err != nil {
		return account.User{}, account.Invitation{}, "", err
	}
	i, secret, err := s.cfg.Accounts.NewReset(ctx, u.ID)
	if err != nil { // What the answer refuses must not stand.
		err = errors.Join(err, s.cfg.Accounts.RemoveUser(ctx, u.ID))
	}
	return u, i, secret, err
}

func (s *Server) getUser(c echo.Context) error {
	u, err := s.cfg.Accounts.User(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewUser(u))
}

func (s *Server) editUser(c echo.Context) error {
	var in struct {
		Name     *string        `json:"name"`
		Language *string        `json:"language"`
		Theme    *account.Theme `json:"theme"`
		Role     *account.Role  `json:"role"`
		Disabled *bool          `json:"disabled"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	u, secret, err := s.cfg.Accounts.EditUser(c.Request().Context(), c.Param("id"), account.UserEdit(in))
	if err != nil {
		return err
	}
	if secret != "" { // His own session goes on under another secret.
		s.keepSession(c, secret)
	}
	return c.JSON(http.StatusOK, viewUser(u))
}

func (s *Server) removeUser(c echo.Context) error {
	if err := s.cfg.Accounts.RemoveUser(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return noContent(c)
}

func (s *Server) resetUser(c echo.Context) error {
	i, secret, err := s.cfg.Accounts.NewReset(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, s.viewNewInvitation(i, secret))
}

func (s *Server) removeSecondFactor(c echo.Context) error {
	if err := s.cfg.Accounts.RemoveSecond(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return noContent(c)
}
