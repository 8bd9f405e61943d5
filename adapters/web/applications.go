package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Watching changes what is watched; watch.Engine does.
type Watching interface {
	// Add starts watching; *watch.InputError, *watch.DuplicateError, watch.ErrFull.
	Add(ctx context.Context, a watch.Application) (watch.Application, error)
	// Edit hands the application to edit and keeps what it made of it; an
	// error of edit is returned as it is, and nothing has changed.
	Edit(ctx context.Context, id watch.ID, edit func(*watch.Application) error) (watch.Application, error)
	// Remove stops watching and forgets the application.
	Remove(ctx context.Context, id watch.ID) error
	// CheckNow asks for a check before all others; *watch.QuotaError.
	CheckNow(ctx context.Context, id watch.ID) (watch.Ticket, error)
}

// Applications reads what is watched.
type Applications interface {
	// Application returns one application, or watch.ErrNotFound.
	Application(ctx context.Context, id watch.ID) (watch.Application, error)
	// Applications calls yield for every application behind after, the oldest
	// first, until it returns false.
	Applications(ctx context.Context, after watch.ID, yield func(watch.Application) bool) error
	// History returns the newest entries of an application, newest first, or
	// watch.ErrNotFound.
	History(ctx context.Context, id watch.ID, most int) ([]watch.Entry, error)
}

// applicationInput is what a person gives. In an edit, what is nil stays.
type applicationInput struct {
	Label    *string   `json:"label"`
	Channels *[]string `json:"channels"`
	Interval *string   `json:"interval"`
	Paused   *bool     `json:"paused"`
	Muted    *bool     `json:"muted"`
}

// newApplicationInput is the same for an addition.
type newApplicationInput struct {
	Reference string `json:"reference"`
	applicationInput
}

// apply writes what was given into a.
func (in applicationInput) apply(a *watch.Application) error {
	if in.Interval != nil {
		every, err := parseInterval(*in.Interval)
		if err != nil {
			return err
		}
		a.Interval = every
	}
	set(&a.Label, in.Label)
	set(&a.Paused, in.Paused)
	set(&a.Muted, in.Muted)
	set(&a.Channels, in.Channels)
	return nil
}

// set writes *value to target, if there is a value.
func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

// parseInterval reads an interval; "" is the appliance's default.
func parseInterval(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	every, err := time.ParseDuration(s)
	if err != nil {
		return 0, badField("interval", "The field interval is no duration. Write it like 90m or 2h30m.")
	}
	return every, nil
}

// checkChannels reports channels that do not exist.
func checkChannels(ids *[]string, names map[string]bool) error {
	if ids == nil {
		return nil
	}
	seen := make(map[string]bool, len(*ids))
	for i, id := range *ids {
		if !names[id] {
			return badField("channels", "Channel number %d of the list does not exist. Leave it out, or add the channel first.", i+1)
		}
		if seen[id] {
			return badField("channels", "Channel number %d of the list is there twice. Leave it out.", i+1)
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
	ctx := c.Request().Context()
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	if err := checkChannels(in.Channels, standing); err != nil {
		return err
	}
	a := watch.Application{Reference: ref}
	if err := in.apply(&a); err != nil {
		return err
	}
	if a, err = s.cfg.Watching.Add(ctx, a); err != nil {
		return err
	}
	// The store counts the revision, and the first check may be over already.
	if a, err = s.cfg.Applications.Application(ctx, a.ID); err != nil {
		return err
	}
	// Relative, so that it holds behind a proxy that serves under a sub-path.
	c.Response().Header().Set(echo.HeaderLocation, "applications/"+string(a.ID))
	return s.application(c, http.StatusCreated, a, standing)
}

func (s *Server) getApplication(c echo.Context) error {
	ctx := c.Request().Context()
	a, err := s.cfg.Applications.Application(ctx, watch.ID(c.Param("id")))
	if err != nil {
		return err
	}
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	is, err := versionOf(a, standing)
	if err != nil {
		return err
	}
	if matches(c.Request().Header.Get("If-None-Match"), is.tag()) {
		c.Response().Header().Set("ETag", is.tag())
		return c.NoContent(http.StatusNotModified)
	}
	return s.application(c, http.StatusOK, a, standing)
}

func (s *Server) editApplication(c echo.Context) error {
	var in applicationInput
	if err := decode(c, &in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	if err := checkChannels(in.Channels, standing); err != nil {
		return err
	}
	a, err := s.cfg.Watching.Edit(ctx, watch.ID(c.Param("id")), func(a *watch.Application) error {
		is, err := versionOf(*a, standing)
		if err != nil {
			return err
		}
		if !is.mayChange(c.Request().Header.Get("If-Match")) {
			return &problem{
				Status: http.StatusPreconditionFailed, Code: "changed",
				Detail: "Somebody has changed the application since it was read. Read it again.",
			}
		}
		return in.apply(a)
	})
	if err != nil {
		return err
	}
	return s.application(c, http.StatusOK, a, standing)
}

func (s *Server) removeApplication(c echo.Context) error {
	if err := s.cfg.Watching.Remove(c.Request().Context(), watch.ID(c.Param("id"))); err != nil {
		return err
	}
	return noContent(c)
}

func (s *Server) getHistory(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	entries, err := s.cfg.Applications.History(c.Request().Context(), watch.ID(c.Param("id")), most)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, historyView{Entries: viewAll(entries, viewEntry)})
}

func (s *Server) checkNow(c echo.Context) error {
	t, err := s.cfg.Watching.CheckNow(c.Request().Context(), watch.ID(c.Param("id")))
	if err != nil {
		return err
	}
	t.NotBefore = t.NotBefore.UTC()
	return c.JSON(http.StatusAccepted, t)
}

// noStatus is the filter for applications without an answer yet.
const noStatus = "none"

func (s *Server) listApplications(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	wanted, err := applicationFilter(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	standing, err := s.standingChannels(ctx)
	if err != nil {
		return err
	}
	page := applicationsView{Applications: []applicationView{}}
	err = s.cfg.Applications.Applications(ctx, watch.ID(c.QueryParam("after")), func(a watch.Application) bool {
		if !wanted(a) {
			return ctx.Err() == nil
		}
		if len(page.Applications) == most {
			page.Next = page.Applications[most-1].ID
			return false
		}
		page.Applications = append(page.Applications, s.viewApplication(a, standing))
		return true
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page)
}

// applicationFilter reads the query's status and q.
func applicationFilter(c echo.Context) (func(watch.Application) bool, error) {
	status, q := c.QueryParam("status"), strings.ToLower(c.QueryParam("q"))
	if status != "" && status != noStatus && !visa.Status(status).Valid() {
		return nil, badField("status", "There is no status %q. Choose one of %v, or %q for applications without an answer yet.", status, visa.Statuses(), noStatus)
	}
	return func(a watch.Application) bool {
		has := string(a.State.Status)
		if has == "" {
			has = noStatus
		}
		return (status == "" || status == has) && strings.Contains(strings.ToLower(a.Label), q)
	}, nil
}

// The sizes of a page of a list.
const (
	usualLimit = 100
	maxLimit   = 500
)

// limit reads the query's limit.
func limit(c echo.Context) (int, error) {
	text := c.QueryParam("limit")
	if text == "" {
		return usualLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, badField("limit", "The parameter limit must be a number from 1 to %d.", maxLimit)
	}
	return n, nil
}
