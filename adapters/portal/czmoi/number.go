package czmoi

import (
	"regexp"
	"strings"

	"cz-visa-monitor/app/visa"
)

// about says whose number a text holds.
type about string

const (
	aboutNobody about = "nobody" // there is no reference number in it
	aboutAsked  about = "asked"  // the one asked for, and no other of its kind
	aboutOther  about = "other"  // another one, whatever else there is
)

// What reference numbers look like in the portal's texts. Go's regular
// expressions run in linear time, whatever the text.
const (
	zovPattern = `[A-Za-z]{4}[0-9]{9,20}`
	oamPattern = `(?:OAM[\s-]*)?([0-9]{1,7})(?:\s*-\s*[0-9]{1,4})?\s*/\s*([A-Za-z]{2,3})\s*-\s*([0-9]{4})`
)

// numbers recognises reference numbers; compiled once per source.
type numbers struct {
	zov, oam *regexp.Regexp
	any      *regexp.Regexp // of either kind, in any writing; see scrub.go
	stop     *regexp.Regexp // end of a sentence
}

func newNumbers() numbers {
	return numbers{
		zov:  regexp.MustCompile(`\b` + zovPattern + `\b`),
		oam:  regexp.MustCompile(`(?i)\b` + oamPattern + `\b`),
		any:  regexp.MustCompile(`(?i)` + anyNumber),
		stop: regexp.MustCompile(`[.!?](\s|$)`),
	}
}

// about looks for the numbers in a text. Blanks inside the number asked for are
// ignored, and so are leading zeros and suffixes of OAM numbers.
func (n numbers) about(text string, asked visa.Query) about {
	if asked.ZOV != "" {
		return n.aboutZOV(text, asked.ZOV)
	}
	found := aboutNobody
	for _, m := range n.oam.FindAllStringSubmatch(text, -1) {
		same := strings.TrimLeft(m[1], "0") == asked.Number && strings.EqualFold(m[2], asked.Category) && m[3] == asked.Year
		if !same {
			return aboutOther
		}
		found = aboutAsked
	}
	if found == aboutNobody && n.zov.MatchString(text) {
		return aboutOther
	}
	return found
}

func (n numbers) aboutZOV(text, asked string) about {
	found := aboutNobody
	for _, m := range n.zov.FindAllString(text, -1) {
		if !strings.EqualFold(m, asked) {
			return aboutOther
		}
		found = aboutAsked
	}
	if found == aboutAsked {
		return found
	}
	if spacedOut(text, asked) {
		return aboutAsked
	}
	if n.oam.MatchString(text) {
		return aboutOther
	}
	return aboutNobody
}

// spacedOut finds a number that is written with blanks in it.
func spacedOut(text, asked string) bool {
	letters := strings.Split(regexp.QuoteMeta(asked), "") // letters and digits only, so each is one
	re := regexp.MustCompile(`(?i)\b` + strings.Join(letters, `\s*`) + `\b`)
	return re.MatchString(text)
}

// scrub replaces every reference number in a text.
func (n numbers) scrub(text string) string {
	return n.oam.ReplaceAllString(n.zov.ReplaceAllString(text, scrubbed), scrubbed)
}

const scrubbed = "•••"
