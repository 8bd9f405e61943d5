package boltstore

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
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
		{
			Reference: reference(t, "ZZZZ202601059001"), Watchers: []watch.Watcher{{Owner: jana, Label: "Černík", Note: "Sent by post", Told: visa.InProgress, AddedAt: day(1)}},
			State: watch.State{Status: visa.InProgress, ChangedAt: day(9), NextCheckAt: day(20)},
		},
		{
			Reference: reference(t, "OAM-90012-3/DP-2025"), Watchers: []watch.Watcher{{Owner: family, Label: "aunt", AddedAt: day(2)}, {Owner: jana, Label: "Teta", Told: visa.Granted, Paused: true, AddedAt: day(3)}},
			State: watch.State{Status: visa.Granted, ChangedAt: day(8), NextCheckAt: day(18)},
		},
		{
			Reference: reference(t, "ZZZZ202412319002"), Watchers: []watch.Watcher{{Owner: family, Label: "Boris", Note: strings.Repeat("long ", 200) + "Quetzal", Told: visa.NotFound, AddedAt: day(4)}},
			State: watch.State{Status: visa.NotFound, ChangedAt: day(7), NextCheckAt: day(19), Trouble: &watch.Trouble{Code: watch.Timeout, Count: 1}}, Seen: map[string]time.Time{jane: day(7)},
		},
		{
			Reference: reference(t, "ZZZZ202503059003"), Watchers: []watch.Watcher{{Owner: jana, Told: visa.Refused, Archived: true, AddedAt: day(5)}},
			State: watch.State{Status: visa.Refused, ChangedAt: day(6), NextCheckAt: day(18)},
		},
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
