package main

import (
	"context"
	"slices"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/portal"
	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// The times of the demo's past and of the moment when it begins.
const (
	// pastConfirm is the wait before a second check, as by default.
	pastConfirm = 3 * time.Minute
	// sinceSeen is how long a decision has been waiting to be confirmed when the
	// demo begins; confirmIn is how long it goes on waiting, so that it can be seen.
	sinceSeen = time.Minute
	confirmIn = 2 * time.Minute
)

// deadError is why one of the channels reaches nobody.
const deadError = "the connection was refused; check that the server runs and that the port is right"

// life is the past of a sample, as far as it has been written.
type life struct {
	sample
	ref      visa.Reference
	id       watch.ID
	channels []string
	// next is when the next check of the past is due; the zero time for no more.
	next time.Time
}

// past writes into the store what happened before the demo began. Each check of
// the past is decided on by the rules of the engine, at the time it would have
// been made, and recorded as the engine records one.
type past struct {
	store *boltstore.Store
	now   time.Time
	rules watch.Rules
	// dead is the channel that has reached nobody.
	dead string
}

func newPast(store *boltstore.Store, now time.Time, dead string) past {
	day := 24 * time.Hour
	return past{store: store, now: now, dead: dead, rules: watch.Rules{Interval: day, MinInterval: time.Hour, ConfirmAfter: pastConfirm}}
}

// began is when the portal has shown a chapter first.
func (p past) began(c chapter) time.Time {
	if c.days == 0 {
		return p.now.Add(-sinceSeen)
	}
	day := p.now.AddDate(0, 0, -c.days)
	return time.Date(day.Year(), day.Month(), day.Day(), 9+c.days%7, c.days%60, 0, 0, day.Location()) // When offices are open.
}

// begin has the application of a sample watched since its first chapter.
func (p past) begin(ctx context.Context, s sample, owner account.Owner, channels []string) (*life, error) {
	ref, err := s.reference(p.now)
	if err != nil {
		return nil, err
	}
	since := p.now
	if len(s.past) > 0 {
		since = p.began(s.past[0])
	}
	l := &life{sample: s, ref: ref, id: watch.NewID(since), channels: channels, next: since}
	return l, p.store.Add(ctx, watch.Application{
		ID: l.id, Reference: ref, AddedAt: since, State: watch.State{NextCheckAt: since},
		Watchers: []watch.Watcher{{
			Owner: owner, Label: s.label, Note: s.note, Purpose: s.purpose, Channels: channels, AddedAt: since, Muted: s.muted,
		}},
	})
}

// play makes the checks of all lives, in the order of their times, until now.
func (p past) play(ctx context.Context, lives []*life) error {
	answered := time.Time{}
	for {
		first := (*life)(nil)
		for _, l := range lives {
			if len(l.past) > 0 && !l.next.IsZero() && l.next.Before(p.now) && (first == nil || l.next.Before(first.next)) {
				first = l
			}
		}
		if first == nil {
			return p.store.PutSource(ctx, portal.All()[0].Name, watch.SourceState{AnsweredAt: answered}, true)
		}
		if p.outcome(first, first.next).Result != nil {
			answered = first.next
		}
		if err := p.check(ctx, first); err != nil {
			return err
		}
	}
}

// check makes one check of the past and plans the next one: when the rules want
// it, but not later than something new is shown.
func (p past) check(ctx context.Context, l *life) error {
	at, changed := l.next, false
	_, err := p.store.Record(ctx, l.id, func(a watch.Application) watch.Decision {
		d := p.rules.Decide(a, p.outcome(l, at), at)
		changed = d.Changed()
		l.next = time.Time{}
		if d.Wait > 0 {
			l.next = at.Add(d.Wait)
		}
		for _, c := range l.past {
			if began := p.began(c); began.After(at) && (l.next.IsZero() || began.Before(l.next)) {
				l.next = began
				break
			}
		}
		d.State.NextCheckAt = l.next
		return d
	})
	if err != nil || !changed {
		return err
	}
	return p.settle(ctx, at)
}

// outcome is what a check of l brought at a time of the past.
func (p past) outcome(l *life, at time.Time) watch.Outcome {
	shown := l.past[0]
	for _, c := range l.past {
		if !p.began(c).After(at) {
			shown = c
		}
	}
	o := watch.Outcome{Attempts: 1, Took: 1700*time.Millisecond + time.Duration(at.Unix()%1900)*time.Millisecond, At: at}
	if shown.lacking {
		o.Failure = &watch.Failure{Code: watch.NotOffered, Detail: "the form does not offer this category"}
		return o
	}
	r := portaltest.Answer{Outcome: shown.outcome}.Read(l.ref.Identity())
	status := visa.Status(shown.outcome)
	if !status.Valid() {
		status = visa.Unknown
	}
	o.Result = &watch.Result{Status: status, Text: r.Text, Alert: r.Kind, Link: r.Link, State: r.State, Language: "en"}
	return o
}

// settle says what has become of the messages that a check of the past brought.
func (p past) settle(ctx context.Context, at time.Time) error {
	due, err := p.store.DueDeliveries(ctx, time.Now(), 100)
	if err != nil {
		return err
	}
	for i := range due {
		d := &due[i]
		d.State, d.CreatedAt, d.NextAttemptAt, d.Attempts = alert.Delivered, at, time.Time{}, 1
		d.SettledAt = at.Add(time.Second)
		if d.ChannelID == p.dead {
			d.State, d.Attempts, d.SettledAt = alert.DeadLetter, 15, at.Add(48*time.Hour)
			d.LastError = deadError
		}
	}
	if len(due) == 0 {
		return nil
	}
	return p.store.Settle(ctx, due...)
}

// end enters what people know by now, and has the portal asked again soon where
// something may follow.
func (p past) end(ctx context.Context, l *life, user string) error {
	_, err := p.store.Edit(ctx, l.id, func(a *watch.Application) error {
		w := &a.Watchers[0]
		w.Dates, w.Paused, w.Archived = l.dates(p.now), l.paused, l.archived
		if l.seen {
			a.Seen = map[string]time.Time{user: p.now}
		}
		switch wait := a.State.NextCheckAt.Sub(p.now); {
		case a.State.Pending != nil:
			a.State.NextCheckAt = p.now.Add(confirmIn)
		case !a.State.NextCheckAt.IsZero() && wait < p.rules.Interval && !slices.ContainsFunc(l.past, func(c chapter) bool { return c.lacking }):
			a.State.NextCheckAt = p.now
		}
		return nil
	})
	return err
}
