package web

import (
	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// owners are those whose things somebody may see, by what the pages call them.
type owners struct {
	names map[account.Owner]string
	// Choices are those for whom he may add things: himself first.
	Choices []ownerChoice
}

// ownerChoice is somebody for whom something may be added. Owner is "" for whoever
// makes the request.
type ownerChoice struct {
	Owner  account.Owner
	Name   string
	Chosen bool
}

// owners reads whose things there are for whoever makes the request. chosen is
// the one that a form has.
func (s *Server) owners(c echo.Context, v view, chosen account.Owner) (owners, error) {
	p := principal(c)
	o := owners{names: map[account.Owner]string{p.Self(): v.T("owner.me")}}
	groups, err := s.cfg.Accounts.Groups(c.Request().Context())
	if err != nil {
		return o, err
	}
	if p.MayAdd() {
		o.Choices = append(o.Choices, ownerChoice{Name: v.T("owner.me"), Chosen: chosen == p.Self()})
	}
	for _, g := range groups {
		owner := account.OfGroup(g.ID)
		o.names[owner] = g.Name
		if p.MayWrite(owner) {
			o.Choices = append(o.Choices, ownerChoice{Owner: owner, Name: g.Name, Chosen: chosen == owner})
		}
	}
	return o, nil
}

// of returns what an owner is called.
func (o owners) of(owner account.Owner) string { return o.names[owner] }
