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

// homePage is the first page: everything that is watched, by whose it is.
type homePage struct {
	view
	// SheetDue: the recovery sheet was never confirmed to be printed.
	SheetDue bool
	// Start are the first steps, nil where they are done or not wanted; MayAdd: he
	// may add a number.
	Start  *steps
	MayAdd bool
	Banner banner
	Filter homeFilter
	// Of is the owner whose seats are shown, "" for the first one in each
	// application. What is ticked is changed for him, whatever the menu says by then.
	Of account.Owner
	// Shows, Statuses, Owners and Sorts are what can be chosen; Owners only where
	// there are several.
	Shows, Statuses, Owners, Sorts []choice
	Sections                       []homeSection
	// Total is how many pass the filter, All how many there are. Pages are counted from 1.
	Total, All, Page, Pages int
	// May: some of it may be changed, so that several can be at once.
	May bool
}

// SaysOutcome is false: the page says it beside the list, with which it is sent.
func (p *homePage) SaysOutcome() bool { return false }

// Before and After are the pages beside the one that is shown.
func (p *homePage) Before() int { return p.Page - 1 }
func (p *homePage) After() int  { return p.Page + 1 }

// Dos are what can be done to several at once.
func (p *homePage) Dos() []string {
	if p.Filter.Show == showArchived {
		return []string{"unarchive"}
	}
	return []string{"check", "seen", "pause", "resume", "mute", "unmute", "archive"}
}

// homeFilter is what of all is shown. It comes by POST: what somebody looks for
// may be a name, and is not to stand in an address.
type homeFilter struct {
	Search, Show, Status, Owner, Sort string
	Page                              int
}

// choice is one of several that a form offers. Count is how many it would show.
type choice struct {
	Value, Name string
	Count       int
	Chosen      bool
}

// homeSection is what one owner watches.
type homeSection struct {
	ID, Name string
	Summary  string
	Decided  int
	Total    int
	Rows     []homeRow
	Plain    bool // there is but one, which needs no heading
	Progress string
}

// homeLimit is how many applications are shown at once.
const homeLimit = 50

// The choices of what to show.
const (
	showAll      = ""
	showNews     = "news"
	showTrouble  = "trouble"
	showPaused   = "paused"
	showArchived = "archived"
)

func homeFilterOf(r *http.Request) homeFilter {
	f := homeFilter{
		Search: r.PostFormValue("q"), Show: r.PostFormValue("show"), Status: r.PostFormValue("status"),
		Owner: r.PostFormValue("owner"), Sort: r.PostFormValue("sort"),
	}
	for _, field := range []string{"page", "go"} { // A button goes on from the page that is shown.
		if n, err := strconv.Atoi(r.PostFormValue(field)); err == nil {
			f.Page = min(max(1, n), watch.MaxApplications)
		}
	}
	return f
}

// Plain reports whether f asks for what the first page shows to who asks for nothing.
func (f homeFilter) Plain() bool {
	return f.Search == "" && f.Show == showAll && f.Status == "" && f.Owner == "" && f.Page <= 1 && (f.Sort == "" || f.Sort == string(watch.ByNews))
}

// query returns what f asks for. What cannot be asked for is passed over: a page
// shows too much rather than nothing.
func (f homeFilter) query(p account.Principal) watch.Query {
	q := watch.Query{
		Owners: seats(p), User: p.User.ID, Search: f.Search, Sort: watch.ByNews, Limit: homeLimit, Offset: homeLimit * max(0, f.Page-1),
		Unread: f.Show == showNews, Trouble: f.Show == showTrouble, Paused: f.Show == showPaused, Archived: f.Show == showArchived,
	}
	if owner := account.Owner(f.Owner); slices.Contains(q.Owners, owner) {
		q.Owner = owner
	}
	if order := watch.Sort(f.Sort); f.Sort != "" && order.Valid() {
		q.Sort = order
	}
	switch status := visa.Status(f.Status); {
	case f.Status == noStatus:
		q.Statuses = []visa.Status{""}
	case status.Valid():
		q.Statuses = []visa.Status{status}
	}
	return q
}

// showHome shows the list, and does before what a button asks for.
func (s *Server) showHome(c echo.Context) error {
	page := &homePage{view: s.inside(c, sectionHome, "way.home"), Filter: homeFilterOf(c.Request())}
	s.keepOffline(c)
	status := http.StatusOK
	if c.Request().Method == http.MethodPost {
		said, bad, err := s.doBulk(c)
		if err != nil {
			return err
		}
		page.Done = said
		if bad != "" {
			page.Problem, status = bad, http.StatusUnprocessableEntity
		}
	}
	if err := s.fillHome(c, page); err != nil {
		return err
	}
	return s.show(c, status, "home", page)
}

func (s *Server) fillHome(c echo.Context, page *homePage) error {
	ctx, p := c.Request().Context(), principal(c)
	due, err := s.sheetDue(c)
	if err != nil {
		return err
	}
	if page.Start, err = s.firstSteps(c); err != nil {
		return err
	}
	page.SheetDue, page.MayAdd = due && page.Start == nil, p.MayAdd()
	if page.Banner, err = s.banner(c, page.view); err != nil {
		return err
	}
	groups, err := s.cfg.Accounts.Groups(ctx)
	if err != nil {
		return err
	}
	query := page.Filter.query(p)
	page.Of = query.Owner
	list, err := s.cfg.Applications.List(ctx, query)
	if err == nil && len(list.Rows) == 0 && page.Filter.Page > 1 {
		page.Filter.Page = 1 // What stood there has gone meanwhile.
		list, err = s.cfg.Applications.List(ctx, page.Filter.query(p))
	}
	if err != nil {
		return err
	}
	page.Total, page.All = list.Total, list.All.Total+list.All.Archived
	page.Page, page.Pages = max(1, page.Filter.Page), (list.Total+homeLimit-1)/homeLimit
	page.choices(list, groups, p)
	return s.fillSections(c, page, list, ownerNames(page.view, groups, p))
}

// fillSections puts the rows of a list under those whose they are.
func (s *Server) fillSections(c echo.Context, page *homePage, list watch.Page, names map[account.Owner]string) error {
	for _, owner := range seats(principal(c)) {
		section := homeSection{ID: string(owner), Name: names[owner], Plain: len(names) == 1}
		for _, r := range list.Rows {
			if r.Watcher.Owner != owner {
				continue
			}
			row, err := s.homeRow(c, page.view, r)
			if err != nil {
				return err
			}
			page.May = page.May || row.May
			section.Rows = append(section.Rows, row)
		}
		if len(section.Rows) > 0 {
			section.count(page.view, list.Tallies[owner])
			page.Sections = append(page.Sections, section)
		}
	}
	return nil
}

// count says how far what an owner watches has come.
func (h *homeSection) count(v view, t watch.Tally) {
	h.Total = t.Total
	for status, n := range t.Statuses {
		if status.Final() {
			h.Decided += n
		}
	}
	h.Summary = v.T("home.count", "count", t.Total)
	if t.Unread > 0 {
		h.Summary += " · " + v.T("home.count_news", "count", t.Unread)
	}
	if t.Trouble > 0 {
		h.Summary += " · " + v.T("home.count_trouble", "count", t.Trouble)
	}
	h.Progress = v.T("home.decided", "done", h.Decided, "total", h.Total)
}

// ownerNames says what those are called whose things p may see.
func ownerNames(v view, groups []account.Group, p account.Principal) map[account.Owner]string {
	names := map[account.Owner]string{p.Self(): v.T("home.mine")}
	for _, g := range groups {
		names[account.OfGroup(g.ID)] = g.Name
	}
	return names
}

// choices fills what the form offers.
func (p *homePage) choices(list watch.Page, groups []account.Group, who account.Principal) {
	f := p.Filter
	for _, one := range []struct {
		value string
		count int
	}{{showAll, list.All.Total}, {showNews, list.All.Unread}, {showTrouble, list.All.Trouble}, {showPaused, list.All.Paused}, {showArchived, list.All.Archived}} {
		if one.count == 0 && one.value != showAll && one.value != f.Show {
			continue // It would show nothing.
		}
		p.Shows = append(p.Shows, choice{Value: one.value, Name: p.T("home.show_" + nameOf(one.value)), Count: one.count, Chosen: f.Show == one.value})
	}
	p.Statuses = []choice{{Name: p.T("home.any_status")}}
	for _, status := range append([]visa.Status{""}, visa.Statuses()...) {
		if n := list.All.Statuses[status]; n > 0 || f.Status == statusValue(status) {
			p.Statuses = append(p.Statuses, choice{Value: statusValue(status), Name: p.statusName(status), Count: n, Chosen: f.Status == statusValue(status)})
		}
	}
	if len(groups) > 0 {
		p.Owners = []choice{{Name: p.T("home.any_owner")}}
		names := ownerNames(p.view, groups, who)
		for _, owner := range seats(who) {
			p.Owners = append(p.Owners, choice{Value: string(owner), Name: names[owner], Count: list.Tallies[owner].Total, Chosen: f.Owner == string(owner)})
		}
	}
	for _, order := range []watch.Sort{watch.ByNews, watch.ByLabel, watch.ByAge, watch.ByNext, watch.ByStatus, watch.ByAdded} {
		p.Sorts = append(p.Sorts, choice{Value: string(order), Name: p.T("home.sort_" + string(order)), Chosen: f.Sort == string(order)})
	}
}

// nameOf is what a choice of what to show is called in the catalogue.
func nameOf(show string) string {
	if show == showAll {
		return "all"
	}
	return show
}

// statusValue is a status in a form, noStatus for none.
func statusValue(status visa.Status) string {
	if status == "" {
		return noStatus
	}
	return string(status)
}

// statusName puts a status into words.
func (v view) statusName(status visa.Status) string {
	if status == "" {
		return v.T("home.no_answer")
	}
	return v.T("status." + string(status))
}
