package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// hidden is a Sealer whose values show nothing, to find what is not sealed.
type hidden struct{ Plain }

func (hidden) Seal(bucket, key string, plain []byte) ([]byte, error) {
	return flip(bucket+key, plain), nil
}

func (hidden) Open(bucket, key string, sealed []byte) ([]byte, error) {
	return flip(bucket+key, sealed), nil
}

func flip(place string, b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= 0x80 ^ place[i%len(place)]&0x7f
	}
	return out
}

// fill makes deliveries to the channels by status changes, one a millisecond.
func fill(t *testing.T, s *Store, channels []string, n int) watch.Application {
	t.Helper()
	for _, id := range channels {
		addChannel(t, s, alert.Channel{ID: id})
	}
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: channels}}})
	for i := range n {
		status := []visa.Status{visa.InProgress, visa.Suspended}[i%2]
		if _, err := s.Record(t.Context(), a.ID, changing(status, time.Now())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	return a
}

func TestOutboxOrderAndShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		fill(t, s, []string{"phone", "mail"}, 5)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 3)
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for i, d := range due {
			count[d.ChannelID]++
			if i > 0 && d.CreatedAt.Before(due[i-1].CreatedAt) {
				t.Errorf("delivery %d is older than the one before", i)
			}
		}
		if diff := cmp.Diff(map[string]int{"phone": 3, "mail": 3}, count); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		fill(t, s, []string{"phone"}, 2)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil || len(due) != 2 {
			t.Fatalf("%d due, %v", len(due), err)
		}
		later := time.Now().Add(time.Hour).UTC()
		first, second := due[0], due[1]
		first.Attempts, first.NextAttemptAt, first.LastError = 1, later, "refused"
		second.State, second.SettledAt = alert.Delivered, time.Now()
		for _, d := range []alert.Delivery{first, second} {
			if err := s.Settle(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		if due, err := s.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != 0 {
			t.Errorf("%d due, %v", len(due), err)
		}
		if next, err := s.NextAttempt(t.Context()); err != nil || !next.Equal(later) {
			t.Errorf("next %s, %v", next, err)
		}
		all, err := s.Deliveries(t.Context(), "", 10, func(alert.Delivery) bool { return true })
		if err != nil || len(all) != 2 || all[0].ID != second.ID || all[0].State != alert.Delivered {
			t.Errorf("log %+v, %v", all, err)
		}
		page, err := s.Deliveries(t.Context(), second.ID, 10, func(alert.Delivery) bool { return true })
		if err != nil || len(page) != 1 || page[0].ID != first.ID {
			t.Errorf("second page %+v, %v", page, err)
		}
	})
}

func TestOutboxKeepsTheOrderBehindAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		fill(t, s, []string{"phone", "mail"}, 3)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Hour).UTC()
		for _, d := range due {
			if d.ChannelID == "phone" {
				d.Attempts, d.NextAttemptAt = 1, later
				if err := s.Settle(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		s = copyOf(t, dir) // Also after a restart.
		due, err = s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil || len(due) != 3 || due[0].ChannelID != "mail" {
			t.Errorf("due %+v, %v", due, err)
		}
		if next, err := s.NextAttempt(t.Context()); err != nil || next.After(time.Now()) {
			t.Errorf("next %s, %v", next, err)
		}
		if err := s.RemoveChannel(t.Context(), "mail"); err != nil {
			t.Fatal(err)
		}
		if next, err := s.NextAttempt(t.Context()); err != nil || !next.Equal(later) {
			t.Errorf("next %s, %v; want that of the first", next, err)
		}
	})
}

// TestOutboxPassesOverWhatYields: one that has failed often holds up none, and
// keeps its place in front as long as nothing has overtaken it.
func TestOutboxPassesOverWhatYields(t *testing.T) {
	t.Parallel()
	type state struct {
		attempts  int
		later     time.Duration // until it is due
		overtaken bool
	}
	tests := map[string]struct {
		line []state
		want []int
		next time.Duration // the longest, 0 for now
	}{
		"all due":                   {[]state{{}, {}, {}}, []int{0, 1, 2}, 0},
		"head waits":                {[]state{{2, time.Hour, false}, {}}, nil, time.Hour},
		"head waits and yields":     {[]state{{3, time.Hour, false}, {}, {}}, []int{0, 1, 2}, 0},
		"head was overtaken":        {[]state{{3, time.Hour, true}, {}, {}}, []int{1, 2}, 0},
		"overtaken and due":         {[]state{{3, 0, true}, {}}, []int{0, 1}, 0},
		"overtaken alone":           {[]state{{3, time.Hour, true}}, nil, time.Hour},
		"second waits":              {[]state{{5, 2 * time.Hour, false}, {1, time.Hour, false}, {}}, nil, time.Hour},
		"behind two that yield":     {[]state{{5, 2 * time.Hour, false}, {3, time.Hour, false}, {}}, []int{0, 1, 2}, 0},
		"head due, the others wait": {[]state{{5, 0, false}, {3, time.Hour, false}, {1, time.Hour, false}}, []int{0, 1, 2}, 0},
		"none due":                  {[]state{{3, time.Hour, false}, {3, 3 * time.Hour, false}}, nil, time.Hour},
		"more than may be taken":    {[]state{{3, time.Hour, false}, {}, {}, {}, {}}, []int{0, 1, 2, 3}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir)
				fill(t, s, []string{"phone"}, len(tt.line))
				all, err := s.DueDeliveries(t.Context(), time.Now(), 9)
				if err != nil || len(all) != len(tt.line) {
					t.Fatalf("%d due, %v", len(all), err)
				}
				place, now := map[string]int{}, time.Now()
				for i, d := range all {
					place[d.ID] = i
					d.Attempts, d.NextAttemptAt, d.Overtaken = tt.line[i].attempts, now.Add(tt.line[i].later), tt.line[i].overtaken
					if err := s.Settle(t.Context(), d); err != nil {
						t.Fatal(err)
					}
				}
				s = copyOf(t, dir) // Also after a restart.
				due, err := s.DueDeliveries(t.Context(), now, 4)
				if err != nil {
					t.Fatal(err)
				}
				var got []int
				for _, d := range due {
					got = append(got, place[d.ID])
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("due (-want +got):\n%s", diff)
				}
				if next, err := s.NextAttempt(t.Context()); err != nil || !next.Equal(now.Add(tt.next)) {
					t.Errorf("next in %s, %v; want %s", next.Sub(now), err, tt.next)
				}
			})
		})
	}
}

func TestSettleAfterRemovalBringsNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		a := fill(t, s, []string{"phone"}, 1)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil || len(due) != 1 {
			t.Fatalf("%d due, %v", len(due), err)
		}
		if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
			t.Fatal(err)
		}
		due[0].State = alert.Delivered
		if err := s.Settle(t.Context(), due[0]); err != nil {
			t.Fatal(err)
		}
		all, err := s.Deliveries(t.Context(), "", 10, func(alert.Delivery) bool { return true })
		if err != nil || len(all) != 0 {
			t.Errorf("log %+v, %v", all, err)
		}
	})
}

func TestOldDeliveriesAreForgottenWaitingOnesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		fill(t, s, []string{"phone", "mail"}, 3)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range due {
			if d.ChannelID == "phone" {
				d.State, d.SettledAt = alert.Delivered, time.Now()
				if err := s.Settle(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(keepDeliveries + time.Hour)
		last := due[len(due)-1]
		last.ChannelID, last.Attempts = "mail", 1
		for _, d := range due {
			if d.ChannelID == "mail" {
				last = d
			}
		}
		if err := s.Settle(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		all, err := s.Deliveries(t.Context(), "", 10, func(alert.Delivery) bool { return true })
		if err != nil || len(all) != 3 {
			t.Errorf("%d left, %v", len(all), err)
		}
		for _, d := range all {
			if d.ChannelID != "mail" {
				t.Errorf("kept %+v", d)
			}
		}
	})
}

func TestRemovedChannelLeavesDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		fill(t, s, []string{"phone", "mail"}, 1)
		if err := s.RemoveChannel(t.Context(), "phone"); err != nil {
			t.Fatal(err)
		}
		dead, err := s.Deliveries(t.Context(), "", 10, func(d alert.Delivery) bool { return d.State == alert.DeadLetter })
		if err != nil || len(dead) != 1 || dead[0].ChannelID != "phone" || dead[0].LastError == "" {
			t.Fatalf("dead letters %+v, %v", dead, err)
		}
		if _, err := s.Revive(t.Context(), dead[0].ID, time.Now()); !errors.Is(err, alert.ErrNoChannel) {
			t.Errorf("revived without a channel: %v", err)
		}
		if err := s.RemoveChannel(t.Context(), "phone"); !errors.Is(err, alert.ErrNoChannel) {
			t.Errorf("removed twice: %v", err)
		}
	})
}

func TestRevive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		fill(t, s, []string{"phone"}, 1)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil {
			t.Fatal(err)
		}
		d := due[0]
		if _, err := s.Revive(t.Context(), d.ID, time.Now()); !errors.Is(err, alert.ErrNotDead) {
			t.Errorf("revived while waiting: %v", err)
		}
		d.State, d.SettledAt = alert.DeadLetter, time.Now()
		if err := s.Settle(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Revive(t.Context(), d.ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		if due, err := s.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != 1 || due[0].ID != d.ID {
			t.Errorf("due %+v, %v", due, err)
		}
		if _, err := s.Revive(t.Context(), "none", time.Now()); !errors.Is(err, alert.ErrNoDelivery) {
			t.Errorf("revived nothing: %v", err)
		}
	})
}

func TestEditedChannelIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		fill(t, s, []string{"phone"}, 1)
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil {
			t.Fatal(err)
		}
		due[0].NextAttemptAt = time.Now().Add(6 * time.Hour)
		if err := s.Settle(t.Context(), due[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := s.EditChannel(t.Context(), "phone", func(c *alert.Channel) error { c.Name = "mended"; return nil }); err != nil {
			t.Fatal(err)
		}
		if due, err := s.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != 1 {
			t.Errorf("due %+v, %v", due, err)
		}
		no := errors.New("no")
		if _, err := s.EditChannel(t.Context(), "phone", func(c *alert.Channel) error { c.Name = "spoilt"; return no }); !errors.Is(err, no) {
			t.Errorf("got %v", err)
		}
		if c, err := s.Channel(t.Context(), "phone"); err != nil || c.Name != "mended" {
			t.Errorf("got %+v, %v", c, err)
		}
	})
}

func TestNoticesAreRaisedAndResolvedOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for i, operator := range []bool{true, true, false} {
		addChannel(t, s, alert.Channel{ID: fmt.Sprintf("c%d", i), Operator: operator})
	}
	raise := alert.Notification{Kind: alert.ChannelDead, Subject: "c1"}
	end := alert.Notification{Kind: alert.ChannelDead, Subject: "c1", Resolved: true}
	steps := []struct {
		name string
		do   func() (bool, error)
		want bool
		due  int
	}{
		{"resolve what does not stand", func() (bool, error) { return s.Resolve(t.Context(), "k", end, "c1") }, false, 0},
		{"raise", func() (bool, error) { return s.Raise(t.Context(), "k", raise, "c1") }, true, 1},
		{"raise again", func() (bool, error) { return s.Raise(t.Context(), "k", raise, "c1") }, false, 1},
		{"raise another", func() (bool, error) { return s.Raise(t.Context(), "other", raise, "") }, true, 3},
		{"resolve", func() (bool, error) { return s.Resolve(t.Context(), "k", end, "c1") }, true, 4},
		{"resolve again", func() (bool, error) { return s.Resolve(t.Context(), "k", end, "c1") }, false, 4},
	}
	for _, step := range steps {
		got, err := step.do()
		if err != nil || got != step.want {
			t.Errorf("%s: %v, %v", step.name, got, err)
		}
		if due, err := s.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != step.due {
			t.Errorf("%s: %d deliveries, want %d (%v)", step.name, len(due), step.due, err)
		}
	}
	standing, err := s.Notices(t.Context())
	if err != nil || len(standing) != 1 {
		t.Errorf("standing: %+v, %v", standing, err)
	}
}
