package archive

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// owners returns whose things are in the scope, users before groups.
func (e *Exporter) owners(ctx context.Context, s Scope) ([]Owner, error) {
	if s.Owner != "" {
		return e.oneOwner(ctx, s.Owner)
	}
	users, err := e.cfg.Accounts.Users(ctx)
	if err != nil {
		return nil, err
	}
	var out []Owner
	first, exists, err := e.cfg.Accounts.FirstUser(ctx)
	if err != nil {
		return nil, err
	}
	if !exists {
		out = append(out, Owner{ID: account.OfUser(first)})
	}
	names, seen := make(map[string]string, len(users)), make(map[string]bool)
	for _, u := range users {
		out = append(out, userOf(u))
		names[u.ID] = u.Name
	}
	for _, u := range users {
		groups, err := e.cfg.Accounts.GroupsOf(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			if !seen[g.ID] {
				out = append(out, groupOf(g, names))
			}
			seen[g.ID] = true
		}
	}
	return out, nil
}

func (e *Exporter) oneOwner(ctx context.Context, o account.Owner) ([]Owner, error) {
	if id, ok := o.User(); ok {
		u, err := e.cfg.Accounts.User(ctx, id)
		if err != nil {
			return nil, err
		}
		return []Owner{userOf(u)}, nil
	}
	id, ok := o.Group()
	if !ok {
		return nil, account.ErrNoUser
	}
	g, err := e.cfg.Accounts.Group(ctx, id)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(g.Members))
	for _, m := range g.Members {
		u, err := e.cfg.Accounts.User(ctx, m.User)
		if err != nil && !errors.Is(err, account.ErrNoUser) {
			return nil, err
		}
		names[m.User] = u.Name
	}
	return []Owner{groupOf(g, names)}, nil
}

func userOf(u account.User) Owner {
	return Owner{ID: account.OfUser(u.ID), Name: u.Name, Role: u.Role, Language: u.Language, Theme: u.Theme, CreatedAt: u.CreatedAt.UTC()}
}

// groupOf returns a group with those of its members whose names are known.
func groupOf(g account.Group, names map[string]string) Owner {
	o := Owner{ID: account.OfGroup(g.ID), Name: g.Name, Kind: g.Kind, CreatedAt: g.CreatedAt.UTC()}
	for _, m := range g.Members {
		if name := names[m.User]; name != "" {
			o.Members = append(o.Members, Member{Name: name, Right: m.Right})
		}
	}
	return o
}

// applicationOf returns an application as owner may know it, or whole where owner
// is "". entries are the newest first.
func applicationOf(a watch.Application, entries []watch.Entry, owner account.Owner) Application {
	out := Application{ID: string(a.ID), Reference: a.Reference.String(), Kind: a.Reference.Kind(), AddedAt: a.AddedAt.UTC()}
	state := a.State
	for _, w := range a.Watchers {
		if owner == "" {
			out.Watchers = append(out.Watchers, watcherOf(w))
			continue
		}
		if w.Owner != owner {
			continue
		}
		out.Watchers, out.AddedAt, state = []Watcher{watcherOf(w)}, w.AddedAt.UTC(), w.Shown(a.State)
		entries = w.ShownHistory(entries)
	}
	out.State = stateOf(state)
	for _, e := range slices.Backward(entries) {
		out.History = append(out.History, Entry{At: e.At.UTC(), Kind: e.Kind, From: e.From, To: e.To, Answer: Answer(e.Answer)})
	}
	return out
}

func watcherOf(w watch.Watcher) Watcher {
	out := Watcher{
		Owner: w.Owner, Label: w.Label, Note: w.Note, Purpose: w.Purpose, Dates: Dates(w.Dates), Channels: w.Channels, Paused: w.Paused, Muted: w.Muted, Archived: w.Archived,
		AddedAt: w.AddedAt.UTC(), Told: w.Told,
	}
	if w.Interval != 0 {
		out.Interval = w.Interval.String()
	}
	return out
}

func stateOf(s watch.State) State {
	utc := func(t time.Time) time.Time { return t.UTC() }
	return State{
		Status: s.Status, Valid: s.Valid, Since: utc(s.Since), ChangedAt: utc(s.ChangedAt), CheckedAt: utc(s.CheckedAt),
		AnsweredAt: utc(s.AnsweredAt), GoneAt: utc(s.GoneAt), Answer: Answer(s.Answer),
	}
}

func personOf(p dossier.Person) Person {
	out := Person{
		Owner: p.Owner, Name: p.Name, BirthDate: p.BirthDate, Nationality: p.Nationality, Note: p.Note,
		Applications: p.Applications, CreatedAt: p.CreatedAt.UTC(),
	}
	for _, d := range p.Documents {
		out.Documents = append(out.Documents, Document{Kind: d.Kind, Number: d.Number, Country: d.Country, Issued: d.Issued, Expires: d.Expires})
	}
	return out
}

func deliveryOf(d alert.Delivery) Delivery {
	n := d.Notification
	return Delivery{
		Owner: d.Owner, Channel: d.ChannelID, Application: n.ApplicationID, Kind: n.Kind, State: d.State, From: n.From, To: n.To,
		Document: n.Document, Expires: n.Expires, CreatedAt: d.CreatedAt.UTC(), SettledAt: d.SettledAt.UTC(),
		Attempts: d.Attempts, LastError: strings.ToValidUTF8(d.LastError, "?"),
	}
}
