package web

import (
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

const (
	addPath = "/add"
	// offeredPeople is how many people the form offers.
	offeredPeople = 200
)

// addPage takes any text, shows the numbers in it, and adds them.
type addPage struct {
	view
	addBox
	// Looked: there was something to look for numbers in.
	Looked bool
	Rows   []addRow
	// Ready counts the rows that can be added, and Over how many there were
	// beyond those that are shown.
	Ready, Over int
	Owners      []ownerChoice
	// Shown is for whom the form is made.
	Shown    string
	People   []choiceRow
	Channels []addChannel
	// Pace says how long the first checks take, "" if that is nothing to speak of.
	Pace string
}

// addBox is the box into which the numbers come.
type addBox struct {
	Text, From string
}

// SaysOutcome is false: the page says it beside what was found, with which it is sent.
func (p *addPage) SaysOutcome() bool { return false }

// Single reports whether there is one number and nothing else to decide on.
func (p *addPage) Single() bool { return p.Ready == 1 && len(p.Rows) == 1 }

// addChannel is a channel that can be chosen.
type addChannel struct {
	ID, Name string
	Chosen   bool
}

// addRow is one number of the text, or what only looks like one.
type addRow struct {
	N int
	// Ref is the number, Kind what it is and Asked what of it the portal is asked.
	Ref, Kind, Asked string
	// Written is what stands in the text, and Near why it is no number.
	Written, Near string
	Hints         []string
	// Again says that it stands there several times.
	Again string
	// Standing is the application that watches it already; Added: since a moment ago.
	Standing watch.ID
	Added    bool
	// Name is what the number is called in the form.
	Name          string
	Label, Filed  string
	Purposes      []choiceRow
	Picked        bool
	Problem       string
	Wrong, Opened bool
}

// Ready reports whether the number can be added.
func (r addRow) Ready() bool { return r.Near == "" && r.Standing == "" }

// showAdd shows the empty box. What the address says is passed over: a number must
// not stand there.
func (s *Server) showAdd(c echo.Context) error {
	if !principal(c).MayAdd() {
		return account.ErrForbidden
	}
	page, err := s.addPage(c, addInput{}, nil)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "add", page)
}

// addByForm looks for numbers, and adds those that are ticked once they were shown.
func (s *Server) addByForm(c echo.Context) error {
	in, err := s.addInput(c)
	owner, oerr := in.owner(principal(c))
	if err == nil {
		err = oerr
	}
	if err != nil {
		in.Owner = ""
		return s.complainOfAdding(c, in, err)
	}
	moved := in.Do == "add" && in.Shown != "" && in.Shown != string(owner)
	if in.Do == "add" && !in.news && !moved && len(in.Rows) > 0 {
		return s.addNumbers(c, in, owner)
	}
	page, err := s.addPage(c, in, s.found(in, moved))
	if err != nil {
		return err
	}
	switch {
	case moved:
		page.Done = page.T("add.owner_changed")
	case !page.Looked:
		page.Problem = page.T("add.empty")
	case len(page.Rows) == 0:
		page.Problem = page.T("letter.none")
	}
	return s.show(c, statusOr(page.Problem != ""), "add", page)
}

// complainOfAdding shows the form with what was in it, and what is wrong.
func (s *Server) complainOfAdding(c echo.Context, in addInput, err error) error {
	if !principal(c).MayAdd() {
		return err
	}
	page, perr := s.addPage(c, in, s.found(in, true))
	if perr != nil {
		return perr
	}
	return s.complain(c, "add", &page.view, func() any { return page }, err)
}

// addPage makes the page with what was found.
func (s *Server) addPage(c echo.Context, in addInput, found []visa.Finding) (*addPage, error) {
	p := principal(c)
	page := &addPage{view: s.inside(c, sectionAdd, "add.title"), addBox: addBox{Text: in.Text, From: in.From}, Looked: in.Text != "" || in.Read}
	owner, err := in.owner(p)
	if err != nil {
		owner = p.Self()
	}
	page.Shown = string(owner)
	who, err := s.owners(c, page.view, owner)
	if err != nil {
		return nil, err
	}
	page.Owners = who.Choices
	watched, err := s.watched(c.Request().Context(), p, found)
	if err != nil {
		return nil, err
	}
	page.rows(in, found, watched)
	if page.Ready == 0 {
		return page, nil
	}
	page.Pace = s.pace(page.view, page.Ready)
	return page, s.addChoices(c, page, in, owner)
}

// rows makes a row of each finding.
func (p *addPage) rows(in addInput, found []visa.Finding, watched map[string]watch.ID) {
	before := make(map[string]addRowInput, len(in.Rows))
	for _, row := range in.Rows {
		if ref, err := visa.Parse(row.Ref); err == nil {
			before[ref.Identity()] = row
		}
	}
	for _, f := range found {
		row := addRowOf(p.view, f)
		if f.Problem == nil {
			id := f.Reference.Identity()
			row.Standing, row.Picked = watched[id], true
			if typed, is := before[id]; is {
				row.typed(typed)
			}
		}
		if row.Ready() {
			if p.Ready == maxAdd {
				p.Over++
				continue
			}
			row.N = p.Ready
			row.Name = p.T("add.number", "number", row.N+1)
			p.Ready++
		}
		p.Rows = append(p.Rows, row)
	}
}

// typed keeps what was typed.
func (r *addRow) typed(in addRowInput) {
	r.Label, r.Filed, r.Picked = in.Label, dayOrNone(in.Filed), in.Picked
	for i := range r.Purposes {
		r.Purposes[i].Chosen = r.Purposes[i].Value == in.Purpose
	}
	r.Opened = in.Purpose != "" || in.Filed != ""
}

// addRowOf puts a finding into words.
func addRowOf(v view, f visa.Finding) addRow {
	row := addRow{Written: f.Written}
	if f.Again > 0 {
		row.Again = v.T("add.again", "count", f.Again+1)
	}
	if f.Problem != nil {
		row.Near = v.nearMiss(f.Problem)
		return row
	}
	ref := f.Reference
	row.Ref, row.Kind = ref.String(), v.T("add.kind_"+string(ref.Kind()))
	row.Asked = v.asked(ref)
	for _, h := range f.Hints {
		row.Hints = append(row.Hints, v.T("hint."+string(h)))
	}
	row.Purposes = []choiceRow{{Label: v.T("purpose.none"), Chosen: true}}
	for _, p := range visa.Purposes(ref) {
		row.Purposes = append(row.Purposes, choiceRow{Value: string(p), Label: v.T("purpose." + string(p))})
	}
	return row
}

// nearMiss says why something is no number, and what may be meant.
func (v view) nearMiss(e *visa.ParseError) string {
	text := v.T("near."+string(e.Part)+"_"+string(e.Problem), "found", e.Found)
	if like := e.Lookalike(); like != "" {
		text += " " + v.T("near.like", "like", like)
	}
	return text
}

// asked says what of a number the portal is asked.
func (v view) asked(ref visa.Reference) string {
	q := ref.Query()
	if ref.Kind() == visa.ZOV {
		if city, ok := visa.Embassy(ref.Prefix()); ok {
			return v.T("add.asked_embassy", "city", city)
		}
		return v.T("add.asked_letters", "letters", ref.Prefix())
	}
	category := q.Category
	if key := "category." + category; v.words.Has(key) {
		category = v.T("add.category", "code", q.Category, "words", v.T(key))
	}
	return v.T("add.asked_oam", "number", q.Number, "category", category, "year", q.Year)
}

// pace says how long it takes until each of some numbers was asked about once.
func (s *Server) pace(v view, numbers int) string {
	if s.cfg.Pace <= 0 {
		return ""
	}
	waits := float64(numbers + s.cfg.Source.Status().Due)
	minutes := int(math.Ceil(waits / s.cfg.Pace))
	if numbers < 2 && minutes < 2 {
		return ""
	}
	return v.T("add.pace", "count", numbers, "duration", v.words.Duration(time.Duration(minutes)*time.Minute))
}

// addChoices offers the people and the channels of the owner. Who has chosen nothing
// yet hears of it through all of them.
func (s *Server) addChoices(c echo.Context, page *addPage, in addInput, owner account.Owner) error {
	ctx, fresh := c.Request().Context(), in.Shown != string(owner)
	all, err := s.cfg.Channels.Channels(ctx)
	if err != nil {
		return err
	}
	for _, ch := range all {
		if ch.Owner == owner {
			chosen := slices.Contains(in.Channels, ch.ID) || fresh && !ch.Paused && len(page.Channels) < watch.MaxChannels
			page.Channels = append(page.Channels, addChannel{ID: ch.ID, Name: channelName(page.view, ch), Chosen: chosen})
		}
	}
	return s.cfg.People.People(ctx, []account.Owner{owner}, "", func(one dossier.Person) bool {
		page.People = append(page.People, choiceRow{Value: one.ID, Label: one.Name, Chosen: one.ID == in.Person})
		return len(page.People) < offeredPeople && ctx.Err() == nil
	})
}

// channelName is what a channel is called, and that it is paused.
func channelName(v view, ch alert.Channel) string {
	if ch.Paused {
		return v.T("add.channel_paused", "channel", ch.Name)
	}
	return ch.Name
}
