package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
)

// replacedInfix comes between the name of a store and the time at which a
// restored one took its place.
const replacedInfix = ".replaced-"

// RestoreConfig is what Restore needs.
type RestoreConfig struct {
	// Dir is the data directory; it is made if it is missing.
	Dir string
	// Name is that of a backup in Dir. If it is "", Path is that of any file.
	Name, Path string
	// Keys must not be nil.
	Keys Keys
	// Logger must not be nil.
	Logger *slog.Logger
}

// Result says what Restore did.
type Result struct {
	// Replaced is the path of the store that was there before, "" if there was
	// none. It is kept, and holds what it held.
	Replaced string
	// Settled is how many messages that wait in the backup were settled since,
	// and so are not sent again.
	Settled int
	// Unread is why the store before could not be asked for that, nil if it was
	// or there was none. Messages that waited may then be sent a second time.
	Unread error
}

// Restore puts a backup in the place of the store. The backup is read to the end
// and checked first; until then nothing is changed. Sessions and invitations that
// it holds are not brought back. It returns ErrLocked while
// the program runs, ErrBadBackup for what is no whole backup, ErrNewer and
// ErrWrongKey as Open does.
func Restore(ctx context.Context, c RestoreConfig) (Result, error) {
	source := c.Path
	if c.Name != "" {
		if _, ok := parseBackupName(c.Name); !ok {
			return Result{}, fmt.Errorf("restore a backup: %w: there is none of this name", ErrBadBackup)
		}
		source = filepath.Join(c.Dir, c.Name)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return Result{}, fmt.Errorf("make the data directory: %w", explain(err))
	}
	unlock, err := LockDir(c.Dir)
	if err != nil {
		return Result{}, fmt.Errorf("restore a backup: %w", err)
	}
	var done Result
	err = tidy(c.Dir)
	if err == nil {
		err = unpacked(ctx, source, c.Dir, c.Keys.Decrypt, func(temp string) (err error) {
			if err := inspect(temp, c.Keys.Open); err != nil {
				return unfit(err)
			}
			done, err = c.replace(temp)
			return err
		})
	}
	if err = errors.Join(err, unlock()); err != nil {
		return Result{}, fmt.Errorf("restore a backup: %w", fullOnly(err))
	}
	return done, nil
}

// replace puts a checked store in the place of the one that is there, if any,
// which is kept under another name.
func (c RestoreConfig) replace(restored string) (done Result, err error) {
	path := filepath.Join(c.Dir, FileName)
	_, err = os.Lstat(path)
	there := err == nil
	if !there && !errors.Is(err, fs.ErrNotExist) {
		return Result{}, err
	}
	if err := c.shutOut(restored); err != nil {
		return Result{}, fmt.Errorf("end the sessions of the backup: %w", explain(err))
	}
	if there {
		if done.Settled, done.Unread = c.salvage(restored, path); errors.Is(done.Unread, ErrLocked) {
			return Result{}, done.Unread
		}
		done.Replaced = path + replacedInfix + time.Now().UTC().Format(backupTime)
		if err := keepAs(path, done.Replaced); err != nil {
			return Result{}, fmt.Errorf("keep the store that is there: %w", err)
		}
	}
	return done, putInPlace(restored, path)
}

// shutOut ends every session in the restored file, and takes every invitation
// back. Which of them were ended or used since the backup nobody may know: the
// store from then on may be lost. So nothing that was ended comes back, and
// people sign in again.
func (c RestoreConfig) shutOut(restored string) error {
	return guarded(func() error {
		into, err := c.ajar(restored, false)
		if err != nil {
			return err
		}
		return errors.Join(into.update(forgetWaysIn), into.db().Close())
	})
}

// forgetWaysIn removes every session and invitation. A file of an older schema
// may have none of these buckets.
func forgetWaysIn(tx *bbolt.Tx) error {
	if users := tx.Bucket([]byte(bucketUsers)); users != nil {
		for _, id := range keysOf(users) {
			if err := deletePrefix(tx.Bucket([]byte(bucketHeld)), []byte(id+heldSession)); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{bucketSessions, bucketInvitations} {
		b := tx.Bucket([]byte(name))
		if b == nil {
			continue
		}
		for _, hash := range keysOf(b) {
			if err := b.Delete([]byte(hash)); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepAs gives the file at path a second name, so that at no moment there is no
// store: a start would make an empty one.
func keepAs(path, name string) error {
	if err := os.Link(path, name); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	temp := name + tempSuffix // A file system without links.
	err := writeFile(temp, func(w io.Writer) error { return readInto(context.Background(), w, path) })
	if err != nil {
		return err
	}
	return publish(temp, name)
}

// putInPlace gives the file at from the name to, once all of it is on the disk:
// a crash must not leave half a file where the store was.
func putInPlace(from, to string) error {
	if err := synced(from); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// synced brings a file to the disk.
func synced(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// salvage settles, in the restored file, the messages that wait there but were
// settled since, as the store at path knows. If that one cannot be read, unread
// says why and nothing is changed.
func (c RestoreConfig) salvage(restored, path string) (settled int, unread error) {
	unread = guarded(func() error {
		if err := inspect(path, c.Keys.Open); err != nil {
			return err
		}
		since, err := c.ajar(path, true)
		if err != nil {
			return err
		}
		into, err := c.ajar(restored, false)
		if err != nil {
			return errors.Join(err, since.db().Close())
		}
		settled, err = settleAs(since, into)
		return errors.Join(err, since.db().Close(), into.db().Close())
	})
	return settled, unread
}

// ajar opens a checked file for salvage.
func (c RestoreConfig) ajar(path string, readOnly bool) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType, ReadOnly: readOnly})
	if err != nil {
		return nil, explain(err)
	}
	s := &Store{log: c.Logger}
	s.late.init()
	s.late.stop()
	f := &file{db: db, box: Plain{}}
	s.sealer.current.Store(f)
	version, err := s.schema()
	if err == nil && version >= schemaSealed {
		err = s.view(func(tx *bbolt.Tx) error {
			f.wrapped = bytes.Clone(tx.Bucket([]byte(bucketMeta)).Get([]byte(keyKey)))
			return nil
		})
		if err == nil {
			f.box, err = c.Keys.Open(f.wrapped)
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// settleAs settles what waits in the store into and was settled in since.
func settleAs(since, into *Store) (n int, err error) {
	waits, err := into.waiting()
	if err != nil {
		return 0, err
	}
	var settled []alert.Delivery
	err = since.view(func(tx *bbolt.Tx) error {
		for _, d := range waits {
			var now alert.Delivery
			if since.try(tx, bucketDeliveries, d.ID, &now) && now.State != alert.Waiting {
				now.Seq = d.Seq // Its place in the line to be taken from.
				settled = append(settled, now)
			}
		}
		return nil
	})
	if err != nil || len(settled) == 0 {
		return 0, err
	}
	err = into.update(func(tx *bbolt.Tx) error {
		for _, d := range settled {
			if err := into.putDelivery(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	return len(settled), err
}

// waiting returns every delivery that waits.
func (s *Store) waiting() (waits []alert.Delivery, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		outbox := tx.Bucket([]byte(bucketOutbox))
		if outbox == nil {
			return nil
		}
		return outbox.ForEach(func(k, v []byte) error {
			var d alert.Delivery
			if s.try(tx, bucketDeliveries, readPlace(k, v).id, &d) {
				waits = append(waits, d)
			}
			return nil
		})
	})
	return waits, err
}
