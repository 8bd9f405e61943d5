package watch

import (
	"container/heap"
	"time"
)

// rank says who goes first among those that are due.
type rank int

// The ranks, the most urgent first.
const (
	// asked: a person wants to know now.
	asked rank = iota
	// confirming: an answer waits for this check before anybody hears of it.
	confirming
	// fresh: somebody waits to see that watching works.
	fresh
	regular
)

// rankOf returns the rank of the next check of a.
func rankOf(a Application) rank {
	switch {
	case a.State.Pending != nil:
		return confirming
	case a.State.CheckedAt.IsZero():
		return fresh
	}
	return regular
}

// queue orders applications by the time of their next check. It is an index in
// memory: what is due is found without reading the store, in O(log n).
//
// Those that are due stand in two lanes, from which they are taken in turn: a
// thousand new applications must not keep the old ones from being checked, nor
// the other way round. It is not safe for concurrent use.
type queue struct {
	byID    map[ID]*queued
	waiting lane // not due when last looked at; by time
	front   lane // due, with a rank above regular; by rank, then time
	rest    lane // due and regular; by time
	turn    bool // the next one comes from rest, if it has any
}

// queued is an application's place in the queue.
type queued struct {
	id       ID
	at       time.Time
	rank     rank
	revision uint64
	lane     *lane
	index    int
}

func newQueue() *queue {
	return &queue{byID: make(map[ID]*queued), front: lane{ranked: true}}
}

// put sets when id is to be checked, replacing what an older revision set. A
// check that a person asked for stays first until it is made.
func (q *queue) put(id ID, at time.Time, r rank, revision uint64) {
	it := &queued{id: id, at: at.Round(0), rank: r, revision: revision}
	if old := q.byID[id]; old != nil {
		if old.revision > revision {
			return
		}
		if old.rank == asked {
			it.rank, it.at = asked, old.at
		}
		heap.Remove(old.lane, old.index)
	}
	q.byID[id] = it
	q.push(&q.waiting, it)
}

func (q *queue) push(l *lane, it *queued) {
	it.lane = l
	heap.Push(l, it)
}

// remove takes id out; it may not be there.
func (q *queue) remove(id ID) {
	if it := q.byID[id]; it != nil {
		heap.Remove(it.lane, it.index)
		delete(q.byID, id)
	}
}

// ripen moves what has become due into its lane.
func (q *queue) ripen(now time.Time) {
	for q.waiting.Len() > 0 && !q.waiting.items[0].at.After(now) {
		it := heap.Pop(&q.waiting).(*queued)
		if it.rank == regular {
			q.push(&q.rest, it)
		} else {
			q.push(&q.front, it)
		}
	}
}

// next reports whether anything is due at now, and if not when something will
// be; the zero time means never.
func (q *queue) next(now time.Time) (at time.Time, due bool) {
	q.ripen(now)
	switch {
	case q.due() > 0:
		return now, true
	case q.waiting.Len() == 0:
		return time.Time{}, false
	}
	return q.waiting.items[0].at, false
}

// take takes out the one whose turn it is; ok is false if nothing is due.
func (q *queue) take(now time.Time) (it queued, ok bool) {
	q.ripen(now)
	from := &q.front
	if q.front.Len() == 0 || q.turn && q.rest.Len() > 0 {
		from = &q.rest
	}
	if from.Len() == 0 {
		return queued{}, false
	}
	q.turn = from == &q.front
	top := heap.Pop(from).(*queued)
	delete(q.byID, top.id)
	return *top, true
}

// oldest returns the time of the entry that has been due for longest.
func (q *queue) oldest() (at time.Time, ok bool) {
	for _, l := range []*lane{&q.front, &q.rest} {
		for _, it := range l.items {
			if !ok || it.at.Before(at) {
				at, ok = it.at, true
			}
		}
	}
	return at, ok
}

// position returns which one of its lane id is, from 1; 0 if it is not due.
func (q *queue) position(id ID, now time.Time) int {
	q.ripen(now)
	me := q.byID[id]
	if me == nil || me.lane == &q.waiting {
		return 0
	}
	n := 1
	for _, it := range me.lane.items {
		if it != me && me.lane.before(it, me) {
			n++
		}
	}
	return n
}

// shift moves everything that waits by d, after the clock was set.
func (q *queue) shift(d time.Duration) {
	for _, it := range q.byID {
		it.at = it.at.Add(d)
	}
}

// due returns how many are due, len how many there are.
func (q *queue) due() int { return q.front.Len() + q.rest.Len() }
func (q *queue) len() int { return len(q.byID) }

// lane is a heap. One that is ranked puts the rank before the time; the one of
// those that wait is not, as a check asked for later must not hold up one for now.
type lane struct {
	items  []*queued
	ranked bool
}

func (l *lane) before(a, b *queued) bool {
	if l.ranked && a.rank != b.rank {
		return a.rank < b.rank
	}
	return a.at.Before(b.at)
}

// Len implements heap.Interface, as do the other methods.
func (l *lane) Len() int { return len(l.items) }

// Less compares two entries.
func (l *lane) Less(i, j int) bool { return l.before(l.items[i], l.items[j]) }

// Swap swaps two entries.
func (l *lane) Swap(i, j int) {
	l.items[i], l.items[j] = l.items[j], l.items[i]
	l.items[i].index, l.items[j].index = i, j
}

// Push appends an entry.
func (l *lane) Push(x any) {
	it := x.(*queued)
	it.index = len(l.items)
	l.items = append(l.items, it)
}

// Pop removes the last entry.
func (l *lane) Pop() any {
	last := len(l.items) - 1
	it := l.items[last]
	l.items[last] = nil
	l.items = l.items[:last]
	return it
}
