package locale

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustLoad(t testing.TB) *Catalogues {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(zone)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// textsOf returns what stands in a catalogue, which must be without a mistake.
func textsOf(t testing.TB, l *Locale) map[string]text {
	t.Helper()
	texts, err := l.texts()
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// placeholders returns the names in a pattern, sorted, each once.
func placeholders(pattern string) []string {
	var names []string
	_ = eachPiece(pattern, func(string) {}, func(n string) error {
		names = append(names, n)
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// differences lists what a catalogue lacks, has too much or fills differently
// than the fallback.
func differences(want, got map[string]text) []string {
	var wrong []string
	for key, t := range want {
		other, ok := got[key]
		if !ok {
			wrong = append(wrong, key+": missing")
			continue
		}
		for _, pattern := range append(slices.Collect(maps.Values(other.forms)), other.other) {
			if diff := cmp.Diff(placeholders(t.other), placeholders(pattern)); diff != "" {
				wrong = append(wrong, key+": placeholders differ in "+pattern)
			}
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			wrong = append(wrong, key+": unknown to "+Fallback)
		}
	}
	slices.Sort(wrong)
	return wrong
}

// missingForms lists plural forms which numbers of the language call for and a
// text lacks.
func missingForms(l *Locale, texts map[string]text) []string {
	var wrong []string
	for key, t := range texts {
		if t.forms == nil && !slices.Contains(placeholders(t.other), countArg) {
			continue
		}
		for n := range 1000 {
			if _, ok := t.of(l.form(n)); !ok {
				wrong = append(wrong, key)
				break
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

func TestCataloguesAgree(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, lang := range c.Languages() {
		l := c.locales[lang]
		if diff := cmp.Diff([]string(nil), differences(textsOf(t, c.locales[Fallback]), textsOf(t, l))); diff != "" {
			t.Errorf("%s differs from %s:\n%s", lang, Fallback, diff)
		}
		if diff := cmp.Diff([]string(nil), missingForms(l, textsOf(t, l))); diff != "" {
			t.Errorf("%s lacks plural forms:\n%s", lang, diff)
		}
		if want := l.Text(nameKey); l.Name() != want || want == nameKey {
			t.Errorf("%s is called %q and must be %q, the first text of its catalogue", lang, l.Name(), want)
		}
	}
}

func TestDifferencesAreFound(t *testing.T) {
	t.Parallel()
	c, err := load(fstest.MapFS{
		"en.json": {Data: []byte(`{"a":"x {who}","b":"y","n":{"one":"{count} day","other":"{count} days"}}`)},
		"cs.json": {Data: []byte(`{"a":"x {whom}","c":"z","n":{"one":"{count} den","other":"{count} dní"}}`)},
	}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	cs := c.locales["cs"]
	want := []string{"a: placeholders differ in x {whom}", "b: missing", "c: unknown to en"}
	if diff := cmp.Diff(want, differences(textsOf(t, c.locales["en"]), textsOf(t, cs))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"n"}, missingForms(cs, textsOf(t, cs))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"c": "z", "b": "y"}, cs.Glance("c", "b")); diff != "" {
		t.Errorf("a glance at cs differs: %s", diff)
	}
	if got := cs.Text("b"); got != "y" {
		t.Errorf("a missing text falls back to %q, want the English y", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, content, want string }{
		"no fallback":         {"cs.json", `{}`, "en.json is missing"},
		"no language":         {"12.json", `{}`, "no language"},
		"no JSON":             {"en.json", `{`, "en.json"},
		"a number":            {"en.json", `{"k":1}`, "key k"},
		"a key twice":         {"en.json", `{"k":"x","k":"y"}`, "twice"},
		"unknown form":        {"en.json", `{"k":{"lots":"x","other":"y"}}`, `no plural form "lots"`},
		"no form for others":  {"en.json", `{"k":{"one":"x"}}`, `"other" is missing`},
		"empty":               {"en.json", `{"k":""}`, "empty"},
		"open brace":          {"en.json", `{"k":"a {who"}`, "{ without }"},
		"closing brace":       {"en.json", `{"k":"a } b"}`, "} without {"},
		"no placeholder name": {"en.json", `{"k":"a {} b"}`, "no placeholder"},
		"odd placeholder":     {"en.json", `{"k":{"other":"a {A B} b"}}`, "{A B} is no placeholder"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(fstest.MapFS{tt.file: {Data: []byte(tt.content)}}, time.UTC)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestFor(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	tests := map[string]string{
		"cs": "cs", "cs-CZ": "cs", "CS": "cs", "en-GB": "en", "": "en", "ja": "en", "!!": "en",
		"sk;q=0.3, cs;q=0.9, en;q=0.5": "cs",
	}
	for lang, want := range tests {
		if got := c.For(lang).Language(); got != want {
			t.Errorf("For(%q) is %s, want %s", lang, got, want)
		}
	}
	if got := c.Languages()[0]; got != Fallback {
		t.Errorf("the first language is %s, want %s", got, Fallback)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	en := c.For("en")
	tests := map[string]struct{ got, want string }{
		"filled":               {en.Text("alert.who", "label", "Anna", "reference", "R"), "Anna (R)"},
		"value is not filled":  {en.Text("alert.who", "label", "{reference}", "reference", "R"), "{reference} (R)"},
		"missing value stays":  {en.Text("alert.who", "label", "Anna"), "Anna ({reference})"},
		"odd arguments":        {en.Text("alert.who", "label"), "{label} ({reference})"},
		"missing key stays":    {en.Text("no.such.key"), "no.such.key"},
		"count as a number":    {en.Text("duration.days", "count", 1234), "1,234 days"},
		"other kinds of value": {en.Text("alert.who", "label", true, "reference", 2*time.Hour), "true (2 hours)"},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", name, tt.got, tt.want)
		}
	}
	if en.Has("no.such.key") || !en.Has("status.granted") {
		t.Error("Has does not tell texts from keys without one")
	}
}

func TestNumbersDatesAndDurations(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	winter := time.Date(2026, 11, 2, 8, 5, 0, 0, time.UTC)
	summer := time.Date(2026, 7, 31, 23, 30, 0, 0, time.UTC)
	tests := []struct {
		lang, name string
		got        func(l *Locale) string
		want       string
	}{
		{"en", "number", func(l *Locale) string { return l.Number(-12345) }, "-12,345"},
		{"cs", "number", func(l *Locale) string { return l.Number(12345) }, "12\u00a0345"},
		{"en", "winter time", func(l *Locale) string { return l.Time(winter) }, "2 November 2026, 09:05 CET"},
		{"cs", "winter time", func(l *Locale) string { return l.Time(winter) }, "2. listopadu 2026 09:05 CET"},
		{"en", "summer time, next day", func(l *Locale) string { return l.Time(summer) }, "1 August 2026, 01:30 CEST"},
		{"cs", "date", func(l *Locale) string { return l.Date(summer) }, "1. srpna 2026"},
		{"en", "a minute", func(l *Locale) string { return l.Duration(55 * time.Second) }, "1 minute"},
		{"en", "minutes", func(l *Locale) string { return l.Duration(119 * time.Minute) }, "119 minutes"},
		{"en", "hours", func(l *Locale) string { return l.Duration(3 * time.Hour) }, "3 hours"},
		{"cs", "few hours", func(l *Locale) string { return l.Duration(3 * time.Hour) }, "3 hodiny"},
		{"cs", "many hours", func(l *Locale) string { return l.Duration(5 * time.Hour) }, "5 hodin"},
		{"cs", "no minute", func(l *Locale) string { return l.Duration(0) }, "0 minut"},
		{"cs", "a minute", func(l *Locale) string { return l.Duration(time.Minute) }, "1 minutu"},
		{"cs", "few days", func(l *Locale) string { return l.Duration(49 * time.Hour) }, "2 dny"},
		{"cs", "many days", func(l *Locale) string { return l.Duration(30 * 24 * time.Hour) }, "30 dní"},
	}
	for _, tt := range tests {
		t.Run(tt.lang+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.got(c.For(tt.lang)); got != tt.want {
				t.Errorf("is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDayIsTheSameInEveryZone(t *testing.T) {
	t.Parallel()
	en := mustLoad(t).For("en")
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("east", 14*3600), time.FixedZone("west", -12*3600)} {
		if got := en.Day(time.Date(2031, 5, 17, 0, 0, 0, 0, zone)); got != "17 May 2031" {
			t.Errorf("in %s it is %s", zone, got)
		}
	}
}
