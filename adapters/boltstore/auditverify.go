package boltstore

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// VerifyAudit follows the links of the audit trail from the oldest entry to the
// newest. n is how many stand; broken is the Seq of the first entry that is
// missing, changed, or no part of the trail, 0 if all is well. It reads a page
// at a time, and takes no more memory for a longer trail.
func (s *Store) VerifyAudit(ctx context.Context) (n int, broken uint64, err error) {
	var v auditWalk
	for !v.done {
		if err := ctx.Err(); err != nil {
			return v.n, 0, fmt.Errorf("verify the audit trail: %w", context.Cause(ctx))
		}
		if err := s.view(func(tx *bbolt.Tx) error { return s.walkAudit(tx, &v) }); err != nil {
			return v.n, 0, fmt.Errorf("verify the audit trail: %w", err)
		}
	}
	return v.n, v.broken, nil
}

// auditWalk is how far the links were followed.
type auditWalk struct {
	last   auditEnd // the last entry that was seen
	n      int
	broken uint64
	done   bool
}

// stop ends the walk; broken is 0 if all is well.
func (v *auditWalk) stop(broken uint64) { v.broken, v.done = broken, true }

// walkAudit follows some links.
func (s *Store) walkAudit(tx *bbolt.Tx, v *auditWalk) error {
	e, err := s.auditEnds(tx)
	if err != nil {
		return err
	}
	if e.anchor.Seq > v.last.Seq { // At the beginning, or when it was pruned in the meantime.
		v.last = e.anchor
	}
	b := tx.Bucket([]byte(bucketAudit))
	if first, _ := b.Cursor().First(); v.n == 0 && first != nil && auditSeq(first) <= e.anchor.Seq {
		v.stop(max(1, auditSeq(first)))
		return nil
	}
	c := b.Cursor()
	k, sealed := c.Seek([]byte(auditKey(v.last.Seq + 1)))
	for range auditPage {
		want := v.last.Seq + 1
		switch {
		case want > e.head.Seq && k == nil && v.last == e.head:
			v.stop(0)
			return nil
		case want > e.head.Seq && k == nil:
			v.n--
			v.stop(v.last.Seq) // The last one is not the one that was written last.
			return nil
		case want > e.head.Seq || auditSeq(k) != want:
			v.stop(want)
			return nil
		}
		if !s.linked(k, sealed, v) {
			v.stop(want)
			return nil
		}
		k, sealed = c.Next()
	}
	return nil
}

// linked reports whether an entry is as it was written, and goes on to it.
func (s *Store) linked(k, sealed []byte, v *auditWalk) bool {
	var e account.Entry
	if !s.tryDecode(bucketAudit, string(k), sealed, &e) {
		return false
	}
	own, err := e.Linked(v.last.Hash)
	if err != nil || own.Hash != e.Hash || e.Seq != auditSeq(k) {
		return false
	}
	v.last, v.n = auditEnd{Seq: e.Seq, Hash: e.Hash}, v.n+1
	return true
}
