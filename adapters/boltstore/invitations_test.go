package boltstore

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// A link that a thief made at the session of an admin ends with what the admin does
// against him, and does not come alive again.
func TestInvitationsEndForGood(t *testing.T) {
	t.Parallel()
	admin, member, yes, no := account.Admin, account.Member, true, false
	edits := func(edits ...account.UserEdit) func(*testing.T, house, account.SignedIn, string) error {
		return func(t *testing.T, h house, by account.SignedIn, _ string) (err error) {
			for _, e := range edits {
				_, _, one := h.EditUser(commandLine(t), by.User.ID, e)
				err = errors.Join(err, one)
			}
			return err
		}
	}
	outside := account.Identity{Issuer: "https://id.example.com", Subject: "90001", Name: "boss"}
	tests := []struct {
		name string
		// deed is done after by has made his links.
		deed func(t *testing.T, h house, by account.SignedIn, group string) error
		// left is how many of his three links work afterwards.
		left int
	}{
		{"nothing", edits(), 3},
		{"another name", func(t *testing.T, h house, by account.SignedIn, _ string) error {
			name := "boss2"
			_, _, err := h.EditUser(h.in(t, by.Secret), by.User.ID, account.UserEdit{Name: &name})
			return err
		}, 3},
		{"disabled and enabled", edits(account.UserEdit{Disabled: &yes}, account.UserEdit{Disabled: &no}), 0},
		{"demoted and promoted", edits(account.UserEdit{Role: &member}, account.UserEdit{Role: &admin}), 0},
		{"demoted and promoted by another service", func(t *testing.T, h house, _ account.SignedIn, _ string) error {
			_, err := h.SignInExternal(t.Context(), outside, always(account.Member), from())
			_, err2 := h.SignInExternal(t.Context(), outside, always(account.Admin), from())
			return errors.Join(err, err2)
		}, 0},
		{"changes the password", func(t *testing.T, h house, by account.SignedIn, _ string) error {
			_, err := h.ChangePassword(h.in(t, by.Secret), password, changed)
			return err
		}, 0},
		{"gets another password", func(t *testing.T, h house, by account.SignedIn, _ string) error {
			return h.SetPassword(commandLine(t), by.User.ID, changed)
		}, 0},
		{"sets a password by a link", func(t *testing.T, h house, by account.SignedIn, _ string) error {
			_, link, err := h.NewReset(h.asAdmin(t), by.User.ID)
			return errors.Join(err, h.Reset(t.Context(), link, changed, from()))
		}, 0},
		{"leads the group no more, and again", func(t *testing.T, h house, by account.SignedIn, group string) error {
			_, err := h.SetRight(commandLine(t), group, by.User.ID, account.Read)
			_, err2 := h.SetRight(commandLine(t), group, by.User.ID, account.Own)
			return errors.Join(err, err2)
		}, 2},
		{"another member gets another right", func(t *testing.T, h house, _ account.SignedIn, group string) error {
			_, err := h.AddMember(h.asAdmin(t), group, "alena", account.Read)
			return err
		}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			target := h.add(t, "alena", account.Member)
			by, err := h.SignInExternal(t.Context(), outside, always(account.Admin), from())
			if err != nil {
				t.Fatal(err)
			}
			if err := h.SetPassword(h.asAdmin(t), by.User.ID, password); err != nil {
				t.Fatal(err)
			}
			by = h.signIn(t, "boss", password)
			g, err := h.AddGroup(h.asAdmin(t), "family", account.Family)
			_, err2 := h.AddMember(h.asAdmin(t), g.ID, "boss", account.Own)
			_, plain, err3 := h.Invite(h.in(t, by.Secret), account.Invite{Role: account.Admin})
			_, into, err4 := h.Invite(h.in(t, by.Secret), account.Invite{Role: account.Member, Group: g.ID, Right: account.Own})
			_, reset, err5 := h.NewReset(h.in(t, by.Secret), target.User.ID)
			_, others, err6 := h.Invite(h.asAdmin(t), account.Invite{Role: account.Viewer})
			if err := errors.Join(err, err2, err3, err4, err5, err6, tt.deed(t, h, by, g.ID)); err != nil {
				t.Fatal(err)
			}
			works := 0
			for _, link := range []string{plain, into, reset} {
				if _, err := h.Invitation(t.Context(), link, from()); err == nil {
					works++
				}
			}
			if works != tt.left {
				t.Errorf("%d of his links work, want %d", works, tt.left)
			}
			if _, err := h.Invitation(t.Context(), others, from()); err != nil {
				t.Errorf("the link of another admin: %v", err)
			}
			if list, err := h.Invitations(h.asAdmin(t)); err != nil || len(list) != tt.left+1 {
				t.Errorf("%d are listed, %v", len(list), err)
			}
			if got := h.trail(t)[account.InvitationRemoved]; got != 3-tt.left {
				t.Errorf("%d removed links stand in the audit trail, want %d", got, 3-tt.left)
			}
		})
	}
}

// A link for a password ends when that is set otherwise, or its user is shut out.
func TestLinksForAPasswordEndWithIt(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	tests := []struct {
		name string
		deed func(t *testing.T, h house, in account.SignedIn, other string) error
	}{
		{"he changes it", func(t *testing.T, h house, in account.SignedIn, _ string) error {
			_, err := h.ChangePassword(h.in(t, in.Secret), password, changed)
			return err
		}},
		{"another link sets it", func(t *testing.T, h house, _ account.SignedIn, other string) error {
			return h.Reset(t.Context(), other, changed, from())
		}},
		{"disabled and enabled", func(t *testing.T, h house, in account.SignedIn, _ string) error {
			_, _, err := h.EditUser(h.asAdmin(t), in.User.ID, account.UserEdit{Disabled: &yes})
			_, _, err2 := h.EditUser(h.asAdmin(t), in.User.ID, account.UserEdit{Disabled: &no})
			return errors.Join(err, err2)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			in := h.add(t, "alena", account.Member)
			_, link, err := h.NewReset(h.asAdmin(t), in.User.ID)
			_, other, err2 := h.NewReset(h.asAdmin(t), in.User.ID)
			if err := errors.Join(err, err2, tt.deed(t, h, in, other)); err != nil {
				t.Fatal(err)
			}
			wants(t, "the link", h.Reset(t.Context(), link, password, from()), account.ErrNoInvitation)
		})
	}
}

// A link that does not work is listed nowhere, takes no room and begins to work for
// nobody, however it came into the store.
func TestDeadInvitationsAreNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	by, admin := h.add(t, "alena", account.Member), account.Admin
	secret := account.NewSecret("czvi_")
	err := h.store.update(func(tx *bbolt.Tx) error {
		var err error
		for n := range account.MaxInvitations {
			i := account.Invitation{
				ID: account.NewID(time.Now()), Hash: account.HashSecret(fmt.Sprint(n)), Role: account.Admin, By: by.User.ID,
				CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
			}
			if n == 0 {
				i.Hash = account.HashSecret(secret)
			}
			err = errors.Join(err, h.store.put(tx, bucketInvitations, i.Hash, i))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := h.Invitations(h.asAdmin(t)); err != nil || len(list) != 0 {
		t.Errorf("%d are listed, %v", len(list), err)
	}
	if _, _, err := h.EditUser(h.asAdmin(t), by.User.ID, account.UserEdit{Role: &admin}); err != nil {
		t.Fatal(err)
	}
	_, err = h.Invitation(t.Context(), secret, from())
	wants(t, "after a promotion", err, account.ErrNoInvitation)

	err = h.store.update(func(tx *bbolt.Tx) error {
		var err error
		for n := range account.MaxInvitations {
			i := account.Invitation{ID: account.NewID(time.Now()), Hash: account.HashSecret(fmt.Sprint(n)), Role: account.Admin, By: "gone", ExpiresAt: time.Now().Add(time.Hour)}
			err = errors.Join(err, h.store.put(tx, bucketInvitations, i.Hash, i))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Invite(h.asAdmin(t), account.Invite{Role: account.Member}); err != nil {
		t.Errorf("there is no room: %v", err)
	}
}
