package civil

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// prague is where the tests are.
func prague(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want Date
		ok   bool
	}{
		"the first day":        {"0001-01-01", 1, true},
		"the last day":         {"9999-12-31", lastDate, true},
		"the epoch":            {"1970-01-01", firstOf1970, true},
		"the first birth":      {"1900-01-01", 693596, true},
		"a leap day":           {"2000-02-29", firstOf1970 + 11016, true},
		"unknown":              {"", 0, true},
		"no leap day":          {"1900-02-29", 0, false},
		"no such day":          {"2031-04-31", 0, false},
		"no such month":        {"2031-13-01", 0, false},
		"the year 0":           {"0000-12-31", 0, false},
		"with a time":          {"2031-05-17T00:00:00Z", 0, false},
		"with a blank":         {" 2033-05-17", 0, false},
		"without zeros":        {"2031-5-17", 0, false},
		"in the Czech order":   {"17.05.2031", 0, false},
		"a year of five":       {"12031-05-17", 0, false},
		"a year with a sign":   {"-031-05-17", 0, false},
		"digits of others":     {"２０３１-05-17", 0, false},
		"something else again": {"soon", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseDate(tt.text)
			if got != tt.want || (err == nil) != tt.ok {
				t.Fatalf("got day %d, %v", int(got), err)
			}
			if err != nil && strings.Contains(err.Error(), tt.text) {
				t.Errorf("the error repeats what was written: %v", err)
			}
			if err == nil && got.String() != tt.text {
				t.Errorf("written as %s", got)
			}
		})
	}
}

// TestDaysBetween: the days between two dates are those of the calendar, whatever
// the clocks did in between.
func TestDaysBetween(t *testing.T) {
	t.Parallel()
	zone := prague(t)
	tests := []struct {
		name     string
		from, to time.Time
		want     int
	}{
		{"the night into summer time", time.Date(2027, 3, 27, 23, 59, 0, 0, zone), time.Date(2027, 3, 28, 3, 0, 0, 0, zone), 1},
		{"the day with 23 hours", time.Date(2027, 3, 28, 0, 0, 0, 0, zone), time.Date(2027, 3, 29, 0, 0, 0, 0, zone), 1},
		{"the day with 25 hours", time.Date(2027, 10, 31, 0, 0, 0, 0, zone), time.Date(2027, 11, 1, 0, 0, 0, 0, zone), 1},
		{"the same day with 25 hours", time.Date(2027, 10, 31, 0, 0, 0, 0, zone), time.Date(2027, 10, 31, 23, 59, 59, 0, zone), 0},
		{"half a year over both", time.Date(2027, 3, 1, 23, 0, 0, 0, zone), time.Date(2027, 8, 28, 1, 0, 0, 0, zone), 180},
		{"a leap year", time.Date(2028, 1, 1, 0, 0, 0, 0, zone), time.Date(2029, 1, 1, 0, 0, 0, 0, zone), 366},
		{"another day in another zone", time.Date(2027, 5, 1, 23, 30, 0, 0, time.UTC), time.Date(2027, 5, 1, 23, 30, 0, 0, time.UTC).In(zone), 1},
	}
	for _, tt := range tests {
		if got := int(DateOf(tt.to) - DateOf(tt.from)); got != tt.want {
			t.Errorf("%s: %d days, want %d", tt.name, got, tt.want)
		}
	}
}

// TestEveryDay walks through the calendar with time's own arithmetic.
func TestEveryDay(t *testing.T) {
	t.Parallel()
	at := time.Date(1896, 1, 1, 0, 0, 0, 0, time.UTC)
	before := DateOf(at) - 1
	for at.Year() < 2110 {
		d := DateOf(at)
		if d != before+1 || d.String() != at.Format(time.DateOnly) || !d.UTC().Equal(at) {
			t.Fatalf("%s is day %d after %d", at, int(d), int(before))
		}
		before, at = d, at.AddDate(0, 0, 1)
	}
}

func TestDateAsJSON(t *testing.T) {
	t.Parallel()
	type holder struct {
		D Date `json:"d"`
		O Date `json:"o,omitzero"`
	}
	got, err := json.Marshal(holder{D: day(t, "2031-05-17")})
	if err != nil || string(got) != `{"d":"2031-05-17"}` {
		t.Errorf("%s, %v", got, err)
	}
	for text, want := range map[string]Date{`{"d":"2031-05-17"}`: day(t, "2031-05-17"), `{"d":""}`: 0, `{}`: 0, `{"d":null}`: 0} {
		var h holder
		if err := json.Unmarshal([]byte(text), &h); err != nil || h.D != want {
			t.Errorf("%s is %s, %v", text, h.D, err)
		}
	}
	for _, text := range []string{`{"d":"2031-02-30"}`, `{"d":7}`, `{"d":"0"}`} {
		if err := json.Unmarshal([]byte(text), new(holder)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2031-05-17", "0001-01-01", "9999-12-31", "", "2000-02-29", "1900-02-29", "0000-01-01", "2031-5-17", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		if err != nil {
			if d != 0 {
				t.Errorf("day %d and %v", int(d), err)
			}
			return
		}
		if d.String() != s || d < 0 || d > lastDate || d.IsZero() != (s == "") {
			t.Errorf("%q is day %d, written %s", s, int(d), d)
		}
	})
}
