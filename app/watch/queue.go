package watch

import (
	"container/heap"
	"time"
)

// queue orders applications by the time of their next check. It is an index in
// memory: what is due is found without reading the store, in O(log n).
// It is not safe for concurrent use.
type queue struct {
	items queueHeap
	byID  map[ID]*queued
}

// queued is an application's place in the queue.
type queued struct {
	id ID
	at time.Time
	// urgent entries were asked for by a person and go before all others.
	urgent bool
	index  int
}

func newQueue() *queue { return &queue{byID: make(map[ID]*queued)} }

// put sets when id is to be checked, replacing what stood.
func (q *queue) put(id ID, at time.Time, urgent bool) {
	if it := q.byID[id]; it != nil {
		it.at, it.urgent = at, urgent
		heap.Fix(&q.items, it.index)
		return
	}
	it := &queued{id: id, at: at, urgent: urgent}
	q.byID[id] = it
	heap.Push(&q.items, it)
}

// remove takes id out; it may not be there.
func (q *queue) remove(id ID) {
	if it := q.byID[id]; it != nil {
		heap.Remove(&q.items, it.index)
		delete(q.byID, id)
	}
}

// first returns the most urgent entry; ok is false if the queue is empty.
func (q *queue) first() (it queued, ok bool) {
	if len(q.items) == 0 {
		return queued{}, false
	}
	return *q.items[0], true
}

// position returns how many entries are due before or together with id at now,
// itself included; 0 if id is not queued.
func (q *queue) position(id ID, now time.Time) int {
	me := q.byID[id]
	if me == nil {
		return 0
	}
	n := 1
	for _, it := range q.items {
		if it != me && before(it, me) && !it.at.After(now) {
			n++
		}
	}
	return n
}

func (q *queue) len() int { return len(q.items) }

// before orders two entries: urgent ones first, then by time.
func before(a, b *queued) bool {
	if a.urgent != b.urgent {
		return a.urgent
	}
	return a.at.Before(b.at)
}

// queueHeap implements heap.Interface.
type queueHeap []*queued

func (h queueHeap) Len() int           { return len(h) }
func (h queueHeap) Less(i, j int) bool { return before(h[i], h[j]) }

func (h queueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *queueHeap) Push(x any) {
	it := x.(*queued)
	it.index = len(*h)
	*h = append(*h, it)
}

func (h *queueHeap) Pop() any {
	old := *h
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return it
}
