package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"cz-visa-monitor/app/archive"
)

// Errors of Open that a person must decide on.
var (
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("another cz-visa-monitor is using this data directory")
	// ErrNewer: the file was written by a newer version of this program.
	ErrNewer = errors.New("the data was written by a newer version of cz-visa-monitor")
	// ErrDamaged: the file cannot be read.
	ErrDamaged = errors.New("the data file is damaged")
	// ErrWrongKey: the data was sealed with another key.
	ErrWrongKey = archive.ErrWrongKey
)

// Open opens or makes the store in dir. Close must be called. A file that is
// damaged, newer or sealed with another key is left as it is.
//
// Files of older versions are brought up to date, after a backup was made.
// One that could not be compacted after something was removed is compacted now.
func Open(c Config) (*Store, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", explain(err))
	}
	unlock, err := LockDir(c.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: c.Dir, keys: c.Keys, log: c.Logger, unlock: unlock}
	s.sealer.path = filepath.Join(c.Dir, FileName)
	s.late.init()
	if err := guarded(s.begin); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Join(c.Dir, FileName), explain(err)), s.abandon(err))
	}
	s.compactDue(context.Background())
	return s, nil
}

// abandon closes what Open had opened before err.
func (s *Store) abandon(err error) error {
	var fault *faultError
	// After a fault nothing is closed: bbolt's Close may wait for a lock that
	// was held. The mapping and the lock on the file end with the process.
	if f := s.sealer.current.Load(); f != nil && !errors.As(err, &fault) {
		return errors.Join(f.db.Close(), s.unlock())
	}
	return s.unlock()
}

// begin opens or makes the file, brings it up to date and counts the applications.
func (s *Store) begin() error {
	if err := tidy(s.dir); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(s.dir, FileName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = s.create()
	case err == nil:
		err = s.load(info.Size())
	}
	if err != nil {
		return err
	}
	return s.view(func(tx *bbolt.Tx) error {
		s.count = tx.Bucket([]byte(bucketReferences)).Stats().KeyN
		return nil
	})
}

// openFile opens the file at path for writing.
func openFile(path string) (*bbolt.DB, error) {
	return bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
}

// create makes an empty store with a new key.
func (s *Store) create() error {
	box, wrapped, err := s.keys.New()
	if err != nil {
		return fmt.Errorf("make a key for the data: %w", err)
	}
	path := filepath.Join(s.dir, FileName)
	db, err := openFile(path + newSuffix)
	if err != nil {
		return err
	}
	s.sealer.current.Store(&file{db: db, box: box, wrapped: wrapped})
	if err := s.prepare(migrations()); err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyKey), wrapped) })
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(path+newSuffix, path), syncDir(s.dir))
}

// load opens the file that is there, after it was checked.
func (s *Store) load(size int64) error {
	path := filepath.Join(s.dir, FileName)
	small := size <= checkedAtOnce
	if err := checkFile(path, small); err != nil {
		return err
	}
	db, err := openFile(path)
	if err != nil {
		return err
	}
	s.sealer.current.Store(&file{db: db, box: Plain{}})
	if small {
		if err := check(db); err != nil {
			return err
		}
	}
	version, err := s.schema()
	switch {
	case err != nil:
		return err
	case version > len(migrations()):
		return newer(version, len(migrations()))
	case version == 0: // An older program was ended while it made the file.
		return errors.Join(db.Close(), s.create())
	case version < schemaSealed:
		err = s.sealAll()
	default:
		if err = s.unlockValues(); err == nil && version < len(migrations()) {
			err = s.backUpFirst(s.sealer.current.Load().box)
		}
	}
	if err == nil {
		err = s.prepare(migrations())
	}
	if err != nil {
		return err
	}
	return s.view(complete)
}

// complete returns ErrDamaged where a bucket is missing: its name was damaged, which
// breaks no page.
func complete(tx *bbolt.Tx) error {
	for _, name := range buckets() {
		if tx.Bucket([]byte(name)) == nil {
			return fmt.Errorf("%w: the bucket %q is missing", ErrDamaged, name)
		}
	}
	return nil
}

// unlockValues opens the key that stands in the file.
func (s *Store) unlockValues() error {
	wrapped, err := s.wrapped()
	if err != nil {
		return err
	}
	if wrapped == nil {
		return fmt.Errorf("%w: it has no key", ErrDamaged)
	}
	box, err := s.keys.Open(wrapped)
	if err != nil {
		return fmt.Errorf("open the key of the data: %w", err)
	}
	s.sealer.current.Store(&file{db: s.db(), box: box, wrapped: wrapped})
	return nil
}

// restore is what to do about a damaged file.
const restore = "put a backup in its place with 'cz-visa-monitor backup restore'"

// explain turns the errors that people meet into sentences that say what to do.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout), errors.Is(err, ErrLocked):
		return fmt.Errorf("%w; stop it first, or choose another directory with CZVM_DATA_DIR", ErrLocked)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch),
		strings.HasPrefix(err.Error(), "file size too small"): // bbolt has no name for this one.
		return fmt.Errorf("%w (%w); %s", ErrDamaged, err, restore)
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("%w; %s", err, restore)
	case full(err):
		return fmt.Errorf("the disk is full; free some space, nothing that was known is lost: %w", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the data directory cannot be written; give this user the right to write it, or choose another one with CZVM_DATA_DIR: %w", err)
	}
	return err
}

// full reports whether err says that the disk has no room. bbolt does not wrap
// the error of making the file longer, so its words count too.
func full(err error) bool {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, errno) || strings.HasSuffix(err.Error(), ": "+errno.Error()) {
			return true
		}
	}
	return false
}
