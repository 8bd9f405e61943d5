package watch

import (
	"slices"
	"time"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
)

// Step is a stage as one watcher sees it.
type Step struct {
	Stage visa.Stage
	// Reached: the application has come here. Now: it stands here.
	Reached, Now bool
	// Day is when, the zero Date where nobody has said.
	Day civil.Date
	// Word is whose word it is that the stage was reached; "" if it was not.
	Word visa.Word
	// DayWord is whose word Day is; "" without one.
	DayWord visa.Word
	// AtLatest: the portal showed the stage on Day when it was first asked, or
	// first asked for this watcher, so that it was reached then or before.
	AtLatest bool
}

// Timeline returns the stages of a as w may know them, in their order. The one
// of a suspension stands behind that of the progress, and only where there was
// one. history may be in either order; zone is where the portal's days are counted.
//
// A status that is not understood changes nothing. A stage behind the present
// one is not reached, also where the portal had shown it before it went back.
func Timeline(a Application, w Watcher, history []Entry, zone *time.Location) []Step {
	st := w.Shown(a.State)
	seen := sightings(w.ShownHistory(history), st, zone)
	at := st.Valid.Stage()
	on := slices.Index(visa.Stages(), at)
	if at == visa.StageSuspended {
		on = slices.Index(visa.Stages(), visa.StageInProgress)
	}
	shown := func(stage visa.Stage) Step {
		s := seen[stage]
		s.Stage, s.Reached, s.Word = stage, true, visa.WordPortal
		return s
	}
	// A number was given before it was brought here: a later day is a wrong digit.
	var number civil.Date
	if at, ok := a.Reference.Filed(); ok && civil.DateOf(at) <= civil.DateOf(w.AddedAt.In(zone))+1 {
		number = civil.DateOf(at)
	}
	var steps []Step
	for i, stage := range visa.Stages() {
		s := Step{Stage: stage}
		_, sighted := seen[stage]
		// Not everybody's way leads through the preliminary assessment.
		if i <= on && (stage != visa.StagePreliminarilyPositive || stage == at || sighted) {
			s = shown(stage)
		}
		steps = append(steps, s.entered(w, number))
		if _, suspended := seen[visa.StageSuspended]; stage == visa.StageInProgress && i <= on && (suspended || at == visa.StageSuspended) {
			steps = append(steps, shown(visa.StageSuspended))
		}
	}
	return stand(steps, at)
}

// stand marks the step on which an application stands: that of a suspension, or
// the last one reached.
func stand(steps []Step, at visa.Stage) []Step {
	now := -1
	for i, s := range steps {
		if s.Reached && (s.Stage != visa.StageSuspended || at == visa.StageSuspended) {
			now = i
		}
	}
	if now >= 0 {
		steps[now].Now = true
	}
	return steps
}

// entered returns s with what w entered, and the day that the number tells.
func (s Step) entered(w Watcher, number civil.Date) Step {
	d := w.Dates
	say := func(day civil.Date, word visa.Word) {
		s.Day, s.DayWord, s.AtLatest = day, word, false
		if !s.Reached {
			s.Reached, s.Word = true, word
		}
	}
	switch s.Stage {
	case visa.StageFiled:
		// The portal shows nothing of it: the number itself was brought by the watcher.
		s.Reached, s.Word, s.Day, s.DayWord, s.AtLatest = true, visa.WordPerson, 0, "", false
		if !d.Filed.IsZero() {
			say(d.Filed, visa.WordPerson)
		}
	case visa.StageRegistered:
		if !number.IsZero() {
			say(number, visa.WordNumber)
		}
	case visa.StageDecision:
		if !d.Delivered.IsZero() && !s.Reached {
			say(d.Delivered, visa.WordPerson)
		}
	case visa.StageCollected:
		if !d.Collected.IsZero() {
			say(d.Collected, visa.WordPerson)
		}
	}
	return s
}

// sightings returns when the portal showed each stage: the progress for the
// first time, the others for the last.
func sightings(history []Entry, st State, zone *time.Location) map[visa.Stage]Step {
	seen := make(map[visa.Stage]Step)
	note := func(stage visa.Stage, at time.Time, first bool) {
		day := civil.DateOf(at.In(zone))
		before, again := seen[stage]
		if stage == visa.StageInProgress && day < before.Day || stage != visa.StageInProgress && day > before.Day || !again {
			seen[stage] = Step{Day: day, DayWord: visa.WordPortal, AtLatest: first}
		}
	}
	for _, e := range history {
		if stage := e.To.Stage(); e.Kind == Changed && stage != "" {
			note(stage, e.At, e.From == "" || e.From == visa.Unknown)
		}
	}
	// For somebody who came later the history begins later than the status.
	if _, sighted := seen[st.Valid.Stage()]; !sighted && st.Status == st.Valid && !st.Since.IsZero() {
		note(st.Valid.Stage(), st.Since, true)
	}
	return seen
}

// Clock returns how long a has taken against what the law allows, as w may know
// it; after a decision up to the day on which the portal first showed it. now is
// in the zone of the appliance.
func (w Watcher) Clock(a Application, now time.Time) visa.Clock {
	st := w.Shown(a.State)
	today := civil.DateOf(now)
	if st.Valid.Final() && !st.Since.IsZero() {
		today = civil.DateOf(st.Since.In(now.Location()))
	}
	return visa.NewClock(a.Reference, w.Purpose, w.Dates, st.Valid, today)
}

// Remedy returns what w can do against a refusal, and until when; false where
// the portal shows none. now is in the zone of the appliance.
func (w Watcher) Remedy(a Application, now time.Time) (r visa.Remedy, ok bool) {
	if w.Shown(a.State).Valid != visa.Refused {
		return visa.Remedy{}, false
	}
	return w.Purpose.Remedy(a.Reference, w.Dates.Delivered, civil.DateOf(now)), true
}
