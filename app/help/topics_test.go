package help

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// TestTexts: every topic and section has its texts in each language.
func TestTexts(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	keys := []string{
		"help.title", "help.notice", "help.ask_label", "help.ask_help", "help.ask_go", "help.sure", "help.maybe", "help.unknown",
		"help.nothing", "help.related", "help.official", "help.checked_official", "help.checked_program", "help.never.ask",
	}
	for _, s := range Sections() {
		keys = append(keys, "help.section."+string(s))
	}
	for _, topic := range Topics() {
		for _, part := range []string{"title", "short", "body", "ask"} {
			keys = append(keys, topic.Key(part))
		}
	}
	for _, lang := range c.Languages() {
		l := c.For(lang)
		for _, key := range keys {
			// The fallback would hide what is missing, except in its own language;
			// the catalogues' own test compares the keys of all languages.
			if !l.Has(key) {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
		for _, topic := range Topics() {
			if n := strings.Count(l.Text(topic.Key("ask")), "|") + 1; n < 5 {
				t.Errorf("%s: %s has only %d ways to ask", lang, topic.ID, n)
			}
			for paragraph := range strings.SplitSeq(l.Text(topic.Key("body")), "\n\n") {
				if strings.TrimSpace(paragraph) != paragraph || paragraph == "" {
					t.Errorf("%s: %s has an odd paragraph %q", lang, topic.ID, paragraph)
				}
			}
		}
		// A way to ask that stands at two topics leads to one of them by chance.
		seen := make(map[string]string)
		for _, topic := range Topics() {
			for phrase := range strings.SplitSeq(l.Text(topic.Key("ask")), " | ") {
				if other, ok := seen[phrase]; ok {
					t.Errorf("%s: %q stands at %s and at %s", lang, phrase, other, topic.ID)
				}
				seen[phrase] = topic.ID
			}
		}
	}
}

func TestTopicsHangTogether(t *testing.T) {
	t.Parallel()
	ids := make(map[string]bool)
	used := make(map[visa.Page]bool)
	for _, topic := range Topics() {
		if ids[topic.ID] {
			t.Errorf("%s stands twice", topic.ID)
		}
		ids[topic.ID] = true
		if !slices.Contains(Sections(), topic.Section) {
			t.Errorf("%s is in no section: %q", topic.ID, topic.Section)
		}
		if _, err := civil.ParseDate(topic.VerifiedOn); err != nil {
			t.Errorf("%s: %v", topic.ID, err)
		}
		if strings.ContainsAny(topic.ID, ".|") || topic.ID == "section" || topic.ID == "page" || topic.ID == never {
			t.Errorf("%q would be taken for another key", topic.ID)
		}
		for _, p := range topic.Pages {
			used[p] = true
		}
	}
	for _, topic := range Topics() {
		if len(topic.Related) == 0 {
			t.Errorf("%s leads nowhere", topic.ID)
		}
		for _, id := range topic.Related {
			if !ids[id] || id == topic.ID {
				t.Errorf("%s leads to %q", topic.ID, id)
			}
		}
	}
	for _, p := range visa.Pages() {
		if !used[p] {
			t.Errorf("no topic points to the page %s", p)
		}
	}
	for _, s := range Sections() {
		if !slices.ContainsFunc(Topics(), func(t Topic) bool { return t.Section == s }) {
			t.Errorf("section %s is empty", s)
		}
	}
}

func TestEveryStatusAndFailureIsExplained(t *testing.T) {
	t.Parallel()
	for _, s := range visa.Statuses() {
		if _, ok := Find(ForStatus(s)); !ok {
			t.Errorf("no topic explains the status %s", s)
		}
	}
	codes := []watch.FailureCode{
		watch.Unreachable, watch.Timeout, watch.Throttled, watch.Captcha, watch.LayoutChanged,
		watch.Mismatch, watch.NotOffered, watch.Browser, watch.Internal,
	}
	for _, code := range codes {
		if _, ok := Find(ForFailure(code)); !ok {
			t.Errorf("no topic explains the failure %s", code)
		}
	}
	if _, ok := Find("no_such_topic"); ok {
		t.Error("a topic was found that is not there")
	}
}

// TestTimeLimits: the answer and the reckoning of the applications say the same
// about each purpose.
func TestTimeLimits(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, lang := range c.Languages() {
		body := c.For(lang).Text("help.time_limits.body")
		said := make(map[string]bool)
		for number := range strings.FieldsFuncSeq(body, func(r rune) bool { return r < '0' || r > '9' }) {
			said[number] = true
		}
		for _, p := range visa.AllPurposes() {
			limit, _ := p.Limit()
			for _, days := range []int{limit.Days, limit.Complicated} {
				if days != 0 && !said[strconv.Itoa(days)] {
					t.Errorf("%s: the %d days of %s are not named", lang, days, p)
				}
			}
		}
	}
}
