package boltstore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	alena, bedrich, cyril := h.add(t, "alena", account.Member), h.add(t, "bedrich", account.Member), h.add(t, "cyril", account.Viewer)
	_, err := h.AddGroup(h.in(t, cyril.Secret), "family", account.Family)
	wants(t, "a viewer makes a group", err, account.ErrForbidden)
	g, err := h.AddGroup(h.in(t, alena.Secret), "family", account.Family)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.AddMember(h.in(t, bedrich.Secret), g.ID, "bedrich", account.Own)
	wants(t, "a stranger joins", err, account.ErrNoGroup)
	_, err = h.AddMember(h.asAdmin(t), g.ID, "admin", account.Read)
	wants(t, "an admin joins", err, account.ErrNoGroup)
	_, err = h.Group(h.asAdmin(t), g.ID)
	wants(t, "an admin looks", err, account.ErrNoGroup)
	_, err = h.AddMember(h.in(t, alena.Secret), g.ID, "nobody", account.Read)
	wants(t, "add nobody", err, account.ErrNoUser)
	for _, m := range []struct {
		name  string
		right account.Right
	}{{"bedrich", account.Write}, {"cyril", account.Read}} {
		if _, err := h.AddMember(h.in(t, alena.Secret), g.ID, m.name, m.right); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.AddMember(h.in(t, alena.Secret), g.ID, "Bedrich", account.Read)
	wants(t, "add twice", err, account.ErrMember)
	_, err = h.RenameGroup(h.in(t, bedrich.Secret), g.ID, "mine")
	wants(t, "a member renames", err, account.ErrForbidden)
	p, _ := account.Acting(h.in(t, bedrich.Secret))
	if !p.MayWrite(account.OfGroup(g.ID)) || p.MayLead(g.ID) {
		t.Errorf("the principal has %v", p.Groups)
	}
	names, err := h.MemberNames(h.in(t, cyril.Secret), g.ID)
	if diff := cmp.Diff(map[string]string{alena.User.ID: "alena", bedrich.User.ID: "bedrich", cyril.User.ID: "cyril"}, names); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	wants(t, "the last owner leaves", h.RemoveMember(h.in(t, alena.Secret), g.ID, alena.User.ID), account.ErrLastOwner)
	_, err = h.SetRight(h.in(t, alena.Secret), g.ID, alena.User.ID, account.Write)
	wants(t, "the last owner gives it up", err, account.ErrLastOwner)
	wants(t, "the last owner is removed", h.RemoveUser(h.asAdmin(t), alena.User.ID), account.ErrLastOwner)
	wants(t, "a member removes another", h.RemoveMember(h.in(t, bedrich.Secret), g.ID, cyril.User.ID), account.ErrForbidden)
	if _, err := h.SetRight(h.in(t, alena.Secret), g.ID, bedrich.User.ID, account.Own); err != nil {
		t.Fatal(err)
	}
	wants(t, "another owner, so that he may", h.RemoveMember(h.in(t, alena.Secret), g.ID, alena.User.ID), nil)
	wants(t, "a viewer leaves", h.RemoveMember(h.in(t, cyril.Secret), g.ID, cyril.User.ID), nil)
	if own, err := h.Groups(h.in(t, alena.Secret)); err != nil || len(own) > 0 {
		t.Errorf("%d groups are left, %v", len(own), err)
	}
	c := addChannel(t, h.store, alert.Channel{ID: "phone", Owner: account.OfGroup(g.ID)})
	wants(t, "remove a group that has something", h.RemoveGroup(h.in(t, bedrich.Secret), g.ID), account.ErrBelongings)
	if err := h.store.RemoveChannel(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	wants(t, "remove another's group", h.RemoveGroup(h.in(t, alena.Secret), g.ID), account.ErrNoGroup)
	wants(t, "remove", h.RemoveGroup(h.in(t, bedrich.Secret), g.ID), nil)
	wants(t, "remove twice", h.RemoveGroup(h.in(t, bedrich.Secret), g.ID), account.ErrNoGroup)
	p, _ = account.Acting(h.in(t, bedrich.Secret))
	if len(p.Groups) > 0 {
		t.Errorf("the principal has %v", p.Groups)
	}
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g, err := h.AddGroup(h.asAdmin(t), "family", account.Family)
	if err != nil {
		t.Fatal(err)
	}
	member := h.add(t, "alena", account.Member)
	foreign, err := h.AddGroup(h.in(t, member.Secret), "firm", account.Firm)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = h.Invite(h.in(t, member.Secret), account.Invite{Role: account.Admin})
	wants(t, "a member invites", err, account.ErrForbidden)
	_, _, err = h.Invite(h.asAdmin(t), account.Invite{Role: account.Member, Group: foreign.ID, Right: account.Own})
	wants(t, "an admin invites to another's group", err, account.ErrNoGroup)
	_, _, err = h.Invite(h.asAdmin(t), account.Invite{Role: "root"})
	wants(t, "a role that is none", err, account.ErrRole)
	for _, lasts := range []time.Duration{-1, account.MaxInvitationLasts + 1} {
		_, _, err = h.Invite(h.asAdmin(t), account.Invite{Role: account.Viewer, Lasts: lasts})
		wants(t, "a link that lasts "+lasts.String(), err, account.ErrLasts)
	}
	if alone, err := h.LedAlone(h.asAdmin(t)); err != nil || len(alone) != 1 || alone[0].ID != g.ID {
		t.Errorf("the admin alone leads %v, %v", alone, err)
	}
	i, link, err := h.Invite(h.asAdmin(t), account.Invite{Role: account.Viewer, Group: g.ID, Right: account.Read})
	if err == nil && i.ExpiresAt.Sub(i.CreatedAt) != account.InvitationLasts {
		t.Errorf("without a wish a link lasts %s", i.ExpiresAt.Sub(i.CreatedAt))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Accept(t.Context(), link, account.NewUser{Name: "ALENA", Password: password}, from())
	wants(t, "a name that is taken", err, account.ErrNameTaken)
	if seen, err := h.Invitation(t.Context(), link, from()); err != nil || seen.ID != i.ID {
		t.Errorf("a refused name used the link up: %v", err)
	}
	wants(t, "as a link for a password", h.Reset(t.Context(), link, changed, from()), account.ErrNoInvitation)

	var won atomic.Int32
	var refused sync.Map
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			in, err := h.Accept(t.Context(), link, account.NewUser{Name: fmt.Sprint("new", n), Password: password}, from())
			if err == nil && in.User.Role == account.Viewer && h.alive(t, in.Secret) {
				won.Add(1)
				return
			}
			if !errors.Is(err, account.ErrNoInvitation) {
				refused.Store(n, err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("one link made %d users", won.Load())
	}
	refused.Range(func(n, err any) bool { t.Errorf("%v: %v", n, err); return true })
	if g, err = h.Group(h.asAdmin(t), g.ID); err != nil || len(g.Members) != 2 || g.Members[1].Right != account.Read {
		t.Errorf("the group has %v, %v", g.Members, err)
	}
	got := h.trail(t)
	if got[account.InvitationUsed] != 1 || got[account.MemberAdded] != 1 || got[account.InvitationMade] != 1 {
		t.Errorf("the audit trail has %v", got)
	}
}

func TestInvitationLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		member := h.add(t, "alena", account.Member)
		_, link, err := h.Invite(h.asAdmin(t), account.Invite{Role: account.Member})
		if err != nil {
			t.Fatal(err)
		}
		back, taken, err := h.Invite(h.asAdmin(t), account.Invite{Role: account.Member})
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "take back", h.RemoveInvitation(h.asAdmin(t), back.ID), nil)
		wants(t, "take back twice", h.RemoveInvitation(h.asAdmin(t), back.ID), account.ErrNoInvitation)
		_, err = h.Accept(t.Context(), taken, account.NewUser{Name: "new", Password: password}, from())
		wants(t, "a link that was taken back", err, account.ErrNoInvitation)
		_, reset, err := h.NewReset(h.asAdmin(t), member.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Accept(t.Context(), reset, account.NewUser{Name: "new", Password: password}, from())
		wants(t, "a link for a password makes a user", err, account.ErrNoInvitation)
		wants(t, "reset", h.Reset(t.Context(), reset, changed, from()), nil)
		before := h.trail(t)[account.RequestRefused]
		wants(t, "reset twice", h.Reset(t.Context(), reset, password, from()), account.ErrNoInvitation)
		if got := h.trail(t)[account.RequestRefused]; got != before {
			t.Errorf("the audit trail tells of %d tries from one address within an hour, want %d", got, before)
		}
		h.signIn(t, "alena", changed)

		time.Sleep(account.InvitationLasts - time.Second)
		if _, err := h.Invitation(t.Context(), link, from()); err != nil {
			t.Errorf("before its time: %v", err)
		}
		time.Sleep(time.Second)
		_, err = h.Accept(t.Context(), link, account.NewUser{Name: "new", Password: password}, from())
		wants(t, "after seven days", err, account.ErrNoInvitation)
		for range account.MaxInvitations {
			if _, _, err := h.Invite(h.asAdmin(t), account.Invite{Role: account.Member}); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = h.Invite(h.asAdmin(t), account.Invite{Role: account.Member})
		wants(t, "one too many", err, account.ErrFull)
		if waiting, err := h.Invitations(h.asAdmin(t)); err != nil || len(waiting) != account.MaxInvitations {
			t.Errorf("%d wait, %v", len(waiting), err)
		}
	})
}

// TestInvitationsEndWithThePowerOfWhoMadeThem: neither the page nor the deed
// tells such a link from one that never was.
func TestInvitationsEndWithThePowerOfWhoMadeThem(t *testing.T) {
	t.Parallel()
	member, yes := account.Member, true
	edit := func(e account.UserEdit) func(*testing.T, house, account.User, string) error {
		return func(t *testing.T, h house, by account.User, _ string) error {
			_, _, err := h.EditUser(h.asAdmin(t), by.ID, e)
			return err
		}
	}
	tests := []struct {
		name string
		// meanwhile is done after by has made the links.
		meanwhile   func(t *testing.T, h house, by account.User, group string) error
		plain, into error // what the links answer that lead to no group, and to one
	}{
		{"an admin still", func(*testing.T, house, account.User, string) error { return nil }, nil, nil},
		{"demoted", edit(account.UserEdit{Role: &member}), account.ErrNoInvitation, account.ErrNoInvitation},
		{"disabled", edit(account.UserEdit{Disabled: &yes}), account.ErrNoInvitation, account.ErrNoInvitation},
		{"no owner of the group", func(t *testing.T, h house, by account.User, group string) error {
			_, err := h.SetRight(commandLine(t), group, by.ID, account.Read)
			return err
		}, nil, account.ErrNoInvitation},
		{"removed", func(t *testing.T, h house, by account.User, group string) error {
			return errors.Join(h.RemoveMember(commandLine(t), group, by.ID), h.RemoveUser(h.asAdmin(t), by.ID))
		}, account.ErrNoInvitation, account.ErrNoInvitation},
		{"the group is gone", func(t *testing.T, h house, _ account.User, group string) error {
			return h.RemoveGroup(commandLine(t), group)
		}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			by, target := h.add(t, "boss", account.Admin), h.add(t, "alena", account.Member)
			g, err := h.AddGroup(h.asAdmin(t), "family", account.Family)
			_, err2 := h.AddMember(h.asAdmin(t), g.ID, "boss", account.Own)
			_, plain, err3 := h.Invite(h.in(t, by.Secret), account.Invite{Role: account.Admin})
			_, into, err4 := h.Invite(h.in(t, by.Secret), account.Invite{Role: account.Member, Group: g.ID, Right: account.Own})
			_, reset, err5 := h.NewReset(h.in(t, by.Secret), target.User.ID)
			_, command, err6 := h.Invite(commandLine(t), account.Invite{Role: account.Member})
			if err := errors.Join(err, err2, err3, err4, err5, err6, tt.meanwhile(t, h, by.User, g.ID)); err != nil {
				t.Fatal(err)
			}
			for n, link := range []struct {
				name, secret string
				role         account.Role
				want         error
			}{{"plain", plain, account.Admin, tt.plain}, {"into a group", into, account.Member, tt.into}, {"by command", command, account.Member, nil}} {
				_, err := h.Invitation(t.Context(), link.secret, from())
				wants(t, "look at "+link.name, err, link.want)
				_, err = h.Accept(t.Context(), link.secret, account.NewUser{Name: fmt.Sprint("new", n), Password: password}, from())
				wants(t, "accept "+link.name, err, link.want)
				direct := h.store.AddUser(t.Context(), account.User{ID: fmt.Sprint(n), Name: fmt.Sprint("direct", n), Role: link.role}, account.Also{Invitation: account.HashSecret(link.secret)})
				wants(t, "it was used up, or is none: "+link.name, direct, account.ErrNoInvitation)
			}
			wants(t, "reset", h.Reset(t.Context(), reset, changed, from()), tt.plain)
		})
	}
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member, yes, no := account.Member, true, false
	id := h.admin.User.ID
	_, _, err := h.EditUser(h.asAdmin(t), id, account.UserEdit{Role: &member})
	wants(t, "demote", err, account.ErrLastAdmin)
	_, _, err = h.EditUser(h.asAdmin(t), id, account.UserEdit{Disabled: &yes})
	wants(t, "disable", err, account.ErrLastAdmin)
	wants(t, "remove", h.RemoveUser(h.asAdmin(t), id), account.ErrLastAdmin)
	other := h.add(t, "alena", account.Admin)
	if _, _, err := h.EditUser(h.asAdmin(t), other.User.ID, account.UserEdit{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	_, _, err = h.EditUser(h.asAdmin(t), id, account.UserEdit{Role: &member})
	wants(t, "demote, as the other is disabled", err, account.ErrLastAdmin)
	if _, _, err := h.EditUser(h.asAdmin(t), other.User.ID, account.UserEdit{Disabled: &no}); err != nil {
		t.Fatal(err)
	}
	addChannel(t, h.store, alert.Channel{ID: "phone", Owner: account.OfUser(id)})
	other = h.signIn(t, "alena", password)
	wants(t, "remove who has something", h.RemoveUser(h.in(t, other.Secret), id), account.ErrBelongings)
	if err := h.store.RemoveChannel(t.Context(), "phone"); err != nil {
		t.Fatal(err)
	}
	_, token, err := h.AddToken(h.asAdmin(t), id, "phone", account.ScopeRead, 0)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "remove", h.RemoveUser(h.in(t, other.Secret), id), nil)
	if h.alive(t, h.admin.Secret) {
		t.Error("the session of a removed user goes on")
	}
	_, err = h.ByToken(t.Context(), token, "192.0.2.1")
	wants(t, "his token", err, account.ErrNoToken)
	if code, err := h.SetupCode(t.Context()); err != nil || code != "" {
		t.Errorf("the house may be taken again: %v", err)
	}
	if again, err := h.AddUser(h.in(t, other.Secret), account.NewUser{Name: "ADMIN"}, account.Member); err != nil || again.ID == id {
		t.Errorf("the name is not free, or the ID is given again: %v", err)
	}
}

func TestEditUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.add(t, "alena", account.Member), h.add(t, "bedrich", account.Member)
	admin, taken, own, fresh, language := account.Admin, "BEDRICH", "Alena", "Alena N.", "cs"
	_, _, err := h.EditUser(h.in(t, a.Secret), a.User.ID, account.UserEdit{Role: &admin})
	wants(t, "raise oneself", err, account.ErrForbidden)
	_, _, err = h.EditUser(h.in(t, a.Secret), b.User.ID, account.UserEdit{Language: &language})
	wants(t, "change another", err, account.ErrForbidden)
	_, _, err = h.EditUser(h.in(t, a.Secret), a.User.ID, account.UserEdit{Name: &taken})
	wants(t, "take a name", err, account.ErrNameTaken)
	for _, name := range []*string{&own, &fresh} {
		if u, secret, err := h.EditUser(h.in(t, a.Secret), a.User.ID, account.UserEdit{Name: name, Language: &language}); err != nil || u.Name != *name || secret != "" {
			t.Errorf("rename: %q, %v", u.Name, err)
		}
	}
	h.signIn(t, fresh, password)
	if _, err := h.store.UserByName(t.Context(), "alena"); !errors.Is(err, account.ErrNoUser) {
		t.Errorf("the old name still leads to him: %v", err)
	}
	_, err = h.Users(h.in(t, a.Secret))
	wants(t, "a member lists users", err, account.ErrForbidden)
	_, err = h.User(h.in(t, a.Secret), b.User.ID)
	wants(t, "a member looks at another", err, account.ErrForbidden)
	if u, err := h.User(h.in(t, a.Secret), a.User.ID); err != nil || u.Language != "cs" {
		t.Errorf("himself: %v", err)
	}
	_, err = h.User(t.Context(), a.User.ID)
	wants(t, "nobody looks", err, account.ErrForbidden)
}
