// Package civil holds calendar days as people and offices count them: without a
// time and a zone, and with the holidays of the Czech Republic.
package civil

import (
	"errors"
	"time"
)

// Date is a calendar day, without a time and a zone: the number of days since
// 1 January of the year 1, which is day 1. The zero Date is an unknown day. Two
// dates compare with < and ==, and the difference of two is the days between
// them; no zone and no change of the clocks comes in.
type Date int

// layout is how a Date is written: ISO 8601.
const layout = "2006-01-02"

const (
	// daySeconds is the length of a day in UTC, where all have the same.
	daySeconds = 24 * 60 * 60
	// firstOf1970 is 1 January 1970, where Unix time begins.
	firstOf1970 Date = 719163
	// lastDate is 31 December 9999, the last day that layout can write.
	lastDate Date = 3652059
)

// errDate tells a person how to write a day. It does not repeat what was written.
var errDate = errors.New("a day is written as year-month-day, for example 2031-05-17")

// NewDate returns the day of this year, month and day; ok is false where the
// calendar has no such day, or its year is not from 1 to 9999.
func NewDate(year int, month time.Month, dayOfMonth int) (d Date, ok bool) {
	if year < 1 || year > 9999 {
		return 0, false
	}
	t := time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC)
	if t.Year() != year || t.Month() != month || t.Day() != dayOfMonth {
		return 0, false
	}
	return firstOf1970 + Date(t.Unix()/daySeconds), true
}

// DateOf returns the day of t in t's own zone.
func DateOf(t time.Time) Date {
	d, _ := NewDate(t.Date())
	return d
}

// ParseDate reads a day as String writes it. The empty text is the unknown day.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.Parse(layout, s)
	if err != nil || DateOf(t).IsZero() {
		return 0, errDate // Without the parser's error, which repeats the text.
	}
	return DateOf(t), nil
}

// IsZero reports whether the day is unknown.
func (d Date) IsZero() bool { return d == 0 }

// String returns the day as 2031-05-17, and "" for the unknown one.
func (d Date) String() string {
	if d <= 0 || d > lastDate {
		return ""
	}
	return d.UTC().Format(layout)
}

// UTC returns the beginning of the day in UTC, for its year, month and weekday.
func (d Date) UTC() time.Time {
	return time.Unix(int64(d-firstOf1970)*daySeconds, 0).UTC()
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}
