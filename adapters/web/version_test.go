package web

import (
	"net/http"
	"testing"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// A form that was left open over a check can still be saved; one over which
// somebody else changed the same settings cannot.
func TestIfMatchIsAboutSettings(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/applications/{anna}"
	check := func(_ *testing.T, s *scene) {
		s.settle(watch.ID(s.fill("{anna}")), watch.State{Status: visa.Granted, Since: time.Now(), NextCheckAt: time.Now().Add(time.Hour)}, nil)
	}
	patch := func(body string) func(*testing.T, *scene) {
		return func(t *testing.T, s *scene) {
			if w := s.do("PATCH", s.fill(path), s.fill(body)); w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
		}
	}
	for _, tc := range []struct {
		name   string
		before func(*testing.T, *scene)
		tag    string // instead of the one that was read
		want   int
	}{
		{name: "nothing happened", before: func(*testing.T, *scene) {}, want: 200},
		{name: "a check", before: check, want: 200},
		{name: "another label", before: patch(`{"label":"Anička"}`), want: 412},
		{name: "other channels", before: patch(`{"channels":["{phone}","{spare}"]}`), want: 412},
		{name: "another interval", before: patch(`{"interval":"2h"}`), want: 412},
		{name: "another purpose", before: patch(`{"purpose":"visa_other"}`), want: 412},
		{name: "another day", before: patch(`{"dates":{"filed":"2025-01-15"}}`), want: 412},
		{name: "paused", before: patch(`{"paused":true}`), want: 412},
		{name: "muted", before: patch(`{"muted":true}`), want: 412},
		{name: "the same settings again", before: patch(`{"label":"Anna"}`), want: 200},
		{name: "its channel deleted", before: func(t *testing.T, s *scene) {
			if err := s.store.RemoveChannel(t.Context(), s.fill("{phone}")); err != nil {
				t.Fatal(err)
			}
		}, want: 412},
		{name: "its channel edited", before: func(t *testing.T, s *scene) {
			if _, err := s.store.EditChannel(t.Context(), s.fill("{phone}"), func(*alert.Channel) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}, want: 200},
		{name: "anything", before: check, tag: `*`, want: 200},
		{name: "no tag of ours", before: check, tag: `"3"`, want: 412},
		{name: "an empty one", before: check, tag: `""`, want: 412},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			tag := s.do("GET", s.fill(path), "").Header().Get("ETag")
			tc.before(t, s)
			if tc.tag != "" {
				tag = tc.tag
			}
			if w := s.do("PATCH", s.fill(path), `{"label":"Ann"}`, "If-Match", `"another", `+tag); w.Code != tc.want {
				t.Errorf("status %d, want %d: %s", w.Code, tc.want, w.Body)
			}
		})
	}
}

// What is known is not sent again; anything that changes the answer is.
func TestIfNoneMatchIsAboutEverything(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path := s.fill("/api/v1/applications/{anna}")
	tag := s.do("GET", path, "").Header().Get("ETag")
	again := func(what string, want int) {
		t.Helper()
		w := s.do("GET", path, "", "If-None-Match", `W/"1", `+tag)
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", what, w.Code, want)
		}
		tag = w.Header().Get("ETag")
	}
	again("nothing happened", http.StatusNotModified)
	s.settle(watch.ID(s.fill("{anna}")), watch.State{Status: visa.Granted, NextCheckAt: time.Now().Add(time.Hour)}, nil)
	again("after a check", http.StatusOK)
	if w := s.do("PATCH", path, `{"label":"Ann"}`); w.Header().Get("ETag") == tag {
		t.Error("the tag stays over an edit")
	}
	again("after an edit", http.StatusOK)
	s.do("DELETE", s.fill("/api/v1/channels/{phone}"), "")
	again("after its channel was deleted", http.StatusOK)
	again("nothing more happened", http.StatusNotModified)
}
