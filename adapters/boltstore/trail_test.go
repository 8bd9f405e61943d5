package boltstore

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
)

// Neither thousands of made up links nor hundreds of wrong names keep the audit trail
// from telling that an account is being tried.
func TestStrangersCannotSilenceTheTrail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.add(t, "alena", account.Member)
		at := func(n int) account.Origin {
			return account.Origin{Address: fmt.Sprintf("198.51.%d.%d", n/250, n%250)}
		}
		for n := range 1000 {
			_, err := h.Invitation(t.Context(), account.NewSecret("czvi_"), at(n))
			wants(t, "a made up link", err, account.ErrNoInvitation)
		}
		if got := h.trail(t); got[account.RequestRefused] < 10 || got[account.RequestRefused] > 60 || got[account.SignInFailed] != 0 {
			t.Errorf("after 1000 links: %v", got)
		}
		for n := range 250 {
			_, err := h.SignIn(t.Context(), fmt.Sprint("nobody", n), password, at(n))
			wants(t, "a wrong name", err, account.ErrWrong)
		}
		if got := h.trail(t); got[account.SignInFailed] != 200 || got[account.SignInBlocked] != 0 {
			t.Errorf("after 250 names: %v", got)
		}
		for n := range 5 {
			_, err := h.SignIn(t.Context(), "alena", "something wrong", at(300+n))
			wants(t, "a wrong password", err, account.ErrWrong)
			time.Sleep(9 * time.Second)
		}
		if got := h.trail(t)[account.SignInBlocked]; got != 1 {
			t.Errorf("%d locks stand in the trail", got)
		}
		wants(t, "in a session", h.Confirm(h.asAdmin(t), "something wrong"), account.ErrWrong)
		if got := h.trail(t)[account.SignInFailed]; got != 201 {
			t.Errorf("%d failures after one in a session", got)
		}
		time.Sleep(time.Hour)
		_, err := h.SignIn(t.Context(), "alena", "something wrong", at(0))
		wants(t, "an hour later", err, account.ErrWrong)
		if got := h.trail(t)[account.SignInFailed]; got != 202 {
			t.Errorf("%d failures an hour later", got)
		}
	})
}
