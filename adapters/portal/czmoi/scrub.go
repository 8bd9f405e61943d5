package czmoi

import (
	"bytes"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"cz-visa-monitor/app/visa"
)

// What is kept of a changed page must hold no reference number in any writing,
// so these patterns take too much rather than too little. They mean the same to
// Go and to the page's script.
const (
	// gap is what may stand between two characters of a number: blanks, also those
	// of no width.
	gap = "[\\s\u00a0\u00ad\u200b\u200c\u200d\u2060\ufeff]*"
	// join is what may stand between the parts of an OAM number.
	join = "[\\s\u00a0\u00ad\u200b\u200c\u200d\u2060\ufeff/\u2010-\u2015-]*"

	oamCase = `[0-9](?:` + gap + `[0-9]){0,6}(?:` + gap + "[\u2010-\u2015-]" + gap + `[0-9]{1,4})?` + gap + `/` + gap
	oamRest = `[A-Za-z]{2,3}` + join + `[0-9](?:` + gap + `[0-9]){3}`

	anyZOV   = `[A-Za-z](?:` + gap + `[A-Za-z]){3}(?:` + gap + `[0-9]){9,}`
	namedOAM = `O` + gap + `A` + gap + `M` + join + `[0-9](?:` + join + `[0-9])*(?:` + join + oamRest + `)?`
	anyOAM   = oamCase + oamRest

	anyNumber = anyZOV + `|` + namedOAM + `|` + anyOAM
)

// bare is a pattern for the number that was asked for, which is telling also
// where it stands without its category and year; "" if there is none.
func bare(asked visa.Query) string {
	// Letters and digits only, so each is a pattern of its own.
	return strings.Join(strings.Split(asked.ZOV+asked.Number, ""), gap)
}

// concealed are the same patterns for the page's script.
func concealed(asked visa.Query) []string {
	patterns := []string{anyNumber}
	if b := bare(asked); b != "" {
		patterns = append(patterns, `(?<![0-9])`+b+`(?![0-9])`)
	}
	return patterns
}

// scrubber takes reference numbers out of one page's HTML.
type scrubber struct {
	any, asked *regexp.Regexp // asked is nil if nothing was
}

func newScrubber(n numbers, asked visa.Query) scrubber {
	s := scrubber{any: n.any}
	if b := bare(asked); b != "" {
		s.asked = regexp.MustCompile(`(?i)` + b)
	}
	return s
}

// mark sets hidden, which has a place for every byte of text, where a number is.
func (s scrubber) mark(text string, hidden []bool) {
	set := func(from, to int) {
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	for _, at := range s.any.FindAllStringIndex(text, -1) {
		set(at[0], at[1])
	}
	if s.asked == nil {
		return
	}
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for _, at := range s.asked.FindAllStringIndex(text, -1) {
		if !digit(at[0]-1) && !digit(at[1]) { // else it is a part of another number
			set(at[0], at[1])
		}
	}
}

// clean cleans a text that stands alone.
func (s scrubber) clean(text string) string {
	hidden := make([]bool, len(text))
	s.mark(text, hidden)
	return blank(text, hidden)
}

// blank replaces what is hidden.
func blank(text string, hidden []bool) string {
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			out.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			out.WriteString(scrubbed)
		}
	}
	return out.String()
}

// scrub takes reference numbers, the values of fields and scripts out of HTML.
// A number is found also where tags stand in the midst of it.
func (e evidence) scrub(source string, asked visa.Query) []byte {
	s := newScrubber(e.numbers, asked)
	tokens := shown(source)
	var all strings.Builder
	for _, t := range tokens {
		if t.Type == html.TextToken {
			all.WriteString(t.Data)
		}
	}
	hidden := make([]bool, all.Len())
	s.mark(all.String(), hidden)

	var out bytes.Buffer
	for _, t := range tokens {
		switch t.Type {
		case html.TextToken:
			here := hidden[:len(t.Data)]
			hidden = hidden[len(t.Data):]
			s.mark(t.Data, here)
			t.Data = blank(t.Data, here)
		case html.CommentToken:
			t.Data = s.clean(t.Data)
		}
		for i := range t.Attr {
			if t.Attr[i].Key == "value" && t.Attr[i].Val != "" {
				t.Attr[i].Val = scrubbed
			}
			t.Attr[i].Val = s.clean(t.Attr[i].Val)
		}
		out.WriteString(t.String())
	}
	return bytes.ToValidUTF8(out.Bytes()[:min(out.Len(), maxEvidenceFile)], nil)
}

// shown are the tokens of a page, without what scripts say and people type.
func shown(source string) (tokens []html.Token) {
	z := html.NewTokenizer(strings.NewReader(source))
	hidden := false
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return tokens
		}
		t := z.Token()
		switch {
		case kind == html.TextToken && hidden:
			continue
		case kind == html.StartTagToken:
			hidden = t.DataAtom == atom.Script || t.DataAtom == atom.Textarea
		case kind == html.EndTagToken:
			hidden = false
		}
		tokens = append(tokens, t)
	}
}
