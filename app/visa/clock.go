package visa

import "cz-visa-monitor/app/civil"

// Word says whose word it is that something happened on a day.
type Word string

// The words.
const (
	// WordPortal: the portal showed it.
	WordPortal Word = "portal"
	// WordPerson: somebody entered it.
	WordPerson Word = "person"
	// WordNumber: it stands in the reference number.
	WordNumber Word = "number"
)

// Dates are what the portal does not show and a person knows. What is zero is
// not known.
type Dates struct {
	// Filed is the day on which the application was filed.
	Filed civil.Date `json:"filed,omitzero"`
	// Delivered is the day on which the decision was delivered, from which the
	// period for a remedy runs.
	Delivered civil.Date `json:"delivered,omitzero"`
	// Collected is the day on which the visa or the card was collected.
	Collected civil.Date `json:"collected,omitzero"`
	// SuspensionEnded is the day on which the last suspension ended.
	SuspensionEnded civil.Date `json:"suspension_ended,omitzero"`
	// PauseDays are the days for which the proceedings have been suspended.
	PauseDays int `json:"pause_days,omitempty"`
}

// ClockState says how the statutory limit stands.
type ClockState string

// The states of a clock. None of them says that a limit is exceeded: the portal
// does not show suspensions, so that nobody but the office can know.
const (
	// ClockUnknown: the day of filing is not known.
	ClockUnknown ClockState = "unknown"
	// ClockCounting: days are counted, but without a purpose there is no limit.
	ClockCounting ClockState = "counting"
	// ClockRunning: the limit lies ahead, or is today.
	ClockRunning ClockState = "running"
	// ClockPaused: the proceedings are suspended, and the limit moves on with each day.
	ClockPaused ClockState = "paused"
	// ClockMayBeExceeded: the limit has passed, as far as is known here.
	ClockMayBeExceeded ClockState = "may_be_exceeded"
	// ClockStopped: there is a decision.
	ClockStopped ClockState = "stopped"
)

// afterSuspension is how many days there are at least between the end of a
// suspension and the end of the limit (§ 65 (1) of Act 500/2004 Coll.).
const afterSuspension = 15

// Clock is how long proceedings have taken against what the law allows. All of
// it is an estimate, out of what is known here.
type Clock struct {
	State ClockState
	// Filed is where it begins; From says whether a person entered the day or the
	// number tells it.
	Filed civil.Date
	From  Word
	// Days are those since Filed, suspensions included.
	Days int
	// Limit is that of the purpose; the zero Limit without one.
	Limit Limit
	// LimitDay is the last day of the limit, ComplicatedDay that in complicated
	// cases. Zero where there is none, while the proceedings are suspended, and
	// after a decision.
	LimitDay       civil.Date
	ComplicatedDay civil.Date
	// Left are the days until LimitDay, negative behind it; 0 without one.
	Left int
	// Inactivity: a request for measures against inactivity may be worth a
	// thought. Never for visas: whether § 80 holds for them is not settled.
	Inactivity bool
}

// NewClock returns the clock of an application as it stands on a day. The day in
// a visa application number stands in where d has no day of filing. After a
// decision today is to be the day of it.
func NewClock(ref Reference, p Purpose, d Dates, s Status, today civil.Date) Clock {
	c := Clock{State: ClockUnknown, Filed: d.Filed, From: WordPerson}
	if c.Filed.IsZero() {
		c.Filed, c.From = ref.registered(), WordNumber
	}
	if c.Filed.IsZero() || c.Filed > today {
		return Clock{State: ClockUnknown}
	}
	c.Days = int(today - c.Filed)
	limit, limited := p.Limit()
	c.Limit = limit
	switch {
	case s.Final():
		c.State = ClockStopped
	case s == Suspended:
		c.State = ClockPaused
	case !limited:
		c.State = ClockCounting
	default:
		c.measure(d, today)
		c.Inactivity = !p.Visa() && today > max(c.LimitDay, c.ComplicatedDay)
	}
	return c
}

// measure counts the days that are left.
func (c *Clock) measure(d Dates, today civil.Date) {
	end := func(days int) civil.Date {
		last := c.Filed + civil.Date(days+d.PauseDays)
		if !d.SuspensionEnded.IsZero() {
			last = max(last, d.SuspensionEnded+afterSuspension)
		}
		return last.NextWorkingDay()
	}
	c.LimitDay = end(c.Limit.Days)
	if c.Limit.Complicated > 0 {
		c.ComplicatedDay = end(c.Limit.Complicated)
	}
	c.Left = int(c.LimitDay - today)
	if c.State = ClockRunning; c.Left < 0 {
		c.State = ClockMayBeExceeded
	}
}

// registered returns the day in a visa application number, zero where there is none.
func (r Reference) registered() civil.Date {
	if at, ok := r.Filed(); ok {
		return civil.DateOf(at)
	}
	return 0
}

// RemedyKind is what can be done against a refusal.
type RemedyKind string

// The kinds of remedy. All have the same period.
const (
	// Appeal: to the Commission, at the office that decided; residence permits.
	Appeal RemedyKind = "appeal"
	// NewAssessment: a request for a new assessment of the reasons; long-term visas.
	NewAssessment RemedyKind = "new_assessment"
	// RemedyInLetter: one of the two; what is known here does not say which.
	RemedyInLetter RemedyKind = "in_letter"
)

// remedyDays are the days after the delivery in which a remedy can be sought.
const remedyDays = 15

// Remedy is what can be done against a refusal, and until when.
type Remedy struct {
	Kind RemedyKind
	// LastDay is the last day for it, a working day; zero while the day of the
	// delivery is not known, from which the period runs.
	LastDay civil.Date
	// Left are the days until LastDay: 0 on the day itself, negative behind it.
	Left int
}

// Remedy returns what can be done against a refusal that was delivered on a day;
// 0 if it is not known. What the decision itself says counts more.
func (p Purpose) Remedy(ref Reference, delivered, today civil.Date) Remedy {
	r := Remedy{Kind: p.remedy(ref)}
	if !delivered.IsZero() {
		r.LastDay = (delivered + remedyDays).NextWorkingDay()
		r.Left = int(r.LastDay - today)
	}
	return r
}

func (p Purpose) remedy(ref Reference) RemedyKind {
	switch {
	case p == VisaExtension:
		return RemedyInLetter // No source says which.
	case p.Visa():
		return NewAssessment
	case p != "":
		return Appeal
	}
	switch ref.category { // "" for the numbers of embassies, which are of visas and of permits.
	case "DV":
		return RemedyInLetter // Perhaps of an extension.
	case "DP", "TP", "PP", "ZM":
		return Appeal
	}
	return RemedyInLetter
}
