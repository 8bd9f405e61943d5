package boltstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// counted opens a store that counts the values which are opened.
func counted(t *testing.T) (*Store, *atomic.Int64) {
	t.Helper()
	dir, opened := t.TempDir(), new(atomic.Int64)
	s, err := Open(Config{Dir: dir, Keys: boxKeys{counting{opened: opened}}, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	return s, opened
}

// marking returns what is due today, and marks all thresholds of it as told.
func marking(p *dossier.Person) (told []alert.Notification) {
	for _, due := range dossier.Due(*p, civil.DateOf(time.Now())) {
		for i := range p.Documents {
			if p.Documents[i].ID == due.Document.ID {
				p.Documents[i].Reminded = dossier.Thresholds()
			}
		}
		told = append(told, alert.Notification{
			Kind: alert.DocumentExpires, PersonID: p.ID, DocumentID: due.Document.ID, Label: p.Name, Document: "passport", DaysLeft: due.Left,
		})
	}
	return told
}

// remindAll tells what is due today.
func remindAll(t *testing.T, s *Store) int {
	t.Helper()
	n, err := s.Remind(t.Context(), civil.DateOf(time.Now()), marking)
	if err != nil {
		t.Error(err)
	}
	return n
}

// TestRemindersOverAYear runs the real reminders on the real store for a year and
// more, with a restart of both every 40 days.
func TestRemindersOverAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone, err := time.LoadLocation("Europe/Prague")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		s := open(t, dir)
		me, family := someOwner(), account.OfGroup(account.NewID(time.Now()))
		for id, owner := range map[string]account.Owner{"mine": me, "mine too": me, "ours": family, "theirs": someOwner()} {
			addChannel(t, s, alert.Channel{ID: id, Owner: owner})
		}
		addChannel(t, s, alert.Channel{ID: "off", Owner: me, Paused: true})
		a := addPerson(t, s, person(t, me, 365, 60))
		b := addPerson(t, s, person(t, family, 365))
		shut(t, s, dir)
		wakes := 0
		for range 10 {
			s = open(t, dir)
			ctx, stop := context.WithTimeout(t.Context(), 40*24*time.Hour+5*time.Hour)
			r := dossier.New(dossier.Config{Store: s, Zone: zone, Wake: func() { wakes++ }, Logger: discard()})
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
			stop()
			shut(t, s, dir)
		}
		s = open(t, dir)
		// What is told of each document, through each channel.
		got := map[string]int{}
		all, err := s.Deliveries(t.Context(), "", 1000, anything)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			n := d.Notification
			got[fmt.Sprintf("%s %s %d", d.ChannelID, n.DocumentID, n.DaysLeft)]++
			if local := d.CreatedAt.In(zone); local.Hour() < 8 {
				t.Errorf("told at %s", local)
			}
		}
		want := map[string]int{}
		for _, left := range []int{180, 90, 30, 7, 0} {
			for _, channel := range []string{"mine", "mine too"} {
				want[fmt.Sprintf("%s %s %d", channel, a.Documents[0].ID, left)] = 1
				if left <= 30 {
					want[fmt.Sprintf("%s %s %d", channel, a.Documents[1].ID, left)] = 1
				}
			}
			want[fmt.Sprintf("ours %s %d", b.Documents[0].ID, left)] = 1
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("told -want +got\n%s", diff)
		}
		if wakes != 3+5 { // The 365 days of both end together.
			t.Errorf("woke the dispatcher %d times", wakes)
		}
		empty(t, s, bucketReminders)
	})
}

// TestRemindOpensOnlyWhatIsDue: and writes nothing where nothing is.
func TestRemindOpensOnlyWhatIsDue(t *testing.T) {
	t.Parallel()
	s, opened := counted(t)
	me := someOwner()
	addChannel(t, s, alert.Channel{ID: "phone", Owner: me})
	for range 50 {
		addPerson(t, s, person(t, me, 200, 500))
	}
	due := addPerson(t, s, person(t, me, 200, 30))
	gone := addPerson(t, s, person(t, me, 50))
	if n := keysIn(t, s, bucketReminders); n != 50*2+2+1 {
		t.Errorf("%d entries of reminders", n)
	}
	opened.Store(0)
	if n := remindAll(t, s); n != 1 || opened.Load() != 1+3 { // The channel, too: to find it, to see that it listens, to deliver.
		t.Errorf("%d were told, %d opened", n, opened.Load())
	}
	if p, err := s.Person(t.Context(), due.ID); err != nil || len(p.Documents[1].Reminded) != 5 || p.Revision != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	before := writes(t, s)
	opened.Store(0)
	if n := remindAll(t, s); n != 0 || opened.Load() != 0 {
		t.Errorf("%d were told again, %d opened", n, opened.Load())
	}
	// Whoever is asked may find that nothing is due after all.
	n, err := s.Remind(t.Context(), civil.DateOf(time.Now())+20, func(*dossier.Person) []alert.Notification { return nil })
	if n != 0 || err != nil || opened.Load() != 52 {
		t.Errorf("%d were told, %d opened, %v", n, opened.Load(), err)
	}
	if after := writes(t, s); after != before {
		t.Errorf("looks in vain have written %d times", after-before)
	}
	// The appliance was off until its document had expired: it is not opened again and again.
	n, err = s.Remind(t.Context(), gone.Documents[0].Expires+1, func(p *dossier.Person) []alert.Notification {
		if p.ID == gone.ID {
			t.Error("the expired document was looked at")
		}
		return nil
	})
	if n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// writes returns how many transactions have written to the file so far.
func writes(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.view(func(tx *bbolt.Tx) error {
		n = tx.ID()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRemindIsOneTransaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	me := someOwner()
	addChannel(t, s, alert.Channel{ID: "phone", Owner: me})
	p := addPerson(t, s, person(t, me, 7, 30))
	if n := remindAll(t, s); n != 2 {
		t.Errorf("%d reminders", n)
	}
	crashed := copyOf(t, dir)
	got, err := crashed.Person(t.Context(), p.ID)
	if err != nil || len(got.Documents[0].Reminded) != 5 || len(got.Documents[1].Reminded) != 5 {
		t.Errorf("after a crash: %+v, %v", got, err)
	}
	if due, err := crashed.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != 2 {
		t.Errorf("after a crash %d deliveries, %v", len(due), err)
	}
}

// TestReminderWaitsForSomebodyToHearIt: it is given once there is a channel that
// is not paused, and then once.
func TestReminderWaitsForSomebodyToHearIt(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	me := someOwner()
	p := addPerson(t, s, person(t, me, 7))
	addChannel(t, s, alert.Channel{ID: "theirs", Owner: someOwner()})
	for _, step := range []struct {
		add  *alert.Channel
		want int
	}{{nil, 0}, {&alert.Channel{ID: "off", Owner: me, Paused: true}, 0}, {&alert.Channel{ID: "phone", Owner: me}, 1}, {nil, 0}} {
		if step.add != nil {
			addChannel(t, s, *step.add)
		}
		if n := remindAll(t, s); n != step.want {
			t.Errorf("%d reminders with the channel %+v, want %d", n, step.add, step.want)
		}
	}
	if due, err := s.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != 1 || due[0].ChannelID != "phone" || due[0].Notification.PersonID != p.ID {
		t.Errorf("deliveries %+v, %v", due, err)
	}
}

func TestRemindStops(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	me := someOwner()
	addChannel(t, s, alert.Channel{ID: "phone", Owner: me})
	for range 3 {
		addPerson(t, s, person(t, me, 7))
	}
	ctx, stop := context.WithCancel(t.Context())
	n, err := s.Remind(ctx, civil.DateOf(time.Now()), func(p *dossier.Person) []alert.Notification {
		stop()
		return marking(p)
	})
	if n != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d reminders, %v", n, err)
	}
	if n := remindAll(t, s); n != 2 {
		t.Errorf("%d of the rest", n)
	}
}

func TestChangedExpiryIsToldAnew(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	me := someOwner()
	addChannel(t, s, alert.Channel{ID: "phone", Owner: me})
	p := addPerson(t, s, person(t, me, 7))
	if n := remindAll(t, s); n != 1 {
		t.Fatalf("%d reminders", n)
	}
	now := time.Now()
	to := func(days int) func(*dossier.Person) error {
		return dossier.Edit(now, func(p *dossier.Person) error {
			p.Documents[0].Expires = civil.DateOf(now) + civil.Date(days)
			return nil
		})
	}
	for _, step := range []struct{ days, want int }{{31, 0}, {30, 1}, {30, 0}, {3, 0}, {0, 1}, {-1, 0}, {200, 0}} {
		if _, err := s.EditPerson(t.Context(), p.ID, to(step.days)); err != nil {
			t.Fatal(err)
		}
		if n := remindAll(t, s); n != step.want {
			t.Errorf("%d reminders of a document that expires in %d days, want %d", n, step.days, step.want)
		}
	}
	if n := keysIn(t, s, bucketReminders); n != 1 {
		t.Errorf("%d entries of reminders", n)
	}
}

// TestRemovedPersonIsForgotten: nothing that waits tells of somebody who was removed.
func TestRemovedPersonIsForgotten(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	me := someOwner()
	addChannel(t, s, alert.Channel{ID: "phone", Owner: me})
	gone, stays := addPerson(t, s, person(t, me, 7, 30)), addPerson(t, s, person(t, me, 7))
	if n := remindAll(t, s); n != 3 {
		t.Fatalf("%d reminders", n)
	}
	if err := s.RemovePerson(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	all, err := s.Deliveries(t.Context(), "", 9, anything)
	if err != nil || len(all) != 1 || all[0].Notification.PersonID != stays.ID {
		t.Errorf("deliveries %+v, %v", all, err)
	}
	for _, bucket := range []string{bucketOutbox, bucketAbout, bucketDeliveries, bucketPeople} {
		if n := keysIn(t, s, bucket); n != 1 {
			t.Errorf("%d keys in %s, want that of the other", n, bucket)
		}
	}
}

// peopleBuckets are the buckets of people and of what finds them.
func peopleBuckets() []string {
	return []string{bucketPeople, bucketPeopleOf, bucketPeopleIn, bucketReminders}
}
