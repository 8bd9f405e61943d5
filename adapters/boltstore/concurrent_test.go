package boltstore

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// rounds is how often each writer of TestConcurrentWriters writes.
const rounds = 60

// TestConcurrentWriters lets everything that writes do so at once, and adds up
// afterwards. The check of bbolt itself runs when the store is closed.
//
// defect D4: a lock for each request let writers overwrite one another.
func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	for _, id := range []string{"phone", "mail"} {
		addChannel(t, s, alert.Channel{ID: id, Operator: true})
	}
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}})
	var writers sync.WaitGroup
	write := func(name string, once func(n int) error) {
		writers.Go(func() {
			for n := range rounds {
				if err := once(n); err != nil {
					t.Errorf("%s, round %d: %v", name, n, err)
				}
			}
		})
	}
	write("change", func(n int) error {
		_, err := s.Record(t.Context(), a.ID, changing([]visa.Status{visa.InProgress, visa.Suspended}[n%2], time.Now()))
		return err
	})
	write("result", func(int) error {
		_, err := s.Record(t.Context(), a.ID, func(a watch.Application) watch.Decision {
			a.State.Confirmations++
			return watch.Decision{State: a.State, Watchers: a.Watchers}
		})
		return err
	})
	write("edit", func(int) error {
		_, err := s.Edit(t.Context(), a.ID, func(a *watch.Application) error { a.Watchers[0].Interval++; return nil })
		return err
	})
	write("come and go", func(n int) error {
		b := watch.Application{ID: watch.NewID(time.Now()), Reference: reference(t, fmt.Sprintf("ZZZZ20260106%04d", n)), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"mail"}}}}
		err := s.Add(t.Context(), b)
		_, recorded := s.Record(t.Context(), b.ID, changing(visa.InProgress, time.Now()))
		return errors.Join(err, recorded, dropLeft(s.Remove(t.Context(), b.ID, jana)))
	})
	write("settle", func(int) error {
		due, err := s.DueDeliveries(t.Context(), time.Now(), 5)
		for _, d := range due {
			d.State, d.SettledAt, d.NextAttemptAt = alert.Delivered, time.Now(), time.Time{}
			err = errors.Join(err, s.Settle(t.Context(), d))
		}
		return err
	})
	write("source", func(n int) error {
		want := watch.SourceState{Breaker: watch.BreakerState{Trips: n}}
		if err := s.PutSource(t.Context(), "replica", want, n%7 == 0); err != nil {
			return err
		}
		got, err := s.Source(t.Context(), "replica")
		if err == nil && got != want {
			err = fmt.Errorf("put trip %d, got %d", n, got.Breaker.Trips)
		}
		return err
	})
	write("notice", func(int) error {
		n := alert.Notification{Kind: alert.NothingChecked}
		raised, err := s.Raise(t.Context(), "k", n, "")
		n.Resolved = true
		resolved, err2 := s.Resolve(t.Context(), "k", n, "")
		if !raised || !resolved {
			return fmt.Errorf("raised %v, resolved %v", raised, resolved)
		}
		return errors.Join(err, err2)
	})
	write("flush", func(int) error { s.flushLate(); return nil })
	writers.Wait()
	shut(t, s, dir)
	s = open(t, dir)
	addsUp(t, s, a.ID)
}

// addsUp compares what is in the file with what the writers wrote.
func addsUp(t *testing.T, s *Store, id watch.ID) {
	t.Helper()
	a, err := s.Application(t.Context(), id)
	if err != nil || a.State.Confirmations != rounds || a.Watchers[0].Interval != rounds || a.Revision != 1+3*rounds {
		t.Errorf("%d results, %d edits, revision %d, %v", a.State.Confirmations, a.Watchers[0].Interval, a.Revision, err)
	}
	if history, err := s.History(t.Context(), id, 10*rounds); err != nil || len(history) != rounds {
		t.Errorf("%d entries, %v", len(history), err)
	}
	if source, err := s.Source(t.Context(), "replica"); err != nil || source.Breaker.Trips != rounds-1 {
		t.Errorf("source %+v, %v", source, err)
	}
	// Each change to the one channel, each notice and its end to both.
	all, err := s.Deliveries(t.Context(), "", 100*rounds, anything)
	if err != nil || len(all) != rounds+4*rounds {
		t.Errorf("%d deliveries, %v", len(all), err)
	}
	waiting := 0
	for _, d := range all {
		if d.State == alert.Waiting {
			waiting++
		}
	}
	for bucket, want := range map[string]int{
		bucketApplications: 1, bucketReferences: 1, bucketSchedule: 1, bucketNotices: 0,
		bucketAbout: rounds, bucketOutbox: waiting,
	} {
		if n := keysIn(t, s, bucket); n != want {
			t.Errorf("%d keys in %s, want %d", n, bucket, want)
		}
	}
	if s.count != 1 {
		t.Errorf("the store counts %d applications", s.count)
	}
}
