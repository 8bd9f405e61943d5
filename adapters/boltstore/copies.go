package boltstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cz-visa-monitor/app/archive"
)

// copiesWithin is how long it is waited for a second directory that is to be listed:
// a share that hangs is to hold up nobody who only asks.
const copiesWithin = 5 * time.Second

// errNoAnswer: the second directory hangs.
var errNoAnswer = errors.New("the second directory for backups does not answer; is the share's server there?")

var _ archive.Copies = (*Keeper)(nil)

// Wake has Run bring the second directory up to date soon: after a backup that
// somebody asked for.
func (k *Keeper) Wake() {
	select {
	case k.wake <- struct{}{}:
	default: // Somebody has woken it already.
	}
}

// copyWhenAwake copies whenever somebody wakes it, until ctx ends.
func (k *Keeper) copyWhenAwake(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
			k.copyAll(ctx)
		}
	}
}

// CopyNow brings the second directory up to date at once, if there is one; it is for
// where Run is not at work. It gives up when ctx ends, even where the share hangs.
func (k *Keeper) CopyNow(ctx context.Context) error {
	if k.cfg.Copies == "" {
		return nil
	}
	_, err := k.await(ctx, func() ([]Info, error) { return nil, k.copyMissing(ctx) })
	return err
}

// Copies returns the backups that stand in the second directory, the newest first,
// each with about the day on which it will be removed; none if there is no second
// directory. It fails if that cannot be read within 5 seconds.
func (k *Keeper) Copies(ctx context.Context) ([]Info, error) {
	if k.cfg.Copies == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, copiesWithin)
	defer cancel()
	return k.await(ctx, k.listCopies)
}

func (k *Keeper) listCopies() ([]Info, error) {
	theirs, err := backupsIn(k.cfg.Copies)
	expiries(theirs, time.Now())
	return theirs, err
}

// await does work that may hang, and goes on without it when ctx ends. There is one
// at a time, so that no more than one is ever left hanging.
func (k *Keeper) await(ctx context.Context, work func() ([]Info, error)) ([]Info, error) {
	select {
	case k.apart <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w (%w)", errNoAnswer, context.Cause(ctx))
	}
	type answer struct {
		backups []Info
		err     error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { <-k.apart }()
		backups, err := work()
		answered <- answer{backups, err}
	}()
	select {
	case a := <-answered:
		return a.backups, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w (%w)", errNoAnswer, context.Cause(ctx))
	}
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
