package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	// newSuffix marks a store that is still being written. A crash may leave it.
	newSuffix = ".new"
	// tempSuffix marks any other file that is still being written or only needed for a moment.
	tempSuffix = ".tmp"
	// ourFiles matches every file that this package makes, but the lock.
	ourFiles = "cz-visa-monitor*"
)

// tidy removes what a crash has left half written. The caller holds the lock.
func tidy(dir string) error {
	var errs []error
	for _, pattern := range []string{ourFiles + newSuffix, ourFiles + tempSuffix} {
		left, err := filepath.Glob(filepath.Join(escaped(dir), pattern))
		errs = append(errs, err)
		for _, path := range left {
			errs = append(errs, os.Remove(path))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove what was left half written: %w", err)
	}
	return nil
}

// escaped returns dir with the signs escaped that mean something in a pattern.
func escaped(dir string) string {
	var b []byte
	for i := range len(dir) {
		if c := dir[i]; c == '*' || c == '?' || c == '[' || c == '\\' && os.PathSeparator != '\\' {
			b = append(b, '\\')
		}
		b = append(b, dir[i])
	}
	return string(b)
}

// syncDir makes a rename in dir survive a power cut. Some file systems, those of
// a network share above all, cannot be asked for it.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	for _, unable := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.EBADF, fs.ErrPermission} {
		if errors.Is(err, unable) {
			err = nil
		}
	}
	return errors.Join(err, d.Close())
}

// writeFile makes the file path with what write writes, on disk when it
// returns. If anything fails, there is no file.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// publish gives a finished file its name, which no other one has, for good.
func publish(temp, final string) error {
	if _, err := os.Lstat(final); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s: %w", filepath.Base(final), fs.ErrExist), err)
	}
	if err := os.Rename(temp, final); err != nil {
		return err
	}
	return syncDir(filepath.Dir(final))
}

// patient ends a copy when ctx does.
type patient struct {
	ctx context.Context //nolint:containedctx // It lives as long as one copy.
	io.Writer
}

func (p patient) Write(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.Writer.Write(b)
}
