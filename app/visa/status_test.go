package visa_test

import (
	"testing"

	"cz-visa-monitor/app/visa"
)

func TestStatuses(t *testing.T) {
	t.Parallel()
	final := map[visa.Status]bool{visa.Granted: true, visa.Refused: true}
	seen := map[visa.Status]bool{}
	for _, s := range visa.Statuses() {
		if !s.Valid() || seen[s] {
			t.Errorf("%s is listed, but invalid or twice", s)
		}
		seen[s] = true
		if s.Final() != final[s] {
			t.Errorf("%s: Final() = %v", s, s.Final())
		}
	}
	for _, s := range []visa.Status{"", "approved", "Granted"} {
		if s.Valid() || s.Final() {
			t.Errorf("%q: Valid %v, Final %v", s, s.Valid(), s.Final())
		}
	}
}

// TestBefore goes through every pair: steps are 1 to 4 along the proceedings,
// two statuses on one step stand beside each other, and 0 has no place.
func TestBefore(t *testing.T) {
	t.Parallel()
	step := map[visa.Status]int{
		visa.NotFound:              1,
		visa.InProgress:            2,
		visa.Suspended:             2,
		visa.PreliminarilyPositive: 3,
		visa.Granted:               4,
		visa.Refused:               4,
		visa.Unknown:               0,
		"":                         0,
	}
	for s, i := range step {
		for u, j := range step {
			if got, want := s.Before(u), i > 0 && i < j; got != want {
				t.Errorf("%q.Before(%q) = %v, want %v", s, u, got, want)
			}
		}
	}
}
