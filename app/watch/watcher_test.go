package watch

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
)

// letters returns what was told since the last call, each as "label: kind from>to".
func (m *memory) letters() (lines []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.told {
		lines = append(lines, strings.TrimSpace(n.Label+": "+string(n.Kind)+" "+string(n.From)+">"+string(n.To)))
	}
	m.told = nil
	return lines
}

func (r *rig) expect(t *testing.T, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.store.letters()); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

// Strangers to each other watch one reference: it is checked once, and each
// hears everything once.
func TestWatchersShareAChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 2)
		a, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: jana, Label: "J"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Hour)
		r.expect(t, "the first watcher", "J: first_answer >in_progress")
		before := r.source.calls()
		b, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: petr, Label: "P"})
		if err != nil || b.ID != a.ID {
			t.Fatalf("joined %s: %v", b.ID, err)
		}
		if w := b.Watcher(petr); w.Told != "" || !w.AddedAt.After(a.AddedAt) {
			t.Errorf("the newcomer knows too much: %+v", w)
		}
		time.Sleep(time.Minute)
		r.expect(t, "the newcomer", "P: first_answer >in_progress")
		if got := r.source.calls() - before; got != 1 {
			t.Errorf("a newcomer cost %d checks", got)
		}
		time.Sleep(10 * time.Hour)
		if got := r.source.calls() - before; got > 13 {
			t.Errorf("two watchers cost %d checks in ten hours", got)
		}
		r.source.says(visa.Suspended)
		time.Sleep(2 * time.Hour)
		r.expect(t, "both", "J: status_changed in_progress>suspended", "P: status_changed in_progress>suspended")
		var dup *DuplicateError
		if _, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: petr}); !errors.As(err, &dup) || dup.ID != a.ID {
			t.Errorf("added twice: %v", err)
		}
	})
}

func TestWatcherPausedMutedGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: jana, Label: "J"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: petr, Label: "P"}); err != nil {
			t.Fatal(err)
		}
		edit := func(edit func(*Watcher)) {
			t.Helper()
			if _, err := r.Edit(t.Context(), a.ID, petr, func(w *Watcher) error { edit(w); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		r.expect(t, "first answers", "J: first_answer >in_progress", "P: first_answer >in_progress")
		edit(func(w *Watcher) { w.Paused = true })
		r.source.says(visa.Suspended)
		time.Sleep(3 * time.Hour)
		r.expect(t, "one is paused", "J: status_changed in_progress>suspended")
		r.source.says(visa.InProgress)
		time.Sleep(3 * time.Hour)
		r.source.says(visa.PreliminarilyPositive)
		time.Sleep(3 * time.Hour)
		r.store.letters()
		edit(func(w *Watcher) { w.Paused = false })
		time.Sleep(2 * time.Hour)
		r.expect(t, "resumed", "P: status_changed in_progress>preliminarily_positive")
		edit(func(w *Watcher) { w.Muted = true })
		r.source.says(visa.Granted)
		time.Sleep(3 * time.Hour)
		edit(func(w *Watcher) { w.Muted = false })
		time.Sleep(3 * time.Hour)
		r.expect(t, "one was muted", "J: status_changed preliminarily_positive>granted")
		if err := r.Remove(t.Context(), a.ID, jana); err != nil {
			t.Fatal(err)
		}
		if left := r.store.snapshot()[a.ID]; len(left.Watchers) != 1 || left.Watcher(petr) == nil {
			t.Errorf("left are %+v", left.Watchers)
		}
		if err := r.Remove(t.Context(), a.ID, petr); err != nil {
			t.Fatal(err)
		}
		if n := len(r.store.snapshot()); n != 0 {
			t.Errorf("%d applications without a watcher", n)
		}
	})
}

// A number that cannot be checked is told to whoever comes later as well.
func TestLatecomerHearsOfLastingTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript(t, visa.InProgress)
		source.fails(&Failure{Code: NotOffered})
		r := startRig(t, newMemory(), source, unpaced(), 1)
		if _, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: jana, Label: "J"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * day)
		r.expect(t, "the first watcher", "J: cannot_check >")
		if _, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: petr, Label: "P"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * day)
		r.expect(t, "the latecomer", "P: cannot_check >")
		source.says(visa.InProgress)
		time.Sleep(3 * day)
		r.expect(t, "both", "J: first_answer >in_progress", "P: first_answer >in_progress")
	})
}

func TestIntervalOfSeveralWatchers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		ws     []Watcher
		want   time.Duration
		paused bool
	}{
		{"nobody", nil, rules.Interval, true},
		{"default", []Watcher{{}}, rules.Interval, false},
		{"the shortest", []Watcher{{Interval: 40 * time.Minute}, {}, {Interval: 20 * time.Minute}}, 20 * time.Minute, false},
		{"longer than the default, with one of the default", []Watcher{{Interval: 20 * day}, {}}, rules.Interval, false},
		{"of those who are not paused", []Watcher{{Interval: 20 * time.Minute, Paused: true}, {Interval: 50 * time.Minute}}, 50 * time.Minute, false},
		{"all paused", []Watcher{{Interval: 20 * time.Minute, Paused: true}}, rules.Interval, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := Application{Watchers: tt.ws}
			if got := rules.Of(a); got != tt.want {
				t.Errorf("interval %s, want %s", got, tt.want)
			}
			if got := a.Paused(); got != tt.paused {
				t.Errorf("paused: %t", got)
			}
		})
	}
}

// Somebody who joins is not shown what others brought to light before.
func TestShown(t *testing.T) {
	t.Parallel()
	came := t0.Add(time.Hour)
	s := State{
		Status: visa.InProgress, Valid: visa.InProgress, Since: t0, ChangedAt: t0, GoneAt: t0, Answer: Answer{Text: "x"}, CheckedAt: t0,
		Trouble: &Trouble{Since: t0, Count: 2}, Asked: []time.Time{t0}, NextCheckAt: came,
	}
	fresh := Watcher{AddedAt: came}.Shown(s)
	if diff := cmp.Diff(State{NextCheckAt: came, Trouble: &Trouble{Since: came, Count: 2}}, fresh); diff != "" {
		t.Errorf("before his first answer: -want +got\n%s", diff)
	}
	s.Pending = &Pending{Status: visa.Granted, SeenAt: t0}
	if got := (Watcher{AddedAt: came}).Shown(s); got.Pending != nil || !got.AnsweredAt.IsZero() {
		t.Errorf("he sees what others brought to light: %+v", got)
	}
	s.Pending, s.AnsweredAt = &Pending{Status: visa.Granted, SeenAt: came}, came
	want := State{Pending: s.Pending, CheckedAt: t0, AnsweredAt: came, NextCheckAt: came, Trouble: &Trouble{Since: came, Count: 2}}
	if diff := cmp.Diff(want, Watcher{AddedAt: came}.Shown(s)); diff != "" {
		t.Errorf("with an answer of his own that waits for a second check: -want +got\n%s", diff)
	}
	want = s
	want.Since, want.ChangedAt, want.GoneAt, want.Asked, want.Trouble = came, came, came, nil, &Trouble{Since: came, Count: 2}
	if diff := cmp.Diff(want, Watcher{AddedAt: came, Told: visa.InProgress}.Shown(s)); diff != "" {
		t.Errorf("later: -want +got\n%s", diff)
	}
	want = s
	want.Asked = nil
	if diff := cmp.Diff(want, Watcher{AddedAt: t0.Add(-time.Hour), Told: visa.InProgress}.Shown(s)); diff != "" {
		t.Errorf("to whom was there before: -want +got\n%s", diff)
	}
	if s.Trouble.Since != t0 {
		t.Error("the state itself was changed")
	}
}

func TestUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a := r.add(t, 1)
		unread := func(user string) bool { return r.store.snapshot()[a.ID].Unread(user) }
		if unread("jana") {
			t.Error("unread before the first answer")
		}
		time.Sleep(time.Minute)
		if !unread("jana") || !unread("petr") {
			t.Error("the first answer is not unread")
		}
		if _, err := r.Seen(t.Context(), a.ID, "jana"); err != nil {
			t.Fatal(err)
		}
		if unread("jana") || !unread("petr") {
			t.Error("it is read by the wrong one")
		}
		r.source.says(visa.Suspended)
		time.Sleep(3 * time.Hour)
		if !unread("jana") {
			t.Error("a change is not unread")
		}
	})
}

// TestCloneSharesNothing follows the type, so that a field added later is not forgotten.
func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	var a Application
	populate(reflect.ValueOf(&a).Elem())
	b := a.Clone()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	disjoint(t, "Application", reflect.ValueOf(a), reflect.ValueOf(b))
}

// populate gives every slice, map and pointer below v something to hold.
func populate(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				populate(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		populate(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		populate(v.Elem())
	default:
	}
}

// disjoint fails for every slice, map and pointer that a and b have in common. What
// a type keeps to itself it does not let others change.
func disjoint(t *testing.T, name string, a, b reflect.Value) {
	t.Helper()
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if field := a.Type().Field(i); field.IsExported() {
				disjoint(t, name+"."+field.Name, a.Field(i), b.Field(i))
			}
		}
	case reflect.Slice, reflect.Pointer, reflect.Map:
		if a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", name)
		}
		if a.Kind() == reflect.Pointer {
			disjoint(t, name, a.Elem(), b.Elem())
		}
		if a.Kind() == reflect.Slice {
			disjoint(t, name, a.Index(0), b.Index(0))
		}
	default:
	}
}
