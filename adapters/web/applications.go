package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Watching changes what is watched; watch.Engine does.
type Watching interface {
	// Add makes w a watcher; *watch.InputError, *watch.DuplicateError, watch.ErrFull.
	Add(ctx context.Context, ref visa.Reference, w watch.Watcher) (watch.Application, error)
	// Edit hands the watcher of owner to edit and keeps what it made of it; an
	// error of edit is returned as it is, and nothing has changed.
	Edit(ctx context.Context, id watch.ID, owner account.Owner, edit func(*watch.Watcher) error) (watch.Application, error)
	// Move gives what from watches to another owner; *watch.DuplicateError.
	Move(ctx context.Context, id watch.ID, from, to account.Owner) (watch.Application, error)
	// Remove takes the watcher of owner away, and with the last one the application.
	Remove(ctx context.Context, id watch.ID, owner account.Owner) error
	// CheckNow asks for a check before all others; *watch.QuotaError.
	CheckNow(ctx context.Context, id watch.ID) (watch.Ticket, error)
	// Seen notes that a user has looked at the application.
	Seen(ctx context.Context, id watch.ID, user string) (watch.Application, error)
	manyWatching
}

// Applications reads what is watched.
type Applications interface {
	// Application returns one application, or watch.ErrNotFound.
	Application(ctx context.Context, id watch.ID) (watch.Application, error)
	// Applications calls yield for every application behind after that one of
	// owners watches, the oldest first, until it returns false; it opens each.
	Applications(ctx context.Context, owners []account.Owner, after watch.ID, yield func(watch.Application) bool) error
	// ByReference returns those with these references, whoever watches them.
	ByReference(ctx context.Context, refs []visa.Reference) ([]watch.Application, error)
	// List returns a page of the applications that a query asks for.
	List(ctx context.Context, q watch.Query) (watch.Page, error)
	// History returns the newest entries of an application, newest first, or
	// watch.ErrNotFound.
	History(ctx context.Context, id watch.ID, most int) ([]watch.Entry, error)
}

// checkChannels reports channels that do not exist, or are not the owner's.
func checkChannels(ids *[]string, standing map[string]account.Owner, owner account.Owner) error {
	if ids == nil {
		return nil
	}
	seen := make(map[string]bool, len(*ids))
	for i, id := range *ids {
		if of, ok := standing[id]; !ok || of != owner {
			return badField("channels", "Channel number %d of the list does not exist. Leave it out, or add the channel first.", i+1).as("channels")
		}
		if seen[id] {
			return badField("channels", "Channel number %d of the list is there twice. Leave it out.", i+1).as("channels")
		}
		seen[id] = true
	}
	return nil
}

func (s *Server) addApplication(c echo.Context) error {
	var in newApplicationInput
	if err := decode(c, &in); err != nil {
		return err
	}
	ref, err := visa.Parse(in.Reference)
	if err != nil {
		return err
	}
	return s.beginWatching(c, ref, in.newWatcherInput, "applications/")
}

// addWatcher lets somebody who sees an application watch it in a way of his own.
func (s *Server) addWatcher(c echo.Context) error {
	var in newWatcherInput
	if err := decode(c, &in); err != nil {
		return err
	}
	st, err := s.seat(c)
	if err != nil {
		return err
	}
	return s.beginWatching(c, st.app.Reference, in, "../")
}

// beginWatching answers with the application; folder leads from the request's
// address to that of all applications.
func (s *Server) beginWatching(c echo.Context, ref visa.Reference, in newWatcherInput, folder string) error {
	ctx, p := c.Request().Context(), principal(c)
	owner, err := ownerOf(p, in.Owner)
	if err != nil {
		return err
	}
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	if err := checkChannels(in.Channels, standing, owner); err != nil {
		return err
	}
	w := watch.Watcher{Owner: owner}
	if err := in.apply(&w); err != nil {
		return err
	}
	a, err := s.cfg.Watching.Add(ctx, ref, w)
	if err != nil {
		return err
	}
	// The store counts the revision, and the first check may be over already.
	if a, err = s.cfg.Applications.Application(ctx, a.ID); err != nil {
		return err
	}
	// Relative, so that it holds behind a proxy that serves under a sub-path.
	c.Response().Header().Set(echo.HeaderLocation, folder+string(a.ID))
	return s.application(c, http.StatusCreated, a, owner, standing)
}

func (s *Server) getApplication(c echo.Context) error {
	st, err := s.seat(c)
	if err != nil {
		return err
	}
	standing, err := s.standingChannels(c.Request().Context())
	if err != nil {
		return err
	}
	is, err := versionOf(st, standing)
	if err != nil {
		return err
	}
	if matches(c.Request().Header.Get("If-None-Match"), is.tag()) {
		c.Response().Header().Set("ETag", is.tag())
		return c.NoContent(http.StatusNotModified)
	}
	return s.application(c, http.StatusOK, st.app, st.watcher.Owner, standing)
}

func (s *Server) editApplication(c echo.Context) error {
	var in watcherInput
	if err := decode(c, &in); err != nil {
		return err
	}
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	if err := checkChannels(in.Channels, standing, st.watcher.Owner); err != nil {
		return err
	}
	a, err := s.cfg.Watching.Edit(ctx, st.app.ID, st.watcher.Owner, func(w *watch.Watcher) error {
		is, err := versionOf(seat{app: st.app, watcher: *w}, standing)
		if err != nil {
			return err
		}
		if !is.mayChange(c.Request().Header.Get("If-Match")) {
			return &problem{
				Status: http.StatusPreconditionFailed, Code: "changed",
				Detail: "Somebody has changed the application since it was read. Read it again.",
			}
		}
		return in.apply(w)
	})
	if err != nil {
		return err
	}
	return s.application(c, http.StatusOK, a, st.watcher.Owner, standing)
}

func (s *Server) removeApplication(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	if err := s.cfg.Watching.Remove(c.Request().Context(), st.app.ID, st.watcher.Owner); err != nil {
		return err
	}
	return noContent(c)
}

func (s *Server) getHistory(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	st, err := s.seat(c)
	if err != nil {
		return err
	}
	entries, err := s.cfg.Applications.History(c.Request().Context(), st.app.ID, most)
	if err != nil {
		return err
	}
	// What others brought to light before is not for the newcomer.
	return c.JSON(http.StatusOK, historyView{Entries: viewAll(st.watcher.ShownHistory(entries), viewEntry)})
}

func (s *Server) getChecks(c echo.Context) error {
	st, err := s.seat(c)
	if err != nil {
		return err
	}
	checks := st.watcher.ShownChecks(st.app.Checks.Checks())
	return c.JSON(http.StatusOK, checksView{Checks: viewAll(checks, s.viewCheck)})
}

func (s *Server) checkNow(c echo.Context) error {
	st, err := s.ownSeat(c)
	if err != nil {
		return err
	}
	t, err := s.cfg.Watching.CheckNow(c.Request().Context(), st.app.ID)
	if err != nil {
		return err
	}
	t.NotBefore = t.NotBefore.UTC()
	return c.JSON(http.StatusAccepted, t)
}

// markSeen is open to whoever may see the application: it changes nothing but
// his own mark.
func (s *Server) markSeen(c echo.Context) error {
	st, err := s.seat(c)
	if err != nil {
		return err
	}
	if _, err := s.cfg.Watching.Seen(c.Request().Context(), st.app.ID, principal(c).User.ID); err != nil {
		return err
	}
	return noContent(c)
}
