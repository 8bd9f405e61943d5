package web

import (
	"sync"

	"cz-visa-monitor/app/watch"
)

// The bounds of the hub.
const (
	maxSubscribers = 100
	// backlog is how many events may wait for one subscriber. One that is
	// further behind is sent away; it comes back and reads the whole state.
	backlog = 64
)

// Hub hands every event to every stream that is open.
type Hub struct {
	mu     sync.Mutex
	subs   map[chan watch.Event]struct{}
	closed bool
}

// NewHub returns a hub without subscribers.
func NewHub() *Hub { return &Hub{subs: make(map[chan watch.Event]struct{})} }

// Publish hands e to every subscriber and never blocks.
func (h *Hub) Publish(e watch.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub := range h.subs {
		select {
		case sub <- e:
		default:
			h.drop(sub)
		}
	}
}

// subscribe returns a channel of events, which is closed when the subscriber
// was too slow or the hub is closed; ok is false if there is no room.
func (h *Hub) subscribe() (sub chan watch.Event, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.subs) >= maxSubscribers {
		return nil, false
	}
	sub = make(chan watch.Event, backlog)
	h.subs[sub] = struct{}{}
	return sub, true
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
