package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// People is the store's side of people and their travel documents.
type People interface {
	// Person returns one person, or dossier.ErrNotFound.
	Person(ctx context.Context, id string) (dossier.Person, error)
	// People calls yield for the people of some owners behind after, the oldest
	// first, until it returns false.
	People(ctx context.Context, owners []account.Owner, after string, yield func(dossier.Person) bool) error
	// PeopleOf returns the people of an application, whomever they belong to.
	PeopleOf(ctx context.Context, application string) ([]dossier.Person, error)
	// AddPerson stores a new person; dossier.ErrFull, *dossier.InputError.
	AddPerson(ctx context.Context, p dossier.Person) error
	// EditPerson hands the person to edit, which is one of dossier.Edit, and
	// stores what it made, or returns its error as it is.
	EditPerson(ctx context.Context, id string, edit func(*dossier.Person) error) (dossier.Person, error)
	// RemovePerson deletes a person with all documents.
	RemovePerson(ctx context.Context, id string) error
}

// personInput is what somebody gives. In an edit, what is nil stays.
type personInput struct {
	Name         *string          `json:"name"`
	BirthDate    *string          `json:"birth_date"`
	Nationality  *string          `json:"nationality"`
	Note         *string          `json:"note"`
	Applications *[]string        `json:"applications"`
	Documents    *[]documentInput `json:"documents"`
}

// newPersonInput is the same for an addition.
type newPersonInput struct {
	Owner *string `json:"owner"`
	personInput
}

// documentInput is a travel document. ID names the one that it replaces; without
// it, it is a new one.
type documentInput struct {
	ID      string       `json:"id"`
	Kind    dossier.Kind `json:"kind"`
	Number  string       `json:"number"`
	Country string       `json:"country"`
	Issued  string       `json:"issued"`
	Expires string       `json:"expires"`
}

// apply writes what was given into p.
func (in personInput) apply(p *dossier.Person) error {
	if in.BirthDate != nil {
		born, err := day("birth_date", *in.BirthDate)
		if err != nil {
			return err
		}
		p.BirthDate = born
	}
	set(&p.Name, in.Name)
	set(&p.Nationality, in.Nationality)
	set(&p.Note, in.Note)
	set(&p.Applications, in.Applications)
	if in.Documents == nil {
		return nil
	}
	documents := make([]dossier.TravelDocument, len(*in.Documents))
	for i, d := range *in.Documents {
		at := "documents[" + strconv.Itoa(i) + "]."
		issued, err := day(at+"issued", d.Issued)
		if err != nil {
			return err
		}
		expires, err := day(at+"expires", d.Expires)
		if err != nil {
			return err
		}
		documents[i] = dossier.TravelDocument{ID: d.ID, Kind: d.Kind, Number: d.Number, Country: d.Country, Issued: issued, Expires: expires}
	}
	p.Documents = documents
	return nil
}

// day reads a day; "" is an unknown one.
func day(field, text string) (civil.Date, error) {
	d, err := civil.ParseDate(text)
	if err != nil {
		return 0, badField(field, "The field %s is no day. Write year-month-day, for example 2031-05-17, or an empty text if it is not known.", field).as("date")
	}
	return d, nil
}

// checkLinks reports applications that the owner does not watch. Those of before
// may stay.
func (s *Server) checkLinks(ctx context.Context, ids *[]string, before []string, owner account.Owner) error {
	if ids == nil {
		return nil
	}
	if len(*ids) > dossier.MaxApplications {
		return badField("applications", "The field applications holds more than %d.", dossier.MaxApplications).as("field_too_many")
	}
	for i, id := range *ids {
		if slices.Contains(before, id) {
			continue
		}
		a, err := s.cfg.Applications.Application(ctx, watch.ID(id))
		if err != nil && !errors.Is(err, watch.ErrNotFound) {
			return err
		}
		if a.Watcher(owner) == nil {
			return badField("applications", "Application number %d of the list does not exist, or is not watched by the person's owner. Leave it out, or watch it first.", i+1).as("field_application")
		}
	}
	return nil
}

// today returns the time in the zone where the people live.
func (s *Server) today() time.Time { return time.Now().In(s.cfg.Zone) }

// person returns the person that the request names; what somebody may not see is
// not found.
func (s *Server) person(c echo.Context) (dossier.Person, error) {
	p, err := s.cfg.People.Person(c.Request().Context(), c.Param("id"))
	if err == nil && !principal(c).MayRead(p.Owner) {
		err = dossier.ErrNotFound
	}
	return p, err
}

// ownPerson is person for a change: whoever may only see it is refused.
func (s *Server) ownPerson(c echo.Context) (dossier.Person, error) {
	p, err := s.person(c)
	if err == nil && !principal(c).MayWrite(p.Owner) {
		err = errForbidden()
	}
	return p, err
}

func (s *Server) listPeople(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	ctx, p, owner := c.Request().Context(), principal(c), account.Owner(c.QueryParam("owner"))
	owners := slices.DeleteFunc(p.Owners(), func(o account.Owner) bool { return owner != "" && o != owner })
	page := peopleView{People: []personView{}}
	err = s.cfg.People.People(ctx, owners, c.QueryParam("after"), func(one dossier.Person) bool {
		if len(page.People) == most {
			page.Next = page.People[most-1].ID
			return false
		}
		page.People = append(page.People, viewPerson(p, one))
		return ctx.Err() == nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page)
}

func (s *Server) addPerson(c echo.Context) error {
	var in newPersonInput
	if err := decode(c, &in); err != nil {
		return err
	}
	one, err := s.newPerson(c, in)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "people/"+one.ID)
	return showPerson(c, http.StatusCreated, one)
}

// newPerson stores a new person of what was given.
func (s *Server) newPerson(c echo.Context, in newPersonInput) (dossier.Person, error) {
	ctx := c.Request().Context()
	owner, err := ownerOf(principal(c), in.Owner)
	if err != nil {
		return dossier.Person{}, err
	}
	if err := s.checkLinks(ctx, in.Applications, nil, owner); err != nil {
		return dossier.Person{}, err
	}
	wish := dossier.Person{Owner: owner}
	if err := in.apply(&wish); err != nil {
		return dossier.Person{}, err
	}
	one, err := dossier.NewPerson(wish, s.today())
	if err != nil {
		return dossier.Person{}, err
	}
	if err := s.cfg.People.AddPerson(ctx, one); err != nil {
		return dossier.Person{}, err
	}
	one.Revision = 1 // As the store has made it.
	return one, nil
}

func (s *Server) getPerson(c echo.Context) error {
	one, err := s.person(c)
	if err != nil {
		return err
	}
	if matches(c.Request().Header.Get("If-None-Match"), personTag(one)) {
		c.Response().Header().Set("ETag", personTag(one))
		return c.NoContent(http.StatusNotModified)
	}
	return showPerson(c, http.StatusOK, one)
}

func (s *Server) editPerson(c echo.Context) error {
	var in personInput
	if err := decode(c, &in); err != nil {
		return err
	}
	one, err := s.ownPerson(c)
	if err != nil {
		return err
	}
	if err := s.checkLinks(c.Request().Context(), in.Applications, one.Applications, one.Owner); err != nil {
		return err
	}
	one, err = s.changePerson(c.Request().Context(), one.ID, c.Request().Header.Get("If-Match"), in.apply)
	if err != nil {
		return err
	}
	return showPerson(c, http.StatusOK, one)
}

// changePerson changes a person, as it stands if its ETag is wanted; "" wants any.
func (s *Server) changePerson(ctx context.Context, id, wanted string, change func(*dossier.Person) error) (dossier.Person, error) {
	return s.cfg.People.EditPerson(ctx, id, dossier.Edit(s.today(), func(kept *dossier.Person) error {
		if wanted != "" && !matches(wanted, personTag(*kept)) {
			p := &problem{
				Status: http.StatusPreconditionFailed, Code: "changed",
				Detail: "Somebody has changed the person since it was read. Read it again.",
			}
			return p.as("changed")
		}
		return change(kept)
	}))
}

func (s *Server) removePerson(c echo.Context) error {
	one, err := s.ownPerson(c)
	if err != nil {
		return err
	}
	if err := s.cfg.People.RemovePerson(c.Request().Context(), one.ID); err != nil {
		return err
	}
	return noContent(c)
}

// listPeopleOf shows the people of an application whom the user may see.
func (s *Server) listPeopleOf(c echo.Context) error {
	st, err := s.seat(c)
	if err != nil {
		return err
	}
	people, err := s.cfg.People.PeopleOf(c.Request().Context(), string(st.app.ID))
	if err != nil {
		return err
	}
	p := principal(c)
	people = slices.DeleteFunc(people, func(one dossier.Person) bool { return !p.MayRead(one.Owner) })
	return c.JSON(http.StatusOK, peopleView{People: viewAll(people, func(one dossier.Person) personView { return viewPerson(p, one) })})
}

// mrzInput is a machine-readable zone as somebody has pasted or typed it.
type mrzInput struct {
	Text string `json:"text"`
}

// readMRZ reads a machine-readable zone, for a form to be filled in. Nothing is stored.
func (s *Server) readMRZ(c echo.Context) error {
	var in mrzInput
	if err := decode(c, &in); err != nil {
		return err
	}
	zone, err := dossier.ParseMRZ(in.Text, civil.DateOf(s.today()))
	if err != nil {
		return err
	}
	one := zone.Person()
	return c.JSON(http.StatusOK, mrzView{
		Person:   mrzPersonView{Name: one.Name, BirthDate: one.BirthDate, Nationality: one.Nationality, Truncated: zone.Truncated},
		Document: viewDocument(one.Documents[0]),
	})
}

// personTag is the ETag of a person.
func personTag(p dossier.Person) string { return `"` + strconv.FormatUint(p.Revision, 10) + `"` }

// showPerson answers with a person.
func showPerson(c echo.Context, status int, p dossier.Person) error {
	c.Response().Header().Set("ETag", personTag(p))
	return c.JSON(status, viewPerson(principal(c), p))
}

// mrzProblem says which part of a zone is wrong, and where.
func mrzProblem(e *dossier.MRZError) *problem {
	text := e.Error()
	return &problem{
		Status: http.StatusUnprocessableEntity, Code: "invalid", Field: "text", Reason: string(e.Field) + "." + string(e.Problem),
		Line: e.Line, Column: e.Column, Detail: strings.ToUpper(text[:1]) + text[1:] + ".",
	}
}
