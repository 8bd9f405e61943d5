package visa

// Status is what the portal says about an application. The zero value means
// that no answer has been read yet. Status values are stored and sent over the
// API, so their spelling never changes.
type Status string

// The statuses the portal is known to show. Refused and discontinued
// proceedings share one text, so the portal does not tell them apart.
const (
	// NotFound: the portal has no such number (yet, or no longer).
	NotFound Status = "not_found"
	// InProgress: the proceedings are running.
	InProgress Status = "in_progress"
	// Suspended: the proceedings have been suspended (§ 64 of Act 500/2004 Coll.).
	Suspended Status = "suspended"
	// PreliminarilyPositive: assessed positively, the visa or permit is not issued yet.
	PreliminarilyPositive Status = "preliminarily_positive"
	// Granted: the proceedings ended in the applicant's favour. Final.
	Granted Status = "granted"
	// Refused: refused or discontinued. Final.
	Refused Status = "refused"
	// Unknown: the portal answered with a text this program does not know.
	// It is never final and never guessed away; the text is kept.
	Unknown Status = "unknown"
)

// Statuses lists every status, in the order of the proceedings.
func Statuses() []Status {
	return []Status{NotFound, InProgress, Suspended, PreliminarilyPositive, Granted, Refused, Unknown}
}

// Valid reports whether s is one of the statuses above.
func (s Status) Valid() bool {
	switch s {
	case NotFound, InProgress, Suspended, PreliminarilyPositive, Granted, Refused, Unknown:
		return true
	}
	return false
}

// Final reports whether s is a decision, after which only an appeal can follow.
func (s Status) Final() bool { return s == Granted || s == Refused }

// rank orders statuses along the proceedings. Suspended stands beside
// InProgress, Refused beside Granted; Unknown has no place.
func (s Status) rank() int {
	switch s {
	case NotFound:
		return 1
	case InProgress, Suspended:
		return 2
	case PreliminarilyPositive:
		return 3
	case Granted, Refused:
		return 4
	}
	return 0
}

// Before reports whether s stands earlier in the proceedings than t, so that
// going from t to s is a step backwards. It is false where either is Unknown.
func (s Status) Before(t Status) bool {
	return s.rank() != 0 && t.rank() != 0 && s.rank() < t.rank()
}
