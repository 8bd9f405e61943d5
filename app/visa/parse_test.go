package visa_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

func TestParseReadsEverySpelling(t *testing.T) {
	t.Parallel()
	const zov = "ZZZZ202508149001"
	for _, tc := range []struct{ name, in, want string }{
		{"canonical visa number", zov, zov},
		{"lower case", "zzzz202508149001", zov},
		{"blanks", "ZZZZ 2025 0814 9001", zov},
		{"blanks in the prefix", "Z Z Z Z 202508149001", zov},
		{"no-break and narrow blanks", "ZZZZ\u00a02025\u202f0814\u20099001", zov},
		{"ideographic blank and line break", "ZZZZ\u30002025\r\n08149001\t", zov},
		{"zero width, byte order and direction marks", "\ufeffZZZZ\u200b2025\u200e0814\u20609001\u200f", zov},
		{"filler of another script", "ZZZZ2025\u31640814\u115f9001", zov},
		{"dashes", "ZZZZ-20250814-9001", zov},
		{"soft hyphen", "ZZZZ2025\u00ad08149001", zov},
		{"full width", "ＺＺＺＺ２０２５０８１４９００１", zov},
		{"label", "ŽOV: ZZZZ 2025 0814 9001", zov},
		{"label without accent", "zov zzzz202508149001", zov},
		{"label with a decomposed accent", "Z\u030cOV: ZZZZ202508149001", zov},
		{"two labels", "Visa application number (ŽOV): ZZZZ202508149001", zov},
		{"Czech label", "Číslo žádosti o vízum: ZZZZ202508149001", zov},
		{"punctuation around it", "„ZZZZ202508149001“.", zov},
		{"footnote mark", "ZZZZ202508149001¹", zov},
		{"prefix like a label", "ZOVA202508149001", "ZOVA202508149001"},
		{"prefix starting with OAM", "OAMA202508149001", "OAMA202508149001"},
		{"nine digits, as the portal's example", "TEST123456789", "TEST123456789"},
		{"Turkish keyboard, lower case", "ısta202508149001", "ISTA202508149001"},
		{"Turkish keyboard, upper case", "İSTA202508149001", "ISTA202508149001"},
		{"impossible date", "ZZZZ202513459001", "ZZZZ202513459001"},

		{"canonical OAM number", "OAM-90001-6/DP-2025", "OAM-90001-6/DP-2025"},
		{"no suffix", "OAM-90001/DP-2025", "OAM-90001/DP-2025"},
		{"lower case OAM", "oam-90001-6/dp-2025", "OAM-90001-6/DP-2025"},
		{"no OAM", "90001-6/DP-2025", "OAM-90001-6/DP-2025"},
		{"no dash after OAM", "OAM90001/DP-2025", "OAM-90001/DP-2025"},
		{"leading zeros and long suffix", "OAM-01234-321/DP-2025", "OAM-1234-321/DP-2025"},
		{"longer suffix", "OAM-90001-0123456/TP-2023", "OAM-90001-0123456/TP-2023"},
		{"many leading zeros", "OAM-000000090001/DP-2025", "OAM-90001/DP-2025"},
		{"one digit", "OAM-1/DP-2025", "OAM-1/DP-2025"},
		{"the predecessor's form", "OAM-1-XX/CC/2025", "OAM-1-XX/CC-2025"},
		{"the predecessor's form without suffix", "OAM-90011/CD/2025", "OAM-90011/CD-2025"},
		{"blank before the year", "90001/TP 2023", "OAM-90001/TP-2023"},
		{"dash before the year", "90001/TP-2023", "OAM-90001/TP-2023"},
		{"nothing before the year", "90001/TP2023", "OAM-90001/TP-2023"},
		{"blanks around slashes", "90001 / TP / 2023", "OAM-90001/TP-2023"},
		{"blanks only", "OAM 90001 TP 2023", "OAM-90001/TP-2023"},
		{"dashes only", "OAM-90001-6-DP-2025", "OAM-90001-6/DP-2025"},
		{"file name", "oam_90001_6_dp_2025", "OAM-90001-6/DP-2025"},
		{"Unicode dashes", "OAM–90001—6/DP‑2025", "OAM-90001-6/DP-2025"},
		{"minus and division slash", "OAM−90001−6∕DP−2025", "OAM-90001-6/DP-2025"},
		{"full-width signs", "ＯＡＭ－９０００１－６／ＤＰ－２０２５", "OAM-90001-6/DP-2025"},
		{"backslash", `OAM-90001-6\DP-2025`, "OAM-90001-6/DP-2025"},
		{"label with a blank", "č. j. OAM-90001-6/DP-2025", "OAM-90001-6/DP-2025"},
		{"label with a colon", "Č.j.: OAM-90001-6/DP-2025,", "OAM-90001-6/DP-2025"},
		{"label in one word", "čj OAM-90001-6/DP-2025", "OAM-90001-6/DP-2025"},
		{"label in full", "Číslo jednací (č. j.): OAM-90001-6/DP-2025", "OAM-90001-6/DP-2025"},
		{"label before a bare number", "č. j. 90001/TP-2023", "OAM-90001/TP-2023"},
		{"unknown category", "OAM-90001/QX-2025", "OAM-90001/QX-2025"},
		{"parentheses", "(OAM-90001-6/DP-2025)", "OAM-90001-6/DP-2025"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ref, err := visa.Parse(tc.in)
			if err != nil {
				t.Fatalf("Parse(%q): %v", tc.in, err)
			}
			if got := ref.String(); got != tc.want {
				t.Errorf("Parse(%q) = %s, want %s", tc.in, got, tc.want)
			}
		})
	}
}

// refused has at least one row for every code; TestEveryCodeHasARow sees to it.
func refused() []struct{ name, in, code, found string } {
	return []struct{ name, in, code, found string }{
		{"nothing", "", "whole.empty", ""},
		{"blanks", " \u00a0\u200b\n", "whole.empty", ""},
		{"punctuation", "–/.–", "whole.empty", ""},
		{"too long", strings.Repeat(" ", 201), "whole.too_long", ""},
		{"a name", "Jan Novak", "whole.unrecognised", ""},
		{"only OAM", "OAM-", "whole.unrecognised", ""},

		{"no prefix", "202508149001", "prefix.missing", ""},
		{"no prefix, with blanks", "2025 0814 9001", "prefix.missing", ""},
		{"three letters", "ZZZ9", "prefix.too_short", "3"},
		{"five letters", "ZZZZZ202508149001", "prefix.too_long", "5"},
		{"digit for the last letter", "PEK1202508149001", "prefix.digit", "1"},
		{"digit for the first letter", "0SAK202508149001", "prefix.digit", "0"},
		{"digit for the O of OAM", "0AM-90001-6/DP-2025", "prefix.digit", "0"},
		{"Cyrillic prefix", "РЕКI202508149001", "prefix.character", "Р"},
		{"Cyrillic OAM", "ОАМ-90001-6/DP-2025", "prefix.character", "О"},
		{"another office", "KRPA-90001-6/ČJ-2025", "prefix.unrecognised", ""},

		{"O for zero", "ZZZZ2O2508149001", "digits.letter", "O"},
		{"l for one", "zzzz20250814900l", "digits.letter", "L"},
		{"masked form", "ZZZZ2025••••9001", "digits.character", "•"},
		{"superscript inside", "ZZZZ2025¹8149001", "digits.character", "¹"},
		{"control character", "ZZZZ2025\x00814900", "digits.character", "\ufffd"},
		{"no UTF-8", "ZZZZ2025\xff8149001", "digits.character", "\ufffd"},
		{"eight digits", "ZZZZ20250814", "digits.too_short", "8"},
		{"thirteen digits", "ZZZZ2025081490012", "digits.too_long", "13"},
		{"two numbers", "ZZZZ202508149001 ZZZZ202508149002", "digits.letter", "Z"},

		{"no number", "OAM-/DP-2025", "number.missing", ""},
		{"no number, no slash", "OAM-DP-2025", "number.missing", ""},
		{"O in the number", "OAM-9OO01/DP-2025", "number.letter", "O"},
		{"full stop in the number", "OAM-9.0001/DP-2025", "number.character", "."},
		{"blank in the number", "OAM-9000 1/DP-2025", "number.blank", ""},
		{"zero", "OAM-0000-6/DP-2025", "number.range", ""},
		{"six digits", "OAM-090001-6/DP-2025x", "year.letter", "X"},
		{"seven digits", "OAM-9000123/DP-2025", "number.too_long", "7"},

		{"star in the suffix", "OAM-90001-*6/DP-2025", "suffix.character", "*"},
		{"endless suffix", "OAM-90001-" + strings.Repeat("6", 21) + "/DP-2025", "suffix.too_long", "21"},
		{"two suffixes", "OAM-90001-6-7/DP-2025", "suffix.extra", ""},

		{"number alone", "90001", "category.missing", ""},
		{"no category", "OAM-90001-6/2025", "category.missing", ""},
		{"no category, no slash", "OAM-90001-6-2025", "category.missing", ""},
		{"nothing after the slash", "OAM-90001-6/", "category.missing", ""},
		{"one letter", "OAM-90001-6/D-2025", "category.too_short", "1"},
		{"three letters after the slash", "OAM-90001-6/DPX-2025", "category.too_long", "3"},
		{"zero for O", "OAM-90001-6/D0-2025", "category.digit", "0"},
		{"Czech letter", "OAM-90001-6/TŘ-2025", "category.character", "Ř"},

		{"no year", "OAM-90001-6/DP", "year.missing", ""},
		{"no year, no slash", "OAM-90001-6-DP", "year.missing", ""},
		{"O in the year", "OAM-90001-6/DP-2O25", "year.letter", "O"},
		{"Greek letter in the year", "OAM-90001-6/DP-2Ο25", "year.character", "Ο"},
		{"blank in the year", "OAM-90001-6/DP-20 25", "year.blank", ""},
		{"two digits", "OAM-90001-6/DP-25", "year.too_short", "2"},
		{"five digits", "OAM-90001-6/DP-20255", "year.too_long", "5"},
		{"last century", "OAM-90001-6/DP-1999", "year.range", ""},
		{"next century", "OAM-90001-6/DP-2100", "year.range", ""},
		{"words after the year", "OAM-90001-6/DP-2025 (pobyt)", "year.extra", ""},
	}
}

func TestParseNamesThePartThatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tc := range refused() {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ref, err := visa.Parse(tc.in)
			var bad *visa.ParseError
			if !errors.As(err, &bad) {
				t.Fatalf("Parse(%q) = %q, %v; want a *ParseError", tc.in, ref, err)
			}
			if !ref.IsZero() {
				t.Errorf("Parse(%q) returned %q beside its error", tc.in, ref)
			}
			if bad.Code() != tc.code || bad.Found != tc.found {
				t.Errorf("Parse(%q): %s %q, want %s %q", tc.in, bad.Code(), bad.Found, tc.code, tc.found)
			}
			text := err.Error()
			if strings.Contains(text, "%!") || !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
				t.Errorf("not a sentence: %s", text)
			}
			for _, word := range strings.Fields(tc.in) {
				if len(word) > 7 && strings.Contains(text, word) {
					t.Errorf("the error repeats what was given: %s", text)
				}
			}
		})
	}
}

func TestEveryCodeHasARow(t *testing.T) {
	t.Parallel()
	var seen []string
	for _, tc := range refused() {
		seen = append(seen, tc.code)
	}
	codes := visa.Codes()
	for _, code := range codes {
		if !slices.Contains(seen, code) {
			t.Errorf("no input in this file gives %s", code)
		}
	}
	if slices.Sort(codes); len(slices.Compact(codes)) != len(visa.Codes()) {
		t.Error("a code is listed twice")
	}
}

func TestLookalikeIsNamed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, like, text string }{
		{"O among digits", "ZZZZ2O2508149001", "0", `the letter "O". Should it be "0"?`},
		{"I among digits", "OAM-9I001/DP-2025", "1", `the letter "I". Should it be "1"?`},
		{"0 among letters", "OAM-90001/D0-2025", "O", `the digit "0". Should it be "O"?`},
		{"1 among letters", "PEK1202508149001", "I", `the digit "1" among them. Should it be "I"?`},
		{"letter like no digit", "ZZZZ2X2508149001", "", `the letter "X".`},
		{"digit like no letter", "OAM-90001/D3-2025", "", `the digit "3".`},
		{"other problem", "OAM-90001/DP-1999", "", "between 2000 and 2099."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := visa.Parse(tc.in)
			var bad *visa.ParseError
			if !errors.As(err, &bad) {
				t.Fatalf("Parse(%q): %v", tc.in, err)
			}
			if got := bad.Lookalike(); got != tc.like {
				t.Errorf("Lookalike() = %q, want %q", got, tc.like)
			}
			if !strings.Contains(bad.Error(), tc.text) {
				t.Errorf("%q does not contain %q", bad.Error(), tc.text)
			}
		})
	}
}
