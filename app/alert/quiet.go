package alert

import (
	"time"

	"cz-visa-monitor/app/visa"
)

// Quiet are the hours of the day in which a channel sends nothing.
type Quiet struct {
	// From and To are local times of day such as 22:00 and 07:00; From may be
	// the later one, and then the hours go over midnight. Both are "" where there
	// are no such hours.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Decisions: news that the proceedings end wait neither for the end of the
	// hours nor for the digest.
	Decisions bool `json:"decisions,omitempty"`
}

// day is what the hours of a day have in minutes.
const day = 24 * 60

// leastOpen is how many minutes of the day quiet hours must leave, so that what
// waits for their end is sure to go.
const leastOpen = 60

// parseClock reads a time of day such as 07:05, in minutes from midnight.
func parseClock(s string) (minutes int, ok bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == len("15:04")
}

// CheckTimes reports the first thing that is wrong with the quiet hours, the
// digest or the time zone of c, as a *FieldError.
func (c Channel) CheckTimes() error {
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
		return &FieldError{Field: "zone", Code: "zone", Problem: "must be a time zone such as Europe/Prague, or empty for that of the appliance"}
	}
	from, begins := parseClock(c.Quiet.From)
	to, ends := parseClock(c.Quiet.To)
	switch {
	case c.Quiet.From == "" && c.Quiet.To == "":
	case !begins || !ends:
		return &FieldError{Field: "quiet", Code: "quiet", Problem: "must have from and to, times of day such as 22:00 and 07:00, or neither"}
	case from == to || (from-to+day)%day < leastOpen:
		return &FieldError{Field: "quiet", Code: "quiet_all", Problem: "must leave an hour of the day in which messages may go"}
	}
	at, ok := parseClock(c.Digest)
	switch {
	case c.Digest == "":
	case !ok:
		return &FieldError{Field: "digest", Code: "digest", Problem: "must be a time of day such as 18:00, or empty"}
	case begins && ends && (at-from+day)%day < (to-from+day)%day:
		return &FieldError{Field: "digest", Code: "digest_quiet", Problem: "must not be a time within the quiet hours"}
	}
	return nil
}

// Location returns the time zone that the times of c are of; local is that of the
// appliance.
func (c Channel) Location(local *time.Location) *time.Location {
	if loc, err := time.LoadLocation(c.Zone); c.Zone != "" && err == nil {
		return loc
	}
	return local
}

// SameTimes reports whether c and other hold back the same deliveries: whether
// what was worked out for the one holds for the other.
func (c Channel) SameTimes(other Channel) bool {
	return c.Quiet == other.Quiet && c.Digest == other.Digest && c.Zone == other.Zone
}

// Opens returns when d may go through c: now, or later where c collects news for
// its digest or has quiet hours. zone is the channel's Location. The digest that d
// waits for is the first one after d was made; what is late for it goes as soon
// as it can.
func (c Channel) Opens(d Delivery, now time.Time, zone *time.Location) time.Time {
	if c.Quiet.Decisions && d.Notification.decides() {
		return now
	}
	opens := now
	if at, ok := parseClock(c.Digest); ok {
		made := d.CreatedAt
		if made.After(now) { // The clock was set back.
			made = now
		}
		if next := nextClock(made, at, zone); next.After(opens) {
			opens = next
		}
	}
	return c.Quiet.end(opens, zone)
}

// end returns t, or the end of the quiet hours that t lies in.
func (q Quiet) end(t time.Time, zone *time.Location) time.Time {
	from, begins := parseClock(q.From)
	to, ends := parseClock(q.To)
	if !begins || !ends || from == to {
		return t
	}
	over := 0
	if to < from {
		over = 1
	}
	for days := -1; days <= 0; days++ {
		first, _ := onDay(t, days, from, zone)
		_, last := onDay(t, days+over, to, zone)
		if !t.Before(first) && t.Before(last) {
			return last
		}
	}
	return t
}

// nextClock returns when the clock of zone first shows minutes after t.
func nextClock(t time.Time, minutes int, zone *time.Location) time.Time {
	for days := 0; ; days++ {
		if at, _ := onDay(t, days, minutes, zone); at.After(t) {
			return at
		}
	}
}

// onDay returns when the clock of zone shows minutes on the day of t and days
// more. In the night in which the clock is put back it may do so twice: first and
// last differ then. In the one in which it is put forward it may not do so at
// all: then it is when the clock jumps over them.
func onDay(t time.Time, days, minutes int, zone *time.Location) (first, last time.Time) {
	y, m, d := t.In(zone).Date()
	wall := time.Date(y, m, d+days, 0, minutes, 0, 0, time.UTC)
	// The offsets before and after a change that this day may bring.
	_, before := wall.Add(-36 * time.Hour).In(zone).Zone()
	_, after := wall.Add(36 * time.Hour).In(zone).Zone()
	for _, offset := range []int{before, after} {
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, shown := at.Zone(); shown != offset {
			continue
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if first.IsZero() {
		jump, _ := wall.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
		return jump, jump
	}
	return first, last
}

// decides reports whether n tells that the proceedings come to their end: what
// people wait for, whatever the hour.
func (n Notification) decides() bool {
	return (n.Kind == StatusChanged || n.Kind == FirstAnswer) && (n.To.Final() || n.To == visa.PreliminarilyPositive)
}
