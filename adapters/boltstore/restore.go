package boltstore

import (
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

	"cz-visa-monitor/app/account"
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
	// Keys open the backup. Must not be nil.
	Keys Keys
	// Own are the appliance's keys where the backup was made for others: what is
	// restored is sealed for a key of Own.New, and the store that is there is
	// opened with Own first. Nil if Keys are the appliance's.
	Own Keys
	// Logger must not be nil.
	Logger *slog.Logger
}

// own returns the keys of the appliance.
func (c RestoreConfig) own() Keys {
	if c.Own != nil {
		return c.Own
	}
	return c.Keys
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

// Restore puts a backup in the place of the store, brought up to date and sealed
// for the appliance's keys. The backup is read to the end and checked first, and
// all that may fail is done to a copy: until that takes the place of the store, at
// once, nothing is changed. Sessions, invitations and links that it holds are not brought
// back. It is noted in the audit trail if somebody acts in ctx.
//
// It returns ErrLocked while the program runs, ErrBadBackup for what is no whole
// backup, ErrNewer and ErrWrongKey as Open does.
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
			done, err = c.replace(ctx, temp)
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
func (c RestoreConfig) replace(ctx context.Context, restored string) (done Result, err error) {
	path := filepath.Join(c.Dir, FileName)
	_, err = os.Lstat(path)
	there := err == nil
	if !there && !errors.Is(err, fs.ErrNotExist) {
		return Result{}, err
	}
	var settled []alert.Delivery
	if there { // First: with it a change of the own key that was cut short comes to its end.
		if settled, done.Unread = c.settledSince(restored, path); errors.Is(done.Unread, ErrLocked) {
			return Result{}, done.Unread
		}
		done.Settled = len(settled)
	}
	fresh := path + newSuffix
	err = guarded(func() error {
		if err := c.seal(ctx, restored, fresh); err != nil {
			return fmt.Errorf("seal the backup for the appliance's own key: %w", err)
		}
		return c.complete(ctx, fresh, settled)
	})
	if err == nil && there {
		done.Replaced = path + replacedInfix + time.Now().UTC().Format(backupTime)
		if err = keepAs(path, done.Replaced); err != nil {
			err = fmt.Errorf("keep the store that is there: %w", err)
		}
	}
	if err == nil {
		err = putInPlace(fresh, path)
	}
	if err != nil {
		return Result{}, errors.Join(err, removed(fresh))
	}
	return done, nil
}

// seal makes fresh of the restored file: what is sealed for others, or not at all,
// it writes anew for the appliance's own keys.
func (c RestoreConfig) seal(ctx context.Context, restored, fresh string) error {
	from, err := c.ajar(restored, c.Keys.Open, true)
	if err != nil {
		return err
	}
	version, err := from.schema()
	if err == nil && c.Own == nil && version >= schemaSealed {
		return errors.Join(from.db().Close(), os.Rename(restored, fresh))
	}
	var to file
	if err == nil {
		to.box, to.wrapped, err = c.own().New()
	}
	if err == nil {
		if to.db, err = from.copyTo(ctx, fresh, to.box, to.wrapped, max(version, schemaSealed), nil); err == nil {
			err = to.db.Close()
		}
	}
	return errors.Join(err, from.db().Close())
}

// complete brings the file at path up to date, settles in it what was settled
// since, and ends every session and link and takes every invitation back: which of them
// were ended or used since the backup nobody may know, as the store from then on
// may be lost. So nothing that was ended comes back, and people sign in again.
func (c RestoreConfig) complete(ctx context.Context, path string, settled []alert.Delivery) error {
	into, err := c.ajar(path, c.own().Open, false)
	if err != nil {
		return err
	}
	if err = into.prepare(migrations()); err == nil {
		err = into.update(func(tx *bbolt.Tx) error {
			if err := forgetWaysIn(tx); err != nil {
				return err
			}
			if err := into.settle(tx, settled); err != nil {
				return err
			}
			return into.audit(ctx, tx, account.BackupRestored, account.KindBackup, c.object(), "")
		})
	}
	return errors.Join(err, into.db().Close())
}

// object returns the name of the backup for the audit trail, "" if it is not one
// that this program gave: what people call their files is nobody's business.
func (c RestoreConfig) object() string {
	name := c.Name
	if name == "" {
		name = filepath.Base(c.Path)
	}
	if _, ok := parseBackupName(name); !ok {
		return ""
	}
	return name
}

// forgetWaysIn removes every session, invitation and link to an application.
func forgetWaysIn(tx *bbolt.Tx) error {
	for _, id := range keysOf(tx.Bucket([]byte(bucketUsers))) {
		if err := deletePrefix(tx.Bucket([]byte(bucketHeld)), []byte(id+heldSession)); err != nil {
			return err
		}
	}
	for _, name := range []string{bucketSessions, bucketInvitations, bucketShares} {
		b := tx.Bucket([]byte(name))
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
