package watch

import (
	"fmt"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/visa"
)

const (
	// firstFiled is the earliest day taken for one of the proceedings: 1 January
	// 2000, when the act began under which they are conducted.
	firstFiled civil.Date = 730120
	// MaxPauseDays is the longest suspension taken, in days: ten years.
	MaxPauseDays = 3652
)

// checkDates reports the first thing in d that cannot be, as an *InputError.
// today may be a day behind or ahead of where the person is.
func checkDates(d visa.Dates, today civil.Date) error {
	for _, one := range []struct {
		field string
		day   civil.Date
	}{
		{"filed", d.Filed}, {"suspension_ended", d.SuspensionEnded}, {"delivered", d.Delivered}, {"collected", d.Collected},
	} {
		wrong := func(code, problem string) error {
			return &InputError{Field: "dates." + one.field, Code: code, Problem: problem}
		}
		switch {
		case one.day.IsZero():
		case one.day < firstFiled:
			return wrong("day_early", "is before the year 2000; look for a wrong digit")
		case one.day > today+1:
			return wrong("day_ahead", "is in the future; enter it when it has happened")
		case one.day < d.Filed:
			return wrong("day_unfiled", "is before the day of filing; compare both with the letters")
		}
	}
	if !d.Collected.IsZero() && d.Collected < d.Delivered {
		return &InputError{Field: "dates.collected", Code: "day_undelivered", Problem: "is before the day on which the decision was delivered; compare both"}
	}
	if d.PauseDays < 0 || d.PauseDays > MaxPauseDays {
		return &InputError{Field: "dates.pause_days", Code: "pause_days", Problem: fmt.Sprintf("is not from 0 to %d", MaxPauseDays)}
	}
	if !d.Filed.IsZero() && d.PauseDays > int(today+1-d.Filed) {
		return &InputError{Field: "dates.pause_days", Code: "pause_long", Problem: "is more than the days since filing; count again"}
	}
	return nil
}
