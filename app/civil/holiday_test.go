package civil

import (
	"testing"
	"time"
)

func day(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNextWorkingDay(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ from, want string }{
		"a Wednesday":                          {"2026-03-11", "2026-03-11"},
		"a Saturday":                           {"2026-03-14", "2026-03-16"},
		"a Sunday":                             {"2026-03-15", "2026-03-16"},
		"New Year on a Thursday":               {"2026-01-01", "2026-01-02"},
		"Good Friday leads over Easter Monday": {"2026-04-03", "2026-04-07"},
		"Easter Monday":                        {"2026-04-06", "2026-04-07"},
		"Good Friday 2015 was worked":          {"2015-04-03", "2015-04-03"},
		"Good Friday 2016, the first":          {"2016-03-25", "2016-03-29"},
		"Labour Day on a Friday":               {"2026-05-01", "2026-05-04"},
		"the end of the war on a Friday":       {"2026-05-08", "2026-05-11"},
		"the 8th of January is none":           {"2026-01-08", "2026-01-08"},
		"two holidays and no weekend":          {"2027-07-05", "2027-07-07"},
		"two holidays on a weekend":            {"2025-07-05", "2025-07-07"},
		"the day of statehood":                 {"2026-09-28", "2026-09-29"},
		"the day of independence":              {"2026-10-28", "2026-10-29"},
		"the day of freedom":                   {"2026-11-17", "2026-11-18"},
		"Christmas from a Thursday":            {"2026-12-24", "2026-12-28"},
		"Christmas from a Wednesday":           {"2025-12-24", "2025-12-29"},
		"the day after Christmas":              {"2027-12-27", "2027-12-27"},
		"New Year's Eve on a Saturday":         {"2022-12-31", "2023-01-02"},
		"unknown":                              {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := day(t, tt.from).NextWorkingDay(); got != day(t, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestEaster: Sundays from published tables, the earliest and the latest of all among them.
func TestEaster(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]string{
		1818: "1818-03-22", 1943: "1943-04-25", 1961: "1961-04-02", 2000: "2000-04-23", 2008: "2008-03-23", 2011: "2011-04-24",
		2019: "2019-04-21", 2024: "2024-03-31", 2025: "2025-04-20", 2026: "2026-04-05", 2027: "2027-03-28", 2028: "2028-04-16",
		2029: "2029-04-01", 2030: "2030-04-21", 2035: "2035-03-25", 2038: "2038-04-25", 2049: "2049-04-18", 2076: "2076-04-19",
	} {
		if got := easter(year); got.String() != want {
			t.Errorf("Easter %d is %s, want %s", year, got, want)
		}
	}
}

// TestEveryYear walks through the years: Easter is a Sunday between its bounds,
// a year has 13 holidays since 2016 and 12 before, and the next working day
// is the first day that is one.
func TestEveryYear(t *testing.T) {
	t.Parallel()
	for year := 1990; year < 2200; year++ {
		sunday := easter(year)
		first, _ := NewDate(year, time.March, 22)
		if sunday.UTC().Weekday() != time.Sunday || sunday < first || sunday > first+34 {
			t.Fatalf("Easter %d is %s", year, sunday)
		}
		want, got := 12, 0
		if year >= 2016 {
			want = 13
		}
		overlap := 0 // Easter and a fixed holiday on one day.
		for _, d := range []Date{sunday - 2, sunday + 1} {
			if _, month, n := d.UTC().Date(); month == time.May && (n == 1 || n == 8) {
				overlap++
			}
		}
		begin, _ := NewDate(year, time.January, 1)
		for d := begin; d.UTC().Year() == year; d++ {
			if d.Holiday() {
				got++
			}
			next := d.NextWorkingDay()
			if next < d || !next.WorkingDay() {
				t.Fatalf("after %s comes %s", d, next)
			}
			for between := d; between < next; between++ {
				if between.WorkingDay() {
					t.Fatalf("after %s comes %s, and %s is passed over", d, next, between)
				}
			}
		}
		if got != want-overlap {
			t.Errorf("%d has %d holidays, want %d", year, got, want-overlap)
		}
	}
}
