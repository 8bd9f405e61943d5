package web

import (
	"net/http"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// edited changes how the admin watches an application before a scenario.
func edited(id string, edit func(*watch.Watcher)) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		t.Helper()
		if _, err := s.engine.Edit(t.Context(), watch.ID(s.fill(id)), s.me, func(w *watch.Watcher) error { edit(w); return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

func labelled(id, label string) func(*testing.T, *scene) {
	return edited(id, func(w *watch.Watcher) { w.Label = label })
}

func archived(id string) func(*testing.T, *scene) {
	return edited(id, func(w *watch.Watcher) { w.Archived = true })
}

// checked has Anna's application checked twice, the second time in vain.
func checked(t *testing.T, s *scene) {
	t.Helper()
	s.check(watch.ID(s.fill("{anna}")), watch.Check{At: time.Now(), Took: time.Second, Status: visa.InProgress})
	s.check(watch.ID(s.fill("{anna}")), watch.Check{At: time.Now(), Took: 2500 * time.Millisecond, Failure: watch.Timeout})
}

// check records a check that changes nothing.
func (a *appliance) check(id watch.ID, c watch.Check) {
	a.tb.Helper()
	_, err := a.store.Record(a.tb.Context(), id, func(a watch.Application) watch.Decision {
		return watch.Decision{State: a.State, Watchers: a.Watchers, Check: c}
	})
	if err != nil {
		a.tb.Fatal(err)
	}
}

// Whoever comes to watch what others do is shown no check from before.
func TestNewcomerSeesNoOlderChecks(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	first, second := a.somebody("first", account.Member), a.somebody("second", account.Member)
	app := first.watches(anna, "")
	path := "/api/v1/applications/" + string(app.ID) + "/checks"
	a.check(app.ID, watch.Check{At: time.Now(), Status: visa.InProgress})
	a.check(app.ID, watch.Check{At: time.Now(), Failure: watch.Captcha})
	if w := second.ask("GET", path, ""); w.Code != http.StatusNotFound {
		t.Errorf("a stranger is answered with %d", w.Code)
	}
	nextMilli()
	second.watches(anna, "")
	if got := read[checksView](t, second.ask("GET", path, ""), http.StatusOK); len(got.Checks) != 0 {
		t.Errorf("a newcomer is shown %+v", got.Checks)
	}
	a.check(app.ID, watch.Check{At: time.Now(), Status: visa.Suspended})
	a.check(app.ID, watch.Check{At: time.Now(), Failure: watch.Timeout})
	// A status is not shown to him before he was told one.
	if got := read[checksView](t, second.ask("GET", path, ""), http.StatusOK); len(got.Checks) != 1 || got.Checks[0].Failure != watch.Timeout {
		t.Errorf("a newcomer is shown %+v", got.Checks)
	}
}

// The list shows an application as whoever asks for it alone sees it.
func TestListTakesTheSeatOfTheApplication(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	owner, member := a.somebody("owner", account.Member), a.somebody("member", account.Member)
	var groups []groupView
	for _, right := range []string{"read", "write"} {
		g := read[groupView](t, owner.ask("POST", "/api/v1/groups", `{"name":"Group to `+right+`","kind":"family"}`), http.StatusCreated)
		read[groupView](t, owner.ask("POST", "/api/v1/groups/"+g.ID+"/members", `{"name":"member","right":"`+right+`"}`), http.StatusCreated)
		groups = append(groups, g)
	}
	for _, want := range []account.Owner{groups[0].Owner, groups[1].Owner, account.OfUser(member.id)} {
		who := owner
		if want == account.OfUser(member.id) {
			who = member
		}
		app := read[applicationView](t, who.ask("POST", "/api/v1/applications", `{"reference":"`+anna+`","owner":"`+string(want)+`"}`), http.StatusCreated)
		alone := read[applicationView](t, member.ask("GET", "/api/v1/applications/"+string(app.ID), ""), http.StatusOK)
		list := read[applicationsView](t, member.ask("GET", "/api/v1/applications", ""), http.StatusOK)
		if alone.Owner != want || len(list.Applications) != 1 || list.Applications[0].Owner != want || list.Total != 1 {
			t.Errorf("alone it is seen as %s does, in the list as %+v", alone.Owner, list.Applications)
		}
	}
}
