package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Store is asked how it is.
type Store interface {
	// Ping reports whether it can be read, Writable whether the last write succeeded.
	Ping() error
	Writable() error
}

// healthView says that all is well. Health answers tell nothing about people.
type healthView struct {
	Status string `json:"status"`
}

// healthz is for whoever restarts a process that hangs. A full disk is no reason
// to: the next process would find it just as full.
func (s *Server) healthz(c echo.Context) error {
	return s.health(c, s.storeTrouble())
}

// readyz is for whoever decides whether the appliance does its work.
func (s *Server) readyz(c echo.Context) error {
	reasons := s.storeTrouble()
	if s.cfg.Store.Writable() != nil {
		reasons = append(reasons, "the last change could not be stored; is the disk full, or mounted read-only?")
	}
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
