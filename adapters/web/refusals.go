package web

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// noteRefusals has the audit trail tell of requests that no honest page makes.
func (s *Server) noteRefusals(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if what, ok := refusalOf(c, err); ok {
			s.cfg.Accounts.Refused(c.Request().Context(), what, c.RealIP())
		}
		return err
	}
}

// refusalOf returns what a request was refused for, if that is to be noted.
func refusalOf(c echo.Context, err error) (what account.Refusal, ok bool) {
	if what, ok := c.Get(refusedKey).(account.Refusal); ok {
		return what, true
	}
	if err == nil {
		return "", false
	}
	switch p := problemOf(err); {
	case p.Status == http.StatusRequestEntityTooLarge:
		return account.RefusedBody, true
	case p.Code == "cross_origin":
		return account.RefusedOrigin, true
	case p.Code == "bad_host":
		return account.RefusedHost, true
	case p.Status == http.StatusNotFound && astray(c.Request().URL):
		return account.RefusedPath, true
	}
	return "", false
}

// refusedKey is where a request keeps that its token or cookie was none.
const refusedKey = "refused"

// keepRefused remembers that the token or cookie that came with a request is none.
func keepRefused(c echo.Context) {
	switch _, token := bearer(c.Request()); {
	case token:
		c.Set(refusedKey, account.RefusedToken)
	case cookieValue(c.Request(), sessionCookie) != "":
		c.Set(refusedKey, account.RefusedSession)
	}
}

// astray reports whether a path tries to get out of where it leads to.
func astray(u *url.URL) bool {
	return strings.Contains(u.Path, "..") || strings.ContainsAny(u.Path, "\\\x00\r\n")
}

// properHost refuses a Host header that can name no host: nothing is made of it
// here, but a proxy or a log might.
func (s *Server) properHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !isHost(c.Request().Host) {
			return &problem{Status: http.StatusBadRequest, Code: "bad_host", Detail: "The header Host names no host."}
		}
		return next(c)
	}
}

// isHost reports whether host is a name or an address, with or without a port. HTTP
// 1.0 has none.
func isHost(host string) bool {
	name := host
	if only, port, err := net.SplitHostPort(host); err == nil && strings.Trim(port, "0123456789") == "" {
		name = only
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	for _, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune("-._:%", r) {
			return false
		}
	}
	return len(host) <= 300
}
