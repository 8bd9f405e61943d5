package archive

import (
	"encoding/csv"
	"strings"
	"testing"
)

func TestCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, cell, want string }{
		{"words", "Anna", "Anna"},
		{"nothing", "", ""},
		{"a sign within", "a=b", "a=b"},
		{"a hyphen within", "Anna-Marie", "Anna-Marie"},
		{"an address", "anna@example.com", "anna@example.com"},
		{"equals", "=1+1", "'=1+1"},
		{"plus", "+1", "'+1"},
		{"minus", "-1", "'-1"},
		{"at", "@SUM(A1)", "'@SUM(A1)"},
		{"a tab", "\tx", "'\tx"},
		{"a return", "\rx", "'\rx"},
		{"a new line", "\nx", "'\nx"},
		{"behind a blank", " =1", "' =1"},
		{"behind blanks that do not look so", "\u00a0\ufeff=1", "'\u00a0\ufeff=1"},
		{"behind a quote", `"=1`, `'"=1`},
		{"behind quotes and blanks", `" '=1`, `'" '=1`},
		{"full width", "＝1", "'＝1"},
		{"behind a semicolon", "Anna;=1", "Anna;'=1"},
		{"behind a semicolon and a quote", `Anna;"=1`, `Anna;"'=1`},
		{"on the second line", "Anna\n=1", "Anna\n'=1"},
		{"a semicolon first", ";=1", "';'=1"},
		{"DDE", "=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := harmless(tc.cell); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// FuzzHarmless looks at cells as programs see them that are set to other signs.
func FuzzHarmless(f *testing.F) {
	for _, seed := range []string{"=1", "a;=1", " \"=", "\t=", "a\r\n-1", "'=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		for part := range strings.FieldsFuncSeq(harmless(cell), func(r rune) bool { return strings.ContainsRune(ends, r) }) {
			bare := strings.TrimLeft(part, strings.ReplaceAll(skipped, "'", ""))
			if strings.IndexAny(bare, signs) == 0 {
				t.Errorf("%q begins with a sign in %q", part, harmless(cell))
			}
		}
	})
}

func TestTables(t *testing.T) {
	t.Parallel()
	m := lived(t)
	e := NewExporter(ExporterConfig{Applications: m, Messages: m, People: m, Accounts: m, Kinds: kinds(), Sealer: box{}})
	var apps, people strings.Builder
	if err := e.WriteCSV(t.Context(), &apps, Scope{Owner: jana}); err != nil {
		t.Fatal(err)
	}
	if err := e.WritePeopleCSV(t.Context(), &people, Scope{}); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(apps.String(), byteOrderMark)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) != 3 {
		t.Fatalf("%v, %d rows, with a mark: %v", err, len(rows), marked)
	}
	if got := rows[1]; got[0] != "ZZZZ202501159001" || got[2] != "Jana Quetzal" || got[4] != "in_progress" || got[13] != "'=cmd|'/c calc'!A1" || got[14] != "employee_card" || got[15] == "" || got[17] != "4" || got[18] != "" {
		t.Errorf("%q", got)
	}
	if strings.Contains(text, "Niece") || !strings.Contains(people.String(), `"TEST90001"`) {
		t.Errorf("%s\n%s", text, people.String())
	}
	var others strings.Builder
	if err := e.WriteCSV(t.Context(), &others, Scope{Owner: petr}); err != nil || strings.Contains(others.String(), "Anna") {
		t.Errorf("%v\n%s", err, others.String())
	}
}

func TestArmor(t *testing.T) {
	t.Parallel()
	file := []byte(strings.Repeat("some bytes ", 30))
	text := armored(file)
	for _, good := range []string{text, "\n" + text + "\n", strings.ReplaceAll(text, "\n", "\r\n")} {
		if got, err := unarmored(good); err != nil || string(got) != string(file) {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "x", text + text, "words\n" + text, strings.Replace(text, "AGE", "PGP", 2), strings.Replace(text, "\n", "\nA: b\n\n", 1), text[:len(text)-8]} {
		if _, err := unarmored(bad); err == nil {
			t.Errorf("took %q", bad)
		}
	}
}
