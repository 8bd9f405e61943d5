package dossier

import (
	"slices"

	"cz-visa-monitor/app/civil"
)

// Thresholds returns how many days before the expiry of a document a person is
// told of it, the most first.
func Thresholds() []int { return []int{180, 90, 30, 7, 0} }

// Reminder is that a document expires, due to be told.
type Reminder struct {
	Document TravelDocument
	// Threshold is the one that was reached last.
	Threshold int
	// Left is how many days are left, at most Threshold; 0 on the last day.
	Left int
}

// Due returns what is to be told of p's documents on a day. Of each at most the
// threshold that was reached last is told, so that an appliance that was off for
// months does not tell the same thing three times; and none once a later one was
// told, so that a clock that is set back repeats nothing. A document that has
// expired tells nothing more.
func Due(p Person, today civil.Date) (due []Reminder) {
	for _, d := range p.Documents {
		if r, ok := d.due(today); ok {
			due = append(due, r)
		}
	}
	return due
}

func (d TravelDocument) due(today civil.Date) (Reminder, bool) {
	if d.Expires.IsZero() || d.Expires < today {
		return Reminder{}, false
	}
	r := Reminder{Document: d, Left: int(d.Expires - today)}
	for _, threshold := range slices.Backward(Thresholds()) {
		if r.Left <= threshold {
			r.Threshold = threshold
			return r, slices.Contains(d.open(), threshold)
		}
	}
	return Reminder{}, false
}

// NextReminder returns the first day on which Due tells of the document, unless
// it is told before; ok is false if it never will be. From that day on it is due
// until it was told, or has expired.
func (d TravelDocument) NextReminder() (on civil.Date, ok bool) {
	open := d.open()
	if d.Expires.IsZero() || len(open) == 0 {
		return 0, false
	}
	return d.Expires - civil.Date(open[0]), true
}

// open returns the thresholds that may still be told: those after the last one
// that was told or passed over.
func (d TravelDocument) open() []int {
	return slices.DeleteFunc(Thresholds(), func(threshold int) bool {
		return len(d.Reminded) > 0 && threshold >= slices.Min(d.Reminded)
	})
}

// passed returns the thresholds that lie behind a document which becomes known
// on a day: whoever enters it sees the day of expiry, and needs no reminder of
// what has been. One that is reached on that very day is still told.
func passed(expires, today civil.Date) []int {
	if expires.IsZero() {
		return nil
	}
	return reached(func(threshold int) bool { return int(expires-today) < threshold })
}

// told marks the threshold of r, and those before it.
func (p *Person) told(r Reminder) {
	at := slices.IndexFunc(p.Documents, func(d TravelDocument) bool { return d.ID == r.Document.ID })
	if at >= 0 {
		p.Documents[at].Reminded = reached(func(threshold int) bool { return threshold >= r.Threshold })
	}
}

// reached returns the thresholds for which is holds; nil if it does for none.
func reached(is func(threshold int) bool) (out []int) {
	for _, threshold := range Thresholds() {
		if is(threshold) {
			out = append(out, threshold)
		}
	}
	return out
}
