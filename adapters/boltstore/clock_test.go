package boltstore

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

// TestOrderWithinAChannelIsThatOfMaking makes deliveries while the clock is set
// forward and back.
func TestOrderWithinAChannelIsThatOfMaking(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	addChannel(t, s, alert.Channel{ID: "phone"})
	addChannel(t, s, alert.Channel{ID: "mail"})
	now := time.Now()
	want := []visa.Status{visa.InProgress, visa.PreliminarilyPositive, visa.Suspended, visa.Granted}
	for i, step := range []time.Duration{-time.Minute, 0, -time.Hour, -48 * time.Hour} {
		err := s.db().Update(func(tx *bbolt.Tx) error {
			return s.deliver(tx, []string{"phone", "mail"}, alert.Notification{To: want[i]}, now.Add(step))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.DueDeliveries(t.Context(), now, 9)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]visa.Status{}
	for _, d := range due {
		got[d.ChannelID] = append(got[d.ChannelID], d.Notification.To)
	}
	if diff := cmp.Diff(map[string][]visa.Status{"phone": want, "mail": want}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestAttemptPlannedWhileTheClockWasAhead(t *testing.T) {
	tests := []struct {
		name  string
		ahead time.Duration
		due   bool
	}{
		{"the longest back-off", 6 * time.Hour, false},
		{"just within what can be", longestWait, false},
		{"beyond it", longestWait + time.Second, true},
		{"years ahead", 4 * 365 * 24 * time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, t.TempDir())
				fill(t, s, []string{"phone"}, 2)
				due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
				if err != nil || len(due) != 2 {
					t.Fatalf("%d due, %v", len(due), err)
				}
				failed, planned := due[0], time.Now().Add(tt.ahead).UTC()
				failed.Attempts, failed.NextAttemptAt = 1, planned
				if err := s.Settle(t.Context(), failed); err != nil {
					t.Fatal(err)
				}
				want, next := 0, planned
				if tt.due {
					want, next = 2, time.Now()
				}
				if due, err = s.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != want {
					t.Errorf("%d due, want %d, %v", len(due), want, err)
				}
				if len(due) > 0 && due[0].ID != failed.ID {
					t.Error("the order was lost")
				}
				if got, err := s.NextAttempt(t.Context()); err != nil || !got.Equal(next) {
					t.Errorf("next attempt %s, want %s, %v", got, next, err)
				}
			})
		})
	}
}

func TestRevivedGoesToTheEndOfTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		fill(t, s, []string{"phone"}, 3)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil || len(due) != 3 {
			t.Fatalf("%d due, %v", len(due), err)
		}
		dead := due[0]
		dead.State, dead.SettledAt, dead.NextAttemptAt = alert.DeadLetter, time.Now(), time.Time{}
		if err := s.Settle(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
		revived, err := s.Revive(t.Context(), dead.ID, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context(), dead); err != nil { // Late, from before.
			t.Fatal(err)
		}
		want := []string{due[1].ID, due[2].ID, revived.ID}
		due, err = s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range due {
			got = append(got, d.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}
