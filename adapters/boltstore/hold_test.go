package boltstore

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// quiet is a channel with times; what they are is the dispatcher's business.
func quiet(id string) alert.Channel {
	return alert.Channel{ID: id, Owner: jana, Quiet: alert.Quiet{From: "22:00", To: "07:00"}}
}

// filled returns the deliveries of a channel that got n, through one application
// each.
func filled(t *testing.T, s *Store, c alert.Channel, n int) []alert.Delivery {
	t.Helper()
	addChannel(t, s, c)
	for i := range n {
		ref := reference(t, []string{zov1, zov2, "ZZZZ202508090003", "ZZZZ202508090004"}[i])
		a := addApplication(t, s, watch.Application{Reference: ref, Watchers: []watch.Watcher{{Owner: jana, Channels: []string{c.ID}}}})
		if _, err := s.Record(t.Context(), a.ID, changing(visa.InProgress, time.Now())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	return dueNow(t, s, n)
}

// dueNow returns what is due, which must be n.
func dueNow(t *testing.T, s *Store, n int) []alert.Delivery {
	t.Helper()
	ds, err := s.DueDeliveries(t.Context(), time.Now(), 99)
	if err != nil || len(ds) != n {
		t.Fatalf("%d due, want %d, %v", len(ds), n, err)
	}
	return ds
}

// heldBack returns ds, held for this long.
func heldBack(ds []alert.Delivery, wait time.Duration) []alert.Delivery {
	held := append([]alert.Delivery(nil), ds...)
	for i := range held {
		at := time.Now().Add(wait).UTC()
		held[i].HeldUntil, held[i].NextAttemptAt, held[i].OpensAt = at, at, at
	}
	return held
}

func keepBack(t *testing.T, s *Store, c alert.Channel, ds []alert.Delivery) {
	t.Helper()
	if err := s.Hold(t.Context(), c, ds); err != nil {
		t.Fatal(err)
	}
}

func wantNext(t *testing.T, s *Store, want time.Time) {
	t.Helper()
	if next, err := s.NextAttempt(t.Context()); err != nil || !next.Equal(want) {
		t.Errorf("next attempt at %s, want %s, %v", next, want, err)
	}
}

// TestHeldStandsAside: what is held is not due and in nobody's way until its
// time, also after a restart; then it has its old place.
func TestHeldStandsAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, c := open(t, dir), quiet("phone")
		ds := filled(t, s, c, 3)
		keepBack(t, s, c, heldBack(ds[:2], 7*time.Hour))
		s = copyOf(t, dir)
		if got := dueNow(t, s, 1); got[0].ID != ds[2].ID {
			t.Errorf("due is %+v", got[0])
		}
		last := ds[2]
		last.State, last.SettledAt, last.NextAttemptAt = alert.Delivered, time.Now(), time.Time{}
		if err := s.Settle(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		dueNow(t, s, 0)
		wantNext(t, s, time.Now().Add(7*time.Hour))
		time.Sleep(7*time.Hour - time.Second)
		dueNow(t, s, 0)
		time.Sleep(time.Second)
		if got := dueNow(t, s, 2); got[0].ID != ds[0].ID || got[1].ID != ds[1].ID || !got[0].Held() {
			t.Errorf("due are %+v", got)
		}
	})
}

// TestHeldGoesWithItsApplication: held news of an application that has others
// which are not held comes with those, and nothing else does.
func TestHeldGoesWithItsApplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := open(t, t.TempDir()), quiet("phone")
		ds := filled(t, s, c, 3)
		keepBack(t, s, c, heldBack(ds, 7*time.Hour))
		if _, err := s.Record(t.Context(), watch.ID(ds[1].Notification.ApplicationID), changing(visa.Granted, time.Now())); err != nil {
			t.Fatal(err)
		}
		got := dueNow(t, s, 2)
		if got[0].ID != ds[1].ID || got[1].Notification.To != visa.Granted {
			t.Errorf("due are %+v", got)
		}
	})
}

// TestHoldIsRefused where the channel has other times meanwhile, is gone, or the
// delivery waits no longer.
func TestHoldIsRefused(t *testing.T) {
	for name, meanwhile := range map[string]func(*testing.T, *Store, []alert.Delivery){
		"edited": func(t *testing.T, s *Store, _ []alert.Delivery) {
			if _, err := s.EditChannel(t.Context(), "phone", func(c *alert.Channel) error { c.Quiet = alert.Quiet{}; return nil }); err != nil {
				t.Fatal(err)
			}
		},
		"removed": func(t *testing.T, s *Store, _ []alert.Delivery) {
			if err := s.RemoveChannel(t.Context(), "phone"); err != nil {
				t.Fatal(err)
			}
		},
		"delivered": func(t *testing.T, s *Store, ds []alert.Delivery) {
			ds[0].State, ds[0].SettledAt, ds[0].NextAttemptAt = alert.Delivered, time.Now(), time.Time{}
			if err := s.Settle(t.Context(), ds[0]); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := open(t, t.TempDir()), quiet("phone")
				ds := filled(t, s, c, 1)
				held := heldBack(ds, 7*time.Hour)
				meanwhile(t, s, ds)
				before, err := s.Delivery(t.Context(), ds[0].ID)
				if err != nil {
					t.Fatal(err)
				}
				keepBack(t, s, c, held)
				after, err := s.Delivery(t.Context(), ds[0].ID)
				if diff := cmp.Diff(before, after); err != nil || diff != "" {
					t.Errorf("-before +after\n%s%v", diff, err)
				}
			})
		})
	}
}

// TestEditLetsGo: after an edit everything is worked out anew; a restart changes
// nothing of that, and nothing is there twice.
func TestEditLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, c := open(t, dir), quiet("phone")
		ds := filled(t, s, c, 2)
		keepBack(t, s, c, heldBack(ds, 7*time.Hour))
		dueNow(t, s, 0)
		c, err := s.EditChannel(t.Context(), c.ID, func(c *alert.Channel) error { c.Quiet, c.Digest = alert.Quiet{}, "18:00"; return nil })
		if err != nil {
			t.Fatal(err)
		}
		s = copyOf(t, dir)
		for i, d := range dueNow(t, s, 2) {
			if d.Held() || d.ID != ds[i].ID {
				t.Errorf("due is %+v", d)
			}
		}
		if got, err := s.Channel(t.Context(), c.ID); err != nil || got.Digest != "18:00" || got.Quiet != (alert.Quiet{}) {
			t.Errorf("channel %+v, %v", got, err)
		}
	})
}

// TestRemovedChannelHoldsNothing: what it held is a dead letter like the rest.
func TestRemovedChannelHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := open(t, t.TempDir()), quiet("phone")
		ds := filled(t, s, c, 1)
		keepBack(t, s, c, heldBack(ds, 7*time.Hour))
		if err := s.RemoveChannel(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		if d, err := s.Delivery(t.Context(), ds[0].ID); err != nil || d.State != alert.DeadLetter || !d.HeldUntil.IsZero() {
			t.Errorf("%+v, %v", d, err)
		}
		wantNext(t, s, time.Time{})
	})
}

// TestHeldWhileTheClockWasAhead: no channel holds anything for longer than two
// days, so that what seems to be held longer is looked at at once.
func TestHeldWhileTheClockWasAhead(t *testing.T) {
	for name, tt := range map[string]struct {
		ahead time.Duration
		want  int
	}{
		"a night":                   {9 * time.Hour, 0},
		"a day and a night":         {35 * time.Hour, 0},
		"planned a month too late":  {30 * 24 * time.Hour, 1},
		"planned a decade too late": {87600 * time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := open(t, t.TempDir()), quiet("phone")
				keepBack(t, s, c, heldBack(filled(t, s, c, 1), tt.ahead))
				dueNow(t, s, tt.want)
				if next, err := s.NextAttempt(t.Context()); err != nil || !next.After(time.Now()) != (tt.want == 1) {
					t.Errorf("next attempt at %s, %v", next, err)
				}
			})
		})
	}
}

// TestSettleTogether: a digest is settled as a whole, in one transaction, and
// leaves alone what was removed meanwhile.
func TestSettleTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, c := open(t, dir), quiet("phone")
		ds := filled(t, s, c, 4)
		gone := ds[1].Notification.ApplicationID
		if _, err := s.Remove(t.Context(), watch.ID(gone), jana); err != nil {
			t.Fatal(err)
		}
		for i := range ds {
			ds[i].State, ds[i].SettledAt, ds[i].NextAttemptAt, ds[i].Digest = alert.Delivered, time.Now(), time.Time{}, "digest"
		}
		before := transactions(s)
		if err := s.Settle(t.Context(), ds...); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context(), ds...); err != nil { // Late, from before.
			t.Fatal(err)
		}
		if n := transactions(s) - before; n != 1 {
			t.Errorf("%d transactions, want one", n)
		}
		s = copyOf(t, dir)
		all, err := s.Deliveries(t.Context(), "", 10, func(d alert.Delivery) bool { return d.State == alert.Delivered && d.Digest == "digest" })
		if err != nil || len(all) != 3 {
			t.Errorf("%d settled, %v", len(all), err)
		}
		dueNow(t, s, 0)
		wantNext(t, s, time.Time{})
	})
}

// transactions returns how many transactions have been written.
func transactions(s *Store) (id int) {
	_ = s.view(func(tx *bbolt.Tx) error { id = tx.ID(); return nil })
	return id
}
