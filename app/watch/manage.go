package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

// ErrFull: the store holds MaxApplications already.
var ErrFull = errors.New("the appliance watches as many applications as it can hold")

// MaxApplications is how many applications one appliance holds.
const MaxApplications = 100_000

// QuotaError says that a person has asked for too many checks.
type QuotaError struct {
	// RetryAfter is when the next one will be granted.
	RetryAfter time.Duration
}

// Error says when to ask again.
func (e *QuotaError) Error() string {
	return fmt.Sprintf("the checks by hand of this application are used up; the next one is possible in %s", e.RetryAfter.Round(time.Minute))
}

// Ticket says what became of a wish to check now.
type Ticket struct {
	// UnderWay: a check has already begun and will bring the answer.
	UnderWay bool `json:"under_way"`
	// Position among the checks that go first, from 1; 0 if the check is under way.
	Position int `json:"position"`
	// NotBefore is set while the source is being left alone.
	NotBefore time.Time `json:"not_before,omitzero"`
}

// Add makes w a watcher of ref. What nobody has watched is checked at once; what
// is watched already is checked again soon, as far as the checks by hand allow,
// and shows w nothing before. *DuplicateError if the owner of w watches it.
func (e *Engine) Add(ctx context.Context, ref visa.Reference, w Watcher) (Application, error) {
	if ref.IsZero() {
		return Application{}, &InputError{Field: "reference", Problem: "is missing"}
	}
	now := time.Now()
	if err := w.Validate(e.cfg.Rules.MinInterval, now); err != nil {
		return Application{}, err
	}
	w.AddedAt, w.Told, w.Knew, w.Warned = now, "", "", false
	a := Application{ID: NewID(now), Reference: ref, Watchers: []Watcher{w}, AddedAt: now, State: State{NextCheckAt: now}}
	err := e.cfg.Store.Add(ctx, a)
	if dup, ok := errors.AsType[*DuplicateError](err); ok {
		return e.join(ctx, dup.ID, w, now)
	}
	if err != nil {
		return Application{}, err
	}
	a.Revision = 1 // As the store has made it.
	e.enqueue(a, false)
	e.publish(a)
	return a, nil
}

// join makes w a watcher of an application that stands.
func (e *Engine) join(ctx context.Context, id ID, w Watcher, now time.Time) (Application, error) {
	a, err := e.cfg.Store.Edit(ctx, id, func(a *Application) error {
		switch {
		case a.Watcher(w.Owner) != nil:
			return &DuplicateError{ID: id}
		case len(a.Watchers) >= MaxWatchers:
			return ErrFull
		}
		a.welcome(now)
		was := a.Clone()
		a.Watchers = append(a.Watchers, w)
		e.replan(a, was, now)
		if !w.Resting() && e.wish(a, now) != nil && a.State.NextCheckAt.IsZero() {
			// Decided long ago, and no longer looked at: one more look is due to
			// the newcomer, if only when the quota has room again.
			a.State.NextCheckAt = now.Add(day)
		}
		return nil
	})
	if err != nil {
		return Application{}, err
	}
	e.enqueue(a, false)
	e.publish(a)
	return a, nil
}

// Edit changes the watcher of owner; ErrNotFound if there is none.
func (e *Engine) Edit(ctx context.Context, id ID, owner account.Owner, edit func(*Watcher) error) (Application, error) {
	now := time.Now()
	a, err := e.cfg.Store.Edit(ctx, id, func(a *Application) error { return e.editWatcher(a, owner, edit, now) })
	if err != nil {
		return Application{}, err
	}
	e.enqueue(a, false)
	e.publish(a)
	return a, nil
}

// Move gives what the watcher of from watches to another owner, with all that
// is known to him; ErrNotFound if there is no such watcher. What is an owner's own
// does not go along: his channels, his people, messages on their way, and links.
// *DuplicateError if the other one watches the application already.
func (e *Engine) Move(ctx context.Context, id ID, from, to account.Owner) (Application, error) {
	now := time.Now()
	a, err := e.cfg.Store.Edit(ctx, id, func(a *Application) error {
		w := a.Watcher(from)
		switch {
		case w == nil:
			return ErrNotFound
		case a.Watcher(to) != nil:
			return &DuplicateError{ID: id}
		}
		w.Owner, w.Channels = to, nil
		return w.Validate(e.cfg.Rules.MinInterval, now)
	})
	if err != nil {
		return Application{}, err
	}
	e.enqueue(a, false)
	e.publish(a)
	e.cfg.Publish(Event{Kind: ApplicationRemoved, ID: id, Owners: []account.Owner{from}})
	return a, nil
}

// editWatcher changes the watcher of owner; ErrNotFound if there is none.
func (e *Engine) editWatcher(a *Application, owner account.Owner, edit func(*Watcher) error, now time.Time) error {
	w := a.Watcher(owner)
	if w == nil {
		return ErrNotFound
	}
	was, own := a.Clone(), *w
	if err := edit(w); err != nil {
		return err
	}
	w.Owner, w.AddedAt, w.Told, w.Knew, w.Warned = own.Owner, own.AddedAt, own.Told, own.Knew, own.Warned
	if err := w.Validate(e.cfg.Rules.MinInterval, now); err != nil {
		return err
	}
	e.replan(a, was, now)
	return nil
}

// replan moves the next check after an edit: another interval takes effect at
// once, and an application that is resumed is checked soon. A check that is to
// confirm an answer, or to come back after trouble, is never put off.
func (e *Engine) replan(a *Application, was Application, now time.Time) {
	next := a.State.NextCheckAt
	if next.IsZero() {
		return
	}
	every, resumed := e.cfg.Rules.Of(*a), resumed(*a, was)
	moved := every != e.cfg.Rules.Of(was)
	if moved {
		next = a.State.CheckedAt.Add(every)
		if st := a.State; (st.Pending != nil || st.Trouble != nil) && st.NextCheckAt.Before(next) {
			next = st.NextCheckAt
		}
	}
	if (moved || resumed) && next.Before(now) {
		next = now
	}
	a.State.NextCheckAt = next
}

// resumed reports whether somebody goes on who was at rest.
func resumed(a, was Application) bool {
	return slices.ContainsFunc(a.Watchers, func(w Watcher) bool {
		before := was.Watcher(w.Owner)
		return before != nil && before.Resting() && !w.Resting()
	})
}

// Remove takes the watcher of owner away. With the last one everything known
// about the application is deleted.
func (e *Engine) Remove(ctx context.Context, id ID, owner account.Owner) error {
	a, err := e.cfg.Store.Remove(ctx, id, owner)
	if err != nil {
		return err
	}
	if len(a.Watchers) > 0 {
		e.enqueue(a, false)
		e.publish(a)
	} else {
		e.forget(id)
	}
	e.cfg.Publish(Event{Kind: ApplicationRemoved, ID: id, Owners: []account.Owner{owner}})
	return nil
}

// forget drops what the engine knows of an application that is gone.
func (e *Engine) forget(id ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue.remove(id)
	delete(e.unsaved, id)
	if f := e.flying[id]; f != nil {
		f.removed = true
	}
}

// Seen notes that a user has looked at an application.
func (e *Engine) Seen(ctx context.Context, id ID, user string) (Application, error) {
	now := time.Now()
	a, err := e.cfg.Store.Edit(ctx, id, func(a *Application) error { a.see(user, now); return nil })
	if err != nil {
		return Application{}, err
	}
	e.enqueue(a, false)
	e.publish(a)
	return a, nil
}

// see notes that a user has looked at a.
func (a *Application) see(user string, now time.Time) {
	if a.Seen == nil {
		a.Seen = make(map[string]time.Time)
	}
	a.Seen[user] = now
}

// CheckNow has an application checked before all others, within the quota.
// Asking again while the check waits or runs costs nothing.
func (e *Engine) CheckNow(ctx context.Context, id ID) (Ticket, error) {
	if t, ok := e.ticket(id, true); ok {
		return t, nil
	}
	now := time.Now()
	a, err := e.cfg.Store.Edit(ctx, id, func(a *Application) error { return e.wish(a, now) })
	if err != nil {
		return Ticket{}, err
	}
	e.enqueue(a, true)
	e.publish(a)
	t, _ := e.ticket(id, false)
	return t, nil
}

// wish makes a check of a due that a person wants, within the quota.
func (e *Engine) wish(a *Application, now time.Time) error {
	recent := a.State.Asked[:0:0]
	for _, at := range a.State.Asked {
		if age := now.Sub(at); age >= 0 && age < day {
			recent = append(recent, at)
		}
	}
	if len(recent) >= e.cfg.CheckNowPerDay {
		return &QuotaError{RetryAfter: recent[len(recent)-e.cfg.CheckNowPerDay].Add(day).Sub(now)}
	}
	a.State.Asked = append(recent, now)
	a.State.NextCheckAt = now
	return nil
}

// ticket says where the check of id stands. With waiting set, ok is false
// unless a check by hand waits or a check is under way.
func (e *Engine) ticket(id ID, waiting bool) (t Ticket, ok bool) {
	now := time.Now()
	if b := e.breaker.snapshot(); b.Open(now) {
		t.NotBefore = b.OpenUntil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, flying := e.flying[id]; flying {
		return Ticket{UnderWay: true}, true
	}
	it := e.queue.byID[id]
	if it == nil || waiting && it.rank != asked {
		return t, false
	}
	t.Position = e.queue.position(id, now)
	return t, true
}
