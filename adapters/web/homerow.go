package web

import (
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// homeRow is an application in the list, in words.
type homeRow struct {
	ID watch.ID
	// Query names the seat that is shown where it is not the usual one, see queryOf.
	Query        string
	Name, Masked string
	// People are those whose application it is.
	People string
	// Sign is the name of the status's sign, Status the status in words, Since
	// when it was first seen.
	Sign, Status, Since string
	Stages              stageBar
	// Days says how long it has taken, Limit how much of the statutory limit that
	// is, from 0 to 100, where there is one; Over that it may be exceeded.
	Days  string
	Limit int
	Over  bool
	// Answered and Next say when it was last answered and is next asked for.
	Answered, Next when
	// Notes are what else there is to know, the first in trouble.
	Trouble, Pending, Gone string
	Unread, Paused, Muted  bool
	Archived, May          bool
}

// when is a moment in words that age well, and in full.
type when struct {
	Words, Full, ISO string
}

// stageBar is how far an application has come, in as many steps as there are.
type stageBar struct {
	Words string
	Steps []stageStep
}

// stageStep is one of the bar. State is "done", "now", "held" where the
// proceedings are suspended, or "".
type stageStep struct{ State string }

func (s *Server) homeRow(c echo.Context, v view, r watch.Row) (homeRow, error) {
	a, w, p := r.Application, r.Watcher, principal(c)
	st, now := w.Shown(a.State), s.today()
	row := homeRow{
		ID: a.ID, Query: queryOf(p, seat{app: a, watcher: w}), Name: w.Label, Masked: a.Reference.Masked(), Sign: noStatus, Status: v.statusName(st.Status),
		Stages: v.stageBar(a, w, now), Unread: w.Told != "" && a.Unread(p.User.ID),
		Paused: w.Paused, Muted: w.Muted, Archived: w.Archived, May: p.MayWrite(w.Owner),
	}
	if row.Name == "" {
		row.Name, row.Masked = row.Masked, ""
	}
	if st.Status != "" {
		row.Sign, row.Since = string(st.Status), v.T("home.since", "date", v.words.Date(st.Since))
	} else if st.Pending != nil {
		row.Status = v.T("application.entry_unconfirmed", "to", v.statusName(st.Pending.Status))
	}
	row.Days, row.Limit, row.Over = v.clockWords(w.Clock(a, now))
	row.Answered = v.ago(st.AnsweredAt, now)
	row.Next = v.until(st.NextCheckAt, now)
	if w.Paused || w.Archived {
		row.Next = when{Words: v.T("home.not_checked")}
	}
	row.notes(v, st)
	people, err := s.namesOf(c, a.ID)
	row.People = people
	return row, err
}

// notes says what else there is to know.
func (row *homeRow) notes(v view, st watch.State) {
	if t := st.Trouble; t != nil && !row.Paused && !row.Archived {
		row.Trouble = v.T("home.trouble", "time", v.words.Time(t.Since), "why", v.T("failure."+string(t.Code)))
	}
	if p := st.Pending; p != nil {
		row.Pending = v.T("home.pending", "status", v.statusName(p.Status), "time", v.words.Time(p.SeenAt))
	}
	if !st.GoneAt.IsZero() {
		row.Gone = v.T("home.gone", "date", v.words.Date(st.GoneAt))
	}
}

// namesOf returns the names of the people of an application whom the reader may see.
func (s *Server) namesOf(c echo.Context, id watch.ID) (string, error) {
	people, err := s.cfg.People.PeopleOf(c.Request().Context(), string(id))
	if err != nil {
		return "", err
	}
	var names []string
	for _, one := range people {
		if principal(c).MayRead(one.Owner) {
			names = append(names, one.Name)
		}
	}
	return strings.Join(names, ", "), nil
}

// stageBar shows the stages of a, of which a suspension is no step of its own.
func (v view) stageBar(a watch.Application, w watch.Watcher, now time.Time) stageBar {
	var bar stageBar
	held := w.Shown(a.State).Valid == visa.Suspended
	at := 0
	steps := slices.DeleteFunc(watch.Timeline(a, w, nil, now.Location()), func(s watch.Step) bool { return s.Stage == visa.StageSuspended })
	for i, s := range steps {
		if s.Reached {
			at = i
		}
	}
	for i := range steps {
		state := ""
		switch {
		case i == at && held:
			state = "held"
		case i == at:
			state = "now"
		case i < at:
			state = "done"
		}
		bar.Steps = append(bar.Steps, stageStep{State: state})
	}
	name := v.T("stage." + string(steps[at].Stage))
	if held {
		name = v.T("stage." + string(visa.StageSuspended))
	}
	bar.Words = v.T("home.stage", "number", at+1, "stages", len(steps), "stage", name)
	return bar
}

// clockWords says how long it has taken, how much of the limit that is in percent,
// and whether it may be exceeded.
func (v view) clockWords(c visa.Clock) (words string, percent int, over bool) {
	switch {
	case c.Filed.IsZero():
		return "", 0, false
	case c.Limit.Days == 0 || c.State == visa.ClockStopped:
		return v.T("clock.days", "count", c.Days), 0, false
	}
	percent = min(100, max(1, c.Days*100/c.Limit.Days))
	return v.T("clock.of", "day", c.Days, "count", c.Limit.Days), percent, c.State == visa.ClockMayBeExceeded
}

// ago puts a moment behind now into words.
func (v view) ago(t, now time.Time) when {
	if t.IsZero() {
		return when{Words: v.T("home.never")}
	}
	w := when{Full: v.words.Time(t), ISO: t.UTC().Format(time.RFC3339)}
	if d := now.Sub(t); d >= time.Minute {
		w.Words = v.T("home.ago", "duration", v.words.Duration(d))
	} else {
		w.Words = v.T("home.just_now")
	}
	return w
}

// until puts a moment ahead of now into words.
func (v view) until(t, now time.Time) when {
	if t.IsZero() {
		return when{Words: v.T("home.not_planned")}
	}
	w := when{Full: v.words.Time(t), ISO: t.UTC().Format(time.RFC3339), Words: v.T("home.due")}
	if d := t.Sub(now); d >= time.Minute {
		w.Words = v.T("home.in", "duration", v.words.Duration(d))
	}
	return w
}
