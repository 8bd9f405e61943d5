package watch

import (
	"cmp"
	"slices"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

// Letter is what one watcher is to be told, and through which channels.
type Letter struct {
	Channels     []string
	Notification alert.Notification
}

// tell says what each watcher is to be told now that the state of a is s, and
// returns the watchers as they are then. A watcher hears of a status when it is
// another one than he was last told, so that whoever joins late, or was paused,
// misses nothing and hears nothing twice. answered: the check brought an answer.
func tell(a Application, s State, answered bool, now time.Time) (watchers []Watcher, letters []Letter) {
	watchers = slices.Clone(a.Watchers)
	for i := range watchers {
		w := &watchers[i]
		if w.Resting() {
			continue
		}
		n := w.news(s, answered, now)
		if n == nil || w.Muted {
			continue
		}
		n.ApplicationID, n.Label, n.Reference = string(a.ID), w.Label, a.Reference
		letters = append(letters, Letter{Channels: w.Channels, Notification: *n})
	}
	return watchers, letters
}

// news returns what w does not know yet of s, nil if there is nothing, and
// remembers that he does now.
func (w *Watcher) news(s State, answered bool, now time.Time) *alert.Notification {
	warned, lasting := w.Warned, s.Trouble != nil && s.Trouble.Lasting
	w.Warned = lasting
	switch {
	case answered && s.Status != "" && s.Status != w.Told:
		from := cmp.Or(w.Told, w.Knew)
		w.Told, w.Knew = s.Status, ""
		if s.Status == from {
			return nil // An archive has brought what he knew.
		}
		return statusNews(from, s, w.AddedAt, now)
	case lasting && !warned:
		return &alert.Notification{Kind: alert.CannotCheck, Detail: string(s.Trouble.Code), At: now}
	case warned && !lasting:
		return &alert.Notification{Kind: alert.CannotCheck, Resolved: true, At: now}
	}
	return nil
}

// statusNews tells the status of s to a watcher who was last told from. When it
// was seen before he came is not his to know.
func statusNews(from visa.Status, s State, added, now time.Time) *alert.Notification {
	n := &alert.Notification{Kind: alert.StatusChanged, From: from, To: s.Status, Text: s.Answer.Text, Link: s.Answer.Link, At: s.Since}
	if from == "" {
		n.Kind = alert.FirstAnswer
	}
	if s.Since.Before(added) {
		n.At = now
	}
	return n
}
