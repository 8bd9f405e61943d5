package visa_test

import (
	"slices"
	"testing"
	"time"

	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/visa"
)

func TestPurposesThatFit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ref      string
		has, not visa.Purpose
		most     int
	}{
		"an embassy's number":    {"ZZZZ202601059001", visa.EmployeeCard, visa.PermanentResidence, 9},
		"a visa":                 {"OAM-90012/DV-2026", visa.VisaExtension, visa.ResidenceChange, 4},
		"long-term residence":    {"OAM-90012/DP-2026", visa.FamilyReunification, visa.VisaOther, 6},
		"permanent residence":    {"OAM-90012/TP-2026", visa.PermanentResidence, visa.EUFamily, 1},
		"of the family of an EU": {"OAM-90012/PP-2026", visa.EUFamily, visa.PermanentResidence, 2},
		"an employee card":       {"OAM-90012/ZM-2026", visa.EmployeeCard, visa.BlueCard, 1},
		"who knows what":         {"OAM-90012/ST-2026", visa.BlueCard, "", 15},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := visa.Purposes(mustParse(t, tt.ref))
			if !slices.Contains(got, tt.has) || slices.Contains(got, tt.not) || len(got) != tt.most {
				t.Errorf("offered are %v", got)
			}
			for i, p := range got {
				if !p.Valid() || slices.Index(got, p) != i {
					t.Errorf("%q is none, or is there twice", p)
				}
			}
		})
	}
}

// TestEveryPurposeIsOffered: each fits some number whose category says what it is.
func TestEveryPurposeIsOffered(t *testing.T) {
	t.Parallel()
	var offered []visa.Purpose
	for _, ref := range []string{"ZZZZ202601059001", "OAM-90012/DV-2026", "OAM-90012/DP-2026", "OAM-90012/TP-2026", "OAM-90012/PP-2026", "OAM-90012/ZM-2026"} {
		offered = append(offered, visa.Purposes(mustParse(t, ref))...)
	}
	for _, p := range visa.AllPurposes() {
		if !slices.Contains(offered, p) {
			t.Errorf("%s is not offered", p)
		}
	}
	if visa.Purpose("").Valid() || visa.Purpose("visa").Valid() {
		t.Error("what is none is valid")
	}
}

func TestStageOfStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[visa.Status]visa.Stage{
		"": "", visa.Unknown: "", visa.NotFound: visa.StageFiled, visa.InProgress: visa.StageInProgress, visa.Suspended: visa.StageSuspended,
		visa.PreliminarilyPositive: visa.StagePreliminarilyPositive, visa.Granted: visa.StageDecision, visa.Refused: visa.StageDecision,
	} {
		if got := status.Stage(); got != want {
			t.Errorf("%q is at %q, want %q", status, got, want)
		}
	}
}

func TestNextSteps(t *testing.T) {
	t.Parallel()
	const zov, oam = "ZZZZ202601059001", "OAM-90012/DP-2026"
	tests := map[string]struct {
		ref     string
		purpose visa.Purpose
		status  visa.Status
		text    string
		page    visa.Page
	}{
		"not found":                  {oam, "", visa.NotFound, "next.text.not_found", visa.PageStatus},
		"in progress":                {oam, "", visa.InProgress, "next.text.in_progress", visa.PageInProgress},
		"suspended":                  {oam, "", visa.Suspended, "next.text.suspended", visa.PageInProgress},
		"preliminarily positive":     {zov, "", visa.PreliminarilyPositive, "next.text.preliminarily_positive", visa.PageContacts},
		"granted here":               {oam, "", visa.Granted, "next.text.granted", visa.PageGranted},
		"granted abroad":             {zov, "", visa.Granted, "next.text.granted_abroad", visa.PageGranted},
		"a visa is refused":          {zov, visa.VisaOther, visa.Refused, "next.text.refused_visa", visa.PageNewAssessment},
		"a permit is refused":        {oam, "", visa.Refused, "next.text.refused_residence", visa.PageDiscontinued},
		"a permit is refused abroad": {zov, visa.BlueCard, visa.Refused, "next.text.refused_residence", visa.PageRefused},
		"something is refused":       {zov, "", visa.Refused, "next.text.refused", visa.PageNewAssessment},
		"unknown wording":            {oam, "", visa.Unknown, "next.text.unknown", visa.PageStatus},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := visa.NextSteps(mustParse(t, tt.ref), tt.purpose, tt.status)
			if !ok || got.Text != tt.text || !slices.Contains(got.Pages, tt.page) {
				t.Errorf("%+v, %t", got, ok)
			}
		})
	}
	if next, ok := visa.NextSteps(mustParse(t, oam), "", ""); ok {
		t.Errorf("without an answer: %+v", next)
	}
}

func TestNextInactive(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		clock visa.Clock
		text  string
	}{
		"still running":       {visa.Clock{State: visa.ClockRunning}, ""},
		"late, a permit":      {visa.Clock{State: visa.ClockMayBeExceeded, Inactivity: true}, "next.text.inactivity"},
		"late, nothing to do": {visa.Clock{State: visa.ClockMayBeExceeded}, "next.text.late"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := visa.NextInactive(tt.clock); got.Text != tt.text || ok != (tt.text != "") {
				t.Errorf("%+v, %t", got, ok)
			}
		})
	}
}

// TestEverythingHasWords: each value that is a key of the catalogue stands there.
func TestEverythingHasWords(t *testing.T) {
	t.Parallel()
	catalogues, err := locale.Load(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"purpose.none"}
	for _, p := range visa.AllPurposes() {
		keys = append(keys, "purpose."+string(p))
	}
	for _, s := range append(visa.Stages(), visa.StageSuspended) {
		keys = append(keys, "stage."+string(s))
	}
	for _, w := range []visa.Word{visa.WordPortal, visa.WordPerson, visa.WordNumber} {
		keys = append(keys, "stage.word_"+string(w))
	}
	for _, s := range []visa.ClockState{visa.ClockUnknown, visa.ClockCounting, visa.ClockRunning, visa.ClockPaused, visa.ClockMayBeExceeded, visa.ClockStopped} {
		keys = append(keys, "clock."+string(s))
	}
	for _, k := range []visa.RemedyKind{visa.Appeal, visa.NewAssessment, visa.RemedyInLetter} {
		keys = append(keys, "remedy."+string(k))
	}
	for _, p := range visa.Pages() {
		keys = append(keys, "official."+string(p))
	}
	for _, ref := range []string{"ZZZZ202601059001", "OAM-90012/DP-2026"} {
		for _, p := range append(visa.AllPurposes(), "") {
			for _, s := range visa.Statuses() {
				next, _ := visa.NextSteps(mustParse(t, ref), p, s)
				keys = append(keys, next.Title, next.Meaning, next.Text)
			}
		}
	}
	for _, inactivity := range []bool{true, false} {
		next, _ := visa.NextInactive(visa.Clock{State: visa.ClockMayBeExceeded, Inactivity: inactivity})
		keys = append(keys, next.Title, next.Meaning, next.Text)
	}
	for _, key := range keys {
		if !catalogues.For("en").Has(key) {
			t.Errorf("the catalogue has no %q", key)
		}
	}
}
