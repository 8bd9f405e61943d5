package boltstore

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// family is a group of the tests, and jane the ID of the user that jana is.
var family = account.OfGroup("0000000000000000000000000003")

const jane = "0000000000000000000000000001"

// neighbours puts a few applications into s, and returns their IDs by their labels.
func neighbours(t *testing.T, s *Store) map[string]watch.ID {
	t.Helper()
	day := func(n int) time.Time { return time.Date(2026, 6, n, 10, 0, 0, 0, time.UTC) }
	ids := map[string]watch.ID{}
	for n, a := range []watch.Application{
		{Reference: reference(t, "ZZZZ202601059001"), Watchers: []watch.Watcher{{Owner: jana, Label: "Černík", Note: "Sent by post", Told: visa.InProgress, AddedAt: day(1)}},
			State: watch.State{Status: visa.InProgress, ChangedAt: day(9), NextCheckAt: day(20)}},
		{Reference: reference(t, "OAM-90012-3/DP-2025"), Watchers: []watch.Watcher{{Owner: family, Label: "aunt", AddedAt: day(2)}, {Owner: jana, Label: "Teta", Told: visa.Granted, Paused: true, AddedAt: day(3)}},
			State: watch.State{Status: visa.Granted, ChangedAt: day(8), NextCheckAt: day(18)}},
		{Reference: reference(t, "ZZZZ202412319002"), Watchers: []watch.Watcher{{Owner: family, Label: "Boris", Note: strings.Repeat("long ", 200) + "Quetzal", Told: visa.NotFound, AddedAt: day(4)}},
			State: watch.State{Status: visa.NotFound, ChangedAt: day(7), NextCheckAt: day(19), Trouble: &watch.Trouble{Code: watch.Timeout, Count: 1}}, Seen: map[string]time.Time{jane: day(7)}},
		{Reference: reference(t, "ZZZZ202503059003"), Watchers: []watch.Watcher{{Owner: jana, Told: visa.Refused, Archived: true, AddedAt: day(5)}},
			State: watch.State{Status: visa.Refused, ChangedAt: day(6), NextCheckAt: day(18)}},
		{Reference: reference(t, "ZZZZ202503059004"), Watchers: []watch.Watcher{{Owner: petr, Label: "Stranger", Told: visa.Refused}}},
	} {
		a.ID = watch.NewID(day(10 + n))
		ids[cmp.Or(a.Watchers[0].Label, "old")] = addApplication(t, s, a).ID
	}
	return ids
}

func TestList(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ids := neighbours(t, s)
	both := []account.Owner{jana, family}
	tests := []struct {
		name string
		q    watch.Query
		want string // what the first watchers call them
	}{
		{"all", watch.Query{}, "Černík aunt Boris"},
		{"of nobody", watch.Query{Owners: []account.Owner{}}, ""},
		{"of one", watch.Query{Owner: family}, "aunt Boris"},
		{"of somebody else", watch.Query{Owner: petr}, ""},
		{"archived", watch.Query{Archived: true}, "old"},
		{"paused", watch.Query{Paused: true}, "aunt"},
		{"paused as the family sees it", watch.Query{Paused: true, Owner: family}, ""},
		{"unread", watch.Query{Unread: true}, "Černík aunt"},
		{"unread of the family", watch.Query{Unread: true, Owner: family}, ""},
		{"trouble", watch.Query{Trouble: true}, "Boris"},
		{"one status", watch.Query{Statuses: []visa.Status{visa.Granted}}, "aunt"},
		{"two statuses", watch.Query{Statuses: []visa.Status{visa.InProgress, visa.NotFound}}, "Černík Boris"},
		{"without an answer for the family", watch.Query{Statuses: []visa.Status{""}, Owner: family}, "aunt"},
		{"search for a label", watch.Query{Search: "cernik"}, "Černík"},
		{"search for another's label", watch.Query{Search: "aunt"}, ""},
		{"search for a note", watch.Query{Search: "POST"}, "Černík"},
		{"search at the end of a long note", watch.Query{Search: "quetzal"}, "Boris"},
		{"search for a number", watch.Query{Search: "čj. OAM-90012/DP-2025"}, "aunt"},
		{"by news", watch.Query{Sort: watch.ByNews}, "Černík aunt Boris"},
		{"by news of the family", watch.Query{Sort: watch.ByNews, Owner: family}, "Boris aunt"},
		{"by the next check", watch.Query{Sort: watch.ByNext}, "Boris Černík aunt"},
		{"by label", watch.Query{Sort: watch.ByLabel}, "Boris Černík aunt"},
		{"by age", watch.Query{Sort: watch.ByAge}, "Boris Černík aunt"},
		{"by status", watch.Query{Sort: watch.ByStatus}, "Boris Černík aunt"},
		{"the first", watch.Query{Limit: 1}, "Černík"},
		{"behind the first", watch.Query{After: ids["Černík"]}, "aunt Boris"},
		{"behind one of another order", watch.Query{After: ids["Boris"], Sort: watch.ByLabel}, "Černík aunt"},
		{"behind one that does not pass any more", watch.Query{After: ids["Boris"], Sort: watch.ByLabel, Unread: true}, "Černík aunt"},
		{"behind what is not there, by label", watch.Query{After: ids["Stranger"], Sort: watch.ByLabel}, ""},
		{"the second", watch.Query{Offset: 1, Limit: 1}, "aunt"},
		{"far behind", watch.Query{Offset: 9}, ""},
	}
	names := map[watch.ID]string{}
	for name, id := range ids {
		names[id] = name
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := tt.q
			q.User, q.Limit = jane, cmp.Or(q.Limit, 50)
			if q.Owners == nil {
				q.Owners = both
			}
			p, err := s.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range p.Rows {
				got = append(got, names[r.Application.ID])
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	p, err := s.List(t.Context(), watch.Query{Owners: both, User: jane})
	want := watch.Page{
		Rows: []watch.Row{}, Total: 3,
		All: watch.Tally{Total: 3, Unread: 2, Paused: 1, Trouble: 1, Archived: 1, Statuses: map[visa.Status]int{visa.InProgress: 1, visa.Granted: 1, visa.NotFound: 1}},
		Tallies: map[account.Owner]watch.Tally{
			jana:   {Total: 2, Unread: 2, Paused: 1, Archived: 1, Statuses: map[visa.Status]int{visa.InProgress: 1, visa.Granted: 1}},
			family: {Total: 2, Trouble: 1, Statuses: map[visa.Status]int{"": 1, visa.NotFound: 1}},
		},
	}
	if diff := gocmp.Diff(want, p); diff != "" || err != nil {
		t.Errorf("the counts alone: -want +got\n%s%v", diff, err)
	}
}

// scan is what List does, from everything there is and without an index.
func scan(t *testing.T, s *Store, q watch.Query) (p watch.Page) {
	t.Helper()
	owns := func(a watch.Application, owners ...account.Owner) *watch.Watcher {
		for _, o := range owners {
			if w := a.Watcher(o); w != nil {
				return w
			}
		}
		return nil
	}
	tally := func(n *watch.Tally, a watch.Application, w *watch.Watcher) {
		if n.Statuses == nil {
			n.Statuses = map[visa.Status]int{}
		}
		if w.Archived {
			n.Archived++
			return
		}
		n.Total++
		n.Statuses[w.Shown(a.State).Status]++
		for count, is := range map[*int]bool{&n.Unread: w.Told != "" && a.Unread(q.User), &n.Paused: w.Paused, &n.Trouble: a.State.Trouble != nil} {
			if is {
				*count++
			}
		}
	}
	p = watch.Page{Rows: []watch.Row{}, Tallies: map[account.Owner]watch.Tally{}, All: watch.Tally{Statuses: map[visa.Status]int{}}}
	for _, o := range q.Owners {
		p.Tallies[o] = watch.Tally{Statuses: map[visa.Status]int{}}
	}
	var found []watch.Row
	err := s.EveryApplication(t.Context(), func(a watch.Application) bool {
		for _, o := range q.Owners {
			if w := a.Watcher(o); w != nil {
				n := p.Tallies[o]
				tally(&n, a, w)
				p.Tallies[o] = n
			}
		}
		w := owns(a, q.Owners...)
		if w != nil {
			tally(&p.All, a, w)
		}
		if q.Owner != "" {
			w = owns(a, q.Owner)
		}
		if w == nil || w.Archived != q.Archived || q.Paused && !w.Paused || q.Trouble && a.State.Trouble == nil || q.Unread && (w.Told == "" || !a.Unread(q.User)) ||
			len(q.Statuses) > 0 && !slices.Contains(q.Statuses, w.Shown(a.State).Status) ||
			!watch.NewSearch(q.Search).Matches(watch.Fold(w.Label)+"\n"+watch.Fold(w.Note), watch.FoldReference(a.Reference)) {
			return true
		}
		found = append(found, watch.Row{Application: a, Watcher: *w})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(found, func(a, b watch.Row) int { return compareRows(q, a, b) })
	p.Total = len(found)
	found = found[min(q.Offset, len(found)):]
	if len(found) > q.Limit {
		found = found[:q.Limit]
		if q.Limit > 0 {
			p.Next = found[q.Limit-1].Application.ID
		}
	}
	p.Rows = append(p.Rows, found...)
	return p
}

// compareRows compares two rows by the order of q; they come by their IDs.
func compareRows(q watch.Query, a, b watch.Row) int {
	sa, sb := a.Watcher.Shown(a.Application.State), b.Watcher.Shown(b.Application.State)
	unread := func(r watch.Row) bool { return r.Watcher.Told != "" && r.Application.Unread(q.User) }
	yes := func(first, second bool) int {
		switch {
		case first == second:
			return 0
		case first:
			return -1
		}
		return 1
	}
	switch q.Sort {
	case watch.ByNews:
		return cmp.Or(yes(unread(a), unread(b)), sb.ChangedAt.Compare(sa.ChangedAt))
	case watch.ByNext:
		na, nb := sa.NextCheckAt, sb.NextCheckAt
		if a.Watcher.Resting() {
			na = time.Time{}
		}
		if b.Watcher.Resting() {
			nb = time.Time{}
		}
		return cmp.Or(yes(!na.IsZero(), !nb.IsZero()), na.Compare(nb))
	case watch.ByLabel:
		la, lb := watch.Fold(a.Watcher.Label), watch.Fold(b.Watcher.Label)
		return cmp.Or(yes(la != "", lb != ""), strings.Compare(la, lb))
	case watch.ByAge:
		return a.Watcher.Filed(a.Application.Reference).Compare(b.Watcher.Filed(b.Application.Reference))
	case watch.ByStatus:
		return slices.Index(visa.Statuses(), sa.Status) - slices.Index(visa.Statuses(), sb.Status)
	}
	return 0
}

// someQuery returns any query.
func someQuery(r *rand.Rand) watch.Query {
	q := watch.Query{Owners: []account.Owner{jana, petr, family}, User: jane, Limit: r.IntN(12), Offset: r.IntN(4), Sort: watch.Sorts()[r.IntN(len(watch.Sorts()))]}
	r.Shuffle(3, func(i, j int) { q.Owners[i], q.Owners[j] = q.Owners[j], q.Owners[i] })
	q.Owners = q.Owners[:1+r.IntN(3)]
	if r.IntN(3) == 0 {
		q.Owner = q.Owners[0]
	}
	for _, flag := range []*bool{&q.Unread, &q.Paused, &q.Trouble, &q.Archived} {
		*flag = r.IntN(6) == 0
	}
	if r.IntN(4) == 0 {
		q.Statuses = []visa.Status{visa.InProgress, ""}
	}
	if r.IntN(4) == 0 {
		q.Search = []string{"an", "LABEL 1", "9001", "note", "zzzz"}[r.IntN(5)]
	}
	return q
}

// meddler changes a store in any way that there is.
type meddler struct {
	r    *rand.Rand
	s    *Store
	ids  []watch.ID
	made int
}

func (m *meddler) owner() account.Owner { return []account.Owner{jana, petr, family}[m.r.IntN(3)] }

func (m *meddler) watcher() watch.Watcher {
	w := watch.Watcher{
		Owner: m.owner(), AddedAt: time.Now().Add(-time.Duration(m.r.IntN(100)) * time.Hour), Label: []string{"", "Anna", "Ján", "label 1"}[m.r.IntN(4)],
		Paused: m.r.IntN(4) == 0, Archived: m.r.IntN(4) == 0, Note: strings.Repeat("note ", m.r.IntN(2)*m.r.IntN(200)),
	}
	if m.r.IntN(2) == 0 {
		w.Told = visa.InProgress
	}
	if m.r.IntN(2) == 0 {
		w.Dates.Filed = civil.DateOf(time.Now()) - civil.Date(m.r.IntN(30))
	}
	return w
}

// change makes the state another one. One in two changes is to be on the disk at once.
func (m *meddler) change(a watch.Application) watch.Decision {
	now := time.Now()
	d := watch.Decision{State: a.State, Watchers: slices.Clone(a.Watchers), Check: watch.Check{At: now, Status: visa.InProgress}}
	d.State.NextCheckAt, d.State.Trouble = now.Add(time.Duration(m.r.IntN(1000))*time.Minute), nil
	if m.r.IntN(3) == 0 {
		d.State.Trouble = &watch.Trouble{Code: watch.Timeout}
	}
	if m.r.IntN(2) == 0 {
		d.State.Status, d.State.ChangedAt = visa.Statuses()[m.r.IntN(len(visa.Statuses()))], now.Add(-time.Duration(m.r.IntN(1000))*time.Minute)
		d.Entries = []watch.Entry{{At: now, Kind: watch.Changed}}
		for i := range d.Watchers {
			d.Watchers[i].Told = d.State.Status
		}
	}
	return d
}

func (m *meddler) edit(a *watch.Application) error {
	switch m.r.IntN(4) {
	case 0:
		a.Seen = map[string]time.Time{jane: time.Now().Add(-time.Duration(m.r.IntN(1000)) * time.Minute)}
	case 1:
		if w := m.watcher(); a.Watcher(w.Owner) == nil {
			a.Watchers = append(a.Watchers, w)
		}
	case 2:
		return errors.New("refused")
	case 3:
		owner := a.Watchers[0].Owner
		a.Watchers[0] = m.watcher()
		a.Watchers[0].Owner = owner
	}
	return nil
}

// meddle makes one change.
func (m *meddler) meddle(t *testing.T) {
	ctx := t.Context()
	if len(m.ids) == 0 || m.r.IntN(5) == 0 {
		m.made++
		a := watch.Application{ID: watch.NewID(time.Now()), Reference: reference(t, fmt.Sprintf("ZZZZ202601%02d%04d", 1+m.made/9999, 1+m.made%9999)), Watchers: []watch.Watcher{m.watcher()}}
		if m.r.IntN(3) == 0 {
			dry := m.r.IntN(2) == 0
			done, err := m.s.Adopt(ctx, []watch.Adoption{{Reference: a.Reference, Watchers: a.Watchers, State: watch.State{Status: visa.InProgress}}}, dry)
			if err != nil {
				t.Error(err)
			} else if !dry {
				m.ids = append(m.ids, done[0].Application.ID)
			}
			return
		}
		if err := m.s.Add(ctx, a); err != nil {
			t.Error(err)
		}
		m.ids = append(m.ids, a.ID)
		return
	}
	var err error
	id := m.ids[m.r.IntN(len(m.ids))]
	switch m.r.IntN(8) {
	case 0:
		var left watch.Application
		if left, err = m.s.Remove(ctx, id, m.owner()); err == nil && len(left.Watchers) == 0 {
			m.ids = slices.DeleteFunc(m.ids, func(other watch.ID) bool { return other == id })
		}
		if errors.Is(err, watch.ErrNotFound) {
			err = nil
		}
	case 1, 2:
		_, _ = m.s.Edit(ctx, id, m.edit)
	case 3:
		_, err = m.s.EditMany(ctx, m.ids[:min(3, len(m.ids))], m.edit)
	case 4:
		if m.r.IntN(5) == 0 {
			m.s.flushLate()
		}
	case 5:
		if m.r.IntN(9) == 0 {
			err = m.s.Compact(ctx)
		}
	default:
		_, err = m.s.Record(ctx, id, m.change)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestIndexIsWhatAScanFinds meddles with a store, and holds any query against
// what a scan of everything finds, then again after the store was opened anew.
func TestIndexIsWhatAScanFinds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			m := &meddler{r: rand.New(rand.NewPCG(seed, 1)), s: open(t, dir)} //nolint:gosec // To be repeated.
			agree := func() {
				t.Helper()
				q := someQuery(m.r)
				got, err := m.s.List(t.Context(), q)
				want := scan(t, m.s, q)
				if diff := gocmp.Diff(want, got, cmpopts.EquateComparable(visa.Reference{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
					t.Fatalf("%+v: -scan +index\n%s%v", q, diff, err)
				}
			}
			for range 250 {
				m.meddle(t)
				agree()
			}
			shut(t, m.s, dir)
			m.s = open(t, dir)
			for range 100 {
				agree()
			}
		})
	}
}

// TestListShowsOneMoment reads while batches are written that keep all
// applications equal: no page may show some before and some after. The first
// list, which makes the index, is among them.
func TestListShowsOneMoment(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	const applications = 40
	var ids []watch.ID
	for n := range applications {
		ids = append(ids, addApplication(t, s, watch.Application{Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n))}).ID)
	}
	var readers, writer sync.WaitGroup
	done := make(chan struct{})
	writer.Go(func() {
		defer close(done)
		for n := range 60 {
			label, paused := fmt.Sprintf("round %d", n), n%2 == 0
			_, err := s.EditMany(t.Context(), ids, func(a *watch.Application) error {
				a.Watchers[0].Label, a.Watchers[0].Paused = label, paused
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			// One comes, changes without the disk, and goes.
			b := watch.Application{ID: watch.NewID(time.Now()), Reference: reference(t, "ZZZZ202601069999"), Watchers: []watch.Watcher{{Owner: petr, AddedAt: time.Now()}}}
			err = s.Add(t.Context(), b)
			_, recorded := s.Record(t.Context(), b.ID, unchanged(time.Now()))
			if err := errors.Join(err, recorded, dropLeft(s.Remove(t.Context(), b.ID, petr))); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				p, err := s.List(t.Context(), watch.Query{Owners: []account.Owner{jana, petr}, Limit: 50, Sort: watch.ByLabel})
				if err != nil {
					t.Error(err)
					return
				}
				wantOneMoment(t, p, applications)
			}
		})
	}
	writer.Wait()
	readers.Wait()
}

// wantOneMoment fails if the rows of jana's differ, or the counts from them.
func wantOneMoment(t *testing.T, p watch.Page, applications int) {
	t.Helper()
	labels := map[string]int{}
	paused := 0
	for _, r := range p.Rows {
		if r.Watcher.Owner == jana {
			labels[r.Watcher.Label]++
		}
		if r.Watcher.Paused {
			paused++
		}
	}
	if len(labels) != 1 || p.Tallies[jana].Total != applications || p.All.Paused != paused || len(p.Rows) != p.Total || p.All.Total != p.Total {
		t.Errorf("a page of %v, %d paused; counts %+v, %d rows", labels, paused, p.All, len(p.Rows))
	}
}

// pagesWritten is how many pages have been written.
func pagesWritten(s *Store) int64 {
	stats := s.db().Stats()
	return stats.TxStats.GetWrite()
}

// What is refused is said of each, and the others are edited in one transaction.
func TestEditManyIsOneTransaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	ids := []watch.ID{"nobody"}
	for n := range 20 {
		ids = append(ids, addApplication(t, s, watch.Application{Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n))}).ID)
	}
	no := errors.New("no")
	before := pagesWritten(s)
	ctx := account.As(t.Context(), account.CommandLine())
	done, err := s.EditMany(ctx, ids, func(a *watch.Application) error {
		if a.Watchers[0].Paused = true; a.ID == ids[5] {
			return no
		}
		return nil
	})
	if err != nil || len(done) != len(ids) {
		t.Fatalf("%d outcomes, %v", len(done), err)
	}
	after := pagesWritten(s)
	crashed := copyOf(t, dir)
	for i, d := range done {
		want := map[int]error{0: watch.ErrNotFound, 5: no}[i]
		if d.ID != ids[i] || !errors.Is(d.Err, want) {
			t.Errorf("outcome %d: %v, want %v", i, d.Err, want)
		}
		if i == 0 {
			continue
		}
		if a, err := crashed.Application(t.Context(), ids[i]); err != nil || a.Watchers[0].Paused != (want == nil) {
			t.Errorf("application %d, after a crash: paused %t, %v", i, a.Watchers[0].Paused, err)
		}
	}
	if n := keysIn(t, s, bucketAudit); n != len(ids)-2 {
		t.Errorf("%d entries in the audit trail", n)
	}
	if after-before > 40 {
		t.Errorf("%d pages were written", after-before)
	}
	no2, err := s.EditMany(t.Context(), ids[:1], func(*watch.Application) error { return nil })
	if err != nil || len(no2) != 1 || pagesWritten(s) != after {
		t.Errorf("where nothing is to be edited: %+v, %v", no2, err)
	}
}

// What cannot be read is left out of the list, and may be removed.
func TestListLeavesOutWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	good := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	bad := addApplication(t, s, watch.Application{Reference: reference(t, zov2)})
	q := watch.Query{Owners: []account.Owner{jana}, Limit: 10}
	poison(t, s, bucketApplications, string(bad.ID))
	for range 2 {
		if p, err := s.List(t.Context(), q); err != nil || len(p.Rows) != 1 || p.Rows[0].Application.ID != good.ID {
			t.Errorf("%d rows, %v", len(p.Rows), err)
		}
		if err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := dropLeft(s.Remove(t.Context(), bad.ID, jana)); err != nil {
		t.Error(err)
	}
}

// interrupted is a Box that does something before it opens its first application.
type interrupted struct {
	Box
	do func()
}

func (b *interrupted) Open(bucket, key string, sealed []byte) ([]byte, error) {
	if do := b.do; do != nil && bucket == bucketApplications {
		b.do = nil
		do()
	}
	return b.Box.Open(bucket, key, sealed)
}

// What is written while the index is made stands in it.
func TestIndexFollowsWhileItIsMade(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	now := time.Now()
	add := func(n int, label string) watch.Application {
		return addApplication(t, s, watch.Application{
			ID: watch.NewID(now.Add(time.Duration(n) * time.Second)), Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n)),
			Watchers: []watch.Watcher{{Owner: jana, Label: label, AddedAt: now}},
		})
	}
	a, b, c := add(1, "first"), add(2, "removed"), add(3, "third")
	// Room in the file: writing must not wait for the reader to end, who waits for it.
	room := []byte("room")
	err := s.update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Put(room, make([]byte, 1<<20)) })
	err = errors.Join(err, s.update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Delete(room) }))
	if err != nil {
		t.Fatal(err)
	}
	f := s.sealer.current.Load()
	box := &interrupted{Box: f.box, do: func() {
		_, err := s.Edit(t.Context(), a.ID, func(a *watch.Application) error { a.Watchers[0].Label = "edited"; return nil })
		err = errors.Join(err, dropLeft(s.Remove(t.Context(), b.ID, jana)))
		_, err2 := s.Record(t.Context(), c.ID, unchanged(now))
		if err := errors.Join(err, err2); err != nil {
			t.Error(err)
		}
		add(4, "added")
	}}
	s.sealer.current.Store(&file{db: f.db, box: box, wrapped: f.wrapped})
	q := watch.Query{Owners: []account.Owner{jana}, Limit: 10}
	p, err := s.List(t.Context(), q)
	var labels []string
	for _, r := range p.Rows {
		labels = append(labels, r.Watcher.Label)
	}
	if diff := gocmp.Diff([]string{"edited", "third", "added"}, labels); diff != "" || err != nil || box.do != nil {
		t.Errorf("-want +got\n%s%v", diff, err)
	}
	if diff := gocmp.Diff(scan(t, s, q), p, cmpopts.EquateComparable(visa.Reference{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-scan +index\n%s", diff)
	}
}
