package boltstore

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
)

func TestSessionLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.add(t, "alena", account.Member)
		begun := in.Session.SeenAt
		time.Sleep(59 * time.Minute)
		_, s, err := h.BySession(t.Context(), in.Secret, "192.0.2.8")
		if err != nil || !s.SeenAt.Equal(begun) || s.Address != "192.0.2.1" {
			t.Errorf("after 59 minutes it was stored again, or %v", err)
		}
		time.Sleep(time.Minute)
		_, s, err = h.BySession(t.Context(), in.Secret, "192.0.2.8")
		if err != nil || !s.SeenAt.Equal(time.Now()) || s.Address != "192.0.2.8" {
			t.Errorf("after an hour: %+v, %v", s, err)
		}
		time.Sleep(account.SessionIdle - time.Second)
		if !h.alive(t, in.Secret) {
			t.Error("ended before its time")
		}
		time.Sleep(account.SessionIdle)
		if h.alive(t, in.Secret) {
			t.Error("lasts for ever")
		}
		if left, err := h.store.Sessions(t.Context(), in.User.ID); err != nil || len(left) > 0 {
			t.Errorf("%d ended sessions are kept, %v", len(left), err)
		}
	})
}

func TestSessionSeenWhileTheClockWasAhead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead := func(s *account.Session) { s.SeenAt = time.Now().AddDate(10, 0, 0) }
	if err := h.store.EditSession(t.Context(), h.admin.Session.Hash, ahead); err != nil {
		t.Fatal(err)
	}
	_, s, err := h.BySession(t.Context(), h.admin.Secret, "192.0.2.1")
	if err != nil || s.SeenAt.After(time.Now()) {
		t.Errorf("seen at %s, %v", s.SeenAt, err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.add(t, "alena", account.Member)
	second := h.signIn(t, "alena", password)
	// The first one is in use, so that the second one is the oldest.
	if err := h.store.EditSession(t.Context(), first.Session.Hash, func(s *account.Session) { s.SeenAt = s.SeenAt.Add(time.Hour) }); err != nil {
		t.Fatal(err)
	}
	for range account.MaxSessions - 1 {
		h.signIn(t, "alena", password)
	}
	own, err := h.Sessions(h.in(t, first.Secret), first.User.ID)
	if err != nil || len(own) != account.MaxSessions {
		t.Errorf("%d sessions, %v", len(own), err)
	}
	if !h.alive(t, first.Secret) || h.alive(t, second.Secret) {
		t.Error("another one ended than that which was not used for longest")
	}
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.add(t, "alena", account.Member), h.signIn(t, "alena", password)
	other := h.add(t, "bedrich", account.Member)
	_, err := h.Sessions(h.in(t, other.Secret), a.User.ID)
	wants(t, "a stranger lists", err, account.ErrForbidden)
	wants(t, "a stranger revokes", h.EndSession(h.in(t, other.Secret), a.User.ID, a.Session.ID), account.ErrForbidden)
	wants(t, "revoke another's under the own name", h.EndSession(h.in(t, other.Secret), other.User.ID, a.Session.ID), account.ErrNoSession)
	wants(t, "revoke", h.EndSession(h.in(t, a.Secret), a.User.ID, b.Session.ID), nil)
	wants(t, "revoke twice", h.EndSession(h.in(t, a.Secret), a.User.ID, b.Session.ID), account.ErrNoSession)
	if h.alive(t, b.Secret) || !h.alive(t, a.Secret) {
		t.Error("another session was revoked")
	}
	c := h.signIn(t, "alena", password)
	if n, err := h.EndOtherSessions(h.in(t, a.Secret), a.User.ID); n != 1 || err != nil || h.alive(t, c.Secret) {
		t.Errorf("%d others ended, %v", n, err)
	}
	wants(t, "sign out", h.SignOut(t.Context(), a.Secret, "192.0.2.1"), nil)
	wants(t, "sign out twice", h.SignOut(t.Context(), a.Secret, "192.0.2.1"), nil)
	if h.alive(t, a.Secret) {
		t.Error("signed out, and still in")
	}
	if n := h.trail(t)[account.SessionEnded]; n != 3 {
		t.Errorf("%d ends in the audit trail, want 3", n)
	}
}

// TestPrivilegeChangeRenewsSessions: whoever has stolen a session loses it.
func TestPrivilegeChangeRenewsSessions(t *testing.T) {
	t.Parallel()
	admin, member := account.Admin, account.Member
	tests := []struct {
		name   string
		change func(t *testing.T, h house, in account.SignedIn) (secret string, err error)
	}{
		{"password", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			return h.ChangePassword(h.in(t, in.Secret), password, changed)
		}},
		{"second factor on", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			if _, _, err := h.BeginSecond(h.in(t, in.Secret), password); err != nil {
				return "", err
			}
			_, secret, err := h.ConfirmSecond(h.in(t, in.Secret), codeNow())
			return secret, err
		}},
		{"role, by another", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			_, secret, err := h.EditUser(h.asAdmin(t), in.User.ID, account.UserEdit{Role: &member})
			return secret, err
		}},
		{"role, by himself", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			_, secret, err := h.EditUser(h.in(t, in.Secret), in.User.ID, account.UserEdit{Role: &member})
			return secret, err
		}},
		{"password, by another", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			return "", h.SetPassword(h.asAdmin(t), in.User.ID, changed)
		}},
		{"password, by a link", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			_, link, err := h.NewReset(h.asAdmin(t), in.User.ID)
			if err != nil {
				return "", err
			}
			return "", h.Reset(t.Context(), link, changed, from())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			in := h.add(t, "alena", admin)
			stolen := h.signIn(t, "alena", password)
			secret, err := tt.change(t, h, in)
			if err != nil {
				t.Fatal(err)
			}
			if h.alive(t, stolen.Secret) || h.alive(t, in.Secret) {
				t.Error("an old secret still works")
			}
			if secret != "" {
				p, s, err := h.BySession(t.Context(), secret, "192.0.2.1")
				if err != nil || s.ID != in.Session.ID || p.User.ID != in.User.ID {
					t.Errorf("the session was not renewed: %v", err)
				}
			}
			if !h.alive(t, h.admin.Secret) {
				t.Error("the session of somebody else ended")
			}
		})
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	in := h.add(t, "alena", account.Member)
	wants(t, "confirm", h.Confirm(h.asAdmin(t), password), nil)
	_, err := h.ChangePassword(h.in(t, in.Secret), password, "short")
	wants(t, "a short one", err, account.ErrPasswordShort)
	_, err = h.ChangePassword(h.in(t, in.Secret), "something wrong", changed)
	wants(t, "without the old one", err, account.ErrWrong)
	var wait *account.WaitError
	if _, err = h.ChangePassword(h.in(t, in.Secret), password, changed); !errors.As(err, &wait) {
		t.Errorf("the next try at once: %v", err)
	}
	wants(t, "an admin his own", h.SetPassword(h.asAdmin(t), h.admin.User.ID, changed), account.ErrForbidden)
	_, _, err = h.NewReset(h.asAdmin(t), h.admin.User.ID)
	wants(t, "an admin a link for himself", err, account.ErrForbidden)
	wants(t, "a member another's", h.SetPassword(h.in(t, in.Secret), h.admin.User.ID, changed), account.ErrForbidden)
}

func TestTokenScopes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	users := map[account.Role]account.SignedIn{
		account.Admin: h.admin, account.Member: h.add(t, "alena", account.Member), account.Viewer: h.add(t, "bedrich", account.Viewer),
	}
	tests := []struct {
		role  account.Role
		scope account.Scope
		want  error
	}{
		{account.Admin, account.ScopeAdmin, nil},
		{account.Admin, account.ScopeWrite, nil},
		{account.Admin, account.ScopeRead, nil},
		{account.Member, account.ScopeAdmin, account.ErrScope},
		{account.Member, account.ScopeWrite, nil},
		{account.Member, account.ScopeRead, nil},
		{account.Viewer, account.ScopeAdmin, account.ErrScope},
		{account.Viewer, account.ScopeWrite, account.ErrScope},
		{account.Viewer, account.ScopeRead, nil},
		{account.Admin, "", account.ErrScope},
		{account.Admin, "root", account.ErrScope},
	}
	for _, tt := range tests {
		in := users[tt.role]
		token, secret, err := h.AddToken(h.in(t, in.Secret), in.User.ID, "phone", tt.scope, 0)
		wants(t, string(tt.role)+" "+string(tt.scope), err, tt.want)
		if tt.want != nil {
			continue
		}
		p, err := h.ByToken(t.Context(), secret, "192.0.2.1")
		if err != nil || p.Scope != tt.scope || p.User.ID != in.User.ID || p.Key != token.ID || p.Via != account.ByToken {
			t.Errorf("%s %s: acts as %q with %q, %v", tt.role, tt.scope, p.User.ID, p.Scope, err)
		}
		_, _, err = h.AddToken(account.As(t.Context(), p), in.User.ID, "child", account.ScopeRead, 0)
		wants(t, "a token makes a token", err, account.ErrForbidden)
	}
	member := users[account.Member]
	_, _, err := h.AddToken(h.asAdmin(t), member.User.ID, "phone", account.ScopeRead, 0)
	wants(t, "an admin for somebody else", err, account.ErrForbidden)
	own, err := h.Tokens(h.in(t, member.Secret), member.User.ID)
	if err != nil || len(own) != 2 || own[0].UsedAt.IsZero() {
		t.Fatalf("%d tokens, or not marked as used, %v", len(own), err)
	}
	for range account.MaxTokens - len(own) {
		if _, _, err := h.AddToken(h.in(t, member.Secret), member.User.ID, "phone", account.ScopeRead, 0); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = h.AddToken(h.in(t, member.Secret), member.User.ID, "phone", account.ScopeRead, 0)
	wants(t, "one too many", err, account.ErrFull)
	wants(t, "revoke another's", h.RevokeToken(h.in(t, users[account.Viewer].Secret), member.User.ID, own[0].ID), account.ErrForbidden)
	wants(t, "revoke", h.RevokeToken(h.in(t, member.Secret), member.User.ID, own[0].ID), nil)
	wants(t, "revoke twice", h.RevokeToken(h.asAdmin(t), member.User.ID, own[0].ID), account.ErrNoToken)
}

func TestTokenLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.add(t, "alena", account.Member)
		_, secret, err := h.AddToken(h.in(t, in.Secret), in.User.ID, "phone", account.ScopeWrite, 48*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		used := func() time.Time {
			if _, err := h.ByToken(t.Context(), secret, "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
			tokens, err := h.store.Tokens(t.Context(), in.User.ID)
			if err != nil || len(tokens) != 1 {
				t.Fatalf("%d tokens, %v", len(tokens), err)
			}
			return tokens[0].UsedAt
		}
		first := used()
		time.Sleep(59 * time.Minute)
		if !used().Equal(first) {
			t.Error("a use within the hour was stored")
		}
		time.Sleep(time.Minute)
		if !used().Equal(first.Add(time.Hour)) {
			t.Error("a use after an hour was not stored")
		}
		disabled, enabled := true, false
		if _, _, err := h.EditUser(h.asAdmin(t), in.User.ID, account.UserEdit{Disabled: &disabled}); err != nil {
			t.Fatal(err)
		}
		_, err = h.ByToken(t.Context(), secret, "192.0.2.1")
		wants(t, "of a disabled user", err, account.ErrNoToken)
		if _, _, err := h.EditUser(h.asAdmin(t), in.User.ID, account.UserEdit{Disabled: &enabled}); err != nil {
			t.Fatal(err)
		}
		used()
		time.Sleep(48 * time.Hour)
		_, err = h.ByToken(t.Context(), secret, "192.0.2.1")
		wants(t, "expired", err, account.ErrNoToken)
		_, err = h.ByToken(t.Context(), in.Secret, "192.0.2.1")
		wants(t, "the secret of a session", err, account.ErrNoToken)
	})
}
