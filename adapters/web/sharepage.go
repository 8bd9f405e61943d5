package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// sharePage shows whoever has a link how an application stands: nothing of whose
// it is, of what was noted, or the number.
type sharePage struct {
	view
	// Code is the secret of the link that was opened, "" before that.
	Code string
	// Name is what the application is called, "" where that is not shown.
	Name               string
	Sign, Status, Seen string
	Days               string
	Limit              int
	Over               bool
	Answered           when
	Pending, Gone      string
	Stale              string
	Next               *nextBox
	Steps              []stepRow
	// Ends is until when the link works.
	Ends string
}

func (s *Server) sharePage(c echo.Context) *sharePage {
	p := &sharePage{view: s.view(c, "share.page")}
	p.Script = pagesScript
	return p
}

// showShare asks for the code of a link. It stands behind # there, so that no
// server and no log sees it; a script sends it, or a person does.
func (s *Server) showShare(c echo.Context) error {
	return s.show(c, http.StatusOK, "share", s.sharePage(c))
}

// openShare shows what a link shows.
func (s *Server) openShare(c echo.Context) error {
	ctx, page := c.Request().Context(), s.sharePage(c)
	sh, err := s.share(c, c.FormValue("code"))
	if err != nil {
		return s.complain(c, "share", &page.view, func() any { return page }, err)
	}
	a, err := s.cfg.Applications.Application(ctx, sh.Application)
	if err != nil {
		return err
	}
	w := a.Watcher(sh.Owner)
	if w == nil {
		return s.complain(c, "share", &page.view, func() any { return page }, watch.ErrNoShare)
	}
	history, err := s.cfg.Applications.History(ctx, a.ID, shownHistory)
	if err != nil {
		return err
	}
	page.Code, page.Ends = c.FormValue("code"), page.words.Time(sh.ExpiresAt)
	if sh.Named {
		page.Name = w.Label
	}
	page.fill(a, *w, history, s.today())
	return s.show(c, http.StatusOK, "share", page)
}

// share returns the link whose secret is code; watch.ErrNoShare if it is none. Wrong
// ones are counted like wrong invitations: guessing is hopeless, and a right one
// always passes.
func (s *Server) share(c echo.Context, code string) (watch.Share, error) {
	hash, formed := watch.ShareHash(code)
	sh, err := watch.Share{}, error(watch.ErrNoShare)
	if formed {
		sh, err = s.cfg.Shares.Share(c.Request().Context(), hash)
	}
	if !errors.Is(err, watch.ErrNoShare) {
		return sh, err
	}
	if formed {
		s.cfg.Accounts.Refused(c.Request().Context(), account.RefusedLink, c.RealIP())
	}
	if wait := s.guard.wrong(c.RealIP(), time.Now()); wait > 0 {
		err = &account.WaitError{Wait: wait}
	}
	return watch.Share{}, err
}

// fill puts into words what may be shown.
func (p *sharePage) fill(a watch.Application, w watch.Watcher, history []watch.Entry, now time.Time) {
	st := w.Shown(a.State)
	p.Sign, p.Status = noStatus, p.statusName(st.Status)
	if st.Status != "" {
		p.Sign, p.Seen = string(st.Status), p.T("home.since", "date", p.words.Date(st.Since))
	}
	if clock := w.Clock(a, now); clock.From != visa.WordNumber {
		p.Days, p.Limit, p.Over = p.clockWords(clock)
	}
	p.Answered = p.ago(st.AnsweredAt, now)
	if st.Pending != nil {
		p.Pending = p.T("home.pending", "status", p.statusName(st.Pending.Status), "time", p.words.Time(st.Pending.SeenAt))
	}
	if !st.GoneAt.IsZero() {
		p.Gone = p.T("home.gone", "date", p.words.Date(st.GoneAt))
	}
	if st.Trouble != nil {
		p.Stale = p.T("share.stale", "time", p.words.Time(st.Trouble.Since))
	}
	if next, ok := visa.NextSteps(a.Reference, w.Purpose, st.Status); ok {
		p.Next = p.nextBox(next)
	}
	steps := watch.Timeline(a, w, history, now.Location())
	for i := range steps {
		if steps[i].DayWord == visa.WordNumber { // It is a part of the number.
			steps[i].Day, steps[i].DayWord = 0, ""
		}
	}
	p.Steps = p.stepRows(steps)
}
