package help

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/locale"
)

// questions are what people ask in one language. A new language brings a file
// questions_LANG_test.go and a row in askedIn.
type questions struct {
	// first gives the topic that must come first, of each question.
	first map[string]string
	// among gives the topic that must be among those named.
	among map[string]string
	// unknown are questions to which there must be no answer.
	unknown []string
}

func askedIn() map[string]questions {
	return map[string]questions{"en": englishQuestions(), "cs": czechQuestions(), "zh-Hans": chineseQuestions(), "vi": vietnameseQuestions()}
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
	hits := b.indexes[lang].take().rank(question)
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
		if with := len(rows.first) + len(rows.among); with < 60 || len(rows.unknown) < 25 {
			t.Errorf("%s has %d questions with an answer and %d without: that shows too little", lang, with, len(rows.unknown))
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

func TestAskInAnotherLanguage(t *testing.T) {
	t.Parallel()
	b := New(mustLoad(t))
	tests := map[string]struct {
		lang, question string
		want           Answer
	}{
		"English on a Czech page":             {"cs", "I forgot my password", Answer{Sure, []string{"sign_in"}}},
		"Czech on an English page":            {"en-GB", "zapomněl jsem heslo", Answer{Sure, []string{"sign_in"}}},
		"must not be answered in either":      {"cs", "will my application be approved", Answer{}},
		"nothing in either":                   {"en", "wie wird das Wetter", Answer{}},
		"a page in a language that is not":    {"ja", "I forgot my password", Answer{Sure, []string{"sign_in"}}},
		"only a number":                       {"en", "OAM-90001-2/DP-2025", Answer{}},
		"a number beside the question":        {"en", "ZZZZ202601059001 I forgot my password", Answer{Sure, []string{"sign_in"}}},
		"capitals and signs":                  {"en", "FORGOT — MY — PASSWORD!!!", Answer{Sure, []string{"sign_in"}}},
		"a letter too much":                   {"en", "forgot my passsword", Answer{Sure, []string{"sign_in"}}},
		"two letters swapped, one missing":    {"en", "forgto my pasword", Answer{Sure, []string{"sign_in"}}},
		"diacritics written as two letters":   {"cs", "zapomne\u030cl jsem heslo", Answer{Sure, []string{"sign_in"}}},
		"bytes that are no text":              {"en", "\xff\xfe forgot my password \xc3", Answer{Sure, []string{"sign_in"}}},
		"what stands behind the bound is not": {"en", strings.Repeat("? ", maxQuestion) + "forgot my password", Answer{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.Ask(tt.lang, tt.question)
			if len(got.Topics) > 1 {
				got.Topics = got.Topics[:1]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAskIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	want := make(map[string][]hit)
	for round := range 5 {
		b := New(c)
		for lang, rows := range askedIn() {
			for question := range rows.first {
				got := b.indexes[lang].take().rank(question)
				if round == 0 {
					want[lang+question] = got
				} else if !slices.Equal(want[lang+question], got) {
					t.Fatalf("%s %q: %v, then %v", lang, question, want[lang+question], got)
				}
			}
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	b := New(mustLoad(t))
	tests := map[string]struct {
		lang, query string
		want        string
		none        bool
	}{
		"one word":                   {lang: "en", query: "backup", want: "backups"},
		"beginning of a word":        {lang: "en", query: "notificat", want: "message_missing"},
		"Czech without diacritics":   {lang: "cs", query: "zaloha", want: "backups"},
		"what Ask would not answer":  {lang: "en", query: "weekend weather", want: "time_clock"},
		"nothing":                    {lang: "en", query: "", none: true},
		"no such word":               {lang: "en", query: "xylophone", none: true},
		"only what is not a topic":   {lang: "en", query: "goulash", none: true},
		"only words that say little": {lang: "en", query: "what is the", none: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.Search(tt.lang, tt.query)
			if slices.Contains(got, never) {
				t.Error("found what is no topic")
			}
			if tt.none != (len(got) == 0) || (!tt.none && got[0] != tt.want) {
				t.Errorf("found %v, want %q first", got, tt.want)
			}
		})
	}
}

func FuzzAsk(f *testing.F) {
	b := New(mustLoad(f))
	for lang, rows := range askedIn() {
		for question := range rows.among {
			f.Add(lang, question)
		}
	}
	f.Add("zh-Hans", "OAM-90001/DP-2025 查不到")
	f.Add("vi", strings.Repeat("đ", maxQuestion+1))
	f.Fuzz(func(t *testing.T, lang, question string) {
		got := b.Ask(lang, question)
		if (got.Confidence == Unknown) != (len(got.Topics) == 0) || len(got.Topics) > maxTopics {
			t.Errorf("got %v", got)
		}
		for _, id := range got.Topics {
			if _, ok := Find(id); !ok {
				t.Errorf("there is no topic %q", id)
			}
		}
		if again := b.Ask(lang, question); !slices.Equal(got.Topics, again.Topics) || got.Confidence != again.Confidence {
			t.Errorf("got %v, then %v", got, again)
		}
	})
}

// BenchmarkAsk asks what costs most: as many unknown words as are read, in
// every language.
func BenchmarkAsk(b *testing.B) {
	book := New(mustLoad(b))
	var long strings.Builder
	for i := range maxTerms {
		long.WriteString("qwzx" + strings.Repeat(string(rune('a'+i%26)), 5) + " ")
	}
	for name, question := range map[string]string{"usual": "where do I find my OAM number", "worst": long.String()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				book.Ask("en", question)
			}
		})
	}
}
