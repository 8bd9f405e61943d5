package boltstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// backupHour is when the daily backup is made, before jitter: at half past
	// three, when the portal is quiet and people are asleep.
	backupHour   = 3
	backupMinute = 30
	// backupJitter is how much earlier or later than that it may be, so that
	// appliances that share a disk do not all copy at once.
	backupJitter = 15 * time.Minute
	// backupRetry is how long after a failure it is tried again.
	backupRetry = time.Hour
	// backupLook is how often the clock is looked at: it may be set meanwhile.
	backupLook = 10 * time.Minute
)

// Trouble is what may go wrong while backups are kept.
type Trouble string

const (
	// NoBackup: no backup could be made.
	NoBackup Trouble = "no_backup"
	// NoCopy: a backup could not be copied to the second directory.
	NoCopy Trouble = "no_copy"
)

// KeeperConfig is what a Keeper needs.
type KeeperConfig struct {
	Store *Store
	// Copies is a second directory for the backups, on another disk or a share;
	// "" for none. It must exist: a share that is not mounted is not made. It is
	// for this appliance alone: old backups are removed there too.
	Copies string
	// Location is where it is half past three. Must not be nil.
	Location *time.Location
	// Report is told after every try how it went; nil says that all is well
	// again. It may be called from two goroutines. Must not be nil.
	Report func(ctx context.Context, t Trouble, err error)
	// Logger must not be nil.
	Logger *slog.Logger
}

// Keeper makes a backup every day and removes old ones.
type Keeper struct {
	cfg    KeeperConfig
	jitter time.Duration
}

// NewKeeper returns a Keeper. Call Run.
func NewKeeper(c KeeperConfig) *Keeper {
	jitter := time.Duration(rand.Int64N(int64(2*backupJitter))) - backupJitter //nolint:gosec // No secret.
	return &Keeper{cfg: c, jitter: jitter}
}

// Run makes a backup at once, unless there is one of the last hour, and then one
// every night, until ctx ends. What fails is reported, and tried again after an
// hour. Copies are made beside it, so that a share that hangs holds up no backup.
func (k *Keeper) Run(ctx context.Context) error {
	copies := make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(copies)
	wg.Go(func() {
		for range copies {
			k.copyAll(ctx)
		}
	})
	next := time.Now()
	if k.fresh(ctx, next) {
		next = k.nightAfter(next)
		copies <- struct{}{}
	}
	for {
		if !k.wait(ctx, next) {
			return nil
		}
		now := time.Now()
		err := k.backup(ctx)
		if next = k.nightAfter(now); err != nil && now.Add(backupRetry).Before(next) {
			next = now.Add(backupRetry)
		}
		select {
		case copies <- struct{}{}:
		default: // The copies before are still being made, and come to this one too.
		}
	}
}

// wait returns true at next, false when ctx ends. A clock that is set meanwhile
// is followed: there is never more than a day to wait.
func (k *Keeper) wait(ctx context.Context, next time.Time) bool {
	look := time.NewTicker(backupLook)
	defer look.Stop()
	for {
		now := time.Now().Round(0) // By the clock on the wall.
		if next.Sub(now) > 25*time.Hour {
			next = k.nightAfter(now)
		}
		if ctx.Err() != nil || !now.Before(next) {
			return ctx.Err() == nil
		}
		at := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
		case <-look.C:
		case <-at.C:
		}
		at.Stop()
	}
}

// nightAfter returns when the next daily backup after now is due.
func (k *Keeper) nightAfter(now time.Time) time.Time {
	y, m, d := now.In(k.cfg.Location).Date()
	for ; ; d++ {
		at := time.Date(y, m, d, backupHour, backupMinute, 0, 0, k.cfg.Location).Add(k.jitter)
		if at.After(now) {
			return at
		}
	}
}

// fresh reports whether there is a backup of the last hour.
func (k *Keeper) fresh(ctx context.Context, now time.Time) bool {
	all, err := k.cfg.Store.Backups(ctx)
	if err != nil || len(all) == 0 {
		return false
	}
	age := now.Sub(all[0].At)
	return age >= 0 && age < time.Hour
}

// backup compacts the file if that is owed, makes a backup, removes old ones and reports how it went.
func (k *Keeper) backup(ctx context.Context) error {
	k.cfg.Store.compactDue(ctx) // Before: the backup holds the free pages, too.
	_, err := k.cfg.Store.Backup(ctx, "daily")
	if err == nil {
		err = k.cfg.Store.forgetBackups(ctx)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		k.cfg.Logger.Error("cannot make a backup; it will be tried again in an hour", slog.Any("error", err))
	}
	k.cfg.Report(ctx, NoBackup, err)
	return err
}

// forgetBackups removes the backups that are old.
func (s *Store) forgetBackups(ctx context.Context) error {
	all, err := s.Backups(ctx)
	if err != nil {
		return err
	}
	for _, b := range expired(all, time.Now()) {
		if err := removed(filepath.Join(s.dir, b.Name)); err != nil {
			return fmt.Errorf("remove an old backup: %w", err)
		}
		s.health.forget(b.Name)
	}
	return nil
}

// copyAll brings the second directory up to date and reports how it went.
func (k *Keeper) copyAll(ctx context.Context) {
	if k.cfg.Copies == "" || ctx.Err() != nil {
		return
	}
	err := k.copyMissing(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		k.cfg.Logger.Warn("cannot copy the backups to the second directory", slog.Any("error", err))
	}
	k.cfg.Report(ctx, NoCopy, err)
}

// copyMissing copies what the second directory has not got, and removes there
// what is old.
func (k *Keeper) copyMissing(ctx context.Context) error {
	theirs, err := backupsIn(k.cfg.Copies)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the second directory for backups is not there; is the share mounted? %w", err)
	}
	if err != nil {
		return err
	}
	if err := tidy(k.cfg.Copies); err != nil {
		return err
	}
	ours, err := k.cfg.Store.Backups(ctx)
	if err != nil {
		return err
	}
	absent, err := missing(ours, theirs)
	if err != nil {
		return err
	}
	old := expired(append(theirs, absent...), time.Now())
	for _, b := range absent {
		if contains(old, b.Name) {
			continue
		}
		if err := copyBackup(ctx, filepath.Join(k.cfg.Store.dir, b.Name), filepath.Join(k.cfg.Copies, b.Name)); err != nil {
			return fmt.Errorf("copy a backup: %w", fullOnly(err))
		}
	}
	for _, b := range old {
		if err := removed(filepath.Join(k.cfg.Copies, b.Name)); err != nil {
			return fmt.Errorf("remove an old copy of a backup: %w", err)
		}
	}
	return nil
}

func contains(backups []Info, name string) bool {
	return slices.ContainsFunc(backups, func(b Info) bool { return b.Name == name })
}

// missing returns those of ours that are not among theirs, but for damaged ones.
// A copy of another size is none, and is not overwritten.
func missing(ours, theirs []Info) (absent []Info, err error) {
	for _, b := range ours {
		i := slices.IndexFunc(theirs, func(o Info) bool { return o.Name == b.Name })
		switch {
		case i >= 0 && theirs[i].Size != b.Size:
			return nil, fmt.Errorf("the copy %s has another size than the backup; move it away", b.Name)
		case i < 0 && b.Health != Damaged:
			absent = append(absent, b)
		}
	}
	return absent, nil
}

// copyBackup copies a file whole or not at all. It reads the copy again and
// compares: a share may lose what it was given.
func copyBackup(ctx context.Context, from, to string) error {
	temp := to + tempSuffix
	written := sha256.New()
	err := writeFile(temp, func(w io.Writer) error { return readInto(ctx, io.MultiWriter(w, written), from) })
	if err != nil {
		return err
	}
	read := sha256.New()
	err = readInto(ctx, read, temp)
	if err == nil && string(read.Sum(nil)) != string(written.Sum(nil)) {
		err = errors.New("the copy is not what was written")
	}
	if err == nil {
		err = publish(temp, to)
	}
	if err != nil {
		return errors.Join(err, removed(temp))
	}
	return nil
}

// readInto copies the file at path to w.
func readInto(ctx context.Context, w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(patient{ctx, w}, f)
	return errors.Join(err, f.Close())
}
