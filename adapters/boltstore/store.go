// Package boltstore keeps everything in one bbolt file: applications, their
// history, channels, the outbox, operator notices and tokens. Keys are opaque
// IDs; values are sealed.
package boltstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"cz-visa-monitor/app/watch"
)

// FileName is the name of the store's file in the data directory.
const FileName = "cz-visa-monitor.db"

// Config is what Open needs.
type Config struct {
	// Dir is the data directory; it is made if it is missing.
	Dir string
	// Sealer encodes the values. Must not be nil.
	Sealer Sealer
	// Logger must not be nil.
	Logger *slog.Logger
}

// The buckets. bbolt keeps keys in order, which the composite keys use.
const (
	bucketMeta         = "meta"         // name → plain value
	bucketApplications = "applications" // application ID → sealed Application
	bucketSchedule     = "schedule"     // application ID → next check, so that a start need not open every application
	bucketReferences   = "references"   // digest of the reference's identity → application ID
	bucketHistory      = "history"      // application ID + sequence → sealed Entry
	bucketChannels     = "channels"     // channel ID → sealed Channel
	bucketDeliveries   = "deliveries"   // delivery ID (begins with its time) → sealed Delivery
	bucketOutbox       = "outbox"       // channel ID + delivery ID → next attempt; the waiting ones only
	bucketNotices      = "notices"      // digest of the key → sealed standing Notification
	bucketSources      = "sources"      // source name → sealed SourceState
	bucketTokens       = "tokens"       // hash of the secret → sealed Token
)

func buckets() []string {
	return []string{
		bucketMeta, bucketApplications, bucketSchedule, bucketReferences, bucketHistory,
		bucketChannels, bucketDeliveries, bucketOutbox, bucketNotices, bucketSources, bucketTokens,
	}
}

// Errors of Open that a person must decide on.
var (
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("another cz-visa-monitor is using this data directory")
	// ErrNewer: the file was written by a newer version of this program.
	ErrNewer = errors.New("the data was written by a newer version of cz-visa-monitor")
	// ErrDamaged: the file cannot be read.
	ErrDamaged = errors.New("the data file is damaged")
)

// Store is an open store. Its methods may be called from several goroutines.
type Store struct {
	db     *bbolt.DB
	sealer Sealer
	log    *slog.Logger

	// write is held by whoever changes something, from reading what stands
	// to the end of the transaction.
	write sync.Mutex
	// count is how many applications there are, guarded by write.
	count int
	late  late
}

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = 2 * time.Second

// Open opens or makes the store in dir. Close must be called.
func Open(c Config) (*Store, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", explain(err))
	}
	path := filepath.Join(c.Dir, FileName)
	db, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, explain(err))
	}
	s := &Store{db: db, sealer: c.Sealer, log: c.Logger}
	s.late.init()
	if err := s.prepare(migrations()); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, explain(err)), db.Close())
	}
	err = s.view(func(tx *bbolt.Tx) error {
		s.count = tx.Bucket([]byte(bucketReferences)).Stats().KeyN
		return nil
	})
	return s, err
}

// openFile opens the file, turning bbolt's panics over a damaged one into an error.
func openFile(path string) (db *bbolt.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
}

// explain turns the errors that people meet into sentences that say what to do.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w; stop it first, or choose another directory with CZVM_DATA_DIR", ErrLocked)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w (%w); move the file away and put a backup in its place", ErrDamaged, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("the disk is full; free some space, nothing that was known is lost: %w", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the data directory cannot be written; give this user the right to write it, or choose another one with CZVM_DATA_DIR: %w", err)
	}
	return err
}

// Close writes what is still to be written and closes the file.
func (s *Store) Close() error {
	s.late.stop()
	s.write.Lock()
	defer s.write.Unlock()
	return errors.Join(s.flush(), s.db.Close())
}

// Ping reports whether the store can be read.
func (s *Store) Ping() error { return s.view(func(*bbolt.Tx) error { return nil }) }

func (s *Store) view(fn func(*bbolt.Tx) error) error { return s.db.View(fn) }

// update runs fn in a transaction that also carries what was waiting to be
// written. The caller holds s.write.
func (s *Store) update(fn func(*bbolt.Tx) error) error {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		if err := s.putLate(tx); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil {
		return explain(err)
	}
	s.late.clear()
	return nil
}

// put seals v under key.
func (s *Store) put(tx *bbolt.Tx, bucket, key string, v any) error {
	plain, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a value of %s: %w", bucket, err)
	}
	sealed, err := s.sealer.Seal(bucket, key, plain)
	if err != nil {
		return fmt.Errorf("seal a value of %s: %w", bucket, err)
	}
	return tx.Bucket([]byte(bucket)).Put([]byte(key), sealed)
}

// get opens the value under key into v; ok is false if there is none.
func (s *Store) get(tx *bbolt.Tx, bucket, key string, v any) (ok bool, err error) {
	sealed := tx.Bucket([]byte(bucket)).Get([]byte(key))
	if sealed == nil {
		return false, nil
	}
	return true, s.decode(bucket, key, sealed, v)
}

func (s *Store) decode(bucket, key string, sealed []byte, v any) error {
	plain, err := s.sealer.Open(bucket, key, sealed)
	if err != nil {
		return fmt.Errorf("open a sealed value of %s: %w", bucket, err)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("decode a value of %s: %w", bucket, err)
	}
	return nil
}

var _ watch.Store = (*Store)(nil)
