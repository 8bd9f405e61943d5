package boltstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/time/rate"

	"cz-visa-monitor/adapters/totp"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Words that an erasure must remove, each in a field of its own.
func erasedWords() []string {
	return []string{
		"ZZZZ202501159001", "Label-of-Anna", "Note-of-Anna", "Wording-of-the-portal", "Name-of-the-channel", "topic-of-the-channel",
		"Name-of-the-person", "TESTNUMBER90001", "Note-of-the-person", "Name-of-the-user", "Agent-of-the-browser", "Error-of-the-server",
	}
}

// household is a user with one of everything, on a real store and engine.
type household struct {
	store    *Store
	dir      string
	engine   *watch.Engine
	accounts *account.Service
	user     account.User
	owner    account.Owner
	app      watch.Application
	person   dossier.Person
	source   *gate
	// share is a second directory for backups, "" for none.
	share string
}

// gate is a source that answers when it is let.
type gate struct{ asked, answer chan struct{} }

func (g *gate) Check(ctx context.Context, _ visa.Reference) (watch.Result, error) {
	select {
	case g.asked <- struct{}{}:
	case <-ctx.Done():
		return watch.Result{}, ctx.Err()
	}
	select {
	case <-g.answer:
	case <-ctx.Done():
		return watch.Result{}, ctx.Err()
	}
	return watch.Result{Status: visa.InProgress, Text: "Wording-of-the-portal", Language: "en"}, nil
}

// commandLine is the context of a command.
func commandLine(t *testing.T) context.Context { return account.As(t.Context(), account.CommandLine()) }

func newHousehold(t *testing.T, s *Store, dir string) *household {
	t.Helper()
	h := &household{store: s, dir: dir, source: &gate{make(chan struct{}), make(chan struct{})}}
	log := slog.New(slog.DiscardHandler)
	h.accounts = account.New(account.Config{
		Store: s, Hasher: account.NewHasher(account.HasherConfig{Params: account.Params{Memory: 8 * 1024, Time: 1}, AtOnce: 2}), Codes: totp.Codes{}, Logger: log,
	})
	h.engine = watch.New(watch.Config{
		Source: h.source, Name: "portal", Store: s, Notices: s, Rules: watch.Rules{Interval: time.Hour, MinInterval: time.Minute, ConfirmAfter: time.Minute},
		Pace: rate.NewLimiter(rate.Inf, 1), Workers: 1, CheckNowPerDay: 5, Logger: log, Wake: func() {}, Publish: func(watch.Event) {},
	})
	ctx, now := commandLine(t), time.Now()
	if _, err := h.accounts.AddUser(ctx, account.NewUser{Name: "admin", Password: "correct horse battery"}, account.Admin); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.user, err = h.accounts.AddUser(ctx, account.NewUser{Name: "Name-of-the-user", Password: "correct horse battery"}, account.Member); err != nil {
		t.Fatal(err)
	}
	h.owner = account.OfUser(h.user.ID)
	if _, err := h.accounts.SignIn(ctx, "Name-of-the-user", "correct horse battery", account.Origin{Agent: "Agent-of-the-browser"}); err != nil {
		t.Fatal(err)
	}
	c := addChannel(t, s, alert.Channel{ID: account.NewID(now), Owner: h.owner, Name: "Name-of-the-channel", Kind: "ntfy", Fields: map[string]string{"topic": "topic-of-the-channel"}, CreatedAt: now})
	h.app, err = h.engine.Add(ctx, reference(t, "ZZZZ202501159001"), watch.Watcher{Owner: h.owner, Label: "Label-of-Anna", Note: "Note-of-Anna", Channels: []string{c.ID}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Record(ctx, h.app.ID, func(a watch.Application) watch.Decision {
		d := watch.Decision{State: a.State, Watchers: a.Clone().Watchers}
		d.State.Status, d.State.Valid, d.State.Answer.Text = visa.NotFound, visa.NotFound, "Wording-of-the-portal"
		d.Watchers[0].Told = visa.NotFound
		d.Entries = []watch.Entry{{At: now, Kind: watch.Changed, To: visa.NotFound, Answer: d.State.Answer}}
		d.Letters = []watch.Letter{{Channels: []string{c.ID}, Notification: alert.Notification{Kind: alert.FirstAnswer, ApplicationID: string(a.ID), Label: "Label-of-Anna", Reference: a.Reference, At: now}}}
		return d
	})
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := s.DueDeliveries(ctx, now.Add(time.Minute), 1)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%d wait, %v", len(waiting), err)
	}
	waiting[0].LastError = "Error-of-the-server"
	if err := s.Settle(ctx, waiting[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Raise(ctx, alert.ChannelDeadKey(c.ID), alert.Notification{Kind: alert.ChannelDead, Subject: "Name-of-the-channel", At: now}, c.ID); err != nil {
		t.Fatal(err)
	}
	h.person, err = dossier.NewPerson(dossier.Person{
		Owner: h.owner, Name: "Name-of-the-person", Note: "Note-of-the-person", Applications: []string{string(h.app.ID)},
		Documents: []dossier.TravelDocument{{Kind: dossier.Passport, Number: "TESTNUMBER90001", Expires: civil.DateOf(now) + 100}},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	h.person = addPerson(t, s, h.person)
	return h
}

func (h *household) eraser() *archive.Eraser {
	return archive.NewEraser(archive.EraserConfig{
		Watching: h.engine, Belongings: h.store, Accounts: h.accounts, Upkeep: h.store, Copies: copiesIn(h.store, h.share), Trail: h.store, Logger: slog.New(slog.DiscardHandler),
	})
}

// found returns which of words stand in a file of dir, and where.
func found(t *testing.T, dir string, words []string) (at []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if bytes.Contains(content, []byte(w)) {
				at = append(at, w+" in "+e.Name())
			}
		}
	}
	return at
}

func TestErasureLeavesNothing(t *testing.T) {
	t.Parallel()
	application, person := []string{"ZZZZ202501159001", "Label-of-Anna", "Note-of-Anna", "Wording-of-the-portal", "Error-of-the-server"}, []string{"Name-of-the-person", "TESTNUMBER90001", "Note-of-the-person"}
	for _, tc := range []struct {
		name  string
		erase func(context.Context, *household) (archive.Erased, error)
		gone  []string
	}{
		{"an application", func(ctx context.Context, h *household) (archive.Erased, error) {
			return h.eraser().EraseApplication(ctx, h.app.ID, h.owner)
		}, application},
		{"a person", func(ctx context.Context, h *household) (archive.Erased, error) {
			return h.eraser().ErasePerson(ctx, h.person.ID)
		}, person},
		{"a user", func(ctx context.Context, h *household) (archive.Erased, error) {
			return h.eraser().EraseOwner(ctx, h.owner)
		}, erasedWords()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			h := newHousehold(t, s, dir)
			if err := s.flushNow(); err != nil {
				t.Fatal(err)
			}
			if at := found(t, dir, tc.gone); len(at) != len(tc.gone) {
				t.Fatalf("before, there are only %v", at)
			}
			done, err := tc.erase(commandLine(t), h)
			if err != nil || !done.Compacted || len(done.Backups) > 0 || len(done.Replaced) > 0 {
				t.Fatalf("%+v, %v", done, err)
			}
			if at := found(t, dir, tc.gone); len(at) > 0 {
				t.Errorf("still there: %v", at)
			}
			trail, err := s.AuditTrail(t.Context(), 0, 1, func(account.Entry) bool { return true })
			if err != nil || len(trail) != 1 || trail[0].Action != account.DataErased || len(trail[0].Object) != account.IDLen {
				t.Errorf("the trail ends with %+v, %v", trail, err)
			}
			shut(t, s, dir)
			if at := found(t, dir, tc.gone); len(at) > 0 {
				t.Errorf("back after the end: %v", at)
			}
		})
	}
}

func TestErasureOfAnOwnerLeavesNoIndex(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	h := newHousehold(t, s, dir)
	if _, err := h.eraser().EraseOwner(commandLine(t), h.owner); err != nil {
		t.Fatal(err)
	}
	for _, name := range buckets() {
		if name == bucketMeta || name == bucketAudit || name == bucketAuditEnds {
			continue
		}
		for _, id := range []string{h.user.ID, string(h.app.ID), h.person.ID} {
			err := s.view(func(tx *bbolt.Tx) error {
				for _, key := range keysOf(tx.Bucket([]byte(name))) {
					if strings.Contains(key, id) {
						t.Errorf("%s has the key %q", name, key)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := h.accounts.UserNamed(commandLine(t), "Name-of-the-user"); !errors.Is(err, account.ErrNoUser) {
		t.Errorf("the user: %v", err)
	}
}

// A check that is under way while all is erased brings nothing back.
func TestErasureDuringACheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir)
		h := newHousehold(t, s, dir)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.engine.Run(ctx) }()
		<-h.source.asked
		if _, err := h.eraser().EraseOwner(commandLine(t), h.owner); err != nil {
			t.Fatal(err)
		}
		h.source.answer <- struct{}{}
		time.Sleep(2 * lateFor) // What waits for the disk is written by then.
		synctest.Wait()
		select {
		case <-h.source.asked:
			t.Error("it is checked again")
		default:
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		shut(t, s, dir)
	})
	if at := found(t, dir, erasedWords()); len(at) > 0 {
		t.Errorf("back after the check: %v", at)
	}
}

func TestErasureNamesWhatHoldsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	h := newHousehold(t, s, dir)
	made, err := s.Backup(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	kept := FileName + replacedInfix + "20260102T030405Z"
	if err := os.WriteFile(filepath.Join(dir, kept), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done, err := h.eraser().ErasePerson(commandLine(t), h.person.ID)
	if err != nil || len(done.Backups) != 1 || done.Backups[0].Name != made.Name || done.Backups[0].Expires.Before(time.Now()) {
		t.Errorf("%+v, %v", done.Backups, err)
	}
	if len(done.Replaced) != 1 || done.Replaced[0] != kept {
		t.Errorf("%v", done.Replaced)
	}
}

// A check or a group that keeps its owner stops the erasure before anything is gone.
func TestErasureIsRefusedWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	h := newHousehold(t, s, dir)
	now := time.Now()
	if err := s.AddGroup(t.Context(), account.Group{ID: account.NewID(now), Name: "g", Kind: account.Family, Members: []account.Membership{{User: h.user.ID, Right: account.Own}}}); err != nil {
		t.Fatal(err)
	}
	admin, err := h.accounts.UserNamed(commandLine(t), "admin")
	if err != nil {
		t.Fatal(err)
	}
	member := account.As(t.Context(), account.Principal{User: h.user, Scope: account.ScopeAdmin, Via: account.ByToken})
	for _, tc := range []struct {
		name  string
		ctx   context.Context
		owner account.Owner
		want  error
	}{
		{"the last owner of a group", commandLine(t), h.owner, account.ErrLastOwner},
		{"the last admin", commandLine(t), account.OfUser(admin.ID), account.ErrLastAdmin},
		{"somebody else", member, account.OfUser(admin.ID), account.ErrForbidden},
		{"himself by a token", member, h.owner, account.ErrForbidden},
		{"nobody", commandLine(t), someOwner(), account.ErrNoUser},
		{"no group", commandLine(t), account.OfGroup(account.NewID(now)), account.ErrNoGroup},
		{"no owner", commandLine(t), "", account.ErrNoUser},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := h.eraser().EraseOwner(tc.ctx, tc.owner); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if _, err := s.Application(t.Context(), h.app.ID); err != nil {
				t.Errorf("the application: %v", err)
			}
		})
	}
}
