package watch

import (
	"strconv"
	"strings"
	"time"

	"cz-visa-monitor/app/visa"
)

// KeptChecks is how many checks of an application are kept.
const KeptChecks = 20

// Check is what is kept of one check, whatever it brought: a status or a failure.
type Check struct {
	// At is when it ended, to the millisecond; Took how long it took in all.
	At      time.Time
	Took    time.Duration
	Status  visa.Status
	Failure FailureCode
}

// checkOf returns what is kept of an outcome.
func checkOf(o Outcome, now time.Time) Check {
	c := Check{At: now, Took: o.Took}
	if o.Result != nil {
		c.Status = o.Result.Status
	} else {
		c.Failure = o.Failure.Code
	}
	return c
}

// CheckLog holds the last checks of an application, as one short text that is
// kept beside its state: a check is written with what it brought, in one go, and
// whoever reads the application need not take it apart.
//
// The newest check stands last. Each is its time and its duration in
// milliseconds, to base 36, and the status or, behind "!", the failure; checks
// are divided by ";".
type CheckLog string

const checkBase = 36

// With returns the log with one more check, and without those that are too many.
// The zero value is none.
func (l CheckLog) With(c Check) CheckLog {
	if c.At.IsZero() {
		return l
	}
	what := string(c.Status)
	if c.Failure != "" {
		what = "!" + string(c.Failure)
	}
	line := strconv.FormatInt(c.At.UnixMilli(), checkBase) + " " + strconv.FormatInt(c.Took.Milliseconds(), checkBase) + " " + what
	if l == "" {
		return CheckLog(line)
	}
	for strings.Count(string(l), ";") >= KeptChecks-1 {
		_, rest, _ := strings.Cut(string(l), ";")
		l = CheckLog(rest)
	}
	return l + ";" + CheckLog(line)
}

// Checks returns the checks, newest first. What cannot be read is left out.
func (l CheckLog) Checks() []Check {
	checks := []Check{}
	lines := strings.Split(string(l), ";")
	for i := len(lines) - 1; i >= 0; i-- {
		if c, ok := parseCheck(lines[i]); ok {
			checks = append(checks, c)
		}
	}
	return checks
}

func parseCheck(line string) (c Check, ok bool) {
	f := strings.Split(line, " ")
	if len(f) != 3 {
		return Check{}, false
	}
	at, err := strconv.ParseInt(f[0], checkBase, 64)
	if err != nil {
		return Check{}, false
	}
	took, err := strconv.ParseInt(f[1], checkBase, 64)
	if err != nil {
		return Check{}, false
	}
	c = Check{At: time.UnixMilli(at).UTC(), Took: time.Duration(took) * time.Millisecond}
	if code, failed := strings.CutPrefix(f[2], "!"); failed {
		c.Failure = FailureCode(code)
		return c, code != ""
	}
	c.Status = visa.Status(f[2])
	return c, c.Status.Valid()
}

// ShownChecks returns those of checks that w may know of, like ShownHistory. One
// that failed says nothing about the status, so that it is shown before the first
// answer too.
func (w Watcher) ShownChecks(checks []Check) (shown []Check) {
	for _, c := range checks {
		if !c.At.Before(w.AddedAt.Truncate(time.Millisecond)) && (w.Told != "" || c.Failure != "") {
			shown = append(shown, c)
		}
	}
	return shown
}
