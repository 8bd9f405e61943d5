// Package visa holds the words of the proceedings: the reference number a
// person was given, the status the portal shows for it, and what is publicly
// known about embassies and categories. It is pure: no clock, no network.
package visa

import (
	"fmt"
	"io"
	"log/slog"
)

// Kind tells the two kinds of reference apart.
type Kind string

// The two kinds of reference number the portal answers for.
const (
	// ZOV is a visa application number (číslo žádosti o vízum, ŽOV), given by an embassy.
	ZOV Kind = "zov"
	// OAM is a reference number (číslo jednací) of the department for asylum and migration policy.
	OAM Kind = "oam"
)

// Reference identifies one application at the portal. The zero value is no
// reference; Parse is the only way to make another one. References are
// comparable, but two that differ only in the suffix of an OAM number mean the
// same proceedings: compare Identity for that.
type Reference struct {
	kind     Kind
	number   string // ZOV: the whole number; OAM: without leading zeros
	suffix   string // OAM: number of the document in the file, "" if not given
	category string // OAM: "DP"
	year     string // OAM: "2025"
}

// Query is what is typed into the portal's form. The suffix of an OAM number
// is not part of it: the portal ignores the field.
type Query struct {
	ZOV      string // visa application number, or ""
	Number   string // OAM number without leading zeros, or ""
	Category string // OAM category, or ""
	Year     string // OAM year, four digits, or ""
}

// Kind returns the kind of r, "" for the zero value.
func (r Reference) Kind() Kind { return r.kind }

// IsZero reports whether r is no reference. It makes the JSON option omitzero work.
func (r Reference) IsZero() bool { return r.kind == "" }

// Equal reports whether r and other are the same down to the suffix, as ==
// does. It is here for go-cmp, which refuses to look at unexported fields.
func (r Reference) Equal(other Reference) bool { return r == other }

// String returns the canonical form: PEKI202508140001 or OAM-12345-6/DP-2025,
// "" for the zero value. It is personal data; logs get Masked.
func (r Reference) String() string {
	if r.suffix == "" {
		return r.Identity()
	}
	return "OAM-" + r.number + "-" + r.suffix + "/" + r.category + "-" + r.year
}

// Identity returns the canonical form without the suffix, which the portal
// ignores. Two references with the same identity share one check.
func (r Reference) Identity() string {
	if r.kind != OAM {
		return r.number
	}
	return "OAM-" + r.number + "/" + r.category + "-" + r.year
}

// Masked returns r with its telling digits hidden, for logs and for messages
// that must not name the whole number:
//
//	PEKI2025••••0001    the usual form: prefix, year and serial stay
//	ABCD••••6789        a shorter visa application number: the last four digits stay
//	OAM-•••45/DP-2025   an OAM number of four or five digits: the last two stay
//	OAM-•••5/DP-2025    one of three digits: the last one stays
//	OAM-•••/DP-2025     one of one or two digits: none stays
//
// There are always four or three dots, so a masked form does not tell how many
// digits it hides, and a suffix is never shown. The zero value gives "".
func (r Reference) Masked() string {
	switch r.kind {
	case ZOV:
		prefix, digits := r.number[:prefixLen], r.number[prefixLen:]
		year := ""
		if len(digits) == usualDigits {
			year = digits[:4]
		}
		return prefix + year + "••••" + digits[len(digits)-4:]
	case OAM:
		shown := min(2, max(0, len(r.number)-2))
		return "OAM-•••" + r.number[len(r.number)-shown:] + "/" + r.category + "-" + r.year
	}
	return ""
}

// Query returns what is typed into the form.
func (r Reference) Query() Query {
	if r.kind == OAM {
		return Query{Number: r.number, Category: r.category, Year: r.year}
	}
	return Query{ZOV: r.number}
}

// Prefix returns the four letters of a visa application number, which name the
// embassy, and "" for every other reference.
func (r Reference) Prefix() string {
	if r.kind != ZOV {
		return ""
	}
	return r.number[:prefixLen]
}

// LogValue makes slog print the masked form, whatever a caller passes.
func (r Reference) LogValue() slog.Value { return slog.StringValue(r.Masked()) }

// Format prints the canonical form for %s, %q and %v, and the masked form for
// %+v and %#v. Those two are what debug output and slog's text handler use for
// a struct that holds a reference, where LogValue is not asked.
func (r Reference) Format(f fmt.State, verb rune) {
	if verb == 'v' && (f.Flag('+') || f.Flag('#')) {
		_, _ = io.WriteString(f, r.Masked()) // fmt.State has no use for the error
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), r.String())
}

// MarshalText writes the canonical form, an empty text for the zero value.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote, and any other spelling Parse
// reads; an empty text gives the zero value. The error is a *ParseError.
func (r *Reference) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*r = Reference{}
		return nil
	}
	parsed, err := Parse(string(b))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}
