package watch

import (
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, search, label, note, reference string
		want                                 bool
	}{
		{"nothing finds all", "  ", "", "", "ZZZZ202601059001", true},
		{"without diacritics", "Cernik", "Jan Černík", "", "ZZZZ202601059001", true},
		{"with diacritics", "černík", "Jan Cernik", "", "ZZZZ202601059001", true},
		{"in capitals", "ČERNÍK", "jan černík", "", "ZZZZ202601059001", true},
		{"decomposed", "C\u030cerni\u0301k", "Černík", "", "ZZZZ202601059001", true},
		{"Vietnamese", "dang thi huong", "Đặng Thị Hương", "", "ZZZZ202601059001", true},
		{"Polish", "lukasz", "Łukasz", "", "ZZZZ202601059001", true},
		{"German", "strasse", "Straße", "", "ZZZZ202601059001", true},
		{"Ukrainian", "ЇЖАК", "їжак", "", "ZZZZ202601059001", true},
		{"Chinese", "王小", "王小明", "", "ZZZZ202601059001", true},
		{"full width", "ＡＮＮＡ", "Anna", "", "ZZZZ202601059001", true},
		{"words in another order", "novakova anna", "Anna Nováková", "", "ZZZZ202601059001", true},
		{"a word in the note", "anna post", "Anna", "sent by post", "ZZZZ202601059001", true},
		{"a word too much", "anna boris", "Anna", "", "ZZZZ202601059001", false},
		{"across label and note", "annasent", "Anna", "sent", "ZZZZ202601059001", false},
		{"a sign in the label", "/", "A/B", "", "ZZZZ202601059001", true},
		{"a sign finds no number", "/", "", "", "OAM-90012/DP-2025", false},
		{"whole ŽOV", "ZZZZ202601059001", "", "", "ZZZZ202601059001", true},
		{"spaced ŽOV", "zzzz 2026 0105 9001", "", "", "ZZZZ202601059001", true},
		{"end of a ŽOV", "9001", "", "", "ZZZZ202601059001", true},
		{"another ŽOV", "ZZZZ202601059002", "", "", "ZZZZ202601059001", false},
		{"a name and a part", "anna 9001", "Anna", "", "ZZZZ202601059001", true},
		{"OAM as it stands", "OAM-90012-3/DP-2025", "", "", "OAM-90012-3/DP-2025", true},
		{"OAM without the suffix", "OAM-90012/DP-2025", "", "", "OAM-90012-3/DP-2025", true},
		{"OAM with another suffix", "OAM-90012-7/DP-2025", "", "", "OAM-90012-3/DP-2025", true},
		{"OAM with zeros and a label", "č. j. OAM-0090012 / DP - 2025", "", "", "OAM-90012-3/DP-2025", true},
		{"part of an OAM", "90012/dp", "", "", "OAM-90012/DP-2025", true},
		{"another OAM", "OAM-90013/DP-2025", "", "", "OAM-90012/DP-2025", false},
		{"what is behind the end", strings.Repeat(" ", maxSearch) + "boris", "Anna", "", "ZZZZ202601059001", true},
		{"cut inside a letter", strings.Repeat(" ", maxSearch-5) + "annaž", "Anna", "", "ZZZZ202601059001", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ref, err := visa.Parse(tt.reference)
			if err != nil {
				t.Fatal(err)
			}
			if got := NewSearch(tt.search).Matches(Fold(tt.label)+"\n"+Fold(tt.note), FoldReference(ref)); got != tt.want {
				t.Errorf("%q in %q: %t", tt.search, Fold(tt.label), got)
			}
		})
	}
}
