package boltstore

import (
	"fmt"
	"strconv"

	"go.etcd.io/bbolt"
)

// keySchema is where the schema version stands in the meta bucket.
const keySchema = "schema"

// migration brings a file from one schema version to the next; the values it
// changes are sealed and opened by s.
type migration func(s *Store, tx *bbolt.Tx) error

// migrations are applied in order: the first makes version 1 out of an empty
// file. Released ones are never changed, only followed by others.
func migrations() []migration {
	return []migration{makeBuckets, addAccounts, addPeople}
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

// prepare brings the file to the newest schema version, all in one
// transaction, or refuses it.
func (s *Store) prepare(steps []migration) error {
	version, err := s.schema()
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w (schema %d, this one knows %d); update the program, or put a backup from before the update in place",
			ErrNewer, version, len(steps))
	}
	if version == len(steps) {
		return nil
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		for i, step := range steps[version:] {
			if err := step(s, tx); err != nil {
				return fmt.Errorf("bring the data to schema %d: %w", version+i+1, err)
			}
		}
		return tx.Bucket([]byte(bucketMeta)).Put([]byte(keySchema), []byte(strconv.Itoa(len(steps))))
	})
}

// schema returns the schema version of the file, 0 for an empty one.
func (s *Store) schema() (version int, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(bucketMeta))
		if meta == nil {
			if k, _ := tx.Cursor().First(); k != nil {
				return fmt.Errorf("%w: it is a bbolt file of another program", ErrDamaged)
			}
			return nil
		}
		version, err = strconv.Atoi(string(meta.Get([]byte(keySchema))))
		if err != nil {
			return fmt.Errorf("%w: its schema version cannot be read", ErrDamaged)
		}
		return nil
	})
	return version, err
}
