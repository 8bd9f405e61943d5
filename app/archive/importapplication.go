package archive

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// maxText is the longest text of the portal that is taken in, in bytes.
const maxText = 64 << 10

// place says where an application of a batch stands in the archive.
type place struct {
	at, id string
	// watchers are the places of those who come with it.
	watchers []int
}

// application adds an application to the batch.
func (i *importer) application(ctx context.Context, at string, item []byte) error {
	var in Application
	if err := strict(item, &in); err != nil {
		return err
	}
	ref, err := visa.Parse(in.Reference)
	if err != nil {
		return err
	}
	ad := watch.Adoption{Reference: ref, AddedAt: in.AddedAt}
	if ad.State, err = in.State.adopted(i.now); err != nil {
		return err
	}
	if ad.History, err = adoptedHistory(in.History, i.now); err != nil {
		return err
	}
	if len(in.Watchers) == 0 || len(in.Watchers) > watch.MaxWatchers {
		return refusal(fmt.Sprintf("must have 1 to %d watchers", watch.MaxWatchers))
	}
	here := place{at: at, id: in.ID}
	for n, w := range in.Watchers {
		own, err := i.watcher(w)
		if err == nil && slices.ContainsFunc(ad.Watchers, func(o watch.Watcher) bool { return o.Owner == own.Owner }) {
			err = refusal("is of an owner who watches the application already")
		}
		if err != nil {
			i.report.Applications.Refused++
			i.report.refuse(fmt.Sprintf("%s.watchers[%d]", at, n), err)
			continue
		}
		ad.Watchers, here.watchers = append(ad.Watchers, own), append(here.watchers, n)
	}
	if len(ad.Watchers) == 0 {
		return nil // Each was refused.
	}
	i.batch, i.places = append(i.batch, ad), append(i.places, here)
	if len(i.batch) < batchSize {
		return nil
	}
	return i.flush(ctx)
}

// watcher returns a watcher as he is to be here.
func (i *importer) watcher(in Watcher) (watch.Watcher, error) {
	owner, ok := i.owners[in.Owner]
	if !ok {
		return watch.Watcher{}, errOwner
	}
	w := watch.Watcher{
		Owner: owner, Label: in.Label, Note: in.Note, Purpose: in.Purpose, Dates: visa.Dates(in.Dates), Paused: in.Paused, Muted: in.Muted, Archived: in.Archived, AddedAt: in.AddedAt, Told: in.Told,
	}
	if in.Interval != "" {
		every, err := time.ParseDuration(in.Interval)
		if err != nil {
			return watch.Watcher{}, &watch.InputError{Field: "interval", Problem: "is no duration such as 90m"}
		}
		if w.Interval = every; every > 0 {
			w.Interval = max(every, i.MinInterval)
		}
	}
	if w.Told != "" && !w.Told.Valid() {
		return watch.Watcher{}, &watch.InputError{Field: "told", Problem: "is no status"}
	}
	if len(in.Channels) > watch.MaxChannels {
		return watch.Watcher{}, &watch.InputError{Field: "channels", Problem: fmt.Sprintf("are more than %d", watch.MaxChannels)}
	}
	for _, id := range in.Channels {
		// One that was refused stands in the report already.
		if c, ok := i.channels[id]; ok && c.Owner == owner && !slices.Contains(w.Channels, c.ID) {
			w.Channels = append(w.Channels, c.ID)
		}
	}
	return w, w.Validate(i.MinInterval, i.now)
}

// flush takes in the batch.
func (i *importer) flush(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	done, err := i.Applications.Adopt(ctx, i.batch, i.DryRun)
	if err != nil {
		return err
	}
	for n, d := range done {
		here := i.places[n]
		for k, fate := range d.Fates {
			i.report.Applications.fated(fate)
			if fate == watch.FateFull {
				i.report.refuse(fmt.Sprintf("%s.watchers[%d]", here.at, here.watchers[k]), watch.ErrFull)
				continue
			}
			i.applications[linkKey(i.batch[n].Watchers[k].Owner, here.id)] = d.Application.ID
		}
	}
	i.batch, i.places = i.batch[:0], i.places[:0]
	return nil
}

// linkKey is by what an application is found that the owner watches here and that
// has this ID in the archive.
func linkKey(owner account.Owner, id string) string { return string(owner) + "\n" + id }

// adopted returns a state as it may be taken in.
func (s State) adopted(now time.Time) (watch.State, error) {
	if s.Status != "" && !s.Status.Valid() || s.Valid != "" && (!s.Valid.Valid() || s.Valid == visa.Unknown) || s.Status == "" && s.Valid != "" {
		return watch.State{}, refusal("state: has a status that there is not")
	}
	if s.Status != "" && s.Status != visa.Unknown && s.Valid != s.Status {
		return watch.State{}, refusal("state: says two things of the status")
	}
	if err := s.Answer.check(); err != nil {
		return watch.State{}, err
	}
	if s.Status == "" {
		return watch.State{}, nil
	}
	past := func(t time.Time) time.Time {
		if t.After(now) {
			return now.UTC()
		}
		return t.UTC()
	}
	return watch.State{
		Status: s.Status, Valid: s.Valid, Since: past(s.Since), ChangedAt: past(s.ChangedAt), CheckedAt: past(s.CheckedAt),
		AnsweredAt: past(s.AnsweredAt), GoneAt: past(s.GoneAt), Answer: watch.Answer(s.Answer),
	}, nil
}

// adoptedHistory returns entries as they may be taken in. None is later than now:
// whoever comes to watch the application later sees what is later than that.
func adoptedHistory(entries []Entry, now time.Time) ([]watch.Entry, error) {
	if len(entries) > maxHistory {
		return nil, refusal(fmt.Sprintf("history: has more than %d entries", maxHistory))
	}
	var out []watch.Entry
	for n, e := range entries {
		known := slices.Contains([]watch.EntryKind{watch.Changed, watch.Unconfirmed, watch.Withdrawn, watch.Reworded, watch.Gone}, e.Kind)
		if !known || e.From != "" && !e.From.Valid() || e.To != "" && !e.To.Valid() || e.At.IsZero() {
			return nil, refusal(fmt.Sprintf("history[%d]: has a kind, status or time that there is not", n))
		}
		if err := e.Answer.check(); err != nil {
			return nil, fmt.Errorf("history[%d]: %w", n, err)
		}
		if e.At.After(now) {
			e.At = now
		}
		out = append(out, watch.Entry{At: e.At.UTC(), Kind: e.Kind, From: e.From, To: e.To, Answer: watch.Answer(e.Answer)})
	}
	return out, nil
}

// check refuses what no portal says. Links are shown to people to be followed.
func (a Answer) check() error {
	for _, text := range []string{a.Text, a.Alert, a.Link, a.State, a.Language} {
		if len(text) > maxText {
			return refusal("answer: has a text that is too long")
		}
	}
	if a.Link == "" {
		return nil
	}
	if u, err := url.Parse(a.Link); err != nil || u.Scheme != "https" || u.Host == "" {
		return refusal("answer: has a link that does not begin with https://")
	}
	return nil
}
