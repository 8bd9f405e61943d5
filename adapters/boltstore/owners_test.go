package boltstore

import (
	"testing"

	"cz-visa-monitor/app/account"
)

// An admin who never set a password runs nothing, and keeps nobody from being the
// last one.
func TestAdminWhoCannotSignInDoesNotCount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member, yes := account.Member, true
	id := h.admin.User.ID
	invited, err := h.AddUser(h.asAdmin(t), account.NewUser{Name: "alena"}, account.Admin)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = h.EditUser(h.asAdmin(t), id, account.UserEdit{Role: &member})
	wants(t, "demote", err, account.ErrLastAdmin)
	_, _, err = h.EditUser(h.asAdmin(t), id, account.UserEdit{Disabled: &yes})
	wants(t, "disable", err, account.ErrLastAdmin)
	wants(t, "remove", h.RemoveUser(h.asAdmin(t), id), account.ErrLastAdmin)
	_, _, err = h.EditUser(h.asAdmin(t), invited.ID, account.UserEdit{Role: &member})
	wants(t, "demote the other one", err, nil)
}

// A group keeps an owner who can lead it; where an admin had to disable the only
// one, the command line makes another.
func TestGroupKeepsAnOwnerWhoCanLeadIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	viewer, yes := account.Viewer, true
	alena, bedrich, cyril := h.add(t, "alena", account.Member), h.add(t, "bedrich", account.Member), h.add(t, "cyril", account.Viewer)
	g, err := h.AddGroup(h.in(t, alena.Secret), "family", account.Family)
	if err != nil {
		t.Fatal(err)
	}
	for name, right := range map[string]account.Right{"bedrich": account.Read, "cyril": account.Own} {
		if _, err := h.AddMember(h.in(t, alena.Secret), g.ID, name, right); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = h.EditUser(h.asAdmin(t), alena.User.ID, account.UserEdit{Role: &viewer})
	wants(t, "the last owner who can lead becomes a viewer", err, account.ErrLastOwner)
	wants(t, "he leaves the group to a viewer", h.RemoveMember(h.in(t, alena.Secret), g.ID, alena.User.ID), account.ErrLastOwner)
	_, err = h.SetRight(h.in(t, alena.Secret), g.ID, alena.User.ID, account.Write)
	wants(t, "he gives it up", err, account.ErrLastOwner)
	wants(t, "he is erased", h.MayErase(h.asAdmin(t), account.OfUser(alena.User.ID)), account.ErrLastOwner)
	if _, _, err := h.EditUser(h.asAdmin(t), alena.User.ID, account.UserEdit{Disabled: &yes}); err != nil {
		t.Fatalf("he cannot be disabled: %v", err)
	}
	wants(t, "a reader leaves", h.RemoveMember(h.in(t, bedrich.Secret), g.ID, bedrich.User.ID), nil)

	_, err = h.MakeOwner(h.asAdmin(t), g.ID, "admin")
	wants(t, "an admin takes it", err, account.ErrNoGroup)
	_, _, err = h.GroupsOfUser(h.asAdmin(t), "cyril")
	wants(t, "an admin looks for it", err, account.ErrForbidden)
	if u, groups, err := h.GroupsOfUser(commandLine(t), "Cyril"); err != nil || u.ID != cyril.User.ID || len(groups) != 1 || groups[0].ID != g.ID {
		t.Errorf("the groups of cyril are %+v, %v", groups, err)
	}
	for _, name := range []string{"bedrich", "Bedrich"} { // As a newcomer, and again as a member.
		g, err = h.MakeOwner(commandLine(t), g.ID, name)
		if err != nil || g.Of(bedrich.User.ID) != account.Own {
			t.Errorf("%s owns the group: %q, %v", name, g.Of(bedrich.User.ID), err)
		}
	}
	wants(t, "the new owner takes the disabled one out", h.RemoveMember(h.in(t, bedrich.Secret), g.ID, alena.User.ID), nil)
}
