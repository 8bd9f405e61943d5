package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// shownPeople is how many people one page of the list has.
const shownPeople = 100

// soonDays is from how many days before its expiry on a document is marked: the
// first of the days on which people are told of it.
func soonDays() int { return dossier.Thresholds()[0] }

// peoplePage lists the people whose documents are kept. Of a document it shows the
// kind and the day, never the number.
type peoplePage struct {
	view
	Rows   []personRow
	Next   string
	MayAdd bool
}

type personRow struct {
	ID, Name, Whose string
	Documents       []expiry
}

// expiry says until when a document is valid. Sign is "" where nothing needs to be
// done yet.
type expiry struct{ Kind, Text, Sign string }

func (s *Server) showPeople(c echo.Context) error {
	ctx, p := c.Request().Context(), principal(c)
	page := &peoplePage{view: s.inside(c, sectionPeople, "way.people"), MayAdd: p.MayAdd()}
	who, err := s.owners(c, page.view, "")
	if err != nil {
		return err
	}
	today := civil.DateOf(s.today())
	err = s.cfg.People.People(ctx, p.Owners(), c.QueryParam("after"), func(one dossier.Person) bool {
		if len(page.Rows) == shownPeople {
			page.Next = page.Rows[shownPeople-1].ID
			return false
		}
		row := personRow{ID: one.ID, Name: one.Name, Whose: who.of(one.Owner)}
		for _, d := range one.Documents {
			row.Documents = append(row.Documents, expiryOf(page.view, d, today))
		}
		page.Rows = append(page.Rows, row)
		return ctx.Err() == nil
	})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "people", page)
}

// expiryOf says of a document how long it is valid still.
func expiryOf(v view, d dossier.TravelDocument, today civil.Date) expiry {
	e, left := expiry{Kind: v.T("document." + string(d.Kind))}, int(d.Expires-today)
	switch {
	case d.Expires.IsZero():
		e.Text = v.T("people.expires_unknown")
	case left < 0:
		e.Sign, e.Text = "refused", v.T("people.expired", "date", v.day(d.Expires))
	case left == 0:
		e.Sign, e.Text = "warning", v.T("people.expires_today")
	case left <= soonDays():
		e.Sign, e.Text = "warning", v.T("people.expires_soon", "count", left, "date", v.day(d.Expires))
	default:
		e.Text = v.T("people.expires", "date", v.day(d.Expires))
	}
	return e
}

// day writes a day as the language does, "" for an unknown one.
func (v view) day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return v.words.Day(d.UTC())
}

func (s *Server) showPersonRemoval(c echo.Context) error {
	one, err := s.ownPerson(c)
	if err != nil {
		return err
	}
	page := &removalPage{view: s.inside(c, sectionPeople, "people.remove"), What: one.Name}
	page.Texts = []string{page.T("people.remove_documents", "count", len(one.Documents)), page.T("people.remove_applications")}
	page.Button = page.T("people.remove_go")
	if id := c.QueryParam("document"); id != "" {
		d := documentOf(one, id)
		if d == nil {
			return dossier.ErrNotFound
		}
		page.Heading, page.Document = page.T("people.remove_document"), id
		page.What = one.Name + " – " + page.T("document."+string(d.Kind))
		page.Texts = []string{page.T("people.remove_reminders")}
		page.Button = page.T("people.remove_document_go")
	}
	page.To, page.Back = "people/"+one.ID+"/delete", "people/"+one.ID
	return s.show(c, http.StatusOK, "removal", page)
}

func documentOf(one dossier.Person, id string) *dossier.TravelDocument {
	for i := range one.Documents {
		if one.Documents[i].ID == id {
			return &one.Documents[i]
		}
	}
	return nil
}

// removePersonByForm removes a person, or one of the documents.
func (s *Server) removePersonByForm(c echo.Context) error {
	one, err := s.ownPerson(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.FormValue("document")
	if id == "" {
		if err := s.cfg.People.RemovePerson(ctx, one.ID); err != nil {
			return err
		}
		return seeDone(c, "../../people", "person_removed")
	}
	_, err = s.changePerson(ctx, one.ID, "", func(kept *dossier.Person) error {
		documents := kept.Documents[:0:0]
		for _, d := range kept.Documents {
			if d.ID != id {
				documents = append(documents, d)
			}
		}
		if len(documents) == len(kept.Documents) {
			return dossier.ErrNotFound
		}
		kept.Documents = documents
		return nil
	})
	if err != nil {
		return err
	}
	return seeDone(c, "../"+one.ID, "document_removed")
}
