package civil

import "time"

// goodFridaySince is the first year in which Good Friday is a holiday.
const goodFridaySince = 2016

// Holiday reports whether the day is a public holiday or another day without
// work in the Czech Republic (Act 245/2000 Coll., §§ 1 and 2). It says so for
// every year, as the act stands since 2016; before 2016 Good Friday was none.
func (d Date) Holiday() bool {
	if d.IsZero() {
		return false
	}
	year, month, dayOfMonth := d.UTC().Date()
	switch month {
	case time.January, time.May:
		if dayOfMonth == 1 || month == time.May && dayOfMonth == 8 {
			return true
		}
	case time.July:
		return dayOfMonth == 5 || dayOfMonth == 6
	case time.September, time.October:
		return dayOfMonth == 28
	case time.November:
		return dayOfMonth == 17
	case time.December:
		return dayOfMonth >= 24 && dayOfMonth <= 26
	}
	sunday := easter(year)
	return d == sunday+1 || d == sunday-2 && year >= goodFridaySince
}

// easter returns Easter Sunday by the anonymous Gregorian algorithm, as Meeus
// gives it (Astronomical Algorithms, chapter 8).
func easter(year int) Date {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	d, _ := NewDate(year, time.Month(n/31), n%31+1)
	return d
}

// WorkingDay reports whether offices work on the day: it is no Saturday, no
// Sunday and no Holiday. The unknown day is none.
func (d Date) WorkingDay() bool {
	if d.IsZero() {
		return false
	}
	weekday := d.UTC().Weekday()
	return weekday != time.Saturday && weekday != time.Sunday && !d.Holiday()
}

// NextWorkingDay returns the day itself if it is a working day, and otherwise
// the first one after it: where a period ends that is counted in days (§ 40 (1)
// (c) of Act 500/2004 Coll.). The unknown day stays unknown.
func (d Date) NextWorkingDay() Date {
	for !d.IsZero() && !d.WorkingDay() {
		d++
	}
	return d
}
