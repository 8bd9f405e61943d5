package alert_test

import (
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/alert"
)

// TestComposeOfADocument: how urgent it is grows in the last week, and only the
// full message names the person and the day.
func TestComposeOfADocument(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	for name, n := range stories(t) {
		if n.Kind != alert.DocumentExpires {
			continue
		}
		for _, lang := range cats.Languages() {
			l := cats.For(lang)
			expires, err := time.Parse(time.DateOnly, n.Expires)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range privacies() {
				m := alert.Compose(n, alert.Channel{Privacy: p}, l, baseURL)
				all := m.Title + m.Text + m.HTML
				if tells := strings.Contains(all, "Ludmila"); tells != (p == alert.Full) {
					t.Errorf("%s %s %s names the person: %v", lang, name, p, tells)
				}
				// On the last day every message shows the date, as the one on which it was seen.
				if tells := strings.Contains(all, l.Day(expires)); tells != (p == alert.Full) && n.DaysLeft > 0 {
					t.Errorf("%s %s %s tells the last day: %v", lang, name, p, tells)
				}
				want := 3
				if n.DaysLeft <= 7 && p != alert.Silent {
					want = 4
				}
				if m.Priority != want {
					t.Errorf("%s %s %s has the priority %d, want %d", lang, name, p, m.Priority, want)
				}
				page := baseURL + "people/" + n.PersonID
				if p == alert.Silent {
					page = baseURL
				}
				if m.Link != page {
					t.Errorf("%s %s %s leads to %s", lang, name, p, m.Link)
				}
			}
		}
	}
}

// TestComposeOfADocumentWithoutADay: a day that cannot be read is told as it stands.
func TestComposeOfADocumentWithoutADay(t *testing.T) {
	t.Parallel()
	n := alert.Notification{Kind: alert.DocumentExpires, Label: "Ludmila Quetzal", Document: "visa", Expires: "soon", DaysLeft: 3}
	m := alert.Compose(n, alert.Channel{Privacy: alert.Full}, catalogues(t).For("en"), "")
	if !strings.Contains(m.Text, "the last day is soon. 3 days are left.") || m.Link != "" {
		t.Errorf("link %q, text:\n%s", m.Link, m.Text)
	}
}
