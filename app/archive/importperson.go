package archive

import (
	"context"
	"slices"
	"strings"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

func (i *importer) person(ctx context.Context, item []byte) error {
	var in Person
	if err := strict(item, &in); err != nil {
		return err
	}
	owner, ok := i.owners[in.Owner]
	if !ok {
		return errOwner
	}
	if in.Age != "" {
		var err error
		if in, err = i.open(in, owner); err != nil {
			return err
		}
	}
	wish := dossier.Person{Owner: owner, Name: in.Name, BirthDate: in.BirthDate, Nationality: in.Nationality, Note: in.Note}
	for _, id := range in.Applications {
		// One that was left out stands in the report already.
		if here, ok := i.applications[linkKey(owner, id)]; ok {
			wish.Applications = append(wish.Applications, string(here))
		}
	}
	if i.DryRun {
		wish.Applications = nil // They have no ID yet.
	}
	for _, d := range in.Documents {
		wish.Documents = append(wish.Documents, dossier.TravelDocument{Kind: d.Kind, Number: d.Number, Country: d.Country, Issued: d.Issued, Expires: d.Expires})
	}
	// What has been told of documents is passed over, as for all that are entered.
	p, err := dossier.NewPerson(wish, i.now)
	if err != nil {
		return err
	}
	return i.keep(ctx, p)
}

// open opens a person that is an age file.
func (i *importer) open(sealed Person, owner account.Owner) (Person, error) {
	if i.Opener == nil {
		return Person{}, refusal("is an age file, and no key is at hand; export people in plain, or decrypt it with age")
	}
	file, err := unarmored(sealed.Age)
	if err != nil {
		return Person{}, err
	}
	plain, err := i.Opener.OpenFile(file)
	if err != nil {
		return Person{}, refusal("is an age file that the key of this appliance does not open, or that was changed")
	}
	var p Person
	if err := strict(plain, &p); err != nil {
		return Person{}, err
	}
	if p.Age != "" || p.Owner != sealed.Owner || !i.Trusted && p.Owner != owner {
		return Person{}, refusal("is an age file of another owner")
	}
	return p, nil
}

// keep stores p, unless the owner has such a person: then what that one has not
// is added to it.
func (i *importer) keep(ctx context.Context, p dossier.Person) error {
	known, err := i.known(ctx, p.Owner)
	if err != nil {
		return err
	}
	key := personKey(p)
	stands, there := known[key]
	if !there {
		if len(known) >= dossier.MaxPeople {
			return dossier.ErrFull
		}
		if !i.DryRun {
			if err := i.People.AddPerson(ctx, p); err != nil {
				return err
			}
		}
		known[key] = p
		i.report.People.Added++
		return nil
	}
	if !complete(&stands, p) {
		i.report.People.Skipped++
		return nil
	}
	if err := stands.Validate(civil.DateOf(i.now)); err != nil {
		return err // Too many documents, taken together.
	}
	if !i.DryRun {
		stands, err = i.People.EditPerson(ctx, stands.ID, dossier.Edit(i.now, func(kept *dossier.Person) error {
			complete(kept, p)
			return nil
		}))
		if err != nil {
			return err
		}
	}
	known[key] = stands
	i.report.People.Completed++
	return nil
}

// known returns the people of an owner. It is read once, and forgotten with the
// next owner: archives hold one after the other mostly.
func (i *importer) known(ctx context.Context, owner account.Owner) (map[string]dossier.Person, error) {
	if known, ok := i.people[owner]; ok {
		return known, nil
	}
	known := make(map[string]dossier.Person)
	err := i.People.People(ctx, []account.Owner{owner}, "", func(p dossier.Person) bool {
		known[personKey(p)] = p
		return true
	})
	if err != nil {
		return nil, err
	}
	clear(i.people)
	i.people[owner] = known
	return known, nil
}

// personKey tells the people of one owner from one another.
func personKey(p dossier.Person) string {
	return strings.ToLower(strings.Join(strings.Fields(p.Name), " ")) + "\n" + p.BirthDate.String()
}

// complete gives p what from has and it has not, and reports whether that was
// anything.
func complete(p *dossier.Person, from dossier.Person) (changed bool) {
	if p.Nationality == "" && from.Nationality != "" {
		p.Nationality, changed = from.Nationality, true
	}
	if p.Note == "" && from.Note != "" {
		p.Note, changed = from.Note, true
	}
	for _, id := range from.Applications {
		if !slices.Contains(p.Applications, id) {
			p.Applications, changed = append(p.Applications, id), true
		}
	}
	for _, d := range from.Documents {
		if !hasDocument(p.Documents, d) {
			p.Documents, changed = append(p.Documents, d), true
		}
	}
	return changed
}

// hasDocument reports whether d is among documents, whatever it is called there.
func hasDocument(documents []dossier.TravelDocument, d dossier.TravelDocument) bool {
	return slices.ContainsFunc(documents, func(o dossier.TravelDocument) bool {
		return o.Kind == d.Kind && o.Number == d.Number && o.Country == d.Country && o.Issued == d.Issued && o.Expires == d.Expires
	})
}
