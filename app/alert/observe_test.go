package alert_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
)

// TestDispatcherTellsOfAttempts: one line for each delivery of each attempt.
func TestDispatcherTellsOfAttempts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		put    int
		digest bool
		answer func(id string, n int) error
		want   []string
	}{
		{"accepted", 2, false, func(string, int) error { return nil }, []string{"fake delivered", "fake delivered"}},
		{"accepted at the second try", 1, false, func(_ string, n int) error {
			if n == 1 {
				return errTemporary
			}
			return nil
		}, []string{"fake waiting", "fake delivered"}},
		{"not to be tried again", 1, false, func(string, int) error { return alert.ErrNoRetry }, []string{"fake dead"}},
		{"several in one message", 3, true, func(string, int) error { return nil }, []string{"fake delivered", "fake delivered", "fake delivered"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bubbles(t, func(t *testing.T, o *fakeOutbox) {
				o.addChannel(false, "a")
				if tc.digest {
					c := o.channels["a"]
					c.Digest = time.Now().UTC().Add(time.Minute).Format("15:04")
					o.channels["a"] = c
				}
				for range tc.put {
					o.put("a", news())
				}
				var mu sync.Mutex
				var got []string
				s := &script{answer: tc.answer}
				start(t, o, s.notifier(), func(c *alert.DispatcherConfig) {
					c.Observe = func(kind string, now alert.DeliveryState) {
						mu.Lock()
						defer mu.Unlock()
						got = append(got, fmt.Sprintf("%s %s", kind, now))
					}
				})
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				if diff := cmp.Diff(tc.want, slices.Clone(got)); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}
