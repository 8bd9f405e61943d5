package visa

// Next is what a person can do: three keys of the catalogue, and where the office
// says more.
type Next struct {
	// Title says in a few words what to do, Meaning what the status means, Text
	// what to do, step by step.
	Title, Meaning, Text string
	Pages                []Page
}

// NextSteps returns what to do about an application that has this status; ok is
// false where there is no answer yet.
func NextSteps(ref Reference, p Purpose, s Status) (next Next, ok bool) {
	if !s.Valid() {
		return Next{}, false
	}
	name := string(s)
	next = Next{Title: "next.title." + name, Meaning: "next.meaning." + name, Text: "next.text." + name}
	switch s {
	case NotFound, Unknown:
		next.Pages = []Page{PageStatus}
	case InProgress, Suspended:
		next.Pages = []Page{PageInProgress}
	case PreliminarilyPositive:
		next.Pages = []Page{PageGranted, PageContacts}
	case Granted:
		next.Pages = []Page{PageGranted, PageContacts}
		if ref.kind == ZOV {
			next.Text += "_abroad"
		}
	case Refused:
		switch p.remedy(ref) {
		case NewAssessment:
			next.Text += "_visa"
			next.Pages = []Page{PageRefused, PageNewAssessment}
		case Appeal:
			next.Text += "_residence"
			next.Pages = []Page{PageRefused, PageDiscontinued}
		case RemedyInLetter:
			next.Pages = []Page{PageRefused, PageDiscontinued, PageNewAssessment}
		}
	}
	return next, true
}

// NextInactive returns what to do when the limit may be exceeded. It promises
// nothing for visas, see Clock.Inactivity.
func NextInactive(c Clock) (next Next, ok bool) {
	if c.State != ClockMayBeExceeded {
		return Next{}, false
	}
	next = Next{Title: "next.title.late", Meaning: "next.meaning.late", Text: "next.text.late", Pages: []Page{PageContacts}}
	if c.Inactivity {
		next.Text, next.Pages = "next.text.inactivity", []Page{PageInactivity, PageContacts}
	}
	return next, true
}
