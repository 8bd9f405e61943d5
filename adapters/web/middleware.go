package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// requestIDKey is where the request ID stands in the context.
const requestIDKey = "request_id"

func requestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// route returns the pattern that matched, which unlike the path tells nothing
// about a person.
func route(c echo.Context) string {
	if c.Path() == "" {
		return "none"
	}
	return c.Path()
}

// observe gives the request its ID, has its error written, and logs it. What
// is logged cannot hold personal data: no path, no query, no header.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		id := strings.ToLower(rand.Text()[:12])
		c.Set(requestIDKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		if err := next(c); err != nil {
			c.Error(err)
		}
		level := slog.LevelInfo
		if c.Path() == "/healthz" || c.Path() == "/readyz" {
			level = slog.LevelDebug // Asked every few seconds, for ever.
		}
		s.cfg.Logger.LogAttrs(c.Request().Context(), level, "request answered",
			slog.String("method", method(c)), slog.String("route", route(c)),
			slog.Int("status", c.Response().Status), slog.Duration("took", time.Since(start)),
			slog.String("request_id", id))
		return nil
	}
}

// method returns the request's method if it is a known one; anything may be
// sent in its place.
func method(c echo.Context) string {
	switch m := c.Request().Method; m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodPut, http.MethodOptions:
		return m
	}
	return "other"
}

// contentPolicy allows what the page brings along, and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// harden sets the security headers of every answer, and bounds the body of
// every request. There are no CORS headers: no other site may read the API.
func (s *Server) harden(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// With no-referrer, browsers would send "Origin: null" with our own forms, and
		// over plain HTTP nothing else by which sameOrigin could know them.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r := c.Request()
		r.Body = http.MaxBytesReader(c.Response(), r.Body, s.bodyLimit(c))
		return next(c)
	}
}

// recoverPanic turns a panic into an internal error.
func (s *Server) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			r := recover()
			if e, ok := r.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(r) // The server's own way to break off.
			}
			if r != nil {
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		return next(c)
	}
}

// sameOrigin keeps pages of other sites from writing. The token keeps them out
// already, as browsers do not send it by themselves; this is the second line.
func (s *Server) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.origin.Check(c.Request()); err != nil {
			return &problem{
				Status: http.StatusForbidden, Code: "cross_origin",
				Detail: "A page of another site may not do this. If this is your own site behind a proxy, set CZVM_BASE_URL to its address.",
			}
		}
		return next(c)
	}
}
