package visa

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Part names the part of a reference that is wrong.
type Part string

// The parts of a reference. A visa application number has a prefix and digits;
// an OAM number has a number, perhaps a suffix, a category and a year.
const (
	PartWhole    Part = "whole"
	PartPrefix   Part = "prefix"
	PartDigits   Part = "digits"
	PartNumber   Part = "number"
	PartSuffix   Part = "suffix"
	PartCategory Part = "category"
	PartYear     Part = "year"
)

// Problem says what is wrong with a part.
type Problem string

// The problems.
const (
	ProblemEmpty        Problem = "empty"        // nothing was given
	ProblemUnrecognised Problem = "unrecognised" // not a reference at all, or not of this office
	ProblemMissing      Problem = "missing"
	ProblemTooShort     Problem = "too_short"
	ProblemTooLong      Problem = "too_long"
	ProblemLetter       Problem = "letter"    // a letter where only digits stand
	ProblemDigit        Problem = "digit"     // a digit where only letters stand
	ProblemCharacter    Problem = "character" // neither a letter A to Z nor a digit 0 to 9
	ProblemBlank        Problem = "blank"     // a blank between two digits, which can be read in two ways
	ProblemRange        Problem = "range"     // a value no office has given out
	ProblemExtra        Problem = "extra"     // something follows that does not belong
)

// ParseError says which part of a reference is wrong, and why. It never holds
// the text that was given, which is personal data.
type ParseError struct {
	Part    Part
	Problem Problem
	// Found is the first wrong character where the problem is a letter, a digit
	// or a character, and how many characters there are where the part is too
	// short or too long (except the whole); otherwise it is "".
	Found string
}

// Code returns a stable key for message catalogues, such as "number.letter".
// Codes lists all of them.
func (e *ParseError) Code() string { return string(e.Part) + "." + string(e.Problem) }

// Lookalike returns the digit or letter for which Found is easily mistaken,
// such as "0" for "O", or "". It is a question to ask, not a correction.
func (e *ParseError) Lookalike() string {
	switch e.Problem {
	case ProblemLetter:
		return map[string]string{"O": "0", "I": "1", "L": "1", "S": "5", "B": "8"}[e.Found]
	case ProblemDigit:
		return map[string]string{"0": "O", "1": "I", "5": "S", "8": "B"}[e.Found]
	}
	return ""
}

// Error says in English what is wrong and what to do.
func (e *ParseError) Error() string {
	for _, s := range sentences() {
		if s.code != e.Code() {
			continue
		}
		text := s.text
		if e.Found != "" {
			text = fmt.Sprintf(s.text, e.Found)
		}
		if like := e.Lookalike(); like != "" {
			text += fmt.Sprintf(" Should it be %q?", like)
		}
		return text
	}
	return e.Code()
}

// Codes lists every code a ParseError can have.
func Codes() []string {
	all := sentences()
	codes := make([]string, len(all))
	for i, s := range all {
		codes[i] = s.code
	}
	return codes
}

type sentence struct{ code, text string }

// sentences returns the English text for every code; %q and %s stand for Found.
func sentences() []sentence {
	const (
		zov = "ZZZZ202501159001"
		oam = "OAM-90012-3/DP-2025"
	)
	return []sentence{
		{"whole.empty", "There is no number. Enter a visa application number such as " + zov + " or a reference number such as " + oam + "."},
		{"whole.too_long", "The text is too long to be a number. Enter one number only, such as " + zov + " or " + oam + "."},
		{"whole.unrecognised", "This is no number of an application. Enter a visa application number such as " + zov + " or a reference number such as " + oam + "."},

		{"prefix.missing", "The four letters at the front are missing. Enter the whole visa application number, such as " + zov + "."},
		{"prefix.unrecognised", "A number with a slash starts with OAM, and this one does not. Compare it with the letter from the Ministry: " + oam + "."},
		{"prefix.too_short", "A visa application number starts with four letters, and here there are only %s. Compare them with the document."},
		{"prefix.too_long", "A visa application number starts with four letters, and here there are %s. Compare them with the document."},
		{"prefix.digit", "The letters at the front have the digit %q among them."},
		{"prefix.character", "The letters at the front have %q among them, which is not one of A to Z, even if it looks like one. Type them anew."},

		{"digits.letter", "After the four letters only digits follow, and here there is the letter %q."},
		{"digits.character", "After the four letters only digits follow, and here there is %q. Type the digits anew."},
		{"digits.too_short", "After the four letters 9 to 12 digits follow, usually 12, and here there are only %s. Compare them with the document."},
		{"digits.too_long", "After the four letters 9 to 12 digits follow, usually 12, and here there are %s. Compare them with the document."},

		{"number.missing", "The number after OAM is missing. Enter it whole, such as " + oam + "."},
		{"number.letter", "The number after OAM has only digits, and here there is the letter %q."},
		{"number.character", "The number after OAM has only digits, and here there is %q. Type the number anew."},
		{"number.blank", "There is a blank between two digits. Leave it out if they are one number, or put a dash if the second one is the suffix: " + oam + "."},
		{"number.range", "The number after OAM is zero. Compare it with the document."},
		{"number.too_long", "The number after OAM has at most five digits after its leading zeros, and here there are %s. Put a dash before the suffix: " + oam + "."},

		{"suffix.character", "The suffix after the second dash has letters and digits only, and here there is %q. The suffix may be left out."},
		{"suffix.too_long", "The suffix after the second dash is too long: %s characters. The suffix may be left out."},
		{"suffix.extra", "There is more than one suffix before the slash. The suffix may be left out: OAM-90012/DP-2025."},

		{"category.missing", "The category, two letters after the slash, is missing. Enter the whole number, such as " + oam + "."},
		{"category.too_short", "The category after the slash has two letters, such as DP, and here there is only %s."},
		{"category.too_long", "The category after the slash has two letters, such as DP, and here there are %s."},
		{"category.digit", "The category after the slash has two letters, such as DP, and here there is the digit %q."},
		{"category.character", "The category after the slash has two letters, such as DP, and here there is %q. Type them anew."},

		{"year.missing", "The year at the end is missing. Enter the whole number, such as " + oam + "."},
		{"year.letter", "The year at the end has four digits, such as 2025, and here there is the letter %q."},
		{"year.character", "The year at the end has four digits, such as 2025, and here there is %q. Type the year anew."},
		{"year.blank", "There is a blank between two digits at the end. The number ends with the year, four digits such as 2025."},
		{"year.too_short", "The year at the end has four digits, such as 2025, and here there are only %s."},
		{"year.too_long", "The year at the end has four digits, such as 2025, and here there are %s."},
		{"year.range", "The year at the end is not between 2000 and 2099. Compare it with the document."},
		{"year.extra", "Something follows after the year. Enter one number only, such as " + oam + "."},
	}
}

// check returns an error about the first character of s that is bad, or nil.
func check(part Part, s string, bad func(rune) bool) *ParseError {
	for _, r := range s {
		if !bad(r) {
			continue
		}
		problem := ProblemCharacter
		switch {
		case isLetter(r):
			problem = ProblemLetter
		case isDigit(r):
			problem = ProblemDigit
		case !unicode.IsPrint(r):
			r = utf8.RuneError // keeps control characters out of logs
		}
		return &ParseError{Part: part, Problem: problem, Found: string(r)}
	}
	return nil
}

// checkLen returns an error if s has fewer than least or more than most
// characters, or nil.
func checkLen(part Part, s string, least, most int) *ParseError {
	n := utf8.RuneCountInString(s)
	switch {
	case n < least:
		return &ParseError{Part: part, Problem: ProblemTooShort, Found: strconv.Itoa(n)}
	case n > most:
		return &ParseError{Part: part, Problem: ProblemTooLong, Found: strconv.Itoa(n)}
	}
	return nil
}
