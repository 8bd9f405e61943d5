package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// scene is what stands before a scenario. Its words may be used in paths,
// headers and bodies: {anna} is the ID of Anna's application.
type scene struct {
	*appliance
	words []string
}

// newScene: Anna's application is in progress, waits to be confirmed and has
// trouble, tells the channel {phone}, and has a dead letter {letter} and a
// waiting one {fresh}; {boris} has no answer yet.
func newScene(t *testing.T) *scene {
	t.Helper()
	a := newAppliance(t, nil)
	phone := a.channel("Phone")
	nextMilli()
	spare := a.channel("Spare")
	ann := a.watch(anna, "Anna", phone.ID)
	nextMilli()
	bor, now := a.watch(boris, "Boris"), time.Now()
	tell := func(to visa.Status) *alert.Notification {
		return &alert.Notification{Kind: alert.StatusChanged, ApplicationID: string(ann.ID), Label: "Anna", Reference: ann.Reference, From: visa.NotFound, To: to, At: now}
	}
	answer := watch.Answer{Text: "The wording of the portal", Link: "https://example.com/outcome", Language: "cs"}
	a.settle(ann.ID, watch.State{Status: visa.NotFound, Valid: visa.NotFound, Since: now}, tell(visa.NotFound),
		watch.Entry{At: now, Kind: watch.Changed, To: visa.NotFound, Answer: answer})
	dead, err := a.store.Deliveries(t.Context(), "", 1, func(alert.Delivery) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	dead[0].State, dead[0].LastError, dead[0].SettledAt, dead[0].Attempts = alert.DeadLetter, "401 from the server", now, 9
	if err := a.store.Settle(t.Context(), dead[0]); err != nil {
		t.Fatal(err)
	}
	nextMilli()
	a.settle(ann.ID, watch.State{
		Status: visa.InProgress, Valid: visa.InProgress, Since: now, Answer: answer, CheckedAt: now, AnsweredAt: now, NextCheckAt: now.Add(time.Hour),
		Pending: &watch.Pending{Status: visa.Granted, SeenAt: now},
		Trouble: &watch.Trouble{Code: watch.Timeout, Detail: "no answer within 60s", Since: now, Count: 2},
	}, tell(visa.InProgress), watch.Entry{At: now, Kind: watch.Changed, From: visa.NotFound, To: visa.InProgress, Answer: answer})
	fresh, err := a.store.Deliveries(t.Context(), "", 1, func(alert.Delivery) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return &scene{appliance: a, words: []string{
		"{anna}", string(ann.ID), "{boris}", string(bor.ID), "{phone}", phone.ID, "{spare}", spare.ID,
		"{letter}", dead[0].ID, "{fresh}", fresh[0].ID, "{nobody}", string(watch.NewID(now)), "{secret}", secret,
	}}
}

// nextMilli waits, less than a millisecond, until new IDs sort behind the old ones.
func nextMilli() {
	for start := time.Now().UnixMilli(); time.Now().UnixMilli() == start; {
	}
}

func (s *scene) fill(text string) string { return strings.NewReplacer(s.words...).Replace(text) }

// scenario is one request and what must come of it.
type scenario struct {
	name         string
	before       func(*testing.T, *scene)
	method, path string
	headers      []string
	body         string
	want         int
	// wantBody must be part of the answer: every name in it has the value it has here.
	wantBody string
	// wantNot must not be in the answer.
	wantNot string
	// wantHeader is a name and a value.
	wantHeader [2]string
}

func runScenarios(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, tc := range scenarios {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			if tc.before != nil {
				tc.before(t, s)
			}
			headers := make([]string, len(tc.headers))
			for i, h := range tc.headers {
				headers[i] = s.fill(h)
			}
			w := s.do(tc.method, s.fill(tc.path), s.fill(tc.body), headers...)
			if w.Code != tc.want {
				t.Fatalf("status %d, want %d: %s", w.Code, tc.want, w.Body)
			}
			if tc.wantBody != "" {
				if err := holds(w.Body.Bytes(), []byte(s.fill(tc.wantBody))); err != nil {
					t.Errorf("%v in %s", err, w.Body)
				}
			}
			if not := s.fill(tc.wantNot); not != "" && strings.Contains(w.Body.String(), not) {
				t.Errorf("%q is in %s", not, w.Body)
			}
			if name, want := tc.wantHeader[0], s.fill(tc.wantHeader[1]); w.Header().Get(name) != want {
				t.Errorf("%s: %q, want %q", name, w.Header().Get(name), want)
			}
		})
	}
}

// holds reports where the JSON value part is not in whole. Of lists, every
// item must hold its counterpart, and there must be as many.
func holds(whole, part []byte) error {
	var w, p any
	if err := errors.Join(json.Unmarshal(whole, &w), json.Unmarshal(part, &p)); err != nil {
		return err
	}
	return holdsValue("", w, p)
}

func holdsValue(at string, whole, part any) error {
	switch p := part.(type) {
	case map[string]any:
		w, _ := whole.(map[string]any)
		for name, value := range p {
			if err := holdsValue(at+"/"+name, w[name], value); err != nil {
				return err
			}
		}
		return nil
	case []any:
		w, _ := whole.([]any)
		if len(w) != len(p) {
			return fmt.Errorf("%s has %d items, want %d", at, len(w), len(p))
		}
		for i := range p {
			if err := holdsValue(fmt.Sprintf("%s/%d", at, i), w[i], p[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(whole, part) {
		return fmt.Errorf("%s is %v, want %v", at, whole, part)
	}
	return nil
}

// know enters what a person knows of the proceedings.
func know(t *testing.T, s *scene) {
	t.Helper()
	_, err := s.engine.Edit(t.Context(), watch.ID(s.fill("{anna}")), s.me, func(w *watch.Watcher) error {
		filed, _ := civil.NewDate(2025, time.January, 15)
		w.Purpose, w.Dates = visa.VisaStudies, visa.Dates{Filed: filed, PauseDays: 3}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// useUpChecks makes the engine believe that both checks by hand were made just now.
func useUpChecks(t *testing.T, s *scene) {
	t.Helper()
	id := watch.ID(s.fill("{anna}"))
	_, err := s.store.Edit(t.Context(), id, func(a *watch.Application) error {
		now := time.Now()
		a.State.Asked = []time.Time{now, now}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// An edit ends the wait for the first check, which costs nothing.
	if _, err := s.engine.Edit(t.Context(), id, s.me, func(*watch.Watcher) error { return nil }); err != nil {
		t.Fatal(err)
	}
}
