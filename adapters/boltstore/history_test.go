package boltstore

import (
	"testing"
	"time"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// adding returns a decision that adds one entry of a kind.
func adding(kind watch.EntryKind, at time.Time) func(watch.Application) watch.Decision {
	return func(a watch.Application) watch.Decision {
		return watch.Decision{State: a.State, Watchers: a.Watchers, Entries: []watch.Entry{{At: at, Kind: kind, To: visa.InProgress}}}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		// kind is that of entry n; the last two are too many.
		kind func(n int) watch.EntryKind
		// gone are the entries that were dropped.
		gone map[int]bool
	}{
		{"the oldest go", func(int) watch.EntryKind { return watch.Unconfirmed }, map[int]bool{0: true, 1: true}},
		{"changes stay longer", func(n int) watch.EntryKind {
			if n < 3 || n == 4 {
				return watch.Changed
			}
			return watch.Reworded
		}, map[int]bool{3: true, 5: true}},
		{"nothing but changes", func(int) watch.EntryKind { return watch.Changed }, map[int]bool{0: true, 1: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			s.db().NoSync = true // A thousand transactions, and no crash to survive.
			a := addApplication(t, s, watch.Application{ID: "aaaa", Reference: reference(t, zov1)})
			b := addApplication(t, s, watch.Application{ID: "bbbb", Reference: reference(t, zov2)})
			if _, err := s.Record(t.Context(), b.ID, adding(watch.Gone, start)); err != nil {
				t.Fatal(err)
			}
			for n := range keepEntries + 2 {
				if _, err := s.Record(t.Context(), a.ID, adding(tt.kind(n), start.Add(time.Duration(n)*time.Hour))); err != nil {
					t.Fatal(err)
				}
			}
			left, err := s.History(t.Context(), a.ID, 10*keepEntries)
			if err != nil || len(left) != keepEntries {
				t.Errorf("%d entries are left, %v", len(left), err)
			}
			for _, e := range left {
				if n := int(e.At.Sub(start) / time.Hour); tt.gone[n] {
					t.Errorf("entry %d is still there", n)
				}
			}
			if other, err := s.History(t.Context(), b.ID, 9); err != nil || len(other) != 1 {
				t.Errorf("the other's history: %+v, %v", other, err)
			}
		})
	}
}
