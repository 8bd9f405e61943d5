package boltstore

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
			m := &meddler{r: rand.New(rand.NewPCG(seed, 1)), s: open(t, dir)}
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
