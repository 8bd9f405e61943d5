package archive

import (
	"errors"
	"time"
)

// Errors about backups.
var (
	// ErrBadBackup: a file is no backup of this program, or not a whole one.
	ErrBadBackup = errors.New("this is no intact backup of cz-visa-monitor")
	// ErrWrongKey: it was sealed with another key.
	ErrWrongKey = errors.New("this key does not open the data")
)

// Health says what is known of a backup.
type Health int

const (
	// Unchecked: this process has not read it since it was made. It was whole
	// when it got its name.
	Unchecked Health = iota
	// Good: it was read to the end and can be restored.
	Good
	// Damaged: it cannot be restored.
	Damaged
)

// String returns unchecked, good or damaged.
func (h Health) String() string {
	switch h {
	case Good:
		return "good"
	case Damaged:
		return "damaged"
	}
	return "unchecked"
}

// Backup describes a backup.
type Backup struct {
	// Name is the file's name in the data directory.
	Name string
	// At is when it was made, UTC.
	At time.Time
	// Size is that of the file, in bytes.
	Size   int64
	Health Health
	// Expires is about when it will be removed, if a backup is made every day.
	// Zero if that is not known.
	Expires time.Time
}
