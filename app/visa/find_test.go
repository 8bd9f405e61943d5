package visa_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
)

var findDay = time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC)

// shown is a finding in short: the number or the problem, and its hints.
func shown(f visa.Finding) string {
	s := f.Reference.String()
	if f.Problem != nil {
		s = f.Problem.Code()
	}
	for _, h := range f.Hints {
		s += " !" + string(h)
	}
	return s
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "Dobrý den, přeji hezký den. Tel. 974 801 801, § 169t zákona č. 326/1999 Sb.", nil},
		{"empty", "", nil},
		{"one of each in a sentence", "Your number PEKI202608149001, or OAM-90001-6/DP-2026.", []string{"PEKI202608149001", "OAM-90001-6/DP-2026"}},
		{"lower case", "oam-90001/dp-2026 and peki202608149001", []string{"OAM-90001/DP-2026", "PEKI202608149001"}},
		{"lines", "OAM-90001/DP-2026\nOAM-90002/DP-2026\r\nOAM-90003/ZM-2025", []string{"OAM-90001/DP-2026", "OAM-90002/DP-2026", "OAM-90003/ZM-2025"}},
		{"a table", "name;number\n\"Eva\",\"OAM-90001/DP-2026\",1\nJan;PEKI202608149001;2", []string{"OAM-90001/DP-2026", "PEKI202608149001"}},
		{"odd dashes and blanks", "č.\u00a0j.: OAM\u2013090001\u20116\u2215DP\u22122026", []string{"OAM-90001-6/DP-2026"}},
		{"wide letters", "ＯＡＭ－９０００１／ＤＰ－２０２６", []string{"OAM-90001/DP-2026"}},
		{"invisible characters", "OAM-\u200b90001/DP\u00ad-2026", []string{"OAM-90001/DP-2026"}},
		{"a line breaks inside", "pod číslem OAM-\n90003-12/TP-\n2026 ze dne 3. února", []string{"OAM-90003-12/TP-2026"}},
		{"a line breaks at each place", "OAM\n90003-\n12\n/\nTP\n2026", []string{"OAM-90003-12/TP-2026"}},
		{"without slash", "OAM 90001 DP 2026, oam-90002-1-zm2026", []string{"OAM-90001/DP-2026", "OAM-90002-1/ZM-2026"}},
		{"without OAM", "řízení 90001-5/DP-2026 a 90002/TP/2026", []string{"OAM-90001-5/DP-2026", "OAM-90002/TP-2026"}},
		{"numbers of other offices", "MV-90001-1/OAM-2026, KRPA-90002-1/DP-2026, CPR-90003/ČJ-2026-000022, 123/AB-2026", nil},
		{"groups", "PEKI 2026 0814 9001; PEKI-20260815-9002; PEKI 2026-08-16 9003", []string{"PEKI202608149001", "PEKI202608159002", "PEKI202608169003"}},
		{"digits follow", "PEKI202608149001 15. 8. 2026", []string{"PEKI202608149001"}},
		{"each once", "OAM-90001-6/DP-2026 … OAM-090001/DP-2026 … oam 90001-7/dp 2026", []string{"OAM-90001-6/DP-2026"}},
		{"unknown category", "OAM-90001/CC-2026", []string{"OAM-90001/CC-2026 !category"}},
		{"too old by its year", "OAM-90001/DP-2023, OAM-90001/DP-2024", []string{"OAM-90001/DP-2023 !old", "OAM-90001/DP-2024"}},
		{"too old by its day", "PEKI202411299001 PEKI202411309002 PEKI202412019003", []string{"PEKI202411299001 !old", "PEKI202411309002", "PEKI202412019003"}},
		{"unknown embassy", "ZZZZ202608149001", []string{"ZZZZ202608149001 !embassy"}},
		{"no date, and unknown", "ZZZZ202613149001 TEST123456789", []string{"ZZZZ202613149001 !date !embassy", "TEST123456789 !short !embassy"}},
		{"a digit too many", "PEKI2026081490012", []string{"digits.too_long"}},
		{"a letter too few and too many", "EKI202608149001 PPEKI202608149001", []string{"prefix.digit", "prefix.too_long"}},
		{"letters that look like digits", "PEKI2O2608149001 PEKI20260814900I OAM-9O001/DP-2026", []string{"digits.letter", "digits.letter", "number.letter"}},
		{"digits that look like letters", "0AM-90001/DP-2026 PEK1202608149001", []string{"prefix.digit", "prefix.digit"}},
		{"Cyrillic and Greek letters", "ОАМ-90001/DP-2026, OAM-90001/DР-2026, ΡEKI202608149001", []string{"prefix.character", "category.character", "prefix.character"}},
		{"number too long", "OAM-900012/DP-2026", []string{"number.too_long"}},
		{"year too short", "OAM-90001/DP-26", []string{"year.too_short"}},
		{"year of no use", "OAM-90001/DP-1999", []string{"year.range"}},
		{"cut off", "OAM-90001 and OAM-90002/DP", []string{"category.missing", "year.missing"}},
		{"the same mistake twice", "OAM-90001 OAM-90001", []string{"category.missing"}},
		{"file names", "IMG20260814153012.jpg SCAN20260814.pdf", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range visa.Find(tc.text, findDay) {
				got = append(got, shown(f))
				if tc.text[f.Start:f.End] != f.Written {
					t.Errorf("%q is not what stands at %d to %d", f.Written, f.Start, f.End)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Find(%q) (-want +got):\n%s", tc.text, diff)
			}
		})
	}
}

func TestFindSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	got := visa.Find("Žádost č. j. oam\u20139 0001 / OAM-\n90001-6/dp-2026!", findDay)
	if len(got) != 2 || got[0].Written != "oam\u20139" {
		t.Fatalf("found %v", got)
	}
	if f := got[1]; f.Start != 31 || f.End != 51 || f.Written != "OAM-\n90001-6/dp-2026" {
		t.Errorf("found %q at %d to %d", f.Written, f.Start, f.End)
	}
}

func TestFindIsBounded(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for many.Len() < 2*visa.MaxText {
		many.WriteString(" OAM-9/DP-2026")
	}
	if n := len(visa.Find(many.String(), findDay)); n != 1 {
		t.Errorf("%d findings of one number", n)
	}
	many.Reset()
	for i := range 3 * visa.MaxFindings {
		many.WriteString("\nOAM-" + strings.Repeat("9", 1+i%5) + "/" + string(rune('A'+i%26)) + string(rune('A'+i/26%26)) + "-2026")
	}
	if n := len(visa.Find(many.String(), findDay)); n != visa.MaxFindings {
		t.Errorf("%d findings, want %d", n, visa.MaxFindings)
	}
	beyond := strings.Repeat("ž", visa.MaxText/2-1) + "žOAM-90001/DP-2026"
	if n := len(visa.Find(beyond, findDay)); n != 0 {
		t.Errorf("%d findings behind the end", n)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"OAM-\n90003-12/TP-\n2026", "PEKI 2026 0814 9001", "ＯＡＭ－９／ＤＰ２０２５", "ОАМ-1/DP-2025", "İSTA123456789", "\xff\u200bOAM-9/\u00adDP-2025\xff",
		"MV-1/OAM-2025 9/DP-2025", "0AM-1/DP-2025 PEKI2O2608149001", "ıſKÅ OAM-1/ﬀ-2025",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end, seen := 0, map[string]bool{}
		for _, one := range visa.Find(s, findDay) {
			if one.Start < end || one.End <= one.Start || s[one.Start:one.End] != one.Written {
				t.Fatalf("%q stands at %d to %d of %q, after %d", one.Written, one.Start, one.End, s, end)
			}
			end = one.End
			if one.Problem != nil {
				checkRefusal(t, one.Reference, one.Problem)
				continue
			}
			if ref, err := visa.Parse(one.Written); err != nil || ref != one.Reference || seen[ref.Identity()] {
				t.Fatalf("found %s for %q, twice: %v, error %v", one.Reference, one.Written, seen[ref.Identity()], err)
			}
			seen[one.Reference.Identity()] = true
			if utf8.ValidString(s) && !utf8.ValidString(one.Written) {
				t.Fatalf("%q is cut inside a character", one.Written)
			}
		}
	})
}
