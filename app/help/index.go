package help

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// never names the questions that must not be answered: what will be decided,
// what somebody should do, and what is no matter of this program. Its phrases
// (help.never.ask) compete with those of the topics.
const never = "never"

const (
	// weightTitle and the following say what a word counts by where it stands.
	weightTitle = 3.0
	weightAsk   = 2.5
	weightShort = 1.5
	weightBody  = 0.5
	// saturation and lengthShare are k1 and b of BM25.
	saturation  = 1.5
	lengthShare = 0.4
	// likeWeight is what a word counts that was only like a known one.
	likeWeight = 0.85
	// neverWeight brings the questions that must not be answered onto the scale
	// of the others, which saturation keeps from reaching 2.
	neverWeight = 1.75
	// loneShare is what is left of a topic that has one word of several: that
	// word may be there by chance.
	loneShare = 0.7
	// tie is how much better than the next topic the first must be to be sure.
	tie = 1.15
)

// Thresholds on a scale from 0 to 2: how much of what was asked the topic
// covers, plus how like one of its phrases the question is. Found with the
// questions in the tests.
const (
	leastMaybe = 0.66
	leastSure  = 1.15
)

// document is one topic as the index sees it.
type document struct {
	topic string
	// weights of the terms by where they stand.
	weights map[string]float64
	title   map[string]bool
	length  float64
	phrases []phrase
}

// phrase is one way in which people ask.
type phrase struct {
	terms map[string]bool
	// norm is the length of the phrase as a vector of rarities.
	norm float64
}

// index finds topics by the words of one language.
type index struct {
	grammar grammar
	docs    []document
	// rarity of each known term: its inverse document frequency.
	rarity map[string]float64
	// unseen is the rarity of a term that stands nowhere.
	unseen  float64
	average float64
	// vocabulary are the known terms by their length in runes, for typing errors.
	vocabulary map[int][]known
}

// known is a term that stands in a text, as letters, to be compared with others.
type known struct {
	term    string
	letters []rune
}

// hit is a topic and how well it fits.
type hit struct {
	topic string
	score float64
}

// newIndex reads the texts of all topics; text returns the one of a key.
func newIndex(g grammar, text func(key string) string) *index {
	ix := &index{grammar: g, rarity: make(map[string]float64), vocabulary: make(map[int][]known)}
	for _, t := range Topics() {
		d := ix.read(t.ID, text(t.Key("ask")))
		title := text(t.Key("title"))
		for _, term := range g.terms(title) {
			d.title[term] = true
		}
		ix.add(&d, title, weightTitle)
		ix.add(&d, text(t.Key("short")), weightShort)
		ix.add(&d, text(t.Key("body")), weightBody)
		ix.docs = append(ix.docs, d)
	}
	ix.docs = append(ix.docs, ix.read(never, text("help.never.ask")))
	ix.weigh()
	return ix
}

// read starts a document with the ways in which people ask.
func (ix *index) read(topic, asked string) document {
	d := document{topic: topic, weights: make(map[string]float64), title: make(map[string]bool)}
	for one := range strings.SplitSeq(asked, "|") {
		p := phrase{terms: make(map[string]bool)}
		for _, term := range ix.grammar.terms(one) {
			p.terms[term] = true
		}
		d.phrases = append(d.phrases, p)
		ix.add(&d, one, weightAsk)
	}
	return d
}

func (ix *index) add(d *document, text string, weight float64) {
	for _, term := range ix.grammar.terms(text) {
		d.weights[term] += weight
		d.length += weight
	}
}

// weigh works out how rare each term is, now that all documents are read.
func (ix *index) weigh() {
	in := make(map[string]int)
	for _, d := range ix.docs {
		ix.average += d.length / float64(len(ix.docs))
		for term := range d.weights {
			in[term]++
		}
	}
	all := float64(len(ix.docs))
	for term, n := range in {
		ix.rarity[term] = math.Log(1 + (all-float64(n)+0.5)/(float64(n)+0.5))
		if letters := []rune(term); !ix.grammar.pair(term) {
			ix.vocabulary[len(letters)] = append(ix.vocabulary[len(letters)], known{term, letters})
		}
	}
	ix.unseen = math.Log(1 + (all+0.5)/0.5)
	for _, terms := range ix.vocabulary {
		// Which of two like words is taken must not depend on a map.
		slices.SortFunc(terms, func(a, b known) int { return cmp.Compare(a.term, b.term) })
	}
	for i := range ix.docs {
		for j := range ix.docs[i].phrases {
			p := &ix.docs[i].phrases[j]
			sum := 0.0
			for _, term := range sorted(p.terms) {
				sum += ix.rarity[term] * ix.rarity[term]
			}
			p.norm = math.Sqrt(sum)
		}
	}
}

// sorted returns the terms in an order that is the same each time, because the
// sum of fractions depends on it.
func sorted(terms map[string]bool) []string {
	list := make([]string, 0, len(terms))
	for term := range terms {
		list = append(list, term)
	}
	slices.Sort(list)
	return list
}

// ask returns the answer in this language; refused says that the question is
// one that must not be answered.
func (ix *index) ask(question string) (answer Answer, refused bool) {
	hits := ix.rank(question)
	if len(hits) == 0 || hits[0].score < leastMaybe {
		return Answer{}, false
	}
	if hits[0].topic == never {
		return Answer{}, true
	}
	answer.Confidence = Maybe
	if hits[0].score >= leastSure && (len(hits) == 1 || hits[0].score >= tie*hits[1].score) {
		answer.Confidence = Sure
	}
	for _, h := range hits {
		// What is far behind the first would only distract.
		if h.topic != never && h.score >= hits[0].score/2 && len(answer.Topics) < maxTopics {
			answer.Topics = append(answer.Topics, h.topic)
		}
	}
	return answer, false
}

// asked is a term of a question and what it counts.
type asked struct {
	term string
	// rarity is that of the term, or that of words nobody knows.
	rarity float64
	// weight is 1, or less if the word was only like a known one; 0 if it is unknown.
	weight float64
}

// rank returns every document that shares a term with the question, the best
// first; equal ones in the order of the topics.
func (ix *index) rank(question string) []hit {
	terms := ix.understand(question)
	norm, most := 0.0, 0.0
	for _, a := range terms {
		norm += a.rarity * a.rarity
		most += a.rarity
	}
	var hits []hit
	for _, d := range ix.docs {
		covered := ix.coverage(d, terms)
		if covered == 0 {
			continue
		}
		best := 0.0
		for _, p := range d.phrases {
			best = max(best, likeness(p, terms))
		}
		best /= math.Sqrt(norm)
		score := best + covered/most
		if len(terms) > 1 && d.chance(terms) {
			score *= loneShare
		}
		if d.topic == never {
			// Its phrases have nothing in common, so all its words together say nothing.
			score = neverWeight * best
		}
		hits = append(hits, hit{topic: d.topic, score: score})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	return hits
}

// coverage is BM25, scaled so that no term gives more than its rarity.
func (ix *index) coverage(d document, terms []asked) float64 {
	sum := 0.0
	for _, a := range terms {
		w := d.weights[a.term]
		if w == 0 {
			continue
		}
		long := saturation * (1 - lengthShare + lengthShare*d.length/ix.average)
		sum += a.rarity * a.weight * w / (w + long)
	}
	return sum
}

// chance reports whether the topic shares no more with a question than one
// word, which is not in its title either.
func (d document) chance(terms []asked) bool {
	n := 0
	for _, a := range terms {
		if d.title[a.term] {
			return false
		}
		if d.weights[a.term] >= weightShort {
			n++
		}
	}
	return n < 2
}

// likeness is the cosine of the angle between a phrase and the question, times
// the question's norm.
func likeness(p phrase, terms []asked) float64 {
	if p.norm == 0 {
		return 0
	}
	sum := 0.0
	for _, a := range terms {
		if p.terms[a.term] {
			sum += a.rarity * a.rarity * a.weight
		}
	}
	return sum / p.norm
}

// understand turns a question into terms, each once; words with a typing error
// become the known word they are like.
func (ix *index) understand(question string) []asked {
	var list []asked
	seen := make(map[string]bool)
	for _, term := range ix.grammar.terms(withoutNumbers(cut(question))) {
		if len(list) == maxTerms {
			break
		}
		a := asked{term: term, rarity: ix.rarity[term], weight: 1}
		if a.rarity == 0 {
			a = ix.like(term)
		}
		if !seen[a.term] {
			seen[a.term] = true
			list = append(list, a)
		}
	}
	return list
}

// like finds the known term that differs from term in one letter, or in its
// ending; the most common one if there are several.
func (ix *index) like(term string) asked {
	if ix.grammar.pair(term) {
		return asked{term: term, rarity: ix.unseen * unseenPair}
	}
	best := asked{term: term, rarity: ix.unseen}
	letters := []rune(term)
	size := len(letters)
	if size < leastLike {
		return best
	}
	for n := max(leastLike-1, size-maxEnding); n <= size+maxEnding; n++ {
		for _, k := range ix.vocabulary[n] {
			if !near(letters, k.letters) {
				continue
			}
			if rarity := ix.rarity[k.term]; best.weight == 0 || rarity < best.rarity {
				best = asked{term: k.term, rarity: rarity, weight: likeWeight}
			}
		}
	}
	return best
}
