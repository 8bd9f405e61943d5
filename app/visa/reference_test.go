package visa_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
)

func mustParse(t testing.TB, s string) visa.Reference {
	t.Helper()
	ref, err := visa.Parse(s)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return ref
}

func TestReferenceForms(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, identity, masked, prefix string
		kind                         visa.Kind
		query                        visa.Query
	}{
		{
			in: "ZZZZ202508149001", identity: "ZZZZ202508149001", masked: "ZZZZ2025••••9001", prefix: "ZZZZ",
			kind: visa.ZOV, query: visa.Query{ZOV: "ZZZZ202508149001"},
		},
		{
			in: "TEST123456789", identity: "TEST123456789", masked: "TEST••••6789", prefix: "TEST",
			kind: visa.ZOV, query: visa.Query{ZOV: "TEST123456789"},
		},
		{
			in: "TEST12345678901", identity: "TEST12345678901", masked: "TEST••••8901", prefix: "TEST",
			kind: visa.ZOV, query: visa.Query{ZOV: "TEST12345678901"},
		},
		{
			in: "OAM-090045-6/DP-2025", identity: "OAM-90045/DP-2025", masked: "OAM-•••45/DP-2025",
			kind: visa.OAM, query: visa.Query{Number: "90045", Category: "DP", Year: "2025"},
		},
		{
			in: "OAM-9004/DP-2025", identity: "OAM-9004/DP-2025", masked: "OAM-•••04/DP-2025",
			kind: visa.OAM, query: visa.Query{Number: "9004", Category: "DP", Year: "2025"},
		},
		{
			in: "OAM-901-12/TP-2024", identity: "OAM-901/TP-2024", masked: "OAM-•••1/TP-2024",
			kind: visa.OAM, query: visa.Query{Number: "901", Category: "TP", Year: "2024"},
		},
		{
			in: "OAM-91-XX/CC/2025", identity: "OAM-91/CC-2025", masked: "OAM-•••/CC-2025",
			kind: visa.OAM, query: visa.Query{Number: "91", Category: "CC", Year: "2025"},
		},
		{
			in: "OAM-9/ZM-2025", identity: "OAM-9/ZM-2025", masked: "OAM-•••/ZM-2025",
			kind: visa.OAM, query: visa.Query{Number: "9", Category: "ZM", Year: "2025"},
		},
	} {
		t.Run(tc.in, func(t *testing.T) {
			t.Parallel()
			ref := mustParse(t, tc.in)
			if ref.IsZero() || ref.Kind() != tc.kind {
				t.Errorf("IsZero %v, Kind %q", ref.IsZero(), ref.Kind())
			}
			if got := ref.Identity(); got != tc.identity {
				t.Errorf("Identity() = %s, want %s", got, tc.identity)
			}
			if got := ref.Masked(); got != tc.masked {
				t.Errorf("Masked() = %s, want %s", got, tc.masked)
			}
			if got := ref.Prefix(); got != tc.prefix {
				t.Errorf("Prefix() = %q, want %q", got, tc.prefix)
			}
			if diff := cmp.Diff(tc.query, ref.Query()); diff != "" {
				t.Errorf("Query() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestZeroReferenceIsEmptyEverywhere(t *testing.T) {
	t.Parallel()
	var zero visa.Reference
	if !zero.IsZero() || zero.Kind() != "" || zero.Prefix() != "" || zero.Hints() != nil {
		t.Errorf("zero value: %v %q %q %v", zero.IsZero(), zero.Kind(), zero.Prefix(), zero.Hints())
	}
	if s := zero.String() + zero.Identity() + zero.Masked(); s != "" {
		t.Errorf("the zero value prints %q", s)
	}
	if diff := cmp.Diff(visa.Query{}, zero.Query()); diff != "" {
		t.Errorf("Query() (-want +got):\n%s", diff)
	}
	if _, ok := zero.Filed(); ok {
		t.Error("the zero value has a filing date")
	}
}

func TestEqualSeesTheSuffix(t *testing.T) {
	t.Parallel()
	a, b := mustParse(t, "OAM-90001-6/DP-2025"), mustParse(t, "OAM-90001-7/DP-2025")
	if a.Equal(b) || !a.Equal(mustParse(t, "oam 090001-6/dp 2025")) {
		t.Error("Equal does not compare what was given")
	}
	if a.Identity() != b.Identity() {
		t.Error("two documents of one file have two identities")
	}
}

func TestFiledAndHints(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, tc := range []struct {
		name, in string
		filed    time.Time
		hints    []visa.Hint
	}{
		{"usual form", "ZZZZ202508149001", day(2025, time.August, 14), nil},
		{"leap day", "ZZZZ202402299001", day(2024, time.February, 29), nil},
		{"no leap day", "ZZZZ202502299001", time.Time{}, []visa.Hint{visa.HintDate}},
		{"month 13", "ZZZZ202513019001", time.Time{}, []visa.Hint{visa.HintDate}},
		{"last century", "ZZZZ199912319001", time.Time{}, []visa.Hint{visa.HintDate}},
		{"next century", "ZZZZ210001019001", time.Time{}, []visa.Hint{visa.HintDate}},
		{"short form", "TEST123456789", time.Time{}, []visa.Hint{visa.HintShort}},
		{"short form that starts like a date", "TEST20250814900", time.Time{}, []visa.Hint{visa.HintShort}},
		{"known category", "OAM-90001/DP-2025", time.Time{}, nil},
		{"unknown category", "OAM-90001/CC-2025", time.Time{}, []visa.Hint{visa.HintCategory}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ref := mustParse(t, tc.in)
			filed, ok := ref.Filed()
			if !filed.Equal(tc.filed) || ok == tc.filed.IsZero() {
				t.Errorf("Filed() = %v, %v; want %v", filed, ok, tc.filed)
			}
			if diff := cmp.Diff(tc.hints, ref.Hints()); diff != "" {
				t.Errorf("Hints() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmbassyAndCategoryAreHints(t *testing.T) {
	t.Parallel()
	if city, ok := visa.Embassy("PEKI"); city != "Beijing" || !ok {
		t.Errorf("Embassy(PEKI) = %q, %v", city, ok)
	}
	if city, ok := visa.Embassy("ZZZZ"); city != "" || ok {
		t.Errorf("Embassy(ZZZZ) = %q, %v", city, ok)
	}
	for _, code := range visa.Categories() {
		if !visa.KnownCategory(code) || mustParse(t, "OAM-90001/"+code+"-2025").Hints() != nil {
			t.Errorf("%s is listed but not known", code)
		}
	}
	if visa.KnownCategory("CC") {
		t.Error("CC is what the empty menu shows, no category")
	}
}

func TestReferenceAsText(t *testing.T) {
	t.Parallel()
	type holder struct {
		Ref  visa.Reference            `json:"ref"`
		None visa.Reference            `json:"none,omitzero"`
		Map  map[visa.Reference]string `json:"map"`
	}
	ref := mustParse(t, "OAM-90001-6/DP-2025")
	in := holder{Ref: ref, Map: map[visa.Reference]string{ref: "x"}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"ref":"OAM-90001-6/DP-2025","map":{"OAM-90001-6/DP-2025":"x"}}`
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	var out holder
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}

	if err := json.Unmarshal([]byte(`{"ref":""}`), &out); err != nil || !out.Ref.IsZero() {
		t.Errorf("empty text: %v, %s", err, out.Ref)
	}
	out.Ref = ref
	if err := json.Unmarshal([]byte(`{"ref":"OAM-9O001/DP-2025"}`), &out); err == nil || !out.Ref.Equal(ref) {
		t.Errorf("a bad text gave %v and left %s", err, out.Ref)
	}
}

// logged are the ways in which a careless caller may log a reference.
func logged(ref visa.Reference) map[string]func(*slog.Logger) {
	return map[string]func(*slog.Logger){
		"any":     func(l *slog.Logger) { l.Info("checked", "reference", ref) },
		"attr":    func(l *slog.Logger) { l.Info("checked", slog.Any("reference", ref)) },
		"pointer": func(l *slog.Logger) { l.Info("checked", "reference", &ref) },
		"with":    func(l *slog.Logger) { l.With("reference", ref).Info("checked") },
		"group":   func(l *slog.Logger) { l.Info("checked", slog.Group("application", "reference", ref)) },
	}
}

func TestLogsShowOnlyTheMaskedForm(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"ZZZZ202508149001", "OAM-90001-6/DP-2025"} {
		ref := mustParse(t, in)
		for name, log := range logged(ref) {
			var text, js bytes.Buffer
			log(slog.New(slog.NewTextHandler(&text, nil)))
			log(slog.New(slog.NewJSONHandler(&js, nil)))
			for handler, line := range map[string]string{"text": text.String(), "json": js.String()} {
				if !strings.Contains(line, ref.Masked()) || strings.Contains(line, ref.String()) {
					t.Errorf("%s, %s handler: %s", name, handler, line)
				}
			}
		}
		var text bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("checked", "in_a_struct", struct{ Ref visa.Reference }{ref})
		if !strings.Contains(text.String(), ref.Masked()) || strings.Contains(text.String(), ref.String()) {
			t.Errorf("in a struct: %s", text.String())
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	ref := mustParse(t, "OAM-90045-6/DP-2025")
	for _, tc := range []struct{ format, want string }{
		{"%s", "OAM-90045-6/DP-2025"},
		{"%v", "OAM-90045-6/DP-2025"},
		{"%q", `"OAM-90045-6/DP-2025"`},
		{"%21s|", "  OAM-90045-6/DP-2025|"},
		{"%+v", "OAM-•••45/DP-2025"},
		{"%#v", "OAM-•••45/DP-2025"},
	} {
		if got := fmt.Sprintf(tc.format, ref); got != tc.want {
			t.Errorf("%s gives %s, want %s", tc.format, got, tc.want)
		}
	}
	if got := fmt.Sprintf("%+v", struct{ Ref visa.Reference }{ref}); got != "{Ref:OAM-•••45/DP-2025}" {
		t.Errorf("in a struct: %s", got)
	}
}
