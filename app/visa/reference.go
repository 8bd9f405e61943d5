// Package visa holds the words of the proceedings: the reference number a
// person was given, the status the portal shows for it, and what is publicly
// known about embassies and categories. It is pure: no clock, no network.
package visa

import (
	"errors"
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

// Query is what is typed into the portal's form.
type Query struct {
	ZOV      string // visa application number, or ""
	Number   string // OAM number without leading zeros, or ""
	Category string // OAM category, or ""
	Year     string // OAM year, four digits, or ""
}

// Parse reads a reference in any spelling a person pastes.
func Parse(s string) (Reference, error) { return Reference{}, errors.New("not built yet") }

// Kind returns the kind of r, "" for the zero value.
func (r Reference) Kind() Kind { return r.kind }

// IsZero reports whether r is no reference.
func (r Reference) IsZero() bool { return r.kind == "" }

// String returns the canonical form: PEKI202508140001 or OAM-12345-6/DP-2025.
// It is personal data; logs get Masked.
func (r Reference) String() string { return "" }

// Identity returns the canonical form without the suffix, which the portal
// ignores. Two references with the same identity share one check.
func (r Reference) Identity() string { return "" }

// Masked returns r with its telling digits hidden: PEKI2025••••0001.
func (r Reference) Masked() string { return "" }

// Query returns what is typed into the form.
func (r Reference) Query() Query { return Query{} }

// LogValue makes slog print the masked form, whatever a caller passes.
func (r Reference) LogValue() slog.Value { return slog.StringValue(r.Masked()) }

// MarshalText writes the canonical form.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote; an empty text gives the zero value.
func (r *Reference) UnmarshalText(b []byte) error { return nil }
