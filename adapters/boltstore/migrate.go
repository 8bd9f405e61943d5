package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// keySchema is where the schema version stands in the meta bucket.
	keySchema = "schema"
	// keyKey is where the wrapped key of the values stands there, so that every
	// backup carries the key it needs.
	keyKey = "key"
	// keyCompact stands there while free pages may hold what was removed.
	keyCompact = "compact"
	// keyBackup stands there while there is no backup for the key of the file.
	keyBackup = "backup"
	// due is what stands under what is owed.
	due = "due"
)

// schemaSealed is the first version whose values are sealed.
const schemaSealed = 2

// migration changes a file, to bring it from one schema version to the next above
// all; the values it changes are sealed and opened by s.
type migration func(s *Store, tx *bbolt.Tx) error

// migrations are applied in order: the first makes version 1 out of an empty
// file. Released ones are never changed, only followed by others.
func migrations() []migration {
	return []migration{makeBuckets, isSealed, addAccounts, addShares}
}

// makeBuckets makes version 1.
func makeBuckets(_ *Store, tx *bbolt.Tx) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return fmt.Errorf("make the bucket %s: %w", name, err)
		}
	}
	return nil
}

// isSealed makes version 2 of a file without values. One that has some becomes
// version 2 by being rewritten, because a transaction would leave the old
// values on free pages.
func isSealed(*Store, *bbolt.Tx) error { return nil }

// sealAll brings a file from before schemaSealed there.
func (s *Store) sealAll() error {
	box, wrapped, err := s.keys.New()
	if err != nil {
		return fmt.Errorf("make a key for the data: %w", err)
	}
	if err := s.backUpFirst(box); err != nil {
		return err
	}
	done, err := s.rewrite(context.Background(), box, wrapped, schemaSealed, nil)
	if err != nil {
		return fmt.Errorf("bring the data to schema %d: %w", schemaSealed, err)
	}
	return done()
}

// backUpFirst makes a backup before a migration, unless an attempt that was cut
// short has made one already.
func (s *Store) backUpFirst(box Box) error {
	info, err := os.Stat(filepath.Join(s.dir, FileName))
	if err != nil {
		return err
	}
	if last, ok := Newest(s.dir, nil); ok && last.At.After(info.ModTime()) && !last.At.After(time.Now()) {
		return nil
	}
	if _, err := s.backup(context.Background(), box, "migration"); err != nil {
		return fmt.Errorf("make a backup before the data is brought to a newer schema: %w", err)
	}
	return nil
}

// prepare brings the file to the newest schema version, all in one
// transaction, or refuses it.
func (s *Store) prepare(steps []migration) error {
	version, err := s.schema()
	if err != nil {
		return err
	}
	if version > len(steps) {
		return newer(version, len(steps))
	}
	if version == len(steps) {
		return nil
	}
	return s.db().Update(func(tx *bbolt.Tx) error {
		for i, step := range steps[version:] {
			if err := step(s, tx); err != nil {
				return fmt.Errorf("bring the data to schema %d: %w", version+i+1, err)
			}
		}
		return tx.Bucket([]byte(bucketMeta)).Put([]byte(keySchema), []byte(strconv.Itoa(len(steps))))
	})
}

// newer is the error about a file of a newer version.
func newer(version, known int) error {
	return fmt.Errorf("%w (schema %d, this one knows %d); update the program, or put a backup from before the update in place",
		ErrNewer, version, known)
}

// schema returns the schema version of the file, 0 for an empty one.
func (s *Store) schema() (version int, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		version, err = schemaOf(tx)
		return err
	})
	return version, err
}

// wrapped returns the key as it stands in the file, nil if there is none.
func (s *Store) wrapped() (key []byte, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		key = bytes.Clone(tx.Bucket([]byte(bucketMeta)).Get([]byte(keyKey)))
		return nil
	})
	return key, err
}
