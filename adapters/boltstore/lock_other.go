//go:build !unix || solaris || aix

package boltstore

import "os"

// tryLock does nothing here: bbolt's own lock on the file has to do.
func tryLock(*os.File, bool) error { return nil }
