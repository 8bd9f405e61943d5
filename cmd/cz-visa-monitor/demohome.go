package main

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// home is what the demo opens onto, while it is furnished.
type home struct {
	a      *appliance
	now    time.Time
	user   account.User
	owners map[whose]account.Owner
	// channels are those that hear of what somebody watches.
	channels map[whose][]string
	dead     string
	lives    []*life
}

// fillDemo furnishes the demo, and returns the passwords of its users by their names.
func fillDemo(ctx context.Context, a *appliance, replica *portaltest.Replica, inboxURL string) (passwords map[string]string, err error) {
	h := &home{a: a, now: time.Now().In(a.cfg.timezone)}
	passwords, err = h.addUsers(account.As(ctx, account.CommandLine()))
	if err != nil {
		return nil, err
	}
	ctx = account.As(ctx, account.Principal{User: h.user, Via: account.BySession, Scope: account.ScopeAdmin})
	for _, furnish := range []func(context.Context) error{
		h.addGroups,
		func(ctx context.Context) error { return h.addChannels(ctx, inboxURL) },
		h.addApplications,
		h.addPeople,
		h.raiseDead,
		a.store.ConfirmRecovery, // There is nothing to print a sheet for.
	} {
		if err := furnish(ctx); err != nil {
			return nil, err
		}
	}
	for _, l := range h.lives {
		answers := make([]portaltest.Answer, len(l.story))
		for i, outcome := range l.story {
			answers[i] = portaltest.Answer{Outcome: outcome}
		}
		replica.Script(l.ref.String(), answers...)
	}
	return passwords, nil
}

func (h *home) addUsers(ctx context.Context) (passwords map[string]string, err error) {
	passwords = make(map[string]string)
	for _, one := range []struct {
		name string
		role account.Role
	}{{demoUser, account.Admin}, {demoViewer, account.Viewer}} {
		passwords[one.name] = strings.ToLower(rand.Text()[:12])
		u, err := h.a.accounts.AddUser(ctx, account.NewUser{Name: one.name, Password: passwords[one.name]}, one.role)
		if err != nil {
			return nil, err
		}
		if one.role == account.Admin {
			h.user = u
		}
	}
	return passwords, nil
}

func (h *home) addGroups(ctx context.Context) error {
	h.owners = map[whose]account.Owner{mine: account.OfUser(h.user.ID)}
	for _, one := range []struct {
		whose whose
		name  string
		kind  account.GroupKind
	}{{theFamilys, "The Quetzal family", account.Family}, {theFirms, "Example Bakery", account.Firm}} {
		g, err := h.a.accounts.AddGroup(ctx, one.name, one.kind)
		if err != nil {
			return err
		}
		h.owners[one.whose] = account.OfGroup(g.ID)
		if one.kind != account.Family {
			continue
		}
		if _, err := h.a.accounts.AddMember(ctx, g.ID, demoViewer, account.Read); err != nil {
			return err
		}
	}
	return nil
}

// addChannels makes a phone for everybody, of which the family's is quiet at
// night, and a server of the firm's that nobody reaches.
func (h *home) addChannels(ctx context.Context, inboxURL string) error {
	h.channels = make(map[whose][]string)
	for _, one := range []struct {
		whose whose
		c     alert.Channel
	}{
		{mine, alert.Channel{Name: "Demo phone", Privacy: alert.Full, Operator: true, Fields: map[string]string{"server": inboxURL, "topic": demoTopic}}},
		{theFamilys, alert.Channel{
			Name: "Family phone", Privacy: alert.Full, Quiet: alert.Quiet{From: "22:00", To: "07:00", Decisions: true},
			Fields: map[string]string{"server": inboxURL, "topic": demoTopic},
		}},
		{theFirms, alert.Channel{Name: "Office phone", Privacy: alert.Masked, Fields: map[string]string{"server": inboxURL, "topic": demoTopic}}},
		{theFirms, alert.Channel{Name: "Old office server", Privacy: alert.Masked, Fields: map[string]string{"server": "http://127.0.0.1:9", "topic": demoTopic}}},
	} {
		c := one.c
		c.ID, c.Owner, c.Kind, c.Language, c.CreatedAt = account.NewID(h.now), h.owners[one.whose], "ntfy", "en", h.now
		if err := h.a.store.AddChannel(ctx, c); err != nil {
			return err
		}
		h.channels[one.whose] = append(h.channels[one.whose], c.ID)
		h.dead = c.ID // The last one.
	}
	return nil
}

func (h *home) addApplications(ctx context.Context) error {
	p := newPast(h.a.store, h.now, h.dead)
	for _, s := range samples() {
		l, err := p.begin(ctx, s, h.owners[s.whose], h.channels[s.whose])
		if err != nil {
			return err
		}
		h.lives = append(h.lives, l)
	}
	if err := p.play(ctx, h.lives); err != nil {
		return err
	}
	for _, l := range h.lives {
		if err := p.end(ctx, l, h.user.ID); err != nil {
			return err
		}
	}
	return nil
}

// demoDocument is a travel document of somebody in the demo, which expires in
// that many days.
type demoDocument struct {
	kind    dossier.Kind
	expires int
}

// demoPerson is somebody whose application is in the demo.
type demoPerson struct {
	name, nationality string
	born              civil.Date
	documents         []demoDocument
}

// demoPeople are those whose documents are kept, by the name in samples.
func demoPeople() map[string]demoPerson {
	born := func(year int, month time.Month, day int) civil.Date {
		d, _ := civil.NewDate(year, month, day)
		return d
	}
	return map[string]demoPerson{
		"Jana":   {"Jana Example", "XXA", born(2004, 5, 17), []demoDocument{{dossier.Passport, 24}, {dossier.Insurance, 210}}},
		"Oksana": {"Oksana Example", "UKR", born(1989, 2, 3), []demoDocument{{dossier.Passport, 900}, {dossier.ResidenceCard, 61}}},
		"Minh":   {"Minh Example", "VNM", born(1992, 11, 30), []demoDocument{{dossier.Passport, 1500}}},
		"Carlos": {"Carlos Quetzal", "MEX", born(1985, 7, 9), []demoDocument{{dossier.Passport, 640}, {dossier.Visa, 150}}},
		"Elena":  {"Elena Quetzal", "MEX", born(1987, 1, 21), []demoDocument{{dossier.Passport, 1100}, {dossier.ResidenceCard, 3640}}},
		"Sofia":  {"Sofia Quetzal", "MEX", born(2012, 9, 2), []demoDocument{{dossier.Passport, 400}}},
		"Mateo":  {"Mateo Quetzal", "MEX", born(2006, 4, 14), []demoDocument{{dossier.Passport, 1300}}},
		"Lucia":  {"Lucia Quetzal", "MEX", born(1959, 12, 5), []demoDocument{{dossier.Passport, 80}}},
		"Arjun":  {"Arjun Example", "IND", born(1995, 3, 28), []demoDocument{{dossier.Passport, 2000}}},
		"Priya":  {"Priya Example", "IND", born(1998, 8, 11), []demoDocument{{dossier.Passport, 2400}, {dossier.ResidenceCard, 690}}},
	}
}

// addPeople makes those of demoPeople, each with the application, and for its owner.
func (h *home) addPeople(ctx context.Context) error {
	people, today := demoPeople(), civil.DateOf(h.now)
	for _, l := range h.lives {
		one, ok := people[l.person]
		if !ok {
			continue
		}
		wish := dossier.Person{
			Owner: h.owners[l.whose], Name: one.name, Nationality: one.nationality, BirthDate: one.born,
			Applications: []string{string(l.id)},
		}
		for _, d := range one.documents {
			wish.Documents = append(wish.Documents, dossier.TravelDocument{
				Kind: d.kind, Number: "TEST" + rand.Text()[:6], Country: one.nationality, Expires: today + civil.Date(d.expires),
			})
		}
		person, err := dossier.NewPerson(wish, h.now)
		if err != nil {
			return err
		}
		if err := h.a.store.AddPerson(ctx, person); err != nil {
			return err
		}
	}
	return nil
}

// raiseDead tells whoever runs the demo of the channel that reaches nobody.
func (h *home) raiseDead(ctx context.Context) error {
	c, err := h.a.store.Channel(ctx, h.dead)
	if err != nil {
		return err
	}
	_, err = h.a.store.Raise(ctx, alert.ChannelDeadKey(c.ID), alert.Notification{
		Kind: alert.ChannelDead, Subject: c.Name, Detail: deadError, Since: h.now.AddDate(0, 0, -50), At: h.now,
	}, c.ID)
	return err
}
