package visa_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"cz-visa-monitor/app/visa"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"ZZZZ202508149001", "zzzz 2025 0814 9001", "ŽOV: ZZZZ 2025 0814 9001", "TEST123456789",
		"OAM-90001-6/DP-2025", "oam 000000090001/tp 2023", "OAM-1-XX/CC/2025", "90001 / TP / 2023",
		"OAM–1–321∕DP–2025", "č. j. OAM-9/DP-2025", "ＯＡＭ－９／ＤＰ２０２５", "Č.J. Č.J. 1-DP-2025",
		"ZZZZ2O2508149001", "0AM-1/DP-2025", "ОАМ-1/DP-2025", "İSTA123456789", "Z\u030cOV 1", "\xff\x00/-",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := visa.Parse(s)
		if err != nil {
			checkRefusal(t, ref, err)
			return
		}
		again, err := visa.Parse(ref.String())
		if err != nil || again != ref {
			t.Fatalf("Parse(%q) = %s, but its canonical form gives %s, %v", s, ref, again, err)
		}
		bare, err := visa.Parse(ref.Identity())
		if err != nil || bare.Identity() != ref.Identity() || bare.Masked() != ref.Masked() || bare.Query() != ref.Query() {
			t.Fatalf("identity of %s gives %s, %v", ref, bare, err)
		}
		checkMask(t, ref)
	})
}

// checkRefusal fails if an error is not of the kind that Parse promises.
func checkRefusal(t *testing.T, ref visa.Reference, err error) {
	var bad *visa.ParseError
	if !errors.As(err, &bad) || !ref.IsZero() {
		t.Fatalf("got %q and %v, want only a *ParseError", ref, err)
	}
	if utf8.RuneCountInString(bad.Found) > 3 { // one character, or a length of at most 200
		t.Errorf("the error repeats %q", bad.Found)
	}
	if bad.Error() == bad.Code() || strings.Contains(bad.Error(), "%!") {
		t.Errorf("no sentence for %s: %s", bad.Code(), bad)
	}
}

// checkMask fails if the masked form tells the number.
func checkMask(t *testing.T, ref visa.Reference) {
	masked, query := ref.Masked(), ref.Query()
	hidden := query.Number
	if ref.Kind() == visa.ZOV {
		hidden = strings.TrimPrefix(query.ZOV, ref.Prefix())
	}
	// Category and year of an OAM number are shown, and a year may happen to
	// hold a short number, so only what stands before the slash is looked at.
	shown, _, _ := strings.Cut(masked, "/")
	if masked == "" || masked == ref.String() || strings.Contains(shown, hidden) || !utf8.ValidString(masked) {
		t.Errorf("%s is masked as %s", ref, masked)
	}
}
