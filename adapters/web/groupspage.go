package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// groupsPage lists the groups of whoever looks, and lets him begin one.
type groupsPage struct {
	view
	Rows   []groupRow
	MayAdd bool
	// Name and Kinds are what the form has; Wrong is the field that is wrong, "" for none.
	Name  string
	Kinds []choice
	Wrong string
}

// groupRow is a group of the list.
type groupRow struct{ ID, Name, Kind, Right, Members string }

func (s *Server) groupsPage(c echo.Context) (*groupsPage, error) {
	p := principal(c)
	page := &groupsPage{view: s.inside(c, sectionGroups, "way.groups"), MayAdd: p.MayAdd()}
	groups, err := s.cfg.Accounts.Groups(c.Request().Context())
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		page.Rows = append(page.Rows, groupRow{
			ID: g.ID, Name: g.Name, Kind: page.T("groups.kind_" + string(g.Kind)), Right: page.T("groups.my_right_" + string(g.Of(p.User.ID))),
			Members: page.T("groups.members_count", "count", len(g.Members)),
		})
	}
	page.Kinds = page.kinds(account.Family)
	return page, nil
}

// kinds are those that a group can be of.
func (v view) kinds(chosen account.GroupKind) (list []choice) {
	for _, kind := range []account.GroupKind{account.Family, account.Firm} {
		list = append(list, choice{Value: string(kind), Name: v.T("groups.kind_" + string(kind)), Chosen: kind == chosen})
	}
	return list
}

func (s *Server) showGroups(c echo.Context) error {
	page, err := s.groupsPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "groups", page)
}

// beginGroup makes a group of whoever asks.
func (s *Server) beginGroup(c echo.Context) error {
	name, kind := c.FormValue("name"), account.GroupKind(c.FormValue("kind"))
	g, err := s.cfg.Accounts.AddGroup(c.Request().Context(), name, kind)
	if err == nil {
		return seeDone(c, "groups/"+g.ID, "group_begun")
	}
	page, perr := s.groupsPage(c)
	if perr != nil {
		return perr
	}
	if !page.MayAdd {
		return err
	}
	page.Name, page.Kinds, page.Wrong = name, page.kinds(kind), problemOf(err).Field
	return s.complain(c, "groups", &page.view, func() any { return page }, err)
}

// belongings are how many things are a group's or a user's.
type belongings struct{ Applications, People, Channels int }

// belongings counts what belongs to an owner, for whoever may see it.
func (s *Server) belongings(ctx context.Context, p account.Principal, owner account.Owner) (b belongings, err error) {
	list, err := s.cfg.Applications.List(ctx, watch.Query{Owners: []account.Owner{owner}, User: p.User.ID, Limit: 1})
	if err != nil {
		return b, err
	}
	b.Applications = list.All.Total + list.All.Archived
	err = s.cfg.People.People(ctx, []account.Owner{owner}, "", func(dossier.Person) bool {
		b.People++
		return ctx.Err() == nil
	})
	if err != nil {
		return b, err
	}
	channels, err := s.channels(ctx, p)
	for _, ch := range channels {
		if ch.Owner == owner {
			b.Channels++
		}
	}
	return b, err
}

// lines says in words what there is.
func (b belongings) lines(v view) (lines []string) {
	for _, kind := range []struct {
		key string
		n   int
	}{{"groups.applications", b.Applications}, {"groups.people", b.People}, {"groups.channels", b.Channels}} {
		if kind.n > 0 {
			lines = append(lines, v.T(kind.key, "count", kind.n))
		}
	}
	return lines
}
