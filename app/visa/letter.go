package visa

// LetterError says why no text could be had from a letter that somebody has
// given. The values are catalogue keys behind "letter.", so their spelling never
// changes.
type LetterError string

// Why a letter cannot be read.
const (
	ErrLetterTooLarge LetterError = "too_large" // more bytes than are looked at
	ErrLetterUnknown  LetterError = "unknown"   // neither a PDF nor a text
	ErrLetterNoText   LetterError = "no_text"   // a picture, or a PDF that holds only pictures
	ErrLetterLocked   LetterError = "locked"    // a PDF that opens with a password only
	ErrLetterDamaged  LetterError = "damaged"   // a PDF that breaks off or contradicts itself
	ErrLetterTooMuch  LetterError = "too_much"  // reading it took more time or memory than it may
)

// LetterErrors lists all of them.
func LetterErrors() []LetterError {
	return []LetterError{ErrLetterTooLarge, ErrLetterUnknown, ErrLetterNoText, ErrLetterLocked, ErrLetterDamaged, ErrLetterTooMuch}
}

// Error says in English what is wrong and what to do.
func (e LetterError) Error() string {
	switch e {
	case ErrLetterTooLarge:
		return "The letter is too large; it may have 5 MiB. Send the page with the number only, or type the number."
	case ErrLetterUnknown:
		return "This is neither a PDF nor a text. Send the letter as a PDF, or copy its text."
	case ErrLetterNoText:
		return "The letter is a picture without text, perhaps a scan or a photo. Type the number as it stands there."
	case ErrLetterLocked:
		return "The PDF is locked with a password. Open it yourself and copy its text, or type the number."
	case ErrLetterDamaged:
		return "The PDF is damaged or not whole. Download it again, or type the number."
	case ErrLetterTooMuch:
		return "The PDF is too complicated to be read here. Open it yourself and copy its text, or type the number."
	}
	return string(e)
}
