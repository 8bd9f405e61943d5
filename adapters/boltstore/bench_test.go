package boltstore

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// hundredThousand makes a store that holds as many applications as one
// appliance can, and returns when they all fall due. That is after the start of
// the engine: what is overdue then would be spread over minutes.
func hundredThousand(b *testing.B, dir string, keys Keys) (due time.Time) {
	b.Helper()
	s := openWith(b, dir, keys)
	now := time.Now()
	due = now.Add(30 * time.Second)
	for from := 0; from < watch.MaxApplications; from += 10_000 {
		err := s.update(func(tx *bbolt.Tx) error {
			for n := from; n < from+10_000; n++ {
				a := watch.Application{
					ID:        watch.NewID(now),
					Reference: reference(b, fmt.Sprintf("ZZZZ2026%02d%02d%04d", 1+n/10_000, 1+n%28, n%10_000)),
					Watchers:  []watch.Watcher{{Owner: jana, Label: fmt.Sprintf("application %d", n), Told: visa.InProgress}},
					Checks:    manyChecks(now),
					State: watch.State{
						Status: visa.InProgress, Valid: visa.InProgress, Since: now,
						Answer: watch.Answer{Text: answerText}, NextCheckAt: due,
					},
				}
				if err := s.putApplication(tx, a); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	shut(b, s, dir)
	return due
}

// answerText is as long as the portal's usual answers.
const answerText = `Visa application number ZZZZ202601059001 is still being processed. You can find
information on the course of the proceedings on this page. The status of the
procedure is for informational purposes only.`

// instant is a Source that answers at once, and stops the engine after n answers.
type instant struct {
	left  atomic.Int64
	first time.Time
	stop  context.CancelFunc
}

func (i *instant) Check(context.Context, visa.Reference) (watch.Result, error) {
	if i.first.IsZero() {
		i.first = time.Now()
	}
	if i.left.Add(-1) == 0 {
		i.stop()
	}
	return watch.Result{Status: visa.InProgress, Text: answerText}, nil
}

// BenchmarkHundredThousand measures, with 100,000 applications that are all
// due, how long a start takes and what one check costs beside the question to
// the portal: to choose it, load it, decide, store it and plan the next one.
func BenchmarkHundredThousand(b *testing.B) {
	const checks = 20_000
	for b.Loop() {
		dir, keys := b.TempDir(), newRealKeys(b)
		due := hundredThousand(b, dir, keys)
		ctx, stop := context.WithCancel(b.Context())
		source := &instant{stop: stop}
		source.left.Store(checks)
		begin := time.Now()
		s, err := Open(Config{Dir: dir, Keys: keys, Logger: discard()})
		if err != nil {
			b.Fatal(err)
		}
		rules := watch.Rules{Interval: time.Hour, MinInterval: time.Millisecond, ConfirmAfter: time.Minute}
		engine := watch.New(watch.Config{
			Source: source, Name: "instant", Store: s, Notices: s, Rules: rules, Pace: watch.NewPace(0),
			Workers: 1, Logger: discard(), Wake: func() {}, Publish: func(watch.Event) {},
		})
		done := make(chan error, 1)
		go func() { done <- engine.Run(ctx) }()
		for engine.Status().Queued < watch.MaxApplications {
			time.Sleep(100 * time.Microsecond)
		}
		started := time.Since(begin)
		if time.Now().After(due) {
			b.Fatal("the machine is too slow: the applications fell due before the engine had started")
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(started.Microseconds())/1000, "ms-start")
		b.ReportMetric(float64(time.Since(source.first).Microseconds())/1000/checks, "ms/check")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// manyChecks is a full log of checks.
func manyChecks(now time.Time) (l watch.CheckLog) {
	for n := range watch.KeptChecks {
		l = l.With(watch.Check{At: now.Add(time.Duration(n) * time.Hour), Took: 2345 * time.Millisecond, Status: visa.InProgress})
	}
	return l
}

// BenchmarkIndexOfHundredThousand measures, with 100,000 applications, how long the first list
// takes, which makes the index, the lists that follow, and what it all costs in memory.
func BenchmarkIndexOfHundredThousand(b *testing.B) {
	const lists = 20
	for b.Loop() {
		dir, keys := b.TempDir(), newRealKeys(b)
		hundredThousand(b, dir, keys)
		s := openWith(b, dir, keys)
		before, began := heap(), time.Now()
		q := watch.Query{Owners: []account.Owner{jana}, Sort: watch.ByNews, Limit: 50}
		for n := range lists + 1 {
			if n == 1 {
				b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms-first")
				b.ReportMetric(float64(heap()-before)/1e6, "MB")
				began = time.Now()
			}
			if p, err := s.List(b.Context(), q); err != nil || p.Total != watch.MaxApplications || len(p.Rows) != 50 {
				b.Fatal(p.Total, len(p.Rows), err)
			}
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000/lists, "ms/page")
		shut(b, s, dir)
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	for range 3 { // What is pooled goes with the second.
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkListing measures what the home page asks for among 10,000 sealed
// applications of one owner: to filter, sort and count all of them, and to open 50.
// The floor is to open 50 alone.
func BenchmarkListing(b *testing.B) {
	const applications, page = 10_000, 50
	s := openWith(b, b.TempDir(), newRealKeys(b))
	now := time.Now()
	var ids []watch.ID
	err := s.update(func(tx *bbolt.Tx) error {
		for n := range applications {
			a := watch.Application{
				ID: watch.NewID(now.Add(time.Duration(n) * time.Millisecond)), Reference: reference(b, fmt.Sprintf("ZZZZ2026%02d%02d%04d", 1+n%12, 1+n%28, n%10_000)),
				Watchers: []watch.Watcher{{Owner: jana, Label: fmt.Sprintf("application %d", n*7919%applications), Note: "It was filed by post.", Told: visa.InProgress}},
				State:    watch.State{Status: visa.InProgress, Valid: visa.InProgress, Since: now, ChangedAt: now.Add(time.Duration(n*7919%applications) * time.Second), Answer: watch.Answer{Text: answerText}},
				Checks:   manyChecks(now),
			}
			ids = append(ids, a.ID)
			if err := s.putApplication(tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range []struct {
		name string
		q    watch.Query
	}{
		{"news", watch.Query{Sort: watch.ByNews}},
		{"label", watch.Query{Sort: watch.ByLabel}},
		{"search", watch.Query{Sort: watch.ByNews, Search: "post application 99"}},
	} {
		b.Run(row.name, func(b *testing.B) {
			row.q.Owners, row.q.User, row.q.Limit = []account.Owner{jana}, "0000000000000000000000000001", page
			if _, err := s.List(b.Context(), row.q); err != nil { // The index is made once.
				b.Fatal(err)
			}
			var took, floor []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				row.q.Offset = i % 2 * page
				p, err := s.List(b.Context(), row.q)
				took = append(took, time.Since(began))
				if err != nil || len(p.Rows) != page || p.All.Total != applications {
					b.Fatal(len(p.Rows), err)
				}
				began = time.Now()
				if err := openSome(s, ids[i*page%(applications-page):][:page]); err != nil {
					b.Fatal(err)
				}
				floor = append(floor, time.Since(began))
			}
			b.ReportMetric(p95(took), "p95-ms/page")
			b.ReportMetric(p95(floor), "p95-ms/floor")
		})
	}
}

// openSome opens applications in one transaction.
func openSome(s *Store, ids []watch.ID) error {
	return s.view(func(tx *bbolt.Tx) error {
		for _, id := range ids {
			var a watch.Application
			if ok, err := s.get(tx, bucketApplications, string(id), &a); err != nil || !ok {
				return cmp.Or(err, watch.ErrNotFound)
			}
		}
		return nil
	})
}

// p95 returns what 95 of 100 stay below, in milliseconds.
func p95(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)*95/100].Microseconds()) / 1000
}

// BenchmarkCommit is the floor: what one durable transaction costs on this disk.
func BenchmarkCommit(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	key := []byte("key")
	for b.Loop() {
		err := s.db().Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Put(key, key) })
		if err != nil {
			b.Fatal(err)
		}
	}
}
