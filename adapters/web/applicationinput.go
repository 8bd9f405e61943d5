package web

import (
	"time"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// watcherInput is what a person gives. In an edit, what is nil stays.
type watcherInput struct {
	Label    *string   `json:"label"`
	Note     *string   `json:"note"`
	Channels *[]string `json:"channels"`
	Interval *string   `json:"interval"`
	Paused   *bool     `json:"paused"`
	Muted    *bool     `json:"muted"`
	Archived *bool     `json:"archived"`

	Purpose *visa.Purpose `json:"purpose"`
	Dates   *datesInput   `json:"dates"`
}

// datesInput is what a person knows of the proceedings. What is nil stays, an
// empty day is removed.
type datesInput struct {
	Filed           *string `json:"filed"`
	Delivered       *string `json:"delivered"`
	Collected       *string `json:"collected"`
	SuspensionEnded *string `json:"suspension_ended"`
	PauseDays       *int    `json:"pause_days"`
}

// newWatcherInput is the same for somebody who begins to watch.
type newWatcherInput struct {
	Owner *string `json:"owner"`
	watcherInput
}

// newApplicationInput is the same with the number.
type newApplicationInput struct {
	Reference string `json:"reference"`
	newWatcherInput
}

// apply writes what was given into w.
func (in watcherInput) apply(w *watch.Watcher) error {
	if in.Interval != nil {
		every, err := parseInterval(*in.Interval)
		if err != nil {
			return err
		}
		w.Interval = every
	}
	set(&w.Label, in.Label)
	set(&w.Note, in.Note)
	set(&w.Paused, in.Paused)
	set(&w.Muted, in.Muted)
	set(&w.Archived, in.Archived)
	set(&w.Channels, in.Channels)
	set(&w.Purpose, in.Purpose)
	if in.Dates != nil {
		return in.Dates.apply(&w.Dates)
	}
	return nil
}

// apply writes what was given into d.
func (in datesInput) apply(d *visa.Dates) error {
	for _, one := range []struct {
		field string
		text  *string
		day   *civil.Date
	}{
		{"dates.filed", in.Filed, &d.Filed},
		{"dates.delivered", in.Delivered, &d.Delivered},
		{"dates.collected", in.Collected, &d.Collected},
		{"dates.suspension_ended", in.SuspensionEnded, &d.SuspensionEnded},
	} {
		if one.text == nil {
			continue
		}
		at, err := day(one.field, *one.text)
		if err != nil {
			return err
		}
		*one.day = at
	}
	set(&d.PauseDays, in.PauseDays)
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
		return 0, badField("interval", "The field interval is no duration. Write it like 90m or 2h30m.").as("field_interval")
	}
	return every, nil
}
