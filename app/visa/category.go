package visa

import "slices"

// Categories returns the categories of OAM proceedings which the portal's form
// is known to offer, the most frequent first. The form decides what it offers:
// the list is there to suggest, never to refuse. What some of the codes stand
// for has not been published, so they have no names here.
func Categories() []string {
	return []string{"DP", "TP", "ZM", "ST", "MK", "DV", "CD", "DO", "PP", "VP", "ZK"}
}

// KnownCategory reports whether code is one of Categories.
func KnownCategory(code string) bool { return slices.Contains(Categories(), code) }
