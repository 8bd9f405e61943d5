package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// lockName is the file in the data directory by which a process holds it. The
// store's own file would not do: a rewrite puts another one in its place.
const lockName = "lock"

const (
	// lockWait is how long to wait for another process to let go.
	lockWait = 2 * time.Second
	// lockTick is how often to look whether it has.
	lockTick = 50 * time.Millisecond
)

// errBusy: another process holds the lock.
var errBusy = errors.New("locked by another process")

// LockDir takes the data directory for this process, until release is called or
// the process ends. It returns ErrLocked if another one has it. On systems
// without flock only bbolt's lock on the file keeps processes apart.
func LockDir(dir string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", explain(err))
	}
	if err := lockFile(f, true); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data directory: %w", explain(err)), f.Close())
	}
	return sync.OnceValue(f.Close), nil
}

// lockFile locks f until it is closed, alone or with others that share the lock.
// It waits for at most lockWait.
func lockFile(f *os.File, alone bool) error {
	tick := time.NewTicker(lockTick)
	defer tick.Stop()
	for end := time.Now().Add(lockWait); ; <-tick.C {
		err := tryLock(f, alone)
		if !errors.Is(err, errBusy) {
			return err
		}
		if time.Now().After(end) {
			return ErrLocked
		}
	}
}
