package boltstore

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// secret is what the labels and texts of furnish say; nothing else has it.
const secret = "Quetzalcoatl"

// sourceNotice is the key of the notice of furnish about a source.
const sourceNotice = string(alert.NothingChecked) + ":replica"

// furnish puts something into every bucket, with n applications.
func furnish(t testing.TB, s *Store, n int) {
	t.Helper()
	phone := addChannel(t, s, alert.Channel{ID: strings.Repeat("c", watch.IDLen), Owner: jana, Name: secret, Operator: true, CreatedAt: time.Now()})
	for i := range n {
		a := addApplication(t, s, watch.Application{
			Reference: reference(t, fmt.Sprintf("ZZZZ20260105%04d", 9001+i)),
			Watchers:  []watch.Watcher{{Owner: jana, Label: secret, Note: secret, Channels: []string{phone.ID}}},
		})
		for _, status := range []visa.Status{visa.InProgress, visa.Granted} {
			if _, err := s.Record(t.Context(), a.ID, changing(status, time.Now())); err != nil {
				t.Fatal(err)
			}
		}
	}
	token, _ := account.NewToken(strings.TrimPrefix(string(jana), "user:"), secret, account.ScopeAdmin, 0, time.Now())
	dead := alert.Notification{Kind: alert.ChannelDead, Subject: secret}
	_, err := s.Raise(t.Context(), alert.ChannelDeadKey(phone.ID), dead, "")
	_, err2 := s.Raise(t.Context(), sourceNotice, alert.Notification{Kind: alert.NothingChecked, Subject: "replica"}, "")
	err = errors.Join(err, err2, furnishAccounts(t, s), s.AddToken(t.Context(), token), s.PutSource(t.Context(), "replica", throttled(), true))
	if err != nil {
		t.Fatal(err)
	}
	furnishShare(t, s)
}

// furnishShare adds a link of jana to an application of hers.
func furnishShare(t testing.TB, s *Store) {
	t.Helper()
	now, by := time.Now(), strings.TrimPrefix(string(jana), "user:")
	var app watch.ID
	err := s.Applications(t.Context(), []account.Owner{jana}, "", func(a watch.Application) bool { app = a.ID; return false })
	if app == "" {
		return // There is none, as in a store of people alone.
	}
	sh, _ := watch.NewShare(watch.Share{Application: app, Owner: jana, By: by}, time.Hour, now)
	if err := errors.Join(err, s.AddShare(t.Context(), sh)); err != nil {
		t.Fatal(err)
	}
}

// furnishAccounts puts something into the buckets of accounts and people.
func furnishAccounts(t testing.TB, s *Store) error {
	t.Helper()
	now, id := time.Now(), strings.TrimPrefix(string(jana), "user:")
	ctx := account.As(t.Context(), account.CommandLine())
	u := account.User{
		ID: id, Name: secret, Role: account.Admin, External: "https://id.example.com\n" + secret, CreatedAt: now,
		Second: &account.SecondFactor{Secret: secret},
	}
	session, _ := account.NewSession(id, now)
	session.Agent = secret
	invitation := account.Invitation{ID: account.NewID(now), Hash: account.HashSecret("one"), Role: account.Member, By: id, ExpiresAt: now.Add(time.Hour)}
	person, err := dossier.NewPerson(dossier.Person{
		Owner: jana, Name: secret, Documents: []dossier.TravelDocument{{Kind: dossier.Passport, Number: secret, Expires: civil.DateOf(now.AddDate(1, 0, 0))}},
	}, now)
	return errors.Join(err,
		s.AddUser(ctx, u, account.Also{Action: account.UserAdded, Begin: &session}),
		s.AddGroup(ctx, account.Group{ID: account.NewID(now), Name: secret, Kind: account.Family, Members: []account.Membership{{User: id, Right: account.Own}}}),
		s.AddInvitation(ctx, invitation),
		s.AddPerson(ctx, person))
}

// usable fails unless what is looked up by digests is found: the reference of
// the first application of furnish, and both notices.
func usable(t testing.TB, s *Store) {
	t.Helper()
	err := s.Add(t.Context(), watch.Application{ID: watch.NewID(time.Now()), Reference: reference(t, "ZZZZ202601059001")})
	if !errors.Is(err, watch.ErrDuplicate) {
		t.Errorf("the reference is not found: %v", err)
	}
	if u, err := s.UserByName(t.Context(), strings.ToUpper(secret)); err != nil || u.Name != secret {
		t.Errorf("the user is not found by his name: %v", err)
	}
	if u, err := s.UserByExternal(t.Context(), "https://id.example.com\n"+secret); err != nil || u.Name != secret {
		t.Errorf("the user is not found by his account elsewhere: %v", err)
	}
	if n, broken, err := s.VerifyAudit(t.Context()); err != nil || broken != 0 || n < 4 {
		t.Errorf("the audit trail has %d entries, the first broken is %d, %v", n, broken, err)
	}
	for key, kind := range map[string]alert.Kind{
		alert.ChannelDeadKey(strings.Repeat("c", watch.IDLen)): alert.ChannelDead, sourceNotice: alert.NothingChecked,
	} {
		if again, err := s.Raise(t.Context(), key, alert.Notification{Kind: kind}, ""); err != nil || again {
			t.Errorf("the notice %s is not found (%v)", kind, err)
		}
	}
}
