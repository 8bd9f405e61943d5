package account

import (
	"sync"
	"time"
)

const (
	// pendingLasts is how long a second factor may take after the password.
	pendingLasts = 5 * time.Minute
	// maxPending is how many sign-ins of a user may wait for it; the oldest goes.
	maxPending = 5
	// pendingPrefix begins the secret of a sign-in that waits.
	pendingPrefix = "czvp_"
)

// pendingSignIn has given the password, and is to give a second factor.
type pendingSignIn struct {
	hash string
	user string
	// password is the encoded hash that was matched: another one since then
	// makes the sign-in void.
	password string
	until    time.Time
}

// waitingRoom holds the sign-ins that wait for a second factor, in memory only.
// Nobody gets in without the right password, so that it holds maxPending for
// each user at most.
type waitingRoom struct {
	mu      sync.Mutex
	signIns map[string][]pendingSignIn // by user, the oldest first
}

func newWaitingRoom() *waitingRoom { return &waitingRoom{signIns: make(map[string][]pendingSignIn)} }

// enter returns the secret of a sign-in that now waits.
func (w *waitingRoom) enter(u User, now time.Time) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	secret := NewSecret(pendingPrefix)
	waiting := append(w.signIns[u.ID], pendingSignIn{
		hash: HashSecret(secret), user: u.ID, password: u.Password, until: now.Add(pendingLasts),
	})
	w.signIns[u.ID] = waiting[max(0, len(waiting)-maxPending):]
	return secret
}

// find returns the sign-in with this secret, unless it took too long.
func (w *waitingRoom) find(secret string, now time.Time) (p pendingSignIn, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	hash := HashSecret(secret)
	for user, waiting := range w.signIns {
		var left []pendingSignIn
		for _, one := range waiting {
			if !now.Before(one.until) {
				continue
			}
			left = append(left, one)
			if one.hash == hash {
				p, ok = one, true
			}
		}
		if w.signIns[user] = left; len(left) == 0 {
			delete(w.signIns, user)
		}
	}
	return p, ok
}

// leave forgets the sign-ins of a user who is in.
func (w *waitingRoom) leave(user string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.signIns, user)
}
