package watch

import (
	"errors"
	"fmt"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

// ID names an application. It begins with the time it was made and is random
// otherwise, so that it sorts by age and can stand in a URL or a bucket key
// without telling anything about a person.
type ID string

// IDLen is the length of every ID.
const IDLen = account.IDLen

// NewID returns a fresh ID.
func NewID(now time.Time) ID {
	return ID(account.NewID(now))
}

// Application is what is watched: one reference, who follows it, and what is
// known about it. However many follow it, it is checked once.
type Application struct {
	ID        ID             `json:"id"`
	Reference visa.Reference `json:"reference"`
	// Watchers are those who follow the application, each Owner once. Strangers
	// to each other may, so that none is shown the others.
	Watchers []Watcher `json:"watchers"`
	// Seen is when each user, by ID, last looked at the application.
	Seen    map[string]time.Time `json:"seen,omitempty"`
	AddedAt time.Time            `json:"added_at"`
	State   State                `json:"state"`
	// Checks are the last ones.
	Checks CheckLog `json:"checks,omitempty"`
	// Revision is counted up by the store whenever it takes a new version.
	Revision uint64 `json:"revision"`
}

// State is what is known about an application. Status and health stand side by
// side: a failure never touches the status or the time of its last change.
type State struct {
	// Status is the last status accepted, "" before the first answer.
	Status visa.Status `json:"status,omitempty"`
	// Valid is the last status accepted that was not Unknown.
	Valid visa.Status `json:"valid,omitempty"`
	// Since is when Status was first seen, ChangedAt when it was accepted.
	Since     time.Time `json:"since,omitzero"`
	ChangedAt time.Time `json:"changed_at,omitzero"`
	// Answer is the evidence for Status: the last answer that showed it.
	Answer Answer `json:"answer,omitzero"`
	// Pending is a status that waits for a second check.
	Pending *Pending `json:"pending,omitempty"`
	// GoneAt is when the portal stopped showing a decided application.
	GoneAt time.Time `json:"gone_at,omitzero"`
	// Confirmations counts the answers that repeated a decision after it was accepted.
	Confirmations int `json:"confirmations,omitempty"`
	// RewordedAt is when a change of wording was last written to the history.
	RewordedAt time.Time `json:"reworded_at,omitzero"`
	// CheckedAt is the end of the last check, AnsweredAt of the last one that brought an answer.
	CheckedAt  time.Time `json:"checked_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	// Trouble is why there is no answer newer than AnsweredAt; nil if the last check brought one.
	Trouble *Trouble `json:"trouble,omitempty"`
	// NextCheckAt is when to look again; the zero time means never by itself.
	NextCheckAt time.Time `json:"next_check_at,omitzero"`
	// Imported: the status is what an archive says, and no check of this
	// appliance has shown it yet.
	Imported bool `json:"imported,omitempty"`
	// Asked are the times of the checks that people asked for in the last 24 hours.
	Asked []time.Time `json:"asked,omitempty"`
}

// Answer is the kept part of a Result.
type Answer struct {
	Text     string `json:"text,omitempty"`
	Alert    string `json:"alert,omitempty"`
	Link     string `json:"link,omitempty"`
	State    string `json:"state,omitempty"`
	Language string `json:"language,omitempty"`
}

// Pending is an answer that nobody is told before a second check repeats it.
type Pending struct {
	Status visa.Status `json:"status"`
	SeenAt time.Time   `json:"seen_at"`
	Answer Answer      `json:"answer"`
}

// Trouble is a run of failed checks without an answer between them.
type Trouble struct {
	Code   FailureCode `json:"code"`
	Detail string      `json:"detail,omitempty"`
	// Since is the first failure of the run, Count how many there were.
	Since time.Time `json:"since"`
	Count int       `json:"count"`
	// Lasting: it will not pass by waiting, and the watchers are to hear of it.
	Lasting bool `json:"lasting,omitempty"`
}

// EntryKind says what a history entry is about.
type EntryKind string

// The kinds of history entry.
const (
	// Changed: the status became another one.
	Changed EntryKind = "changed"
	// Unconfirmed: an answer was seen that waits for a second check.
	Unconfirmed EntryKind = "unconfirmed"
	// Withdrawn: the second check did not repeat it.
	Withdrawn EntryKind = "withdrawn"
	// Reworded: same status in other words; written at most once a day.
	Reworded EntryKind = "reworded"
	// Gone: the portal no longer shows a decided application.
	Gone EntryKind = "gone"
)

// Entry is one line of an application's history. Entries are only ever added.
type Entry struct {
	At     time.Time   `json:"at"`
	Kind   EntryKind   `json:"kind"`
	From   visa.Status `json:"from,omitempty"`
	To     visa.Status `json:"to,omitempty"`
	Answer Answer      `json:"answer,omitzero"`
}

// Errors that callers decide on.
var (
	// ErrNotFound: there is no application with this ID, or its owner does not watch it.
	ErrNotFound = errors.New("no such application")
	// ErrDuplicate: the reference is being watched already.
	ErrDuplicate = errors.New("this reference is being watched already")
)

// DuplicateError wraps ErrDuplicate and names the application that stands.
type DuplicateError struct{ ID ID }

// Error names the other application by its ID only.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%v (application %s)", ErrDuplicate, e.ID)
}

// Unwrap returns ErrDuplicate.
func (e *DuplicateError) Unwrap() error { return ErrDuplicate }
