package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/watch"
)

// keepEntries is how many entries of an application's history are kept. The
// newest are, but changes of the status stay longer than anything else.
const keepEntries = 500

// History returns the newest entries of an application, newest first.
func (s *Store) History(_ context.Context, id watch.ID, most int) ([]watch.Entry, error) {
	entries := []watch.Entry{}
	err := s.view(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(bucketApplications)).Get([]byte(id)) == nil {
			return watch.ErrNotFound
		}
		c := tx.Bucket([]byte(bucketHistory)).Cursor()
		// The sequence begins with a zero byte, so that 0xff stands behind all.
		back := c.Last
		if behind, _ := c.Seek(append([]byte(id), 0xff)); behind != nil {
			back = c.Prev
		}
		k, v := back()
		for ; bytes.HasPrefix(k, []byte(id)) && len(entries) < most; k, v = c.Prev() {
			var e watch.Entry
			if s.tryDecode(bucketHistory, string(k), v, &e) {
				entries = append(entries, e)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// putEntry appends e to the history of id, and drops what is too much of it.
func (s *Store) putEntry(tx *bbolt.Tx, id watch.ID, e watch.Entry) error {
	history := tx.Bucket([]byte(bucketHistory))
	seq, err := history.NextSequence()
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64([]byte(id), seq)
	if err := s.put(tx, bucketHistory, string(key), e); err != nil {
		return err
	}
	keys := keysWith(history, []byte(id))
	if len(keys) <= keepEntries {
		return nil
	}
	return history.Delete(s.dispensable(tx, keys))
}

// dispensable returns the key of the oldest entry that is no change of the
// status, or of the oldest if all are. One that cannot be read is of no use.
func (s *Store) dispensable(tx *bbolt.Tx, keys [][]byte) []byte {
	for _, k := range keys {
		var e watch.Entry
		if !s.try(tx, bucketHistory, string(k), &e) || e.Kind != watch.Changed {
			return k
		}
	}
	return keys[0]
}

// keysWith returns a copy of every key that begins with prefix, in order.
func keysWith(b *bbolt.Bucket, prefix []byte) (keys [][]byte) {
	c := b.Cursor()
	for k, _ := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	return keys
}

// deletePrefix deletes every key that begins with prefix.
func deletePrefix(b *bbolt.Bucket, prefix []byte) error {
	for _, k := range keysWith(b, prefix) {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
