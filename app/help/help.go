// Package help holds the answers to what people ask about the portal's
// statuses and about the appliance, and finds the one that fits a question.
// It works by counting words, offline and the same way each time. Where no
// answer fits well it says that it does not know; it never puts one together.
// The texts stand in the catalogues under help.TOPIC.
package help

import (
	"sync"
	"weak"

	"cz-visa-monitor/app/locale"
)

// Confidence says how well the topics of an Answer fit the question.
type Confidence int

const (
	// Unknown: no topic fits, or nobody may answer that; see the text help.unknown.
	Unknown Confidence = iota
	// Maybe: the topics may be what was meant.
	Maybe
	// Sure: the first topic fits well.
	Sure
)

// Answer is what Ask found. It holds nothing of the question, so that it may be
// logged and counted.
type Answer struct {
	Confidence Confidence
	// Topics are IDs, the best first: at most maxTopics, none if Unknown.
	Topics []string
}

// maxTopics is how many topics an answer names at most.
const maxTopics = 3

// Book finds topics by words. It never changes and may be used from several
// goroutines.
type Book struct {
	catalogues *locale.Catalogues
	indexes    map[string]*shelf
}

// shelf holds the index of one language from when it is first wanted until the
// memory is wanted more: people ask seldom, and to make it takes some milliseconds.
type shelf struct {
	words *locale.Locale
	mu    sync.Mutex
	made  weak.Pointer[index]
}

// New returns a book on the texts of every topic in every language of the
// catalogues, which are read when somebody asks.
func New(c *locale.Catalogues) *Book {
	b := &Book{catalogues: c, indexes: make(map[string]*shelf)}
	for _, lang := range c.Languages() {
		b.indexes[lang] = &shelf{words: c.For(lang)}
	}
	return b
}

// take returns the index.
func (s *shelf) take() *index {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ix := s.made.Value(); ix != nil {
		return ix
	}
	ix := newIndex(grammarOf(s.words.Language()), func(key string) string { return s.words.Text(key) })
	s.made = weak.Make(ix)
	return ix
}

// Ask looks for the topics that answer question, which is read up to
// maxQuestion runes. lang is the reader's language, as for Catalogues.For; a
// question that is not understood in it is tried in the others, because people
// do not always ask in the language of their page. The question is not kept.
func (b *Book) Ask(lang, question string) Answer {
	own := b.catalogues.For(lang).Language()
	answer, refused := b.indexes[own].take().ask(question)
	if answer.Confidence != Unknown || refused {
		return answer
	}
	for _, other := range b.catalogues.Languages() {
		if other == own {
			continue
		}
		answer, refused := b.indexes[other].take().ask(question)
		if refused {
			break
		}
		// Words that two languages share prove little: only a good fit counts.
		if answer.Confidence == Sure {
			return answer
		}
	}
	return Answer{}
}

// Search returns the IDs of all topics with a word of the query in the reader's
// language, the best first. It is for looking around, so it holds nothing back.
// An empty query finds nothing.
func (b *Book) Search(lang, query string) []string {
	ix := b.indexes[b.catalogues.For(lang).Language()].take()
	var found []string
	for _, hit := range ix.rank(query) {
		if hit.topic != never {
			found = append(found, hit.topic)
		}
	}
	return found
}
