package web

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// troublePage says to somebody at a browser what the API says as a problem.
type troublePage struct {
	view
	Text string
}

// forPeople reports whether an answer is read by somebody at a browser, who has
// no use for a problem in JSON.
func forPeople(c echo.Context) bool {
	r := c.Request()
	api := strings.HasPrefix(r.URL.Path, apiPath+"/") || c.Path() == "/healthz" || c.Path() == "/readyz"
	return !api && r.Method != http.MethodHead && strings.Contains(r.Header.Get(echo.HeaderAccept), echo.MIMETextHTML)
}

// showTrouble answers with p as a page.
func (s *Server) showTrouble(c echo.Context, p *problem) error {
	page := &troublePage{view: s.view(c, "page.trouble")}
	key := "problem." + cmp.Or(p.key, p.Code)
	if !page.words.Has(key) {
		key = "problem.bad_request"
	}
	page.Text = page.T(key, "id", requestID(c))
	return s.show(c, p.Status, "trouble", page)
}
