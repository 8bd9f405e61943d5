package help

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxQuestion is how many runes of a question are read.
	maxQuestion = 500
	// maxTerms is how many different terms of a question count.
	maxTerms = 40
	// leastLike is how many runes a word must have before errors in it are forgiven.
	leastLike = 5
	// maxEnding is by how many runes the endings of two like words may differ.
	maxEnding = 2
	// unseenPair is what an unknown pair counts of an unknown word: many pairs
	// are only the seam between two words.
	unseenPair = 0.35
)

// cut returns the first maxQuestion runes of s.
func cut(s string) string {
	n := 0
	for i := range s {
		if n == maxQuestion {
			return s[:i]
		}
		n++
	}
	return s
}

// manyDigits is from how many digits on a word is somebody's number.
const manyDigits = 4

// withoutNumbers blanks reference numbers whole: in OAM-90001/DP-2025 the
// letters ask nothing either.
func withoutNumbers(question string) string {
	var out strings.Builder
	for question != "" {
		end := strings.IndexFunc(question, func(r rune) bool { return !partOfNumber(r) })
		if end < 0 {
			end = len(question)
		}
		if run := question[:end]; digits(run) < manyDigits {
			out.WriteString(run)
		}
		_, size := utf8.DecodeRuneInString(question[end:])
		out.WriteString(question[end : end+size])
		question = question[end+size:]
	}
	return out.String()
}

func partOfNumber(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '/')
}

func digits(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// terms turns text into what is compared: words in small letters, without
// diacritics, numbers and empty words, and without their endings. Chinese
// becomes pairs of characters, because it has no spaces.
func (g grammar) terms(text string) []string {
	folded := fold(text)
	if g.seams != nil {
		folded = g.seams.Replace(folded)
	}
	folded = apart(folded)
	var list []string
	last := ""
	for word := range strings.FieldsFuncSeq(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if unicode.Is(unicode.Han, first(word)) {
			list = append(list, pairs(word)...)
			continue
		}
		if !g.counts(word) {
			last = ""
			continue
		}
		term := g.stem(word)
		list = append(list, term)
		if g.syllables && last != "" {
			list = append(list, last+joint+term)
		}
		last = term
	}
	return list
}

// joint stands between the two syllables of a Vietnamese pair.
const joint = "_"

// pair reports whether a term is a pair of syllables or of characters.
func (g grammar) pair(term string) bool {
	return strings.Contains(term, joint) || unicode.Is(unicode.Han, first(term))
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// counts reports whether a word is worth comparing. What holds a digit is
// somebody's number, unless it is as short as 2fa.
func (g grammar) counts(word string) bool {
	n := utf8.RuneCountInString(word)
	if strings.ContainsFunc(word, unicode.IsDigit) {
		return n <= 3 && strings.ContainsFunc(word, unicode.IsLetter)
	}
	return n > 1 && !g.empty[word]
}

// fold writes text in small letters and takes off the diacritics, which many
// leave out on a phone.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case strings.ContainsRune("'’ʼ`", r):
			return -1 // don't is one word, and so is п'ять
		case r == 'đ':
			return 'd'
		case r == 'ł':
			return 'l'
		}
		return r
	}, norm.NFKD.String(strings.ToLower(text)))
}

// pairs returns each two neighbouring characters of a word of Han characters,
// or the only one. Letters of other scripts in it count as characters.
func pairs(word string) []string {
	letters := []rune(word)
	if len(letters) == 1 {
		return []string{word}
	}
	var list []string
	for i := range len(letters) - 1 {
		list = append(list, string(letters[i:i+2]))
	}
	return list
}

// stem takes the longest known ending off a word, as long as enough is left.
func (g grammar) stem(word string) string {
	letters := utf8.RuneCountInString(word)
	for _, ending := range g.endings {
		if strings.HasSuffix(word, ending) && letters-utf8.RuneCountInString(ending) >= g.leastStem {
			return strings.TrimSuffix(word, ending)
		}
	}
	return word
}

// near reports whether two words differ in one letter that is wrong, missing,
// too much or swapped with its neighbour, or only in their endings.
func near(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	same := 0
	for same < len(a) && a[same] == b[same] {
		same++
	}
	restA, restB := a[same:], b[same:]
	if len(restA) == 0 {
		return len(restB) <= maxEnding
	}
	if len(a) < leastLike-1 {
		return false
	}
	switch len(restB) - len(restA) {
	case 0:
		return slices.Equal(restA[1:], restB[1:]) ||
			len(restA) > 1 && restA[0] == restB[1] && restA[1] == restB[0] && slices.Equal(restA[2:], restB[2:])
	case 1:
		return slices.Equal(restA, restB[1:])
	}
	return false
}

// apart puts a space between Chinese and other letters, which are written
// without one: oam号码.
func apart(text string) string {
	var out strings.Builder
	last, han := false, false
	for i, r := range text {
		word := unicode.IsLetter(r) || unicode.IsDigit(r)
		is := unicode.Is(unicode.Han, r)
		if i > 0 && word && last && is != han {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
		last, han = word, is
	}
	return out.String()
}
