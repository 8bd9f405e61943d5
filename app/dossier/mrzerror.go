package dossier

import "fmt"

// MRZField is a part of a machine-readable zone.
type MRZField string

// The parts of a machine-readable zone that can be wrong.
const (
	// MRZZone is the zone as a whole: how many lines, and how long.
	MRZZone        MRZField = "zone"
	MRZCode        MRZField = "document_code"
	MRZCountry     MRZField = "country"
	MRZName        MRZField = "name"
	MRZNumber      MRZField = "number"
	MRZNationality MRZField = "nationality"
	MRZBirthDate   MRZField = "birth_date"
	MRZSex         MRZField = "sex"
	MRZExpires     MRZField = "expires"
	// MRZOptional is what the issuer may fill as it likes; in a passport the
	// personal number, mostly.
	MRZOptional MRZField = "optional"
	// MRZComposite is the check digit over several of the others.
	MRZComposite MRZField = "composite"
)

// MRZProblem is what is wrong with a part of a machine-readable zone.
type MRZProblem string

// The problems with a part of a machine-readable zone.
const (
	// BadLength: it is neither two lines of 44 or 36 characters nor three of 30.
	BadLength MRZProblem = "length"
	// BadCharacter: a character stands where it cannot.
	BadCharacter MRZProblem = "character"
	// BadCheckDigit: the check digit does not fit what it stands for.
	BadCheckDigit MRZProblem = "check_digit"
	// BadDate: there is no such day, or a birth lies in the future.
	BadDate MRZProblem = "date"
	// BadValue: the part is empty, or says what no document says.
	BadValue MRZProblem = "value"
)

// MRZError says which part of a machine-readable zone is wrong, and where. It
// holds nothing of what was read.
type MRZError struct {
	Field   MRZField
	Problem MRZProblem
	// Line and Column count from 1, in the zone as it is printed: without the
	// blanks that were typed. They are 0 where the zone as a whole is wrong.
	Line, Column int
}

// Error says what is wrong, where, and what to do.
func (e *MRZError) Error() string {
	if e.Problem == BadLength {
		return "this is no machine-readable zone: it has two lines of 44 or 36 characters, or three of 30; copy all of them, with every <"
	}
	return fmt.Sprintf("machine-readable zone, line %d, column %d: %s", e.Line, e.Column, e.sentence())
}

func (e *MRZError) sentence() string {
	name := e.Field.name()
	switch e.Problem {
	case BadCharacter:
		return name + " holds a character that cannot stand here; compare it with the document, above all O and 0, I and 1"
	case BadCheckDigit:
		return "the check digit of " + name + " does not fit; compare both with the document, character by character"
	case BadDate:
		return name + " is no day that can be; compare it with the document"
	}
	return name + " is missing, or not one that a travel document has; compare it with the document"
}

// name returns what the part is called in a sentence.
func (f MRZField) name() string {
	switch f {
	case MRZCode:
		return "the code of the document"
	case MRZCountry:
		return "the issuing state"
	case MRZName:
		return "the name"
	case MRZNumber:
		return "the number of the document"
	case MRZNationality:
		return "the nationality"
	case MRZBirthDate:
		return "the date of birth"
	case MRZSex:
		return "the sex"
	case MRZExpires:
		return "the date of expiry"
	case MRZOptional:
		return "the personal number"
	case MRZComposite:
		return "the whole zone"
	}
	return "the zone"
}
