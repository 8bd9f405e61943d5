package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Store is asked whether it answers.
type Store interface {
	Ping() error
}

// healthView says that all is well. Health answers tell nothing about people.
type healthView struct {
	Status string `json:"status"`
}

// healthz is for whoever restarts a process that hangs.
func (s *Server) healthz(c echo.Context) error {
	return s.health(c, s.storeTrouble())
}

// readyz is for whoever decides whether the appliance does its work.
func (s *Server) readyz(c echo.Context) error {
	reasons := s.storeTrouble()
	if !s.cfg.Running() {
		reasons = append(reasons, "no checks are made, because the engine is not running")
	}
	if s.stopping.Load() {
		reasons = append(reasons, "the appliance is stopping")
	}
	return s.health(c, reasons)
}

// storeTrouble says why the store cannot be used. The cause is in the log of
// whatever stumbles over it; it may name paths.
func (s *Server) storeTrouble() []string {
	if err := s.cfg.Store.Ping(); err != nil {
		return []string{"the store does not answer"}
	}
	return nil
}

// health answers with the reasons that speak against it, if there are any.
func (s *Server) health(c echo.Context, reasons []string) error {
	if len(reasons) > 0 {
		return &problem{Status: http.StatusServiceUnavailable, Code: "not_ready", Detail: "The appliance is not in working order.", Reasons: reasons}
	}
	return c.JSON(http.StatusOK, healthView{Status: "ok"})
}
