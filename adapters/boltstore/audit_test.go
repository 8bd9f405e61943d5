package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

func everything(account.Entry) bool { return true }

// written returns a store with n entries in the audit trail.
func written(t testing.TB, n int) *Store {
	t.Helper()
	s := open(t, t.TempDir())
	ctx := account.As(t.Context(), account.Principal{User: account.User{ID: "me"}, Via: account.ByToken, Key: "k", Address: "192.0.2.1"})
	err := s.update(func(tx *bbolt.Tx) error {
		for range n {
			if err := s.audit(ctx, tx, account.AuditExported, account.KindAudit, "", ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A clock that was set back stands in the trail before what was done under it, once.
func TestAuditTellsOfAClockSetBack(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ctx := account.As(t.Context(), account.CommandLine())
	note := func(ahead time.Duration) {
		t.Helper()
		err := s.update(func(tx *bbolt.Tx) error {
			e, err := s.auditEnds(tx)
			if err != nil {
				return err
			}
			_, err = s.link(tx, e.head, account.Entry{At: time.Now().Add(ahead), Action: account.BackupMade})
			return err
		})
		if err = errors.Join(err, s.Audit(ctx, account.AuditExported, account.KindAudit, "", "")); err != nil {
			t.Fatal(err)
		}
	}
	note(30 * time.Second) // As a time server may.
	note(3*time.Hour + 100*time.Millisecond)
	if err := s.Audit(ctx, account.AuditExported, account.KindAudit, "", ""); err != nil {
		t.Fatal(err)
	}
	entries, err := s.AuditTrail(t.Context(), 0, 10, everything)
	var got []string
	for _, e := range entries {
		got = append(got, string(e.Action)+" "+e.Detail)
	}
	want := []string{"audit.exported ", "audit.exported ", "clock.set_back 3h0m0s", "backup.made ", "audit.exported ", "backup.made "}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	if n, broken, err := s.VerifyAudit(t.Context()); err != nil || n != 6 || broken != 0 {
		t.Errorf("%d entries, broken at %d, %v", n, broken, err)
	}
}

func TestAuditNamesTheFirstBrokenLink(t *testing.T) {
	t.Parallel()
	edit := func(seq uint64, change func(*account.Entry)) func(*Store, *bbolt.Tx) error {
		return func(s *Store, tx *bbolt.Tx) error {
			var e account.Entry
			if _, err := s.get(tx, bucketAudit, auditKey(seq), &e); err != nil {
				return err
			}
			change(&e)
			return s.put(tx, bucketAudit, auditKey(seq), e)
		}
	}
	drop := func(seqs ...uint64) func(*Store, *bbolt.Tx) error {
		return func(_ *Store, tx *bbolt.Tx) (err error) {
			for _, seq := range seqs {
				err = errors.Join(err, tx.Bucket([]byte(bucketAudit)).Delete([]byte(auditKey(seq))))
			}
			return err
		}
	}
	last := uint64(auditPage + 20)
	tests := []struct {
		name   string
		damage func(*Store, *bbolt.Tx) error
		broken uint64
	}{
		{"nothing", func(*Store, *bbolt.Tx) error { return nil }, 0},
		{"who did it", edit(7, func(e *account.Entry) { e.User = "somebody" }), 7},
		{"two entries", func(s *Store, tx *bbolt.Tx) error {
			return errors.Join(edit(9, func(e *account.Entry) { e.User = "x" })(s, tx), edit(5, func(e *account.Entry) { e.At = e.At.Add(1) })(s, tx))
		}, 5},
		{"with its hash made anew", edit(7, func(e *account.Entry) {
			e.User = "somebody"
			*e, _ = e.Linked(strings.Repeat("0", 64))
		}), 7},
		{"one missing", drop(7), 7},
		{"the first missing", drop(1), 1},
		{"the beginning cut off", drop(1, 2, 3), 1},
		{"the last missing", drop(last), last},
		{"the end cut off", drop(last, last-1, last-2), last - 2},
		{"one on the second page", edit(auditPage+3, func(e *account.Entry) { e.Detail = "x" }), auditPage + 3},
		{"one that cannot be read", func(_ *Store, tx *bbolt.Tx) error {
			return tx.Bucket([]byte(bucketAudit)).Put([]byte(auditKey(7)), []byte("noise"))
		}, 7},
		{"one more at the end", func(s *Store, tx *bbolt.Tx) error {
			return s.put(tx, bucketAudit, auditKey(last+1), account.Entry{Seq: last + 1})
		}, last + 1},
		{"one before the first", func(s *Store, tx *bbolt.Tx) error {
			return s.put(tx, bucketAudit, auditKey(0), account.Entry{})
		}, 1},
		{"everything gone", func(_ *Store, tx *bbolt.Tx) error {
			if err := tx.DeleteBucket([]byte(bucketAudit)); err != nil {
				return err
			}
			_, err := tx.CreateBucket([]byte(bucketAudit))
			return err
		}, 1},
		{"the head gone", func(_ *Store, tx *bbolt.Tx) error {
			return tx.Bucket([]byte(bucketAuditEnds)).Delete([]byte(keyAuditHead))
		}, 1},
		{"the last one replaced", func(s *Store, tx *bbolt.Tx) error {
			var before account.Entry
			if _, err := s.get(tx, bucketAudit, auditKey(last-1), &before); err != nil {
				return err
			}
			return edit(last, func(e *account.Entry) { e.User = "somebody"; *e, _ = e.Linked(before.Hash) })(s, tx)
		}, last},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := written(t, int(last))
			if err := s.update(func(tx *bbolt.Tx) error { return tt.damage(s, tx) }); err != nil {
				t.Fatal(err)
			}
			n, broken, err := s.VerifyAudit(t.Context())
			if err != nil || broken != tt.broken {
				t.Errorf("broken at %d, want %d, %v", broken, tt.broken, err)
			}
			if tt.broken == 0 && n != int(last) || tt.broken > 0 && n != int(tt.broken)-1 {
				t.Errorf("%d entries stand", n)
			}
		})
	}
	if n, broken, err := open(t, t.TempDir()).VerifyAudit(t.Context()); n != 0 || broken != 0 || err != nil {
		t.Errorf("an empty trail: %d, %d, %v", n, broken, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := written(t, 1).VerifyAudit(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}

func TestOldAuditEntriesGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := written(t, 12)
		ctx := account.As(t.Context(), account.Principal{User: account.User{ID: "me"}})
		time.Sleep(keepAuditFor + time.Hour)
		for _, want := range []int{12 + 1 - auditPrune, 12 + 2 - 2*auditPrune, 1 + 2, 1 + 3} {
			if err := s.Audit(ctx, account.AuditExported, "", "", ""); err != nil {
				t.Fatal(err)
			}
			if n, broken, err := s.VerifyAudit(t.Context()); n != want || broken != 0 || err != nil {
				t.Errorf("%d entries, want %d; broken at %d, %v", n, want, broken, err)
			}
		}
		err := s.update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketAudit)).Delete([]byte(auditKey(13))) })
		if err != nil {
			t.Fatal(err)
		}
		if _, broken, err := s.VerifyAudit(t.Context()); broken != 13 || err != nil {
			t.Errorf("what was cut off after that: broken at %d, %v", broken, err)
		}
	})
}

func TestTooManyAuditEntriesGo(t *testing.T) {
	t.Parallel()
	s := written(t, 9)
	err := s.update(func(tx *bbolt.Tx) error {
		e, err := s.auditEnds(tx)
		if err != nil {
			return err
		}
		e.head.Seq = keepAudit + 3 // As if there were as many.
		return s.pruneAudit(tx, e, time.Time{})
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, broken, err := s.VerifyAudit(t.Context()); n != 6 || broken != 0 || err != nil {
		t.Errorf("%d entries, broken at %d, %v", n, broken, err)
	}
}

func TestAuditTrailAndExport(t *testing.T) {
	t.Parallel()
	const n = 2*auditPage + 7
	s := written(t, n)
	var seqs []uint64
	for before := uint64(0); ; {
		page, err := s.AuditTrail(t.Context(), before, 400, everything)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			seqs = append(seqs, e.Seq)
		}
		before = page[len(page)-1].Seq
	}
	if len(seqs) != n || seqs[0] != n || seqs[n-1] != 1 {
		t.Errorf("%d entries", len(seqs))
	}
	if page, err := s.AuditTrail(t.Context(), n+100, 1, everything); err != nil || len(page) != 1 || page[0].Seq != n {
		t.Errorf("before the future: %v, %v", page, err)
	}
	var out bytes.Buffer
	if err := s.WriteAudit(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	hash, lines := "", 0
	for line := range strings.Lines(out.String()) {
		var e account.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		own, err := e.Linked(hash)
		if err != nil || own.Hash != e.Hash {
			t.Fatalf("line %d cannot be verified, %v", lines+1, err)
		}
		hash, lines = e.Hash, lines+1
	}
	if lines != n {
		t.Errorf("%d lines", lines)
	}
}

// TestAuditSaysWhoDidIt changes what belongs to people, as somebody and as nobody.
func TestAuditSaysWhoDidIt(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	somebody := account.As(t.Context(), account.Principal{User: account.User{ID: "me"}, Via: account.BySession, Key: "key", Address: "192.0.2.1"})
	for _, ctx := range []context.Context{t.Context(), somebody} {
		c := alert.Channel{ID: "phone", Fields: map[string]string{"token": "secret90001"}}
		if err := s.AddChannel(ctx, c); err != nil {
			t.Fatal(err)
		}
		if _, err := s.EditChannel(ctx, "phone", func(*alert.Channel) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.EditChannel(ctx, "phone", func(*alert.Channel) error { return alert.ErrNoChannel }); err == nil {
			t.Fatal("a refused edit was taken")
		}
		err := s.update(func(tx *bbolt.Tx) error {
			return s.putDelivery(tx, alert.Delivery{ID: "d", ChannelID: "phone", State: alert.DeadLetter})
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Revive(ctx, "d", time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveChannel(ctx, "phone"); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := s.AuditTrail(t.Context(), 0, 99, everything)
	if err != nil {
		t.Fatal(err)
	}
	var got []account.Action
	for _, e := range entries {
		got = append(got, e.Action)
		if e.User != "me" || e.Via != account.BySession || e.Key != "key" || e.Address != "192.0.2.1" || e.Object == "" {
			t.Errorf("got %+v", e)
		}
	}
	want := []account.Action{account.ChannelRemoved, account.DeliveryRevived, account.ChannelChanged, account.ChannelAdded}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var out bytes.Buffer
	if err := s.WriteAudit(t.Context(), &out); err != nil || strings.Contains(out.String(), "secret90001") {
		t.Errorf("the audit trail holds a field of a channel, or %v", err)
	}
}

func TestWhoReadsTheTrail(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	alena, bedrich := h.add(t, "alena", account.Member), h.add(t, "bedrich", account.Member)
	own, err := h.Trail(h.in(t, alena.Secret), 0, 999, everything)
	if err != nil || len(own) == 0 {
		t.Fatalf("%d own entries, %v", len(own), err)
	}
	for _, e := range own {
		if !e.Concerns(alena.User.ID) || e.Concerns(bedrich.User.ID) {
			t.Errorf("a member sees %+v", e)
		}
	}
	whole, err := h.Trail(h.asAdmin(t), 0, 999, everything)
	if err != nil || len(whole) <= len(own) {
		t.Errorf("an admin sees %d of %d entries, %v", len(own), len(whole), err)
	}
	_, err = h.Trail(t.Context(), 0, 999, everything)
	wants(t, "nobody", err, account.ErrForbidden)
	wants(t, "a member exports", h.WriteTrail(h.in(t, alena.Secret), &bytes.Buffer{}), account.ErrForbidden)
	var out bytes.Buffer
	wants(t, "an admin exports", h.WriteTrail(h.asAdmin(t), &out), nil)
	if lines := strings.Count(out.String(), "\n"); lines != len(whole)+1 || !strings.Contains(out.String(), string(account.AuditExported)) {
		t.Errorf("%d lines of %d", lines, len(whole)+1)
	}
	if strings.Contains(out.String(), "alena") || strings.Contains(out.String(), "bedrich") {
		t.Error("the audit trail holds a name")
	}
	if _, broken, err := h.store.VerifyAudit(t.Context()); broken != 0 || err != nil {
		t.Errorf("broken at %d, %v", broken, err)
	}
}
