package oidc

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of an identity, in characters, and of the number of groups.
const (
	maxSubject = 255 // OpenID Connect Core, 2
	maxName    = 64
	maxGroups  = 200
	maxGroup   = 200
)

// Identity is who somebody is at another service.
type Identity struct {
	// Issuer is the service: a provider's issuer, "" for a proxy.
	Issuer string
	// Subject is the service's own name for the user, which never becomes
	// another's. Issuer and Subject together are the key to a user; neither
	// holds a control character.
	Subject string
	// Name is what to call the user, at most 64 characters; "" if the service
	// does not say. It may change, and two users may have the same.
	Name string
	// Groups are those of the user at the service, at most 200 of at most 200
	// characters each.
	Groups []string
	// AuthenticatedAt is when the user last proved to the provider who he is
	// (auth_time), never later than now; the zero time if it does not say.
	AuthenticatedAt time.Time
}

// namable reports whether s can stand in a setting, on a page and in a key: not
// empty, at most limit characters, all of them printable.
func namable(s string, limit int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// namableGroups returns the groups that a setting could name: the others can
// give nobody a role.
func namableGroups(groups []string) ([]string, error) {
	var fine []string
	for _, g := range groups {
		if namable(g, maxGroup) {
			fine = append(fine, g)
		}
	}
	if len(fine) > maxGroups {
		// Leaving some out would make it a matter of luck which role the user has.
		return nil, refused("the user is in too many groups; let the login service name only those that matter here")
	}
	return fine, nil
}

// shownName returns s as it may be shown: on one line, printable, cut to length.
func shownName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxName {
		s = strings.TrimSpace(string(runes[:maxName]))
	}
	return s
}
