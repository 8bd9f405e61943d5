package help

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/locale"
)

// questions are what people ask in one language. A new language brings a file
// questions_LANG_test.go and a row in asked.
type questions struct {
	// first gives the topic that must come first, of each question.
	first map[string]string
	// among gives the topic that must be among those named.
	among map[string]string
	// unknown are questions to which there must be no answer.
	unknown []string
}

func askedIn() map[string]questions {
	return map[string]questions{"en": englishQuestions(), "cs": czechQuestions()}
}

func mustLoad(t testing.TB) *locale.Catalogues {
	t.Helper()
	c, err := locale.Load(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// explain tells how the best topics fit, for whoever tunes the texts.
func explain(b *Book, lang, question string) string {
	hits := b.indexes[lang].rank(question)
	var out strings.Builder
	for _, h := range hits[:min(4, len(hits))] {
		fmt.Fprintf(&out, "%s %.2f ", h.topic, h.score)
	}
	return out.String()
}

func TestAsk(t *testing.T) {
	t.Parallel()
	b := New(mustLoad(t))
	for lang, rows := range askedIn() {
		if len(rows.first)+len(rows.among) < 60 || len(rows.unknown) < 25 {
			t.Errorf("%s has %d questions with an answer and %d without", lang, len(rows.first)+len(rows.among), len(rows.unknown))
		}
		for question, topic := range rows.first {
			t.Run(lang+"/"+question, func(t *testing.T) {
				t.Parallel()
				if got := b.Ask(lang, question); len(got.Topics) == 0 || got.Topics[0] != topic {
					t.Errorf("got %v, want %s first: %s", got, topic, explain(b, lang, question))
				}
			})
		}
		for question, topic := range rows.among {
			t.Run(lang+"/"+question, func(t *testing.T) {
				t.Parallel()
				if got := b.Ask(lang, question); !slices.Contains(got.Topics, topic) {
					t.Errorf("got %v, want %s among them: %s", got, topic, explain(b, lang, question))
				}
			})
		}
		for _, question := range rows.unknown {
			t.Run(lang+"/unknown/"+question, func(t *testing.T) {
				t.Parallel()
				if got := b.Ask(lang, question); got.Confidence != Unknown || got.Topics != nil {
					t.Errorf("got %v, want no answer: %s", got, explain(b, lang, question))
				}
			})
		}
	}
}

// TestTopicsAreAskedFor keeps a topic from standing there with nobody to find it.
func TestTopicsAreAskedFor(t *testing.T) {
	t.Parallel()
	for lang, rows := range askedIn() {
		wanted := make(map[string]bool)
		for _, topic := range rows.first {
			wanted[topic] = true
		}
		for _, topic := range Topics() {
			if !wanted[topic.ID] {
				t.Errorf("no question in %s finds %s first", lang, topic.ID)
			}
		}
	}
}

// TestPhrasesFindTheirTopic asks what the catalogues themselves say people ask.
func TestPhrasesFindTheirTopic(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	b := New(c)
	for _, lang := range c.Languages() {
		l := c.For(lang)
		for _, topic := range Topics() {
			for phrase := range strings.SplitSeq(l.Text(topic.Key("ask")), " | ") {
				if got := b.Ask(lang, phrase); len(got.Topics) == 0 || got.Topics[0] != topic.ID {
					t.Errorf("%s %q of %s: got %v: %s", lang, phrase, topic.ID, got, explain(b, lang, phrase))
				}
			}
		}
		for phrase := range strings.SplitSeq(l.Text("help.never.ask"), " | ") {
			if got := b.Ask(lang, phrase); got.Confidence != Unknown {
				t.Errorf("%s %q must not be answered: %v", lang, phrase, got)
			}
		}
	}
}
