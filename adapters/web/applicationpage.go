package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// applicationPage is all that is known of one application, as one of its watchers
// sees it.
type applicationPage struct {
	view
	Row homeRow
	// Query names the seat where it is not the usual one: "?owner=" and whose.
	Query string
	// Seats are those from which the reader can see it, where there are several.
	Seats  []choiceRow
	Whose  string
	Masked string
	// Number is the whole reference, "" unless the reader asked for it.
	Number     string
	Note       string
	Wording    wording
	Next, Late *nextBox
	Steps      []stepRow
	Clock      clockBox
	Remedy     *remedyBox
	// TroubleHelp says what to do about the trouble, Resting until when the portal
	// is left alone.
	TroubleHelp, Resting string
	Checked              when
	Interval             string
	History              []entryRow
	Checks               []checkRow
	People               []personLink
	// Strangers can be linked: people of the owner who are not.
	Strangers []choiceRow
	Channels  []channelLink
	// Asked is what became of a wish to check now.
	Asked string
}

// personLink is a person of the application, with the documents.
type personLink struct {
	ID, Name  string
	Documents []expiry
	May       bool
}

// channelLink is a channel that tells of the application.
type channelLink struct {
	ID, Name string
	Paused   bool
}

// shownHistory is how many entries of the history the page shows.
const shownHistory = 200

// Here is the address of the page behind Root.
func (p *applicationPage) Here() string { return "applications/" + string(p.Row.ID) + p.Query }

// There is the address of a page below it, behind Root.
func (p *applicationPage) There(name string) string {
	return "applications/" + string(p.Row.ID) + "/" + name + p.Query
}

// queryOf names a seat where it is not the one that p takes without a word.
func queryOf(p account.Principal, st seat) string {
	if usual, ok := seatOf(p, st.app, ""); ok && usual.watcher.Owner == st.watcher.Owner {
		return ""
	}
	return "?owner=" + url.QueryEscape(string(st.watcher.Owner))
}

func (s *Server) showApplication(c echo.Context) error {
	st, err := s.seat(c)
	if err != nil {
		return err
	}
	page, err := s.applicationPage(c, st)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "application", page)
}

// applicationPage makes the page of a seat.
func (s *Server) applicationPage(c echo.Context, st seat) (*applicationPage, error) {
	page := &applicationPage{view: s.inside(c, sectionHome, "application.title"), Query: queryOf(principal(c), st), Note: st.watcher.Note}
	row, err := s.homeRow(c, page.view, watch.Row{Application: st.app, Watcher: st.watcher})
	if err != nil {
		return nil, err
	}
	page.Row = row
	page.Heading, page.Masked = row.Name, st.app.Reference.Masked()
	history, err := s.cfg.Applications.History(c.Request().Context(), st.app.ID, shownHistory)
	if err != nil {
		return nil, err
	}
	page.fill(s, st, history)
	for _, fill := range []func(echo.Context, *applicationPage, seat) error{s.fillSeats, s.fillPeople, s.fillChannels} {
		if err := fill(c, page, st); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// fillSeats says whose it is, and from where else the reader may see it.
func (s *Server) fillSeats(c echo.Context, page *applicationPage, st seat) error {
	p := principal(c)
	who, err := s.owners(c, page.view, st.watcher.Owner)
	if err != nil {
		return err
	}
	page.Whose = who.of(st.watcher.Owner)
	for _, owner := range seats(p) {
		if one, ok := seatOf(p, st.app, owner); ok {
			page.Seats = append(page.Seats, choiceRow{queryOf(p, one), who.of(owner), owner == st.watcher.Owner})
		}
	}
	if len(page.Seats) < 2 {
		page.Seats = nil
	}
	return nil
}

// fillPeople lists the people of the application, and those of its owner who could be.
func (s *Server) fillPeople(c echo.Context, page *applicationPage, st seat) error {
	ctx, p := c.Request().Context(), principal(c)
	people, err := s.cfg.People.PeopleOf(ctx, string(st.app.ID))
	if err != nil {
		return err
	}
	linked := make(map[string]bool, len(people))
	for _, one := range people {
		linked[one.ID] = true
		if !p.MayRead(one.Owner) {
			continue
		}
		link := personLink{ID: one.ID, Name: one.Name, May: p.MayWrite(one.Owner)}
		for _, d := range one.Documents {
			link.Documents = append(link.Documents, expiryOf(page.view, d, civil.DateOf(s.today())))
		}
		page.People = append(page.People, link)
	}
	if !page.Row.May {
		return nil
	}
	return s.cfg.People.People(ctx, []account.Owner{st.watcher.Owner}, "", func(one dossier.Person) bool {
		if !linked[one.ID] {
			page.Strangers = append(page.Strangers, choiceRow{Value: one.ID, Label: one.Name})
		}
		return len(page.Strangers) < offered && ctx.Err() == nil
	})
}

func (s *Server) fillChannels(c echo.Context, page *applicationPage, st seat) error {
	list, err := s.channels(c.Request().Context(), principal(c))
	if err != nil {
		return err
	}
	for _, ch := range list {
		if hasChannel(st.watcher, ch.ID) {
			page.Channels = append(page.Channels, channelLink{ch.ID, ch.Name, ch.Paused})
		}
	}
	return nil
}

// changeApplication does what a button of the page says.
func (s *Server) changeApplication(c echo.Context) error {
	do := c.FormValue("do")
	st, err := s.seat(c)
	switch {
	case err != nil:
		return err
	case do == "number":
		return s.showNumber(c, st)
	case do == "seen":
		if _, err := s.cfg.Watching.Seen(c.Request().Context(), st.app.ID, principal(c).User.ID); err != nil {
			return err
		}
		return s.seeApplication(c, st, "application_seen")
	}
	if st, err = s.ownSeat(c); err != nil {
		return err
	}
	switch do {
	case "check":
		return s.checkByForm(c, st)
	case "purpose":
		return s.setPurpose(c, st)
	case "link", "unlink":
		return s.linkPerson(c, st, do == "link")
	}
	edit := bulkEdits()[do]
	if edit == nil {
		return echo.ErrBadRequest
	}
	if _, err := s.cfg.Watching.Edit(c.Request().Context(), st.app.ID, st.watcher.Owner, edit); err != nil {
		return err
	}
	return s.seeApplication(c, st, "application_"+do)
}

// seeApplication leads to the page of a seat, which says what was done, from that
// page itself.
func (s *Server) seeApplication(c echo.Context, st seat, done string) error {
	return see(c, string(st.app.ID)+pageQuery(principal(c), st, done))
}

// pageQuery is the query of the page of a seat that says what was done.
func pageQuery(p account.Principal, st seat, done string) string {
	if seat := queryOf(p, st); seat != "" {
		return seat + "&done=" + done
	}
	return "?done=" + done
}

// showNumber shows the page with the whole reference. It is asked for by POST, so
// that it is shown once and not at the next visit.
func (s *Server) showNumber(c echo.Context, st seat) error {
	page, err := s.applicationPage(c, st)
	if err != nil {
		return err
	}
	page.Number = st.app.Reference.String()
	return s.show(c, http.StatusOK, "application", page)
}

// checkByForm asks for a check, and says how it stands in the queue.
func (s *Server) checkByForm(c echo.Context, st seat) error {
	ticket, err := s.cfg.Watching.CheckNow(c.Request().Context(), st.app.ID)
	_, isQuota := errors.AsType[*watch.QuotaError](err)
	if err != nil && !isQuota {
		return err
	}
	if st, err = s.ownSeat(c); err != nil { // When it is checked next has changed.
		return err
	}
	page, err := s.applicationPage(c, st)
	if err != nil {
		return err
	}
	switch {
	case isQuota:
		page.Problem = page.T("application.quota")
		return s.show(c, http.StatusTooManyRequests, "application", page)
	case ticket.UnderWay:
		page.Asked = page.T("application.under_way")
	case !ticket.NotBefore.IsZero():
		page.Asked = page.T("application.asked_resting", "time", ticket.NotBefore)
	case ticket.Position > 1:
		page.Asked = page.T("application.asked_queue", "position", ticket.Position)
	default:
		page.Asked = page.T("application.asked_first")
	}
	return s.show(c, http.StatusOK, "application", page)
}

func (s *Server) setPurpose(c echo.Context, st seat) error {
	purpose := visa.Purpose(c.FormValue("purpose"))
	in := watcherInput{Purpose: &purpose}
	if _, err := s.cfg.Watching.Edit(c.Request().Context(), st.app.ID, st.watcher.Owner, in.apply); err != nil {
		return err
	}
	return s.seeApplication(c, st, "saved")
}

// linkPerson links the person that the form names to the application, or no more.
func (s *Server) linkPerson(c echo.Context, st seat, link bool) error {
	ctx, p, id := c.Request().Context(), principal(c), string(st.app.ID)
	one, err := s.cfg.People.Person(ctx, c.FormValue("person"))
	switch {
	case err != nil:
		return err
	case !p.MayRead(one.Owner):
		return dossier.ErrNotFound
	case !p.MayWrite(one.Owner):
		return errForbidden()
	}
	linked := slices.DeleteFunc(slices.Clone(one.Applications), func(other string) bool { return other == id })
	if link {
		linked = append(linked, id)
	}
	if err := s.checkLinks(ctx, &linked, one.Applications, one.Owner); err != nil {
		return err
	}
	if _, err := s.changePerson(ctx, one.ID, "", personInput{Applications: &linked}.apply); err != nil {
		return err
	}
	return s.seeApplication(c, st, "saved")
}
