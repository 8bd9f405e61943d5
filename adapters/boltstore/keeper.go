package boltstore

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
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
	// wake has a place for one call to copy.
	wake chan struct{}
	// apart has a place for one who works on the second directory and may not wait
	// for it.
	apart chan struct{}
}

// NewKeeper returns a Keeper. Call Run.
func NewKeeper(c KeeperConfig) *Keeper {
	jitter := time.Duration(rand.Int64N(int64(2*backupJitter))) - backupJitter //nolint:gosec // No secret.
	return &Keeper{cfg: c, jitter: jitter, wake: make(chan struct{}, 1), apart: make(chan struct{}, 1)}
}

// Run makes a backup at once, unless there is one of the last hour and for the key
// of today, and then one every night, until ctx ends. What fails is reported, and
// tried again after an hour. Copies are made beside it, so that a share that hangs
// holds up no backup.
func (k *Keeper) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { k.copyWhenAwake(ctx) })
	next := time.Now()
	if k.fresh(ctx, next) {
		next = k.nightAfter(next)
		k.Wake()
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
		k.Wake()
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

// fresh reports whether there is a backup of the last hour, and for the key of today.
func (k *Keeper) fresh(ctx context.Context, now time.Time) bool {
	isDue, err := k.cfg.Store.BackupDue()
	if err != nil || isDue {
		return false
	}
	all, err := k.cfg.Store.Backups(ctx)
	if err != nil || len(all) == 0 {
		return false
	}
	age := now.Sub(all[0].At)
	return age >= 0 && age < time.Hour
}

// backup makes a backup, removes old ones and reports how it went.
func (k *Keeper) backup(ctx context.Context) error {
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
