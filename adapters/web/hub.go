package web

import (
	"slices"
	"sync"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// The bounds of the hub.
const (
	maxSubscribers = 100
	// backlog is how many events may wait for one subscriber. One that is
	// further behind is sent away; it comes back and reads the whole state.
	backlog = 64
)

// Hub hands every event to every stream that is open and may know of it.
type Hub struct {
	mu sync.Mutex
	// subs are the streams, and whose things each may see.
	subs   map[chan watch.Event][]account.Owner
	closed bool
}

// NewHub returns a hub without subscribers.
func NewHub() *Hub { return &Hub{subs: make(map[chan watch.Event][]account.Owner)} }

// Publish hands e to every subscriber to whom one of its owners is shown, and
// never blocks. An event without owners is about the appliance, and for all.
func (h *Hub) Publish(e watch.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub, sees := range h.subs {
		mine := slices.ContainsFunc(e.Owners, func(o account.Owner) bool { return slices.Contains(sees, o) })
		if len(e.Owners) > 0 && !mine {
			continue
		}
		select {
		case sub <- e:
		default:
			h.drop(sub)
		}
	}
}

// subscribe returns a channel of events, which is closed when the subscriber
// was too slow or the hub is closed; ok is false if there is no room. sees is
// whose things the subscriber may see.
func (h *Hub) subscribe(sees []account.Owner) (sub chan watch.Event, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.subs) >= maxSubscribers {
		return nil, false
	}
	sub = make(chan watch.Event, backlog)
	h.subs[sub] = sees
	return sub, true
}

// change sets whose things a subscriber may see from now on.
func (h *Hub) change(sub chan watch.Event, sees []account.Owner) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.subs[sub]; ok {
		h.subs[sub] = sees
	}
}

// leave ends a subscription.
func (h *Hub) leave(sub chan watch.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.subs[sub]; ok {
		h.drop(sub)
	}
}

// drop forgets sub. The caller holds h.mu.
func (h *Hub) drop(sub chan watch.Event) {
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
