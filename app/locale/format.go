package locale

import (
	"strconv"
	"time"
)

// Number writes n with the separators of the language.
func (l *Locale) Number(n int) string { return l.printer.Sprint(n) }

// Date writes the day of t in the catalogues' time zone: 22 November 2026.
func (l *Locale) Date(t time.Time) string {
	return l.Day(t.In(l.zone))
}

// Day writes the day of t in t's own zone: for a day of the calendar, which is
// the same everywhere.
func (l *Locale) Day(t time.Time) string {
	return l.Text("date.day",
		"day", strconv.Itoa(t.Day()),
		"month", l.Text("date.month."+strconv.Itoa(int(t.Month()))),
		"year", strconv.Itoa(t.Year()))
}

// Time writes the day and the time of t in the catalogues' time zone, with the
// zone's name, because readers need not live in it.
func (l *Locale) Time(t time.Time) string {
	t = t.In(l.zone)
	return l.Text("date.time", "date", l.Date(t), "time", t.Format("15:04"), "zone", t.Format("MST"))
}

// Duration writes d in its largest fitting unit, rounded: minutes up to two
// hours, hours up to two days, then days.
func (l *Locale) Duration(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return l.Text("duration.minutes", countArg, int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		return l.Text("duration.hours", countArg, int(d.Round(time.Hour)/time.Hour))
	}
	return l.Text("duration.days", countArg, int(d.Round(24*time.Hour)/(24*time.Hour)))
}
