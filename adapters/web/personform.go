package web

import (
	"errors"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// offered is how many applications the form of a person offers to link.
const offered = 100

// personPage is a person with the travel documents. The numbers of documents are
// shown here alone.
type personPage struct {
	view
	// ID is "" for a person who is to be added.
	ID                            string
	Name, Born, Nationality, Note string
	BornText                      string
	Revision                      string
	Owners                        []ownerChoice
	Whose                         string
	MayWrite                      bool
	Documents                     []documentRow
	// New is a document to be added.
	New          documentRow
	Applications []linkRow
	// Zone is a machine-readable zone that could not be read.
	Zone     string
	ZoneOpen bool
	// Wrong is the field that is wrong, "" for none; At the document it is of, ""
	// for the new one.
	Wrong, At string
}

// documentRow is a travel document with its form.
type documentRow struct {
	view
	ID, Number, Country, Issued, Expires string
	IssuedText                           string
	Kind                                 dossier.Kind
	Kinds                                []choiceRow
	Expiry                               expiry
	// Reminder says when the next reminder comes, "" for none.
	Reminder string
	Open     bool
	Wrong    string
}

// linkRow is an application that is, or can be, linked to a person.
type linkRow struct {
	ID, Name, Masked string
	Linked           bool
}

// Wrongs reports whether a field is the wrong one, for the template.
func (p *personPage) Wrongs(field string) bool { return p.Wrong == field }

// Wrongs reports the same of a field of the document.
func (d documentRow) Wrongs(field string) bool { return d.Wrong == field }

// Linked reports whether an application is linked.
func (p *personPage) Linked() (list []linkRow) {
	for _, a := range p.Applications {
		if a.Linked {
			list = append(list, a)
		}
	}
	return list
}

// setWrong marks the field; those of a document are "documents[0].number".
func (p *personPage) setWrong(field string) {
	_, ofDocument, is := strings.Cut(field, "].")
	switch {
	case field == "text":
		p.Wrong = "zone"
	case !is:
		p.Wrong = field
	case p.At == "":
		p.New.Wrong, p.New.Open = ofDocument, true
	}
	for i := range p.Documents {
		if d := &p.Documents[i]; is && d.ID == p.At && p.At != "" {
			d.Wrong = ofDocument
		}
	}
}

func (p *personPage) labelled(field, text string) string {
	if _, ofDocument, is := strings.Cut(field, "]."); is {
		field = "document_" + ofDocument
	}
	if key := "people.label_" + field; p.words.Has(key) {
		return p.T(key) + ": " + text
	}
	return text
}

// typed keeps what was typed.
func (p *personPage) typed(in personInput) {
	set(&p.Name, in.Name)
	if in.BirthDate != nil {
		p.Born = dayOrNone(*in.BirthDate)
	}
	set(&p.Nationality, in.Nationality)
	set(&p.Note, in.Note)
	if in.Applications == nil {
		return
	}
	for i := range p.Applications {
		a := &p.Applications[i]
		a.Linked = false
		for _, id := range *in.Applications {
			a.Linked = a.Linked || id == a.ID
		}
	}
}

// typed keeps what was typed.
func (d *documentRow) typed(in documentInput) {
	d.Number, d.Country, d.Issued, d.Expires = in.Number, in.Country, dayOrNone(in.Issued), dayOrNone(in.Expires)
	for i := range d.Kinds {
		d.Kinds[i].Chosen = d.Kinds[i].Value == string(in.Kind)
	}
}

// dayOrNone returns a day as it was typed, "" for what a field for a day cannot hold.
func dayOrNone(text string) string {
	if d, err := civil.ParseDate(text); err == nil {
		return d.String()
	}
	return ""
}

// personPage makes the page of a person; one without an ID is to be added.
func (s *Server) personPage(c echo.Context, one dossier.Person) (*personPage, error) {
	p, title := principal(c), "people.edit"
	if one.ID == "" {
		title = "people.new"
	}
	page := &personPage{
		view: s.inside(c, sectionPeople, title), ID: one.ID, Name: one.Name, Born: one.BirthDate.String(), Nationality: one.Nationality,
		Note: one.Note, Revision: strconv.FormatUint(one.Revision, 10), MayWrite: p.MayWrite(one.Owner) || one.ID == "",
	}
	page.BornText = page.day(one.BirthDate)
	if one.ID != "" {
		page.Heading = one.Name
	}
	who, err := s.owners(c, page.view, one.Owner)
	if err != nil {
		return nil, err
	}
	page.Owners, page.Whose = who.Choices, who.of(one.Owner)
	page.New = s.documentRow(page.view, dossier.TravelDocument{})
	if one.ID == "" {
		return page, nil
	}
	for _, d := range one.Documents {
		page.Documents = append(page.Documents, s.documentRow(page.view, d))
	}
	page.Applications, err = s.linkRows(c, one)
	return page, err
}

func (s *Server) documentRow(v view, d dossier.TravelDocument) documentRow {
	row := documentRow{
		view: v, ID: d.ID, Number: d.Number, Country: d.Country, Issued: d.Issued.String(), Expires: d.Expires.String(),
		IssuedText: v.day(d.Issued), Kind: d.Kind,
	}
	for _, kind := range dossier.Kinds() {
		row.Kinds = append(row.Kinds, choiceRow{string(kind), v.T("document." + string(kind)), kind == d.Kind})
	}
	if d.ID == "" {
		return row
	}
	today := civil.DateOf(s.today())
	row.Expiry = expiryOf(v, d, today)
	if on, ok := d.NextReminder(); ok && d.Expires >= today {
		row.Reminder = v.day(max(on, today))
	}
	return row
}

// linkRows returns the applications that are linked to a person, and others of
// the same owner that could be.
func (s *Server) linkRows(c echo.Context, one dossier.Person) (rows []linkRow, err error) {
	ctx, p := c.Request().Context(), principal(c)
	linked := make(map[string]bool, len(one.Applications))
	add := func(a watch.Application, is bool) {
		st, ok := seatOf(p, a, one.Owner)
		if !ok {
			return
		}
		row := linkRow{ID: string(a.ID), Name: st.watcher.Label, Masked: a.Reference.Masked(), Linked: is}
		rows = append(rows, row)
		linked[row.ID] = true
	}
	for _, id := range one.Applications {
		a, err := s.cfg.Applications.Application(ctx, watch.ID(id))
		if err != nil && !errors.Is(err, watch.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			add(a, true)
		}
	}
	err = s.cfg.Applications.Applications(ctx, []account.Owner{one.Owner}, "", func(a watch.Application) bool {
		if !linked[string(a.ID)] {
			add(a, false)
		}
		return len(rows) < offered && ctx.Err() == nil
	})
	return rows, err
}
