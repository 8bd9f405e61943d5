package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// poison puts a value that cannot be read under a key. It is personal, so it
// must not be repeated.
func poison(t *testing.T, s *Store, bucket, key string) {
	t.Helper()
	err := s.db().Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).Put([]byte(key), []byte(`{"reference":"Quetzalcoatl`))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// logged opens a store whose log is at hand; it must name what was left out.
func logged(t *testing.T) (*Store, *bytes.Buffer) {
	t.Helper()
	dir, log := t.TempDir(), new(bytes.Buffer)
	s, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	return s, log
}

func anything(alert.Delivery) bool { return true }

func TestUnreadableDeliveryStopsNoOther(t *testing.T) {
	t.Parallel()
	s, log := logged(t)
	phone := addChannel(t, s, alert.Channel{ID: strings.Repeat("c", watch.IDLen)})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{phone.ID}}}})
	for _, status := range []visa.Status{visa.InProgress, visa.Suspended, visa.Granted} {
		if _, err := s.Record(t.Context(), a.ID, changing(status, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
	if err != nil || len(due) != 3 {
		t.Fatalf("%d due, %v", len(due), err)
	}
	bad, good := due[0], due[1]
	poison(t, s, bucketDeliveries, bad.ID)
	due, err = s.DueDeliveries(t.Context(), time.Now(), 2)
	if err != nil || len(due) != 2 || due[0].ID != good.ID {
		t.Errorf("due %+v, %v", due, err)
	}
	if !strings.Contains(log.String(), bad.ID) || strings.Contains(log.String(), "Quetz") {
		t.Errorf("log: %s", log)
	}
	good.State, good.SettledAt = alert.Delivered, time.Now()
	if err := s.Settle(t.Context(), good); err != nil {
		t.Errorf("settle: %v", err)
	}
	if all, err := s.Deliveries(t.Context(), "", 9, anything); err != nil || len(all) != 2 {
		t.Errorf("%d in the log, %v", len(all), err)
	}
	if _, err := s.EditChannel(t.Context(), phone.ID, func(c *alert.Channel) error { c.Name = "x"; return nil }); err != nil {
		t.Errorf("edit the channel: %v", err)
	}
	if err := s.RemoveChannel(t.Context(), phone.ID); err != nil {
		t.Errorf("remove the channel: %v", err)
	}
	empty(t, s, bucketOutbox)
	if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
		t.Errorf("remove: %v", err)
	}
	for _, bucket := range []string{bucketDeliveries, bucketAbout} {
		empty(t, s, bucket)
	}
}

// empty fails for every key that bucket still has.
func empty(t *testing.T, s *Store, bucket string) {
	t.Helper()
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(k, _ []byte) error {
			t.Errorf("%s still has %q", bucket, k)
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOldUnreadableDeliveryIsForgotten(t *testing.T) {
	t.Parallel()
	s, _ := logged(t)
	addChannel(t, s, alert.Channel{ID: "phone"})
	n := alert.Notification{ApplicationID: "aaaa"}
	for _, at := range []time.Time{time.Now().Add(-keepDeliveries - time.Hour), time.Now()} {
		if err := s.db().Update(func(tx *bbolt.Tx) error { return s.deliver(tx, []string{"phone"}, n, at) }); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
	if err != nil || len(due) != 2 {
		t.Fatalf("%d due, %v", len(due), err)
	}
	poison(t, s, bucketDeliveries, due[0].ID)
	due[1].Attempts, due[1].NextAttemptAt = 1, time.Now().Add(time.Minute)
	if err := s.Settle(t.Context(), due[1]); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{bucketDeliveries, bucketOutbox, bucketAbout} {
		if n := keysIn(t, s, bucket); n != 1 {
			t.Errorf("%d keys in %s, want that of the other delivery", n, bucket)
		}
	}
}

// keysIn returns how many keys a bucket has.
func keysIn(t *testing.T, s *Store, bucket string) (n int) {
	t.Helper()
	err := s.view(func(tx *bbolt.Tx) error {
		n = tx.Bucket([]byte(bucket)).Stats().KeyN
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestUnreadableValueHidesNoOther poisons one of two values of a bucket.
func TestUnreadableValueHidesNoOther(t *testing.T) {
	t.Parallel()
	tests := []struct {
		bucket string
		count  func(s *Store, a watch.Application) (int, error)
	}{
		{bucketApplications, func(s *Store, _ watch.Application) (n int, err error) {
			err = s.Applications(t.Context(), []account.Owner{jana}, "", func(watch.Application) bool { n++; return true })
			return n, err
		}},
		{bucketChannels, func(s *Store, _ watch.Application) (int, error) {
			all, err := s.Channels(t.Context())
			return len(all), err
		}},
		{bucketNotices, func(s *Store, _ watch.Application) (int, error) {
			all, err := s.Notices(t.Context())
			return len(all), err
		}},
		{bucketHistory, func(s *Store, a watch.Application) (int, error) {
			all, err := s.History(t.Context(), a.ID, 9)
			return len(all), err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.bucket, func(t *testing.T) {
			t.Parallel()
			s, log := logged(t)
			for _, id := range []string{"phone", "mail"} {
				addChannel(t, s, alert.Channel{ID: id, Operator: true})
				if _, err := s.Raise(t.Context(), id, alert.Notification{Kind: alert.NothingChecked}, ""); err != nil {
					t.Fatal(err)
				}
			}
			b := addApplication(t, s, watch.Application{ID: "bbbb", Reference: reference(t, zov2), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone", "mail"}}}})
			addApplication(t, s, watch.Application{ID: "aaaa", Reference: reference(t, zov1)})
			for _, status := range []visa.Status{visa.InProgress, visa.Suspended} {
				if _, err := s.Record(t.Context(), b.ID, changing(status, time.Now())); err != nil {
					t.Fatal(err)
				}
			}
			var first string
			if err := s.view(func(tx *bbolt.Tx) error {
				k, _ := tx.Bucket([]byte(tt.bucket)).Cursor().First()
				first = string(k)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			poison(t, s, tt.bucket, first)
			if n, err := tt.count(s, b); err != nil || n != 1 {
				t.Errorf("%d of the one that can be read, %v", n, err)
			}
			if !strings.Contains(log.String(), "bucket="+tt.bucket) || strings.Contains(log.String(), "Quetz") {
				t.Errorf("log: %s", log)
			}
			if _, err := s.Raise(t.Context(), "another", alert.Notification{Kind: alert.NothingChecked}, ""); err != nil {
				t.Errorf("raise: %v", err)
			}
			if _, err := s.Record(t.Context(), b.ID, changing(visa.Granted, time.Now())); err != nil {
				t.Errorf("record: %v", err)
			}
		})
	}
}

func TestUnreadableApplicationCanBeRemoved(t *testing.T) {
	t.Parallel()
	s, _ := logged(t)
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	b := addApplication(t, s, watch.Application{Reference: reference(t, zov2)})
	poison(t, s, bucketApplications, string(a.ID))
	if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
		t.Fatal(err)
	}
	addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	err := s.Add(t.Context(), watch.Application{ID: watch.NewID(time.Now()), Reference: b.Reference})
	if !errors.Is(err, watch.ErrDuplicate) {
		t.Errorf("the other's reference was forgotten: %v", err)
	}
}

// TestOpenRefusesAShortFile cuts a file off behind every page: some that are
// missing then are touched by bbolt itself, others would only be touched later.
func TestOpenRefusesAShortFile(t *testing.T) {
	t.Parallel()
	whole, needed, page := bigFile(t)
	lengths := []int64{1, 100, page + 1, needed - 1}
	for length := page; length < needed; length += page {
		lengths = append(lengths, length)
	}
	for _, length := range lengths {
		t.Run(fmt.Sprintf("%d bytes of %d", length, needed), func(t *testing.T) {
			t.Parallel()
			refuses(t, whole[:length])
		})
	}
	t.Run("nothing needed is missing", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, FileName), whole[:needed], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if s.count != 500 {
			t.Errorf("%d applications", s.count)
		}
	})
	t.Run("pages of rubbish", func(t *testing.T) {
		t.Parallel()
		spoilt := bytes.Clone(whole)
		for i := 2 * page; i < int64(len(spoilt)); i++ {
			spoilt[i] = byte(i * 7)
		}
		refuses(t, spoilt)
	})
}

// bigFile returns the file of a store with 500 applications, how much of it is
// in use, and the size of its pages.
func bigFile(t *testing.T) (file []byte, needed, page int64) {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	for n := range 500 {
		addApplication(t, s, watch.Application{Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", n)), Watchers: []watch.Watcher{{Owner: jana, Label: strings.Repeat("x", 150)}}})
	}
	if err := s.view(func(tx *bbolt.Tx) error {
		needed, page = tx.Size(), int64(s.db().Info().PageSize)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
	file, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return file, needed, page
}

// refuses fails unless Open calls content damaged, says what to do and leaves
// it as it is.
func refuses(t *testing.T, content []byte) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: discard()})
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), restore) {
		t.Errorf("got %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(content, after) {
		t.Errorf("the file was touched (%v)", err)
	}
}

// A bucket whose name was damaged is missing, though every page holds together.
func TestOpenRefusesAFileWithoutABucket(t *testing.T) {
	t.Parallel()
	for _, name := range buckets() {
		dir := t.TempDir()
		s := open(t, dir)
		shut(t, s, dir)
		db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte(name)) }), db.Close()); err != nil {
			t.Fatal(err)
		}
		s, err = Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: discard()})
		if err == nil {
			t.Errorf("a file without %s is opened", name)
			err = s.Close()
		}
		if name != bucketMeta && !errors.Is(err, ErrDamaged) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
