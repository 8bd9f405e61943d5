// Package account holds who may use the appliance and what each may do: users,
// groups, sessions, tokens, invitations, and the audit trail.
package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// IDLen is the length of every ID.
const IDLen = 28

// NewID returns a fresh ID for anything that is kept: 12 hexadecimal digits of
// milliseconds since 1970, then 16 characters of base32 (80 random bits). It
// sorts by age, and can stand in a URL or a bucket key without telling anything
// about a person.
func NewID(now time.Time) string {
	return fmt.Sprintf("%012x%s", now.UnixMilli(), strings.ToLower(rand.Text()[:IDLen-12]))
}

// IsID reports whether s has the form of an ID.
func IsID(s string) bool {
	return len(s) == IDLen && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// NewSecret returns a random secret of 52 characters (260 bits) behind prefix,
// which makes it recognisable to people and to secret scanners.
func NewSecret(prefix string) string { return prefix + strings.ToLower(rand.Text()+rand.Text()) }

// HashSecret returns what is kept of a secret that NewSecret made. It is random
// and long, so that a plain hash cannot be turned round.
func HashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}
