package watch

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

var (
	t0    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	rules = Rules{Interval: time.Hour, MinInterval: 15 * time.Minute, ConfirmAfter: 3 * time.Minute}
)

// settled is the state of an application whose status has stood for a while.
func settled(s visa.Status) State {
	if s == "" {
		return State{}
	}
	st := State{Status: s, Valid: s, Since: t0.Add(-time.Hour), CheckedAt: t0.Add(-time.Hour), AnsweredAt: t0.Add(-time.Hour), Answer: Answer{Text: "text of " + string(s)}}
	if s == visa.Unknown {
		st.Valid = visa.InProgress
	}
	return st
}

func answered(s visa.Status) Outcome {
	return Outcome{Result: &Result{Status: s, Text: "text of " + string(s)}, Attempts: 1}
}

func failedWith(code FailureCode) Outcome {
	return Outcome{Failure: &Failure{Code: code, Detail: "as it happens"}, Attempts: 3}
}

// verdict names what a decision means for people.
func verdict(d told) string {
	switch {
	case d.Tell != nil && d.Tell.Kind == alert.FirstAnswer:
		return "first"
	case d.Tell != nil && d.Tell.Kind == alert.StatusChanged:
		return "tell"
	case d.Tell != nil:
		return string(d.Tell.Kind)
	case d.State.Pending != nil:
		return "confirm"
	case len(d.Entries) > 0 && d.Entries[len(d.Entries)-1].Kind == Gone:
		return "gone"
	}
	return "silent"
}

// TestDecideEveryPair goes from every state to every other. The rows are what
// stood before, the columns what the portal answers now.
func TestDecideEveryPair(t *testing.T) {
	t.Parallel()
	to := []visa.Status{visa.NotFound, visa.InProgress, visa.Suspended, visa.PreliminarilyPositive, visa.Granted, visa.Refused, visa.Unknown}
	matrix := map[visa.Status][]string{
		"":                         {"first", "first", "first", "first", "confirm", "confirm", "confirm"},
		visa.NotFound:              {"silent", "tell", "tell", "tell", "confirm", "confirm", "confirm"},
		visa.InProgress:            {"confirm", "silent", "tell", "tell", "confirm", "confirm", "confirm"},
		visa.Suspended:             {"confirm", "tell", "silent", "tell", "confirm", "confirm", "confirm"},
		visa.PreliminarilyPositive: {"confirm", "confirm", "confirm", "silent", "confirm", "confirm", "confirm"},
		visa.Granted:               {"gone", "confirm", "confirm", "confirm", "silent", "confirm", "confirm"},
		visa.Refused:               {"gone", "confirm", "confirm", "confirm", "confirm", "silent", "confirm"},
		visa.Unknown:               {"confirm", "tell", "tell", "tell", "confirm", "confirm", "silent"},
	}
	for from, row := range matrix {
		for i, want := range row {
			t.Run(fmt.Sprintf("%s to %s", from, to[i]), func(t *testing.T) {
				t.Parallel()
				prev := settled(from)
				d := decide(prev, answered(to[i]), time.Hour, t0)
				if got := verdict(d); got != want {
					t.Fatalf("first sight: got %s, want %s", got, want)
				}
				if want != "confirm" {
					return
				}
				if d.State.Status != from || d.State.Since != prev.Since {
					t.Errorf("an unconfirmed answer touched the status: %+v", d.State)
				}
				if d.Wait != rules.ConfirmAfter || !d.Firm {
					t.Errorf("confirming check after %s, firm %v", d.Wait, d.Firm)
				}
				confirmThenTell(t, from, to[i], d.State)
			})
		}
	}
}

// confirmThenTell goes on from an unconfirmed answer: too early a repetition
// is silent, a failure between is silent, the repetition in time is told.
func confirmThenTell(t *testing.T, from, to visa.Status, st State) {
	t.Helper()
	early := decide(st, answered(to), time.Hour, t0.Add(time.Minute))
	if early.Tell != nil || early.State.Pending == nil || early.Wait != 2*time.Minute {
		t.Errorf("repeated after a minute: told %v, wait %s", early.Tell != nil, early.Wait)
	}
	failed := decide(early.State, failedWith(Timeout), time.Hour, t0.Add(3*time.Minute))
	if failed.Tell != nil || failed.State.Pending == nil || failed.Wait != rules.ConfirmAfter {
		t.Errorf("failure while confirming: told %v, wait %s", failed.Tell != nil, failed.Wait)
	}
	again := decide(failed.State, answered(to), time.Hour, t0.Add(6*time.Minute))
	want := &alert.Notification{Kind: alert.StatusChanged, From: from, To: to, Text: "text of " + string(to), At: t0}
	if from == "" {
		want.Kind = alert.FirstAnswer
	}
	if diff := cmp.Diff(want, again.Tell, cmpopts.EquateComparable(visa.Reference{})); diff != "" {
		t.Errorf("confirmed: -want +got\n%s", diff)
	}
	if s := again.State; s.Status != to || s.Since != t0 || s.Pending != nil || s.Trouble != nil {
		t.Errorf("confirmed: state %+v", s)
	}
}

// TestDecideStories plays sequences of answers and lists what is told.
func TestDecideStories(t *testing.T) {
	t.Parallel()
	const fail = "failure"
	tests := []struct {
		name  string
		steps []visa.Status // fail stands for a failed check; an hour lies between two steps
		want  []string
	}{
		{
			"the story of the design",
			[]visa.Status{visa.NotFound, visa.InProgress, fail, visa.InProgress, visa.PreliminarilyPositive, visa.Granted, visa.Granted, visa.Granted},
			[]string{"first not_found", "not_found to in_progress", "in_progress to preliminarily_positive", "preliminarily_positive to granted"},
		},
		{"failure between two equal answers is silent", []visa.Status{visa.InProgress, fail, fail, fail, visa.InProgress}, []string{"first in_progress"}},
		{"failure before a decision gives one message", []visa.Status{visa.InProgress, fail, visa.Granted, visa.Granted}, []string{"first in_progress", "in_progress to granted"}},
		{"failure first, then an answer", []visa.Status{fail, fail, visa.InProgress}, []string{"first in_progress"}},
		{"a decision seen once is nothing", []visa.Status{visa.InProgress, visa.Refused, visa.InProgress}, []string{"first in_progress"}},
		{"a decision that flickers is nothing", []visa.Status{visa.InProgress, visa.Refused, visa.Granted, visa.Refused, visa.InProgress}, []string{"first in_progress"}},
		{"unknown wording seen once is nothing", []visa.Status{visa.InProgress, visa.Unknown, visa.InProgress}, []string{"first in_progress"}},
		{
			"unknown wording that stays is told, and its end too",
			[]visa.Status{visa.InProgress, visa.Unknown, visa.Unknown, visa.Unknown, visa.InProgress},
			[]string{"first in_progress", "in_progress to unknown", "unknown to in_progress"},
		},
		{"not found for a moment is nothing", []visa.Status{visa.InProgress, visa.NotFound, visa.InProgress}, []string{"first in_progress"}},
		{
			"a decision that vanishes from the portal stays",
			[]visa.Status{visa.InProgress, visa.Granted, visa.Granted, visa.NotFound, visa.NotFound, visa.Granted},
			[]string{"first in_progress", "in_progress to granted"},
		},
		{
			"a flip back from a decision is confirmed, then told",
			[]visa.Status{visa.InProgress, visa.Granted, visa.Granted, visa.InProgress, visa.InProgress},
			[]string{"first in_progress", "in_progress to granted", "granted to in_progress"},
		},
		{"the first answer is a decision", []visa.Status{visa.Granted, visa.Granted}, []string{"first granted"}},
		{"suspended and on again", []visa.Status{visa.InProgress, visa.Suspended, visa.InProgress}, []string{"first in_progress", "in_progress to suspended", "suspended to in_progress"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var st State
			var got []string
			now := t0
			for _, s := range tt.steps {
				o := answered(s)
				if s == fail {
					o = failedWith(Unreachable)
				}
				d := decide(st, o, time.Hour, now)
				if d.Tell != nil && d.Tell.Kind == alert.FirstAnswer {
					got = append(got, "first "+string(d.Tell.To))
				} else if d.Tell != nil {
					got = append(got, fmt.Sprintf("%s to %s", d.Tell.From, d.Tell.To))
				}
				st, now = d.State, now.Add(time.Hour)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("told: -want +got\n%s", diff)
			}
		})
	}
}

func TestDecideFailureTouchesOnlyHealth(t *testing.T) {
	t.Parallel()
	for _, status := range append([]visa.Status{""}, visa.Statuses()...) {
		for _, code := range []FailureCode{Unreachable, Timeout, Throttled, Captcha, LayoutChanged, Mismatch, NotOffered, Browser, Internal} {
			t.Run(fmt.Sprintf("%s and %s", status, code), func(t *testing.T) {
				t.Parallel()
				prev := settled(status)
				d := decide(prev, failedWith(code), time.Hour, t0)
				want := prev
				want.CheckedAt = t0
				want.Trouble = &Trouble{Code: code, Detail: "as it happens", Since: t0, Count: 1}
				if diff := cmp.Diff(want, d.State); diff != "" {
					t.Errorf("state: -want +got\n%s", diff)
				}
				if d.Changed() {
					t.Errorf("a failure was told or written to the history: %+v", d)
				}
			})
		}
	}
}

func TestDecideWaits(t *testing.T) {
	t.Parallel()
	decided := func(confirmations int, age time.Duration) State {
		st := settled(visa.Granted)
		st.Confirmations, st.Since = confirmations, t0.Add(-age)
		return st
	}
	notFound := func(age time.Duration) State {
		st := settled(visa.NotFound)
		st.Since = t0.Add(-age)
		return st
	}
	troubled := func(st State, code FailureCode, count int) State {
		st.Trouble = &Trouble{Code: code, Since: t0.Add(-time.Hour), Count: count}
		return st
	}
	retryAfter := failedWith(Throttled)
	retryAfter.Failure.RetryAfter = 5 * time.Hour
	tests := []struct {
		name     string
		prev     State
		o        Outcome
		interval time.Duration
		want     time.Duration
	}{
		{"in progress", settled(visa.InProgress), answered(visa.InProgress), time.Hour, time.Hour},
		{"in progress, own interval", settled(visa.InProgress), answered(visa.InProgress), 4 * time.Hour, 4 * time.Hour},
		{"not found, first day", notFound(23 * time.Hour), answered(visa.NotFound), time.Hour, time.Hour},
		{"not found, second day", notFound(24 * time.Hour), answered(visa.NotFound), time.Hour, 24 * time.Hour},
		{"not found, second day, weekly wish", notFound(24 * time.Hour), answered(visa.NotFound), week, week},
		{"just decided", decided(-1, time.Hour), answered(visa.Granted), time.Hour, time.Hour},
		{"decided, first confirming check made", decided(0, time.Hour), answered(visa.Granted), time.Hour, time.Hour},
		{"decided, second confirming check made", decided(1, time.Hour), answered(visa.Granted), time.Hour, week},
		{"decided, weekly", decided(3, 20*day), answered(visa.Granted), time.Hour, week},
		{"decided 30 days ago", decided(6, 30*day), answered(visa.Granted), time.Hour, 0},
		{"decided and gone", decided(6, 20*day), answered(visa.NotFound), time.Hour, week},
		{"first failure", settled(visa.InProgress), failedWith(Timeout), time.Hour, 15 * time.Minute},
		{"second failure", troubled(settled(visa.InProgress), Timeout, 1), failedWith(Timeout), time.Hour, 30 * time.Minute},
		{"tenth failure", troubled(settled(visa.InProgress), Timeout, 9), failedWith(Timeout), time.Hour, time.Hour},
		{"thousandth failure", troubled(settled(visa.InProgress), Timeout, 999), failedWith(Timeout), time.Hour, time.Hour},
		{"the portal asks for a pause", settled(visa.InProgress), retryAfter, time.Hour, 5 * time.Hour},
		{"not offered once", settled(""), failedWith(NotOffered), time.Hour, 15 * time.Minute},
		{"not offered again", troubled(settled(""), NotOffered, 1), failedWith(NotOffered), time.Hour, 24 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := decide(tt.prev, tt.o, tt.interval, t0).Wait; got != tt.want {
				t.Errorf("wait %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDecideNotOfferedIsToldOnce(t *testing.T) {
	t.Parallel()
	var st State
	var told []string
	for i, o := range []Outcome{failedWith(Timeout), failedWith(NotOffered), failedWith(NotOffered), failedWith(NotOffered), failedWith(Timeout), failedWith(NotOffered), failedWith(NotOffered)} {
		d := decide(st, o, time.Hour, t0.Add(time.Duration(i)*time.Hour))
		if d.Tell != nil {
			told = append(told, fmt.Sprintf("%d %s", i, d.Tell.Kind))
		}
		st = d.State
	}
	if diff := cmp.Diff([]string{"2 cannot_check"}, told); diff != "" {
		t.Errorf("told: -want +got\n%s", diff)
	}
	st.Status, st.Valid = visa.InProgress, visa.InProgress
	d := decide(st, answered(visa.InProgress), time.Hour, t0.Add(day))
	if d.Tell == nil || d.Tell.Kind != alert.CannotCheck || !d.Tell.Resolved {
		t.Errorf("the end of the trouble was not told: %+v", d.Tell)
	}
}

func TestDecideHistory(t *testing.T) {
	t.Parallel()
	reworded := answered(visa.InProgress)
	reworded.Result.Text = "the same in other words"
	kinds := func(d Decision) (ks []EntryKind) {
		for _, e := range d.Entries {
			ks = append(ks, e.Kind)
		}
		return ks
	}
	pending := settled(visa.InProgress)
	pending.Pending = &Pending{Status: visa.Refused, SeenAt: t0.Add(-time.Hour)}
	recently := settled(visa.InProgress)
	recently.RewordedAt = t0.Add(-23 * time.Hour)
	gone := settled(visa.Refused)
	gone.GoneAt = t0.Add(-day)
	tests := []struct {
		name string
		prev State
		o    Outcome
		want []EntryKind
	}{
		{"unchanged", settled(visa.InProgress), answered(visa.InProgress), nil},
		{"changed", settled(visa.NotFound), answered(visa.InProgress), []EntryKind{Changed}},
		{"unconfirmed", settled(visa.InProgress), answered(visa.Granted), []EntryKind{Unconfirmed}},
		{"withdrawn", pending, answered(visa.InProgress), []EntryKind{Withdrawn}},
		{"withdrawn for another", pending, answered(visa.Granted), []EntryKind{Withdrawn, Unconfirmed}},
		{"withdrawn and changed", pending, answered(visa.Suspended), []EntryKind{Withdrawn, Changed}},
		{"confirmed", pending, answered(visa.Refused), []EntryKind{Changed}},
		{"reworded", settled(visa.InProgress), reworded, []EntryKind{Reworded}},
		{"reworded twice in a day", recently, reworded, nil},
		{"gone", settled(visa.Refused), answered(visa.NotFound), []EntryKind{Gone}},
		{"still gone", gone, answered(visa.NotFound), nil},
		{"failed", pending, failedWith(Timeout), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, kinds(decide(tt.prev, tt.o, time.Hour, t0).Decision)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		wait time.Duration
		firm bool
		u    float64
		want time.Duration
	}{
		{"shortest", time.Hour, false, 0, 51 * time.Minute},
		{"middle", time.Hour, false, 0.5, time.Hour},
		{"nearly longest", time.Hour, false, 0.75, time.Hour + 4*time.Minute + 30*time.Second},
		{"never under the floor", 15 * time.Minute, false, 0, 17*time.Minute + 15*time.Second},
		{"firm is never shortened", 3 * time.Hour, true, 0, 3*time.Hour + 27*time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := spread(tt.wait, 15*time.Minute, tt.firm, tt.u); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
