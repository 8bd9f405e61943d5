package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// The steps of a first start, in their order. All but the language and what brings
// news are for whoever runs the appliance.
const (
	stepAccount  = "account"
	stepLanguage = "language"
	stepSheet    = "sheet"
	stepChannel  = "channel"
	stepNumber   = "number"
	// stepEnd is what is shown after them.
	stepEnd = "end"
)

// steps are those of a first start, for the list of them and for the line above
// each that counts them.
type steps struct {
	List []step
	// At is the one that is shown.
	At string
}

// step is one of the steps. That it is done follows from what there is, and is
// written down nowhere.
type step struct {
	Name   string
	Number int
	Done   bool
}

// stepsOf returns the steps of who may run the appliance, or may not.
func stepsOf(admin bool, at string) steps {
	names := []string{stepLanguage, stepChannel, stepNumber}
	if admin {
		names = []string{stepAccount, stepLanguage, stepSheet, stepChannel, stepNumber}
	}
	s := steps{At: at}
	for i, name := range names {
		s.List = append(s.List, step{Name: name, Number: i + 1})
	}
	return s
}

// fromStart is how a form and a query say that they belong to the first steps.
const fromStart = "start"

// beganWith returns fromStart and the steps if a request belongs to this one of the
// first steps.
func beganWith(c echo.Context, at string) (from string, all steps) {
	if c.FormValue("from") != fromStart {
		return "", steps{}
	}
	return fromStart, stepsOf(principal(c).MayAdminister(), at)
}

// Number is the number of the step that is shown, Total how many there are.
func (s steps) Number() int {
	for _, one := range s.List {
		if one.Name == s.At {
			return one.Number
		}
	}
	return 0
}

func (s steps) Total() int { return len(s.List) }

// Left counts the steps that are not done.
func (s steps) Left() (left int) {
	for _, one := range s.List {
		if !one.Done {
			left++
		}
	}
	return left
}

// Next is the first step that is not done: behind the one that is shown, else before
// it, else the end.
func (s steps) Next() string {
	first, behind := stepEnd, s.Number() == 0
	for _, one := range s.List {
		switch {
		case one.Name == s.At:
			behind = true
		case one.Done:
		case behind:
			return one.Name
		case first == stepEnd:
			first = one.Name
		}
	}
	return first
}

// has reports whether there is a step of that name.
func (s steps) has(name string) bool {
	for _, one := range s.List {
		if one.Name == name {
			return true
		}
	}
	return false
}

// startPage leads through the first steps.
type startPage struct {
	view
	addBox
	Steps     steps
	Languages []language
	Themes    []choice
	SheetDue  bool
	Channels  []startChannel
	Rows      []homeRow
	// Asking: the portal was asked, and has not answered yet.
	Asking bool
}

// startChannel is a channel, and whether its server has taken a test message.
type startChannel struct {
	ID, Name, Kind string
	Tested, May    bool
}

// Shows reports whether a step is the one that is shown, for the template.
func (p *startPage) Shows(step string) bool { return p.Steps.At == step }

// startSteps returns the steps of whoever makes the request, with what is done.
func (s *Server) startSteps(c echo.Context) (steps, error) {
	ctx, p := c.Request().Context(), principal(c)
	all := stepsOf(p.MayAdminister(), "")
	due, err := s.sheetDue(c)
	if err != nil {
		return all, err
	}
	channels, err := s.channels(ctx, p)
	if err != nil {
		return all, err
	}
	tested := false
	for _, ch := range channels {
		tested = tested || !ch.TestedAt.IsZero()
	}
	list, err := s.cfg.Applications.List(ctx, watch.Query{Owners: seats(p), User: p.User.ID, Limit: startShown})
	if err != nil {
		return all, err
	}
	answered := list.All.Archived > 0 || list.All.Total > list.All.Statuses[""]
	for _, r := range list.Rows {
		answered = answered || r.Watcher.Shown(r.Application.State).Pending != nil
	}
	done := map[string]bool{stepAccount: true, stepLanguage: p.User.Language != "", stepSheet: !due, stepChannel: tested, stepNumber: answered}
	for i := range all.List {
		all.List[i].Done = done[all.List[i].Name]
	}
	return all, nil
}

// firstSteps returns the steps that the first page shows, nil if none are left or
// wanted.
func (s *Server) firstSteps(c echo.Context) (*steps, error) {
	if p := principal(c); !p.User.Starting || !p.MayAdd() || p.Via != account.BySession {
		return nil, nil
	}
	all, err := s.startSteps(c)
	if err != nil || all.Left() == 0 {
		return nil, err
	}
	return &all, nil
}

// showStart shows the step that the query names, or the first that is not done.
func (s *Server) showStart(c echo.Context) error {
	if !principal(c).MayAdd() {
		return account.ErrForbidden
	}
	all, err := s.startSteps(c)
	if err != nil {
		return err
	}
	at := c.QueryParam("step")
	if at != stepEnd && !all.has(at) || at == stepAccount {
		at = all.Next()
	}
	all.At = at
	page := s.startPage(c, all)
	if err := s.fillStart(c, page); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "start", page)
}

func (s *Server) startPage(c echo.Context, all steps) *startPage {
	page := &startPage{view: s.inside(c, sectionHome, "start.title"), addBox: addBox{From: fromStart}, Steps: all, Languages: s.languages()}
	page.Themes = page.themes(page.Me.Theme)
	return page
}

func (s *Server) fillStart(c echo.Context, page *startPage) (err error) {
	ctx, p := c.Request().Context(), principal(c)
	switch page.Steps.At {
	case stepSheet:
		page.SheetDue, err = s.sheetDue(c)
		return err
	case stepChannel:
		list, err := s.channels(ctx, p)
		for _, ch := range list {
			page.Channels = append(page.Channels, startChannel{
				ID: ch.ID, Name: ch.Name, Kind: page.T("channel." + ch.Kind), Tested: !ch.TestedAt.IsZero(), May: p.MayWrite(ch.Owner),
			})
		}
		return err
	case stepNumber:
		// What was added last is of interest, and stands at the end.
		list, err := s.cfg.Applications.List(ctx, watch.Query{Owners: seats(p), User: p.User.ID})
		if err != nil {
			return err
		}
		if list, err = s.cfg.Applications.List(ctx, watch.Query{Owners: seats(p), User: p.User.ID, Offset: max(0, list.All.Total-startShown), Limit: startShown}); err != nil {
			return err
		}
		for _, r := range list.Rows {
			row, err := s.homeRow(c, page.view, r)
			if err != nil {
				return err
			}
			page.Rows = append(page.Rows, row)
			page.Asking = page.Asking || row.Sign == noStatus && row.Trouble == "" && row.Pending == ""
		}
	}
	return nil
}

// startShown is how many applications the last step shows.
const startShown = 3

// doStart takes the language, or puts the steps away.
func (s *Server) doStart(c echo.Context) error {
	if !principal(c).MayAdd() {
		return account.ErrForbidden
	}
	switch c.FormValue("do") {
	case "language":
		if _, err := s.changeLanguage(c); err != nil {
			page := s.startPage(c, stepsOf(principal(c).MayAdminister(), stepLanguage))
			return s.complain(c, "start", &page.view, func() any { return page }, err)
		}
		all, err := s.startSteps(c)
		if err != nil {
			return err
		}
		all.At = stepLanguage
		return see(c, "start?step="+all.Next())
	case "dismiss":
		if err := s.cfg.Accounts.EndStart(c.Request().Context()); err != nil {
			return err
		}
		return see(c, "./")
	}
	return echo.ErrBadRequest
}
