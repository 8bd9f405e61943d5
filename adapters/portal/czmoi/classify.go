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
// A decision must be the whole sentence. Anything else is visa.Unknown; nothing
// is guessed.
func (l layout) classify(a answer, m message, nums numbers, asked visa.Query) reading {
	r := reading{status: visa.Unknown, link: l.officialLink(m.links, a.page)}
	block := headBlock(m, nums, asked)
	if block < 0 {
		return r
	}
	head := headline(m.blocks[block], nums)
	status, language := l.said(head)
	if status == "" || !l.boldAgrees(m, block, status, nums, asked) {
		return r
	}
	r.language = language
	s := l.statusOf(status)
	if !l.classAgrees(a.class, s) || !l.linksAgree(m.links, s) || !l.stateAgrees(a.state, s) {
		return r
	}
	if decisive(status) {
		if !l.whole(m.blocks[block], s, nums, asked) {
			return r
		}
	} else if l.negated(head, s) || l.alsoSaid(head, s) {
		return r
	}
	r.status = status
	return r
}

// decisive reports whether a status is worth a flight, or a lawyer: it is read
// only from a sentence of which every word is known.
func decisive(status visa.Status) bool {
	return status == visa.Granted || status == visa.Refused || status == visa.PreliminarilyPositive
}

// whole reports whether the sentence is a known lead-in, the number asked for and
// words of the status, with nothing else before, between or after them.
func (l layout) whole(block string, s statusLayout, nums numbers, asked visa.Query) bool {
	at := locate(block, nums, asked)
	if at == nil {
		return false
	}
	before, after := strings.TrimFunc(fold(block[:at[0]]), notWord), block[at[1]:]
	if end := nums.stop.FindStringIndex(after); end != nil {
		after = after[:end[0]+1] // with the stop, which may be a question mark
	}
	after = strings.TrimRight(strings.TrimLeft(fold(after), " :,.–-"), " .!")
	for _, w := range s.Words {
		if slices.ContainsFunc(w.Sentence, func(text string) bool { return fold(text) == after }) {
			return before == "" || l.isLead(before)
		}
	}
	return false
}

func (l layout) isLead(text string) bool { return holds(l.Leads, text) }

// holds reports whether a text is listed for any language, whatever punctuation
// stands around it.
func holds(lists map[string][]string, text string) bool {
	for _, list := range lists {
		if slices.ContainsFunc(list, func(t string) bool { return strings.TrimFunc(fold(t), notWord) == text }) {
			return true
		}
	}
	return false
}

// locate returns where the number asked for stands, nil if it does not.
func locate(text string, nums numbers, asked visa.Query) []int {
	if asked.ZOV == "" {
		return nums.oam.FindStringIndex(text)
	}
	characters := strings.Split(regexp.QuoteMeta(asked.ZOV), "") // letters and digits only, so each is one
	return regexp.MustCompile(`(?i)\b` + strings.Join(characters, `\s*`) + `\b`).FindStringIndex(text)
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
// (in whatever language), apart from the number, its lead-in, and notices that
// stand under every answer.
func (l layout) boldAgrees(m message, block int, status visa.Status, nums numbers, asked visa.Query) bool {
	for _, b := range m.bolds {
		if b.block != block {
			continue
		}
		text := b.text
		if at := locate(text, nums, asked); at != nil {
			text = text[:at[0]] + text[at[1]:]
		}
		text = strings.TrimFunc(fold(nums.scrub(text)), notWord)
		if text == "" || l.isLead(text) || holds(l.Notices, text) {
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

// alsoSaid reports whether the sentence holds the key word of another status.
func (l layout) alsoSaid(head string, s statusLayout) bool {
	for _, o := range l.Statuses {
		for _, w := range o.Words {
			if o.Status != s.Status && slices.ContainsFunc(w.Bold, func(t string) bool { return containsWords(head, fold(t)) }) {
				return true
			}
		}
	}
	return false
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

// officialHost is where the Ministry explains the outcomes, whatever host shows
// the form.
const officialHost = "ipc.gov.cz"

// officialLink returns the first link about an outcome as a full web address. It
// goes into messages, so it must lead to the Ministry or to the page's own host.
func (l layout) officialLink(links []string, page string) string {
	base, err := url.Parse(page)
	if err != nil {
		return ""
	}
	for _, link := range links {
		u, err := base.Parse(link)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || (u.Host != base.Host && u.Host != officialHost) {
			continue
		}
		if u.User == nil && l.aboutOutcome(link) {
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
