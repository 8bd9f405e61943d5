package account

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// The bounds of what the audit trail is told of a door, so that nobody can push out
// what others did, or wear out the disk. That tries have to wait has room of its
// own, which comes back as fast as a lock ends: many wrong tries must not hide
// which of them were one too many.
const (
	maxFailed  = 200
	failedIn   = time.Hour
	maxBlocked = 25
	blockedIn  = tryWindow
)

// door is where a secret is tried: it bounds how often, and how much of it is noted.
type door struct {
	tries           *limiter
	failed, blocked quota
}

func newDoor() *door {
	return &door{tries: newLimiter(), failed: quota{most: maxFailed, in: failedIn}, blocked: quota{most: maxBlocked, in: blockedIn}}
}

// quota counts what is noted in a while.
type quota struct {
	most int
	in   time.Duration

	mu    sync.Mutex
	since time.Time
	taken int
}

// take reports whether there is one left.
func (q *quota) take(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if passed := now.Sub(q.since); passed >= q.in || passed < 0 {
		q.since, q.taken = now, 0
	}
	q.taken++
	return q.taken <= q.most
}

// attempt runs check, if the try is let through at d. What is wrong becomes ErrWrong
// and is noted as a failure of user, "" if there is none. A check that could not
// be made counts as a try too: otherwise breaking it off would be free.
func (s *Service) attempt(ctx context.Context, d *door, t tried, address string, check func() (user string, ok bool, err error)) error {
	if wait := d.tries.begin(t, time.Now()); wait > 0 {
		return &WaitError{Wait: wait}
	}
	user, ok, err := check()
	switch {
	case err != nil:
		return err
	case ok:
		d.tries.right(t, time.Now())
		return nil
	}
	locked := d.tries.wrong(t, time.Now())
	if d.failed.take(time.Now()) {
		s.note(ctx, address, user, SignInFailed)
	}
	if locked && d.blocked.take(time.Now()) {
		s.note(ctx, address, user, SignInBlocked)
	}
	return ErrWrong
}

// note writes a wrong try to the audit trail, by whoever acts or by a stranger.
func (s *Service) note(ctx context.Context, address, user string, action Action) {
	kind := ""
	if user != "" {
		kind = KindUser
	}
	ctx = context.WithoutCancel(ctx) // The stranger must not prevent it by hanging up.
	if _, known := Acting(ctx); !known {
		ctx = As(ctx, Principal{Address: address})
	}
	if err := s.store.Audit(ctx, action, kind, user, ""); err != nil {
		s.log.Error("cannot write a failed sign-in to the audit trail", slog.Any("error", err))
	}
}
