package watch

import (
	"context"
	"time"

	"cz-visa-monitor/app/account"
)

// Store keeps the applications. Every method is one transaction: when it
// returns nil the change is as durable as its contract says, when it returns
// an error nothing has changed.
type Store interface {
	Recorder
	Applications
	Adopter
	SourceKeeper
}

// Recorder is what the engine needs for every check.
type Recorder interface {
	// Schedule calls yield for every application that has a next check.
	Schedule(ctx context.Context, yield func(id ID, next time.Time)) error
	// Record hands the application to decide and stores what it decided:
	// state, watchers, history, the check, and of each letter one delivery for each of its
	// channels that is not paused. A decision that Changed is on disk when
	// Record returns; others may follow within a minute.
	// It returns ErrNotFound if the application is no longer there.
	Record(ctx context.Context, id ID, decide func(Application) Decision) (Application, error)
}

// Applications is what the engine needs to change what is watched.
type Applications interface {
	// Application returns one application, or ErrNotFound.
	Application(ctx context.Context, id ID) (Application, error)
	// Add stores a new application; *DuplicateError if its reference is watched, ErrFull if there is no room.
	Add(ctx context.Context, a Application) error
	// Edit hands the application to edit and stores it, unless edit fails.
	// An edit must not change ID and Reference, and leaves a watcher at least.
	Edit(ctx context.Context, id ID, edit func(*Application) error) (Application, error)
	// EditMany is Edit for several in one transaction. What is refused does not
	// keep the others from being edited; the outcomes are in the order of ids. An
	// error is one of the transaction: nothing has changed.
	EditMany(ctx context.Context, ids []ID, edit func(*Application) error) ([]Edited, error)
	// Remove takes the watcher of owner from the application, with whatever is
	// in the outbox for him about it. With the last one goes the application and
	// its history; what is returned has no watchers then. ErrNotFound if owner
	// does not watch it.
	Remove(ctx context.Context, id ID, owner account.Owner) (Application, error)
}

// Edited is what became of one application of several that were to be edited.
type Edited struct {
	ID ID
	// Application is as it stands then, where Err is nil.
	Application Application
	Err         error
}

// SourceKeeper remembers the health of a source across restarts.
type SourceKeeper interface {
	// Source returns what was kept under name, the zero value if nothing was.
	Source(ctx context.Context, name string) (SourceState, error)
	// PutSource keeps s. With now set it is on disk when PutSource returns;
	// otherwise it may follow within a minute.
	PutSource(ctx context.Context, name string, s SourceState, now bool) error
}

// SourceState is what is remembered of a source.
type SourceState struct {
	Breaker BreakerState `json:"breaker,omitzero"`
	// AnsweredAt is the last answer about any application.
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	// FailingSince is the first failure after it, the zero time if there is none.
	FailingSince time.Time `json:"failing_since,omitzero"`
	// Failure is the code of the last failure since then.
	Failure FailureCode `json:"failure,omitempty"`
}
