package main

import (
	"fmt"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
)

// whose is to whom something of the demo belongs.
type whose int

const (
	mine whose = iota
	theFamilys
	theFirms
)

// sample is an application of the demo: what is known of it, what has happened,
// and what will happen while somebody watches. Days count back from today.
type sample struct {
	whose whose
	// category is that of a reference number, "" for a visa application number;
	// serial is from 90001, filed when it was filed.
	category      string
	serial, filed int
	label, note   string
	// person is whose application it is, one of demoPeople.
	person string

	purpose visa.Purpose
	// knowsFiled: the day of filing was entered. The other days are those of
	// visa.Dates, 0 where none was.
	knowsFiled                            bool
	delivered, collected, suspensionEnded int
	pauseDays                             int

	// past is what the portal showed, the oldest first. Nothing was watched before.
	past []chapter
	// seen: whoever runs the demo has looked at it since.
	seen                    bool
	paused, muted, archived bool

	// story is what the portal shows from now on; the last answer stays.
	story []portaltest.Outcome
}

// chapter is what the portal has shown since some days ago.
type chapter struct {
	days    int
	outcome portaltest.Outcome
	// lacking: the form did not offer the category.
	lacking bool
}

// lackingCategory is the one that the form of the demo's portal does not offer.
const lackingCategory = "VP"

// reference is the number of s, as it would have been given then.
func (s sample) reference(now time.Time) (visa.Reference, error) {
	filed := now.AddDate(0, 0, -s.filed)
	text := fmt.Sprintf("OAM-%d-%d/%s-%d", s.serial, s.serial%9+1, s.category, filed.Year())
	if s.category == "" {
		text = fmt.Sprintf("ZZZZ%s%04d", filed.Format("20060102"), 9000+s.serial%1000)
	}
	ref, err := visa.Parse(text)
	if err != nil {
		return visa.Reference{}, fmt.Errorf("sample application: %w", err)
	}
	return ref, nil
}

// dates are what somebody has entered.
func (s sample) dates(now time.Time) (d visa.Dates) {
	today := civil.DateOf(now)
	for days, to := range map[int]*civil.Date{s.delivered: &d.Delivered, s.collected: &d.Collected, s.suspensionEnded: &d.SuspensionEnded} {
		if days > 0 {
			*to = today - civil.Date(days)
		}
	}
	if s.knowsFiled {
		d.Filed = today - civil.Date(s.filed)
	}
	d.PauseDays = s.pauseDays
	return d
}

// The outcomes, in fewer words.
const (
	none     = portaltest.NotFound
	running  = portaltest.InProgress
	held     = portaltest.Suspended
	positive = portaltest.PreliminarilyPositive
	granted  = portaltest.Granted
	refused  = portaltest.Refused
	reworded = portaltest.Reworded
)

// samples go through what can happen. What follows is told only when a second
// check repeats it, where it is a decision, so that one stands twice at least.
func samples() []sample {
	return append(append(ownSamples(), familySamples()...), firmSamples()...)
}

func ownSamples() []sample {
	return []sample{
		{
			serial: 90001, filed: 36, label: "Jana, student visa", note: "Term begins soon; the university holds the place.", person: "Jana",
			purpose: visa.VisaStudies, past: []chapter{{days: 33, outcome: none}, {days: 21, outcome: running}}, seen: true,
			story: []portaltest.Outcome{running, positive, positive, positive, granted},
		},
		{
			category: "DP", serial: 90003, filed: 47, label: "Oksana, residence", person: "Oksana",
			purpose: visa.ResidenceExtension, knowsFiled: true, past: []chapter{{days: 44, outcome: running}}, seen: true,
			story: []portaltest.Outcome{running},
		},
		{
			serial: 90004, filed: 118, label: "Wei, business visa", note: "The lawyer has the file. Reasons are in the letter.", person: "Wei",
			purpose: visa.VisaBusiness, delivered: 6, past: []chapter{{days: 110, outcome: running}, {days: 8, outcome: refused}},
			story: []portaltest.Outcome{refused},
		},
		{
			category: "ZM", serial: 90002, filed: 64, label: "Minh, employee card", person: "Minh",
			purpose: visa.EmployeeCard, knowsFiled: true, past: []chapter{{days: 61, outcome: running}, {days: 13, outcome: held}}, seen: true,
			story: []portaltest.Outcome{held, held, held, running, running, running, granted},
		},
		{
			category: "PP", serial: 90006, filed: 25, label: "Anna, new wording", person: "Anna",
			purpose: visa.EUFamily, knowsFiled: true, past: []chapter{{days: 22, outcome: running}, {days: 2, outcome: reworded}},
			story: []portaltest.Outcome{reworded, reworded, reworded, reworded, running},
		},
	}
}

func familySamples() []sample {
	return []sample{
		{
			whose: theFamilys, category: "DP", serial: 90007, filed: 131, label: "Carlos, family reunification", person: "Carlos",
			purpose: visa.FamilyReunification, knowsFiled: true, suspensionEnded: 70, pauseDays: 18,
			past: []chapter{{days: 128, outcome: running}, {days: 88, outcome: held}, {days: 70, outcome: running}}, seen: true,
			story: []portaltest.Outcome{running, running, running, positive, positive, positive, positive, granted},
		},
		{
			whose: theFamilys, category: "TP", serial: 90005, filed: 83, label: "Elena, permanent residence", person: "Elena",
			purpose: visa.PermanentResidence, knowsFiled: true, delivered: 12, collected: 3,
			past: []chapter{{days: 80, outcome: running}, {days: 20, outcome: positive}, {days: 15, outcome: granted}}, seen: true,
			story: []portaltest.Outcome{granted},
		},
		{
			whose: theFamilys, serial: 90008, filed: 52, label: "Sofia, long-term visa", person: "Sofia",
			purpose: visa.VisaOther, past: []chapter{{days: 50, outcome: none}, {days: 41, outcome: running}, {days: 1, outcome: positive}},
			story: []portaltest.Outcome{positive},
		},
		{
			whose: theFamilys, serial: 90009, filed: 7, label: "Mateo, visa for studies", person: "Mateo",
			purpose: visa.VisaStudies, past: []chapter{{days: 6, outcome: none}}, seen: true,
			story: []portaltest.Outcome{none},
		},
		{
			whose: theFamilys, category: "DV", serial: 90010, filed: 12, label: "Lucia, longer stay", person: "Lucia",
			purpose: visa.VisaExtension, knowsFiled: true, past: []chapter{{days: 10, outcome: running}, {days: 0, outcome: granted}}, seen: true,
			story: []portaltest.Outcome{granted},
		},
	}
}

func firmSamples() []sample {
	return []sample{
		{
			whose: theFirms, category: "ZM", serial: 90011, filed: 41, label: "Arjun, baker", person: "Arjun",
			purpose: visa.EmployeeCard, knowsFiled: true, past: []chapter{{days: 38, outcome: running}}, seen: true,
			story: []portaltest.Outcome{running, running, granted},
		},
		{
			whose: theFirms, category: "ZM", serial: 90012, filed: 139, label: "Priya, pastry cook", person: "Priya",
			purpose: visa.EmployeeCard, knowsFiled: true, delivered: 44, collected: 36, archived: true,
			past: []chapter{{days: 136, outcome: running}, {days: 52, outcome: granted}}, seen: true,
			story: []portaltest.Outcome{granted},
		},
		{
			whose: theFirms, category: lackingCategory, serial: 90013, filed: 30, label: "Tomas, seasonal work", person: "Tomas",
			past: []chapter{{days: 28, outcome: running}, {days: 3, lacking: true}}, seen: true,
			story: []portaltest.Outcome{running},
		},
		{
			whose: theFirms, category: "DP", serial: 90014, filed: 75, label: "Ivan, another purpose", note: "On leave until he is back; not urgent.", person: "Ivan",
			purpose: visa.ResidenceChange, knowsFiled: true, paused: true, past: []chapter{{days: 72, outcome: running}}, seen: true,
			story: []portaltest.Outcome{running},
		},
		{
			whose: theFirms, category: "ZM", serial: 90015, filed: 88, label: "Linh, shop assistant", person: "Linh",
			purpose: visa.EmployeeCard, knowsFiled: true, muted: true, past: []chapter{{days: 85, outcome: running}}, seen: true,
			story: []portaltest.Outcome{running},
		},
		{
			whose: theFirms, category: "TP", serial: 90016, filed: 4, label: "Nguyen, just added",
			story: []portaltest.Outcome{none, none, running},
		},
		{
			whose: theFirms, category: "DP", serial: 90017, filed: 260, label: "Marta, no longer shown", person: "Marta",
			purpose: visa.ResidenceStudies, knowsFiled: true, delivered: 190, collected: 181,
			past: []chapter{{days: 255, outcome: running}, {days: 200, outcome: granted}, {days: 176, outcome: none}}, seen: true,
			story: []portaltest.Outcome{none},
		},
	}
}
