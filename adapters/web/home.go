package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// homePage is the first page: everything that is watched.
type homePage struct {
	view
	// SheetDue: the recovery sheet was never confirmed to be printed.
	SheetDue bool
	Rows     []homeRow
}

// homeRow is an application of the list. Sign is the name of its sign.
type homeRow struct {
	ID                         watch.ID
	Name, Masked, Sign, Status string
}

func (s *Server) showHome(c echo.Context) error {
	ctx, p := c.Request().Context(), principal(c)
	page := &homePage{view: s.inside(c, sectionHome, "way.home")}
	due, err := s.sheetDue(c)
	if err != nil {
		return err
	}
	page.SheetDue = due
	list, err := s.cfg.Applications.List(ctx, watch.Query{Owners: seats(p), User: p.User.ID, Limit: usualLimit})
	if err != nil {
		return err
	}
	for _, r := range list.Rows {
		page.Rows = append(page.Rows, s.homeRow(page.view, seat{app: r.Application, watcher: r.Watcher}))
	}
	return s.show(c, http.StatusOK, "home", page)
}

func (s *Server) homeRow(v view, st seat) homeRow {
	row := homeRow{ID: st.app.ID, Name: st.watcher.Label, Masked: st.app.Reference.Masked(), Sign: "none", Status: v.T("home.no_answer")}
	if row.Name == "" {
		row.Name = row.Masked
	}
	if status := st.watcher.Shown(st.app.State).Status; status != "" {
		row.Sign, row.Status = string(status), v.T("status."+string(status))
	}
	return row
}

// toPage leads from the link in a message to the application on the page. The
// link is relative, so that it holds under a sub-path.
func (s *Server) toPage(c echo.Context) error {
	id := c.Param("id")
	if !account.IsID(id) {
		return echo.ErrNotFound
	}
	return c.Redirect(http.StatusSeeOther, "../#application-"+id)
}
