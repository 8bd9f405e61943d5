package web

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// added is what became of one number: the application that watches it, or why there
// is none.
type added struct {
	row addRowInput
	id  watch.ID
	err error
}

// addNumbers adds the numbers that are ticked, each by itself: one that cannot be
// added keeps none of the others away, and nothing typed is lost.
func (s *Server) addNumbers(c echo.Context, in addInput, owner account.Owner) error {
	picked := in.picked()
	err := s.checkChosen(c, in, owner)
	if err == nil && len(picked) == 0 {
		err = badField("pick", "No number is ticked.").as("pick")
	}
	if err != nil {
		return s.complainOfAdding(c, in, err)
	}
	var all []added
	var linked []string
	failed := 0
	for _, row := range picked {
		id, err := s.addNumber(c.Request().Context(), row, in.Channels, owner)
		all = append(all, added{row, id, err})
		if err != nil {
			failed++
			continue
		}
		linked = append(linked, string(id))
	}
	lerr := s.linkNew(c, in.Person, linked)
	switch {
	case failed > 0 || lerr != nil:
		return s.showAdded(c, in, all, lerr)
	case in.From == fromStart:
		return see(c, "start?step="+stepNumber)
	case len(all) == 1:
		return seeDone(c, "applications/"+string(all[0].id), "number_added")
	}
	return seeDone(c, "./", "numbers_added")
}

// checkChosen reports channels and a person that are not the owner's.
func (s *Server) checkChosen(c echo.Context, in addInput, owner account.Owner) error {
	standing, err := s.standingChannels(c.Request().Context())
	if err != nil {
		return err
	}
	if err := checkChannels(&in.Channels, standing, owner); err != nil || in.Person == "" {
		return err
	}
	one, err := s.cfg.People.Person(c.Request().Context(), in.Person)
	if errors.Is(err, dossier.ErrNotFound) || err == nil && one.Owner != owner {
		return badField("person", "There is no such person.").as("person")
	}
	return err
}

// addNumber begins to watch one number.
func (s *Server) addNumber(ctx context.Context, row addRowInput, channels []string, owner account.Owner) (watch.ID, error) {
	ref, err := visa.Parse(row.Ref)
	if err != nil {
		return "", err
	}
	w, purpose := watch.Watcher{Owner: owner}, visa.Purpose(row.Purpose)
	if err := (watcherInput{Label: &row.Label, Channels: &channels, Purpose: &purpose, Dates: &datesInput{Filed: &row.Filed}}).apply(&w); err != nil {
		return "", err
	}
	w.Channels = slices.Clone(channels)
	a, err := s.cfg.Watching.Add(ctx, ref, w)
	return a.ID, err
}

// linkNew links new applications to a person, "" for nobody.
func (s *Server) linkNew(c echo.Context, person string, applications []string) error {
	if person == "" || len(applications) == 0 {
		return nil
	}
	_, err := s.changePerson(c.Request().Context(), person, "", func(kept *dossier.Person) error {
		kept.Applications = append(slices.Clone(kept.Applications), applications...)
		return nil
	})
	return err
}

// showAdded shows what was added and what was not, with the form for the rest.
func (s *Server) showAdded(c echo.Context, in addInput, all []added, linking error) error {
	page, err := s.addPage(c, in, s.found(in, true))
	if err != nil {
		return err
	}
	done := 0
	for _, one := range all {
		if one.err == nil {
			done++
		}
		for i := range page.Rows {
			if page.Rows[i].Ref != one.row.Ref {
				continue
			}
			page.Rows[i].Added = one.err == nil
			if one.err != nil {
				page.Rows[i].Problem, page.Rows[i].Wrong, page.Rows[i].Opened = s.whyNotAdded(c, page.view, one.err), true, true
			}
		}
	}
	if done > 0 {
		page.Done = page.T("add.done", "count", done)
	}
	if failed := len(all) - done; failed > 0 {
		page.Problem = page.T("add.failed", "count", failed)
	}
	if linking != nil {
		page.Problem += " " + page.T("add.not_linked")
		s.whyNotAdded(c, page.view, linking)
	}
	return s.show(c, statusOr(true), "add", page)
}

// whyNotAdded puts an error about one number into words. What is not for people is
// for the log.
func (s *Server) whyNotAdded(c echo.Context, v view, err error) string {
	if _, text, ok := s.sentence(v.words, err); ok {
		return text
	}
	if near, ok := errors.AsType[*visa.ParseError](err); ok {
		return v.nearMiss(near)
	}
	p := problemOf(err)
	if key := "problem." + p.Code; p.Code != "internal" && v.words.Has(key) {
		return v.T(key)
	}
	s.cfg.Logger.LogAttrs(c.Request().Context(), slog.LevelError, "cannot add a number",
		slog.String("request_id", requestID(c)), slog.Any("error", p.cause))
	return v.T("problem.internal", "id", requestID(c))
}
