package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

func (s *Server) showNewPerson(c echo.Context) error {
	p := principal(c)
	if !p.MayAdd() {
		return account.ErrForbidden
	}
	page, err := s.personPage(c, dossier.Person{Owner: p.Self()})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "person", page)
}

// addPersonByForm adds a person, or reads a machine-readable zone into the form.
func (s *Server) addPersonByForm(c echo.Context) error {
	owner := c.FormValue("owner")
	mine, err := ownerOf(principal(c), &owner)
	if err == nil && c.FormValue("do") == "read" {
		return s.readIntoNewPerson(c, mine)
	}
	in, document := newPersonInput{Owner: &owner, personInput: personForm(c)}, documentForm(c)
	if document != (documentInput{}) {
		in.Documents = &[]documentInput{document}
	}
	if err == nil {
		var one dossier.Person
		if one, err = s.newPerson(c, in); err == nil {
			return seeDone(c, one.ID, "person_added")
		}
	}
	page, perr := s.personPage(c, dossier.Person{Owner: mine})
	if perr != nil {
		return perr
	}
	page.typed(in.personInput)
	page.New.typed(document)
	return s.complainOfField(c, "person", &page.view, page, err)
}

func (s *Server) readIntoNewPerson(c echo.Context, owner account.Owner) error {
	text := c.FormValue("zone")
	zone, err := dossier.ParseMRZ(text, civil.DateOf(s.today()))
	read := dossier.Person{Owner: owner}
	if err == nil {
		read = zone.Person()
		read.Owner = owner
	}
	page, perr := s.personPage(c, read)
	if perr != nil {
		return perr
	}
	page.ZoneOpen = true
	if err != nil {
		page.typed(personForm(c))
		page.New.typed(documentForm(c))
		page.Zone = text
		return s.complainOfField(c, "person", &page.view, page, err)
	}
	page.New = s.documentRow(page.view, read.Documents[0])
	page.Done = page.T("people.zone_read")
	if zone.Truncated {
		page.Done += " " + page.T("people.zone_cut")
	}
	return s.show(c, http.StatusOK, "person", page)
}

func (s *Server) showPersonPage(c echo.Context) error {
	one, err := s.person(c)
	if err != nil {
		return err
	}
	page, err := s.personPage(c, one)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "person", page)
}

// editPersonByForm does what a button of the page says.
func (s *Server) editPersonByForm(c echo.Context) error {
	one, err := s.ownPerson(c)
	if err != nil {
		return err
	}
	switch c.FormValue("do") {
	case "save":
		return s.savePerson(c, one)
	case "document":
		return s.saveDocument(c, one)
	case "read":
		return s.readIntoDocument(c, one)
	}
	return echo.ErrBadRequest
}

func (s *Server) savePerson(c echo.Context, one dossier.Person) error {
	in := personForm(c)
	shown, ticked := c.Request().Form["shown"], c.Request().Form["application"]
	// Those that the form did not show stay.
	linked := slices.DeleteFunc(slices.Clone(one.Applications), func(id string) bool { return slices.Contains(shown, id) })
	linked = append(linked, ticked...)
	in.Applications = &linked
	ctx := c.Request().Context()
	err := s.checkLinks(ctx, in.Applications, one.Applications, one.Owner)
	if err == nil {
		_, err = s.changePerson(ctx, one.ID, revision(c), in.apply)
	}
	if err == nil {
		return seeDone(c, one.ID, "saved")
	}
	page, perr := s.personPage(c, one)
	if perr != nil {
		return perr
	}
	page.typed(in)
	return s.complainOfField(c, "person", &page.view, page, err)
}

// revision is the ETag of the person that the form was made of.
func revision(c echo.Context) string {
	if r := c.FormValue("revision"); r != "" {
		return `"` + r + `"`
	}
	return ""
}

// saveDocument adds a document, or changes the one that the form names.
func (s *Server) saveDocument(c echo.Context, one dossier.Person) error {
	in := documentForm(c)
	in.ID = c.FormValue("document")
	_, err := s.changePerson(c.Request().Context(), one.ID, revision(c), func(kept *dossier.Person) error {
		var fresh dossier.Person
		if err := (personInput{Documents: &[]documentInput{in}}).apply(&fresh); err != nil {
			return err
		}
		documents := slices.Clone(kept.Documents)
		at := slices.IndexFunc(documents, func(d dossier.TravelDocument) bool { return d.ID == in.ID })
		switch {
		case in.ID == "":
			documents = append(documents, fresh.Documents[0])
		case at < 0:
			return dossier.ErrNotFound
		default:
			documents[at] = fresh.Documents[0]
		}
		kept.Documents = documents
		return nil
	})
	if err == nil {
		return seeDone(c, one.ID, "document_saved")
	}
	page, perr := s.personPage(c, one)
	if perr != nil {
		return perr
	}
	page.New.Open = in.ID == ""
	page.At = in.ID
	for i := range page.Documents {
		if d := &page.Documents[i]; d.ID == in.ID {
			d.typed(in)
			d.Open = true
		}
	}
	if in.ID == "" {
		page.New.typed(in)
	}
	return s.complainOfField(c, "person", &page.view, page, err)
}

// readIntoDocument reads a machine-readable zone into the form of a new document.
func (s *Server) readIntoDocument(c echo.Context, one dossier.Person) error {
	text := c.FormValue("zone")
	zone, err := dossier.ParseMRZ(text, civil.DateOf(s.today()))
	page, perr := s.personPage(c, one)
	if perr != nil {
		return perr
	}
	page.New.Open, page.ZoneOpen = true, true
	if err != nil {
		page.Zone = text
		return s.complainOfField(c, "person", &page.view, page, err)
	}
	read := zone.Person()
	page.New = s.documentRow(page.view, read.Documents[0])
	page.New.Open = true
	page.Done = page.T("people.zone_read")
	if !one.BirthDate.IsZero() && !read.BirthDate.IsZero() && one.BirthDate != read.BirthDate {
		page.Problem = page.T("people.zone_other")
	}
	return s.show(c, http.StatusOK, "person", page)
}

// personForm reads what the form says of a person.
func personForm(c echo.Context) (in personInput) {
	form := c.Request().Form
	for name, to := range map[string]**string{"name": &in.Name, "birth_date": &in.BirthDate, "nationality": &in.Nationality, "note": &in.Note} {
		if form.Has(name) {
			value := strings.TrimSpace(form.Get(name))
			if name == "nationality" {
				value = strings.ToUpper(value)
			}
			*to = &value
		}
	}
	return in
}

// documentForm reads what the form says of a document.
func documentForm(c echo.Context) documentInput {
	form := c.Request().Form
	value := func(name string) string { return strings.TrimSpace(form.Get("document_" + name)) }
	return documentInput{
		Kind: dossier.Kind(value("kind")), Number: value("number"), Country: strings.ToUpper(value("country")),
		Issued: value("issued"), Expires: value("expires"),
	}
}
