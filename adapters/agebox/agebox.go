// Package agebox keeps the keys of the appliance and seals its data with them.
//
// The keys hang on one another like this:
//
//	key file ── opens ──► wrapped key, in the store ── holds ──► data key ── seals ──► values, digests
//	                          ▲                           └────► recovery key
//	recovery sheet ── opens ──┘
//
// The key file is what age-keygen writes, or that text encrypted with a
// passphrase as age -p does; the recovery key on its sheet of paper is of the
// same kind and can stand in the key file. So the age tool can open, with
// either, what SealFile and Encrypt make, also on a machine without this program:
//
//	age -d -i key.txt export.age
//
// Values and digests are made with the data key, because an age file costs
// hundreds of bytes and tenths of a millisecond, and is not bound to its place.
//
// No error and no printed form of a type of this package holds a key, a
// passphrase or any part of a file.
package agebox

import (
	"errors"
	"fmt"
	"log/slog"
)

// Errors of keys that a caller decides on. Each comes wrapped in a sentence
// that says what to do.
var (
	// ErrNoKey: there is no key file at the path.
	ErrNoKey = errors.New("there is no key file")
	// ErrExposed: the key file can be read or written by others.
	ErrExposed = errors.New("the key file can be read or written by other users of this machine")
	// ErrPassphraseNeeded: the key file is encrypted, and no passphrase was given.
	ErrPassphraseNeeded = errors.New("the key file is protected by a passphrase")
	// ErrWrongPassphrase: the key file does not open with the passphrase.
	ErrWrongPassphrase = errors.New("the passphrase is wrong")
	// ErrBadKey: what was given as a key is none that can be used.
	ErrBadKey = errors.New("this is not a usable age key")
	// ErrManaged: the key file is mounted by systemd or Docker and is theirs to change.
	ErrManaged = errors.New("the key file belongs to systemd or Docker and cannot be changed from here")
)

// Errors of sealed data that a caller decides on.
var (
	// ErrWrongKey: the data is sealed for another key.
	ErrWrongKey = errors.New("the data is sealed for another key")
	// ErrDamaged: the data was changed, cut short or moved since it was sealed.
	ErrDamaged = errors.New("the sealed data is damaged or was moved")
	// ErrNewer: the data was sealed by a newer version of this program.
	ErrNewer = errors.New("the data was sealed by a newer version of cz-visa-monitor")
	// ErrTooLarge: there are more bytes than this package takes at once.
	ErrTooLarge = errors.New("the data is too large")
)

// hidden keeps what embeds it out of printed text, whatever the verb. It has no
// pointer receivers, so that a copy is hidden too. For unexported fields of
// others fmt calls no methods, and it may follow pointers; it never looks into a
// function, so that is where the secrets are.
type hidden struct{}

const hiddenText = "[keys]"

// Format implements fmt.Formatter.
func (hidden) Format(s fmt.State, _ rune) { fmt.Fprint(s, hiddenText) }

// LogValue implements slog.LogValuer.
func (hidden) LogValue() slog.Value { return slog.StringValue(hiddenText) }
