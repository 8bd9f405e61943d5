package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// invitationView is a link that waits: for somebody new, or for User to set
// another password.
type invitationView struct {
	ID    string        `json:"id"`
	User  string        `json:"user,omitempty"`
	Role  account.Role  `json:"role,omitempty"`
	Group string        `json:"group,omitempty"`
	Right account.Right `json:"right,omitempty"`
	// By is who made it; left out for the command line.
	By        string    `json:"by,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// newInvitationView is the same when it is made: the only time that its secret
// can be seen.
type newInvitationView struct {
	invitationView
	// Secret is what the page /join asks for.
	Secret string `json:"secret"`
	// Link leads to that page with the secret; left out where the appliance does
	// not know its own address.
	Link string `json:"link,omitempty"`
}

type invitationsView struct {
	Invitations []invitationView `json:"invitations"`
}

func viewInvitation(i account.Invitation) invitationView {
	return invitationView{
		ID: i.ID, User: i.User, Role: i.Role, Group: i.Group, Right: i.Right, By: i.By,
		CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
}

func (s *Server) viewNewInvitation(i account.Invitation, secret string) newInvitationView {
	return newInvitationView{invitationView: viewInvitation(i), Secret: secret, Link: s.joinLink(secret)}
}

// joinLink returns the link that brings a secret to the page that takes it, ""
// if the appliance's address is not configured: the Host header of a request is
// the word of whoever sends it. Behind #, the secret reaches no server and no log.
func (s *Server) joinLink(secret string) string {
	if s.cfg.BaseURL == "" {
		return ""
	}
	return strings.TrimRight(s.cfg.BaseURL, "/") + "/join#" + secret
}

func (s *Server) listInvitations(c echo.Context) error {
	all, err := s.cfg.Accounts.Invitations(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, invitationsView{Invitations: viewAll(all, viewInvitation)})
}

func (s *Server) addInvitation(c echo.Context) error {
	var in struct {
		Role  account.Role  `json:"role"`
		Group string        `json:"group"`
		Right account.Right `json:"right"`
		Lasts string        `json:"lasts"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	lasts, err := lastsOf(in.Lasts)
	if err != nil {
		return err
	}
	i, secret, err := s.cfg.Accounts.Invite(c.Request().Context(), account.Invite{Role: in.Role, Group: in.Group, Right: in.Right, Lasts: lasts})
	if errors.Is(err, account.ErrNoGroup) {
		return badField("group", "The field group names no group of yours. Leave it out, or give the ID of a group that you lead.")
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, s.viewNewInvitation(i, secret))
}

func (s *Server) removeInvitation(c echo.Context) error {
	if err := s.cfg.Accounts.RemoveInvitation(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return noContent(c)
}
