package boltstore

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
)

// withSecond turns a second factor on, and returns the recovery codes.
func (h house) withSecond(t testing.TB, in account.SignedIn) []string {
	t.Helper()
	if _, _, err := h.BeginSecond(h.in(t, in.Secret), password); err != nil {
		t.Fatal(err)
	}
	recovery, _, err := h.ConfirmSecond(h.in(t, in.Secret), codeNow())
	if err != nil {
		t.Fatal(err)
	}
	return recovery
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		recovery := h.withSecond(t, h.add(t, "alena", account.Member))
		if len(recovery) != 10 {
			t.Fatalf("%d recovery codes", len(recovery))
		}
		pending := h.signIn(t, "alena", password)
		if pending.Pending == "" || pending.Secret != "" || pending.User.ID != "" {
			t.Fatal("the password is enough")
		}
		_, err := h.SignInSecond(t.Context(), pending.Pending, codeNow(), from())
		wants(t, "the code that confirmed", err, account.ErrWrong)
		time.Sleep(30 * time.Second)
		in, err := h.SignInSecond(t.Context(), pending.Pending, codeNow(), from())
		if err != nil || !h.alive(t, in.Secret) {
			t.Fatalf("the next code: %v", err)
		}
		_, err = h.SignInSecond(t.Context(), pending.Pending, codeNow(), from())
		wants(t, "the same sign-in again", err, account.ErrNoPending)
		again := h.signIn(t, "alena", password)
		_, err = h.SignInSecond(t.Context(), again.Pending, codeNow(), from())
		wants(t, "a code a second time", err, account.ErrWrong)
		time.Sleep(time.Second)
		if _, err = h.SignInSecond(t.Context(), again.Pending, strings.ToUpper(recovery[3]), from()); err != nil {
			t.Fatalf("a recovery code: %v", err)
		}
		again = h.signIn(t, "alena", password)
		_, err = h.SignInSecond(t.Context(), again.Pending, recovery[3], from())
		wants(t, "a recovery code a second time", err, account.ErrWrong)
		time.Sleep(time.Second)
		if _, err := h.SignInSecond(t.Context(), again.Pending, recovery[4], from()); err != nil {
			t.Fatalf("another recovery code: %v", err)
		}
		u, err := h.store.UserByName(t.Context(), "alena")
		if err != nil || len(u.Second.Recovery) != 8 {
			t.Errorf("%d recovery codes are left, %v", len(u.Second.Recovery), err)
		}
		for _, kept := range u.Second.Recovery {
			if len(kept) != 64 {
				t.Error("a recovery code is kept as it is")
			}
		}
		if n := h.trail(t)[account.SecondRecovered]; n != 2 {
			t.Errorf("%d recoveries in the audit trail", n)
		}
	})
}

func TestPendingSignInEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		alena := h.add(t, "alena", account.Member)
		h.withSecond(t, alena)
		late := h.signIn(t, "alena", password).Pending
		time.Sleep(5 * time.Minute)
		_, err := h.SignInSecond(t.Context(), late, codeNow(), from())
		wants(t, "after five minutes", err, account.ErrNoPending)
		void := h.signIn(t, "alena", password).Pending
		if err := h.SetPassword(h.asAdmin(t), alena.User.ID, changed); err != nil {
			t.Fatal(err)
		}
		_, err = h.SignInSecond(t.Context(), void, codeNow(), from())
		wants(t, "after another password", err, account.ErrNoPending)
		_, err = h.SignInSecond(t.Context(), "", codeNow(), from())
		wants(t, "none", err, account.ErrNoPending)

		var secrets []string
		for range 7 {
			secrets = append(secrets, h.signIn(t, "alena", changed).Pending)
		}
		_, err = h.SignInSecond(t.Context(), secrets[1], codeNow(), from())
		wants(t, "the oldest of too many", err, account.ErrNoPending)
		if _, err := h.SignInSecond(t.Context(), secrets[2], codeNow(), from()); err != nil {
			t.Errorf("the oldest that is left: %v", err)
		}
	})
}

// TestSecondFactorIsLimited is defect S6, codes of six digits. That
// the password was right opens no new series of tries.
func TestSecondFactorIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.withSecond(t, h.add(t, "alena", account.Member))
		time.Sleep(time.Hour)
		wrong, begin := 0, time.Now()
		for time.Since(begin) < 14*time.Minute {
			in, err := h.SignIn(t.Context(), "alena", password, account.Origin{Address: "198.51.100.9"})
			var wait *account.WaitError
			if errors.As(err, &wait) {
				time.Sleep(10 * time.Second)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.SignInSecond(t.Context(), in.Pending, "999999", account.Origin{Address: "198.51.100.9"})
			if errors.Is(err, account.ErrWrong) {
				wrong++
			}
			time.Sleep(9 * time.Second)
		}
		if wrong != 5 {
			t.Errorf("%d wrong codes in 14 minutes", wrong)
		}
	})
}

func TestSecondFactorIsTurnedOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.add(t, "alena", account.Member)
		_, _, err := h.ConfirmSecond(h.in(t, in.Secret), codeNow())
		wants(t, "confirm what was not begun", err, account.ErrNoSecond)
		if _, _, err := h.BeginSecond(h.in(t, in.Secret), password); err != nil {
			t.Fatal(err)
		}
		if unasked := h.signIn(t, "alena", password); unasked.Pending != "" {
			t.Error("asked for before it was confirmed")
		}
		_, _, err = h.ConfirmSecond(h.in(t, in.Secret), "000000")
		wants(t, "confirm with another code", err, account.ErrWrong)
		time.Sleep(time.Second)
		recovery, secret, err := h.ConfirmSecond(h.in(t, in.Secret), codeNow())
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = h.BeginSecond(h.in(t, secret), password)
		wants(t, "begin another one", err, account.ErrSecond)
		_, err = h.DisableSecond(h.in(t, secret), "something wrong")
		wants(t, "turn off without the password", err, account.ErrWrong)
		time.Sleep(time.Second)
		fresh, secret, err := h.RenewRecovery(h.in(t, secret), password)
		if err != nil || len(fresh) != 10 || fresh[0] == recovery[0] {
			t.Fatalf("%d other recovery codes, %v", len(fresh), err)
		}
		pending := h.signIn(t, "alena", password).Pending
		_, err = h.SignInSecond(t.Context(), pending, recovery[0], from())
		wants(t, "a recovery code that was replaced", err, account.ErrWrong)
		time.Sleep(time.Second)
		secret, err = h.DisableSecond(h.in(t, secret), password)
		if err != nil || !h.alive(t, secret) {
			t.Fatalf("turn off: %v", err)
		}
		if h.signIn(t, "alena", password).Pending != "" {
			t.Error("asked for after it was turned off")
		}
		wants(t, "an admin, what is off", h.RemoveSecond(h.asAdmin(t), in.User.ID), account.ErrNoSecond)
		wants(t, "an admin, his own", h.RemoveSecond(h.asAdmin(t), h.admin.User.ID), account.ErrForbidden)
		h.withSecond(t, account.SignedIn{Secret: secret})
		wants(t, "an admin", h.RemoveSecond(h.asAdmin(t), in.User.ID), nil)
		if h.signIn(t, "alena", password).Pending != "" {
			t.Error("asked for after an admin turned it off")
		}
	})
}
