package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The bounds of what there may be, so that nobody fills the disk.
const (
	// MaxName is the longest name of a user or group, in characters.
	MaxName = 64
	// MaxUsers is how many users there may be.
	MaxUsers = 1000
	// MaxGroups is how many groups there may be.
	MaxGroups = 500
	// MaxMembers is how many members a group may have.
	MaxMembers = 100
	// MaxTokens is how many tokens a user may have.
	MaxTokens = 50
	// MaxSessions is how many sessions a user may have; the oldest goes.
	MaxSessions = 50
	// MaxInvitations is how many invitations may wait.
	MaxInvitations = 200
)

// maxInput is how many bytes of a name or password are looked at: more than the
// longest has in any writing, and little enough to spend no time on.
const maxInput = 4096

// CheckName returns a name of a user or group as it is kept, or ErrName.
func CheckName(name string) (string, error) {
	if len(name) > maxInput || !utf8.ValidString(name) {
		return "", ErrName
	}
	name = strings.TrimSpace(norm.NFC.String(name))
	unseen := func(r rune) bool { return !unicode.IsPrint(r) }
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxName || strings.ContainsFunc(name, unseen) {
		return "", ErrName
	}
	return name, nil
}

// NameKey returns what two writings of one name have in common.
func NameKey(name string) string {
	if len(name) > maxInput {
		name = name[:maxInput]
	}
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(strings.TrimSpace(name))))
}

// checkLanguage returns ErrLanguage if tag has not the form of a language code.
func checkLanguage(tag string) error {
	for part := range strings.SplitSeq(tag, "-") {
		odd := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }
		if tag != "" && (part == "" || len(part) > 8 || strings.ContainsFunc(part, odd)) || len(tag) > 35 {
			return ErrLanguage
		}
	}
	return nil
}
