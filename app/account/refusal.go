package account

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Refusal is what a request was refused for before anybody's rights were asked for.
type Refusal string

// The refusals that stand in the audit trail.
const (
	// RefusedToken and RefusedSession: a token or cookie that is none, or none any more.
	RefusedToken   Refusal = "token"
	RefusedSession Refusal = "session"
	// RefusedLink: a link for somebody new, or for a new password, that is none, or
	// none any more.
	RefusedLink Refusal = "link"
	// RefusedBody: more was sent than is read.
	RefusedBody Refusal = "body"
	// RefusedOrigin: a page of another site tried to write.
	RefusedOrigin Refusal = "origin"
	// RefusedHost: the request names a host that can be none.
	RefusedHost Refusal = "host"
	// RefusedPath: the path leads upwards, or holds what no path of ours does.
	RefusedPath Refusal = "path"
)

// Refusals returns the refusals above, in that order.
func Refusals() []Refusal {
	return []Refusal{RefusedToken, RefusedSession, RefusedLink, RefusedBody, RefusedOrigin, RefusedHost, RefusedPath}
}

// Refused notes in the audit trail that a request from address was refused, by
// whoever acts or by a stranger: once an hour for each network and kind, and at most
// maxRefusals in all, so that nobody can push out what others did or wear out the
// disk. An old cookie of an innocent browser is one line, too.
func (s *Service) Refused(ctx context.Context, what Refusal, address string) {
	if !s.refusals.take(Network(address)+"\n"+string(what), time.Now()) {
		return
	}
	ctx = context.WithoutCancel(ctx) // The stranger must not prevent it by hanging up.
	if _, known := Acting(ctx); !known {
		ctx = As(ctx, Principal{Address: address})
	}
	if err := s.store.Audit(ctx, RequestRefused, "", "", string(what)); err != nil {
		s.log.Error("cannot write a refused request to the audit trail", slog.Any("error", err))
	}
}

// maxRefusals is how many refused requests an hour are noted.
const maxRefusals = 60

// refusals are what was noted in an hour.
type refusals struct {
	mu    sync.Mutex
	since time.Time
	noted map[string]bool
}

// take reports whether key is to be noted now.
func (r *refusals) take(key string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := now.Sub(r.since); passed >= time.Hour || passed < 0 {
		r.since, r.noted = now, make(map[string]bool)
	}
	if r.noted[key] || len(r.noted) >= maxRefusals {
		return false
	}
	r.noted[key] = true
	return true
}
