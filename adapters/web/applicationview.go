package web

import (
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// applicationView is an application as the API shows it. Times are UTC; what
// is not known is left out.
type applicationView struct {
	ID watch.ID `json:"id"`
	// Reference is the canonical form, Masked the one that may be shown around.
	Reference string    `json:"reference"`
	Masked    string    `json:"masked"`
	Kind      visa.Kind `json:"kind"`
	// Owner is the user or group through whom it is seen; what follows, down to
	// Dates, is how it is watched there. MayWrite says whether that may be changed.
	Owner    account.Owner `json:"owner"`
	MayWrite bool          `json:"may_write"`
	Label    string        `json:"label"`
	Note     string        `json:"note,omitempty"`
	// Channels are those that still exist.
	Channels []string `json:"channels"`
	// Interval is left out where the appliance's default holds.
	Interval string `json:"interval,omitempty"`
	Paused   bool   `json:"paused"`
	Muted    bool   `json:"muted"`
	Archived bool   `json:"archived"`
	// Unread: the status has changed since the user looked.
	Unread bool `json:"unread"`
	// Purpose and Dates are what the owner entered of the proceedings.
	Purpose visa.Purpose `json:"purpose,omitempty"`
	Dates   visa.Dates   `json:"dates,omitzero"`

	Status visa.Status `json:"status,omitempty"`
	// Valid is the last status that was not unknown.
	Valid visa.Status `json:"valid,omitempty"`
	Since time.Time   `json:"since,omitzero"`
	Text  string      `json:"text,omitempty"`
	// Language is that of Text, such as cs.
	Language string       `json:"language,omitempty"`
	Link     string       `json:"link,omitempty"`
	Pending  *pendingView `json:"pending,omitempty"`
	Trouble  *troubleView `json:"trouble,omitempty"`

	CheckedAt   time.Time `json:"checked_at,omitzero"`
	AnsweredAt  time.Time `json:"answered_at,omitzero"`
	NextCheckAt time.Time `json:"next_check_at,omitzero"`
	GoneAt      time.Time `json:"gone_at,omitzero"`
	AddedAt     time.Time `json:"added_at"`
	Revision    uint64    `json:"revision"`
}

// pendingView is a status that waits for a second check.
type pendingView struct {
	Status visa.Status `json:"status"`
	SeenAt time.Time   `json:"seen_at"`
}

// troubleView is why there is no newer answer.
type troubleView struct {
	Code watch.FailureCode `json:"code"`
	// Sentence says the same to people, Detail more to the operator.
	Sentence string    `json:"sentence"`
	Detail   string    `json:"detail,omitempty"`
	Since    time.Time `json:"since"`
	Count    int       `json:"count"`
}

// applicationsView is a page of the list; Next, if there is more, is what to
// give as after.
type applicationsView struct {
	Applications []applicationView `json:"applications"`
	Next         watch.ID          `json:"next,omitempty"`
	// Total is how many there are on all pages.
	Total int `json:"total"`
}

type historyView struct {
	Entries []entryView `json:"entries"`
}

type entryView struct {
	At   time.Time       `json:"at"`
	Kind watch.EntryKind `json:"kind"`
	From visa.Status     `json:"from,omitempty"`
	To   visa.Status     `json:"to,omitempty"`
	Text string          `json:"text,omitempty"`
	// Language is that of Text, such as cs.
	Language string `json:"language,omitempty"`
	Link     string `json:"link,omitempty"`
}

type checksView struct {
	Checks []checkView `json:"checks"`
}

// checkView is one of the last checks: a status, or why there is none.
type checkView struct {
	At time.Time `json:"at"`
	// Took is a duration as Go writes it.
	Took    string            `json:"took"`
	Status  visa.Status       `json:"status,omitempty"`
	Failure watch.FailureCode `json:"failure,omitempty"`
	// Sentence says to people why there is no status.
	Sentence string `json:"sentence,omitempty"`
}

func (s *Server) viewCheck(c watch.Check) checkView {
	v := checkView{At: c.At.UTC(), Took: c.Took.String(), Status: c.Status, Failure: c.Failure}
	if c.Failure != "" {
		v.Sentence = s.failure(c.Failure)
	}
	return v
}

// viewAll shows every item of a list; the list is never null.
func viewAll[T, V any](items []T, view func(T) V) []V {
	views := make([]V, len(items))
	for i, item := range items {
		views[i] = view(item)
	}
	return views
}

func viewEntry(e watch.Entry) entryView {
	return entryView{At: e.At.UTC(), Kind: e.Kind, From: e.From, To: e.To, Text: e.Answer.Text, Language: e.Answer.Language, Link: e.Answer.Link}
}

// viewApplication shows to p what his seat shows. A deleted channel stays in the
// store until the next edit, so that deleting one need not touch thousands of
// applications.
func (s *Server) viewApplication(p account.Principal, seat seat, standing map[string]account.Owner) applicationView {
	a, w := seat.app, seat.watcher
	st := w.Shown(a.State)
	v := applicationView{
		ID: a.ID, Reference: a.Reference.String(), Masked: a.Reference.Masked(), Kind: a.Reference.Kind(),
		Owner: w.Owner, MayWrite: p.MayWrite(w.Owner), Label: w.Label, Note: w.Note,
		Channels: standingOf(w, standing), Paused: w.Paused, Muted: w.Muted, Archived: w.Archived,
		Purpose: w.Purpose, Dates: w.Dates, Unread: w.Told != "" && a.Unread(p.User.ID),
		Status: st.Status, Valid: st.Valid, Since: st.Since.UTC(),
		Text: st.Answer.Text, Language: st.Answer.Language, Link: st.Answer.Link,
		CheckedAt: st.CheckedAt.UTC(), AnsweredAt: st.AnsweredAt.UTC(), NextCheckAt: st.NextCheckAt.UTC(),
		GoneAt: st.GoneAt.UTC(), AddedAt: w.AddedAt.UTC(), Revision: a.Revision,
	}
	if w.Interval != 0 {
		v.Interval = w.Interval.String()
	}
	if w.Resting() {
		v.NextCheckAt = time.Time{}
	}
	if p := st.Pending; p != nil {
		v.Pending = &pendingView{Status: p.Status, SeenAt: p.SeenAt.UTC()}
	}
	if t := st.Trouble; t != nil {
		v.Trouble = &troubleView{Code: t.Code, Sentence: s.failure(t.Code), Detail: t.Detail, Since: t.Since.UTC(), Count: t.Count}
	}
	return v
}

// failure puts a failure code into words.
func (s *Server) failure(code watch.FailureCode) string {
	return s.words.Text("failure." + string(code))
}

// application answers with a as owner sees it.
func (s *Server) application(c echo.Context, status int, a watch.Application, owner account.Owner, standing map[string]account.Owner) error {
	p := principal(c)
	st, ok := seatOf(p, a, owner)
	if !ok {
		return watch.ErrNotFound
	}
	is, err := versionOf(st, standing)
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", is.tag())
	return c.JSON(status, s.viewApplication(p, st, standing))
}
