package watch

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
)

func TestEngineOperatorNotices(t *testing.T) {
	tests := []struct {
		name    string
		failure Failure
		want    []string
	}{
		{
			"nothing checked for hours",
			Failure{Code: Unreachable},
			[]string{"first_answer >in_progress", "nothing_checked >", "nothing_checked resolved"},
		},
		{
			"the page has changed",
			Failure{Code: LayoutChanged},
			[]string{"first_answer >in_progress", "layout_changed >", "nothing_checked >", "layout_changed resolved", "nothing_checked resolved"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
				r.add(t, 1)
				time.Sleep(time.Second)
				r.source.fails(&tt.failure)
				time.Sleep(3 * time.Hour)
				if got := len(r.store.tellings()); got != len(tt.want)-len(resolvedIn(tt.want))-1 {
					t.Errorf("told before three hours of silence: %v", r.store.tellings())
				}
				time.Sleep(9 * time.Hour)
				r.source.says(visa.InProgress)
				time.Sleep(12 * time.Hour)
				got := r.store.tellings()
				if diff := cmp.Diff(sortedTail(tt.want), sortedTail(got)); diff != "" {
					t.Errorf("told: -want +got\n%s", diff)
				}
			})
		})
	}
}

func TestEngineTellsOfChecksThatDoNotHappen(t *testing.T) {
	tests := []struct {
		name  string
		state SourceState
	}{
		{"the breaker is open for long", SourceState{Breaker: BreakerState{OpenUntil: time.Date(2000, 1, 1, 20, 0, 0, 0, time.UTC), Reason: Throttled, Trips: 1}}},
		{"checks never end", SourceState{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemory()
				store.sources["replica"] = tt.state
				r := startRig(t, store, newScript(t, visa.InProgress), unpaced(), 1)
				r.checker.Deadline = 1000 * time.Hour
				r.source.takes(100 * time.Hour)
				r.add(t, 1)
				time.Sleep(3*time.Hour - 2*time.Minute)
				if got := store.tellings(); got != nil {
					t.Errorf("told before three hours: %v", got)
				}
				time.Sleep(4 * time.Minute)
				if diff := cmp.Diff([]string{"nothing_checked >"}, store.tellings()); diff != "" {
					t.Errorf("told: -want +got\n%s", diff)
				}
			})
		})
	}
}

func TestEngineIsSilentWithoutApplications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		time.Sleep(48 * time.Hour)
		if got := r.store.tellings(); got != nil {
			t.Errorf("told %v", got)
		}
	})
}

// resolvedIn returns the lines that end a trouble.
func resolvedIn(lines []string) (resolved []string) {
	for _, l := range lines {
		if len(l) > 8 && l[len(l)-8:] == "resolved" {
			resolved = append(resolved, l)
		}
	}
	return resolved
}

// sortedTail makes the order of the notices that one answer resolves not matter.
func sortedTail(lines []string) map[string]int {
	count := map[string]int{}
	for i, l := range lines {
		if len(resolvedIn([]string{l})) == 0 {
			l = fmt.Sprintf("%d %s", i, l)
		}
		count[l]++
	}
	return count
}
