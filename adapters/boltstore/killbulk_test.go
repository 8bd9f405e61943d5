//go:build unix

package boltstore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// relabelAll gives every application the same label and one more check, many at once.
func relabelAll(s *Store, label string) error {
	var ids []watch.ID
	err := s.EveryApplication(context.Background(), func(a watch.Application) bool { ids = append(ids, a.ID); return true })
	if err != nil {
		return err
	}
	_, err = s.EditMany(context.Background(), ids, func(a *watch.Application) error {
		a.Watchers[0].Label, a.Watchers[0].Archived = label, !a.Watchers[0].Archived
		a.Checks = a.Checks.With(watch.Check{At: time.Now(), Failure: watch.Timeout})
		return nil
	})
	return err
}

// TestKilledBulk kills what edits many applications at once: all of them are
// edited, or none.
func TestKilledBulk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	const applications = 60
	for n := range applications {
		addApplication(t, s, watch.Application{Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n))})
	}
	if err := relabelAll(s, "before"); err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
	labels, most := map[string]bool{}, 40*time.Millisecond
	for n := 0; n < kills/4 || len(labels) < 3 && n < kills; n++ {
		killed(t, "bulk", dir, most)
		before := len(labels)
		s := open(t, dir)
		rows := 0
		for _, archived := range []bool{false, true} {
			p, err := s.List(t.Context(), watch.Query{Owners: []account.Owner{jana}, Limit: applications, Archived: archived})
			if err != nil || len(p.Rows) != 0 && len(p.Rows) != applications {
				t.Fatalf("%d are archived: %t, %v", len(p.Rows), archived, err)
			}
			for _, r := range p.Rows {
				first := p.Rows[0]
				if r.Watcher.Label != first.Watcher.Label || len(r.Application.Checks.Checks()) != len(first.Application.Checks.Checks()) {
					t.Fatalf("%q beside %q", r.Watcher.Label, first.Watcher.Label)
				}
				labels[r.Watcher.Label] = true
			}
			rows += len(p.Rows)
		}
		if len(labels) == before {
			most = most * 11 / 10 // So that some kills come after an edit, on any machine.
		}
		if rows != applications {
			t.Errorf("%d applications are left", rows)
		}
		shut(t, s, dir)
	}
	if len(labels) < 3 {
		t.Errorf("the kills hit %d rounds", len(labels))
	}
}
