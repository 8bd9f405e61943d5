package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
)

// Watcher is a user or a group that follows an application: how it is called
// there, and who is told.
type Watcher struct {
	Owner account.Owner `json:"owner"`
	// Label is what the watcher calls the application, Note whatever else there
	// is to keep; personal data.
	Label string `json:"label,omitempty"`
	Note  string `json:"note,omitempty"`
	// Purpose is the kind of proceedings, Dates what the portal does not show:
	// both are the word of the watcher, and nobody else's.
	Purpose visa.Purpose `json:"purpose,omitempty"`
	Dates   visa.Dates   `json:"dates,omitzero"`
	// Channels are the IDs of the owner's channels that hear of changes.
	Channels []string `json:"channels,omitempty"`
	// Interval is the wish of the watcher; 0 takes the appliance's default. The
	// shortest wish holds.
	Interval time.Duration `json:"interval,omitempty"`
	// Paused watchers want no checks and are told nothing; what has changed
	// meanwhile is told when they go on.
	Paused bool `json:"paused,omitempty"`
	// Archived watchers are done with it: like Paused, and hidden from the list
	// unless it is asked for.
	Archived bool `json:"archived,omitempty"`
	// Muted watchers are told nothing, also not later.
	Muted   bool      `json:"muted,omitempty"`
	AddedAt time.Time `json:"added_at"`
	// Told is the last status told to the watcher, or passed over because of
	// Muted; "" before the first answer since AddedAt. Until then nothing is
	// shown that others may have brought to light.
	Told visa.Status `json:"told,omitempty"`
	// Knew is the status that the watcher knew when an archive brought him to an
	// application whose state is not his to know: it is no news to him.
	Knew visa.Status `json:"knew,omitempty"`
	// Warned: the watcher heard that this number cannot be checked.
	Warned bool `json:"warned,omitempty"`
}

// Watcher returns the watcher whose owner is o, nil if there is none.
func (a *Application) Watcher(o account.Owner) *Watcher {
	i := slices.IndexFunc(a.Watchers, func(w Watcher) bool { return w.Owner == o })
	if i < 0 {
		return nil
	}
	return &a.Watchers[i]
}

// Resting reports whether w wants no checks and is told nothing.
func (w Watcher) Resting() bool { return w.Paused || w.Archived }

// Paused reports whether nobody wants the application checked.
func (a Application) Paused() bool {
	return !slices.ContainsFunc(a.Watchers, func(w Watcher) bool { return !w.Resting() })
}

// Owners returns those to whom the application is shown.
func (a Application) Owners() []account.Owner {
	owners := make([]account.Owner, len(a.Watchers))
	for i, w := range a.Watchers {
		owners[i] = w.Owner
	}
	return owners
}

// Unread reports whether the status has changed since the user looked.
func (a Application) Unread(user string) bool {
	return !a.State.ChangedAt.IsZero() && a.State.ChangedAt.After(a.Seen[user])
}

// Shown returns what w may know of the state of an application: nothing that
// others brought to light before he came.
func (w Watcher) Shown(s State) State {
	later := func(t time.Time) time.Time {
		if !t.IsZero() && t.Before(w.AddedAt) {
			return w.AddedAt
		}
		return t
	}
	s.Asked = nil
	if s.Trouble != nil {
		t := *s.Trouble
		t.Since = later(t.Since)
		s.Trouble = &t
	}
	if w.Told == "" {
		shown := State{NextCheckAt: s.NextCheckAt, Trouble: s.Trouble}
		if s.Pending != nil && !s.Pending.SeenAt.Before(w.AddedAt) {
			shown.Pending, shown.CheckedAt, shown.AnsweredAt = s.Pending, s.CheckedAt, s.AnsweredAt
		}
		return shown
	}
	if s.Pending != nil {
		p := *s.Pending
		p.SeenAt = later(p.SeenAt)
		s.Pending = &p
	}
	s.Since, s.ChangedAt, s.GoneAt = later(s.Since), later(s.ChangedAt), later(s.GoneAt)
	return s
}

// ShownHistory returns those of entries that w may know of, like Shown.
func (w Watcher) ShownHistory(entries []Entry) (shown []Entry) {
	for _, e := range entries {
		if w.Told != "" && !e.At.Before(w.AddedAt) {
			shown = append(shown, e)
		}
	}
	return shown
}

// Clone returns a copy that shares nothing with a.
func (a Application) Clone() Application {
	a.Watchers, a.Seen = slices.Clone(a.Watchers), maps.Clone(a.Seen)
	for i := range a.Watchers {
		a.Watchers[i].Channels = slices.Clone(a.Watchers[i].Channels)
	}
	a.State.Asked = slices.Clone(a.State.Asked)
	if a.State.Pending != nil {
		p := *a.State.Pending
		a.State.Pending = &p
	}
	if a.State.Trouble != nil {
		t := *a.State.Trouble
		a.State.Trouble = &t
	}
	return a
}

// The bounds of what a person may give. Lengths are in characters.
const (
	MaxLabel    = 200
	MaxNote     = 4000
	MaxChannels = 20
	// MaxWatchers is how many may follow one application.
	MaxWatchers = 100
)

// InputError is a wish that cannot be granted as it stands.
type InputError struct {
	// Field is the name of the field as the API spells it.
	Field string
	// Code names the problem in a word: the catalogue has a text under
	// "problem.field_" and the code. "" where no page can meet it.
	Code string
	// Problem is an English sentence that says what to do.
	Problem string
}

// Error returns the field and the problem.
func (e *InputError) Error() string { return e.Field + ": " + e.Problem }

// Validate reports the first thing in w that cannot be, as an *InputError.
// least is the shortest interval allowed.
func (w Watcher) Validate(least time.Duration, now time.Time) error {
	switch {
	case !w.Owner.Valid():
		return &InputError{Field: "owner", Code: "owner", Problem: "is neither a user nor a group"}
	case utf8.RuneCountInString(w.Label) > MaxLabel:
		return &InputError{Field: "label", Code: "long", Problem: fmt.Sprintf("is longer than %d characters; shorten it", MaxLabel)}
	case strings.ContainsFunc(w.Label, control):
		return &InputError{Field: "label", Code: "line_break", Problem: "holds a control character or a line break; remove it"}
	case utf8.RuneCountInString(w.Note) > MaxNote:
		return &InputError{Field: "note", Code: "long", Problem: fmt.Sprintf("is longer than %d characters; shorten it", MaxNote)}
	case strings.ContainsFunc(w.Note, func(r rune) bool { return control(r) && r != '\n' && r != '\t' }):
		return &InputError{Field: "note", Code: "control", Problem: "holds a control character; remove it"}
	case len(w.Channels) > MaxChannels:
		return &InputError{Field: "channels", Code: "too_many", Problem: fmt.Sprintf("are more than %d", MaxChannels)}
	case w.Interval < 0 || w.Interval != 0 && w.Interval < least:
		return &InputError{Field: "interval", Code: "interval_short", Problem: fmt.Sprintf("is shorter than %s, the least this appliance allows", least)}
	case w.Interval > MaxInterval:
		return &InputError{Field: "interval", Code: "interval_long", Problem: fmt.Sprintf("is longer than %s", MaxInterval)}
	case w.Purpose != "" && !w.Purpose.Valid():
		return &InputError{Field: "purpose", Code: "choice", Problem: fmt.Sprintf("is none of %v", visa.AllPurposes())}
	}
	return checkDates(w.Dates, civil.DateOf(now.UTC()))
}

func control(r rune) bool { return r < ' ' || r == 0x7f }
