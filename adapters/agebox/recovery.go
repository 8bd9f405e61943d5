package agebox

import (
	"crypto/subtle"
	"fmt"
	"strings"
	"unicode"
)

const (
	// RecoveryEnd is how many characters of the recovery key's end are asked for
	// to confirm that its sheet was printed or copied.
	RecoveryEnd = 8

	keyPrefix = "AGE-SECRET-KEY-1"
	keyRest   = 58   // Characters behind the prefix: 32 bytes and the checksum.
	maxTyped  = 1024 // Bytes of what a person typed that are looked at.
)

// Recovery returns the recovery key, to be kept in the next NewBox.
func (b *Box) Recovery() *Identity { return b.keys().recovery }

// RecoveryKey returns the recovery key as text, for its sheet and for nothing
// else. It is a secret.
func (b *Box) RecoveryKey() string { return b.Recovery().key().String() }

// IsRecoveryEnd reports whether a person typed the last RecoveryEnd characters
// of the recovery key. It shows that the sheet is at hand, and gives no right to
// anything. It takes as long wherever they differ.
func (b *Box) IsRecoveryEnd(typed string) bool {
	key := b.RecoveryKey()
	return subtle.ConstantTimeCompare([]byte(unconfuse(bare(typed))), []byte(key[len(key)-RecoveryEnd:])) == 1
}

// parseTyped reads a recovery key that a person typed from its sheet: in any
// case, with blanks, line breaks and dashes anywhere, with or without the
// AGE-SECRET-KEY-1 in front, and with letters for digits that look alike. The
// error is ErrBadKey and holds nothing of it.
func parseTyped(typed string) (*Identity, error) {
	rest, ok := restOfKey(typed)
	if !ok {
		return nil, fmt.Errorf("read the recovery key: %w: it has %d characters behind %s", ErrBadKey, keyRest, keyPrefix)
	}
	id, err := parseKey([]byte(keyPrefix + rest))
	if err != nil {
		return nil, fmt.Errorf("read the recovery key: %w: a character is wrong, or two are in each other's place", ErrBadKey)
	}
	return id, nil
}

// restOfKey returns what was typed behind the prefix of a key.
func restOfKey(typed string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(bare(typed), "AGESECRETKEY")
	rest = unconfuse(rest)
	if ok {
		rest, ok = strings.CutPrefix(rest, unconfuse("1"))
		return rest, ok && len(rest) == keyRest
	}
	return rest, len(rest) == keyRest
}

// bare returns typed in capitals, without blanks, dashes and what cannot be
// seen. Too long a text becomes empty, which is no key.
func bare(typed string) string {
	if len(typed) > maxTyped {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Cf):
			return -1
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, typed)
}

// unconfuse mends what people misread. Keys are written without the letters B, I
// and O and the digit 1 (but for the one in the prefix), so nothing is lost.
func unconfuse(s string) string {
	return strings.NewReplacer("B", "8", "I", "L", "1", "L", "O", "0").Replace(s)
}
