package archive

import (
	"errors"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/strictjson"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Report says what an import did, or would do.
type Report struct {
	DryRun       bool  `json:"dry_run"`
	Channels     Tally `json:"channels"`
	Applications Tally `json:"applications"`
	People       Tally `json:"people"`
	// Refused are the first things that were left out, at most MaxRefusals, and
	// RefusedInAll how many there were, owners included.
	Refused      []Refusal `json:"refused"`
	RefusedInAll int       `json:"refused_in_all"`
}

// Tally counts what became of the things of one kind. Of applications, watchers
// are counted: each has a fate of his own.
type Tally struct {
	Added     int `json:"added"`
	Completed int `json:"completed"`
	Skipped   int `json:"skipped"`
	Refused   int `json:"refused"`
}

// Refusal says what was left out, and why.
type Refusal struct {
	// At is the place in the archive, as "applications[17].watchers[0]".
	At string `json:"at"`
	// Reason is a part of a sentence that holds nothing of what stands there.
	Reason string `json:"reason"`
}

// MaxRefusals is how many refusals a report lists.
const MaxRefusals = 200

// refuse notes that something was left out.
func (r *Report) refuse(at string, err error) {
	r.RefusedInAll++
	if len(r.Refused) < MaxRefusals {
		r.Refused = append(r.Refused, Refusal{At: at, Reason: reason(err)})
	}
}

// fated counts one of a kind.
func (t *Tally) fated(f watch.Fate) {
	switch f {
	case watch.FateAdded:
		t.Added++
	case watch.FateCompleted:
		t.Completed++
	case watch.FateSkipped:
		t.Skipped++
	case watch.FateFull:
		t.Refused++
	}
}

// refusal is an error about the content of an archive. Its text holds nothing of it.
type refusal string

// Error returns the reason.
func (r refusal) Error() string { return string(r) }

// isRefusal reports whether err is about what stands in the archive, and not about
// what it was to be stored in.
func isRefusal(err error) bool {
	if _, ok := errors.AsType[*visa.ParseError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*watch.InputError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*dossier.InputError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*alert.FieldError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*strictjson.TwiceError](err); ok {
		return true
	}
	if _, ok := errors.AsType[refusal](err); ok {
		return true
	}
	for _, known := range []error{
		errLarge, errText, strictjson.ErrSyntax, strictjson.ErrNull, strictjson.ErrDeep, errUnknown, errType, errObject, errArmor,
		watch.ErrFull, dossier.ErrFull, account.ErrFull, account.ErrName, account.ErrRole, account.ErrLanguage, account.ErrTheme, account.ErrKind,
		account.ErrNameTaken, account.ErrNotSetUp, account.ErrNoUser, account.ErrNoGroup,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// reason returns what is wrong, without the path on which the error came.
func reason(err error) string {
	if e, ok := errors.AsType[*dossier.InputError](err); ok {
		return e.Error()
	}
	for _, full := range []error{watch.ErrFull, dossier.ErrFull} {
		if errors.Is(err, full) {
			return full.Error()
		}
	}
	return err.Error()
}
