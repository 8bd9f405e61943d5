package visa

import (
	"strconv"
	"time"
)

// Hint is something odd about a reference that was read all the same: the
// portal decides, not this program. The values are catalogue keys, so their
// spelling never changes.
type Hint string

// The hints.
const (
	// HintShort: a visa application number with fewer than twelve digits. The
	// portal's own example is such a one, but those given to people have twelve.
	HintShort Hint = "short"
	// HintDate: the first eight of twelve digits are no date on which an
	// application can have been filed, so a digit may be wrong.
	HintDate Hint = "date"
	// HintCategory: the portal's form is not known to offer the category.
	HintCategory Hint = "category"
	// HintOld: filed longer ago than the portal answers for, two years. Needs a
	// clock, so that Find gives it and Hints does not.
	HintOld Hint = "old"
	// HintEmbassy: the letters of a visa application number are those of no
	// embassy that is known here. Most are not, so only Find, whose reader may not
	// have meant the number at all, gives it.
	HintEmbassy Hint = "embassy"
)

// limitYears is for how long after filing the portal shows an application.
const limitYears = 2

// Hints returns what is odd about r itself, nil if nothing is.
func (r Reference) Hints() []Hint {
	switch r.kind {
	case ZOV:
		if len(r.number) < prefixLen+usualDigits {
			return []Hint{HintShort}
		}
		if _, ok := r.Filed(); !ok {
			return []Hint{HintDate}
		}
	case OAM:
		if !KnownCategory(r.category) {
			return []Hint{HintCategory}
		}
	}
	return nil
}

// Old reports whether the application was surely filed longer ago than the
// portal answers for, two years before now. Of an OAM number only the year is
// known, and nothing of a visa application number without a date.
func (r Reference) Old(now time.Time) bool {
	if r.kind == OAM {
		year, err := strconv.Atoi(r.year)
		return err == nil && year < now.Year()-limitYears
	}
	filed, ok := r.Filed()
	return ok && !filed.AddDate(limitYears, 0, 2).After(now) // The day is over everywhere.
}

// Filed returns the day on which an embassy took the application in, as
// midnight UTC, read from a visa application number of the usual form. It
// reports false for every other reference, and where the digits are no day of
// the years 2000 to 2099.
func (r Reference) Filed() (time.Time, bool) {
	if r.kind != ZOV || len(r.number) != prefixLen+usualDigits {
		return time.Time{}, false
	}
	day, err := time.Parse("20060102", r.number[prefixLen:prefixLen+8])
	if err != nil || day.Year() < minYear || day.Year() > maxYear {
		return time.Time{}, false
	}
	return day, true
}
