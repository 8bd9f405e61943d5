package czmoi

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

// formState is what page.js sees of the page.
type formState struct {
	URL         string            `json:"url"`
	Language    string            `json:"language"`
	Complete    bool              `json:"complete"`
	Missing     []string          `json:"missing"` // names of formLayout
	Maintenance bool              `json:"maintenance"`
	Empty       bool              `json:"empty"`
	Values      map[string]string `json:"values"`
	Alerts      []alert           `json:"alerts"`
}

// alert is one place that shows an answer.
type alert struct {
	Class string `json:"class"`
	HTML  string `json:"html"`
}

// open brings the form onto the page: the one that is still there from the last
// check, if nothing on it can be mistaken for this check's answer, else a fresh
// one.
func (c *check) open(ctx context.Context) (formState, error) {
	var s formState
	if m, ok := c.page.Mark().(*mark); ok && m.source == c.Source {
		if err := c.do(ctx, &s, "look", nil); err != nil && !errors.Is(err, browser.ErrNavigated) {
			return s, err
		}
		if c.usable(s, m.standing) && c.emptied(ctx, &s) {
			return s, nil
		}
	}
	s, err := c.load(ctx)
	if err != nil {
		return s, err
	}
	c.page.SetMark(&mark{source: c.Source, standing: s.Alerts})
	return s, c.dismiss(ctx)
}

// mark is left at a page whose form this source has loaded.
type mark struct {
	source   *Source
	standing []alert // what the page showed before any question
}

// usable reports whether the form is there, and every alert on it about another
// number: only then is an answer about ours proven to be new. A banner that was
// there from the start says nothing.
func (c *check) usable(s formState, standing []alert) bool {
	if s.URL == "" || len(s.Missing) > 0 {
		return false
	}
	return !slices.ContainsFunc(s.Alerts, func(a alert) bool {
		switch c.numbers.about(readMessage(a.HTML).spaced, c.asked) {
		case aboutOther:
			return false
		case aboutNobody:
			return !slices.Contains(standing, a)
		case aboutAsked:
		}
		return true
	})
}

// emptied clears dropdowns that a visa number must not be sent with. It reports
// false if one keeps its value, as dropdowns that must have one do.
func (c *check) emptied(ctx context.Context, s *formState) bool {
	if c.asked.ZOV == "" {
		return true
	}
	for _, name := range []string{"category", "year"} {
		if s.Values[name] == "" {
			continue
		}
		var there bool
		if err := c.do(ctx, &there, "open", name); err != nil || !there {
			return false
		}
		if err := c.page.Press(ctx, browser.Backspace); err != nil {
			return false
		}
		if err := c.do(ctx, s, "look", nil); err != nil || s.Values[name] != "" {
			return false
		}
	}
	return true
}

// load opens the portal's page and waits for its form.
func (c *check) load(ctx context.Context) (formState, error) {
	c.page.SetMark(nil)
	c.forget()
	navigated := c.page.Navigate(ctx, c.cfg.URL)
	var nav *browser.NavigationError
	if navigated != nil && !errors.As(navigated, &nav) {
		return formState{}, navigated
	}
	doc := c.document(ctx)
	if f := refusal("its page", doc.Status, doc.Header, time.Now()); f != nil {
		return formState{}, f
	}
	if navigated != nil {
		return formState{}, navigated
	}
	s, err := c.awaitForm(ctx)
	if err != nil || len(s.Missing) == 0 {
		return s, err
	}
	switch {
	case s.Maintenance:
		return s, fail(watch.Unreachable, "the portal shows a maintenance page")
	case s.Empty:
		return s, fail(watch.Unreachable, "the portal's page is empty")
	case !s.Complete:
		return s, fail(watch.Timeout, "the portal's page did not finish loading")
	case doc.Status >= 400:
		return s, c.layoutChanged(ctx, "the portal has no page at this address (status "+strconv.Itoa(doc.Status)+")")
	}
	return s, c.layoutChanged(ctx, "the form or a field of it was not found: "+strings.Join(s.Missing, ", "))
}

// oddFormWait is how long a form may lack fields before it counts as another one.
const oddFormWait = 2 * time.Second

// awaitForm waits until page.js says how things stand. A page that sends the
// browser elsewhere is followed a few times.
func (c *check) awaitForm(ctx context.Context) (s formState, err error) {
	for range 4 {
		s = formState{}
		wait := map[string]int64{"wait": c.cfg.FormWait.Milliseconds(), "settle": oddFormWait.Milliseconds()}
		if err = c.do(ctx, &s, "form", wait); !errors.Is(err, browser.ErrNavigated) {
			return s, err
		}
	}
	return s, err
}

// overlay is a dialog over the form, and where its button is.
type overlay struct {
	Kind string  `json:"kind"`
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	Free bool    `json:"free"` // nothing covers the button
}

const (
	maxOverlays = 6
	overlayWait = 700 * time.Millisecond
	refusals    = 2 // attempts at refusing cookies before they are accepted
)

// dismiss closes the dialogs over the form, one after the other.
func (c *check) dismiss(ctx context.Context) error {
	seen := map[string]int{}
	for range maxOverlays {
		var o *overlay
		attempt := max(0, seen["cookies"]-refusals+1)
		if err := c.do(ctx, &o, "overlay", attempt); err != nil || o == nil {
			return err
		}
		seen[o.Kind]++
		var err error
		if o.Free {
			err = c.page.Click(ctx, o.X, o.Y)
		} else {
			err = c.do(ctx, nil, "press", attempt)
		}
		if err != nil {
			return err
		}
		var gone bool
		if err := c.do(ctx, &gone, "gone", map[string]any{"kind": o.Kind, "wait": overlayWait.Milliseconds()}); err != nil {
			return err
		}
	}
	return nil // what still covers the form is found when its button is to be clicked
}

// wanted is what the form's fields must hold.
func (c *check) wanted() map[string]string {
	return map[string]string{
		"number": c.asked.Number, "suffix": "", "category": c.asked.Category, "year": c.asked.Year, "zov": c.asked.ZOV,
	}
}

func (c *check) filled(s formState) bool { return maps.Equal(s.Values, c.wanted()) }
