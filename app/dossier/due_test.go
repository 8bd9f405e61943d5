package dossier

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/civil"
)

func TestDue(t *testing.T) {
	t.Parallel()
	all := Thresholds()
	tests := map[string]struct {
		left     int
		reminded []int
		// want is the threshold that is due, -1 for none.
		want int
	}{
		"long before":                         {181, nil, -1},
		"the first threshold":                 {180, nil, 180},
		"told the day before":                 {179, []int{180}, -1},
		"off on the day itself":               {179, nil, 180},
		"off over one":                        {50, []int{180}, 90},
		"off over several":                    {20, []int{180}, 30},
		"off over all but the last":           {1, nil, 7},
		"the last day":                        {0, []int{180, 90, 30, 7}, 0},
		"the last day, told":                  {0, all, -1},
		"expired":                             {-1, []int{180, 90, 30, 7}, -1},
		"expired and never told":              {-400, nil, -1},
		"between two":                         {60, []int{180, 90}, -1},
		"the clock was set back":              {100, []int{180, 90, 30}, -1},
		"the clock was set back far":          {170, []int{180, 90, 30, 7, 0}, -1},
		"told by a clock that was ahead":      {35, []int{180, 90, 30}, -1},
		"told by such a clock, and later":     {7, []int{180, 90, 30}, 7},
		"marks with a gap count for the past": {60, []int{90}, -1},
		"marks in another order":              {25, []int{30, 180, 90}, -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Person{ID: "p", Documents: []TravelDocument{{ID: "never"}, {ID: "d", Expires: today + civil.Date(tt.left), Reminded: tt.reminded}}}
			due := Due(p, today)
			if tt.want < 0 {
				if len(due) != 0 {
					t.Errorf("%+v is due", due)
				}
				return
			}
			if len(due) != 1 || due[0].Threshold != tt.want || due[0].Left != tt.left || due[0].Document.ID != "d" {
				t.Fatalf("%+v is due, want the threshold %d", due, tt.want)
			}
			p.told(due[0])
			if again := Due(p, today); len(again) != 0 {
				t.Errorf("%+v is due again", again)
			}
			for _, threshold := range all {
				if told := slices.Contains(p.Documents[1].Reminded, threshold); told != (threshold >= tt.want) {
					t.Errorf("threshold %d is marked: %v", threshold, told)
				}
			}
		})
	}
}

func TestDueOfSeveralDocuments(t *testing.T) {
	t.Parallel()
	p := Person{Documents: []TravelDocument{
		{ID: "a", Expires: today + 7}, {ID: "b", Expires: today + 999}, {ID: "c", Expires: today + 90, Reminded: []int{180}},
	}}
	var got []string
	for _, r := range Due(p, today) {
		got = append(got, fmt.Sprint(r.Document.ID, " ", r.Threshold, " ", r.Left))
		p.told(r)
	}
	if diff := cmp.Diff([]string{"a 7 7", "c 90 90"}, got); diff != "" {
		t.Errorf("due -want +got\n%s", diff)
	}
	p.told(Reminder{Document: TravelDocument{ID: "removed meanwhile"}})
	if len(Due(p, today)) != 0 || p.Documents[1].Reminded != nil {
		t.Errorf("marked %+v", p.Documents)
	}
}

// TestNextReminderIsWhenDueBegins holds NextReminder against Due, on every day
// and for every state that marks can be in.
func TestNextReminderIsWhenDueBegins(t *testing.T) {
	t.Parallel()
	all := Thresholds()
	for n := range len(all) + 1 {
		d := TravelDocument{ID: "d", Expires: today + 200, Reminded: all[:n:n]}
		on, ok := d.NextReminder()
		if ok != (n < len(all)) {
			t.Errorf("with %v told: %v", d.Reminded, ok)
		}
		for now := today - 10; now < d.Expires+10; now++ {
			due := len(Due(Person{Documents: []TravelDocument{d}}, now)) > 0
			if want := ok && now >= on && now <= d.Expires; due != want {
				t.Errorf("with %v told, on day %d of 200: due %v, want %v", d.Reminded, now-today, due, want)
			}
		}
	}
	if on, ok := (TravelDocument{}).NextReminder(); ok {
		t.Errorf("a document that never expires is told on %s", on)
	}
}
