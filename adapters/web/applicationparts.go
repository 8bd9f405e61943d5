package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/help"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// wording is what the portal said, as it said it, in its own language.
type wording struct {
	Text, Language, Link string
}

// nextBox says what a status means, and what to do.
type nextBox struct {
	Title, Meaning, Text string
	Links                []officialLink
	// More leads to the help, "" for nothing.
	More string
}

// stepRow is a stage with when it was reached, and whose word that is. State is as
// in stageStep; Beside is a suspension, which is no step on the way.
type stepRow struct {
	Name, Day, Word, State string
	Beside                 bool
}

// clockBox says how long it takes against what the law allows.
type clockBox struct {
	Days, Text string
	// Limit is as in homeRow.
	Limit int
	Over  bool
	Notes []string
	Facts []fact
	// Purposes can be chosen, those that fit first; empty where one is.
	Purposes, Others []choiceRow
}

// fact is a name and what it is.
type fact struct{ Name, Value string }

// remedyBox says what can be done against a refusal. Ask: the day of delivery is
// not known.
type remedyBox struct {
	Kind, Left string
	Ask        bool
}

// entryRow is a line of the history. Sign is that of the status that it brought.
type entryRow struct {
	What, Time, Sign string
	Wording          wording
}

// checkRow is one of the last checks. Sign is "warning" where it failed.
type checkRow struct {
	At               when
	Took, What, Sign string
}

// fill puts all that the application itself says into words.
func (p *applicationPage) fill(s *Server, st seat, history []watch.Entry) {
	a, w, now := st.app, st.watcher, s.today()
	state := w.Shown(a.State)
	p.Wording = wordingOf(state.Answer, a.Reference)
	if next, ok := visa.NextSteps(a.Reference, w.Purpose, state.Status); ok {
		p.Next = p.nextBox(next)
		p.Next.More = p.Root + "help/" + help.ForStatus(state.Status)
	}
	clock := w.Clock(a, now)
	if next, ok := visa.NextInactive(clock); ok {
		p.Late = p.nextBox(next)
	}
	p.Steps = p.stepRows(watch.Timeline(a, w, history, now.Location()))
	p.Clock = p.clockBox(a.Reference, w, clock)
	if r, ok := w.Remedy(a, now); ok {
		p.Remedy = p.remedyBox(r)
	}
	if t := state.Trouble; t != nil && p.Row.Trouble != "" {
		p.TroubleHelp = p.T("application.help_" + string(t.Code))
	}
	if b := s.cfg.Source.Status().Breaker; b.Open(now) {
		p.Resting = p.T("application.resting", "time", b.OpenUntil)
	}
	p.Checked = p.ago(state.CheckedAt, now)
	p.Interval = p.T("application.interval_usual")
	if w.Interval > 0 {
		p.Interval = p.words.Duration(w.Interval)
	}
	for _, e := range w.ShownHistory(history) {
		p.History = append(p.History, p.entryRow(e, a.Reference))
	}
	for _, one := range w.ShownChecks(a.Checks.Checks()) {
		p.Checks = append(p.Checks, p.checkRow(one, now))
	}
}

// wordingOf returns what the portal said of a number, which is masked in it. A link
// that leads elsewhere than to an authority is left out.
func wordingOf(a watch.Answer, ref visa.Reference) wording {
	// The portal leaves out what stands after the dash.
	mask := strings.NewReplacer(ref.String(), ref.Masked(), ref.Identity(), ref.Masked())
	w := wording{Text: mask.Replace(a.Text), Language: a.Language}
	if u, err := url.Parse(a.Link); err == nil && u.Scheme == "https" && u.User == nil && strings.HasSuffix(u.Hostname(), ".gov.cz") {
		w.Link = a.Link
	}
	return w
}

func (v view) nextBox(n visa.Next) *nextBox {
	box := &nextBox{Title: v.T(n.Title), Meaning: v.T(n.Meaning), Text: v.T(n.Text)}
	for _, page := range n.Pages {
		box.Links = append(box.Links, v.official(page))
	}
	return box
}

// stepRows puts the stages into words.
func (v view) stepRows(steps []watch.Step) (rows []stepRow) {
	now := slices.IndexFunc(steps, func(s watch.Step) bool { return s.Now })
	for i, s := range steps {
		row := stepRow{Name: v.T("stage." + string(s.Stage)), Day: v.T("stage.not_yet"), Beside: s.Stage == visa.StageSuspended}
		switch {
		case s.Now && row.Beside:
			row.State = "held"
		case s.Now:
			row.State = "now"
		case s.Reached:
			row.State = "done"
		}
		switch {
		case s.Reached && s.Stage == visa.StageFiled && s.Day.IsZero():
			row.Day = v.T("application.day_unknown") // That it was filed is only said by the number being here.
		case s.Reached:
			row.Day, row.Word = v.day(s.Day), v.T("stage.word_"+string(s.Word))
		case i < now:
			row.Day = v.T("application.passed_over")
		}
		if s.AtLatest {
			row.Day = v.T("stage.at_latest", "date", row.Day)
		}
		if s.DayWord != "" && s.DayWord != s.Word {
			row.Word += " · " + v.T("application.day_"+string(s.DayWord))
		}
		rows = append(rows, row)
	}
	return rows
}

func (v view) clockBox(ref visa.Reference, w watch.Watcher, c visa.Clock) clockBox {
	var box clockBox
	box.Days, box.Limit, box.Over = v.clockWords(c)
	key := "clock." + string(c.State)
	if c.State == visa.ClockRunning && c.Left == 0 {
		key += "_today"
	}
	count := c.Days
	if c.State == visa.ClockRunning {
		count = c.Left
	}
	box.Text = v.T(key, "count", count, "date", v.day(c.LimitDay))
	box.notes(v, c)
	box.facts(v, w, c)
	if w.Purpose == "" {
		fitting := visa.Purposes(ref)
		for _, p := range visa.AllPurposes() {
			row := choiceRow{Value: string(p), Label: v.T("purpose." + string(p))}
			if slices.Contains(fitting, p) {
				box.Purposes = append(box.Purposes, row)
			} else {
				box.Others = append(box.Others, row)
			}
		}
	}
	return box
}

// notes says what the figures stand on.
func (box *clockBox) notes(v view, c visa.Clock) {
	if !c.ComplicatedDay.IsZero() {
		box.Notes = append(box.Notes, v.T("clock.complicated", "date", v.day(c.ComplicatedDay)))
	}
	if !c.Filed.IsZero() && c.From == visa.WordNumber {
		box.Notes = append(box.Notes, v.T("clock.filed_number"))
	}
	if c.Limit.Days == 0 || c.Filed.IsZero() {
		return
	}
	box.Notes = append(box.Notes, v.T("clock.estimate"))
	switch {
	case c.Limit.Official && c.Limit.Section != "":
		box.Notes = append(box.Notes, v.T("clock.source_official", "section", c.Limit.Section))
	case !c.Limit.Official:
		box.Notes = append(box.Notes, v.T("clock.source_guides"))
	}
}

// facts lists what the figures are made of, and what else was entered.
func (box *clockBox) facts(v view, w watch.Watcher, c visa.Clock) {
	day := func(key string, d civil.Date) {
		if !d.IsZero() {
			box.Facts = append(box.Facts, fact{v.T(key), v.day(d)})
		}
	}
	if w.Purpose != "" {
		box.Facts = append(box.Facts, fact{v.T("application.purpose"), v.T("purpose." + string(w.Purpose))})
	}
	day("application.filed", c.Filed)
	day("application.limit_day", c.LimitDay)
	if n := w.Dates.PauseDays; n > 0 {
		box.Facts = append(box.Facts, fact{v.T("application.pause"), v.T("duration.days", "count", n)})
	}
	day("application.suspension_ended", w.Dates.SuspensionEnded)
	day("application.delivered", w.Dates.Delivered)
	day("application.collected", w.Dates.Collected)
}

func (v view) remedyBox(r visa.Remedy) *remedyBox {
	box := &remedyBox{Kind: v.T("remedy." + string(r.Kind))}
	last := v.day(r.LastDay)
	switch {
	case r.LastDay.IsZero():
		box.Left, box.Ask = v.T("remedy.ask_delivered"), true
	case r.Left < 0:
		box.Left = v.T("remedy.over", "date", last)
	case r.Left == 0:
		box.Left = v.T("remedy.today", "date", last)
	default:
		box.Left = v.T("remedy.left", "count", r.Left, "date", last)
	}
	return box
}

func (v view) entryRow(e watch.Entry, ref visa.Reference) entryRow {
	row := entryRow{Time: v.words.Time(e.At), Sign: string(e.To), Wording: wordingOf(e.Answer, ref)}
	if row.Sign == "" {
		row.Sign = noStatus
	}
	key := "application.entry_" + string(e.Kind)
	if e.Kind == watch.Changed && e.From == "" {
		key = "application.entry_first"
	}
	row.What = v.T(key, "from", v.statusName(e.From), "to", v.statusName(e.To))
	return row
}

func (v view) checkRow(c watch.Check, now time.Time) checkRow {
	row := checkRow{At: v.ago(c.At, now), Took: v.T("application.took", "seconds", v.words.Number(max(1, int(c.Took.Round(time.Second)/time.Second))))}
	if c.Failure != "" {
		row.Sign, row.What = "warning", v.T("failure."+string(c.Failure))
	} else {
		row.Sign, row.What = string(c.Status), v.statusName(c.Status)
	}
	return row
}
