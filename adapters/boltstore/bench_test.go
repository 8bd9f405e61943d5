package boltstore

import (
	"context"
	"fmt"
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
		err := s.db().Update(func(tx *bbolt.Tx) error {
			for n := from; n < from+10_000; n++ {
				a := watch.Application{
					ID:        watch.NewID(now),
					Reference: reference(b, fmt.Sprintf("ZZZZ2026%02d%02d%04d", 1+n/10_000, 1+n%28, n%10_000)),
					Watchers:  []watch.Watcher{{Owner: jana, Label: fmt.Sprintf("application %d", n), Told: visa.InProgress}},
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

// BenchmarkListing measures a page of 50 among 10,000 sealed applications of one
// owner: from the index to the last one opened.
func BenchmarkListing(b *testing.B) {
	const applications, page = 10_000, 50
	s := openWith(b, b.TempDir(), newRealKeys(b))
	now := time.Now()
	var ids []watch.ID
	err := s.db().Update(func(tx *bbolt.Tx) error {
		for n := range applications {
			a := watch.Application{
				ID: watch.NewID(now.Add(time.Duration(n) * time.Millisecond)), Reference: reference(b, fmt.Sprintf("ZZZZ2026%02d%02d%04d", 1+n%12, 1+n%28, n%10_000)),
				Watchers: []watch.Watcher{{Owner: jana, Label: fmt.Sprintf("application %d", n)}},
				State:    watch.State{Status: visa.InProgress, Valid: visa.InProgress, Since: now, Answer: watch.Answer{Text: answerText}},
			}
			ids = append(ids, a.ID)
			if err := s.putApplication(tx, a); err != nil {
				return err
			}
			if err := tx.Bucket([]byte(bucketWatched)).Put(watchedKey(jana, a.ID), nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		left := page
		err := s.Applications(b.Context(), []account.Owner{jana}, ids[i*page%(applications-page)], func(watch.Application) bool {
			left--
			return left > 0
		})
		if err != nil || left != 0 {
			b.Fatal(left, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/page")
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
