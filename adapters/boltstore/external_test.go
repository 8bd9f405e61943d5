package boltstore

import (
	"errors"
	"sync"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
)

// byGroups gives the role that the first group is called.
func byGroups(groups []string) account.Role {
	for _, g := range groups {
		if r := account.Role(g); r.Valid() {
			return r
		}
	}
	return ""
}

// known is somebody at another service.
func known(subject, name string, groups ...string) account.Identity {
	return account.Identity{Issuer: "https://id.example.com", Subject: subject, Name: name, Groups: groups}
}

// Whose groups give him no role any more is left with nothing, in one transaction.
func TestLosingEveryGroup(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	in, err := h.SignInExternal(t.Context(), known("1", "alena", "admin"), byGroups, from())
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.SignInExternal(t.Context(), known("1", "alena", "admin"), byGroups, from())
	_, token, err2 := h.AddToken(commandLine(t), in.User.ID, "test", account.ScopeAdmin, 0)
	_, plain, err3 := h.Invite(h.in(t, in.Secret), account.Invite{Role: account.Admin})
	_, reset, err4 := h.NewReset(commandLine(t), in.User.ID)
	_, foreign, err5 := h.Invite(h.asAdmin(t), account.Invite{Role: account.Member})
	_, err6 := h.AddGroup(h.in(t, in.Secret), "family", account.Family)
	if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	before := h.trail(t)

	_, err = h.SignInExternal(t.Context(), known("1", "alena"), byGroups, from())
	wants(t, "without a group", err, account.ErrNoRole)
	u, err := h.store.User(t.Context(), in.User.ID)
	if err != nil || u.Role != account.NoRole || u.Runs() || u.CanLead() || u.Role.Valid() || u.Role.Allows() != "" {
		t.Errorf("he is %s, %v", u.Role, err)
	}
	if h.alive(t, in.Secret) || h.alive(t, other.Secret) {
		t.Error("a session goes on")
	}
	_, err = h.ByToken(t.Context(), token, "192.0.2.1")
	wants(t, "his token", err, account.ErrNoToken)
	_, err = h.ByProxy(t.Context(), known("1", "alena"), "192.0.2.1")
	wants(t, "by a proxy's word", err, account.ErrNoSession)
	for name, link := range map[string]struct {
		secret string
		want   error
	}{"his own": {plain, account.ErrNoInvitation}, "for his password": {reset, account.ErrNoInvitation}, "of somebody else": {foreign, nil}} {
		_, err = h.Invitation(t.Context(), link.secret, from())
		wants(t, "the invitation "+name, err, link.want)
	}
	after := h.trail(t)
	for action, n := range map[account.Action]int{account.UserChanged: 1, account.SessionEnded: 2, account.InvitationRemoved: 2} {
		if after[action]-before[action] != n {
			t.Errorf("%s: %d entries, want %d", action, after[action]-before[action], n)
		}
	}
	entries, err := h.Trail(h.asAdmin(t), 0, 1, func(e account.Entry) bool { return e.Action == account.UserChanged })
	if err != nil || len(entries) != 1 || entries[0].Detail != "role=none" || entries[0].User != u.ID || entries[0].Object != u.ID || entries[0].Address != from().Address {
		t.Errorf("the audit trail says %+v, %v", entries, err)
	}

	// It is not done twice, and nobody can be given it.
	_, err = h.Vouched(t.Context(), known("1", "alena"), byGroups, from())
	wants(t, "again", err, account.ErrNoRole)
	if again := h.trail(t); again[account.UserChanged] != after[account.UserChanged] {
		t.Error("it stands in the audit trail twice")
	}
	none := account.NoRole
	_, _, err = h.EditUser(h.asAdmin(t), h.admin.User.ID, account.UserEdit{Role: &none})
	wants(t, "given by hand", err, account.ErrRole)
	_, _, err = h.Invite(h.asAdmin(t), account.Invite{Role: none})
	wants(t, "invited so", err, account.ErrRole)

	// A password is no way round it; the command line is the way back.
	wants(t, "a password", h.SetPassword(commandLine(t), u.ID, password), nil)
	_, err = h.SignIn(t.Context(), "alena", password, account.Origin{Address: "192.0.2.9"})
	wants(t, "sign in by password", err, account.ErrNoRole)
	member := account.Member
	_, _, err = h.EditUser(commandLine(t), u.ID, account.UserEdit{Role: &member})
	wants(t, "a role by hand", err, nil)
	h.signIn(t, "alena", password)

	back, err := h.SignInExternal(t.Context(), known("1", "alena", "viewer"), byGroups, from())
	if err != nil || back.User.ID != u.ID || back.User.Role != account.Viewer || !h.alive(t, back.Secret) {
		t.Errorf("with a role again: %s, %v", back.User.Role, err)
	}
}

// The other service is the authority also for the last admin, if it gives no role at
// all; a disabled user loses his as well, and is given none.
func TestLosingEveryGroupHoldsForAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.store.EditUser(t.Context(), h.admin.User.ID, func(u *account.User, _ int) error {
		u.External = known("2", "x").External()
		return nil
	}, account.Also{})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := h.SignInExternal(t.Context(), known("1", "alena", "member"), byGroups, from())
	yes := true
	if _, _, err2 := h.EditUser(h.asAdmin(t), gone.User.ID, account.UserEdit{Disabled: &yes}); errors.Join(err, err2) != nil {
		t.Fatal(err, err2)
	}
	role := func(id string) account.Role {
		u, err := h.store.User(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return u.Role
	}
	for _, step := range []struct {
		name string
		who  account.Identity
		id   string
		err  error
		role account.Role
	}{
		{"disabled, with another role", known("1", "alena", "admin"), gone.User.ID, account.ErrWrong, account.Member},
		{"disabled, with none", known("1", "alena"), gone.User.ID, account.ErrNoRole, account.NoRole},
		{"the last admin, with another role", known("2", "x", "viewer"), h.admin.User.ID, nil, account.Admin},
		{"the last admin, with none", known("2", "x"), h.admin.User.ID, account.ErrNoRole, account.NoRole},
	} {
		_, err := h.SignInExternal(t.Context(), step.who, byGroups, from())
		wants(t, step.name, err, step.err)
		if got := role(step.id); got != step.role {
			t.Errorf("%s: he is %s", step.name, got)
		}
	}
	if _, err := h.AddUser(commandLine(t), account.NewUser{Name: "rescue", Password: password}, account.Admin); err != nil {
		t.Errorf("the command line is no way back: %v", err)
	}
}

// Requests that come at once change the role once, and none ends the session that
// another of them has begun.
func TestRoleFollowsOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, err := h.SignInExternal(t.Context(), known("1", "alena", "member"), byGroups, from()); err != nil {
		t.Fatal(err)
	}
	secrets := make([]string, 8)
	var all sync.WaitGroup
	for i := range secrets {
		all.Go(func() {
			in, err := h.SignInExternal(t.Context(), known("1", "alena", "viewer"), byGroups, from())
			if err != nil || in.User.Role != account.Viewer {
				t.Errorf("%s, %v", in.User.Role, err)
			}
			secrets[i] = in.Secret
		})
	}
	all.Wait()
	for _, secret := range secrets {
		if !h.alive(t, secret) {
			t.Error("a session that has just begun has ended")
		}
	}
	entries, err := h.Trail(h.asAdmin(t), 0, 100, func(e account.Entry) bool { return e.Action == account.UserChanged })
	if err != nil || len(entries) != 1 {
		t.Errorf("%+v, %v", entries, err)
	}
}

// What keeps somebody out is told apart from what is wrong with the appliance.
func TestVouchedHidesNoTrouble(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, tt := range []struct {
		name string
		who  account.Identity
		want error
	}{
		{"somebody new", known("1", "alena", "member"), account.ErrNoUser},
		{"without a role", known("1", "alena"), account.ErrNoRole},
		{"without a subject", known("", "alena", "member"), account.ErrNoRole},
		{"a name that is taken", known("1", "ADMIN", "member"), account.ErrNameTaken},
		{"no name", known("1", " ", "member"), account.ErrName},
	} {
		_, err := h.Vouched(t.Context(), tt.who, byGroups, from())
		wants(t, tt.name, err, tt.want)
	}
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, who := range []account.Identity{known("1", "alena", "member"), known("1", "alena")} {
		_, err := h.SignInExternal(t.Context(), who, byGroups, from())
		for _, reason := range []error{account.ErrNotSetUp, account.ErrNoRole, account.ErrNoUser, account.ErrNameTaken, account.ErrWrong} {
			if err == nil || errors.Is(err, reason) {
				t.Errorf("a store that is closed: %v", err)
			}
		}
	}
}

// A session knows how it began, and when its user proved who he is.
func TestSessionsBegunElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	now := time.Now()
	at := func(i account.Identity, when time.Time) account.Identity {
		i.AuthenticatedAt = when
		return i
	}
	proxy := known("1", "boris", "member")
	proxy.Issuer = account.IssuerProxy
	for _, tt := range []struct {
		name  string
		who   account.Identity
		fresh bool
	}{
		{"just now", at(known("1", "alena", "member"), now), true},
		{"again, long ago", at(known("1", "alena", "member"), now.Add(-account.ConfirmedFor)), false},
		{"in the future", at(known("1", "alena", "member"), now.Add(time.Hour)), false},
		{"nobody says", known("1", "alena", "member"), false},
		{"with another role", known("1", "alena", "viewer"), false},
		{"by a proxy", proxy, false},
		{"by a proxy that knows more than it can", at(proxy, now), false},
	} {
		in, err := h.SignInExternal(t.Context(), tt.who, byGroups, from())
		if err != nil {
			t.Fatal(err)
		}
		_, s, err := h.BySession(t.Context(), in.Secret, "192.0.2.1")
		if err != nil || s.Issuer != tt.who.Issuer || s.Confirmed(time.Now()) != tt.fresh {
			t.Errorf("%s: begun by %q, fresh: %t, %v", tt.name, s.Issuer, s.Confirmed(time.Now()), err)
		}
	}
	_, s, err := h.BySession(t.Context(), h.admin.Secret, "192.0.2.1")
	if err != nil || s.Issuer != "" || !s.Confirmed(time.Now()) {
		t.Errorf("by password: begun by %q, %v", s.Issuer, err)
	}
}

func TestSignInExternal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	roleFor := func(groups []string) account.Role {
		for _, g := range groups {
			if r := account.Role(g); r.Valid() {
				return r
			}
		}
		return ""
	}
	who := func(subject, name string, groups ...string) account.Identity {
		return account.Identity{Issuer: "https://id.example.com", Subject: subject, Name: name, Groups: groups}
	}
	_, err := h.SignInExternal(t.Context(), who("1", "alena"), roleFor, from())
	wants(t, "without a role", err, account.ErrNoRole)
	in, err := h.SignInExternal(t.Context(), who("1", "alena", "member"), roleFor, from())
	if err != nil || in.User.Role != account.Member {
		t.Fatalf("%s, %v", in.User.Role, err)
	}
	again, err := h.SignInExternal(t.Context(), who("1", "another name", "viewer"), roleFor, from())
	if err != nil || again.User.ID != in.User.ID || again.User.Role != account.Viewer || again.User.Name != "alena" {
		t.Errorf("the next time: %s, %v", again.User.Role, err)
	}
	if h.alive(t, in.Secret) || !h.alive(t, again.Secret) {
		t.Error("a session goes on with a role that was taken")
	}
	_, err = h.SignIn(t.Context(), "alena", "", account.Origin{Address: "192.0.2.9"})
	wants(t, "without a password", err, account.ErrWrong)
	_, err = h.SignInExternal(t.Context(), who("2", "ADMIN", "member"), roleFor, from())
	wants(t, "the name of somebody else", err, account.ErrNameTaken)
	known := func(i account.Identity) error {
		_, err := h.store.EditUser(t.Context(), h.admin.User.ID, func(u *account.User, _ int) error {
			u.External = i.External()
			return nil
		}, account.Also{})
		return err
	}
	wants(t, "known as somebody else is", known(who("1", "x")), account.ErrExternalTaken)
	wants(t, "known elsewhere", known(who("2", "x")), nil)
	last, err := h.SignInExternal(t.Context(), who("2", "x", "viewer"), roleFor, from())
	if err != nil || last.User.ID != h.admin.User.ID || last.User.Role != account.Admin {
		t.Errorf("the last admin: %s, %v", last.User.Role, err)
	}
	disabled := true
	if _, _, err := h.EditUser(h.in(t, last.Secret), in.User.ID, account.UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	_, err = h.SignInExternal(t.Context(), who("1", "alena", "admin"), roleFor, from())
	wants(t, "disabled", err, account.ErrWrong)
}
