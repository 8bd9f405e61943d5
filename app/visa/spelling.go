package visa

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// label matches the words people paste along with a number. The word must be
// set off from what follows, so that a prefix such as ZOVA stays whole.
var label = regexp.MustCompile(`^(?:` +
	`[ČC] ?\. ?J|[ČC]J|[ČC][ÍI]SLO JEDNAC[ÍI]|SP\. ?ZN` +
	`|[ŽZ]OV|[ČC][ÍI]SLO [ŽZ][ÁA]DOSTI O V[ÍI]ZUM` +
	`|(?:VISA )?APPLICATION NUMBER|REFERENCE NUMBER` +
	`)[^\pL\pN]+`)

// clean brings a pasted text to plain spelling: upper case, one kind of blank,
// dash and slash, no invisible characters, no label in front and no
// punctuation around it.
//
// Full-width characters are folded, but nothing else that merely looks alike
// (NFKC would make a digit of the footnote mark ¹): a wrong number must not
// turn into a right one of somebody else's.
func clean(s string) string {
	s = norm.NFC.String(width.Fold.String(s))
	s = strings.Map(plain, strings.ToUpper(s))
	s = strings.Join(strings.Fields(s), " ")
	s = strings.TrimFunc(s, isPunctuation)
	for {
		cut := label.FindString(s)
		if cut == "" {
			return s
		}
		s = s[len(cut):]
	}
}

// plain maps one upper-case character to its plain spelling, -1 drops it.
func plain(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '_', r == '\u00ad', r == '\u2043', r == '\u2212': // soft hyphen, hyphen bullet, minus
		return '-'
	case r == '\\', r == '\u2044', r == '\u2215', r == '\u29f8': // fraction, division and big slash
		return '/'
	case r == 'İ': // what a Turkish keyboard writes for i in upper case
		return 'I'
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	}
	return r
}

// isPunctuation reports whether r is neither a letter nor a digit.
func isPunctuation(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// isLetter and isDigit know only what a reference is made of.
func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
