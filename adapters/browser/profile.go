package browser

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// profilePrefix starts the name of every profile directory, so that left-over
// ones can be told from anything else in a shared temporary directory.
const profilePrefix = "czvm-chromium-"

// profileFlag tells Chromium its profile.
const profileFlag = "--user-data-dir="

// profile is the user-data directory of one browser. It is thrown away with it:
// nothing about the people asked for stays on the disk.
//
// The name carries our process id for whoever looks at the directory. That the
// owner still lives is shown by a lock, which the kernel drops with the owner
// and which also holds between containers that do not see each other's ids.
type profile struct {
	dir  string
	lock *os.File
}

func newProfile(parent string) (*profile, error) {
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%d-", profilePrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("make profile directory: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, "owner.lock"))
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("lock profile directory: %w", err)
	}
	return &profile{dir: dir, lock: lock}, nil
}

// remove deletes the directory and gives up the lock.
func (p *profile) remove() error {
	err := os.RemoveAll(p.dir)
	_ = p.lock.Close()
	return err
}

// sweepProfiles removes the profiles whose owner is gone, with any browser that
// still uses one of them. Profiles of living owners are left alone.
func sweepProfiles(parent string, logger *slog.Logger) {
	dirs, err := filepath.Glob(filepath.Join(parent, profilePrefix+"*"))
	if err != nil {
		return // cannot be: the pattern is constant but for a directory that exists
	}
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !ours(info) || justMade(dir, info) {
			continue
		}
		lock, err := lockFile(filepath.Join(dir, "owner.lock"))
		if err != nil {
			continue // its owner lives, or it is not ours to touch
		}
		for _, p := range processes() {
			if p.worksIn(dir) {
				p.kill()
			}
		}
		err = (&profile{dir: dir, lock: lock}).remove()
		logger.Info("left-over browser profile removed", slog.String("name", filepath.Base(dir)), slog.Bool("ok", err == nil))
	}
}

// justMade reports whether a profile is so young that its owner may not have
// come to locking it yet.
func justMade(dir string, info os.FileInfo) bool {
	_, err := os.Lstat(filepath.Join(dir, "owner.lock"))
	return err != nil && time.Since(info.ModTime()) < time.Minute
}

// worksIn reports whether the process was started with dir as its profile. One
// that only names it, such as an editor, is not ours to end.
func (p process) worksIn(dir string) bool {
	return slices.Contains(strings.Split(p.cmdline, "\x00"), profileFlag+dir)
}
