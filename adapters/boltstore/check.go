package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"

	"go.etcd.io/bbolt"
)

// checkedAtOnce is the size up to which Open reads through the whole file before
// anything is done with it. That takes 0.04 s on a PC (BenchmarkCheck32MB), on an
// SD card as long as it takes to read. A larger one is checked by the backup that
// is made at every start.
const checkedAtOnce = 32 << 20

// sampled is how many values of each bucket are opened to see whether the key fits.
const sampled = 5

// faultError is a panic over a damaged file.
type faultError struct{ cause any }

func (e *faultError) Error() string { return fmt.Sprintf("%v (%v)", ErrDamaged, e.cause) }

func (e *faultError) Unwrap() error { return ErrDamaged }

// guarded runs fn, and returns a faultError when it panics: bbolt reads the file
// through mapped memory, where a page that is missing is a fault, and panics
// over pages that make no sense.
func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = &faultError{r}
		}
	}()
	return fn()
}

// faultless runs fn, a transaction on the file at path, and returns a faultError
// when it panics over damage: in a file that is too large to be checked at once,
// or that was damaged since. A panic over a whole file is a mistake in the
// program, and goes on.
func faultless(path string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if !torn(path) {
				panic(r)
			}
			err = &faultError{r}
		}
	}()
	return fn()
}

// torn reports whether the pages of the file at path do not hold together.
func torn(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // Only read.
	info, err := f.Stat()
	return err == nil && errors.Is(checkPages(f, info.Size(), true), ErrDamaged)
}

// checkFile reads through the pages of the file at path, all of them if whole is
// true. It does not map it, and writes nothing. It returns ErrLocked while
// another process has the file open.
func checkFile(path string, whole bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = lockFile(f, false)
	if err == nil {
		var info os.FileInfo
		if info, err = f.Stat(); err == nil {
			err = checkPages(f, info.Size(), whole)
		}
	}
	return errors.Join(err, f.Close())
}

// silent keeps keys out of the errors of bbolt's check.
type silent struct{}

func (silent) KeyToString([]byte) string   { return "" }
func (silent) ValueToString([]byte) string { return "" }

// check runs bbolt's own check over a file whose pages have been read through.
func check(db *bbolt.DB) error {
	return guarded(func() error {
		return db.View(func(tx *bbolt.Tx) (first error) {
			for err := range tx.Check(bbolt.WithKVStringer(silent{})) {
				if first == nil {
					first = fmt.Errorf("%w (%v)", ErrDamaged, err) //nolint:errorlint // Its words only.
				}
			}
			return first
		})
	})
}

// openKey opens the key that stands in a file.
type openKey func(wrapped []byte) (Box, error)

// inspect reads through the file at path, which nobody has open, and fails
// unless it is a whole store of this version or an older one, whose key can be
// opened and opens its values.
func inspect(path string, open openKey) error {
	if err := checkFile(path, true); err != nil {
		return err
	}
	return guarded(func() error {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
		if err != nil {
			return explain(err)
		}
		if err = check(db); err == nil {
			err = db.View(func(tx *bbolt.Tx) error { return fits(tx, open) })
		}
		return errors.Join(err, db.Close())
	})
}

// fits fails unless the key in a file can be opened and opens its values.
func fits(tx *bbolt.Tx, open openKey) error {
	version, err := schemaOf(tx)
	if err != nil {
		return err
	}
	if version > len(migrations()) {
		return newer(version, len(migrations()))
	}
	if version < schemaSealed {
		return nil
	}
	wrapped := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyKey))
	if wrapped == nil {
		return fmt.Errorf("%w: it has no key", ErrDamaged)
	}
	box, err := open(bytes.Clone(wrapped))
	if err != nil {
		return fmt.Errorf("open the key of the data: %w", err)
	}
	if tried, opened := sample(tx, box); tried > 0 && opened == 0 {
		return fmt.Errorf("%w: it opens none of %d values", ErrWrongKey, tried)
	}
	return nil
}

// sample opens the first values of each bucket. One that cannot be read says
// nothing about the key, as long as others can.
func sample(tx *bbolt.Tx, box Box) (tried, opened int) {
	for _, b := range table() {
		values := tx.Bucket([]byte(b.name))
		if b.seal == unsealed || values == nil {
			continue
		}
		c := values.Cursor()
		n := 0
		for k, v := c.First(); k != nil && n < sampled; k, v = c.Next() {
			n++
			if _, err := b.open(box, string(k), v); err == nil {
				opened++
			}
		}
		tried += n
	}
	return tried, opened
}

// schemaOf returns the schema version of a file, 0 for an empty one.
func schemaOf(tx *bbolt.Tx) (version int, err error) {
	meta := tx.Bucket([]byte(bucketMeta))
	if meta == nil {
		if k, _ := tx.Cursor().First(); k != nil {
			return 0, fmt.Errorf("%w: it is a bbolt file of another program", ErrDamaged)
		}
		return 0, nil
	}
	version, err = strconv.Atoi(string(meta.Get([]byte(keySchema))))
	if err != nil || version < 0 {
		return 0, fmt.Errorf("%w: its schema version cannot be read", ErrDamaged)
	}
	return version, nil
}
