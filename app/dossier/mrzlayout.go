package dossier

import (
	"slices"
	"strings"
	"unicode"
)

// Format is a size of machine-readable zone, as Doc 9303 of the International
// Civil Aviation Organization names it.
type Format string

// The formats: passports have TD3, cards TD1 or TD2, visas MRV-A or MRV-B.
const (
	TD1  Format = "TD1"
	TD2  Format = "TD2"
	TD3  Format = "TD3"
	MRVA Format = "MRV-A"
	MRVB Format = "MRV-B"
)

// span is a piece of a line: from is its first column, to the one behind it,
// both counted from 0.
type span struct{ line, from, to int }

// mrzLayout says where the parts of a zone stand (Doc 9303, parts 4 to 7). A
// check digit stands right behind number, birth and expires, the sex behind the
// check digit of birth, country behind the two characters of the code.
type mrzLayout struct {
	format                                    Format
	lines, width                              int
	name, number, nationality, birth, expires span
	// optional is what the issuer may use as it likes; more is a second such
	// part. extends: a long number goes on in optional. checked: a check digit
	// stands behind optional.
	optional, more   span
	extends, checked bool
	// composite are the parts that the last character of the line last is the
	// check digit of; nil if there is none.
	composite []span
	last      int
}

// mrzLayouts returns the layouts of all formats.
func mrzLayouts() []mrzLayout {
	// All but TD1 share the beginning of their second line.
	long := mrzLayout{
		lines: 2, number: span{1, 0, 9}, nationality: span{1, 10, 13}, birth: span{1, 13, 19}, expires: span{1, 21, 27}, last: 1,
	}
	td3, td2, mrvA, mrvB := long, long, long, long
	td3.format, td3.width, td3.name, td3.optional, td3.checked = TD3, 44, span{0, 5, 44}, span{1, 28, 42}, true
	td3.composite = []span{{1, 0, 10}, {1, 13, 20}, {1, 21, 43}}
	td2.format, td2.width, td2.name, td2.optional, td2.extends = TD2, 36, span{0, 5, 36}, span{1, 28, 35}, true
	td2.composite = []span{{1, 0, 10}, {1, 13, 20}, {1, 21, 35}}
	mrvA.format, mrvA.width, mrvA.name, mrvA.optional = MRVA, 44, span{0, 5, 44}, span{1, 28, 44}
	mrvB.format, mrvB.width, mrvB.name, mrvB.optional = MRVB, 36, span{0, 5, 36}, span{1, 28, 36}
	td1 := mrzLayout{
		format: TD1, lines: 3, width: 30, name: span{2, 0, 30}, number: span{0, 5, 14}, nationality: span{1, 15, 18},
		birth: span{1, 0, 6}, expires: span{1, 8, 14}, optional: span{0, 15, 30}, more: span{1, 18, 29}, extends: true,
		composite: []span{{0, 5, 30}, {1, 0, 7}, {1, 8, 15}, {1, 18, 29}}, last: 1,
	}
	return []mrzLayout{td1, td2, td3, mrvA, mrvB}
}

// codes returns the letters that begin the code of a document of this format.
func (f Format) codes() string {
	switch f {
	case TD3:
		return "P"
	case MRVA, MRVB:
		return "V"
	}
	return "ACI"
}

const (
	filler = "<"
	digits = "0123456789"
	// maxZone is the longest text that is looked at, in bytes: a zone with
	// plenty of blanks.
	maxZone = 2000
)

// mrzLines returns the lines of the zone in text: capital letters, digits and
// fillers, and a ? for whatever else stood there. ok is false if they are not
// those of any format.
func mrzLines(text string) (lines []string, ok bool) {
	if len(text) > maxZone {
		return nil, false
	}
	// Word processors make « of <<, some people type it for <. The first leave
	// single ones as they are.
	chevrons := []string{filler, filler + filler}
	if strings.ContainsAny(text, "<‹") {
		slices.Reverse(chevrons)
	}
	for _, arrange := range []func([]string) ([]string, bool){asPrinted, filledUp, runTogether} {
		for _, chevron := range chevrons {
			if lines, ok = arrange(cleanLines(text, chevron)); ok {
				return lines, true
			}
		}
	}
	return nil, false
}

// cleanLines returns the lines of text that are not blank. chevron is what «
// stands for.
func cleanLines(text, chevron string) (lines []string) {
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		var b strings.Builder
		for _, r := range line {
			switch {
			case unicode.IsSpace(r), unicode.Is(unicode.Cf, r): // Blanks, and marks that nobody sees.
			case r >= 'a' && r <= 'z':
				b.WriteRune(unicode.ToUpper(r))
			case r == '«':
				b.WriteString(chevron)
			case r == '‹', r == '＜':
				b.WriteString(filler)
			case strings.ContainsRune(letters+digits+filler, r):
				b.WriteRune(r)
			default:
				b.WriteByte('?') // One byte, so that columns can be counted.
			}
		}
		if b.Len() > 0 {
			lines = append(lines, b.String())
		}
	}
	return lines
}

// asPrinted returns lines that have the form of a format.
func asPrinted(lines []string) ([]string, bool) {
	return lines, slices.ContainsFunc(mrzLayouts(), func(l mrzLayout) bool {
		return len(lines) == l.lines && !slices.ContainsFunc(lines, func(line string) bool { return len(line) != l.width })
	})
}

// filledUp returns lines of which only that of the name has another length: it
// ends with fillers that are hard to count.
func filledUp(lines []string) ([]string, bool) {
	for _, l := range mrzLayouts() {
		if len(lines) != l.lines {
			continue
		}
		filled := slices.Clone(lines)
		filled[l.name.line] = fill(lines[l.name.line], l.width)
		if _, ok := asPrinted(filled); ok {
			return filled, true
		}
	}
	return nil, false
}

// runTogether returns the lines of a zone whose lines run together, or were
// broken elsewhere: its length tells the format.
func runTogether(lines []string) ([]string, bool) {
	whole := strings.Join(lines, "")
	for _, l := range mrzLayouts() {
		if len(whole) != l.lines*l.width {
			continue
		}
		var split []string
		for at := 0; at < len(whole); at += l.width {
			split = append(split, whole[at:at+l.width])
		}
		return split, true
	}
	return nil, false
}

// fill gives a line as many fillers at its end as it needs to be width long.
func fill(line string, width int) string {
	line = strings.TrimRight(line, filler)
	return line + strings.Repeat(filler, max(width-len(line), 0))
}
