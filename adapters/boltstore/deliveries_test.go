package boltstore

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// counting is a Sealer that counts the values that are opened.
type counting struct {
	Plain
	opened *atomic.Int64
}

func (c counting) Open(bucket, key string, sealed []byte) ([]byte, error) {
	c.opened.Add(1)
	return c.Plain.Open(bucket, key, sealed)
}

// TestRemoveReadsOnlyWhatIsRemoved bounds what a removal costs while all other
// writers wait for it.
func TestRemoveReadsOnlyWhatIsRemoved(t *testing.T) {
	t.Parallel()
	dir, opened := t.TempDir(), new(atomic.Int64)
	s, err := Open(Config{Dir: dir, Keys: boxKeys{counting{opened: opened}}, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	addChannel(t, s, alert.Channel{ID: "phone"})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}})
	for _, status := range []visa.Status{visa.InProgress, visa.Granted} {
		if _, err := s.Record(t.Context(), a.ID, changing(status, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	const others = 2000
	if err := s.db().Update(func(tx *bbolt.Tx) error {
		for i := range others {
			n := alert.Notification{ApplicationID: fmt.Sprintf("other%d", i)}
			if err := s.deliver(tx, []string{"phone"}, n, time.Now()); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	opened.Store(0)
	if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
		t.Fatal(err)
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d values were opened, want only the application", n)
	}
	for _, bucket := range []string{bucketDeliveries, bucketOutbox, bucketAbout} {
		if n := keysIn(t, s, bucket); n != others {
			t.Errorf("%d keys in %s, want those of the %d others", n, bucket, others)
		}
	}
}

// TestRemoveForgetsSettledDeliveries: delivered, given up and revived ones too.
func TestRemoveForgetsSettledDeliveries(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	addChannel(t, s, alert.Channel{ID: "phone"})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}})
	for _, status := range []visa.Status{visa.NotFound, visa.InProgress, visa.Granted} {
		if _, err := s.Record(t.Context(), a.ID, changing(status, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
	if err != nil || len(due) != 3 {
		t.Fatalf("%d due, %v", len(due), err)
	}
	for i, state := range []alert.DeliveryState{alert.Delivered, alert.DeadLetter, alert.DeadLetter} {
		due[i].State, due[i].SettledAt, due[i].NextAttemptAt = state, time.Now(), time.Time{}
		if err := s.Settle(t.Context(), due[i]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Revive(t.Context(), due[2].ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{bucketDeliveries, bucketOutbox, bucketAbout} {
		empty(t, s, bucket)
	}
}

func TestRemovedChannelTakesItsNoticeAlong(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for _, id := range []string{"phone", "mail"} {
		addChannel(t, s, alert.Channel{ID: id})
	}
	dead := alert.Notification{Kind: alert.ChannelDead}
	raise := func(id string) bool {
		raised, err := s.Raise(t.Context(), alert.ChannelDeadKey(id), dead, id)
		if err != nil {
			t.Fatal(err)
		}
		return raised
	}
	if !raise("phone") || !raise("mail") {
		t.Error("a notice was not raised")
	}
	if err := s.RemoveChannel(t.Context(), "phone"); err != nil {
		t.Fatal(err)
	}
	if raise("phone") { // The last message was on its way when the channel was removed.
		t.Error("a notice was raised about a channel that was removed")
	}
	if standing, err := s.Notices(t.Context()); err != nil || len(standing) != 1 {
		t.Errorf("standing: %+v, %v; want that of the other channel", standing, err)
	}
}
