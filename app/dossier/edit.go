package dossier

import (
	"slices"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
)

// NewPerson makes a person of what somebody entered, or returns an *InputError.
// All of wish is taken but the IDs, CreatedAt, Revision, and what was reminded.
// now is in the zone of the appliance.
func NewPerson(wish Person, now time.Time) (Person, error) {
	p := wish
	p.ID, p.CreatedAt, p.Revision = account.NewID(now), now, 0
	p.settle(nil, now)
	if err := p.Validate(civil.DateOf(now)); err != nil {
		return Person{}, err
	}
	return p, nil
}

// Edit makes of change what a store can do to a person: afterwards all stands
// that a change must not touch, new documents have IDs, thresholds are passed
// over that a new day of expiry has passed already, and what cannot be is refused
// with an *InputError. Documents are told from one another by their IDs. now is
// in the zone of the appliance.
func Edit(now time.Time, change func(*Person) error) func(*Person) error {
	return func(p *Person) error {
		was, documents := *p, slices.Clone(p.Documents)
		if err := change(p); err != nil {
			return err
		}
		p.ID, p.CreatedAt, p.Revision = was.ID, was.CreatedAt, was.Revision
		p.settle(documents, now)
		return p.Validate(civil.DateOf(now))
	}
}

// settle gives every document its ID and what was reminded of it. A document
// that was not among those before is a new one, whatever ID it claims. Nothing
// that the caller of NewPerson holds is changed.
func (p *Person) settle(before []TravelDocument, now time.Time) {
	p.Applications = unique(p.Applications)
	p.Documents = slices.Clone(p.Documents)
	known := make(map[string]TravelDocument, len(before))
	for _, d := range before {
		known[d.ID] = d
	}
	for i := range p.Documents {
		d := &p.Documents[i]
		was, ok := known[d.ID]
		delete(known, d.ID) // Another one with the same ID is a copy.
		if !ok {
			d.ID = account.NewID(now)
		}
		d.Reminded = was.Reminded
		if !ok || d.Expires != was.Expires {
			d.Reminded = passed(d.Expires, civil.DateOf(now))
		}
	}
}

// unique returns the IDs in their order, each once.
func unique(ids []string) (out []string) {
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
