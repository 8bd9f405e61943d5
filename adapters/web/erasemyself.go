package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
)

// erasurePage asks before a user is gone with all that is his.
type erasurePage struct {
	view
	// Lines say what there is of his.
	Lines []string
	// LastAdmin and Led stand in the way: nobody else runs the appliance, or leads
	// these groups.
	LastAdmin bool
	Led       []groupRow
	// Fresh: he proved a moment ago who he is. External is what the service is called
	// where he can, if he has no password.
	Fresh    bool
	External string
}

// May reports whether nothing stands in the way.
func (p *erasurePage) May() bool { return !p.LastAdmin && len(p.Led) == 0 }

func (s *Server) erasurePage(c echo.Context) (*erasurePage, error) {
	ctx, me := c.Request().Context(), principal(c)
	if !me.MayManageSelf() {
		return nil, account.ErrForbidden
	}
	page := &erasurePage{view: s.inside(c, sectionAccount, "account.erase"), Fresh: s.isFresh(c), External: s.confirmedAt(c)}
	u, err := s.cfg.Accounts.User(ctx, me.User.ID)
	if err != nil {
		return nil, err
	}
	page.Me = u
	if page.LastAdmin, err = s.cfg.Accounts.RunsAlone(ctx, u); err != nil {
		return nil, err
	}
	led, err := s.cfg.Accounts.LedAlone(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range led {
		page.Led = append(page.Led, groupRow{ID: g.ID, Name: g.Name})
	}
	things, err := s.belongings(ctx, me, me.Self())
	page.Lines = things.lines(page.view)
	return page, err
}

func (s *Server) showErasure(c echo.Context) error {
	page, err := s.erasurePage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "account-erase", page)
}

// erasedPage says to somebody who is no user any more what still holds what was his.
type erasedPage struct {
	view
	// Compacted and CopiesUnread are as in archive.Erased.
	Compacted, CopiesUnread bool
	// Holders are the backups, and until when each stands.
	Holders []string
	// Kept: there are files that a restored backup replaced.
	Kept bool
}

// eraseMyself erases whoever asks, after he has proved that it is he.
func (s *Server) eraseMyself(c echo.Context) error {
	page, err := s.erasurePage(c)
	if err != nil {
		return err
	}
	me := principal(c)
	if page.May() {
		err = s.prove(c)
	}
	var erased archive.Erased
	if err == nil {
		erased, err = s.eraseNow(c, me.Self())
	}
	if errors.Is(err, account.ErrForbidden) {
		return err
	}
	if err != nil {
		return s.complain(c, "account-erase", &page.view, func() any { return page }, err)
	}
	s.setCookie(c, sessionCookie, "", 0)
	s.clearSite(c)
	gone := &erasedPage{view: s.view(c, "account.erased"), Compacted: erased.Compacted, CopiesUnread: erased.CopiesUnread, Kept: len(erased.Replaced) > 0}
	gone.Me = account.User{}
	for _, b := range append(erased.Backups, erased.Copies...) {
		gone.Holders = append(gone.Holders, holderLine(gone.view, b))
	}
	return s.show(c, http.StatusOK, "account-erased", gone)
}

// holderLine says until when a backup stands.
func holderLine(v view, b archive.Backup) string {
	if b.Expires.IsZero() {
		return v.T("account.holder", "name", b.Name)
	}
	return v.T("account.holder_until", "name", b.Name, "date", v.words.Date(b.Expires))
}
