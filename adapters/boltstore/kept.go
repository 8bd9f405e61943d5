package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"cz-visa-monitor/app/archive"
)

var _ interface {
	archive.Sealer
	archive.Opener
	archive.Upkeep
} = (*Store)(nil)

// SealFile returns plain as an age file that the key of the store opens.
func (s *Store) SealFile(plain []byte) ([]byte, error) { return s.sealer.SealFile(plain) }

// OpenFile returns the content of an age file that SealFile made.
func (s *Store) OpenFile(sealed []byte) ([]byte, error) { return s.sealer.OpenFile(sealed) }

// Replaced returns the names of the stores in the data directory that Restore
// has replaced, sorted. They hold what they held.
func (s *Store) Replaced(context.Context) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(escaped(s.dir), FileName+replacedInfix+"*"))
	if err != nil {
		return nil, fmt.Errorf("look for replaced stores: %w", err)
	}
	names := make([]string, len(found))
	for i, path := range found {
		names[i] = filepath.Base(path)
	}
	slices.Sort(names)
	return names, nil
}

// OpenBackup opens the backup of this name for reading, as the encrypted file
// that it is; ErrBadBackup if there is none of this name. size is in bytes.
func (s *Store) OpenBackup(_ context.Context, name string) (file fs.File, size int64, err error) {
	if _, ok := parseBackupName(name); !ok {
		return nil, 0, fmt.Errorf("open a backup: %w: there is none of this name", ErrBadBackup)
	}
	path := filepath.Join(s.dir, name)
	// A link would lead elsewhere.
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("open a backup: %w: there is none of this name", ErrBadBackup)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open a backup: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("open a backup: %w", err)
	}
	return f, info.Size(), nil
}
