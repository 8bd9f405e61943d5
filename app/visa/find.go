package visa

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// The bounds of Find. What is behind them is not looked at.
const (
	MaxText     = 256 << 10 // bytes
	MaxFindings = 200
)

// Finding is one number in a text, or what looks like one.
type Finding struct {
	// Reference is the number, zero where it only looks like one.
	Reference Reference
	// Start and End are where it stands in the text, in bytes.
	Start, End int
	// Written is what stands there. It is personal data.
	Written string
	// Hints are what is odd about Reference, nil if nothing is: its own, HintOld
	// and HintEmbassy.
	Hints []Hint
	// Problem is why what looks like a number is none; nil where Reference is set.
	Problem *ParseError
	// Again is how often it stands in the text after that, in whatever spelling.
	Again int
}

// The shapes of numbers in a text as plainText returns it. What they match is
// for Parse to judge: it is where a number may stand, and how far it may go.
// Where a shape is that of other things, too, it takes only what is very likely.
const (
	longest  = 100 // characters; more than any shape has
	digitish = `[0-9OILSBx]`
	suffix   = `(?: ?- ?[0-9A-Zx]{1,20})?`
	// inOAM: after OAM, or what looks like it, a number that has all its parts.
	inOAM = `\b(?:OAM|0AM|[Ox][Ax][Mx])[-/ ]{0,3}` + digitish + `{1,15}` + suffix +
		`(?: ?/ ?[0-9A-Zx]{1,3}|[- ]{1,3}[A-Zx]{2})[-/ ]{0,3}` + digitish + `{2,6}\b`
	// cutOAM: one that breaks off.
	cutOAM = `\bOAM ?- ?[0-9]{1,15}(?:-[0-9A-Z]{1,20})?(?: ?/ ?[A-Z]{2})?\b`
	// bareOAM: one without OAM; see likely.
	bareOAM = `\b[0-9]{1,9}` + suffix + ` ?/ ?[A-Z]{2} ?[-/ ] ?20[0-9]{2}\b`
	// inZOV: letters and digits in one, as a document has them.
	inZOV = `\b[A-Z]{4}[0-9]{9,16}\b`
	// apartZOV: the same in groups, as people write them.
	apartZOV = `\b[A-Z]{4}[- ]{0,2}20[0-9]{2}(?:[- ]?[0-9]{4}|[- ]?[0-9]{2}[- ]?[0-9]{2})[- ]?[0-9]{4}\b`
	// oddZOV: one with a letter too many or too few, or a wrong character.
	oddZOV = `\b(?:[A-Z]{3}|[A-Z]{5})20[0-9]{2}[01][0-9][0-3][0-9]{5}\b` +
		`|\b[A-Z0158x]{4}2[0O][0-9OILSBx]{10}\b`
)

var shapes = regexp.MustCompile(inOAM + "|" + cutOAM + "|" + bareOAM + "|" + inZOV + "|" + apartZOV + "|" + oddZOV)

// Find returns the numbers in a text of any kind (a letter, a mail, a table), in
// order and each once: two documents of one file are one. The spellings are
// those of Parse, and a line may break inside an OAM number. now is when the
// question is asked, for HintOld. It takes time linear in the text, of which
// only the first MaxText bytes count.
func Find(text string, now time.Time) []Finding {
	whole := len(text)
	text = cut(text, MaxText)
	plain, at := plainText(text)
	var found []Finding
	seen := make(map[string]int) // where in found
	for _, m := range shapes.FindAllStringIndex(plain, -1) {
		if len(text) < whole && m[0] > len(plain)-longest {
			break // It may be cut, and then it is another number.
		}
		start, end := at[m[0]], at[m[1]-1]
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
		f, ok := judge(text[start:end], now)
		if !ok || !likely(plain, m[0], f) {
			continue
		}
		key := f.Reference.Identity()
		if f.Problem != nil {
			key = "?" + plain[m[0]:m[1]]
		}
		if i, again := seen[key]; again {
			found[i].Again++
			continue
		}
		if len(found) == MaxFindings {
			break
		}
		seen[key] = len(found)
		f.Start, f.End = start, end
		found = append(found, f)
	}
	return found
}

// judge reads what has the shape of a number; false if it is nothing to show.
func judge(written string, now time.Time) (Finding, bool) {
	f := Finding{Written: written}
	ref, err := Parse(written)
	if err == nil {
		f.Reference, f.Hints = ref, ref.Hints()
		if ref.Old(now) {
			f.Hints = append(f.Hints, HintOld)
		}
		if _, ok := Embassy(ref.Prefix()); ref.Kind() == ZOV && !ok {
			f.Hints = append(f.Hints, HintEmbassy)
		}
		return f, true
	}
	f.Problem, _ = err.(*ParseError) //nolint:errorlint // Parse returns nothing else, and wraps nothing
	return f, f.Problem != nil && f.Problem.Part != PartWhole
}

// likely reports whether what was found at i is one of our numbers. Other offices
// write theirs alike, with letters of their own in front and other categories.
func likely(plain string, i int, f Finding) bool {
	goesOn := i > 0 && (plain[i-1] == '-' || plain[i-1] == '/')
	switch {
	case f.Problem != nil:
		return !goesOn
	case plain[i] >= '0' && plain[i] <= '9':
		return !goesOn && KnownCategory(f.Reference.category)
	}
	return true
}

// cut returns at most n bytes of s, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// plainText brings a text to one byte for each character that Parse would not
// drop: A to Z, digits, blank, dash and slash as there, x for every letter or
// digit that is none of these, a comma for all else. at[i] is where the
// character of plain[i] begins in s.
func plainText(s string) (text string, at []int) {
	var b strings.Builder
	b.Grow(len(s))
	at = make([]int, 0, len(s))
	for i, r := range s {
		if folded := width.LookupRune(r).Folded(); folded != 0 {
			r = folded
		}
		r = plain(unicode.ToUpper(r))
		switch {
		case r < 0:
			continue
		case isLetter(r), isDigit(r), r == ' ', r == '-', r == '/':
			b.WriteByte(byte(r)) //nolint:gosec // ASCII, as the case says
		case !isPunctuation(r):
			b.WriteByte('x')
		default:
			b.WriteByte(',')
		}
		at = append(at, i)
	}
	return squeeze(b.String(), at)
}

// squeeze makes one blank of several, as Parse does.
func squeeze(s string, at []int) (string, []int) {
	b, kept := make([]byte, 0, len(s)), at[:0]
	for i := range len(s) {
		if s[i] == ' ' && len(b) > 0 && b[len(b)-1] == ' ' {
			continue
		}
		b, kept = append(b, s[i]), append(kept, at[i])
	}
	return string(b), slices.Clip(kept)
}
