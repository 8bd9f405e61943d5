package czmoi

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cz-visa-monitor/app/visa"
)

// answer is all that the portal said about one question.
type answer struct {
	class string // success, warning, error, or whatever else stood there
	state string // the response's machine word, "" if none was heard
	page  string // address of the page, which links are relative to
}

// reading is what an answer means.
type reading struct {
	status   visa.Status
	language string // of the words that decided, "" if none did
	link     string // the first link about an outcome
}

// classify reads a status out of an answer. The words decide, and only words
// that are known, in the sentence about the number: what is said in bold there
// must be the same, a negation or a condition must be absent, and neither the
// alert's class nor a link nor the machine state may belong to another status.
// Anything else is visa.Unknown; nothing is guessed.
func (l layout) classify(a answer, m message, nums numbers, asked visa.Query) reading {
	r := reading{status: visa.Unknown, link: l.officialLink(m.links, a.page)}
	block := headBlock(m, nums, asked)
	if block < 0 {
		return r
	}
	head := headline(m.blocks[block], nums)
	status, language := l.said(head)
	if status == "" || !l.boldAgrees(m, block, status, nums) {
		return r
	}
	r.language = language
	s := l.statusOf(status)
	if l.negated(head, s) || !l.classAgrees(a.class, s) || !l.linksAgree(m.links, s) || !l.stateAgrees(a.state, s) {
		return r
	}
	r.status = status
	return r
}

// headBlock is the paragraph with the number asked for, else the first one; -1
// if there is none.
func headBlock(m message, nums numbers, asked visa.Query) int {
	if len(m.blocks) == 0 {
		return -1
	}
	return max(0, slices.IndexFunc(m.blocks, func(b string) bool { return nums.about(b, asked) == aboutAsked }))
}

// headline is the sentence about the number: the paragraph up to the first full
// stop behind the number. Explanations that follow mention other outcomes.
func headline(block string, nums numbers) string {
	from := 0
	for _, re := range []*regexp.Regexp{nums.zov, nums.oam} {
		if at := re.FindStringIndex(block); at != nil && at[1] > from {
			from = at[1]
		}
	}
	if end := nums.stop.FindStringIndex(block[from:]); end != nil {
		block = block[:from+end[0]]
	}
	return fold(block)
}

// said returns the one status that the sentence names, and the language; "" if
// it names none, or two.
func (l layout) said(head string) (status visa.Status, language string) {
	for _, s := range l.Statuses {
		for _, lang := range slices.Sorted(maps.Keys(s.Words)) {
			if !slices.ContainsFunc(s.Words[lang].Sentence, func(text string) bool { return containsWords(head, fold(text)) }) {
				continue
			}
			if status != "" && status != s.Status {
				return "", ""
			}
			status, language = s.Status, lang
		}
	}
	return status, language
}

// boldAgrees reports whether everything in bold in the paragraph says the status
// (in whatever language), apart from the number itself.
func (l layout) boldAgrees(m message, block int, status visa.Status, nums numbers) bool {
	for _, b := range m.bolds {
		if b.block != block {
			continue
		}
		text := strings.TrimFunc(fold(nums.scrub(b.text)), notWord)
		if text == "" {
			continue
		}
		known := false
		for _, w := range l.statusOf(status).Words {
			known = known || slices.ContainsFunc(w.Bold, func(t string) bool { return fold(t) == text })
		}
		if !known {
			return false
		}
	}
	return true
}

// negated reports whether the sentence, apart from the words that say the
// status, holds a negation or a condition.
func (l layout) negated(head string, s statusLayout) bool {
	for _, w := range s.Words {
		for _, text := range w.Sentence {
			head = replaceWords(head, fold(text))
		}
	}
	for _, words := range l.Negations {
		if slices.ContainsFunc(words, func(n string) bool { return containsWords(head, fold(n)) }) {
			return true
		}
	}
	return false
}

// classAgrees: a class that some status is known by must be the status's own.
func (l layout) classAgrees(class string, s statusLayout) bool {
	return slices.Contains(s.Classes, class) ||
		!slices.ContainsFunc(l.Statuses, func(o statusLayout) bool { return slices.Contains(o.Classes, class) })
}

// linksAgree: the same for every link about an outcome.
func (l layout) linksAgree(links []string, s statusLayout) bool {
	for _, link := range links {
		if l.aboutOutcome(link) && !slices.ContainsFunc(s.Links, func(slug string) bool { return strings.Contains(link, slug) }) {
			return false
		}
	}
	return true
}

// stateAgrees: the same for the machine state.
func (l layout) stateAgrees(state string, s statusLayout) bool {
	return slices.Contains(s.States, state) ||
		!slices.ContainsFunc(l.Statuses, func(o statusLayout) bool { return slices.Contains(o.States, state) })
}

func (l layout) statusOf(status visa.Status) statusLayout {
	i := slices.IndexFunc(l.Statuses, func(s statusLayout) bool { return s.Status == status })
	return l.Statuses[i] // a valid layout has every status
}

func (l layout) aboutOutcome(link string) bool {
	return slices.ContainsFunc(l.Statuses, func(s statusLayout) bool {
		return slices.ContainsFunc(s.Links, func(slug string) bool { return strings.Contains(link, slug) })
	})
}

// officialLink returns the first link about an outcome as a full web address.
func (l layout) officialLink(links []string, page string) string {
	base, err := url.Parse(page)
	if err != nil {
		return ""
	}
	for _, link := range links {
		u, err := base.Parse(link)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && l.aboutOutcome(link) {
			return u.String()
		}
	}
	return ""
}

// containsWords reports whether text holds words as whole words: "povoleno" is
// not in "nepovoleno".
func containsWords(text, words string) bool { return indexWords(text, words) >= 0 }

func indexWords(text, words string) int {
	if words == "" {
		return -1
	}
	for from := 0; ; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(words):])
		if notWord(before) && notWord(after) {
			return i
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		from = i + size
	}
}

// replaceWords takes every occurrence of words out of text.
func replaceWords(text, words string) string {
	for {
		i := indexWords(text, words)
		if i < 0 {
			return text
		}
		text = text[:i] + "," + text[i+len(words):]
	}
}

// notWord reports whether r is outside a word. Marks belong to the letter before.
func notWord(r rune) bool {
	return r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}
