package sourcetest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/portal/portaltest/sourcetest"
	"cz-visa-monitor/app/watch"
)

// flawKey is the environment key by which TestNotices makes TestSource wrong.
const flawKey = "SOURCETEST_FLAW"

// TestSource shows that the suite can be passed.
func TestSource(t *testing.T) {
	sourcetest.TestSource(t, func(_ testing.TB, portalURL string) watch.Source {
		return &plain{url: portalURL, flaw: flaw(os.Getenv(flawKey))}
	})
}

// TestNotices runs the suite in a process of its own on a source with one flaw,
// and wants it to fail where the flaw shows.
func TestNotices(t *testing.T) {
	if os.Getenv(flawKey) != "" {
		return // this is such a process
	}
	tests := []struct {
		flaw flaw
		run  string // the part of the suite
		says string
	}{
		{"stale", "questions/S8", "has the text"},
		{"guess", "wording/en_S7_reworded", "= refused, want [unknown]"},
		{"words only", "wording/en_S20", "want [unknown]"},
		{"markup", "answers/en", "the text is not plain"},
		{"long", "wording/en_S18_huge", "the text has"},
		{"any status", "questions/S12_429", "want [throttled]"},
		{"no retry", "questions/S12_429", "retry after 0s, want 1m17s"},
		{"leak", "questions/S10", "the error holds the reference"},
		{"offers all", "pages/S17", "want a failure [not_offered]"},
		{"any layout", "pages/failed/S16_inputs", "want a failure [layout_changed]"},
		{"parameter", "answers/en/S1_not_found_ZZZ", `the query has the parameter "lang"`},
		{"no timeout", "end_of_context/while_the_answer", "after its context"},
		{"asks again", "questions/S12_429", "asked 2 times"},
		{"resubmits", "questions/S8_stale_for_a_while", "asked 2 times"},
		{"transient", "questions/S8_working", "= in_progress, want [refused]"},
		{"no mismatch", "questions/S21", "want [mismatch]"},
		{"mixed", "concurrency", "about another number"},
	}
	for _, tt := range tests {
		t.Run(string(tt.flaw), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.count=1", "-test.run=^TestSource$/"+tt.run)
			cmd.Env = append(os.Environ(), flawKey+"="+string(tt.flaw))
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.says) {
				t.Errorf("the suite said %v and not %q:\n%s", err, tt.says, out)
			}
		})
	}
}
