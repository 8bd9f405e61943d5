package visa

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// What a reference is made of. The lengths are those seen in real numbers and
// in the portal's own example; see ParseError for what is refused.
const (
	maxInput    = 200  // bytes; a longer text is not read at all
	prefixLen   = 4    // ŽOV: letters
	minDigits   = 9    // ŽOV: digits
	usualDigits = 12   // ŽOV: filing date and serial; also the most there are
	maxNumber   = 5    // OAM: digits after the leading zeros
	maxSuffix   = 20   // OAM: characters
	categoryLen = 2    // OAM: letters
	minYear     = 2000 // OAM and filing date
	maxYear     = 2099
)

var (
	separator     = regexp.MustCompile(`[-/ ]+`)
	blankInDigits = regexp.MustCompile(`[0-9] [0-9]`)
)

// Parse reads a reference in any spelling a person pastes: with or without
// blanks, leading zeros, OAM- and a label such as "č. j.", in either case, with
// any Unicode dash or slash, and with the year after a dash, a slash or a
// blank. It never guesses: a letter O among digits is an error that says so.
//
// The error is a *ParseError.
func Parse(s string) (Reference, error) {
	if len(s) > maxInput {
		return Reference{}, &ParseError{Part: PartWhole, Problem: ProblemTooLong}
	}
	body := clean(s)
	if body == "" {
		return Reference{}, &ParseError{Part: PartWhole, Problem: ProblemEmpty}
	}
	if !strings.ContainsFunc(body, unicode.IsDigit) {
		return Reference{}, &ParseError{Part: PartWhole, Problem: ProblemUnrecognised}
	}

	compact := strings.Map(withoutGaps, body)
	letters := compact[:countLetters(compact)]
	office := body[:countLetters(body)]
	slash := strings.Contains(body, "/")
	switch {
	case office == "OAM":
		return parseOAM(body[len(office):])
	case letters != "" && slash:
		return Reference{}, wrongOffice(letters)
	case letters != "" || looksLikeZOV(compact):
		return parseZOV(compact)
	case strings.HasPrefix(body, "0AM"):
		return Reference{}, &ParseError{Part: PartPrefix, Problem: ProblemDigit, Found: "0"}
	case !slash && len(compact) >= minDigits && strings.IndexFunc(compact, notDigit) < 0:
		return Reference{}, &ParseError{Part: PartPrefix, Problem: ProblemMissing}
	}
	return parseOAM(body)
}

// withoutGaps leaves blanks and dashes out.
func withoutGaps(r rune) rune {
	if r == ' ' || r == '-' {
		return -1
	}
	return r
}

// countLetters returns the length in bytes of the letters, of any alphabet, at
// the start of s.
func countLetters(s string) int {
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }); i >= 0 {
		return i
	}
	return len(s)
}

func notDigit(r rune) bool  { return !isDigit(r) }
func notLetter(r rune) bool { return !isLetter(r) }

// wrongOffice returns the error for a number with a slash that starts with
// letters other than OAM.
func wrongOffice(letters string) *ParseError {
	if err := check(PartPrefix, letters, notLetter); err != nil {
		return err
	}
	return &ParseError{Part: PartPrefix, Problem: ProblemUnrecognised}
}

// looksLikeZOV reports whether compact would be a visa application number if a
// digit in its prefix were a letter.
func looksLikeZOV(compact string) bool {
	return len(compact) >= prefixLen+minDigits && len(compact) <= prefixLen+usualDigits &&
		strings.ContainsFunc(compact[:prefixLen], isLetter) &&
		strings.IndexFunc(compact[prefixLen:], notDigit) < 0
}

// parseZOV reads a visa application number without blanks and dashes.
func parseZOV(compact string) (Reference, error) {
	prefix, digits := compact[:countLetters(compact)], ""
	if len(prefix) < prefixLen && looksLikeZOV(compact) {
		prefix = compact[:prefixLen]
	}
	digits = compact[len(prefix):]
	if err := check(PartPrefix, prefix, notLetter); err != nil {
		return Reference{}, err
	}
	if err := checkLen(PartPrefix, prefix, prefixLen, prefixLen); err != nil {
		return Reference{}, err
	}
	if err := check(PartDigits, digits, notDigit); err != nil {
		return Reference{}, err
	}
	if err := checkLen(PartDigits, digits, minDigits, usualDigits); err != nil {
		return Reference{}, err
	}
	return Reference{kind: ZOV, number: compact}, nil
}

// parseOAM reads an OAM number behind its prefix.
func parseOAM(s string) (Reference, error) {
	s = strings.TrimLeftFunc(s, isPunctuation)
	left, right := split(s)
	if blankInDigits.MatchString(left) {
		return Reference{}, &ParseError{Part: PartNumber, Problem: ProblemBlank}
	}
	number, suffix, err := parseFile(fields(left))
	if err != nil {
		return Reference{}, err
	}
	if blankInDigits.MatchString(right) {
		return Reference{}, &ParseError{Part: PartYear, Problem: ProblemBlank}
	}
	category, year, err := parseProceedings(fields(right))
	if err != nil {
		return Reference{}, err
	}
	return Reference{kind: OAM, number: number, suffix: suffix, category: category, year: year}, nil
}

// split divides an OAM number into what stands before the slash and what
// stands after it. Without a slash, the second part starts at the last word
// that starts with a letter, the category; without such a word it is the last
// word of three or more.
func split(s string) (left, right string) {
	if left, right, ok := strings.Cut(s, "/"); ok {
		return left, right
	}
	if countLetters(s) > 0 {
		return "", s
	}
	at, gaps := len(s), separator.FindAllStringIndex(s, -1)
	if len(gaps) > 1 {
		at = gaps[len(gaps)-1][1]
	}
	for _, gap := range gaps {
		if countLetters(s[gap[1]:]) > 0 {
			at = gap[1]
		}
	}
	return s[:at], s[at:]
}

// fields returns the words between separators.
func fields(s string) []string {
	return strings.Fields(separator.ReplaceAllString(s, " "))
}

// parseFile reads what stands before the slash: the number and perhaps a suffix.
func parseFile(words []string) (number, suffix string, err error) {
	if len(words) == 0 {
		return "", "", &ParseError{Part: PartNumber, Problem: ProblemMissing}
	}
	if err := check(PartNumber, words[0], notDigit); err != nil {
		return "", "", err
	}
	number = strings.TrimLeft(words[0], "0")
	if number == "" {
		return "", "", &ParseError{Part: PartNumber, Problem: ProblemRange}
	}
	if err := checkLen(PartNumber, number, 1, maxNumber); err != nil {
		return "", "", err
	}
	if len(words) == 1 {
		return number, "", nil
	}
	suffix = words[1]
	if err := check(PartSuffix, suffix, func(r rune) bool { return !isDigit(r) && !isLetter(r) }); err != nil {
		return "", "", err
	}
	if err := checkLen(PartSuffix, suffix, 1, maxSuffix); err != nil {
		return "", "", err
	}
	if len(words) > 2 {
		return "", "", &ParseError{Part: PartSuffix, Problem: ProblemExtra}
	}
	return number, suffix, nil
}

// parseProceedings reads what stands after the slash: the category and the
// year, which may be one word.
func parseProceedings(words []string) (category, year string, err error) {
	if len(words) == 1 {
		if i := strings.IndexFunc(words[0], isDigit); i > 0 {
			words = []string{words[0][:i], words[0][i:]}
		}
	}
	if len(words) == 0 {
		return "", "", &ParseError{Part: PartCategory, Problem: ProblemMissing}
	}
	category = words[0]
	if strings.IndexFunc(category, notDigit) < 0 {
		return "", "", &ParseError{Part: PartCategory, Problem: ProblemMissing}
	}
	if err := check(PartCategory, category, notLetter); err != nil {
		return "", "", err
	}
	if err := checkLen(PartCategory, category, categoryLen, categoryLen); err != nil {
		return "", "", err
	}
	if len(words) == 1 {
		return "", "", &ParseError{Part: PartYear, Problem: ProblemMissing}
	}
	year = words[1]
	if err := check(PartYear, year, notDigit); err != nil {
		return "", "", err
	}
	if err := checkLen(PartYear, year, 4, 4); err != nil {
		return "", "", err
	}
	if n, err := strconv.Atoi(year); err != nil || n < minYear || n > maxYear {
		return "", "", &ParseError{Part: PartYear, Problem: ProblemRange}
	}
	if len(words) > 2 {
		return "", "", &ParseError{Part: PartYear, Problem: ProblemExtra}
	}
	return category, year, nil
}
