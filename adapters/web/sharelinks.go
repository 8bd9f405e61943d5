package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// Shares keeps the links that show how an application stands.
type Shares interface {
	// AddShare stores a link; watch.ErrManyShares if there is no room for it.
	AddShare(ctx context.Context, sh watch.Share) error
	// Share returns the link whose secret has this hash, or watch.ErrNoShare if it
	// does not work, or not any more.
	Share(ctx context.Context, hash string) (watch.Share, error)
	// Shares returns those of a watcher of an application, the oldest first.
	Shares(ctx context.Context, id watch.ID, owner account.Owner) ([]watch.Share, error)
	// EndShare ends one of these, or returns watch.ErrNoShare.
	EndShare(ctx context.Context, id watch.ID, owner account.Owner, share string) error
}

// shareLinksPage makes links to an application, lists them and ends them.
type shareLinksPage struct {
	view
	ID, Query, Name string
	Lasts           []choiceRow
	Rows            []shareRow
	// Code is the secret of the link that was just made, shown once. Link leads to
	// the page with it, "" where the appliance does not know its own address.
	Code, Link string
	QR         qr
}

// Here is the address of the application behind Root, There that of this page.
func (p *shareLinksPage) Here() string  { return "applications/" + p.ID + p.Query }
func (p *shareLinksPage) There() string { return "applications/" + p.ID + "/share" + p.Query }

// shareRow is a link that works.
type shareRow struct {
	ID, Made, Ends string
	Named, Mine    bool
}

// usualShare is for how many days a link works unless another choice is made.
const usualShare = 7

func (s *Server) showShareLinks(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	page, err := s.shareLinksPage(c, st)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "share-links", page)
}

func (s *Server) shareLinksPage(c echo.Context, st seat) (*shareLinksPage, error) {
	p := principal(c)
	page := &shareLinksPage{view: s.inside(c, sectionHome, "share.title"), ID: string(st.app.ID), Query: queryOf(p, st), Name: st.watcher.Label}
	for _, days := range watch.ShareLasts() {
		page.Lasts = append(page.Lasts, choiceRow{strconv.Itoa(days), page.T("duration.days", "count", days), days == usualShare})
	}
	list, err := s.cfg.Shares.Shares(c.Request().Context(), st.app.ID, st.watcher.Owner)
	if err != nil {
		return nil, err
	}
	for _, sh := range list {
		page.Rows = append(page.Rows, shareRow{
			ID: sh.ID, Made: page.words.Time(sh.CreatedAt), Ends: page.words.Time(sh.ExpiresAt), Named: sh.Named, Mine: sh.By == p.User.ID,
		})
	}
	return page, nil
}

// changeShareLinks makes a link, or ends one.
func (s *Server) changeShareLinks(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	switch c.FormValue("do") {
	case "make":
		return s.makeShare(c, st)
	case "end":
		if err := s.cfg.Shares.EndShare(c.Request().Context(), st.app.ID, st.watcher.Owner, c.FormValue("share")); err != nil {
			return err
		}
		return see(c, "share"+pageQuery(principal(c), st, "share_ended"))
	}
	return echo.ErrBadRequest
}

// makeShare makes a link and shows it, once: only its hash is kept.
func (s *Server) makeShare(c echo.Context, st seat) error {
	days, err := strconv.Atoi(c.FormValue("lasts"))
	if err != nil || !slices.Contains(watch.ShareLasts(), days) {
		return echo.ErrBadRequest
	}
	sh, secret := watch.NewShare(watch.Share{
		Application: st.app.ID, Owner: st.watcher.Owner, By: principal(c).User.ID, Named: c.FormValue("named") != "" && st.watcher.Label != "",
	}, time.Duration(days)*24*time.Hour, time.Now())
	err = s.cfg.Shares.AddShare(c.Request().Context(), sh)
	if err != nil && !errors.Is(err, watch.ErrManyShares) {
		return err
	}
	page, perr := s.shareLinksPage(c, st)
	if perr != nil {
		return perr
	}
	if err != nil {
		return s.complain(c, "share-links", &page.view, func() any { return page }, err)
	}
	page.Code = secret
	if s.cfg.BaseURL != "" {
		page.Link = strings.TrimRight(s.cfg.BaseURL, "/") + "/share#" + secret
		if page.QR, err = newQR(page.Link); err != nil {
			return err
		}
	}
	return s.show(c, http.StatusOK, "share-links", page)
}
