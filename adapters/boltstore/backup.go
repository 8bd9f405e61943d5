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
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/archive"
)

// ErrBadBackup: a file is no backup of this program, or not a whole one.
var ErrBadBackup = archive.ErrBadBackup

const (
	backupPrefix = "cz-visa-monitor-"
	backupSuffix = ".bak"
	// backupTime is how a backup's name says when it was made, in UTC, so that
	// names sort by time.
	backupTime = "20060102T150405Z"
)

// Info describes a backup, Health says what is known of it.
type (
	Info   = archive.Backup
	Health = archive.Health
)

// What may be known of a backup, see archive.Health.
const (
	Unchecked = archive.Unchecked
	Good      = archive.Good
	Damaged   = archive.Damaged
)

// verdicts is what is known of the health of backups, by name.
type verdicts struct {
	mu    sync.Mutex
	known map[string]Health
}

func (v *verdicts) set(name string, h Health) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = make(map[string]Health)
	}
	v.known[name] = h
}

func (v *verdicts) of(name string) Health {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known[name]
}

// forget drops what is known of backups that are gone.
func (v *verdicts) forget(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.known, name)
}

// backupName returns the name of a backup made at t.
func backupName(t time.Time) string { return backupPrefix + t.UTC().Format(backupTime) + backupSuffix }

// parseBackupName returns when the backup of this name was made; ok is false for
// any other name, one with a path in it above all.
func parseBackupName(name string) (at time.Time, ok bool) {
	middle := strings.TrimSuffix(strings.TrimPrefix(name, backupPrefix), backupSuffix)
	at, err := time.Parse(backupTime, middle)
	return at, err == nil && backupName(at) == name
}

// Backup makes a backup beside the store: an encrypted copy of everything, as it
// stands at one moment. It is read back and checked before it gets its name; one
// that fails leaves nothing behind. An error that wraps ErrDamaged says that the
// store itself is damaged. reason is for the log.
//
// If the file still has to be compacted, that is done before; if it cannot be, the
// log names the backup, which may hold what was removed.
//
// Writing goes on meanwhile, but bbolt reuses no page until the copy is made, so
// that the store's file may grow by what is written in that time.
func (s *Store) Backup(ctx context.Context, reason string) (Info, error) {
	s.compactDue(ctx) // A backup holds the free pages, too.
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	if err := s.flushNow(); err != nil {
		return Info{}, fmt.Errorf("make a backup: write what waits for the disk: %w", err)
	}
	info, err := s.backup(ctx, s.sealer.current.Load().box, reason)
	if err == nil {
		s.backedUp()
	}
	return info, err
}

// flushNow writes what waits for the disk.
func (s *Store) flushNow() error {
	s.write.Lock()
	defer s.write.Unlock()
	if !s.late.waits() {
		return nil
	}
	return s.flush()
}

// backup makes a backup encrypted with box. The caller holds s.upkeep, or is
// alone with the store.
func (s *Store) backup(ctx context.Context, box Box, reason string) (Info, error) {
	begin := time.Now()
	name, err := freeName(s.dir, begin)
	if err != nil {
		return Info{}, fmt.Errorf("make a backup: %w", err)
	}
	path := filepath.Join(s.dir, name)
	temp := path + tempSuffix
	remains, err := s.owes(keyCompact)
	if err != nil {
		return Info{}, fmt.Errorf("make a backup: %w", err)
	}
	err = writeFile(temp, func(w io.Writer) error { return s.encrypt(ctx, w, box) })
	if err == nil {
		err = verify(ctx, temp, box.Decrypt, s.openAgain(box))
		if err == nil {
			err = publish(temp, path)
		}
		if err != nil {
			err = errors.Join(err, removed(temp))
		}
	}
	if err != nil {
		return Info{}, fmt.Errorf("make a backup: %w", fullOnly(err))
	}
	s.health.set(name, Good)
	info, err := os.Stat(path)
	if err != nil {
		return Info{}, fmt.Errorf("make a backup: %w", err)
	}
	s.log.Info("made a backup", slog.String("name", name), slog.String("reason", reason),
		slog.Int64("bytes", info.Size()), slog.Duration("took", time.Since(begin)))
	if remains {
		expires, _ := s.Expires(ctx, name)
		s.log.Warn("this backup may hold what was removed before it was made, until it is removed itself",
			slog.String("name", name), slog.Time("expires", expires))
	}
	at, _ := parseBackupName(name)
	return Info{Name: name, At: at, Size: info.Size(), Health: Good}, nil
}

// fullOnly says that the disk is full where it is; other advice of explain is
// about the store, not about a backup.
func fullOnly(err error) error {
	if full(err) {
		return explain(err)
	}
	return err
}

// encrypt writes the file as it is now to w, encrypted with box.
func (s *Store) encrypt(ctx context.Context, w io.Writer, box Box) error {
	out, err := box.Encrypt(patient{ctx, w})
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	err = s.view(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(patient{ctx, out})
		return err
	})
	return errors.Join(err, out.Close())
}

// openAgain opens the key that stands in a backup just made: it is that of the
// store.
func (s *Store) openAgain(box Box) openKey {
	own := s.sealer.current.Load().wrapped
	return func(wrapped []byte) (Box, error) {
		if !bytes.Equal(wrapped, own) {
			return nil, fmt.Errorf("%w: it is not the store's", ErrWrongKey)
		}
		return box, nil
	}
}

// freeName returns a name for a backup made at t that no file has yet.
func freeName(dir string, t time.Time) (string, error) {
	for {
		name := backupName(t)
		_, err := os.Lstat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		t = t.Add(time.Second)
	}
}

// decryption reads what Box.Encrypt wrote.
type decryption func(io.Reader) (io.Reader, error)

// verify reads the backup at path to the end and checks what is in it, in a
// temporary file beside it.
func verify(ctx context.Context, path string, decrypt decryption, open openKey) error {
	return unpacked(ctx, path, filepath.Dir(path), decrypt, func(temp string) error {
		if err := inspect(temp, open); err != nil {
			return unfit(err)
		}
		return nil
	})
}

// unfit is the error about a backup with something in it that is no whole store.
func unfit(err error) error {
	if errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %w", ErrBadBackup, err)
	}
	return err
}

// unpacked calls fn with a temporary file in dir that has the content of the
// backup at path. fn may move it away.
func unpacked(ctx context.Context, path, dir string, decrypt decryption, fn func(temp string) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // Only read.
	out, err := os.CreateTemp(dir, ourFiles+tempSuffix)
	if err != nil {
		return err
	}
	temp := out.Name()
	err = errors.Join(readBackup(ctx, f, out, decrypt), out.Close())
	if err == nil {
		err = fn(temp)
	}
	return errors.Join(err, removed(temp))
}

// readBackup decrypts a backup into w.
func readBackup(ctx context.Context, r io.Reader, w io.Writer, decrypt decryption) error {
	plain, err := decrypt(r)
	switch {
	case errors.Is(err, ErrWrongKey):
		return err
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrBadBackup, err)
	}
	to := &sink{w: patient{ctx, w}}
	if _, err := io.Copy(to, plain); err != nil && to.err == nil {
		return fmt.Errorf("%w: it is cut short or was changed (%w)", ErrBadBackup, err)
	}
	return to.err
}

// sink remembers the error of the writer, so that it is told from the reader's.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (n int, err error) {
	n, err = s.w.Write(b)
	s.err = err
	return n, err
}

// Backups returns the backups in the data directory, the newest first.
func (s *Store) Backups(context.Context) ([]Info, error) {
	all, err := backupsIn(s.dir)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Health = s.health.of(all[i].Name)
	}
	expiries(all, time.Now())
	return all, nil
}

// Expires returns about when the backup of this name will be removed, if a
// backup is made every day; ErrBadBackup if there is none of this name.
func (s *Store) Expires(ctx context.Context, name string) (time.Time, error) {
	all, err := s.Backups(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, b := range all {
		if b.Name == name {
			return b.Expires, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: there is none of this name", ErrBadBackup)
}

// VerifyBackup reads the backup of this name to the end, and returns nil if it
// can be restored, ErrWrongKey if it needs another key, ErrBadBackup if it is
// damaged or there is none of this name.
func (s *Store) VerifyBackup(ctx context.Context, name string) error {
	if _, ok := parseBackupName(name); !ok {
		return fmt.Errorf("%w: there is none of this name", ErrBadBackup)
	}
	err := verify(ctx, filepath.Join(s.dir, name), s.keys.Decrypt, s.keys.Open)
	switch {
	case err == nil:
		s.health.set(name, Good)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: there is none of this name", ErrBadBackup)
	case errors.Is(err, ErrBadBackup):
		s.health.set(name, Damaged)
	}
	if err != nil {
		return fmt.Errorf("verify a backup: %w", fullOnly(err))
	}
	return nil
}

// backupsIn returns the backups in dir, the newest first.
func backupsIn(dir string) ([]Info, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	all := []Info{}
	for _, e := range entries {
		at, ok := parseBackupName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // Removed meanwhile.
		}
		if err != nil {
			return nil, fmt.Errorf("list the backups: %w", err)
		}
		all = append(all, Info{Name: e.Name(), At: at, Size: info.Size()})
	}
	slices.SortFunc(all, func(a, b Info) int { return b.At.Compare(a.At) })
	return all, nil
}

// Newest returns the newest backup in dir, without a store: the one to restore
// when the store cannot be opened. With keys it is the newest that can be
// restored with them; without, what its name says has to do.
func Newest(dir string, keys Keys) (Info, bool) {
	all, err := backupsIn(dir)
	if err != nil {
		return Info{}, false
	}
	for _, b := range all {
		if keys == nil {
			return b, true
		}
		if verify(context.Background(), filepath.Join(dir, b.Name), keys.Decrypt, keys.Open) == nil {
			b.Health = Good
			return b, true
		}
	}
	return Info{}, false
}
