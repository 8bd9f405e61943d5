package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func TestExportComesBack(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		plain bool
	}{{"sealed", false}, {"plain", true}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			from := lived(t)
			text := from.exported(t, Scope{Owner: jana, Secrets: true, Plain: tc.plain})
			if strings.Contains(text, "Ludmila") != tc.plain {
				t.Errorf("people are in plain: %v, want %v", !tc.plain, tc.plain)
			}
			into := newMemory()
			dry := into.target(jana)
			dry.DryRun = true
			want := Report{DryRun: true, Channels: Tally{Added: 1}, Applications: Tally{Added: 2}, People: Tally{Added: 1}, Refused: []Refusal{}}
			if diff := cmp.Diff(want, imported(t, text, dry)); diff != "" || len(into.apps)+len(into.channels)+len(into.people) > 0 {
				t.Errorf("a dry run: -want +got\n%s%d applications were stored", diff, len(into.apps))
			}
			want.DryRun = false
			if diff := cmp.Diff(want, imported(t, text, into.target(jana))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			want.Channels, want.Applications, want.People = Tally{Skipped: 1}, Tally{Skipped: 2}, Tally{Skipped: 1}
			if diff := cmp.Diff(want, imported(t, text, into.target(jana))); diff != "" {
				t.Errorf("again: -want +got\n%s", diff)
			}
			sameApplications(t, from, into)
		})
	}
}

// sameApplications holds what Jana watches on both against one another.
func sameApplications(t *testing.T, from, into *memory) {
	t.Helper()
	for _, was := range from.apps {
		own := was.Watcher(jana)
		if own == nil {
			continue
		}
		is, err := find(slices.Collect(maps.Values(into.apps)), watch.ErrNotFound, func(a watch.Application) bool { return a.Reference == was.Reference })
		if err != nil {
			t.Error(err)
			continue
		}
		w := *is.Watcher(jana)
		w.Channels, own.Channels = nil, nil // They have other IDs.
		if diff := cmp.Diff(*own, w); diff != "" {
			t.Errorf("-was +is\n%s", diff)
		}
		st := is.State
		if st.Status != was.State.Status || !st.Since.Equal(was.State.Since) || st.Answer != was.State.Answer || !st.Imported || st.Trouble != nil || st.Asked != nil {
			t.Errorf("the state is %+v", st)
		}
		if diff := cmp.Diff(from.history[was.ID], into.history[is.ID]); diff != "" {
			t.Errorf("-was +is\n%s", diff)
		}
	}
}

func TestExportHoldsOnlyWhatIsTheOwners(t *testing.T) {
	t.Parallel()
	m := lived(t)
	for _, tc := range []struct {
		name  string
		scope Scope
		has   []string
		not   []string
	}{
		{"jana", Scope{Owner: jana}, []string{"Anna", "Jana Quetzal", `"missing":["token"]`, "BEGIN AGE ENCRYPTED FILE", "TEST90001"[:0]}, []string{"Niece", "Petr", "tk_secret", "Ludmila", "TEST90001", "hash-of-a-password", "TEST202502209002", string(petr)}},
		{"jana with secrets, in plain", Scope{Owner: jana, Secrets: true, Plain: true}, []string{"tk_secret", "Ludmila", "TEST90001"}, []string{"Niece", "hash-of-a-password"}},
		{"petr, who came later and was told nothing", Scope{Owner: petr}, []string{"Niece", "ZZZZ202501159001"}, []string{"Anna", "An older wording", string(jana), "Ludmila"}},
		{"the group", Scope{Owner: account.OfGroup(m.groups[0].ID)}, []string{"sons", "Jana Quetzal", "Petr Xylander"}, []string{"Anna", "Niece"}},
		{"everything", Scope{}, []string{"Anna", "Niece", "sons", "Jana Quetzal", "Petr Xylander"}, []string{"hash-of-a-password", "tk_secret", "Ludmila"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			text := m.exported(t, tc.scope)
			for _, want := range tc.has {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			for _, not := range tc.not {
				if strings.Contains(text, not) {
					t.Errorf("%q is in\n%s", not, text)
				}
			}
			var whole Archive
			if err := json.Unmarshal([]byte(text), &whole); err != nil || whole.Version != Version {
				t.Errorf("version %d, %v", whole.Version, err)
			}
		})
	}
}

func TestWholeComesBackToOthers(t *testing.T) {
	t.Parallel()
	text := lived(t).exported(t, Scope{Secrets: true})
	for _, dry := range []bool{true, false} {
		into := newMemory()
		target := into.target("")
		target.Owner, target.Trusted, target.DryRun = Recreate(into, into, dry), true, dry
		got := imported(t, text, target)
		want := Report{DryRun: dry, Channels: Tally{Added: 2}, Applications: Tally{Added: 4}, People: Tally{Added: 1}, Refused: []Refusal{}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if dry {
			continue
		}
		if len(into.users) != 2 || into.users[0].Role != account.Admin || len(into.groups) != 1 || len(into.groups[0].Members) != 2 || !into.channels[0].Operator {
			t.Errorf("there are %+v, %+v, %+v", into.users, into.groups, into.channels)
		}
		if u := into.users[0]; u.Language != "cs" || u.Theme != account.Dark {
			t.Errorf("how a user likes the pages is lost: %+v", u)
		}
		if c := into.channels[1]; c.Quiet != (alert.Quiet{From: "22:00", To: "07:00", Decisions: true}) || c.Digest != "18:00" || c.Zone != "Asia/Ho_Chi_Minh" {
			t.Errorf("the times of a channel are lost: %+v", c)
		}
		// Who was told nothing sees nothing before an answer comes.
		for _, a := range into.apps {
			if w := a.Watcher(account.OfUser(into.users[1].ID)); w != nil && len(a.Watchers) == 2 && (w.Told != "" || w.Knew != visa.InProgress) {
				t.Errorf("told %q, knew %q", w.Told, w.Knew)
			}
		}
		target.Owner = Recreate(into, into, false)
		if again := imported(t, text, target); again.Applications != (Tally{Skipped: 4}) || len(into.users) != 2 || len(into.groups) != 1 {
			t.Errorf("again: %+v", again)
		}
	}
}

func TestImportCompletes(t *testing.T) {
	t.Parallel()
	from := lived(t)
	text := from.exported(t, Scope{Owner: jana, Secrets: true, Plain: true})
	into := newMemory()
	ref := reference(t, "ZZZZ202501159001")
	other := watch.Application{ID: watch.NewID(time.Now()), Reference: ref, State: watch.State{Status: visa.NotFound, Valid: visa.NotFound}, Watchers: []watch.Watcher{{Owner: jana}, {Owner: petr, Told: visa.NotFound}}}
	into.apps[other.ID] = other
	if got := imported(t, text, into.target(jana)); got.Applications != (Tally{Added: 1, Completed: 1}) {
		t.Errorf("%+v", got.Applications)
	}
	is := into.apps[other.ID]
	entered := from.apps["018f00000000aaaaaaaaaaaaaaaa"].Watchers[0]
	if w := is.Watcher(jana); w.Purpose != visa.EmployeeCard || w.Dates != entered.Dates || w.Dates.PauseDays != 4 {
		t.Errorf("of the proceedings is known %s, %+v", w.Purpose, w.Dates)
	}
	if w := is.Watcher(jana); w.Label != "Anna" || w.Note == "" || len(w.Channels) != 1 || w.Told != "" {
		t.Errorf("the watcher is %+v", w)
	}
	if is.State.Status != visa.NotFound || is.State.Imported || cmp.Diff(other.Watcher(petr), is.Watcher(petr)) != "" {
		t.Errorf("an archive has changed what others see: %+v", is.State)
	}
	for id, p := range into.people {
		p.Documents, p.Nationality = nil, ""
		into.people[id] = p
	}
	if got := imported(t, text, into.target(jana)); got.People != (Tally{Completed: 1}) {
		t.Errorf("%+v", got.People)
	}
	for _, p := range into.people {
		if len(p.Documents) != 1 || p.Nationality != "UKR" || len(p.Applications) != 1 || p.Applications[0] != string(other.ID) {
			t.Errorf("the person is %+v", p)
		}
	}
}

// defect D5: no answer yet, and a check that failed, became the status "unknown",
// which was never asked about again.
func TestNoAnswerIsNoStatus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, state string }{
		{"no state", ""},
		{"an empty state", `,"state":{}`},
		{"an empty status", `,"state":{"status":""}`},
		{"a check that failed", `,"state":{"checked_at":"2026-01-02T03:04:05Z"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			into := newMemory()
			text := owned("", fmt.Sprintf(`{"id":"a","reference":"TEST202502209002","watchers":[{"owner":%q}]%s}`, jana, tc.state), "")
			if got := imported(t, text, into.target(jana)); got.Applications != (Tally{Added: 1}) {
				t.Fatalf("%+v", got)
			}
			for _, a := range into.apps {
				if a.State.Status != "" || a.State.Valid != "" || a.State.Imported || a.State.Trouble != nil {
					t.Errorf("the state is %+v", a.State)
				}
			}
		})
	}
}

// owned is an archive of Jana's with these lists.
func owned(channels, applications, people string) string {
	return fmt.Sprintf(`{"format":%q,"version":1,"exported_at":"2026-01-02T03:04:05Z","owners":[{"id":%q,"name":"Jana"}],"channels":[%s],"applications":[%s],"people":[%s],"deliveries":[]}`,
		Format, jana, channels, applications, people)
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	app := func(rest string) string {
		return fmt.Sprintf(`{"id":"a","reference":"TEST202502209002","watchers":[{"owner":%q%s}]}`, jana, rest)
	}
	stated := func(rest string) string {
		return fmt.Sprintf(`{"id":"a","reference":"TEST202502209002","watchers":[{"owner":%q}],%s}`, jana, rest)
	}
	person := func(rest string) string { return fmt.Sprintf(`{"owner":%q,"name":"Eva Secretova"%s}`, jana, rest) }
	channel := func(rest string) string {
		return fmt.Sprintf(`{"id":"c","owner":%q,"name":"Phone","kind":"ntfy","privacy":"full","language":"en"%s}`, jana, rest)
	}
	sealedFor := func(inner account.Owner) string {
		e := NewExporter(ExporterConfig{Sealer: box{}})
		sealed, err := e.seal(Person{Owner: inner, Name: "Eva Secretova"})
		if err != nil {
			t.Fatal(err)
		}
		sealed.Owner = jana
		text, err := json.Marshal(sealed)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, tc := range []struct {
		name, channels, applications, people string
		at, reason                           string
	}{
		{name: "a number that is none", applications: strings.Replace(app(""), "TEST2025", "TEST2O25", 1), at: "applications[0]", reason: "letter"},
		{name: "the second of two", applications: app("") + "," + app(`,"label":"a\nb"`), at: "applications[1].watchers[0]", reason: "label: "},
		{name: "an interval that is none", applications: app(`,"interval":"often"`), at: "applications[0].watchers[0]", reason: "interval: "},
		{name: "a purpose there is not", applications: app(`,"purpose":"Secretova"`), at: "applications[0].watchers[0]", reason: "purpose: "},
		{name: "a day of filing to come", applications: app(`,"dates":{"filed":"2999-01-01"}`), at: "applications[0].watchers[0]", reason: "dates.filed: "},
		{name: "a day of filing that is none", applications: app(`,"dates":{"filed":"Secretova"}`), at: "applications[0]", reason: "another type"},
		{name: "an owner who is not there", applications: strings.Replace(app(""), string(jana), string(petr), 1), at: "applications[0].watchers[0]", reason: "owner"},
		{name: "nobody watches", applications: `{"id":"a","reference":"TEST202502209002","watchers":[]}`, at: "applications[0]", reason: "watchers"},
		{name: "a watcher twice", applications: fmt.Sprintf(`{"id":"a","reference":"TEST202502209002","watchers":[{"owner":%q},{"owner":%q}]}`, jana, jana), at: "applications[0].watchers[1]", reason: "already"},
		{name: "a field that is not known", applications: app(`,"Secretova":1`), at: "applications[0]", reason: "not known"},
		{name: "a field of another type", applications: app(`,"label":1`), at: "applications[0]", reason: "another type"},
		{name: "a time that is none", applications: app(`,"added_at":"Secretova"`), at: "applications[0]", reason: "another type"},
		{name: "a null", applications: app(`,"label":null`), at: "applications[0]", reason: "null"},
		{name: "a field twice", applications: app(`,"label":"a","LABEL":"b"`), at: "applications[0]", reason: "twice"},
		{name: "bytes that are no text", applications: app(`,"label":"` + "\xff" + `"`), at: "applications[0]", reason: "UTF-8"},
		{name: "no object", applications: `"Secretova"`, at: "applications[0]", reason: "object"},
		{name: "deep", applications: app(`,"channels":` + strings.Repeat("[", 50) + strings.Repeat("]", 50)), at: "applications[0]", reason: "deep"},
		{name: "a status there is not", applications: stated(`"state":{"status":"Secretova"}`), at: "applications[0]", reason: "status"},
		{name: "a status that contradicts itself", applications: stated(`"state":{"status":"granted","valid":"refused"}`), at: "applications[0]", reason: "two things"},
		{name: "a link that is a script", applications: stated(`"state":{"status":"granted","valid":"granted","answer":{"link":"javascript:Secretova"}}`), at: "applications[0]", reason: "https://"},
		{name: "a link in the history that is a script", applications: stated(`"history":[{"at":"2026-01-02T03:04:05Z","kind":"changed","answer":{"link":"javascript:Secretova"}}]`), at: "applications[0]", reason: "history[0]: answer: has a link"},
		{name: "a history of another kind", applications: stated(`"history":[{"at":"2026-01-02T03:04:05Z","kind":"Secretova"}]`), at: "applications[0]", reason: "history[0]"},
		{name: "a channel of another kind", channels: strings.Replace(channel(""), "ntfy", "Secretova", 1), at: "channels[0]", reason: "kind: "},
		{name: "a channel without its secrets", channels: channel(`,"fields":{"topic":"x"},"missing":["token"]`), at: "channels[0]", reason: "secrets"},
		{name: "a channel with half of quiet hours", channels: channel(`,"fields":{"topic":"x"},"quiet":{"from":"22:00"}`), at: "channels[0]", reason: "quiet: "},
		{name: "a channel with a digest at no time", channels: channel(`,"fields":{"topic":"x"},"digest":"Secretova"`), at: "channels[0]", reason: "digest: "},
		{name: "a channel in no zone", channels: channel(`,"fields":{"topic":"x"},"zone":"Secretova"`), at: "channels[0]", reason: "zone: "},
		{name: "a channel in no language", channels: strings.Replace(channel(`,"fields":{"topic":"x"}`), `"en"`, `"Secretova"`, 1), at: "channels[0]", reason: "language: "},
		{name: "a channel twice", channels: channel(`,"fields":{"topic":"x"}`) + "," + channel(`,"fields":{"topic":"y"}`), at: "channels[1]", reason: "another channel"},
		{name: "a person without a name", people: fmt.Sprintf(`{"owner":%q}`, jana), at: "people[0]", reason: "name: is missing"},
		{name: "a person of the future", people: person(`,"birth_date":"2999-01-01"`), at: "people[0]", reason: "birth_date: "},
		{name: "a day that is none", people: person(`,"birth_date":"Secretova"`), at: "people[0]", reason: "another type"},
		{name: "a document of another kind", people: person(`,"documents":[{"kind":"Secretova"}]`), at: "people[0]", reason: "documents[0].kind"},
		{name: "an age file that is none", people: fmt.Sprintf(`{"owner":%q,"age":"Secretova"}`, jana), at: "people[0]", reason: "armored"},
		{name: "an age file for another key", people: fmt.Sprintf(`{"owner":%q,"age":%q}`, jana, armored([]byte("other"))), at: "people[0]", reason: "key"},
		{name: "an age file of another owner", people: sealedFor(petr), at: "people[0]", reason: "another owner"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := imported(t, owned(tc.channels, tc.applications, tc.people), newMemory().target(jana))
			if len(got.Refused) != 1 || got.Refused[0].At != tc.at || !strings.Contains(got.Refused[0].Reason, tc.reason) {
				t.Fatalf("%+v, want %s: …%s…", got.Refused, tc.at, tc.reason)
			}
			if strings.Contains(got.Refused[0].Reason, "Secretova") {
				t.Errorf("the reason holds what stands there: %s", got.Refused[0].Reason)
			}
			if got.Channels.Refused+got.Applications.Refused+got.People.Refused != 1 || got.RefusedInAll != 1 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestImportOfNoArchive(t *testing.T) {
	t.Parallel()
	whole := owned("", "", "")
	for _, tc := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrFormat},
		{"a list", "[]", ErrFormat},
		{"another format", strings.Replace(whole, "visa-monitor", "other", 1), ErrFormat},
		{"a newer version", strings.Replace(whole, `"version":1`, `"version":2`, 1), ErrNewer},
		{"no version", strings.Replace(whole, `"version":1`, `"version":0`, 1), ErrFormat},
		{"cut short", whole[:len(whole)-1], ErrFormat},
		{"cut short in an item", owned("", `{"id":"`, "")[:200], ErrFormat},
		{"without a part", strings.Replace(whole, `,"deliveries":[]`, "", 1), ErrFormat},
		{"a part that is not known", strings.Replace(whole, `"deliveries"`, `"tokens"`, 1), ErrFormat},
		{"a part twice", strings.Replace(whole, `"people":[]`, `"applications":[],"people":[]`, 1), ErrFormat},
		{"another order", strings.Replace(whole, `"applications":[],"people":[]`, `"people":[],"applications":[]`, 1), ErrFormat},
		{"more behind it", whole + "{}", ErrFormat},
		{"an item that is too large", owned("", `{"id":"`+strings.Repeat("x", maxItem)+`"}`, ""), ErrFormat},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Import(t.Context(), strings.NewReader(tc.text), newMemory().target(jana)); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
		})
	}
	if _, err := Import(t.Context(), strings.NewReader(whole), newMemory().target(jana)); err != nil {
		t.Errorf("the whole: %v", err)
	}
}

func TestImportEndsWithTheErrorsOfOthers(t *testing.T) {
	t.Parallel()
	text := owned("", fmt.Sprintf(`{"id":"a","reference":"TEST202502209002","watchers":[{"owner":%q}]}`, jana), "")
	m, full := newMemory(), errors.New("no space left")
	m.broken = full
	if _, err := Import(t.Context(), strings.NewReader(text), m.target(jana)); !errors.Is(err, full) {
		t.Errorf("of the store: %v", err)
	}
	cut := errors.New("the line was cut")
	if _, err := Import(t.Context(), io.MultiReader(strings.NewReader(text[:150]), failing{cut}), newMemory().target(jana)); !errors.Is(err, cut) {
		t.Errorf("of the reader: %v", err)
	}
	second := strings.Replace(text, `"name":"Jana"}`, fmt.Sprintf(`"name":"Jana"},{"id":%q,"name":"Petr"}`, petr), 1)
	if got := imported(t, second, newMemory().target(jana)); len(got.Refused) != 1 || got.Refused[0].At != "owners[1]" {
		t.Errorf("a second owner: %+v", got)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzImport(f *testing.F) {
	m := lived(f)
	f.Add(m.exported(f, Scope{Owner: jana, Secrets: true}))
	f.Add(m.exported(f, Scope{Secrets: true, Plain: true}))
	f.Add(owned("", "", fmt.Sprintf(`{"owner":%q,"name":"A","documents":[{"kind":"visa"}]}`, jana)))
	f.Fuzz(func(t *testing.T, text string) {
		into := newMemory()
		target := into.target("")
		target.Trusted, target.Owner = true, Recreate(into, into, false)
		_, _ = Import(t.Context(), strings.NewReader(text), target)
		today := civil.DateOf(time.Now().UTC())
		for _, a := range into.apps {
			if a.Reference.IsZero() || len(a.Watchers) == 0 || a.State.Status != "" && !a.State.Status.Valid() {
				t.Errorf("took in %+v", a)
			}
			for _, w := range a.Watchers {
				if err := w.Validate(minInterval, time.Now()); err != nil {
					t.Errorf("took in a watcher: %v", err)
				}
			}
		}
		for _, p := range into.people {
			if err := p.Validate(today); err != nil {
				t.Errorf("took in a person: %v", err)
			}
		}
		for _, c := range into.channels {
			if err := validate(c); err != nil {
				t.Errorf("took in a channel: %v", err)
			}
		}
	})
}
