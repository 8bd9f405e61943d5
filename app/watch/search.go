package watch

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"cz-visa-monitor/app/visa"
)

// Fold returns s as it is searched and sorted: in lower case, without
// diacritics, and with one blank for any number of them.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		switch r = unicode.ToLower(r); {
		case unicode.Is(unicode.Mn, r):
		case base(r) != "": // Letters that are no letter with a mark to Unicode.
			b.WriteString(base(r))
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// base returns the letters that stand for one with a stroke, or for a ligature.
func base(r rune) string {
	switch r {
	case 'đ', 'ð':
		return "d"
	case 'ł':
		return "l"
	case 'ø':
		return "o"
	case 'ı':
		return "i"
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	return ""
}

// FoldReference returns the spellings of a reference as Search looks for them:
// letters and digits only. An OAM number stands there with its suffix and without.
func FoldReference(r visa.Reference) string {
	whole, identity := compact(r.String()), compact(r.Identity())
	if whole == identity {
		return whole
	}
	return whole + " " + identity
}

// compact returns the letters and digits of which references are made.
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, Fold(s))
}

// Search is what a person looks for.
type Search struct {
	// words are folded; parts are what each of them may be of a reference.
	words, parts []string
	// references are what may stand in one.
	references []string
}

// maxSearch is how many bytes of a text are looked for: each of its words is held
// against every application.
const maxSearch = 1000

// NewSearch reads what a person typed: words, each of which must stand in the
// label, the note or the reference, or a reference or a part of it in any
// spelling. The empty text finds everything, and what is behind maxSearch is not
// looked at.
func NewSearch(text string) (s Search) {
	text = strings.ToValidUTF8(text[:min(len(text), maxSearch)], "")
	for _, w := range strings.Fields(Fold(text)) {
		s.words, s.parts = append(s.words, w), append(s.parts, compact(w))
	}
	if part := compact(text); part != "" {
		s.references = append(s.references, part)
	}
	if ref, err := visa.Parse(text); err == nil {
		s.references = append(s.references, compact(ref.Identity()))
	}
	return s
}

// Matches reports whether s finds what has these words, folded by Fold, and this
// reference, folded by FoldReference.
func (s Search) Matches(words, reference string) bool {
	for _, r := range s.references {
		if strings.Contains(reference, r) {
			return true
		}
	}
	for i, w := range s.words {
		if part := s.parts[i]; !strings.Contains(words, w) && (part == "" || !strings.Contains(reference, part)) {
			return false
		}
	}
	return true
}
