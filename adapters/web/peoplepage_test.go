package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// passport is the number of a passport that there is not.
const passport = "ZZ0000017"

// zoneLines is zone as somebody pastes it.
func zoneLines() string { return strings.ReplaceAll(zone, `\n`, "\r\n") }

func today(now time.Time) civil.Date { return civil.DateOf(now) }

func TestPersonIsAddedByTheForm(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/people"), http.StatusOK, "Nobody is kept here yet.", `href="people/new"`)
	read, err := dossier.ParseMRZ(zoneLines(), today(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	one := read.Person()
	w := p.post("/people/new", "do", "read", "zone", zoneLines())
	says(t, w, http.StatusOK, "every check digit fits", `name="name" value="`+one.Name+`"`, `value="`+one.BirthDate.String()+`"`,
		`name="document_number" value="`+read.Number+`"`, `value="passport" selected`)
	if people := a.people(t); len(people) != 0 {
		t.Fatalf("reading has stored %d people", len(people))
	}
	leadsToPerson := p.post("/people/new", "do", "save", "name", one.Name, "birth_date", one.BirthDate.String(), "nationality", "ukr",
		"note", "A note", "document_kind", "passport", "document_number", read.Number, "document_expires", "2033-05-17")
	people := a.people(t)
	if len(people) != 1 {
		t.Fatalf("there are %d people", len(people))
	}
	leadsTo(t, leadsToPerson, people[0].ID+"?done=person_added")
	if got := people[0]; got.Nationality != "UKR" || got.Note != "A note" || len(got.Documents) != 1 || got.Documents[0].Number != read.Number {
		t.Errorf("the person is %+v", got)
	}
	w = p.post("/people/new", "do", "save", "name", "Without", "document_kind", "", "document_number", "")
	at := slices.IndexFunc(a.people(t), func(one dossier.Person) bool { return one.Name == "Without" })
	if at < 0 {
		t.Fatalf("the second person is not there: %d %s", w.Code, w.Body)
	}
	second := a.people(t)[at]
	leadsTo(t, w, second.ID+"?done=person_added")
	if len(second.Documents) != 0 {
		t.Errorf("the person has documents: %+v", second)
	}
}

func (a *appliance) people(t *testing.T) (list []dossier.Person) {
	t.Helper()
	err := a.store.People(t.Context(), []account.Owner{a.me}, "", func(one dossier.Person) bool {
		list = append(list, one)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatIsWrongWithAPerson(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	bad := []byte(zoneLines())
	bad[len(bad)-1]++ // The last check digit.
	for _, tc := range []struct {
		name   string
		fields []string
		want   []string
	}{
		{"no name", []string{"do", "save", "name", ""}, []string{"Name: This is missing.", `id="name" name="name" value="" required maxlength="200" autocomplete="off" aria-invalid="true"`}},
		{"born tomorrow", []string{"do", "save", "name", "Eva", "birth_date", "2999-01-01"}, []string{"Born: This day is before 1900 or in the future.", `value="2999-01-01"`}},
		{"no day", []string{"do", "save", "name", "Eva", "birth_date", "yesterday"}, []string{"Born: This is no day."}},
		{"no state", []string{"do", "save", "name", "Eva", "nationality", "Czechia"}, []string{"Nationality: This is no code of a state.", `value="Eva"`}},
		{"a document of no kind", []string{"do", "save", "name", "Eva", "document_number", passport}, []string{"Kind of document: Choose what kind", `value="` + passport + `"`}},
		{"it expires before it was issued", []string{"do", "save", "name", "Eva", "document_kind", "visa", "document_issued", "2026-05-01", "document_expires", "2025-05-01"}, []string{"Valid until: This is before the day of issue."}},
		{"no zone", []string{"do", "read", "zone", "nothing"}, []string{"The lines with &lt;&lt;&lt;: These are not the lines of a document", `aria-invalid="true"`, ">nothing</textarea>"}},
		{"a wrong digit", []string{"do", "read", "zone", string(bad)}, []string{"Line 2, column 44 (all together): the check digit does not fit."}},
	} {
		w := p.post("/people/new", tc.fields...)
		says(t, w, http.StatusUnprocessableEntity, append(tc.want, `role="alert"`)...)
		if strings.Count(w.Body.String(), `aria-invalid="true"`) != 1 {
			t.Errorf("%s: no field is marked, or several", tc.name)
		}
	}
	if people := a.people(t); len(people) != 0 {
		t.Errorf("what was refused is stored: %d people", len(people))
	}
	if strings.Contains(a.logged(), passport) || strings.Contains(a.logged(), "L898902C3") {
		t.Error("the log holds the number of a passport")
	}
}

func TestPersonIsChangedByTheForm(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p, app, other := a.signedIn("admin"), a.watch(anna, "Anna"), a.watch(boris, "")
	one := a.keptPerson(app.ID)
	path := "/people/" + one.ID
	w := p.get("/people")
	says(t, w, http.StatusOK, "Eva Example", "Passport: 20 days left, until", "status warning")
	if strings.Contains(w.Body.String(), passport) {
		t.Error("the list shows the number of a passport")
	}
	w = p.get(path)
	says(t, w, http.StatusOK, passport, "20 days left", "Next reminder", `href="../applications/`+string(app.ID)+`"`, "OAM-•••12/DP-2025", `name="revision" value="1"`)

	leadsTo(t, p.post(path, "do", "save", "revision", "1", "name", "Eva Novak", "shown", string(app.ID), "shown", string(other.ID), "application", string(other.ID)), one.ID+"?done=saved")
	if got := a.people(t)[0]; got.Name != "Eva Novak" || len(got.Applications) != 1 || got.Applications[0] != string(other.ID) {
		t.Errorf("the person is %+v", got)
	}
	says(t, p.post(path, "do", "save", "revision", "1", "name", "Too late"), http.StatusPreconditionFailed, "Somebody has changed this", `value="Too late"`)
	says(t, p.post(path, "do", "save", "name", "Eva", "application", account.NewID(time.Now())), http.StatusUnprocessableEntity, "One of the applications does not exist")
	says(t, p.post(path, "do", "nothing"), http.StatusBadRequest)

	leadsTo(t, p.post(path, "do", "document", "document_kind", "visa", "document_number", "ZZ1", "document_expires", "2020-01-01"), one.ID+"?done=document_saved")
	says(t, p.get(path), http.StatusOK, "expired on 1 January 2020", "status refused")
	got := a.people(t)[0]
	leadsTo(t, p.post(path, "do", "document", "document", got.Documents[1].ID, "document_kind", "residence_card", "document_number", "ZZ2"), one.ID+"?done=document_saved")
	w = p.post(path, "do", "document", "document", got.Documents[1].ID, "document_kind", "visa", "document_expires", "tomorrow")
	says(t, w, http.StatusUnprocessableEntity, "Valid until: This is no day.", `id="edit-`+got.Documents[1].ID+`" open`)
	says(t, p.post(path, "do", "document", "document", "no such", "document_kind", "visa"), http.StatusNotFound)
	says(t, p.post(path, "do", "read", "zone", zoneLines()), http.StatusOK, "every check digit fits", `id="new-document" open`)
	says(t, p.post(path, "do", "read", "zone", "P<"), http.StatusUnprocessableEntity, `id="new-document" open`)
	if got = a.people(t)[0]; len(got.Documents) != 2 || got.Documents[1].Kind != dossier.ResidenceCard || got.Documents[0].Number != passport {
		t.Errorf("the documents are %+v", got.Documents)
	}

	says(t, p.get(path+"/delete?document="+got.Documents[1].ID), http.StatusOK, "Delete the document", "Residence card")
	says(t, p.get(path+"/delete?document=none"), http.StatusNotFound)
	leadsTo(t, p.post(path+"/delete", "document", got.Documents[1].ID), "../"+one.ID+"?done=document_removed")
	says(t, p.post(path+"/delete", "document", got.Documents[1].ID), http.StatusNotFound)
	says(t, p.get(path+"/delete"), http.StatusOK, "1 document is deleted with it")
	leadsTo(t, p.post(path+"/delete"), "../../people?done=person_removed")
	if people := a.people(t); len(people) != 0 {
		t.Errorf("%d people are left", len(people))
	}
}
