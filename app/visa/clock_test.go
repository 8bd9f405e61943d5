package visa_test

import (
	"testing"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
)

// day reads a day of a test.
func day(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestClock(t *testing.T) {
	t.Parallel()
	const (
		zov = "ZZZZ202601059001" // Monday, 5 January 2026
		oam = "OAM-90012/DP-2026"
	)
	type dates struct {
		filed, suspensionEnded string
		pause                  int
	}
	tests := map[string]struct {
		ref     string
		purpose visa.Purpose
		dates   dates
		status  visa.Status
		today   string

		state             visa.ClockState
		from              visa.Word
		days, left        int
		last, complicated string
		inactivity        bool
	}{
		"nothing is known":                    {ref: oam, purpose: visa.ResidenceChange, today: "2026-02-01", state: visa.ClockUnknown},
		"filed tomorrow":                      {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-02-02"}, today: "2026-02-01", state: visa.ClockUnknown},
		"the number lies ahead":               {ref: zov, purpose: visa.VisaOther, today: "2026-01-04", state: visa.ClockUnknown},
		"without a purpose":                   {ref: oam, dates: dates{filed: "2026-01-05"}, today: "2026-02-04", state: visa.ClockCounting, from: visa.WordPerson, days: 30},
		"the first day":                       {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05"}, today: "2026-01-05", state: visa.ClockRunning, from: visa.WordPerson, left: 60, last: "2026-03-06"},
		"the last day":                        {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05"}, today: "2026-03-06", state: visa.ClockRunning, from: visa.WordPerson, days: 60, last: "2026-03-06"},
		"the day after":                       {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05"}, today: "2026-03-07", state: visa.ClockMayBeExceeded, from: visa.WordPerson, days: 61, left: -1, last: "2026-03-06", inactivity: true},
		"moved from a Saturday":               {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-06"}, today: "2026-03-08", state: visa.ClockRunning, from: visa.WordPerson, days: 61, left: 1, last: "2026-03-09"},
		"moved over Easter":                   {ref: oam, purpose: visa.ResidenceExtension, dates: dates{filed: "2026-03-04"}, today: "2026-04-03", state: visa.ClockRunning, from: visa.WordPerson, days: 30, left: 4, last: "2026-04-07"},
		"pause days are added":                {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05", pause: 10}, today: "2026-03-07", state: visa.ClockRunning, from: visa.WordPerson, days: 61, left: 9, last: "2026-03-16"},
		"15 days after a suspension":          {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05", pause: 3, suspensionEnded: "2026-03-05"}, today: "2026-03-10", state: visa.ClockRunning, from: visa.WordPerson, days: 64, left: 10, last: "2026-03-20"},
		"a suspension long over":              {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05", suspensionEnded: "2026-01-20"}, today: "2026-03-06", state: visa.ClockRunning, from: visa.WordPerson, days: 60, last: "2026-03-06"},
		"suspended":                           {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05"}, status: visa.Suspended, today: "2026-05-05", state: visa.ClockPaused, from: visa.WordPerson, days: 120},
		"granted":                             {ref: oam, purpose: visa.ResidenceChange, dates: dates{filed: "2026-01-05"}, status: visa.Granted, today: "2026-05-05", state: visa.ClockStopped, from: visa.WordPerson, days: 120},
		"refused without a purpose":           {ref: oam, dates: dates{filed: "2026-01-05"}, status: visa.Refused, today: "2026-05-05", state: visa.ClockStopped, from: visa.WordPerson, days: 120},
		"the number tells the day":            {ref: zov, purpose: visa.VisaStudies, today: "2026-01-15", state: visa.ClockRunning, from: visa.WordNumber, days: 10, left: 50, last: "2026-03-06"},
		"a person knows better":               {ref: zov, purpose: visa.VisaStudies, dates: dates{filed: "2026-01-02"}, today: "2026-01-15", state: visa.ClockRunning, from: visa.WordPerson, days: 13, left: 47, last: "2026-03-03"},
		"a number without a day":              {ref: "ZZZZ123456789", purpose: visa.VisaStudies, today: "2026-01-15", state: visa.ClockUnknown},
		"a visa in complicated cases":         {ref: zov, purpose: visa.VisaOther, today: "2026-04-08", state: visa.ClockMayBeExceeded, from: visa.WordNumber, days: 93, left: -1, last: "2026-04-07", complicated: "2026-05-05"},
		"no promise for visas":                {ref: zov, purpose: visa.VisaOther, today: "2026-06-08", state: visa.ClockMayBeExceeded, from: visa.WordNumber, days: 154, left: -62, last: "2026-04-07", complicated: "2026-05-05"},
		"a card that may be complicated":      {ref: zov, purpose: visa.EmployeeCard, today: "2026-04-01", state: visa.ClockMayBeExceeded, from: visa.WordNumber, days: 86, left: -26, last: "2026-03-06", complicated: "2026-04-07"},
		"a card behind both limits":           {ref: zov, purpose: visa.EmployeeCard, today: "2026-04-08", state: visa.ClockMayBeExceeded, from: visa.WordNumber, days: 93, left: -33, last: "2026-03-06", complicated: "2026-04-07", inactivity: true},
		"preliminarily positive still counts": {ref: zov, purpose: visa.VisaStudies, status: visa.PreliminarilyPositive, today: "2026-03-07", state: visa.ClockMayBeExceeded, from: visa.WordNumber, days: 61, left: -1, last: "2026-03-06"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := visa.Dates{Filed: day(t, tt.dates.filed), SuspensionEnded: day(t, tt.dates.suspensionEnded), PauseDays: tt.dates.pause}
			c := visa.NewClock(mustParse(t, tt.ref), tt.purpose, d, tt.status, day(t, tt.today))
			if c.State != tt.state || c.From != tt.from || c.Days != tt.days || c.Left != tt.left || c.Inactivity != tt.inactivity {
				t.Errorf("%s from %q, %d days, %d left, inactivity %t", c.State, c.From, c.Days, c.Left, c.Inactivity)
			}
			if c.LimitDay != day(t, tt.last) || c.ComplicatedDay != day(t, tt.complicated) {
				t.Errorf("until %s, in complicated cases %s", c.LimitDay, c.ComplicatedDay)
			}
		})
	}
}

// TestClockNeverEndsOnAFreeDay: whatever is entered, a limit ends on a working
// day that is not before the days of the law, nor before 15 days after a suspension.
func TestClockNeverEndsOnAFreeDay(t *testing.T) {
	t.Parallel()
	first := day(t, "2025-12-01")
	for _, p := range visa.AllPurposes() {
		limit, ok := p.Limit()
		if !ok || limit.Days < 14 || limit.Complicated != 0 && limit.Complicated <= limit.Days {
			t.Fatalf("%s: %+v, %t", p, limit, ok)
		}
		for filed := first; filed < first+400; filed++ {
			for _, d := range []visa.Dates{{Filed: filed}, {Filed: filed, PauseDays: 17}, {Filed: filed, SuspensionEnded: filed + 80}} {
				c := visa.NewClock(visa.Reference{}, p, d, visa.InProgress, filed+100)
				least := filed + civil.Date(limit.Days+d.PauseDays)
				if d.SuspensionEnded != 0 {
					least = max(least, d.SuspensionEnded+15)
				}
				if !c.LimitDay.WorkingDay() || c.LimitDay < least || c.LimitDay > least+5 || c.LimitDay != filed+100+civil.Date(c.Left) {
					t.Fatalf("%s, %+v: %+v", p, d, c)
				}
				if (c.State == visa.ClockMayBeExceeded) != (filed+100 > c.LimitDay) || p.Visa() && c.Inactivity {
					t.Fatalf("%s, %+v: %+v", p, d, c)
				}
			}
		}
	}
	if _, ok := visa.Purpose("").Limit(); ok {
		t.Error("without a purpose there is a limit")
	}
}

func TestRemedy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ref              string
		purpose          visa.Purpose
		delivered, today string

		kind visa.RemedyKind
		last string
		left int
	}{
		"a visa":                         {"ZZZZ202601059001", visa.VisaStudies, "2026-03-02", "2026-03-02", visa.NewAssessment, "2026-03-17", 15},
		"a card applied for abroad":      {"ZZZZ202601059001", visa.EmployeeCard, "2026-03-02", "2026-03-17", visa.Appeal, "2026-03-17", 0},
		"who knows, abroad":              {"ZZZZ202601059001", "", "2026-03-02", "2026-03-18", visa.RemedyInLetter, "2026-03-17", -1},
		"who knows, residence":           {"OAM-90012/DP-2026", "", "2026-03-02", "2026-03-10", visa.Appeal, "2026-03-17", 7},
		"who knows, a visa":              {"OAM-90012/DV-2026", "", "2026-03-02", "2026-03-10", visa.RemedyInLetter, "2026-03-17", 7},
		"who knows, another category":    {"OAM-90012/VP-2026", "", "2026-03-02", "2026-03-10", visa.RemedyInLetter, "2026-03-17", 7},
		"a longer visa":                  {"OAM-90012/DV-2026", visa.VisaExtension, "2026-03-02", "2026-03-10", visa.RemedyInLetter, "2026-03-17", 7},
		"permanent residence":            {"OAM-90012/TP-2026", visa.PermanentResidence, "2026-03-02", "2026-03-10", visa.Appeal, "2026-03-17", 7},
		"the last day is a Saturday":     {"OAM-90012/DP-2026", "", "2026-02-27", "2026-03-14", visa.Appeal, "2026-03-16", 2},
		"the last day is Good Friday":    {"OAM-90012/DP-2026", "", "2026-03-19", "2026-03-20", visa.Appeal, "2026-04-07", 18},
		"the last day is Christmas Eve":  {"OAM-90012/DP-2026", "", "2026-12-09", "2026-12-24", visa.Appeal, "2026-12-28", 4},
		"the delivery is not known":      {"OAM-90012/DP-2026", "", "", "2026-03-10", visa.Appeal, "", 0},
		"the delivery lies a day ahead":  {"OAM-90012/DP-2026", "", "2026-03-11", "2026-03-10", visa.Appeal, "2026-03-26", 16},
		"the delivery is long ago by us": {"ZZZZ202601059001", visa.VisaOther, "2026-03-02", "2026-12-01", visa.NewAssessment, "2026-03-17", -259},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := visa.Remedy{Kind: tt.kind, LastDay: day(t, tt.last), Left: tt.left}
			if got := tt.purpose.Remedy(mustParse(t, tt.ref), day(t, tt.delivered), day(t, tt.today)); got != want {
				t.Errorf("got %+v (%s), want %+v", got, got.LastDay, want)
			}
		})
	}
}
