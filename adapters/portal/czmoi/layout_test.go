package czmoi

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

func TestEmbeddedLayoutIsValid(t *testing.T) {
	t.Parallel()
	if _, err := loadLayout(""); err != nil {
		t.Error(err)
	}
	if _, err := loadLayout(filepath.Join(t.TempDir(), "none.json")); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestBrokenLayoutNamesEveryProblem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*layout)
		want   []string
	}{
		{"another version", func(l *layout) { l.Version = 2 }, []string{"version is 2, this program reads version 1"}},
		{"empty selectors", func(l *layout) { l.Form.ZOV, l.Alert.Content = " ", "" }, []string{"form.zov is empty", "alert.content is empty"}},
		{"path", func(l *layout) { l.Question.Path = "api" }, []string{"question.path must start with /"}},
		{"no phrases", func(l *layout) { l.Captcha, l.Maintenance = nil, []string{"x", ""} }, []string{"captcha needs", "maintenance needs"}},
		{"empty negation", func(l *layout) { l.Negations["en"] = []string{""} }, []string{"negations.en needs"}},
		{"no negations", func(l *layout) { l.Negations = map[string][]string{} }, []string{"negations.cs needs", "negations.en needs"}},
		{"negations of one language", func(l *layout) { delete(l.Negations, "cs") }, []string{"negations.cs needs"}},
		{"no leads", func(l *layout) { l.Leads = nil }, []string{"leads.cs needs", "leads.en needs"}},
		{"no classes", func(l *layout) {
			for i := range l.Statuses {
				l.Statuses[i].Classes, l.Statuses[i].Links, l.Statuses[i].States = nil, nil, nil
			}
		}, []string{"(not_found): classes is empty", "(granted): classes is empty", "(suspended): classes is empty"}},
		{"a status like a format", func(l *layout) { l.Statuses[0].Status = "%d%s" }, []string{"statuses[0] (%d%s): there is no such status"}},
		{"status missing", func(l *layout) { l.Statuses = l.Statuses[1:] }, []string{"status not_found is missing"}},
		{"status twice", func(l *layout) { l.Statuses = append(l.Statuses, l.Statuses[0]) }, []string{"status not_found is there twice"}},
		{"status that cannot be read", func(l *layout) { l.Statuses[0].Status = visa.Unknown }, []string{"no such status", "not_found is missing"}},
		{"same words", func(l *layout) {
			l.Statuses[0].Words["en"] = wording{Sentence: []string{"Was  GRANTED"}}
		}, []string{`"en: was granted" stands for both not_found and granted`}},
		{"no words", func(l *layout) { l.Statuses[2].Words = nil }, []string{"statuses[2] (refused): words are missing"}},
		{"blank words", func(l *layout) {
			l.Statuses[2].Words["en"] = wording{Bold: []string{""}}
			l.Statuses[2].Links = []string{""}
		}, []string{"words.en.sentence is empty", "words.en has an empty text", "classes, links and states"}},
		{"several things", func(l *layout) { l.Version, l.Form.Year = 9, "" }, []string{"version is 9", "form.year is empty"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := override(t, tt.change)
			_, err := New(Config{LayoutFile: file})
			if err == nil {
				t.Fatal("the layout was taken")
			}
			for _, part := range append(tt.want, file, "correct it, or remove it") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

func TestDamagedLayoutFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":         "",
		"half":          `{"version": 1, "form": {`,
		"unknown field": strings.Replace(string(embeddedLayout), `"zov":`, `"zovv":`, 1),
		"two objects":   string(embeddedLayout) + "{}",
		"huge":          string(embeddedLayout) + strings.Repeat(" ", maxLayoutFile),
	} {
		file := filepath.Join(t.TempDir(), "portal-layout.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{LayoutFile: file}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := New(Config{LayoutFile: t.TempDir()}); err == nil {
		t.Error("a directory was taken for a layout")
	}
}

func TestReplacedLayoutChangesWhatIsRead(t *testing.T) {
	t.Parallel()
	text := `Visa application number<strong> ZZZZ202508149001 </strong>has been <b>handed over</b>.`
	if got := read(t, mustLayout(t), text, answer{}); got.status != visa.Unknown {
		t.Fatalf("built in: %s", got.status)
	}
	file := override(t, func(l *layout) {
		i := slices.IndexFunc(l.Statuses, func(s statusLayout) bool { return s.Status == visa.InProgress })
		l.Statuses[i].Words["en"] = wording{Sentence: []string{"handed over"}, Bold: []string{"handed over"}}
	})
	l, err := loadLayout(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, l, text, answer{}); got.status != visa.InProgress {
		t.Errorf("replaced: %s", got.status)
	}
}

func TestBadPortalAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"ipc.gov.cz", "ftp://ipc.gov.cz/", "https://", "://"} {
		if _, err := New(Config{URL: address}); err == nil {
			t.Errorf("%s was taken", address)
		}
	}
}

func mustLayout(tb testing.TB) layout {
	tb.Helper()
	l, err := loadLayout("")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// read classifies a text about the number zov1.
func read(tb testing.TB, l layout, text string, a answer) reading {
	tb.Helper()
	a.page = DefaultURL
	return l.classify(a, readMessage(text), newNumbers(), visa.Query{ZOV: zov1})
}
