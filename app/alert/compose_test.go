package alert_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/visa"
)

var update = flag.Bool("update", false, "write the golden files anew")

const baseURL = "https://watch.example.com/"

func catalogues(t testing.TB) *locale.Catalogues {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	c, err := locale.Load(zone)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reference(t testing.TB, s string) visa.Reference {
	t.Helper()
	ref, err := visa.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// stories are the notifications there are, by the name of their golden file.
func stories(t testing.TB) map[string]alert.Notification {
	t.Helper()
	at := time.Date(2026, 11, 22, 13, 5, 0, 0, time.UTC)
	about := func(kind alert.Kind, from, to visa.Status) alert.Notification {
		return alert.Notification{
			Kind: kind, ApplicationID: "appid234567", Label: "Anna, studies",
			Reference: reference(t, "ZZZZ202508090001"), From: from, To: to, At: at,
			Text: "The portal says something official\nabout the visa application ZZZZ202508090001.\n\n  For information only.",
		}
	}
	notice := func(kind alert.Kind, subject, detail string) alert.Notification {
		return alert.Notification{Kind: kind, Subject: subject, Detail: detail, Since: at.Add(-3 * time.Hour), At: at}
	}
	over := func(n alert.Notification) alert.Notification {
		n.Resolved, n.Detail, n.Since = true, "", time.Time{}
		return n
	}
	all := map[string]alert.Notification{
		"test":                 {Kind: alert.Test, At: at},
		"gone":                 about(alert.StatusChanged, visa.InProgress, visa.NotFound),
		"found":                about(alert.StatusChanged, visa.NotFound, visa.InProgress),
		"cannot_check":         about(alert.CannotCheck, "", ""),
		"can_check":            over(about(alert.CannotCheck, "", "")),
		"nothing_checked":      notice(alert.NothingChecked, "czmoi", "throttled"),
		"nothing_checked_over": over(notice(alert.NothingChecked, "czmoi", "")),
		"layout_changed":       notice(alert.LayoutChanged, "czmoi", "layout_changed"),
		"layout_changed_over":  over(notice(alert.LayoutChanged, "czmoi", "")),
		"no_backup":            notice(alert.NoBackup, "", ""),
		"no_backup_over":       over(notice(alert.NoBackup, "", "")),
		"no_copy":              notice(alert.NoCopy, "", ""),
		"no_copy_over":         over(notice(alert.NoCopy, "", "")),
		"channel_dead":         notice(alert.ChannelDead, "Anna's phone", "the server answered 401 Unauthorized"),
		"channel_dead_over":    over(notice(alert.ChannelDead, "Anna's phone", "")),
	}
	for _, d := range []struct {
		kind string
		left int
	}{{"passport", 180}, {"residence_card", 90}, {"visa", 7}, {"insurance", 2}, {"passport", 1}, {"residence_card", 0}, {"some later kind", 30}} {
		n := alert.Notification{
			Kind: alert.DocumentExpires, PersonID: "personid234567", DocumentID: "docid234567", Label: "Ludmila Quetzal",
			Document: d.kind, DaysLeft: d.left, Expires: at.AddDate(0, 0, d.left).Format(time.DateOnly), At: at,
		}
		all[fmt.Sprintf("document_%s_%d", strings.ReplaceAll(d.kind, " ", "_"), d.left)] = n
	}
	for _, s := range visa.Statuses() {
		all["first_"+string(s)] = about(alert.FirstAnswer, "", s)
		if s != visa.NotFound && s != visa.InProgress {
			all["changed_"+string(s)] = about(alert.StatusChanged, visa.InProgress, s)
		}
	}
	granted := all["changed_granted"]
	granted.Reference, granted.Label = reference(t, "OAM-90001-6/DP-2025"), ""
	granted.Link = "https://ipc.gov.cz/en/administrative-proceedings/application-granted/#from-the-portal"
	all["changed_granted_oam_without_label"] = granted
	return all
}

func privacies() []alert.Privacy { return []alert.Privacy{alert.Full, alert.Masked, alert.Silent} }

// golden compares got with a file below testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs:\n%s", path, diff)
	}
}

func TestComposeGolden(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	for name, n := range stories(t) {
		for _, lang := range cats.Languages() {
			t.Run(lang+"/"+name, func(t *testing.T) {
				t.Parallel()
				var b strings.Builder
				for _, p := range privacies() {
					m := alert.Compose(n, alert.Channel{Privacy: p}, cats.For(lang), baseURL)
					fmt.Fprintf(&b, "===== %s =====\nTitle: %s\nPriority: %d, tags: %s\nLink: %s\n\n%s\n\n",
						p, m.Title, m.Priority, strings.Join(m.Tags, " "), m.Link, m.Text)
				}
				golden(t, "messages/"+lang+"/"+name+".txt", b.String())
			})
		}
	}
}

func TestComposeGoldenHTML(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	all := stories(t)
	hostile := all["changed_refused"]
	hostile.Label = "<script>alert(1)</script>\r\nBcc: x@example.com"
	hostile.Text = `<img src=x onerror="alert(2)"> & <a href="javascript:alert(3)">here</a>` + "\u202e\x00"
	hostile.Link = "javascript:alert(4)"
	all["hostile"] = hostile
	for _, name := range []string{"changed_granted", "first_not_found", "channel_dead", "hostile"} {
		for _, lang := range cats.Languages() {
			m := alert.Compose(all[name], alert.Channel{Privacy: alert.Full}, cats.For(lang), baseURL)
			golden(t, "html/"+lang+"/"+name+".html", m.HTML)
			for _, bad := range []string{"<script", "<img", `href="javascript`} {
				if strings.Contains(m.HTML, bad) {
					t.Errorf("%s %s: the portal's text became HTML: %s", lang, name, bad)
				}
			}
		}
	}
}

// TestComposeReveals holds the privacy levels against what they must not tell.
func TestComposeReveals(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	for name, n := range stories(t) {
		for _, lang := range cats.Languages() {
			l := cats.For(lang)
			whole := func(p alert.Privacy) string {
				m := alert.Compose(n, alert.Channel{Privacy: p}, l, baseURL)
				return strings.Join([]string{m.Title, m.Text, m.HTML, m.Link, strings.Join(m.Tags, " ")}, "\n")
			}
			masked := whole(alert.Masked)
			for what, secret := range map[string]string{
				"the label": n.Label, "the name": "Ludmila", "the reference": n.Reference.String(), "the wording": n.Text,
				"the server's answer": n.Detail, "a channel's name": "Anna's phone",
			} {
				if secret != "" && n.Kind != alert.NothingChecked && n.Kind != alert.LayoutChanged && strings.Contains(masked, secret) {
					t.Errorf("%s %s: masked tells %s", lang, name, what)
				}
			}
			if strings.Contains(whole(alert.Full), "{") {
				t.Errorf("%s %s: a placeholder was left open", lang, name)
			}
		}
	}
}

// aboutAppliance reports whether n is an operator notice.
func aboutAppliance(n alert.Notification) bool {
	return n.Kind == alert.NothingChecked || n.Kind == alert.LayoutChanged || n.Kind == alert.ChannelDead || n.Kind == alert.NoBackup || n.Kind == alert.NoCopy
}

// TestComposeTellsNoticesAtEveryLevel: notices about the appliance hold nothing
// personal but a channel's name and what its server says.
func TestComposeTellsNoticesAtEveryLevel(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	for name, n := range stories(t) {
		if !aboutAppliance(n) {
			continue
		}
		want := alert.Full
		if n.Kind == alert.ChannelDead {
			want = alert.Masked
		}
		for _, privacy := range []alert.Privacy{alert.Masked, alert.Silent, "", "some later level"} {
			for _, lang := range cats.Languages() {
				m := alert.Compose(n, alert.Channel{Privacy: privacy}, cats.For(lang), baseURL)
				if diff := cmp.Diff(alert.Compose(n, alert.Channel{Privacy: want}, cats.For(lang), baseURL), m); diff != "" {
					t.Errorf("%s %s at level %q (-%s +got):\n%s", lang, name, privacy, want, diff)
				}
				if strings.Contains(m.Text, "Anna") || strings.Contains(m.Text, "401") {
					t.Errorf("%s %s at level %q tells too much:\n%s", lang, name, privacy, m.Text)
				}
			}
		}
	}
}

// TestComposeSilentIsAlwaysTheSame: whoever sees a silent message learns from
// no part of it what the news is, not even from its rank.
func TestComposeSilentIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	for _, privacy := range []alert.Privacy{alert.Silent, "", "some later level"} {
		for _, lang := range cats.Languages() {
			var first *alert.Message
			for name, n := range stories(t) {
				if n.Kind == alert.Test || aboutAppliance(n) {
					continue
				}
				m := alert.Compose(n, alert.Channel{Privacy: privacy}, cats.For(lang), baseURL)
				if first == nil {
					first = &m
				}
				if diff := cmp.Diff(*first, m); diff != "" {
					t.Errorf("%s %s at level %q gives itself away:\n%s", lang, name, privacy, diff)
				}
			}
		}
	}
}

func TestComposeSaysWhatMatters(t *testing.T) {
	t.Parallel()
	cats, all := catalogues(t), stories(t)
	elsewhere := all["nothing_checked"]
	elsewhere.Subject = "somewhere"
	all["nothing_checked_elsewhere"] = elsewhere
	tests := []struct {
		story, lang string
		privacy     alert.Privacy
		want        string
	}{
		{"first_in_progress", "en", alert.Full, "watching works"},
		{"changed_refused", "en", alert.Masked, "15 days, counted from the day the letter is DELIVERED"},
		{"changed_refused", "cs", alert.Full, "15 dnů a počítají se ode dne, kdy vám byla písemnost DORUČENA"},
		{"changed_granted", "en", alert.Full, "https://ipc.gov.cz/en/administrative-proceedings/application-granted/"},
		{"changed_granted_oam_without_label", "cs", alert.Full, "#from-the-portal"},
		{"changed_granted", "en", alert.Full, "> about the visa application ZZZZ202508090001."},
		{"gone", "en", alert.Full, "That is not a decision."},
		{"document_passport_180", "en", alert.Full, "Ludmila Quetzal – Passport: the last day is 21 May 2027. 180 days are left."},
		{"document_passport_1", "en", alert.Masked, "1 day is left"},
		{"document_residence_card_0", "cs", alert.Full, "dnes, 22. listopadu 2026, je poslední den"},
		{"document_insurance_2", "cs", alert.Masked, "zbývají 2 dny"},
		{"document_residence_card_90", "en", alert.Full, "Official page: https://ipc.gov.cz/en/"},
		{"document_some_later_kind_30", "en", alert.Masked, "Document of somebody whose documents are kept here"},
		{"changed_unknown", "en", alert.Full, "words this program does not know"},
		{"changed_unknown", "en", alert.Masked, "Look yourself"},
		{"nothing_checked", "en", alert.Full, "the portal asked for fewer requests"},
		{"nothing_checked", "en", alert.Silent, "Source: the Ministry's portal."},
		{"layout_changed", "cs", alert.Full, "Zdroj: portál ministerstva."},
		{"nothing_checked_elsewhere", "en", alert.Full, "Source: somewhere."},
		{"first_in_progress", "en", alert.Silent, "There is a new message about something you follow."},
		{"first_in_progress", "cs", alert.Silent, "na stránce se sledovanými žádostmi"},
		{"changed_preliminarily_positive", "en", alert.Full, "preliminarily assessed positively. That is not a decision yet."},
		{"changed_preliminarily_positive", "cs", alert.Full, "předběžně vyhodnocena kladně. Rozhodnutí to ještě není."},
	}
	for _, tt := range tests {
		m := alert.Compose(all[tt.story], alert.Channel{Privacy: tt.privacy}, cats.For(tt.lang), baseURL)
		if !strings.Contains(m.Text, tt.want) {
			t.Errorf("%s %s %s lacks %q:\n%s", tt.lang, tt.story, tt.privacy, tt.want, m.Text)
		}
	}
}

func TestComposeLinks(t *testing.T) {
	t.Parallel()
	l, all := catalogues(t).For("en"), stories(t)
	const usual = "https://ipc.gov.cz/en/administrative-proceedings/application-granted/"
	tests := map[string]struct {
		portal string
		passed bool
	}{
		"of the portal":       {"https://ipc.gov.cz/x/", true},
		"of the ministry":     {"https://www.mvcr.cz/x", true},
		"of a subdomain":      {"https://prod.frs.gov.cz/x", true},
		"not encrypted":       {"http://ipc.gov.cz/x/", false},
		"of a look-alike":     {"https://ipc-gov.cz/x/", false},
		"ending alike":        {"https://notgov.cz/x/", false},
		"with a name in it":   {"https://gov.cz@evil.example/", false},
		"with another port":   {"https://ipc.gov.cz:8443/", false},
		"of a replica":        {"http://127.0.0.1:9999/x/", false},
		"a script":            {"javascript:alert(1)", false},
		"not a link":          {"https://ipc.gov.cz/\x7f", false},
		"missing":             {"", false},
		"of a private domain": {"https://gov.cz.evil.example/", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := all["changed_granted"]
			n.Link = tt.portal
			m := alert.Compose(n, alert.Channel{Privacy: alert.Full}, l, "")
			want := usual
			if tt.passed {
				want = tt.portal
			}
			if !strings.Contains(m.Text, "Official page: "+want+"\n") {
				t.Errorf("official page is not %s:\n%s", want, m.Text)
			}
			if m.Link != "" {
				t.Errorf("link is %q without the appliance's own address", m.Link)
			}
		})
	}
}

func TestComposeBounds(t *testing.T) {
	t.Parallel()
	cats := catalogues(t)
	for name, n := range stories(t) {
		n.Label = strings.Repeat("ň", 150) + "\nline\tbreak"
		n.Text = strings.Repeat("Řízení bylo přerušeno. ", 500)
		n.Subject, n.Detail = strings.Repeat("ch ", 300), strings.Repeat("d ", 3000)
		for _, lang := range cats.Languages() {
			m := alert.Compose(n, alert.Channel{Privacy: alert.Full}, cats.For(lang), baseURL)
			if strings.ContainsAny(m.Title, "\r\n\t") || utf8.RuneCountInString(m.Title) > 120 || m.Title == "" {
				t.Errorf("%s %s: title is %q", lang, name, m.Title)
			}
			// ntfy makes an attachment of what is longer than 4,096 bytes.
			if len(m.Text) > 4096 || !utf8.ValidString(m.Text) {
				t.Errorf("%s %s: the text has %d bytes", lang, name, len(m.Text))
			}
			if m.Priority < 1 || m.Priority > 5 || len(m.Tags) == 0 {
				t.Errorf("%s %s: priority %d, tags %v", lang, name, m.Priority, m.Tags)
			}
		}
	}
}
