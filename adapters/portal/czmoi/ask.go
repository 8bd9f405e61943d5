package czmoi

import (
	"context"
	"slices"
	"time"

	"cz-visa-monitor/app/watch"
)

const (
	// maxSubmits is how often the form is sent in one check: the page is known to
	// swallow clicks.
	maxSubmits = 4
	// buttonWait is how long the form's button may be covered or disabled by
	// something that goes by itself.
	buttonWait = 3 * time.Second
	// tailWait is how long the alert waits for the rest of a response that is
	// still on its way.
	tailWait = 2 * time.Second
)

// asking is the time from the click to the answer.
type asking struct {
	*check
	submits  int
	old      []alert // what the page showed before the first click
	shown    []alert // what it shows now
	heard    exchange
	language string // of the page
	url      string
	// late: the alert has waited long enough for the rest of the response.
	late bool
	// odd: a new alert is about another number.
	odd bool
}

// ask sends the form and waits for the answer.
func (c *check) ask(ctx context.Context) (watch.Result, error) {
	a := &asking{check: c}
	if err := a.submit(ctx); err != nil {
		return watch.Result{}, err
	}
	watching, stop := context.WithCancel(ctx)
	shown := make(chan []alert, 1)
	watcher := make(chan error, 1)
	go func() { watcher <- c.watchAlerts(watching, a.old, shown) }()
	defer func() {
		stop()
		<-watcher
	}()
	return a.await(ctx, shown, watcher)
}

// submit makes sure that the form holds what is asked, and clicks its button.
func (a *asking) submit(ctx context.Context) error {
	for range maxOverlays {
		var r struct {
			formState
			Submit overlay `json:"submit"`
		}
		if err := a.do(ctx, &r, "ready", map[string]int64{"wait": buttonWait.Milliseconds()}); err != nil {
			return err
		}
		switch {
		case len(r.Missing) > 0:
			return a.layoutChanged(ctx, "a field of the form has gone")
		case !a.filled(r.formState):
			if err := a.fill(ctx, r.Values); err != nil {
				return err
			}
		case !r.Submit.Free:
			if err := a.dismiss(ctx); err != nil {
				return err
			}
		default:
			if a.submits == 0 {
				a.old, a.shown, a.language, a.url = r.Alerts, r.Alerts, r.Language, r.URL
				a.forget()
			}
			a.submits++
			return a.page.Click(ctx, r.Submit.X, r.Submit.Y)
		}
	}
	return a.layoutChanged(ctx, "the form does not take what is typed, or something covers its button")
}

// watchAlerts reports what the page shows whenever that changes, until ctx ends.
func (c *check) watchAlerts(ctx context.Context, known []alert, shown chan<- []alert) error {
	if known == nil {
		known = []alert{}
	}
	for {
		var now []alert
		err := c.do(ctx, &now, "answer", map[string]any{"known": known, "wait": c.cfg.AnswerWait.Milliseconds()})
		if err != nil {
			return err
		}
		if slices.Equal(now, known) {
			continue // it has waited long enough, or was called off
		}
		known = now
		select {
		case shown <- now:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// await listens and looks until there is an answer or no more hope of one.
func (a *asking) await(ctx context.Context, shown <-chan []alert, watcher chan error) (watch.Result, error) {
	answer := time.NewTimer(a.cfg.AnswerWait)
	defer answer.Stop()
	click := time.NewTimer(a.cfg.SubmitWait)
	defer click.Stop()
	tail := time.NewTimer(tailWait)
	tail.Stop()
	defer tail.Stop()
	for {
		select {
		case t := <-a.news:
			a.hear(ctx, &a.heard, t)
		case now := <-shown:
			a.shown = now
			tail.Reset(tailWait)
		case <-tail.C:
			a.late = true
		case <-click.C:
			if err := a.again(ctx); err != nil {
				return watch.Result{}, err
			}
			click.Reset(a.cfg.SubmitWait)
		case <-answer.C:
			return watch.Result{}, a.tooLate(ctx)
		case err := <-watcher:
			watcher <- err // for whoever waits for its end
			return watch.Result{}, err
		case <-ctx.Done():
			return watch.Result{}, context.Cause(ctx)
		}
		if result, done, err := a.judge(); done || err != nil {
			return result, err
		}
	}
}

// again repeats a click that had no effect.
func (a *asking) again(ctx context.Context) error {
	if a.heard.id != "" || len(a.fresh()) > 0 || a.submits >= maxSubmits {
		return nil
	}
	a.cfg.Logger.Info("the portal's page took no notice of the click; sending the form again")
	return a.submit(ctx)
}

// fresh are the alerts that were not there before the click.
func (a *asking) fresh() []alert {
	return slices.DeleteFunc(slices.Clone(a.shown), func(s alert) bool { return slices.Contains(a.old, s) })
}

// judge decides whether there is a proven answer. It is proven by the number in
// an alert that was not there before (open made sure of that); an alert without
// any number needs the page's own question, and its answer, to have been heard.
func (a *asking) judge() (result watch.Result, done bool, err error) {
	if a.heard.fault != nil {
		return result, true, a.heard.fault
	}
	a.odd = false
	for _, s := range a.fresh() {
		m := readMessage(s.HTML)
		switch a.numbers.about(m.spaced, a.asked) {
		case aboutAsked:
			if a.heard.id == "" || a.heard.done || a.late {
				return a.result(s, m), true, nil
			}
		case aboutNobody:
			if a.heard.proven && a.heard.done && len(m.blocks) > 0 {
				return a.result(s, m), true, nil
			}
		case aboutOther:
			if a.heard.done {
				return result, true, fail(watch.Mismatch, "the portal showed an answer about another number")
			}
			a.odd = true
		}
	}
	return result, false, nil
}

func (a *asking) result(s alert, m message) watch.Result {
	r := a.layout.classify(answer{class: s.Class, state: a.heard.state, page: a.url}, m, a.numbers, a.asked)
	if r.language == "" {
		r.language = a.language
	}
	if !slices.Contains([]string{"success", "warning", "error"}, s.Class) {
		s.Class = ""
	}
	return watch.Result{
		Status: r.status, Text: m.plain(), Alert: s.Class, Link: r.link, State: a.heard.state, Language: r.language,
	}
}

// tooLate names what was missing when time was up.
func (a *asking) tooLate(ctx context.Context) error {
	switch {
	case a.odd:
		return fail(watch.Mismatch, "the portal showed an answer about another number")
	case a.heard.done && len(a.old) > 0:
		return fail(watch.Mismatch, "the portal's page kept showing the answer before")
	case a.heard.done:
		return a.layoutChanged(ctx, "the portal answered, but its page does not show the answer where it used to")
	case a.heard.id != "":
		return fail(watch.Timeout, "the portal did not answer in time")
	}
	return fail(watch.Timeout, "the portal's page took no notice of the form being sent")
}

// layoutChanged keeps what the page looks like, for the operator, and makes the
// failure.
func (c *check) layoutChanged(ctx context.Context, detail string) error {
	f := fail(watch.LayoutChanged, detail)
	if kept := c.evidence.keep(ctx, c); kept != "" {
		f.Detail += " (see " + kept + ")"
	}
	return f
}
