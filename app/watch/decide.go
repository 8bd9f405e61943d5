package watch

import (
	"time"

	"cz-visa-monitor/app/visa"
)

// Outcome is what one check brought: a Result or a Failure, never both.
type Outcome struct {
	Result  *Result
	Failure *Failure
	// Attempts is how often the source was asked, Took how long it took to answer in all.
	Attempts int
	Took     time.Duration
	// At is when the check ended.
	At time.Time
}

// Decision is what follows from an outcome.
type Decision struct {
	// State is the new state, without NextCheckAt.
	State State
	// Wait is how long to wait before the next check, before jitter; 0 means no more checks.
	Wait time.Duration
	// Firm: Wait is a lower bound, so that jitter must not shorten it.
	Firm bool
	// Entries are to be added to the history.
	Entries []Entry
	// Watchers are those of the application as they are then, Letters what they
	// are to be told.
	Watchers []Watcher
	Letters  []Letter
	// Check is to be added to the last checks.
	Check Check
}

// Changed reports whether the decision holds anything that must be on disk
// before the check counts as done. Other decisions only move times forward.
func (d Decision) Changed() bool { return len(d.Entries) > 0 || len(d.Letters) > 0 }

// Decide says what follows for a from an outcome at now, given what was known
// before. It is pure.
//
//   - A failure touches nothing but the health of the application.
//   - The first answer is told once; later, every accepted status that differs.
//   - A decision, a step backwards and an unknown wording are accepted only when
//     a second check, ConfirmAfter or more later, repeats them.
//   - A decided application that the portal no longer shows keeps its decision:
//     the portal answers for two years and for the first instance only.
func (r Rules) Decide(a Application, o Outcome, now time.Time) Decision {
	d := r.decide(a.State, o, r.Of(a), now)
	d.Watchers, d.Letters = tell(a, d.State, o.Result != nil, now)
	d.Check = checkOf(o, now)
	return d
}

// decide says what follows for the state.
func (r Rules) decide(prev State, o Outcome, interval time.Duration, now time.Time) Decision {
	next := prev
	next.CheckedAt = now
	if p := prev.Pending; p != nil && p.SeenAt.After(now) {
		// The clock was set back; the confirmation must not wait for it.
		next.Pending = &Pending{Status: p.Status, SeenAt: now, Answer: p.Answer}
		prev.Pending = next.Pending
	}
	if o.Result == nil {
		return r.failed(next, o.Failure, interval, now)
	}
	d := Decision{}
	next.AnsweredAt, next.Trouble = now, nil
	res := *o.Result
	answer := Answer{Text: res.Text, Alert: res.Alert, Link: res.Link, State: res.State, Language: res.Language}
	switch {
	case res.Status == prev.Status:
		d.repeated(&next, answer, now)
	case res.Status == visa.NotFound && prev.Valid.Final():
		d.gone(&next, answer, now)
	case needsConfirmation(res.Status, prev) && !r.confirmed(res.Status, prev.Pending, now):
		d.wait(&next, res.Status, answer, now)
	default:
		d.accept(&next, res.Status, answer, now)
	}
	d.State = next
	d.Wait, d.Firm = r.wait(next, interval, now)
	return d
}

// needsConfirmation reports whether s, coming after prev, must be seen twice.
func needsConfirmation(s visa.Status, prev State) bool {
	return s.Final() || s == visa.Unknown || s.Before(prev.Valid)
}

// confirmed reports whether an answer s at now repeats p long enough after it.
func (r Rules) confirmed(s visa.Status, p *Pending, now time.Time) bool {
	return p != nil && p.Status == s && now.Sub(p.SeenAt) >= r.ConfirmAfter
}

// repeated handles an answer that shows the status already accepted.
func (d *Decision) repeated(next *State, a Answer, now time.Time) {
	d.withdraw(next, now)
	next.GoneAt, next.Imported = time.Time{}, false
	if next.Status.Final() {
		next.Confirmations++
	}
	if a.Text != next.Answer.Text && now.Sub(next.RewordedAt) >= 24*time.Hour {
		next.RewordedAt = now
		d.Entries = append(d.Entries, Entry{At: now, Kind: Reworded, From: next.Status, To: next.Status, Answer: a})
	}
	next.Answer = a
}

// gone handles a number that vanished from the portal after its decision.
func (d *Decision) gone(next *State, a Answer, now time.Time) {
	d.withdraw(next, now)
	if next.GoneAt.IsZero() {
		next.GoneAt = now
		d.Entries = append(d.Entries, Entry{At: now, Kind: Gone, From: next.Status, To: visa.NotFound, Answer: a})
	}
	if next.Status.Final() {
		next.Confirmations++
	}
}

// wait handles an answer that must be seen twice, at its first sight or too
// soon after it.
func (d *Decision) wait(next *State, s visa.Status, a Answer, now time.Time) {
	if next.Pending != nil && next.Pending.Status == s {
		return
	}
	d.withdraw(next, now)
	next.Pending = &Pending{Status: s, SeenAt: now, Answer: a}
	d.Entries = append(d.Entries, Entry{At: now, Kind: Unconfirmed, From: next.Status, To: s, Answer: a})
}

// accept makes s the status and says what to tell.
func (d *Decision) accept(next *State, s visa.Status, a Answer, now time.Time) {
	from, since := next.Status, now
	if next.Pending != nil && next.Pending.Status == s {
		since = next.Pending.SeenAt
		next.Pending = nil
	}
	d.withdraw(next, now)
	next.Status, next.Since, next.ChangedAt, next.Answer = s, since, now, a
	next.Imported = false
	next.Confirmations, next.GoneAt, next.RewordedAt = 0, time.Time{}, time.Time{}
	if s != visa.Unknown {
		next.Valid = s
	}
	d.Entries = append(d.Entries, Entry{At: now, Kind: Changed, From: from, To: s, Answer: a})
}

// withdraw drops a pending answer that was not repeated.
func (d *Decision) withdraw(next *State, now time.Time) {
	if next.Pending == nil {
		return
	}
	d.Entries = append(d.Entries, Entry{At: now, Kind: Withdrawn, From: next.Pending.Status, To: next.Status})
	next.Pending = nil
}

// failed handles a check without an answer.
func (r Rules) failed(next State, f *Failure, interval time.Duration, now time.Time) Decision {
	t := Trouble{Since: now}
	if next.Trouble != nil {
		t = *next.Trouble
	}
	again := t.Code == f.Code
	t.Code, t.Detail = f.Code, f.Detail
	t.Count++
	d := Decision{}
	if f.Code == NotOffered && again {
		// The only failure that waiting does not mend and that concerns one
		// person: without a word they would wait for ever.
		t.Lasting = true
	}
	next.Trouble = &t
	d.State = next
	d.Wait, d.Firm = r.waitAfterFailure(next, f, again, interval, now)
	return d
}
