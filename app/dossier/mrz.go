package dossier

import (
	"strconv"
	"strings"
	"time"

	"cz-visa-monitor/app/civil"
)

// MRZ is what the machine-readable zone of a travel document says, after Doc
// 9303 of the International Civil Aviation Organization, part 3 and those about
// each format. Its names are in capitals and without accents, as they stand there.
type MRZ struct {
	Format Format
	// Code is that of the document, one or two characters: P, V, AR.
	Code    string
	Country string
	// Surname is the primary identifier, GivenNames the secondary one, which
	// many people do not have.
	Surname    string
	GivenNames string
	// Truncated: the names fill the line to its end, so they may go on.
	Truncated bool
	// Number is that of the document; blanks stand for the fillers within it.
	Number      string
	Nationality string
	// BirthDate and Expires are the zero civil.Date where the zone leaves the month or
	// the day open.
	BirthDate civil.Date
	Expires   civil.Date
	// Sex is M or F, "" where it is not specified.
	Sex string
}

// Person returns a person with one document, for somebody to complete. Kind
// stays empty where the zone does not tell it: on a card of the holder's own
// state, which is hardly a residence card.
func (z MRZ) Person() Person {
	d := TravelDocument{Number: z.Number, Country: z.Country, Expires: z.Expires}
	switch {
	case z.Format == TD3:
		d.Kind = Passport
	case z.Format == MRVA, z.Format == MRVB:
		d.Kind = Visa
	case z.Country != z.Nationality:
		d.Kind = ResidenceCard
	}
	return Person{
		Name:        strings.TrimSpace(z.GivenNames + " " + z.Surname),
		BirthDate:   z.BirthDate,
		Nationality: z.Nationality,
		Documents:   []TravelDocument{d},
	}
}

// ParseMRZ reads a machine-readable zone of any format as people paste or type
// it: with blanks, in small letters, with « or ‹ for <, with its lines run
// together. What it returns has passed every check digit that the format has.
// Errors are *MRZError.
//
// A zone writes years with two digits. A birth is taken for the latest that is
// not after today. An expiry is taken for a year from 30 before this one to 69
// after it: documents that expired longer ago are of no use to anybody, while
// some cards are valid for a holder's whole life.
func ParseMRZ(text string, today civil.Date) (MRZ, error) {
	lines, ok := mrzLines(text)
	if !ok {
		return MRZ{}, &MRZError{Field: MRZZone, Problem: BadLength}
	}
	for _, l := range mrzLayouts() {
		if len(lines) == l.lines && len(lines[0]) == l.width && strings.Contains(l.format.codes(), lines[0][:1]) {
			return mrzReader{lines: lines, mrzLayout: l}.read(today)
		}
	}
	return MRZ{}, &MRZError{Field: MRZCode, Problem: BadValue, Line: 1, Column: 1}
}

// mrzReader reads the lines of a zone whose format is known.
type mrzReader struct {
	lines []string
	mrzLayout
}

func (r mrzReader) read(today civil.Date) (MRZ, error) {
	z := MRZ{Format: r.format, Code: strings.TrimRight(r.text(span{0, 0, 2}), filler)}
	if err := r.characters(); err != nil {
		return MRZ{}, err
	}
	number, err := r.readNumber()
	if err != nil {
		return MRZ{}, err
	}
	if err := r.checkDigits(); err != nil {
		return MRZ{}, err
	}
	z.Number = number
	if z.Country, err = r.state(MRZCountry, span{0, 2, 5}); err != nil {
		return MRZ{}, err
	}
	if z.Nationality, err = r.state(MRZNationality, r.nationality); err != nil {
		return MRZ{}, err
	}
	if z.BirthDate, err = r.date(MRZBirthDate, r.birth, today); err != nil {
		return MRZ{}, err
	}
	if z.Expires, err = r.date(MRZExpires, r.expires, lastExpiry(today)); err != nil {
		return MRZ{}, err
	}
	if err := r.readNames(&z); err != nil {
		return MRZ{}, err
	}
	z.Sex = strings.Trim(r.text(r.sex()), filler+"X")
	return z, nil
}

func (r mrzReader) text(s span) string { return r.lines[s.line][s.from:s.to] }

// sex stands behind the check digit of the date of birth.
func (r mrzReader) sex() span { return span{r.birth.line, r.birth.to + 1, r.birth.to + 2} }

// wrong returns an error about the character at column at of s, from 0.
func wrong(field MRZField, problem MRZProblem, s span, at int) *MRZError {
	return &MRZError{Field: field, Problem: problem, Line: s.line + 1, Column: s.from + at + 1}
}

// characters reports the first character that cannot stand where it does. Check
// digits are left to those who use them.
func (r mrzReader) characters() error {
	const anything = letters + digits + filler
	for _, part := range []struct {
		field   MRZField
		span    span
		allowed string
	}{
		{MRZCode, span{0, 0, 2}, anything},
		{MRZCountry, span{0, 2, 5}, letters + filler},
		{MRZName, r.name, letters + filler},
		{MRZNumber, r.number, anything},
		{MRZNationality, r.nationality, letters + filler},
		{MRZBirthDate, r.birth, digits + filler},
		{MRZSex, r.sex(), "MFX" + filler}, // Doc 9303 wants < for X, which some states print.
		{MRZExpires, r.expires, digits + filler},
		{MRZOptional, r.optional, anything},
		{MRZOptional, r.more, anything},
	} {
		for at, c := range r.text(part.span) {
			if !strings.ContainsRune(part.allowed, c) {
				return wrong(part.field, BadCharacter, part.span, at)
			}
		}
	}
	return nil
}

// readNumber returns the number of the document, and checks its digit. One that
// is longer than its place has a filler for its check digit and goes on where
// the optional data begins; its check digit and a filler end it there.
func (r mrzReader) readNumber() (string, error) {
	number, check := r.text(r.number), span{r.number.line, r.number.to, r.number.to + 1}
	if r.extends && r.text(check) == filler && !strings.HasSuffix(number, filler) {
		rest, _, ended := strings.Cut(r.text(r.optional), filler)
		if !ended || len(rest) < 2 {
			return "", wrong(MRZNumber, BadCheckDigit, check, 0)
		}
		number += rest[:len(rest)-1]
		end := r.optional.from + len(rest)
		check = span{r.optional.line, end - 1, end}
	}
	if err := r.fits(MRZNumber, number, check); err != nil {
		return "", err
	}
	number = strings.TrimRight(number, filler)
	if strings.Trim(number, filler) == "" {
		return "", wrong(MRZNumber, BadValue, r.number, 0)
	}
	return strings.ReplaceAll(number, filler, " "), nil
}

// checkDigits checks all digits but that of the number.
func (r mrzReader) checkDigits() error {
	behind := func(s span) span { return span{s.line, s.to, s.to + 1} }
	if err := r.fits(MRZBirthDate, r.text(r.birth), behind(r.birth)); err != nil {
		return err
	}
	if err := r.fits(MRZExpires, r.text(r.expires), behind(r.expires)); err != nil {
		return err
	}
	// Where there is no personal number, its check digit may be left out.
	personal := r.text(r.optional)
	if r.checked && (strings.Trim(personal, filler) != "" || r.text(behind(r.optional)) != filler) {
		if err := r.fits(MRZOptional, personal, behind(r.optional)); err != nil {
			return err
		}
	}
	if r.composite == nil {
		return nil
	}
	var whole strings.Builder
	for _, s := range r.composite {
		whole.WriteString(r.text(s))
	}
	return r.fits(MRZComposite, whole.String(), span{r.last, r.width - 1, r.width})
}

// fits reports whether the check digit at a place is that of text.
func (r mrzReader) fits(field MRZField, text string, at span) error {
	if r.text(at) != string(checkDigit(text)) {
		return wrong(field, BadCheckDigit, at, 0)
	}
	return nil
}

// checkDigit returns the check digit of text (Doc 9303, part 3, section 4.9):
// digits count as they are, letters from 10 on, fillers nothing, each times 7, 3
// or 1 in turn; the last digit of the sum is it.
func checkDigit(text string) byte {
	const values = digits + letters
	sum := 0
	for i := range len(text) {
		sum += max(strings.IndexByte(values, text[i]), 0) * [...]int{7, 3, 1}[i%3]
	}
	return digits[sum%10]
}

// state reads the code of a state.
func (r mrzReader) state(field MRZField, s span) (string, error) {
	code := strings.TrimRight(r.text(s), filler)
	if !isState(code) {
		return "", wrong(field, BadValue, s, 0)
	}
	return code, nil
}

// date reads a day as YYMMDD, the latest that it can be up to last. Fillers stand
// for a day, month or year that is not known, which makes the whole unknown.
func (r mrzReader) date(field MRZField, s span, last civil.Date) (civil.Date, error) {
	text := r.text(s)
	known := strings.TrimRight(text, filler)
	if strings.Contains(known, filler) || len(known)%2 != 0 {
		return 0, wrong(field, BadDate, s, 0)
	}
	if len(known) < len(text) {
		return 0, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil { // The characters were looked at before.
		return 0, wrong(field, BadDate, s, 0)
	}
	year, month, dayOfMonth := number/10000, time.Month(number/100%100), number%100
	// The last year that ends with these digits, or else the one before it.
	end := last.UTC().Year()
	for full := end - (end-year)%100; full > end-200; full -= 100 {
		if d, ok := civil.NewDate(full, month, dayOfMonth); ok && d <= last {
			return d, nil
		}
	}
	return 0, wrong(field, BadDate, s, 0)
}

// lastExpiry is the last day for which an expiry is taken, see ParseMRZ.
func lastExpiry(today civil.Date) civil.Date {
	last, _ := civil.NewDate(today.UTC().Year()+69, time.December, 31)
	return last
}

// readNames reads both identifiers: two fillers stand between them, one between
// the words of each.
func (r mrzReader) readNames(z *MRZ) error {
	words := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, filler, " ")), " ") }
	line := r.text(r.name)
	surname, given, _ := strings.Cut(line, filler+filler)
	z.Surname, z.GivenNames = words(surname), words(given)
	z.Truncated = !strings.HasSuffix(line, filler)
	if z.Surname+z.GivenNames == "" {
		return wrong(MRZName, BadValue, r.name, 0)
	}
	return nil
}
