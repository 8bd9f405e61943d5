package watch

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
)

// date reads a day of a test.
func date(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDatesThatCanBe(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 23, 30, 0, 0, time.UTC) // In Prague it is the 11th already.
	d := func(s string) civil.Date { return date(t, s) }
	tests := map[string]struct {
		purpose visa.Purpose
		dates   visa.Dates
		field   string // "" if all is well.
	}{
		"nothing":                          {},
		"all in order":                     {visa.EmployeeCard, visa.Dates{Filed: d("2026-01-05"), SuspensionEnded: d("2026-02-01"), Delivered: d("2026-03-02"), Collected: d("2026-03-09"), PauseDays: 20}, ""},
		"all on one day":                   {"", visa.Dates{Filed: d("2026-03-10"), SuspensionEnded: d("2026-03-10"), Delivered: d("2026-03-10"), Collected: d("2026-03-10")}, ""},
		"tomorrow, which is today there":   {"", visa.Dates{Filed: d("2026-03-11")}, ""},
		"the day after tomorrow":           {"", visa.Dates{Filed: d("2026-03-12")}, "dates.filed"},
		"the first day":                    {"", visa.Dates{Filed: d("2000-01-01")}, ""},
		"before the act":                   {"", visa.Dates{Filed: d("1999-12-31")}, "dates.filed"},
		"a delivery ahead":                 {"", visa.Dates{Delivered: d("2026-04-10")}, "dates.delivered"},
		"a collection in 1926":             {"", visa.Dates{Collected: d("1926-03-10")}, "dates.collected"},
		"delivered before filing":          {"", visa.Dates{Filed: d("2026-02-02"), Delivered: d("2026-02-01")}, "dates.delivered"},
		"collected before filing":          {"", visa.Dates{Filed: d("2026-02-02"), Collected: d("2026-02-01")}, "dates.collected"},
		"a suspension before filing":       {"", visa.Dates{Filed: d("2026-02-02"), SuspensionEnded: d("2026-02-01")}, "dates.suspension_ended"},
		"collected before the delivery":    {"", visa.Dates{Delivered: d("2026-02-02"), Collected: d("2026-02-01")}, "dates.collected"},
		"collected, the delivery unknown":  {"", visa.Dates{Filed: d("2026-02-01"), Collected: d("2026-02-02")}, ""},
		"less than no pause":               {"", visa.Dates{PauseDays: -1}, "dates.pause_days"},
		"the longest pause":                {"", visa.Dates{PauseDays: MaxPauseDays}, ""},
		"a pause that never ends":          {"", visa.Dates{PauseDays: MaxPauseDays + 1}, "dates.pause_days"},
		"a pause since filing":             {"", visa.Dates{Filed: d("2026-03-01"), PauseDays: 10}, ""},
		"a pause from before filing":       {"", visa.Dates{Filed: d("2026-03-01"), PauseDays: 11}, "dates.pause_days"},
		"a purpose that there is not":      {"tourism", visa.Dates{}, "purpose"},
		"a purpose is in order by its own": {visa.PermanentResidence, visa.Dates{}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Watcher{Owner: jana, Purpose: tt.purpose, Dates: tt.dates}.Validate(time.Minute, now)
			got := ""
			if err != nil {
				got = err.(*InputError).Field //nolint:errorlint,forcetypeassert // Any other error is a failure.
			}
			if got != tt.field {
				t.Errorf("%v, want the field %q", err, tt.field)
			}
		})
	}
}

// line writes a step: its stage, day and whose words they are, > before where it
// stands, - for what is not reached and ~ before a day that may be later.
func line(s Step) string {
	if !s.Reached {
		return "- " + string(s.Stage)
	}
	text := string(s.Stage) + " " + string(s.Word)
	if s.Now {
		text = "> " + text
	}
	if s.Day != 0 {
		at := " "
		if s.AtLatest {
			at = " ~"
		}
		text += at + s.Day.String() + " " + string(s.DayWord)
	}
	return text
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time { return date(t, s).UTC().Add(23*time.Hour + 30*time.Minute) } // The next day in Prague.
	oam, err := visa.Parse("OAM-90012/DP-2026")
	if err != nil {
		t.Fatal(err)
	}
	changed := func(day string, from, to visa.Status) Entry {
		return Entry{At: at(day), Kind: Changed, From: from, To: to}
	}
	added := at("2026-01-05")
	tests := map[string]struct {
		ref     visa.Reference
		watcher Watcher
		untold  bool
		status  visa.Status
		valid   visa.Status // status, if "".
		since   string
		history []Entry
		want    string
	}{
		"no answer yet": {
			ref: oam, want: "> filed person|- registered|- in_progress|- preliminarily_positive|- decision|- collected",
		},
		"no answer yet, the number tells a day": {
			ref: reference(t, 9001), want: "filed person|> registered number 2026-01-05 number|- in_progress|- preliminarily_positive|- decision|- collected",
		},
		"the day in the number is still to come": {
			ref: reference(t, 9001), watcher: Watcher{AddedAt: at("2026-01-01")}, want: "> filed person|- registered|- in_progress|- preliminarily_positive|- decision|- collected",
		},
		"not found, the day of filing is entered": {
			ref: oam, watcher: Watcher{Dates: visa.Dates{Filed: date(t, "2026-01-02")}}, status: visa.NotFound, since: "2026-01-09",
			want: "> filed person 2026-01-02 person|- registered|- in_progress|- preliminarily_positive|- decision|- collected",
		},
		"in progress at the first answer": {
			ref: oam, status: visa.InProgress, since: "2026-01-09", history: []Entry{changed("2026-01-09", "", visa.InProgress)},
			want: "filed person|registered portal|> in_progress portal ~2026-01-10 portal|- preliminarily_positive|- decision|- collected",
		},
		"in progress seen coming": {
			ref: oam, status: visa.InProgress, since: "2026-01-12",
			history: []Entry{changed("2026-01-09", "", visa.NotFound), changed("2026-01-12", visa.NotFound, visa.InProgress)},
			want:    "filed person|registered portal|> in_progress portal 2026-01-13 portal|- preliminarily_positive|- decision|- collected",
		},
		"suspended": {
			ref: oam, status: visa.Suspended, since: "2026-01-20",
			history: []Entry{changed("2026-01-20", visa.InProgress, visa.Suspended), changed("2026-01-09", "", visa.InProgress)},
			want:    "filed person|registered portal|in_progress portal ~2026-01-10 portal|> suspended portal 2026-01-21 portal|- preliminarily_positive|- decision|- collected",
		},
		"suspended and on again": {
			ref: oam, status: visa.InProgress, since: "2026-02-10",
			history: []Entry{changed("2026-01-09", "", visa.InProgress), changed("2026-01-20", visa.InProgress, visa.Suspended), changed("2026-02-10", visa.Suspended, visa.InProgress)},
			want:    "filed person|registered portal|> in_progress portal ~2026-01-10 portal|suspended portal 2026-01-21 portal|- preliminarily_positive|- decision|- collected",
		},
		"preliminarily positive": {
			ref: reference(t, 9001), status: visa.PreliminarilyPositive, since: "2026-02-10",
			history: []Entry{changed("2026-02-10", visa.InProgress, visa.PreliminarilyPositive)},
			want:    "filed person|registered portal 2026-01-05 number|in_progress portal|> preliminarily_positive portal 2026-02-11 portal|- decision|- collected",
		},
		"granted without a preliminary assessment": {
			ref: oam, status: visa.Granted, since: "2026-02-10", history: []Entry{changed("2026-02-10", visa.InProgress, visa.Granted)},
			want: "filed person|registered portal|in_progress portal|- preliminarily_positive|> decision portal 2026-02-11 portal|- collected",
		},
		"collected": {
			ref: oam, status: visa.Granted, since: "2026-02-10", history: []Entry{changed("2026-02-10", visa.InProgress, visa.Granted)},
			watcher: Watcher{Dates: visa.Dates{Delivered: date(t, "2026-02-16"), Collected: date(t, "2026-02-20")}},
			want:    "filed person|registered portal|in_progress portal|- preliminarily_positive|decision portal 2026-02-11 portal|> collected person 2026-02-20 person",
		},
		"the letter came before the portal knew": {
			ref: oam, status: visa.InProgress, since: "2026-01-09", watcher: Watcher{Dates: visa.Dates{Delivered: date(t, "2026-02-16")}},
			want: "filed person|registered portal|in_progress portal ~2026-01-10 portal|- preliminarily_positive|> decision person 2026-02-16 person|- collected",
		},
		"taken back": {
			ref: oam, status: visa.InProgress, since: "2026-02-20",
			history: []Entry{changed("2026-01-09", "", visa.InProgress), changed("2026-02-10", visa.InProgress, visa.Refused), changed("2026-02-20", visa.Refused, visa.InProgress)},
			want:    "filed person|registered portal|> in_progress portal ~2026-01-10 portal|- preliminarily_positive|- decision|- collected",
		},
		"words that nobody knows": {
			ref: oam, status: visa.Unknown, valid: visa.InProgress, since: "2026-02-20",
			history: []Entry{changed("2026-01-09", "", visa.InProgress), changed("2026-02-20", visa.InProgress, visa.Unknown)},
			want:    "filed person|registered portal|> in_progress portal ~2026-01-10 portal|- preliminarily_positive|- decision|- collected",
		},
		"known again after words that nobody knows": {
			ref: oam, status: visa.Granted, since: "2026-02-20", history: []Entry{changed("2026-02-20", visa.Unknown, visa.Granted)},
			want: "filed person|registered portal|in_progress portal|- preliminarily_positive|> decision portal ~2026-02-21 portal|- collected",
		},
		"what waits for a second check is none": {
			ref: oam, status: visa.InProgress, since: "2026-01-09",
			history: []Entry{changed("2026-01-09", "", visa.InProgress), {At: at("2026-02-10"), Kind: Unconfirmed, From: visa.InProgress, To: visa.Granted}},
			want:    "filed person|registered portal|> in_progress portal ~2026-01-10 portal|- preliminarily_positive|- decision|- collected",
		},
		"somebody who came later": {
			ref: oam, status: visa.InProgress, since: "2026-01-09", watcher: Watcher{AddedAt: at("2026-02-01")},
			history: []Entry{changed("2026-01-09", "", visa.InProgress)},
			want:    "filed person|registered portal|> in_progress portal ~2026-02-02 portal|- preliminarily_positive|- decision|- collected",
		},
		"somebody who was told nothing yet": {
			ref: oam, status: visa.Granted, since: "2026-01-09", watcher: Watcher{AddedAt: at("2026-02-01")}, untold: true,
			history: []Entry{changed("2026-01-09", "", visa.Granted)},
			want:    "> filed person|- registered|- in_progress|- preliminarily_positive|- decision|- collected",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tt.watcher
			if w.AddedAt.IsZero() {
				w.AddedAt = added
			}
			if !tt.untold {
				w.Told = visa.InProgress
			}
			a := Application{Reference: tt.ref, State: State{Status: tt.status, Valid: tt.valid}}
			if tt.since != "" {
				a.State.Since = at(tt.since)
			}
			if a.State.Valid == "" {
				a.State.Valid = tt.status
			}
			var got []string
			for _, s := range Timeline(a, w, tt.history, zone) {
				got = append(got, line(s))
			}
			if diff := cmp.Diff(strings.Split(tt.want, "|"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClockAndRemedyOfAWatcher(t *testing.T) {
	t.Parallel()
	seen := time.Date(2026, 2, 2, 12, 0, 0, 0, time.UTC)
	now := seen.AddDate(0, 0, 10)
	a := Application{Reference: reference(t, 9001), State: State{Status: visa.Refused, Valid: visa.Refused, Since: seen}}
	w := Watcher{Purpose: visa.VisaStudies, Told: visa.Refused, Dates: visa.Dates{Delivered: date(t, "2026-02-06")}}
	if c := w.Clock(a, now); c.State != visa.ClockStopped || c.Days != 28 || c.From != visa.WordNumber {
		t.Errorf("decided: %+v", c)
	}
	if r, ok := w.Remedy(a, now); !ok || r.Kind != visa.NewAssessment || r.LastDay != date(t, "2026-02-23") || r.Left != 11 {
		t.Errorf("refused: %+v, %t", r, ok)
	}
	w.Told = ""
	if c := w.Clock(a, now); c.State != visa.ClockRunning || c.Days != 38 {
		t.Errorf("of a decision that he was not told: %+v", c)
	}
	if r, ok := w.Remedy(a, now); ok {
		t.Errorf("against a decision that he was not told: %+v", r)
	}
	a.State.Status, a.State.Valid, w.Told = visa.Suspended, visa.Suspended, visa.Suspended
	if c := w.Clock(a, now); c.State != visa.ClockPaused {
		t.Errorf("suspended: %+v", c)
	}
}
