package web

import (
	"errors"
	"slices"
	"sync"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// The bounds of the hub.
const (
	maxSubscribers = 100
	// maxOfUser is how many of them one user may have, through whatever sessions and
	// tokens: nobody must keep the others from theirs.
	maxOfUser = 10
	// backlog is how many events may wait for one subscriber. One that is
	// further behind is sent away; it comes back and reads the whole state.
	backlog = 64
)

// Hub hands every event to every stream that is open and may know of it.
type Hub struct {
	mu     sync.Mutex
	subs   map[chan numbered]subscriber
	closed bool
	// count goes up with every event. It begins with the time, so that no page of
	// an earlier run can take its count for one of this run.
	count uint64
}

// numbered is an event, and how many there were with it.
type numbered struct {
	watch.Event
	count uint64
}

// subscriber is who listens to a stream: the ID of a user, and whose things he may see.
type subscriber struct {
	user string
	sees []account.Owner
}

// NewHub returns a hub without subscribers.
func NewHub() *Hub {
	return &Hub{subs: make(map[chan numbered]subscriber), count: uint64(time.Now().UnixMicro())}
}

// Count returns how many events there were. Who has it, and reads the state after
// that, learns from a stream that goes on from there whether he has missed something.
func (h *Hub) Count() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// Publish hands e to every subscriber to whom one of its owners is shown, and
// never blocks. An event without owners is about the appliance, and for all.
func (h *Hub) Publish(e watch.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	for sub, who := range h.subs {
		mine := slices.ContainsFunc(e.Owners, func(o account.Owner) bool { return slices.Contains(who.sees, o) })
		if len(e.Owners) > 0 && !mine {
			continue
		}
		select {
		case sub <- numbered{e, h.count}:
		default:
			h.drop(sub)
		}
	}
}

// The reasons why there is no room for a stream.
var (
	errNoRoom  = errors.New("there are as many streams as there may be")
	errOwnRoom = errors.New("the user has as many streams as one may have")
)

// subscribe returns a channel of events and how many there were before. It is closed when the subscriber was
// too slow or the hub is closed; errOwnRoom or errNoRoom if there is no room. One
// that is open never makes room for another: it would come back, and so on.
func (h *Hub) subscribe(who subscriber) (sub chan numbered, count uint64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := 0
	for _, other := range h.subs {
		if other.user == who.user {
			own++
		}
	}
	switch {
	case h.closed || len(h.subs) >= maxSubscribers:
		return nil, 0, errNoRoom
	case own >= maxOfUser:
		return nil, 0, errOwnRoom
	}
	sub = make(chan numbered, backlog)
	h.subs[sub] = who
	return sub, h.count, nil
}

// change sets whose things a subscriber may see from now on.
func (h *Hub) change(sub chan numbered, sees []account.Owner) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if who, ok := h.subs[sub]; ok {
		h.subs[sub] = subscriber{user: who.user, sees: sees}
	}
}

// leave ends a subscription.
func (h *Hub) leave(sub chan numbered) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.subs[sub]; ok {
		h.drop(sub)
	}
}

// drop forgets sub. The caller holds h.mu.
func (h *Hub) drop(sub chan numbered) {
	delete(h.subs, sub)
	close(sub)
}

// Close ends every subscription; there will be no others.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for sub := range h.subs {
		h.drop(sub)
	}
}
