// Package dossier holds people and their travel documents: what is kept of them,
// how the machine-readable zone of a document is read, and when a person is told
// that a document expires. All of it is optional, and none of it is ever sent to
// a portal.
package dossier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
)

// Person is somebody whose documents are kept: an applicant, a member of the
// family, an employee. All but IDs and times is personal data.
type Person struct {
	// ID is one of account.NewID.
	ID string `json:"id"`
	// Owner is who may see and change the person, and whose channels tell of
	// documents that expire.
	Owner account.Owner `json:"owner"`
	Name  string        `json:"name"`
	// BirthDate is the zero civil.Date where it is unknown.
	BirthDate civil.Date `json:"birth_date,omitzero"`
	// Nationality is a code of ISO 3166-1 alpha-3, or one that Doc 9303 adds to
	// them ("D", "UNO", "XXA"); "" where it is unknown.
	Nationality string `json:"nationality,omitempty"`
	Note        string `json:"note,omitempty"`
	// Applications are the IDs of the applications of this person.
	Applications []string         `json:"applications,omitempty"`
	Documents    []TravelDocument `json:"documents,omitempty"`
	CreatedAt    time.Time        `json:"created_at"`
	// Revision counts the times the person was stored.
	Revision uint64 `json:"revision"`
}

// Kind is what a travel document is.
type Kind string

// The kinds of travel document.
const (
	Passport      Kind = "passport"
	ResidenceCard Kind = "residence_card"
	Visa          Kind = "visa"
	Insurance     Kind = "insurance"
)

// Kinds returns all kinds of travel document.
func Kinds() []Kind { return []Kind{Passport, ResidenceCard, Visa, Insurance} }

// TravelDocument is a paper that a person needs to travel or to stay.
type TravelDocument struct {
	// ID is one of account.NewID.
	ID     string `json:"id"`
	Kind   Kind   `json:"kind"`
	Number string `json:"number,omitempty"`
	// Country is that of the issuer, coded like a nationality; "" where it is unknown.
	Country string `json:"country,omitempty"`
	// Issued and Expires are the zero civil.Date where they are unknown. Expires is
	// the last day on which the document is valid.
	Issued  civil.Date `json:"issued,omitzero"`
	Expires civil.Date `json:"expires,omitzero"`
	// Reminded are the thresholds in days, see Thresholds, that were told or
	// passed over for this day of expiry.
	Reminded []int `json:"reminded,omitempty"`
}

// Errors that callers decide on.
var (
	// ErrNotFound: there is no person with this ID.
	ErrNotFound = errors.New("no such person")
	// ErrFull: the owner has MaxPeople already.
	ErrFull = errors.New("this owner has as many people as the appliance keeps for one")
)

// Bounds of what is kept. Lengths are in characters.
const (
	// MaxPeople is how many people one owner has.
	MaxPeople = 2000
	// MaxDocuments and MaxApplications are how many of each one person has.
	MaxDocuments    = 50
	MaxApplications = 100
	MaxName         = 200
	MaxNote         = 4000
	MaxNumber       = 50
)

// firstBirth is the earliest day of birth: 1 January 1900.
const firstBirth civil.Date = 693596

// InputError is a wish that cannot be granted as it stands.
type InputError struct {
	// Field is the name of the field as the API spells it.
	Field string
	// Code names the problem in a word: the catalogue has a text under
	// "problem.field_" and the code.
	Code string
	// Problem is an English sentence that says what to do. It holds nothing of
	// what was entered.
	Problem string
}

// Error returns the field and the problem.
func (e *InputError) Error() string { return e.Field + ": " + e.Problem }

// Validate reports the first thing in p that cannot be, as an *InputError. today
// is the day where the appliance is.
func (p Person) Validate(today civil.Date) error {
	switch {
	case !account.IsID(p.ID):
		return &InputError{Field: "id", Code: "id", Problem: "is none"}
	case !p.Owner.Valid():
		return &InputError{Field: "owner", Code: "owner", Problem: "is neither a user nor a group"}
	case strings.TrimSpace(p.Name) == "":
		return &InputError{Field: "name", Code: "missing", Problem: "is missing"}
	case !p.BirthDate.IsZero() && (p.BirthDate < firstBirth || p.BirthDate > today):
		return &InputError{Field: "birth_date", Code: "birth", Problem: "is before 1900 or in the future"}
	case p.Nationality != "" && !isState(p.Nationality):
		return &InputError{Field: "nationality", Code: "state", Problem: badState}
	case len(p.Applications) > MaxApplications:
		return &InputError{Field: "applications", Code: "too_many", Problem: fmt.Sprintf("are more than %d", MaxApplications)}
	case slices.ContainsFunc(p.Applications, func(id string) bool { return !account.IsID(id) }):
		return &InputError{Field: "applications", Code: "application", Problem: "hold something that is no ID of an application"}
	case len(p.Documents) > MaxDocuments:
		return &InputError{Field: "documents", Code: "too_many", Problem: fmt.Sprintf("are more than %d; remove some that have expired", MaxDocuments)}
	}
	if err := checkText("name", p.Name, MaxName, ""); err != nil {
		return err
	}
	if err := checkText("note", p.Note, MaxNote, "\r\n"); err != nil {
		return err
	}
	for i, d := range p.Documents {
		if err := d.validate(fmt.Sprintf("documents[%d].", i)); err != nil {
			return err
		}
	}
	return nil
}

// validate is Validate for a document; path begins the names of its fields.
func (d TravelDocument) validate(path string) error {
	switch {
	case !account.IsID(d.ID):
		return &InputError{Field: path + "id", Code: "id", Problem: "is none"}
	case !slices.Contains(Kinds(), d.Kind):
		return &InputError{Field: path + "kind", Code: "document", Problem: "is not passport, residence_card, visa or insurance"}
	case d.Country != "" && !isState(d.Country):
		return &InputError{Field: path + "country", Code: "state", Problem: badState}
	case !d.Issued.IsZero() && !d.Expires.IsZero() && d.Expires < d.Issued:
		return &InputError{Field: path + "expires", Code: "before_issue", Problem: "is before the day of issue; compare both with the document"}
	}
	return checkText(path+"number", d.Number, MaxNumber, "")
}

// badState says how a state is written.
const badState = "is no code of a state; write its three capital letters, for example UKR, or D for Germany"

// isState reports whether s has the form of a code of Doc 9303: three letters,
// or the D of Germany. Which codes there are is not asked: it changes.
func isState(s string) bool {
	return (len(s) == 3 || s == "D") && strings.Trim(s, letters) == ""
}

// letters are those of a machine-readable zone.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// checkText reports what is wrong with a text of at most most characters, none
// of which may be a control character but those of except.
func checkText(field, s string, most int, except string) error {
	control := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(except, r) }
	switch {
	case !utf8.ValidString(s):
		return &InputError{Field: field, Code: "control", Problem: "holds bytes that are no text"}
	case utf8.RuneCountInString(s) > most:
		return &InputError{Field: field, Code: "long", Problem: fmt.Sprintf("is longer than %d characters; shorten it", most)}
	case strings.ContainsFunc(s, control):
		return &InputError{Field: field, Code: "control", Problem: "holds a control character; remove it"}
	}
	return nil
}
