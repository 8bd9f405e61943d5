package boltstore

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
)

// Whoever comes upon a session must not be able to shut its owner out with a second
// factor of his own.
func TestASessionAloneAddsNoSecondFactor(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T, h house, secret string) {
		t.Helper()
		if _, _, err := h.BeginSecond(h.in(t, secret), password); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		// thief gets the secrets of two sessions, both older than ConfirmedFor.
		thief func(t *testing.T, h house, one, other string) error
		want  error
	}{
		{"without the password", func(t *testing.T, h house, one, _ string) error {
			_, _, err := h.BeginSecond(h.in(t, one), "")
			return err
		}, account.ErrWrong},
		{"just after a sign-in", func(t *testing.T, h house, _, _ string) error {
			_, _, err := h.BeginSecond(h.in(t, h.signIn(t, "alena", password).Secret), "")
			return err
		}, account.ErrWrong},
		{"what the owner has begun, in another session", func(t *testing.T, h house, one, other string) error {
			begin(t, h, one)
			_, _, err := h.ConfirmSecond(h.in(t, other), codeNow())
			return err
		}, account.ErrUnconfirmed},
		{"what the owner has begun, too late", func(t *testing.T, h house, one, _ string) error {
			begin(t, h, one)
			time.Sleep(account.ConfirmedFor)
			_, _, err := h.ConfirmSecond(h.in(t, one), codeNow())
			return err
		}, account.ErrUnconfirmed},
		{"what was begun long ago, just after a sign-in", func(t *testing.T, h house, one, _ string) error {
			begin(t, h, one)
			time.Sleep(account.ConfirmedFor)
			_, _, err := h.ConfirmSecond(h.in(t, h.signIn(t, "alena", password).Secret), codeNow())
			return err
		}, account.ErrUnconfirmed},
		{"the owner himself", func(t *testing.T, h house, one, _ string) error {
			begin(t, h, one)
			time.Sleep(account.ConfirmedFor - time.Second)
			_, _, err := h.ConfirmSecond(h.in(t, one), codeNow())
			return err
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				one, other := h.add(t, "alena", account.Member), h.signIn(t, "alena", password)
				time.Sleep(time.Hour)
				wants(t, "the thief", tt.thief(t, h, one.Secret, other.Secret), tt.want)
				if tt.want == nil {
					return
				}
				time.Sleep(time.Minute)
				if in := h.signIn(t, "alena", password); in.Pending != "" {
					t.Error("the owner is asked for a second factor")
				}
				if !h.alive(t, one.Secret) || !h.alive(t, other.Secret) {
					t.Error("a session of the owner has ended")
				}
			})
		})
	}
}

// Only a password that was checked counts as given just now, not that a session got
// another secret.
func TestRenewalIsNoConfirmation(t *testing.T) {
	t.Parallel()
	member := account.Member
	tests := []struct {
		name   string
		change func(t *testing.T, h house, in account.SignedIn) (secret string, err error)
		want   error
	}{
		{"nothing", func(_ *testing.T, _ house, in account.SignedIn) (string, error) { return in.Secret, nil }, account.ErrUnconfirmed},
		{"the own role", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			_, secret, err := h.EditUser(h.in(t, in.Secret), in.User.ID, account.UserEdit{Role: &member})
			return secret, err
		}, account.ErrUnconfirmed},
		{"a code whose secret was just shown", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			_, _, err := h.BeginSecond(h.in(t, in.Secret), password)
			if err != nil {
				return "", err
			}
			time.Sleep(account.ConfirmedFor - time.Second)
			_, secret, err := h.ConfirmSecond(h.in(t, in.Secret), codeNow())
			time.Sleep(time.Second)
			return secret, err
		}, account.ErrUnconfirmed},
		{"the password", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			return h.ChangePassword(h.in(t, in.Secret), password, changed)
		}, nil},
		{"the password once more", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			return in.Secret, h.Confirm(h.in(t, in.Secret), password)
		}, nil},
		{"a wrong password", func(t *testing.T, h house, in account.SignedIn) (string, error) {
			wants(t, "confirm", h.Confirm(h.in(t, in.Secret), changed), account.ErrWrong)
			return in.Secret, nil
		}, account.ErrUnconfirmed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				in := h.add(t, "alena", account.Admin)
				time.Sleep(time.Hour)
				secret, err := tt.change(t, h, in)
				if err != nil {
					t.Fatal(err)
				}
				wants(t, "erase himself", h.MayErase(h.in(t, secret), account.OfUser(in.User.ID)), tt.want)
			})
		})
	}
}

// Whoever signs in through another service has no password to give, and is asked
// for a second factor there.
func TestNoSecondFactorWithoutPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	in, err := h.SignInExternal(t.Context(), account.Identity{Issuer: "https://id.example.com", Subject: "90001", Name: "bedrich"}, always(account.Member), from())
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = h.BeginSecond(h.in(t, in.Secret), "")
	wants(t, "begin", err, account.ErrNoPassword)
}

// A stranger who locks the sign-in, from the same address even, does not keep who is
// signed in from what he needs his password for.
func TestAStrangerLocksNobodyOutOfHisAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.add(t, "alena", account.Member)
		for range 5 {
			_, err := h.SignIn(t.Context(), "alena", "something wrong", from())
			wants(t, "the stranger", err, account.ErrWrong)
			time.Sleep(9 * time.Second)
		}
		var wait *account.WaitError
		if _, err := h.SignIn(t.Context(), "alena", password, from()); !errors.As(err, &wait) {
			t.Fatalf("the sign-in is not locked: %v", err)
		}
		secret := in.Secret
		wants(t, "confirm", h.Confirm(h.in(t, secret), password), nil)
		_, _, err := h.BeginSecond(h.in(t, secret), password)
		wants(t, "begin a second factor", err, nil)
		_, secret, err = h.ConfirmSecond(h.in(t, secret), codeNow())
		wants(t, "confirm it", err, nil)
		_, secret, err = h.RenewRecovery(h.in(t, secret), password)
		wants(t, "renew the recovery codes", err, nil)
		secret, err = h.DisableSecond(h.in(t, secret), password)
		wants(t, "turn it off", err, nil)
		_, err = h.ChangePassword(h.in(t, secret), password, changed)
		wants(t, "change the password", err, nil)
	})
}

// The other way round: wrong tries in a session are limited and noted with it, and
// lock no sign-in.
func TestWrongTriesInASession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.add(t, "alena", account.Member)
		let := 0
		var wait *account.WaitError
		for range 20 {
			err := h.Confirm(h.in(t, in.Secret), "something wrong")
			if errors.Is(err, account.ErrWrong) {
				let++
			}
			time.Sleep(9 * time.Second)
		}
		if err := h.Confirm(h.in(t, in.Secret), password); let != 5 || !errors.As(err, &wait) {
			t.Errorf("%d wrong tries in 3 minutes, then the right one: %v", let, err)
		}
		h.signIn(t, "alena", password)
		entries, err := h.store.AuditTrail(t.Context(), 0, 100, func(e account.Entry) bool {
			return (e.Action == account.SignInFailed || e.Action == account.SignInBlocked) && e.Key == in.Session.ID && e.Object == in.User.ID
		})
		if err != nil || len(entries) != 6 {
			t.Errorf("%d entries of the session, %v", len(entries), err)
		}
	})
}
