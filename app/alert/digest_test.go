package alert_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

// digests are what may come together, by the name of the golden file.
func digests(t testing.TB) map[string][]alert.Notification {
	t.Helper()
	all := stories(t)
	at := func(n alert.Notification, app string, minutes int) alert.Notification {
		n.At = n.At.Add(time.Duration(minutes) * time.Minute)
		n.ApplicationID, n.Label = app, "Label of "+app
		return n
	}
	person := all["document_passport_1"]
	many := make([]alert.Notification, 200)
	for i := range many {
		many[i] = at(all["changed_suspended"], fmt.Sprintf("app%d", i), i)
	}
	return map[string][]alert.Notification{
		"three": {at(all["changed_suspended"], "one", 0), at(all["first_in_progress"], "two", 10), person},
		// The newer change stands behind the older one, and the other one after both.
		"superseded": {at(all["changed_suspended"], "one", 0), at(all["changed_granted"], "two", 10), at(all["changed_preliminarily_positive"], "one", 20)},
		"operator":   {all["nothing_checked"], at(all["changed_refused"], "one", 5), all["nothing_checked_over"], all["channel_dead"]},
		"many":       many,
	}
}

func TestComposeDigestGolden(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	for name, ns := range digests(t) {
		for _, lang := range []string{"en", "cs"} {
			t.Run(lang+"/"+name, func(t *testing.T) {
				t.Parallel()
				var b strings.Builder
				for _, p := range privacies() {
					m := alert.ComposeDigest(ns, alert.Channel{Privacy: p}, cats.For(lang), baseURL)
					fmt.Fprintf(&b, "===== %s =====\nTitle: %s\nPriority: %d, tags: %s\nLink: %s\n\n%s\n\n",
						p, m.Title, m.Priority, strings.Join(m.Tags, " "), m.Link, m.Text)
					if p == alert.Full && name == "superseded" {
						golden(t, "html/"+lang+"/digest.html", m.HTML)
					}
				}
				golden(t, "messages/"+lang+"/digest_"+name+".txt", b.String())
			})
		}
	}
}

// TestComposeDigestTellsNoMore than the level allows, in any language and with
// whatever stands in the label.
func TestComposeDigestTellsNoMore(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	hostile := alert.Notification{
		Kind: alert.StatusChanged, ApplicationID: "appid234567", Label: "Ludmila\n<b>\u202e" + strings.Repeat("ž", 500),
		Reference: reference(t, "ZZZZ202508090001"), From: visa.InProgress, To: visa.Granted, At: time.Date(2026, 11, 22, 13, 5, 0, 0, time.UTC),
		Text: "the wording",
	}
	hidden := map[alert.Privacy][]string{
		alert.Full:   {"<b>", "\u202e", "the wording"},
		alert.Masked: {"Ludmila", "ZZZZ202508090001", "the wording"},
		alert.Silent: {"Ludmila", "ZZZZ", "the wording", "appid234567"},
	}
	for _, lang := range cats.Languages() {
		for _, p := range privacies() {
			m := alert.ComposeDigest(slices.Repeat([]alert.Notification{hostile}, 3), alert.Channel{Privacy: p}, cats.For(lang), baseURL)
			for _, secret := range hidden[p] {
				if strings.Contains(m.Title+m.HTML, secret) || secret != "<b>" && strings.Contains(m.Text, secret) {
					t.Errorf("%s, %s: tells %q:\n%s", lang, p, secret, m.Text)
				}
			}
			granted := cats.For(lang).Text("status.granted")
			if got := strings.Contains(m.Text, granted); got != (p != alert.Silent) {
				t.Errorf("%s, %s: names the status: %t", lang, p, got)
			}
			if p == alert.Silent && m.Priority != 3 {
				t.Errorf("%s: the rank gives the decision away: %d", lang, m.Priority)
			}
		}
	}
}

func TestComposeDigestLength(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	long := stories(t)["changed_granted"]
	long.Label = strings.Repeat("ž", 300)
	for _, lang := range cats.Languages() {
		for _, n := range []int{2, 20, 200} {
			m := alert.ComposeDigest(slices.Repeat([]alert.Notification{long}, n), alert.Channel{Privacy: alert.Full}, cats.For(lang), baseURL)
			if len(m.Text) > 4096 || !utf8.ValidString(m.Text) || utf8.RuneCountInString(m.Title) > 120 {
				t.Errorf("%s: %d bytes for %d, title %q", lang, len(m.Text), n, m.Title)
			}
		}
	}
}
