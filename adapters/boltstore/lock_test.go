package boltstore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func TestLockDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LockDir(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("taken twice: %v", err)
	}
	if _, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: discard()}); !errors.Is(err, ErrLocked) {
		t.Errorf("opened all the same: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, FileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	if err := errors.Join(release(), release()); err != nil {
		t.Errorf("let go, twice: %v", err)
	}
	open(t, dir)
}

func TestLockDirWaitsForTheOtherToEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(lockWait/4, func() { _ = release() })
	open(t, dir)
}

// TestOlderProgramIsRunning: it locks the file, and knows no lock of the directory.
func TestOlderProgramIsRunning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shut(t, open(t, dir), dir)
	db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := Open(Config{Dir: dir, Keys: PlainKeys{}, Logger: discard()}); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
}
