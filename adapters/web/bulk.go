package web

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// bulkMost is how many applications a button of the list changes at once.
const bulkMost = 500

// bulkEdits are what can be done to the watchers of several applications.
func bulkEdits() map[string]func(*watch.Watcher) error {
	return map[string]func(*watch.Watcher) error{
		"pause":     func(w *watch.Watcher) error { w.Paused = true; return nil },
		"resume":    func(w *watch.Watcher) error { w.Paused = false; return nil },
		"mute":      func(w *watch.Watcher) error { w.Muted = true; return nil },
		"unmute":    func(w *watch.Watcher) error { w.Muted = false; return nil },
		"archive":   func(w *watch.Watcher) error { w.Archived = true; return nil },
		"unarchive": func(w *watch.Watcher) error { w.Archived = false; return nil },
	}
}

// doBulk does what a button of the list asks for with those that are ticked, or
// with the one that the button names. It returns what there is to say: what was
// done, and what was not; a form without such a button does nothing.
func (s *Server) doBulk(c echo.Context) (said, bad string, err error) {
	r := c.Request()
	do, ids := r.PostFormValue("do"), r.PostForm["id"]
	if one := r.PostFormValue("seen"); one != "" {
		do, ids = "seen", []string{one}
	}
	if do == "" {
		return "", "", nil
	}
	words := s.speak(c)
	switch {
	case len(ids) == 0:
		return "", words.Text("home.tick_some"), nil
	case len(ids) > bulkMost:
		return "", words.Text("home.too_many", "most", bulkMost), nil
	}
	done, err := s.bulk(c, do, watchIDs(ids))
	if err != nil {
		return "", "", err
	}
	ok, refused, quota := 0, 0, 0
	for _, one := range done {
		_, isQuota := errors.AsType[*watch.QuotaError](one.Err)
		switch {
		case one.Err == nil:
			ok++
		case isQuota:
			quota++
		default:
			refused++
		}
	}
	if ok > 0 {
		said = words.Text("home.done_"+do, "count", ok)
	}
	if quota > 0 {
		bad = words.Text("home.quota", "count", quota)
	}
	if refused > 0 {
		bad += " " + words.Text("home.refused", "count", refused)
	}
	return said, bad, nil
}

// bulk does one thing to several applications; echo.ErrBadRequest if there is no such thing.
func (s *Server) bulk(c echo.Context, do string, ids []watch.ID) ([]watch.Edited, error) {
	ctx, p := c.Request().Context(), principal(c)
	of := account.Owner(c.Request().PostFormValue("of")) // See homePage.Of.
	mayWrite := func(a watch.Application) (account.Owner, error) { return writable(p, a, of) }
	mayRead := func(a watch.Application) (account.Owner, error) {
		st, ok := seatOf(p, a, of)
		if !ok {
			return "", watch.ErrNotFound
		}
		return st.watcher.Owner, nil
	}
	switch do {
	case "seen":
		return s.cfg.Watching.SeenMany(ctx, ids, mayRead, p.User.ID)
	case "check":
		return s.cfg.Watching.CheckManyNow(ctx, ids, mayWrite)
	}
	edit := bulkEdits()[do]
	if edit == nil {
		return nil, echo.ErrBadRequest
	}
	return s.cfg.Watching.EditMany(ctx, ids, mayWrite, edit)
}

// writable returns the seat that p takes in a, see seatOf, if he may change it.
func writable(p account.Principal, a watch.Application, of account.Owner) (account.Owner, error) {
	st, ok := seatOf(p, a, of)
	switch {
	case !ok:
		return "", watch.ErrNotFound
	case !p.MayWrite(st.watcher.Owner):
		return "", errForbidden()
	}
	return st.watcher.Owner, nil
}

func watchIDs(ids []string) []watch.ID {
	list := make([]watch.ID, len(ids))
	for i, id := range ids {
		list[i] = watch.ID(id)
	}
	return list
}

// manyWatching changes several applications at once, in few transactions. What is
// refused is said of each.
type manyWatching interface {
	// EditMany hands the watcher that whose names to edit.
	EditMany(ctx context.Context, ids []watch.ID, whose watch.Whose, edit func(*watch.Watcher) error) ([]watch.Edited, error)
	// SeenMany notes that a user has looked at them.
	SeenMany(ctx context.Context, ids []watch.ID, whose watch.Whose, user string) ([]watch.Edited, error)
	// CheckManyNow asks for a check of each; *watch.QuotaError for one.
	CheckManyNow(ctx context.Context, ids []watch.ID, whose watch.Whose) ([]watch.Edited, error)
}
