package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func (s *Server) listApplications(c echo.Context) error {
	q, err := listQuery(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	page, err := s.cfg.Applications.List(ctx, q)
	if err != nil {
		return err
	}
	p := principal(c)
	return c.JSON(http.StatusOK, applicationsView{
		Applications: viewAll(page.Rows, func(r watch.Row) applicationView {
			return s.viewApplication(p, seat{app: r.Application, watcher: r.Watcher}, standing)
		}),
		Next: page.Next, Total: page.Total,
	})
}

// noStatus is the filter for applications without an answer yet.
const noStatus = "none"

// listQuery reads which applications are asked for, of those that whoever asks
// may see.
func listQuery(c echo.Context) (q watch.Query, err error) {
	p := principal(c)
	q = watch.Query{
		Owners: seats(p), Owner: account.Owner(c.QueryParam("owner")), User: p.User.ID,
		Search: c.QueryParam("q"), Sort: watch.Sort(c.QueryParam("sort")), After: watch.ID(c.QueryParam("after")),
	}
	if !q.Sort.Valid() {
		return q, badField("sort", "There is no order %q. Choose one of %v.", q.Sort, watch.Sorts())
	}
	for _, text := range c.QueryParams()["status"] {
		status := visa.Status(text)
		switch {
		case text == "":
			continue
		case text == noStatus:
			status = ""
		case !status.Valid():
			return q, badField("status", "There is no status %q. Choose one of %v, or %q for applications without an answer yet.", text, visa.Statuses(), noStatus)
		}
		q.Statuses = append(q.Statuses, status)
	}
	for name, wanted := range map[string]*bool{"unread": &q.Unread, "paused": &q.Paused, "trouble": &q.Trouble, "archived": &q.Archived} {
		if *wanted, err = yes(c, name); err != nil {
			return q, err
		}
	}
	q.Limit, err = limit(c)
	return q, err
}

// yes reads a parameter of the query that is true or false; without it, it is false.
func yes(c echo.Context, name string) (bool, error) {
	switch c.QueryParam(name) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, badField(name, "The parameter %s must be true or false.", name)
}

// seats returns whose things p may see, in the order in which he takes a seat: his
// own before that of a group, and one he may change before one he may only see.
func seats(p account.Principal) []account.Owner {
	owners := p.Owners()
	slices.SortStableFunc(owners, func(a, b account.Owner) int { return seatRank(p, a) - seatRank(p, b) })
	return owners
}

func seatRank(p account.Principal, o account.Owner) int {
	switch {
	case o == p.Self():
		return 0
	case p.MayWrite(o):
		return 1
	}
	return 2
}

// The sizes of a page of a list.
const (
	usualLimit = 100
	maxLimit   = 500
)

// limit reads the query's limit.
func limit(c echo.Context) (int, error) {
	text := c.QueryParam("limit")
	if text == "" {
		return usualLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, badField("limit", "The parameter limit must be a number from 1 to %d.", maxLimit)
	}
	return n, nil
}
