package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// sessionView is a browser that has signed in.
type sessionView struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	// SeenAt is when it was last used, to the hour.
	SeenAt  time.Time `json:"seen_at"`
	Address string    `json:"address,omitempty"`
	// Agent is what the browser calls itself.
	Agent string `json:"agent,omitempty"`
	// Current: it is the one that asks.
	Current bool `json:"current"`
}

type sessionsView struct {
	Sessions []sessionView `json:"sessions"`
}

// sessionsOf answers with the sessions of a user.
func (s *Server) sessionsOf(c echo.Context, user string) error {
	all, err := s.cfg.Accounts.Sessions(c.Request().Context(), user)
	if err != nil {
		return err
	}
	own := principal(c).Key
	return c.JSON(http.StatusOK, sessionsView{Sessions: viewAll(all, func(one account.Session) sessionView {
		return sessionView{
			ID: one.ID, CreatedAt: one.CreatedAt.UTC(), SeenAt: one.SeenAt.UTC(), Address: one.Address, Agent: one.Agent, Current: one.ID == own,
		}
	})})
}

// endSessionsOf ends the sessions of a user but for the one that asks.
func (s *Server) endSessionsOf(c echo.Context, user string) error {
	if _, err := s.cfg.Accounts.EndOtherSessions(c.Request().Context(), user); err != nil {
		return err
	}
	return noContent(c)
}

func (s *Server) listSessions(c echo.Context) error { return s.sessionsOf(c, principal(c).User.ID) }

func (s *Server) removeSession(c echo.Context) error {
	p, id := principal(c), c.Param("id")
	if err := s.cfg.Accounts.EndSession(c.Request().Context(), p.User.ID, id); err != nil {
		return err
	}
	if id == p.Key {
		s.setCookie(c, sessionCookie, "", 0)
	}
	return noContent(c)
}

func (s *Server) removeSessions(c echo.Context) error {
	return s.endSessionsOf(c, principal(c).User.ID)
}

func (s *Server) listUserSessions(c echo.Context) error {
	u, err := s.cfg.Accounts.User(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return s.sessionsOf(c, u.ID)
}

func (s *Server) removeUserSessions(c echo.Context) error {
	u, err := s.cfg.Accounts.User(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return s.endSessionsOf(c, u.ID)
}
