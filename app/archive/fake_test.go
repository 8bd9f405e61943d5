package archive

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

const minInterval = 15 * time.Minute

// Owners of the tests.
var (
	jana = account.OfUser("0000000000000000000000000001")
	petr = account.OfUser("0000000000000000000000000002")
)

// memory is an appliance in memory: what an export reads and an import changes.
type memory struct {
	users    []account.User
	groups   []account.Group
	channels []alert.Channel
	apps     map[watch.ID]watch.Application
	history  map[watch.ID][]watch.Entry
	people   map[string]dossier.Person
	sent     []alert.Delivery
	broken   error // of every write
}

func newMemory() *memory {
	return &memory{apps: map[watch.ID]watch.Application{}, history: map[watch.ID][]watch.Entry{}, people: map[string]dossier.Person{}}
}

func (m *memory) Adopt(_ context.Context, batch []watch.Adoption, dry bool) ([]watch.Adopted, error) {
	done := make([]watch.Adopted, len(batch))
	apps := maps.Clone(m.apps)
	for i, ad := range batch {
		var stands watch.Application
		for _, a := range apps {
			if a.Reference.Identity() == ad.Reference.Identity() {
				stands = a
			}
		}
		done[i].Application, done[i].Fates = ad.Into(stands, time.Now())
		apps[done[i].Application.ID] = done[i].Application
		if !dry && stands.ID == "" {
			m.history[done[i].Application.ID] = ad.History
		}
	}
	if !dry && m.broken == nil {
		m.apps = apps
	}
	return done, m.broken
}

func (m *memory) Applications(_ context.Context, owners []account.Owner, after watch.ID, yield func(watch.Application) bool) error {
	for _, id := range slices.Sorted(maps.Keys(m.apps)) {
		watched := slices.ContainsFunc(owners, func(o account.Owner) bool { a := m.apps[id]; return a.Watcher(o) != nil })
		if id > after && watched && !yield(m.apps[id].Clone()) {
			break
		}
	}
	return nil
}

func (m *memory) History(_ context.Context, id watch.ID, most int) ([]watch.Entry, error) {
	entries := slices.Clone(m.history[id])
	slices.Reverse(entries)
	return entries[:min(len(entries), most)], nil
}

func (m *memory) Channels(context.Context) ([]alert.Channel, error) {
	return slices.Clone(m.channels), nil
}

func (m *memory) AddChannel(_ context.Context, c alert.Channel) error {
	m.channels = append(m.channels, c)
	return m.broken
}

func (m *memory) Deliveries(_ context.Context, before string, most int, want func(alert.Delivery) bool) (found []alert.Delivery, err error) {
	for _, d := range slices.Backward(m.sent) {
		if (before == "" || d.ID < before) && len(found) < most && want(d) {
			found = append(found, d)
		}
	}
	return found, nil
}

func (m *memory) People(_ context.Context, owners []account.Owner, after string, yield func(dossier.Person) bool) error {
	for _, id := range slices.Sorted(maps.Keys(m.people)) {
		if id > after && slices.Contains(owners, m.people[id].Owner) && !yield(m.people[id]) {
			break
		}
	}
	return nil
}

func (m *memory) AddPerson(_ context.Context, p dossier.Person) error {
	m.people[p.ID] = p
	return m.broken
}

func (m *memory) EditPerson(_ context.Context, id string, edit func(*dossier.Person) error) (dossier.Person, error) {
	p := m.people[id]
	if err := edit(&p); err != nil {
		return dossier.Person{}, err
	}
	m.people[id] = p
	return p, m.broken
}

func (m *memory) FirstUser(context.Context) (string, bool, error) {
	return "0000000000000000000000000001", len(m.users) > 0, nil
}

func (m *memory) Users(context.Context) ([]account.User, error) { return m.users, nil }

func (m *memory) User(_ context.Context, id string) (account.User, error) {
	return find(m.users, account.ErrNoUser, func(u account.User) bool { return u.ID == id })
}

func (m *memory) UserNamed(_ context.Context, name string) (account.User, error) {
	return find(m.users, account.ErrNoUser, func(u account.User) bool { return u.Name == name })
}

func (m *memory) AddUser(_ context.Context, n account.NewUser, role account.Role) (account.User, error) {
	u := account.User{ID: account.NewID(time.Now()), Name: n.Name, Role: role, Language: n.Language, Theme: n.Theme}
	m.users = append(m.users, u)
	return u, m.broken
}

func (m *memory) Group(_ context.Context, id string) (account.Group, error) {
	return find(m.groups, account.ErrNoGroup, func(g account.Group) bool { return g.ID == id })
}

func (m *memory) GroupsOf(_ context.Context, user string) (of []account.Group, err error) {
	for _, g := range m.groups {
		if g.Of(user) != "" {
			of = append(of, g)
		}
	}
	return of, nil
}

func (m *memory) AddGroup(_ context.Context, g account.Group) error {
	m.groups = append(m.groups, g)
	return m.broken
}

func find[T any](all []T, none error, isIt func(T) bool) (T, error) {
	if i := slices.IndexFunc(all, isIt); i >= 0 {
		return all[i], nil
	}
	var zero T
	return zero, none
}

// box seals by turning bytes round.
type box struct{}

var errSealed = errors.New("not sealed with this key")

func (box) SealFile(plain []byte) ([]byte, error) {
	return append([]byte("sealed\n"), turned(plain)...), nil
}

func (box) OpenFile(sealed []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("sealed\n"))
	if !ok {
		return nil, errSealed
	}
	return turned(plain), nil
}

func turned(b []byte) []byte {
	b = bytes.Clone(b)
	for i := range b {
		b[i] ^= 0xff
	}
	return b
}

func kinds() []alert.ChannelKind {
	return []alert.ChannelKind{{Name: "ntfy", Fields: []alert.ChannelField{{Name: "topic", Required: true}, {Name: "token", Secret: true}}}}
}

func validate(c alert.Channel) error {
	if c.Kind != "ntfy" || c.Fields["topic"] == "" {
		return &alert.FieldError{Field: "kind", Problem: "is none"}
	}
	return nil
}

// target returns where an import goes that is to be to's.
func (m *memory) target(to account.Owner) Target {
	return Target{
		Owner: To(to), Applications: m, Channels: m, People: m, Kinds: kinds(), Validate: validate, Languages: []string{"en", "cs"},
		MinInterval: minInterval, Zone: time.UTC, Opener: box{},
	}
}

// exported returns an archive of the appliance.
func (m *memory) exported(t testing.TB, s Scope) string {
	t.Helper()
	e := NewExporter(ExporterConfig{Applications: m, Messages: m, People: m, Accounts: m, Kinds: kinds(), Sealer: box{}})
	var out strings.Builder
	if err := e.Write(t.Context(), &out, s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func imported(t testing.TB, text string, into Target) Report {
	t.Helper()
	r, err := Import(t.Context(), strings.NewReader(text), into)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reference(t testing.TB, text string) visa.Reference {
	t.Helper()
	ref, err := visa.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// lived is an appliance on which Jana and Petr have lived: both watch one
// application, which Petr came to later, and each has another.
func lived(t testing.TB) *memory {
	t.Helper()
	m, now := newMemory(), time.Now().UTC().Truncate(time.Second)
	m.users = []account.User{
		{ID: "0000000000000000000000000001", Name: "Jana Quetzal", Role: account.Admin, Language: "cs", Theme: account.Dark, Password: "hash-of-a-password", CreatedAt: now},
		{ID: "0000000000000000000000000002", Name: "Petr Xylander", Role: account.Member, CreatedAt: now},
	}
	m.groups = []account.Group{{ID: "0000000000000000000000000003", Name: "Quetzal & sons", Kind: account.Family, CreatedAt: now, Members: []account.Membership{
		{User: "0000000000000000000000000001", Right: account.Own}, {User: "0000000000000000000000000002", Right: account.Read},
	}}}
	m.channels = []alert.Channel{
		{ID: account.NewID(now), Owner: jana, Name: "Phone", Kind: "ntfy", Fields: map[string]string{"topic": "jana", "token": "tk_secret"}, Privacy: alert.Full, Language: "cs", Operator: true, CreatedAt: now},
		{ID: account.NewID(now), Owner: petr, Name: "Tablet", Kind: "ntfy", Fields: map[string]string{"topic": "petr"}, Privacy: alert.Masked, Language: "en", Quiet: alert.Quiet{From: "22:00", To: "07:00", Decisions: true}, Digest: "18:00", Zone: "Asia/Ho_Chi_Minh", CreatedAt: now},
	}
	old := now.Add(-48 * time.Hour)
	state := watch.State{
		Status: visa.InProgress, Valid: visa.InProgress, Since: old, ChangedAt: old, CheckedAt: now, AnsweredAt: now,
		Answer: watch.Answer{Text: "The wording", Link: "https://example.com/x", Language: "cs"},
		Asked:  []time.Time{now}, Trouble: &watch.Trouble{Code: watch.Timeout, Since: now, Count: 1},
	}
	add := func(id, ref string, watchers ...watch.Watcher) {
		m.apps[watch.ID(id)] = watch.Application{ID: watch.ID(id), Reference: reference(t, ref), AddedAt: old, State: state, Watchers: watchers, Revision: 7}
		m.history[watch.ID(id)] = []watch.Entry{
			{At: old, Kind: watch.Changed, To: visa.NotFound, Answer: watch.Answer{Text: "An older wording"}},
			{At: now, Kind: watch.Changed, From: visa.NotFound, To: visa.InProgress, Answer: state.Answer},
		}
	}
	janas := watch.Watcher{
		Owner: jana, Label: "Anna", Note: "=cmd|'/c calc'!A1", Channels: []string{m.channels[0].ID}, Interval: 2 * time.Hour, AddedAt: old, Told: visa.InProgress,
		Purpose: visa.EmployeeCard, Dates: visa.Dates{Filed: civil.DateOf(old) - 30, SuspensionEnded: civil.DateOf(old), PauseDays: 4},
	}
	petrs := watch.Watcher{Owner: petr, Label: "Niece", Channels: []string{m.channels[1].ID}, Muted: true, Archived: true, AddedAt: now.Add(-time.Hour)}
	add("018f00000000aaaaaaaaaaaaaaaa", "ZZZZ202501159001", janas, petrs)
	add("018f00000000bbbbbbbbbbbbbbbb", "OAM-90012-3/DP-2025", janas)
	told := petrs
	told.Told = visa.InProgress
	add("018f00000000cccccccccccccccc", "TEST202502209002", told)
	person, err := dossier.NewPerson(dossier.Person{
		Owner: jana, Name: "Ludmila Quetzal", BirthDate: 720_000, Nationality: "UKR", Note: "Aunt", Applications: []string{"018f00000000aaaaaaaaaaaaaaaa"},
		Documents: []dossier.TravelDocument{{Kind: dossier.Passport, Number: "TEST90001", Country: "UKR", Expires: civil.DateOf(now) + 300}},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	m.people[person.ID] = person
	m.sent = []alert.Delivery{{ID: account.NewID(now), ChannelID: m.channels[0].ID, Owner: jana, State: alert.Delivered, CreatedAt: now, Notification: alert.Notification{
		Kind: alert.StatusChanged, ApplicationID: "018f00000000aaaaaaaaaaaaaaaa", Label: "Anna", From: visa.NotFound, To: visa.InProgress,
	}}}
	return m
}
