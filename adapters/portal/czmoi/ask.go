package czmoi

import (
	"context"
	"slices"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

const (
	// maxSubmits is how often the form is sent in one check: the page is known to
	// swallow clicks.
	maxSubmits = 4
	// buttonWait is how long the form's button may be covered or disabled by
	// something that goes by itself.
	buttonWait = 3 * time.Second
	// settleWait is how long an alert without our number must stay as it is.
	settleWait = 500 * time.Millisecond
	// tailWait is how long an alert with our number must stay as it is where it
	// cannot be told that it came with the answer.
	tailWait = 2 * time.Second
	// unheardWait is the same where no question was heard at all: its address may
	// have changed, or it has not been sent yet.
	unheardWait = 5 * time.Second
	// lookEvery is how often it is asked whether an alert has stayed long enough.
	lookEvery = 100 * time.Millisecond
)

// asking is the time from the click to the answer.
type asking struct {
	*check
	submits  int
	old      []alert // what the page showed before the first click
	shown    []alert // what it shows now
	early    []alert // what it showed already when the answer came
	heard    exchange
	since    time.Time // nothing has changed since
	language string    // of the page
	url      string
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
	result, err := a.await(ctx, shown, watcher)
	if err == nil && a.submits > 1 {
		// A click thought lost may still take effect, and its answer must not meet
		// the next check. Without the mark that one loads the page afresh anyway.
		c.page.SetMark(nil)
		_ = c.page.Navigate(ctx, "about:blank")
	}
	return result, err
}

// readiness is the form before it is sent.
type readiness struct {
	formState
	Submit overlay `json:"submit"`
}

func (a *asking) ready(ctx context.Context, wait time.Duration) (r readiness, err error) {
	err = a.do(ctx, &r, "ready", map[string]int64{"wait": wait.Milliseconds()})
	return r, err
}

// submit makes sure that the form holds what is asked, and clicks its button.
func (a *asking) submit(ctx context.Context) error {
	for range maxOverlays {
		r, err := a.ready(ctx, buttonWait)
		switch {
		case err != nil:
			return err
		case len(r.Missing) > 0:
			return a.layoutChanged(ctx, "a field of the form has gone")
		case !a.filled(r.formState):
			err = a.fill(ctx, r.Values)
		case !r.Submit.Free:
			err = a.dismiss(ctx)
		default:
			a.old, a.shown, a.language, a.url = r.Alerts, r.Alerts, r.Language, r.URL
			a.forget()
			a.submits++
			return a.page.Click(ctx, r.Submit.X, r.Submit.Y)
		}
		if err != nil {
			return err
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
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	a.since = time.Now()
	for {
		select {
		case t := <-a.news:
			a.note(ctx, t)
		case now := <-shown:
			a.catchUp(ctx) // what was sent before it was shown
			a.shown, a.since = now, time.Now()
		case <-look.C:
		case <-click.C:
			if err := a.again(ctx); err != nil {
				return watch.Result{}, err
			}
			click.Reset(a.cfg.SubmitWait << (a.submits - 1))
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

// note hears one piece of news. What is shown when an answer begins to come
// cannot be that answer.
func (a *asking) note(ctx context.Context, t browser.Traffic) {
	before := a.heard
	a.hear(ctx, &a.heard, t)
	now := a.heard
	if now.id == before.id && now.status == before.status && now.done == before.done {
		return
	}
	a.since = time.Now()
	if now.status != before.status || now.id != before.id {
		a.early = a.fresh()
	}
}

// catchUp hears all the news that is there.
func (a *asking) catchUp(ctx context.Context) {
	for {
		select {
		case t := <-a.news:
			a.note(ctx, t)
		default:
			return
		}
	}
}

// again repeats a click that had no effect. While the page waits for something,
// or its button cannot be clicked, it is only slow.
func (a *asking) again(ctx context.Context) error {
	dismissed := false
	for range maxOverlays {
		if a.heard.id != "" || len(a.fresh()) > 0 || a.submits >= maxSubmits || a.flights.any(time.Now()) {
			return nil
		}
		r, err := a.ready(ctx, 0)
		a.catchUp(ctx)
		switch {
		case err != nil:
			return err
		case a.heard.id != "" || !slices.Equal(r.Alerts, a.shown):
			return nil // it did take effect
		case len(r.Missing) > 0:
			return a.layoutChanged(ctx, "a field of the form has gone")
		case !r.Submit.Free && dismissed:
			return nil
		case !r.Submit.Free:
			dismissed = true
			err = a.dismiss(ctx)
		case !a.filled(r.formState):
			err = a.fill(ctx, r.Values)
		default:
			a.cfg.Logger.Info("the portal's page took no notice of the click; sending the form again")
			a.submits++
			return a.page.Click(ctx, r.Submit.X, r.Submit.Y)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fresh are the alerts that were not there before the click.
func (a *asking) fresh() []alert {
	return slices.DeleteFunc(slices.Clone(a.shown), func(s alert) bool { return slices.Contains(a.old, s) })
}

// quiet reports whether nothing has changed for d.
func (a *asking) quiet(d time.Duration) bool { return time.Since(a.since) >= d }

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
		switch whose := a.numbers.about(m.spaced, a.asked); {
		case whose == aboutAsked && a.stands(s), whose == aboutNobody && len(m.blocks) > 0 && a.standsUnnamed(s):
			return a.result(s, m), true, nil
		case whose == aboutOther && a.heard.done && (a.cameWith(s) || a.quiet(settleWait)):
			return result, true, fail(watch.Mismatch, "the portal showed an answer about another number")
		case whose == aboutOther:
			a.odd = true
		}
	}
	return result, false, nil
}

// cameWith reports whether an alert came with the answer, which is all there.
func (a *asking) cameWith(s alert) bool { return a.heard.done && !slices.Contains(a.early, s) }

// standsUnnamed is what stands is for an alert without any number.
func (a *asking) standsUnnamed(s alert) bool {
	return a.heard.proven && a.cameWith(s) && a.quiet(settleWait)
}

// stands reports whether an alert with our number is the answer, and not what a
// page shows meanwhile. It is, at once, if it came with the answer to the page's
// question; else it must stay.
func (a *asking) stands(s alert) bool {
	switch {
	case a.heard.id == "":
		return a.quiet(unheardWait) && !a.flights.any(time.Now())
	case !a.heard.proven: // only a guess
		return a.quiet(tailWait) && !a.flights.any(time.Now())
	case a.heard.status == 0:
		return false
	case a.cameWith(s):
		return true
	}
	return a.quiet(tailWait) // something is out of order
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
	case a.heard.status >= 400:
		return a.heard.refused()
	case a.heard.done && slices.ContainsFunc(a.old, a.aboutSomebody):
		return fail(watch.Mismatch, "the portal's page kept showing the answer before")
	case a.heard.done:
		return a.layoutChanged(ctx, "the portal answered, but its page does not show the answer where it used to")
	case a.heard.id != "":
		return fail(watch.Timeout, "the portal did not answer in time")
	}
	return fail(watch.Timeout, "the portal's page took no notice of the form being sent")
}

func (c *check) aboutSomebody(s alert) bool {
	return c.numbers.about(readMessage(s.HTML).spaced, c.asked) != aboutNobody
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
