package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// seat is an application as one of its watchers sees it. Of the other watchers
// nothing is known there.
type seat struct {
	app     watch.Application
	watcher watch.Watcher
}

// principal returns who makes the request.
func principal(c echo.Context) account.Principal {
	p, _ := account.Acting(c.Request().Context())
	return p
}

// seatOf returns the seat in a that p takes: the one of owner or, with owner "",
// the first of seats. ok is false if there is none for him.
func seatOf(p account.Principal, a watch.Application, owner account.Owner) (seat, bool) {
	for _, o := range seats(p) {
		if w := a.Watcher(o); w != nil && (owner == "" || o == owner) {
			return seat{app: a, watcher: *w}, true
		}
	}
	return seat{}, false
}

// seat returns the seat that the request means by the application's ID and, where
// there is one, the query's owner. What somebody may not see is not found.
func (s *Server) seat(c echo.Context) (seat, error) {
	a, err := s.cfg.Applications.Application(c.Request().Context(), watch.ID(c.Param("id")))
	if err != nil {
		return seat{}, err
	}
	st, ok := seatOf(principal(c), a, account.Owner(c.QueryParam("owner")))
	if !ok {
		return seat{}, watch.ErrNotFound
	}
	return st, nil
}

// ownSeat is seat for a change: whoever may only see it is refused.
func (s *Server) ownSeat(c echo.Context) (seat, error) {
	st, err := s.seat(c)
	if err == nil && !principal(c).MayWrite(st.watcher.Owner) {
		err = errForbidden()
	}
	return st, err
}

// errForbidden answers who may see something, but not change it.
func errForbidden() error {
	return &problem{Status: http.StatusForbidden, Code: "forbidden", Detail: "You may see this, but not change it. Ask whoever leads the group, or use another token."}
}

// ownerOf returns whose something new is to be: the owner that was given, or
// whoever asks. It must be one for whom he may add things.
func ownerOf(p account.Principal, given *string) (account.Owner, error) {
	owner := p.Self()
	if given != nil && *given != "" {
		owner = account.Owner(*given)
	}
	switch {
	case p.MayWrite(owner):
		return owner, nil
	case p.MayRead(owner):
		return "", errForbidden()
	}
	return "", badField("owner", "The field owner names neither you nor a group of yours. Leave it out, or write group: and the ID of a group.").as("owner")
}
