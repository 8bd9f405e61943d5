package web

import (
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// personView is a person as the API shows it. What is not known is left out.
type personView struct {
	ID           string         `json:"id"`
	Owner        account.Owner  `json:"owner"`
	MayWrite     bool           `json:"may_write"`
	Name         string         `json:"name"`
	BirthDate    civil.Date     `json:"birth_date,omitzero"`
	Nationality  string         `json:"nationality,omitempty"`
	Note         string         `json:"note,omitempty"`
	Applications []string       `json:"applications"`
	Documents    []documentView `json:"documents"`
	CreatedAt    time.Time      `json:"created_at"`
	Revision     uint64         `json:"revision"`
}

// documentView is a travel document.
type documentView struct {
	ID      string       `json:"id,omitempty"`
	Kind    dossier.Kind `json:"kind,omitempty"`
	Number  string       `json:"number,omitempty"`
	Country string       `json:"country,omitempty"`
	Issued  civil.Date   `json:"issued,omitzero"`
	Expires civil.Date   `json:"expires,omitzero"`
}

// peopleView is a page of a list; Next, if there is more, is what to give as after.
type peopleView struct {
	People []personView `json:"people"`
	Next   string       `json:"next,omitempty"`
}

// mrzView is what a machine-readable zone says, to be completed and sent on.
type mrzView struct {
	Person   mrzPersonView `json:"person"`
	Document documentView  `json:"document"`
}

type mrzPersonView struct {
	Name        string     `json:"name"`
	BirthDate   civil.Date `json:"birth_date,omitzero"`
	Nationality string     `json:"nationality,omitempty"`
	// Truncated: the name may go on.
	Truncated bool `json:"truncated"`
}

// viewPerson shows a person to p.
func viewPerson(p account.Principal, one dossier.Person) personView {
	v := personView{
		ID: one.ID, Owner: one.Owner, MayWrite: p.MayWrite(one.Owner), Name: one.Name, BirthDate: one.BirthDate,
		Nationality: one.Nationality, Note: one.Note, Applications: one.Applications,
		Documents: viewAll(one.Documents, viewDocument), CreatedAt: one.CreatedAt.UTC(), Revision: one.Revision,
	}
	if v.Applications == nil {
		v.Applications = []string{}
	}
	return v
}

func viewDocument(d dossier.TravelDocument) documentView {
	return documentView{ID: d.ID, Kind: d.Kind, Number: d.Number, Country: d.Country, Issued: d.Issued, Expires: d.Expires}
}
