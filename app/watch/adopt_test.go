package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

func TestAdoptionWhereNothingStood(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ad := Adoption{
		AddedAt: now.Add(time.Hour), // A clock that is ahead.
		State: State{
			Status: visa.Granted, Valid: visa.Granted, Since: now.Add(-time.Hour), Asked: []time.Time{now},
			Trouble: &Trouble{Code: Timeout}, Pending: &Pending{Status: visa.Refused},
		},
		Watchers: []Watcher{{Owner: jana, Told: visa.InProgress, AddedAt: now.Add(-time.Hour)}, {Owner: petr, Warned: true}},
	}
	a, fates := ad.Into(Application{}, now)
	if a.ID == "" || a.AddedAt.After(now) || len(fates) != 2 || fates[0] != FateAdded || fates[1] != FateAdded {
		t.Errorf("%+v %v", a, fates)
	}
	if !a.State.Imported || a.State.Pending != nil || a.State.Trouble != nil || a.State.Asked != nil || a.State.NextCheckAt.Before(now) {
		t.Errorf("the state is %+v", a.State)
	}
	if w := a.Watchers[0]; w.Told != visa.Granted || w.Knew != "" || !w.AddedAt.Equal(now.Add(-time.Hour)) {
		t.Errorf("who was told is %+v", w)
	}
	if w := a.Watchers[1]; w.Told != "" || w.Knew != visa.Granted || w.Warned || !w.AddedAt.Equal(now) {
		t.Errorf("who was not is %+v", w)
	}
}

func TestAdoptionWhereOneStands(t *testing.T) {
	t.Parallel()
	now := time.Now()
	stands := Application{ID: NewID(now), State: State{Status: visa.InProgress, Valid: visa.InProgress}, Watchers: []Watcher{{Owner: jana, Label: "Anna", Told: visa.InProgress}}}
	ad := Adoption{State: State{Status: visa.Granted, Valid: visa.Granted}, Watchers: []Watcher{
		{Owner: jana, Label: "Other", Note: "A note"}, {Owner: petr, Told: visa.Granted, AddedAt: now.Add(-time.Hour)},
	}}
	a, fates := ad.Into(stands, now)
	if fates[0] != FateCompleted || fates[1] != FateAdded || a.State.Status != visa.InProgress || a.State.Imported {
		t.Errorf("%v %+v", fates, a.State)
	}
	if w := a.Watchers[0]; w.Label != "Anna" || w.Note != "A note" || w.Told != visa.InProgress {
		t.Errorf("who was there is %+v", w)
	}
	if w := a.Watchers[1]; w.Told != "" || w.Knew != visa.Granted || !w.AddedAt.Equal(now) {
		t.Errorf("who came sees what is not his: %+v", w)
	}
	if len(stands.Watchers) != 1 || stands.Watchers[0].Note != "" {
		t.Errorf("what stood was changed: %+v", stands.Watchers)
	}
	if again, fates := ad.Into(a, now); fates[0] != FateSkipped || fates[1] != FateSkipped || len(again.Watchers) != 2 {
		t.Errorf("again %v", fates)
	}
	for i := range MaxWatchers {
		stands.Watchers = append(stands.Watchers, Watcher{Owner: account.Owner(rune('a' + i))})
	}
	if _, fates := ad.Into(stands, now); fates[1] != FateFull {
		t.Errorf("where it is full: %v", fates)
	}
}

// What an archive says is told to nobody: neither to whom it brought, nor to who
// comes later.
func TestAdoptedStatesTellNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		says   visa.Status
		answer visa.Status
		told   []alert.Kind
		joins  bool
	}{
		{name: "the same", says: visa.InProgress, answer: visa.InProgress},
		{name: "another", says: visa.NotFound, answer: visa.InProgress, told: []alert.Kind{alert.StatusChanged}},
		{name: "the same, and somebody comes", says: visa.InProgress, answer: visa.InProgress, joins: true, told: []alert.Kind{alert.FirstAnswer}},
		// Petr is told the truth, Jana, who brought the lie, that it changed.
		{name: "a lie, and somebody comes", says: visa.Granted, answer: visa.InProgress, joins: true, told: []alert.Kind{alert.StatusChanged, alert.FirstAnswer}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store, now := newMemory(), time.Now()
				rules := Rules{Interval: time.Hour, MinInterval: 15 * time.Minute, ConfirmAfter: 3 * time.Minute}
				ad := Adoption{State: State{Status: tc.says, Valid: tc.says}, Watchers: []Watcher{{Owner: jana, Told: tc.says, Channels: []string{"c"}}}}
				done, err := store.Adopt(t.Context(), []Adoption{ad}, false)
				if err != nil {
					t.Fatal(err)
				}
				id := done[0].Application.ID
				if tc.joins {
					e := &Engine{cfg: Config{Store: store, Rules: rules, CheckNowPerDay: 2, Publish: func(Event) {}}, queue: newQueue(), changed: make(chan struct{})}
					a, err := e.join(t.Context(), id, Watcher{Owner: petr, AddedAt: now, Channels: []string{"c"}}, now)
					if err != nil || a.State.Status != "" {
						t.Fatalf("somebody who comes is shown %+v, %v", a.State, err)
					}
				}
				for range 2 { // A step backwards is seen twice.
					_, err = store.Record(t.Context(), id, func(a Application) Decision {
						return rules.Decide(a, Outcome{Result: &Result{Status: tc.answer}}, time.Now())
					})
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(rules.ConfirmAfter)
				}
				a, err := store.Application(t.Context(), id)
				if err != nil || a.State.Imported || a.State.Status != tc.answer {
					t.Errorf("the state is %+v, %v", a.State, err)
				}
				var told []alert.Kind
				for _, n := range store.told {
					told = append(told, n.Kind)
					if n.To != tc.answer {
						t.Errorf("told %s", n.To)
					}
				}
				if len(told) != len(tc.told) {
					t.Errorf("told %v, want %v", told, tc.told)
				}
			})
		})
	}
}

func TestWhatWasKnownIsNoNews(t *testing.T) {
	t.Parallel()
	w := Watcher{Knew: visa.InProgress}
	if n := w.news(State{Status: visa.InProgress}, true, time.Now()); n != nil || w.Told != visa.InProgress || w.Knew != "" {
		t.Errorf("told %+v, and is %+v", n, w)
	}
	w = Watcher{Knew: visa.NotFound}
	if n := w.news(State{Status: visa.InProgress}, true, time.Now()); n == nil || n.Kind != alert.StatusChanged || n.From != visa.NotFound {
		t.Errorf("told %+v", n)
	}
}
