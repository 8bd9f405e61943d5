package watch

import (
	"context"
	"errors"
	"fmt"
	"time"
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

// Add starts watching. Of a, the reference, label, channels, interval, paused
// and muted are taken; the first check is made at once.
func (e *Engine) Add(ctx context.Context, a Application) (Application, error) {
	if err := a.Validate(e.cfg.Rules.MinInterval); err != nil {
		return Application{}, err
	}
	now := time.Now()
	a.ID, a.AddedAt, a.State = NewID(now), now, State{NextCheckAt: now}
	if err := e.cfg.Store.Add(ctx, a); err != nil {
		return Application{}, err
	}
	a.Revision = 1 // As the store has made it.
	e.enqueue(a, false)
	e.cfg.Publish(Event{Kind: ApplicationChanged, ID: a.ID})
	return a, nil
}

// Edit changes label, channels, interval, paused or muted of an application.
func (e *Engine) Edit(ctx context.Context, id ID, edit func(*Application) error) (Application, error) {
	now := time.Now()
	a, err := e.cfg.Store.Edit(ctx, id, func(a *Application) error {
		was := *a
		if err := edit(a); err != nil {
			return err
		}
		a.ID, a.Reference, a.AddedAt, a.State = was.ID, was.Reference, was.AddedAt, was.State
		if err := a.Validate(e.cfg.Rules.MinInterval); err != nil {
			return err
		}
		e.replan(a, was, now)
		return nil
	})
	if err != nil {
		return Application{}, err
	}
	e.enqueue(a, false)
	e.cfg.Publish(Event{Kind: ApplicationChanged, ID: id})
	return a, nil
}

// replan moves the next check after an edit: another interval takes effect at
// once, and an application that is resumed is checked soon. A check that is to
// confirm an answer, or to come back after trouble, is never put off.
func (e *Engine) replan(a *Application, was Application, now time.Time) {
	next := a.State.NextCheckAt
	if next.IsZero() {
		return
	}
	if a.Interval != was.Interval {
		next = a.State.CheckedAt.Add(e.cfg.Rules.Every(a.Interval))
		if st := a.State; (st.Pending != nil || st.Trouble != nil) && st.NextCheckAt.Before(next) {
			next = st.NextCheckAt
		}
	}
	if (a.Interval != was.Interval || was.Paused && !a.Paused) && next.Before(now) {
		next = now
	}
	a.State.NextCheckAt = next
}

// Remove stops watching and deletes everything known about the application.
func (e *Engine) Remove(ctx context.Context, id ID) error {
	if err := e.cfg.Store.Remove(ctx, id); err != nil {
		return err
	}
	e.mu.Lock()
	e.queue.remove(id)
	delete(e.unsaved, id)
	if f := e.flying[id]; f != nil {
		f.removed = true
	}
	e.mu.Unlock()
	e.cfg.Publish(Event{Kind: ApplicationRemoved, ID: id})
	return nil
}

// CheckNow has an application checked before all others, within the quota.
// Asking again while the check waits or runs costs nothing.
func (e *Engine) CheckNow(ctx context.Context, id ID) (Ticket, error) {
	if t, ok := e.ticket(id, true); ok {
		return t, nil
	}
	now := time.Now()
	a, err := e.cfg.Store.Edit(ctx, id, func(a *Application) error {
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
	})
	if err != nil {
		return Ticket{}, err
	}
	e.enqueue(a, true)
	e.cfg.Publish(Event{Kind: ApplicationChanged, ID: id})
	t, _ := e.ticket(id, false)
	return t, nil
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
