package web

import (
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

// A token in the address signs in, in a fresh tab as in an open one, and does
// not stay there.
func TestPageTakesTokenFromAddress(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.portal.say(anna, visa.InProgress)
	a.watch(anna, "Anna")
	a.run()
	token, another := account.NewToken("", "another", account.ScopeAdmin, 0, time.Now())
	if err := a.store.AddToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), p.URL+"/visa/#token=czvm_old") // As of a demo that ended.
	v.shows("This token is not valid.")
	v.unmarked()

	follow := `to => { const a = document.createElement('a'); a.href = to; document.body.append(a); a.click(); a.remove(); return true }`
	kept := `token => sessionStorage.getItem('czvm-token') === token`
	v.until("the new demo's link is followed", follow, "#token="+a.token)
	v.shows("In progress")
	v.shows("Live")
	v.until("it is kept", kept, a.token)
	v.unmarked()

	v.until("another one's link is followed", follow, "#token="+another)
	v.until("it is kept", kept, another)
	v.shows("Live")
	v.shows("Anna")
	v.unmarked()

	// What is no token does not stay either, and signs nobody out.
	v.until("a broken link is followed", follow, "#token=a%20token-"+another)
	v.unmarked()
	v.until("the old one is kept", kept, another)
	v.shows("Live")
	v.until("there is one list", `() => document.querySelectorAll('.application').length === 1`)
}
