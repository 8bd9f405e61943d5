package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// applicationForm is what somebody enters about an application.
type applicationForm struct {
	view
	ID, Query, Masked string
	Label, Note       string
	// Purposes are those that fit the number, Others the rest.
	Purposes, Others []choiceRow
	Intervals        []choiceRow
	Channels         []choiceRow
	Owners           []choiceRow
	// The days as the fields hold them.
	Filed, Delivered, Collected, SuspensionEnded string
	PauseDays                                    string
	Wrong                                        string
}

// Here is the address of the application behind Root, There that of this page.
func (p *applicationForm) Here() string  { return "applications/" + p.ID + p.Query }
func (p *applicationForm) There() string { return "applications/" + p.ID + "/edit" + p.Query }

// Wrongs reports whether a field is the wrong one, for the template.
func (p *applicationForm) Wrongs(field string) bool { return p.Wrong == field }

func (p *applicationForm) setWrong(field string) { p.Wrong = strings.TrimPrefix(field, "dates.") }

func (p *applicationForm) labelled(field, text string) string {
	if key := "application." + strings.TrimPrefix(field, "dates."); p.words.Has(key) {
		return p.T(key) + ": " + text
	}
	return text
}

func (s *Server) showApplicationForm(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	page, err := s.applicationForm(c, st)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "application-edit", page)
}

// applicationForm makes the form of a seat, with what its watcher says.
func (s *Server) applicationForm(c echo.Context, st seat) (*applicationForm, error) {
	p, w := principal(c), st.watcher
	page := &applicationForm{
		view: s.inside(c, sectionHome, "application.edit"), ID: string(st.app.ID), Query: queryOf(p, st), Masked: st.app.Reference.Masked(),
		Label: w.Label, Note: w.Note, Filed: w.Dates.Filed.String(), Delivered: w.Dates.Delivered.String(),
		Collected: w.Dates.Collected.String(), SuspensionEnded: w.Dates.SuspensionEnded.String(),
	}
	if w.Dates.PauseDays > 0 {
		page.PauseDays = strconv.Itoa(w.Dates.PauseDays)
	}
	page.choices(st)
	who, err := s.owners(c, page.view, w.Owner)
	if err != nil {
		return nil, err
	}
	for _, o := range who.Choices {
		owner := o.Owner
		if owner == "" {
			owner = p.Self()
		}
		page.Owners = append(page.Owners, choiceRow{string(owner), o.Name, owner == w.Owner})
	}
	list, err := s.channels(c.Request().Context(), p)
	if err != nil {
		return nil, err
	}
	for _, ch := range list {
		if ch.Owner == w.Owner {
			page.Channels = append(page.Channels, choiceRow{ch.ID, ch.Name, hasChannel(w, ch.ID)})
		}
	}
	return page, nil
}

// choices fills what can be chosen of purposes and intervals.
func (p *applicationForm) choices(st seat) {
	fitting := visa.Purposes(st.app.Reference)
	for _, one := range visa.AllPurposes() {
		row := choiceRow{string(one), p.T("purpose." + string(one)), one == st.watcher.Purpose}
		if slices.Contains(fitting, one) {
			p.Purposes = append(p.Purposes, row)
		} else {
			p.Others = append(p.Others, row)
		}
	}
	every := []time.Duration{30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	if own := st.watcher.Interval; own > 0 && !slices.Contains(every, own) {
		every = append(every, own)
		slices.Sort(every)
	}
	p.Intervals = []choiceRow{{"", p.T("application.interval_usual"), st.watcher.Interval == 0}}
	for _, one := range every {
		p.Intervals = append(p.Intervals, choiceRow{one.String(), p.words.Duration(one), one == st.watcher.Interval})
	}
}

// editApplicationByForm keeps what the form says, and gives the application to
// another owner where it names one.
func (s *Server) editApplicationByForm(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	in := applicationInputOf(c)
	if err = s.saveApplication(c, &st, in); err == nil {
		return see(c, "../"+string(st.app.ID)+pageQuery(principal(c), st, "saved"))
	}
	page, perr := s.applicationForm(c, st)
	if perr != nil {
		return perr
	}
	page.typed(in, c.FormValue("owner"))
	return s.complainOfField(c, "application-edit", &page.view, page, err)
}

// saveApplication stores what was given, and moves st to its new owner.
func (s *Server) saveApplication(c echo.Context, st *seat, in watcherInput) error {
	ctx, owner := c.Request().Context(), account.Owner(c.FormValue("owner"))
	from := st.watcher.Owner
	move := owner != "" && owner != from
	if move {
		text := string(owner)
		if _, err := ownerOf(principal(c), &text); err != nil {
			return err
		}
		if st.app.Watcher(owner) != nil {
			return errWatches()
		}
	}
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	if err := checkChannels(in.Channels, standing, from); err != nil {
		return err
	}
	a, err := s.cfg.Watching.Edit(ctx, st.app.ID, from, in.apply)
	if err == nil && move {
		a, err = s.cfg.Watching.Move(ctx, st.app.ID, from, owner)
		from = owner
	}
	if _, isDuplicate := errors.AsType[*watch.DuplicateError](err); isDuplicate {
		return errWatches()
	}
	if err != nil {
		return err
	}
	if moved, ok := seatOf(principal(c), a, from); ok {
		*st = moved
	}
	return nil
}

// errWatches answers that the other one watches the application already.
func errWatches() error {
	return badField("owner", "The owner watches this application already.").as("owner_watches")
}

// applicationInputOf reads what the form says. The boxes of channels say nothing
// where none was shown.
func applicationInputOf(c echo.Context) (in watcherInput) {
	form := c.Request().Form
	text := func(name string) *string {
		if !form.Has(name) {
			return nil
		}
		value := strings.TrimSpace(strings.ReplaceAll(form.Get(name), "\r\n", "\n"))
		return &value
	}
	in.Label, in.Note, in.Interval = text("label"), text("note"), text("interval")
	if p := text("purpose"); p != nil {
		purpose := visa.Purpose(*p)
		in.Purpose = &purpose
	}
	in.Dates = &datesInput{Filed: text("filed"), Delivered: text("delivered"), Collected: text("collected"), SuspensionEnded: text("suspension_ended")}
	if days := text("pause_days"); days != nil {
		n, err := strconv.Atoi(*days)
		if *days != "" && err != nil {
			n = -1 // It is refused like any number that cannot be.
		}
		in.Dates.PauseDays = &n
	}
	if form.Has("channels") {
		ticked := slices.DeleteFunc(slices.Clone(form["channel"]), func(id string) bool { return id == "" })
		in.Channels = &ticked
	}
	return in
}

// typed keeps what was typed.
func (p *applicationForm) typed(in watcherInput, owner string) {
	set(&p.Label, in.Label)
	set(&p.Note, in.Note)
	for _, one := range []struct {
		to   *string
		from *string
	}{{&p.Filed, in.Dates.Filed}, {&p.Delivered, in.Dates.Delivered}, {&p.Collected, in.Dates.Collected}, {&p.SuspensionEnded, in.Dates.SuspensionEnded}} {
		if one.from != nil {
			*one.to = dayOrNone(*one.from)
		}
	}
	if n := in.Dates.PauseDays; n != nil && *n >= 0 {
		p.PauseDays = strconv.Itoa(*n)
	}
	choose := func(rows []choiceRow, chosen ...string) {
		for i := range rows {
			rows[i].Chosen = slices.Contains(chosen, rows[i].Value)
		}
	}
	if in.Purpose != nil {
		choose(p.Purposes, string(*in.Purpose))
		choose(p.Others, string(*in.Purpose))
	}
	if in.Interval != nil {
		choose(p.Intervals, *in.Interval)
	}
	if in.Channels != nil {
		choose(p.Channels, *in.Channels...)
	}
	if owner != "" {
		choose(p.Owners, owner)
	}
}

func (s *Server) showApplicationRemoval(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	page := &removalPage{view: s.inside(c, sectionHome, "application.remove"), What: st.watcher.Label}
	if page.What == "" {
		page.What = st.app.Reference.Masked()
	}
	page.Texts = []string{page.T("application.remove_what"), page.T("application.remove_links"), page.T("application.remove_archive")}
	here := "applications/" + string(st.app.ID)
	query := queryOf(principal(c), st)
	page.To, page.Back, page.Button = here+"/remove"+query, here+query, page.T("application.remove_go")
	return s.show(c, http.StatusOK, "removal", page)
}

func (s *Server) removeApplicationByForm(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	if err := s.cfg.Watching.Remove(c.Request().Context(), st.app.ID, st.watcher.Owner); err != nil {
		return err
	}
	return seeDone(c, "../../", "application_removed")
}
