package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"
)

// rewriteBatch is how many bytes one transaction of a rewrite carries.
const rewriteBatch = 4 << 20

// Compact writes the file anew, so that nothing that was removed is left on a
// free page, and the file is no larger than it must be. Writing waits for it,
// reading does not. It needs room for a second file; if there is none, or ctx
// ends, the old file stays.
func (s *Store) Compact(ctx context.Context) error {
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	f := s.sealer.current.Load()
	if err := s.replace(ctx, f.box, f.wrapped, nil); err != nil {
		return fmt.Errorf("compact the data file: %w", explain(err))
	}
	return nil
}

// owesCompact has the file compacted later, should whoever removes something in
// tx not live to do it. It is part of what removes, so that neither a crash nor
// another's Compact comes in between.
func owesCompact(tx *bbolt.Tx) error {
	return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyCompact), []byte(due))
}

// owes reports whether what stands under key in the meta bucket is due.
func (s *Store) owes(key string) (isDue bool, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		isDue = tx.Bucket([]byte(bucketMeta)).Get([]byte(key)) != nil
		return nil
	})
	return isDue, err
}

// compactDue compacts the file if that is owed. What fails is logged and stays
// owed: nobody waits for it.
func (s *Store) compactDue(ctx context.Context) {
	isDue, err := s.owes(keyCompact)
	if err == nil && isDue {
		err = s.Compact(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("cannot compact the data file; what was removed may stay on free pages of it, and it is tried again before every backup", slog.Any("error", err))
	}
}

// replace rewrites the file of a store that is at work. The caller holds s.upkeep.
func (s *Store) replace(ctx context.Context, box Box, wrapped []byte, also migration) error {
	done, err := func() (func() error, error) {
		s.write.Lock()
		defer s.write.Unlock()
		return s.rewrite(ctx, box, wrapped, len(migrations()), also)
	}()
	if err != nil {
		return err
	}
	return done()
}

// rewrite copies everything into a new file of the given schema, sealed with
// box, and puts it in the place of the old one. Until the rename the old file
// stands; from there on the new one, with what also changed in it, if that is not
// nil. The caller holds s.write and calls done when it does not any more.
func (s *Store) rewrite(ctx context.Context, box Box, wrapped []byte, schema int, also migration) (done func() error, err error) {
	path := filepath.Join(s.dir, FileName)
	fresh := path + newSuffix
	db, err := s.copyTo(ctx, fresh, box, wrapped, schema, also)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(fresh, path); err != nil {
		return nil, errors.Join(err, db.Close(), removed(fresh))
	}
	unsynced := syncDir(s.dir) // The new file is in its place even so.
	closeOld := s.sealer.exchange(&file{db: db, box: box, wrapped: wrapped})
	return func() error { return errors.Join(unsynced, closeOld()) }, nil
}

// copyTo copies everything into a new file at the path fresh, of the given schema
// and sealed with box, with what also changes in it, if that is not nil. When it
// returns the file is open, whole and on the disk; if anything fails, there is none.
func (s *Store) copyTo(ctx context.Context, fresh string, box Box, wrapped []byte, schema int, also migration) (db *bbolt.DB, err error) {
	if err := removed(fresh); err != nil {
		return nil, err
	}
	if db, err = openFile(fresh); err != nil {
		return nil, errors.Join(err, removed(fresh))
	}
	db.NoSync = true // Until it is whole nobody needs it.
	old := s.sealer.current.Load()
	err = guarded(func() error {
		return old.db.View(func(tx *bbolt.Tx) error {
			r := &rewriting{
				reader: reader{tx: tx, box: old.box}, to: box, db: db, log: s.log,
				same:  old.wrapped != nil && bytes.Equal(wrapped, old.wrapped),
				facts: map[string][]byte{keySchema: []byte(strconv.Itoa(schema)), keyKey: wrapped},
			}
			return r.run(ctx)
		})
	})
	if err == nil && also != nil {
		err = s.beside(&file{db: db, box: box, wrapped: wrapped}, also)
	}
	if err == nil {
		err = errors.Join(db.Sync(), check(db))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close(), removed(fresh))
	}
	db.NoSync = false
	return db, nil
}

// beside makes a change in a file that is not that of the store yet.
func (s *Store) beside(f *file, change migration) error {
	next := &Store{log: s.log}
	next.sealer.current.Store(f)
	return guarded(func() error { return f.db.Update(func(tx *bbolt.Tx) error { return change(next, tx) }) })
}

// removed removes a file that may not exist.
func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// rewriting is one run of copying everything into a new file.
type rewriting struct {
	reader // of the old file
	to     Box
	same   bool              // the key stays
	facts  map[string][]byte // what is to stand in meta
	db     *bbolt.DB
	log    *slog.Logger

	out  *bbolt.Tx
	size int // of out
}

// run copies every bucket of the table, and puts the facts into meta.
func (r *rewriting) run(ctx context.Context) (err error) {
	defer func() {
		if r.out != nil {
			err = errors.Join(err, r.out.Rollback())
		}
	}()
	err = r.tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		if _, ok := described(string(name)); !ok {
			return fmt.Errorf("%w: the bucket %q is not known", ErrDamaged, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, b := range table() {
		if err := r.bucket(ctx, b); err != nil {
			return fmt.Errorf("copy the bucket %s: %w", b.name, err)
		}
	}
	for k, v := range r.facts {
		if err := r.put(ctx, bucket{name: bucketMeta}, k, v); err != nil {
			return err
		}
	}
	return r.commit()
}

// bucket copies one bucket.
func (r *rewriting) bucket(ctx context.Context, b bucket) error {
	if err := r.begin(); err != nil {
		return err
	}
	to, err := r.out.CreateBucket([]byte(b.name))
	from := r.tx.Bucket([]byte(b.name))
	if err != nil || from == nil { // One that the old file has not got yet.
		return err
	}
	if err := to.SetSequence(from.Sequence()); err != nil {
		return err
	}
	c := from.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if _, ok := r.facts[string(k)]; b.name == bucketMeta && (ok || string(k) == keyCompact) {
			continue // What is owed is done with the new file.
		}
		if v == nil {
			return fmt.Errorf("%w: a bucket within a bucket", ErrDamaged)
		}
		key := r.key(b, string(k), v)
		value, err := r.value(b, string(k), key, v)
		if err != nil {
			return err
		}
		if err := r.put(ctx, b, key, value); err != nil {
			return err
		}
	}
	return nil
}

// key returns the key in the new file. One whose origin cannot be found out gets
// another one of its own, so that what it stands for can still be removed.
func (r *rewriting) key(b bucket, key string, value []byte) string {
	if b.rekey == nil || r.same {
		return key
	}
	plain, ok := b.rekey(&r.reader, key, value)
	if !ok {
		r.warn("cannot find out what a look-up key stands for", b, key)
		plain = key
	}
	return string(r.to.Digest([]byte(plain)))
}

// value returns the value for the new file.
func (r *rewriting) value(b bucket, old, key string, value []byte) ([]byte, error) {
	if b.seal == unsealed || r.same {
		return value, nil
	}
	plain, err := b.open(r.box, old, value)
	if err != nil {
		r.warn("a stored value that cannot be read stays as it is", b, old)
		return value, nil
	}
	return b.close(r.to, key, plain)
}

func (r *rewriting) warn(what string, b bucket, key string) {
	id := slog.String("id", strings.ToValidUTF8(key, "?"))
	r.log.Error("found trouble while rewriting the data file", slog.String("trouble", what), slog.String("bucket", b.name), id)
}

// put puts a value into the new file, and commits now and then.
func (r *rewriting) put(ctx context.Context, b bucket, key string, value []byte) error {
	if r.size >= rewriteBatch {
		if err := errors.Join(ctx.Err(), r.commit()); err != nil {
			return err
		}
	}
	if err := r.begin(); err != nil {
		return err
	}
	r.size += len(key) + len(value)
	to := r.out.Bucket([]byte(b.name))
	if b.rekey == nil {
		to.FillPercent = 0.9 // They come in order.
	}
	return to.Put([]byte(key), value)
}

// begin begins a transaction, unless there is one.
func (r *rewriting) begin() (err error) {
	if r.out == nil {
		r.out, err = r.db.Begin(true)
	}
	return err
}

// commit ends the transaction, if there is one.
func (r *rewriting) commit() error {
	if r.out == nil {
		return nil
	}
	out := r.out
	r.out, r.size = nil, 0
	return out.Commit()
}
