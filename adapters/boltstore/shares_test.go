package boltstore

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// sharing is an application that two people may share: jana by herself, and her
// group, to which otto belongs, too.
type sharing struct {
	*Store
	jana, otto account.User
	group      account.Group
	app        watch.Application
}

func newSharing(t *testing.T) sharing {
	t.Helper()
	s, now := open(t, t.TempDir()), time.Now()
	h := sharing{Store: s}
	for name, u := range map[string]*account.User{"jana": &h.jana, "otto": &h.otto} {
		*u = account.User{ID: account.NewID(now), Name: name, Role: account.Member, CreatedAt: now}
		if err := s.AddUser(t.Context(), *u, account.Also{}); err != nil {
			t.Fatal(err)
		}
	}
	h.group = account.Group{ID: account.NewID(now), Name: "Family", Kind: account.Family, Members: []account.Membership{
		{User: h.jana.ID, Right: account.Own}, {User: h.otto.ID, Right: account.Write},
	}}
	if err := s.AddGroup(t.Context(), h.group); err != nil {
		t.Fatal(err)
	}
	h.app = addApplication(t, s, watch.Application{
		Reference: reference(t, "ZZZZ202601059001"),
		Watchers:  []watch.Watcher{{Owner: account.OfUser(h.jana.ID), AddedAt: now}, {Owner: account.OfGroup(h.group.ID), AddedAt: now}},
	})
	return h
}

// link makes one by a user for an owner.
func (h sharing) link(t *testing.T, by account.User, owner account.Owner, lasts time.Duration) watch.Share {
	t.Helper()
	sh, _ := watch.NewShare(watch.Share{Application: h.app.ID, Owner: owner, By: by.ID}, lasts, time.Now())
	if err := h.AddShare(account.As(t.Context(), account.CommandLine()), sh); err != nil {
		t.Fatal(err)
	}
	return sh
}

func (h sharing) works(t *testing.T, sh watch.Share) bool {
	t.Helper()
	_, err := h.Share(t.Context(), sh.Hash)
	if err != nil && !errors.Is(err, watch.ErrNoShare) {
		t.Fatal(err)
	}
	return err == nil
}

func (h sharing) edit(t *testing.T, user account.User, edit func(*account.User)) {
	t.Helper()
	if _, err := h.EditUser(t.Context(), user.ID, func(u *account.User, _ int) error { edit(u); return nil }, account.Also{}); err != nil {
		t.Fatal(err)
	}
}

func (h sharing) right(t *testing.T, user account.User, right account.Right) {
	t.Helper()
	if _, err := h.EditGroup(t.Context(), h.group.ID, "", "", func(g *account.Group) error {
		g.Members = slices.DeleteFunc(g.Members, func(m account.Membership) bool { return m.User == user.ID })
		if right != "" {
			g.Members = append(g.Members, account.Membership{User: user.ID, Right: right})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// A link ends with the right of whoever made it, and does not come alive again.
func TestSharesEndWithTheRight(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		// deed is done, and undone after.
		deed, undo func(*testing.T, sharing)
		// own and group are whether the link of jana to her own works afterwards, and
		// that of otto to the group's.
		own, group bool
	}{
		{"nothing", func(*testing.T, sharing) {}, nil, true, true},
		{
			"otto is disabled",
			func(t *testing.T, h sharing) { h.edit(t, h.otto, func(u *account.User) { u.Disabled = true }) },
			func(t *testing.T, h sharing) { h.edit(t, h.otto, func(u *account.User) { u.Disabled = false }) },
			true, false,
		},
		{
			"jana may only look on",
			func(t *testing.T, h sharing) { h.edit(t, h.jana, func(u *account.User) { u.Role = account.Viewer }) },
			func(t *testing.T, h sharing) { h.edit(t, h.jana, func(u *account.User) { u.Role = account.Member }) },
			false, true,
		},
		{
			"jana becomes an admin",
			func(t *testing.T, h sharing) { h.edit(t, h.jana, func(u *account.User) { u.Role = account.Admin }) },
			nil, true, true,
		},
		{
			"otto may only read",
			func(t *testing.T, h sharing) { h.right(t, h.otto, account.Read) },
			func(t *testing.T, h sharing) { h.right(t, h.otto, account.Write) },
			true, false,
		},
		{
			"otto leaves the group",
			func(t *testing.T, h sharing) { h.right(t, h.otto, "") },
			func(t *testing.T, h sharing) { h.right(t, h.otto, account.Own) },
			true, false,
		},
		{"otto is removed", func(t *testing.T, h sharing) {
			if err := h.RemoveUser(t.Context(), h.otto.ID, func(account.User, int) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}, nil, true, false},
		{"the group watches no more", func(t *testing.T, h sharing) {
			if _, err := h.Remove(t.Context(), h.app.ID, account.OfGroup(h.group.ID)); err != nil {
				t.Fatal(err)
			}
		}, func(t *testing.T, h sharing) {
			h.watchAs(t, account.OfGroup(h.group.ID))
		}, true, false},
		{"what was jana's goes elsewhere", func(t *testing.T, h sharing) {
			h.rename(t, account.OfUser(h.jana.ID), account.OfUser(h.otto.ID))
		}, func(t *testing.T, h sharing) {
			h.rename(t, account.OfUser(h.otto.ID), account.OfUser(h.jana.ID))
		}, false, true},
		{"nobody watches any more", func(t *testing.T, h sharing) {
			for _, o := range h.app.Owners() {
				if _, err := h.Remove(t.Context(), h.app.ID, o); err != nil {
					t.Fatal(err)
				}
			}
		}, nil, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newSharing(t)
			own, group := h.link(t, h.jana, account.OfUser(h.jana.ID), time.Hour), h.link(t, h.otto, account.OfGroup(h.group.ID), time.Hour)
			tc.deed(t, h)
			for _, when := range []string{"afterwards", "when it is undone"} {
				if a, b := h.works(t, own), h.works(t, group); a != tc.own || b != tc.group {
					t.Errorf("%s: jana's works: %t, otto's: %t", when, a, b)
				}
				if tc.undo != nil && when == "afterwards" {
					tc.undo(t, h)
				}
			}
			entries, err := h.AuditTrail(t.Context(), 0, 9, func(e account.Entry) bool { return e.Action == account.ShareMade && e.Kind == account.KindShare })
			if err != nil || len(entries) != 2 || entries[1].Object != own.ID || entries[1].Detail != string(h.app.ID) {
				t.Errorf("the trail says %+v, %v", entries, err)
			}
		})
	}
}

func (h sharing) watchAs(t *testing.T, owner account.Owner) {
	t.Helper()
	if _, err := h.Edit(t.Context(), h.app.ID, func(a *watch.Application) error {
		a.Watchers = append(a.Watchers, watch.Watcher{Owner: owner, AddedAt: time.Now()})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// rename gives what one watches to another.
func (h sharing) rename(t *testing.T, from, to account.Owner) {
	t.Helper()
	if _, err := h.Edit(t.Context(), h.app.ID, func(a *watch.Application) error { a.Watcher(from).Owner = to; return nil }); err != nil {
		t.Fatal(err)
	}
	for o, want := range map[account.Owner]bool{from: false, to: true} {
		seen := false
		if err := h.Applications(t.Context(), []account.Owner{o}, "", func(watch.Application) bool { seen = true; return true }); err != nil || seen != want {
			t.Errorf("the list of %s has it: %t, %v", o, seen, err)
		}
	}
}

func TestSharesHaveBounds(t *testing.T) {
	t.Parallel()
	h := newSharing(t)
	mine, ours := account.OfUser(h.jana.ID), account.OfGroup(h.group.ID)
	old, _ := watch.NewShare(watch.Share{Application: h.app.ID, Owner: mine, By: h.jana.ID}, -time.Second, time.Now())
	if err := h.AddShare(t.Context(), old); !errors.Is(err, watch.ErrNoShare) {
		t.Errorf("one that has expired: %v", err)
	}
	for name, sh := range map[string]watch.Share{
		"of a stranger":      {Application: h.app.ID, Owner: mine, By: h.otto.ID},
		"of nobody":          {Application: h.app.ID, Owner: mine},
		"to what is not":     {Application: watch.NewID(time.Now()), Owner: mine, By: h.jana.ID},
		"to what is not his": {Application: h.app.ID, Owner: account.OfUser(h.otto.ID), By: h.otto.ID},
	} {
		sh, _ := watch.NewShare(sh, time.Hour, time.Now())
		if err := h.AddShare(t.Context(), sh); !errors.Is(err, watch.ErrNoShare) {
			t.Errorf("a link %s: %v", name, err)
		}
	}
	var last watch.Share
	for range watch.MaxSharesOf {
		last = h.link(t, h.jana, mine, time.Hour)
	}
	one, _ := watch.NewShare(watch.Share{Application: h.app.ID, Owner: mine, By: h.jana.ID}, time.Hour, time.Now())
	if err := h.AddShare(t.Context(), one); !errors.Is(err, watch.ErrManyShares) {
		t.Errorf("one too many: %v", err)
	}
	h.link(t, h.jana, ours, time.Hour) // What is the group's has room of its own.
	if err := h.EndShare(t.Context(), h.app.ID, ours, last.ID); !errors.Is(err, watch.ErrNoShare) {
		t.Errorf("ended through another watcher: %v", err)
	}
	if err := h.EndShare(t.Context(), h.app.ID, mine, last.ID); err != nil || h.works(t, last) {
		t.Errorf("an ended link works, %v", err)
	}
	if err := h.AddShare(t.Context(), one); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	list, err := h.Shares(t.Context(), h.app.ID, mine)
	if err != nil || len(list) != watch.MaxSharesOf || list[len(list)-1].ID != one.ID {
		t.Errorf("%d are listed, %v", len(list), err)
	}
}

// Which links were ended since a backup nobody may know.
func TestRestoreRevivesNoShares(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	furnish(t, s, 1)
	made, err := s.Backup(t.Context(), "test")
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), RestoreConfig{Dir: dir, Name: made.Name, Keys: PlainKeys{}, Logger: discard()}); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if err := s.view(func(tx *bbolt.Tx) error {
		if n := len(keysOf(tx.Bucket([]byte(bucketShares)))); n != 0 {
			t.Errorf("%d links came back", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestMigrationAddsShares brings a file of version 3 up to date.
func TestMigrationAddsShares(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	furnish(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(tx.DeleteBucket([]byte(bucketShares)), tx.Bucket([]byte(bucketMeta)).Put([]byte(keySchema), []byte("3")))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if version, err := s.schema(); err != nil || version != 4 {
		t.Errorf("schema %d, %v", version, err)
	}
	furnishShare(t, s)
}
