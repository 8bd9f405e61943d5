// Package boltstore keeps everything in one bbolt file: applications, their
// history, channels, the outbox, operator notices, accounts and the audit
// trail, people. Keys are opaque IDs; values are sealed.
package boltstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/watch"
)

// FileName is the name of the store's file in the data directory.
const FileName = "cz-visa-monitor.db"

// Config is what Open needs.
type Config struct {
	// Dir is the data directory; it is made if it is missing.
	Dir string
	// Keys makes and opens the key of the values. Must not be nil.
	Keys Keys
	// Logger must not be nil.
	Logger *slog.Logger
}

// The buckets. bbolt keeps keys in order, which the composite keys use.
const (
	bucketMeta         = "meta"         // name → plain value
	bucketApplications = "applications" // application ID → sealed Application
	bucketSchedule     = "schedule"     // application ID → next check, so that a start need not open every application
	bucketWatched      = "watched"      // owner + application ID → nothing, so that a list opens only what it shows
	bucketReferences   = "references"   // digest of the reference's identity → application ID
	bucketHistory      = "history"      // application ID + sequence → sealed Entry
	bucketChannels     = "channels"     // channel ID → sealed Channel
	bucketDeliveries   = "deliveries"   // delivery ID (begins with its time) → sealed Delivery
	bucketOutbox       = "outbox"       // channel ID + sequence → next attempt + delivery ID, and a mark if it is held; the waiting ones only
	bucketAbout        = "about"        // application or person ID + delivery ID → key in the outbox
	bucketNotices      = "notices"      // digest of the key → sealed standing Notification
	bucketSources      = "sources"      // source name → sealed SourceState
	bucketTokens       = "tokens"       // hash of the secret → sealed Token
	bucketUsers        = "users"        // user ID → sealed User
	bucketNames        = "names"        // digest of a user's name, or account elsewhere → user ID
	bucketGroups       = "groups"       // group ID → sealed Group
	bucketSessions     = "sessions"     // hash of the secret → sealed Session
	bucketHeld         = "held"         // user ID + kind + ID of a session, token or group → hash of the secret
	bucketInvitations  = "invitations"  // hash of the secret → sealed Invitation
	bucketShares       = "shares"       // application ID + hash of the secret → sealed Share
	bucketAudit        = "audit"        // sequence → sealed Entry of the audit trail
	bucketAuditEnds    = "audit_ends"   // which end → sealed Seq and Hash
	bucketPeople       = "people"       // person ID → age file of a Person
	bucketPeopleOf     = "people_of"    // owner + person ID → nothing, so that a list opens only what it shows
	bucketPeopleIn     = "people_in"    // application ID + person ID → nothing
	bucketReminders    = "reminders"    // day of the next reminder + person ID + document ID → day of expiry
)

// Store is an open store. Its methods may be called from several goroutines.
type Store struct {
	dir    string
	keys   Keys
	log    *slog.Logger
	unlock func() error // lets go of the data directory
	// sealer seals and opens the values of the file it holds.
	sealer handle

	// upkeep is held by whoever copies the whole file: a backup or a rewrite.
	// It comes before write.
	upkeep sync.Mutex
	health verdicts

	// write is held by whoever changes something, from reading what stands
	// to the end of the transaction.
	write sync.Mutex
	// count is how many applications there are, guarded by write.
	count int
	late  late
	// touched is what the transaction under way changes, for the index; guarded
	// by write.
	touched map[watch.ID]*indexed
	index   index
	dead    deadLetters
	// failed is the error of the last write, nil if it succeeded.
	failed atomic.Pointer[error]
}

// Close writes what is still to be written, closes the file and lets go of the
// data directory. It waits for a backup that is being made.
func (s *Store) Close() error {
	s.late.stop()
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	s.write.Lock()
	defer s.write.Unlock()
	var err error
	if s.late.waits() {
		err = s.flush()
	}
	return errors.Join(err, s.db().Close(), s.unlock())
}

// Ping reports whether the store can be read.
func (s *Store) Ping() error { return s.view(func(*bbolt.Tx) error { return nil }) }

// Writable returns the error of the last write, until one has succeeded again.
// After one that failed another is tried within a minute, so that a disk that
// has room again is noticed even if nothing changes.
func (s *Store) Writable() error {
	if failed := s.failed.Load(); failed != nil {
		return fmt.Errorf("the last write failed: %w", *failed)
	}
	return nil
}

// db is the file as it is now. Reading goes through view: a rewrite may close it.
func (s *Store) db() *bbolt.DB { return s.sealer.current.Load().db }

func (s *Store) view(fn func(*bbolt.Tx) error) error { return s.sealer.view(fn) }

// update runs fn in a transaction that also carries what was waiting to be
// written. The caller holds s.write. That fn refuses is no failure to write.
func (s *Store) update(fn func(*bbolt.Tx) error) error {
	var refused error
	s.touched = make(map[watch.ID]*indexed)
	s.dead.changed = make(map[string]bool)
	defer func() { s.touched, s.dead.changed = nil, nil }()
	err := faultless(s.sealer.path, func() error {
		return s.db().Update(func(tx *bbolt.Tx) error {
			if err := s.putLate(tx); err != nil {
				return err
			}
			refused = fn(tx)
			return refused
		})
	})
	if err == nil {
		s.failed.Store(nil)
		s.index.follow(s.touched)
		s.dead.follow()
		s.late.clear()
		return nil
	}
	err = explain(err)
	if refused == nil {
		s.failed.Store(&err)
		s.late.arm(s.flushLate)
	}
	return err
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

// try is get for one value among several: one that cannot be read is logged
// and left out, so that it does not keep the others from being used.
func (s *Store) try(tx *bbolt.Tx, bucket, key string, v any) (ok bool) {
	sealed := tx.Bucket([]byte(bucket)).Get([]byte(key))
	return sealed != nil && s.tryDecode(bucket, key, sealed, v)
}

// tryDecode is try for a value at hand. What is wrong with the value is not
// said: it might show a part of it.
func (s *Store) tryDecode(bucket, key string, sealed []byte, v any) (ok bool) {
	if s.decode(bucket, key, sealed, v) == nil {
		return true
	}
	s.log.Error("left out a stored value that cannot be read",
		slog.String("bucket", bucket), slog.String("id", strings.ToValidUTF8(key, "?")))
	return false
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
