package watch

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"cz-visa-monitor/app/visa"
)

// Adoption is an application as an archive brings it: valid, but no check of
// this appliance has shown any of it.
type Adoption struct {
	Reference visa.Reference
	AddedAt   time.Time
	State     State
	// History is the oldest entry first.
	History []Entry
	// Watchers are to follow it, each Owner once.
	Watchers []Watcher
}

// Fate is what became of a watcher whom an archive brought.
type Fate string

// The fates of watchers.
const (
	// FateAdded: he watches the application now.
	FateAdded Fate = "added"
	// FateCompleted: he did already, and has a label, note, purpose, dates or channels now that he had not.
	FateCompleted Fate = "completed"
	// FateSkipped: he did already, and nothing was missing.
	FateSkipped Fate = "skipped"
	// FateFull: nobody more may watch the application, or no application more is held.
	FateFull Fate = "full"
)

// Adopted is what became of an Adoption.
type Adopted struct {
	// Application is as it stands then; without an ID if there was no room for it.
	Application Application
	// Fates are those of Adoption.Watchers, in their order.
	Fates []Fate
}

// Changed reports whether anything became another.
func (a Adopted) Changed() bool {
	return slices.ContainsFunc(a.Fates, func(f Fate) bool { return f == FateAdded || f == FateCompleted })
}

// Adopter takes in what an archive brings.
type Adopter interface {
	// Adopt takes in all of batch in one transaction, each as Adoption.Into
	// says, and returns what became of each. Nothing is told to anybody, and the
	// audit trail is left to the caller. With dry set nothing is written.
	Adopt(ctx context.Context, batch []Adoption, dry bool) ([]Adopted, error)
}

// adoptOver is the time over which the checks of applications are spread whose
// status an archive has brought: the portal is not to get them all at once.
const adoptOver = time.Hour

// Into returns what stands after the adoption, and the fate of each watcher. a is
// what stood before, without an ID if nothing did.
//
// What an archive says of the state counts only where the application is new
// here. Watchers who come to one that stands see nothing before the first answer
// since, like everybody who comes later: an archive may say anything. What it
// says they know is not told them as news.
func (ad Adoption) Into(a Application, now time.Time) (Application, []Fate) {
	if a.ID == "" {
		return ad.begin(now)
	}
	a = a.Clone()
	fates := make([]Fate, len(ad.Watchers))
	for i, w := range ad.Watchers {
		if own := a.Watcher(w.Owner); own != nil {
			fates[i] = own.complete(w)
			continue
		}
		if len(a.Watchers) >= MaxWatchers {
			fates[i] = FateFull
			continue
		}
		a.welcome(now)
		w.Knew, w.Told, w.Warned, w.AddedAt = ad.State.Status, "", false, now
		a.Watchers = append(a.Watchers, w)
		fates[i] = FateAdded
	}
	if slices.Contains(fates, FateAdded) && !a.Paused() && a.State.NextCheckAt.IsZero() {
		a.State.NextCheckAt = now.Add(day) // As for everybody who comes after a decision.
	}
	return a, fates
}

// begin is Into where nothing stood.
func (ad Adoption) begin(now time.Time) (Application, []Fate) {
	a := Application{ID: NewID(now), Reference: ad.Reference, AddedAt: since(ad.AddedAt, now), State: ad.State}
	fates := make([]Fate, len(ad.Watchers))
	for i, w := range ad.Watchers {
		w.AddedAt, w.Warned = since(w.AddedAt, now), false
		if w.Told = w.told(ad.State); w.Told == "" {
			w.Knew = ad.State.Status
		}
		a.Watchers = append(a.Watchers, w)
		fates[i] = FateAdded
	}
	a.State.Pending, a.State.Trouble, a.State.Asked = nil, nil, nil
	a.State.Imported = a.State.Status != ""
	a.State.NextCheckAt = now
	if a.State.Imported {
		a.State.NextCheckAt = now.Add(time.Duration(rand.Float64() * float64(adoptOver))) //nolint:gosec // Jitter.
	}
	return a, fates
}

// told returns what w counts as told of s: all of it, if he was told anything.
func (w Watcher) told(s State) visa.Status {
	if w.Told == "" {
		return ""
	}
	return s.Status
}

// since returns t, or now where t is unknown or lies ahead.
func since(t, now time.Time) time.Time {
	if t.IsZero() || t.After(now) {
		return now
	}
	return t
}

// complete gives w what from has and he has not.
func (w *Watcher) complete(from Watcher) Fate {
	fate := FateSkipped
	if w.Label == "" && from.Label != "" {
		w.Label, fate = from.Label, FateCompleted
	}
	if w.Note == "" && from.Note != "" {
		w.Note, fate = from.Note, FateCompleted
	}
	if w.Purpose == "" && from.Purpose != "" {
		w.Purpose, fate = from.Purpose, FateCompleted
	}
	// As a whole: days from here and from there need not go together.
	if w.Dates == (visa.Dates{}) && from.Dates != (visa.Dates{}) {
		w.Dates, fate = from.Dates, FateCompleted
	}
	if len(w.Channels) == 0 && len(from.Channels) > 0 {
		w.Channels, fate = slices.Clone(from.Channels), FateCompleted
	}
	return fate
}

// welcome makes a fit for somebody new. What only an archive says counts for
// those whom it brought: with others it begins anew, or an archive could tell
// them what the portal never said.
func (a *Application) welcome(now time.Time) {
	if a.State.Imported {
		a.State = State{NextCheckAt: now, Asked: a.State.Asked}
	}
}

// Adopt takes in what an archive brings, see Adopter, and plans the checks of it.
func (e *Engine) Adopt(ctx context.Context, batch []Adoption, dry bool) ([]Adopted, error) {
	done, err := e.cfg.Store.Adopt(ctx, batch, dry)
	if err != nil || dry {
		return done, err
	}
	for _, d := range done {
		if d.Changed() {
			e.enqueue(d.Application, false)
			e.publish(d.Application)
		}
	}
	return done, nil
}
