package boltstore

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

const (
	// keepAudit is how many entries of the audit trail are kept at most, and
	// keepAuditFor for how long.
	keepAudit    = 100_000
	keepAuditFor = 2 * 365 * 24 * time.Hour
	// clockTolerance is how far a clock may be set back, as time servers do, before
	// it is noted.
	clockTolerance = time.Minute
	// auditPrune is how many one transaction forgets at most.
	auditPrune = 5
	// auditPage is how many entries one reading transaction hands out: a slow
	// reader must not keep bbolt from growing its file.
	auditPage = 500
)

// The ends of the audit trail stand by themselves, so that it is noticed when
// some of it is cut off.
const (
	keyAuditHead   = "head"   // the last entry
	keyAuditAnchor = "anchor" // the last one that was forgotten
)

// auditEnd is the Seq and Hash of an entry; zero is the one before the first.
type auditEnd struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// ends are both ends of the audit trail.
type ends struct{ anchor, head auditEnd }

func (s *Store) auditEnds(tx *bbolt.Tx) (e ends, err error) {
	if _, err = s.get(tx, bucketAuditEnds, keyAuditAnchor, &e.anchor); err != nil {
		return ends{}, err
	}
	_, err = s.get(tx, bucketAuditEnds, keyAuditHead, &e.head)
	return e, err
}

// auditKey is the key of the entry with this Seq.
func auditKey(seq uint64) string { return string(binary.BigEndian.AppendUint64(nil, seq)) }

// auditSeq reads what auditKey wrote.
func auditSeq(k []byte) uint64 {
	if len(k) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}

// audit appends an entry in the transaction of what was done, if somebody acts
// in ctx. An action of "" is none.
func (s *Store) audit(ctx context.Context, tx *bbolt.Tx, action account.Action, kind, object, detail string) error {
	p, ok := account.Acting(ctx)
	if !ok || action == "" {
		return nil
	}
	e, err := s.auditEnds(tx)
	if err != nil {
		return fmt.Errorf("read the end of the audit trail: %w", err)
	}
	now := time.Now()
	var last account.Entry
	if s.try(tx, bucketAudit, auditKey(e.head.Seq), &last) && last.At.Sub(now) > clockTolerance {
		// So that whoever reads it knows why the times do not rise.
		back := account.Entry{At: now, Action: account.ClockSetBack, Detail: last.At.Sub(now).Round(time.Second).String()}
		if e.head, err = s.link(tx, e.head, back); err != nil {
			return err
		}
	}
	e.head, err = s.link(tx, e.head, account.Entry{
		At: now, User: p.User.ID, Via: p.Via, Key: p.Key, Address: p.Address,
		Action: action, Kind: kind, Object: object, Detail: detail,
	})
	if err != nil {
		return err
	}
	return s.pruneAudit(tx, e, now.Add(-keepAuditFor))
}

// link appends an entry behind head, and returns the new head.
func (s *Store) link(tx *bbolt.Tx, head auditEnd, entry account.Entry) (auditEnd, error) {
	entry.Seq = head.Seq + 1
	entry, err := entry.Linked(head.Hash)
	if err != nil {
		return auditEnd{}, err
	}
	if err := s.put(tx, bucketAudit, auditKey(entry.Seq), entry); err != nil {
		return auditEnd{}, err
	}
	head = auditEnd{Seq: entry.Seq, Hash: entry.Hash}
	return head, s.put(tx, bucketAuditEnds, keyAuditHead, head)
}

// pruneAudit forgets some of the oldest entries if there are too many, or they
// are from before limit. One that cannot be read leaves a broken link behind.
func (s *Store) pruneAudit(tx *bbolt.Tx, e ends, limit time.Time) error {
	anchor := e.anchor
	for range auditPrune {
		if anchor.Seq+1 >= e.head.Seq {
			break
		}
		var oldest account.Entry
		key := auditKey(anchor.Seq + 1)
		readable := s.try(tx, bucketAudit, key, &oldest)
		if e.head.Seq-anchor.Seq <= keepAudit && (!readable || !oldest.At.Before(limit)) {
			break
		}
		if err := tx.Bucket([]byte(bucketAudit)).Delete([]byte(key)); err != nil {
			return err
		}
		anchor = auditEnd{Seq: anchor.Seq + 1, Hash: oldest.Hash}
	}
	if anchor == e.anchor {
		return nil
	}
	return s.put(tx, bucketAuditEnds, keyAuditAnchor, anchor)
}

// Audit implements account.Trail.
func (s *Store) Audit(ctx context.Context, action account.Action, kind, object, detail string) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error { return s.audit(ctx, tx, action, kind, object, detail) })
	if err != nil {
		return fmt.Errorf("write to the audit trail: %w", err)
	}
	return nil
}

// AuditTrail implements account.Trail. One that cannot be read is left out.
func (s *Store) AuditTrail(_ context.Context, before uint64, most int, want func(account.Entry) bool) ([]account.Entry, error) {
	found := []account.Entry{}
	err := s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketAudit)).Cursor()
		k, v := c.Last()
		if before > 0 {
			if behind, _ := c.Seek([]byte(auditKey(before))); behind != nil {
				k, v = c.Prev()
			}
		}
		for ; k != nil && len(found) < most; k, v = c.Prev() {
			var e account.Entry
			if s.tryDecode(bucketAudit, string(k), v, &e) && want(e) {
				found = append(found, e)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit trail: %w", err)
	}
	return found, nil
}

// WriteAudit implements account.Trail. One that cannot be read is left out.
func (s *Store) WriteAudit(ctx context.Context, w io.Writer) error {
	lines := json.NewEncoder(w)
	for next := uint64(1); next > 0; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("export the audit trail: %w", context.Cause(ctx))
		}
		page, err := s.auditFrom(&next)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := lines.Encode(e); err != nil {
				return fmt.Errorf("export the audit trail: %w", err)
			}
		}
	}
	return nil
}

// auditFrom returns some entries from next on, and sets next to the one after
// them, 0 if there is none.
func (s *Store) auditFrom(next *uint64) (page []account.Entry, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketAudit)).Cursor()
		k, v := c.Seek([]byte(auditKey(*next)))
		for n := 0; k != nil && n < auditPage; n++ {
			var e account.Entry
			if s.tryDecode(bucketAudit, string(k), v, &e) {
				page = append(page, e)
			}
			k, v = c.Next()
		}
		*next = auditSeq(k)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit trail: %w", err)
	}
	return page, nil
}
