package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors of Open that a person must decide on.
var (
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("another cz-visa-monitor is using this data directory")
	// ErrNewer: the file was written by a newer version of this program.
	ErrNewer = errors.New("the data was written by a newer version of cz-visa-monitor")
	// ErrDamaged: the file cannot be read.
	ErrDamaged = errors.New("the data file is damaged")
)

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = 2 * time.Second

// Open opens or makes the store in dir. Close must be called.
func Open(c Config) (s *Store, err error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", explain(err))
	}
	path := filepath.Join(c.Dir, FileName)
	// bbolt reads the file through mapped memory, where a page that is missing
	// is a fault, and panics over pages that make no sense.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			// Nothing is closed: bbolt's Close may wait for a lock that was
			// held. The mapping and the lock on the file end with the process.
			s, err = nil, fmt.Errorf("open %s: %w", path, explain(fmt.Errorf("%w (%v)", ErrDamaged, r)))
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, explain(err))
	}
	s = &Store{db: db, sealer: c.Sealer, log: c.Logger}
	s.late.init()
	if err := s.begin(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, explain(err)), db.Close())
	}
	return s, nil
}

// begin makes sure that the whole file is there, brings it up to date and
// counts the applications.
func (s *Store) begin(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := s.view(func(tx *bbolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("%w (it has %d bytes of at least %d)", ErrDamaged, info.Size(), tx.Size())
		}
		return nil
	}); err != nil {
		return err
	}
	if err := s.prepare(migrations()); err != nil {
		return err
	}
	return s.view(func(tx *bbolt.Tx) error {
		s.count = tx.Bucket([]byte(bucketReferences)).Stats().KeyN
		return nil
	})
}

// restore is what to do about a damaged file.
const restore = "move the file away and put a backup in its place"

// explain turns the errors that people meet into sentences that say what to do.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout):
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
