package watch

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
)

func TestEngineTellsOfEveryCheck(t *testing.T) {
	for _, tc := range []struct {
		name  string
		apps  int
		do    func(r *rig)
		want  []string
		broke bool
	}{
		{"answers", 2, func(*rig) { time.Sleep(time.Minute) }, []string{"in_progress 1", "in_progress 1"}, false},
		{"a failure after three tries", 1, func(r *rig) {
			r.source.fails(&Failure{Code: Unreachable})
			time.Sleep(5 * time.Minute)
		}, []string{"unreachable 3"}, false},
		{"what opens the breaker, and keeps it open after the probe", 2, func(r *rig) {
			r.source.fails(&Failure{Code: Throttled})
			time.Sleep(40 * time.Minute)
		}, []string{"throttled 1 opened", "throttled 1 opened"}, false},
		{"what closes it", 1, func(r *rig) {
			r.source.fails(&Failure{Code: Throttled})
			time.Sleep(10 * time.Minute)
			r.source.says(visa.InProgress)
			time.Sleep(50 * time.Minute)
		}, []string{"throttled 1 opened", "in_progress 1"}, false},
		{"once, though the store refuses it again and again", 1, func(*rig) { time.Sleep(10 * time.Minute) }, []string{"in_progress 1"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []string
				observe := func(o Outcome, opened bool) {
					mu.Lock()
					defer mu.Unlock()
					line := ""
					if o.Failure != nil {
						line = string(o.Failure.Code)
					} else {
						line = string(o.Result.Status)
					}
					line = fmt.Sprintf("%s %d", line, o.Attempts)
					if opened {
						line += " opened"
					}
					got = append(got, line)
				}
				r := startObserved(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1, observe)
				for n := range tc.apps {
					r.add(t, n)
				}
				if tc.broke {
					r.store.breakWrites(errDiskFull)
				}
				tc.do(r)
				r.stop()
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

// TestCutShortIsNotTold: a check that our own stop ended is none.
func TestCutShortIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		r := startObserved(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1, func(Outcome, bool) { told++ })
		r.source.takes(time.Minute)
		r.add(t, 1)
		time.Sleep(time.Second)
		r.stop()
		if told != 0 || r.source.calls() != 1 {
			t.Errorf("told of %d checks after %d questions", told, r.source.calls())
		}
	})
}
