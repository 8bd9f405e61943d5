package boltstore

import (
	"cmp"
	"slices"
	"sync"
	"time"
	"unique"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

const (
	// indexPage is how many applications one transaction reads when the index is made.
	indexPage = 1000
	// indexedNote is how many bytes of a note stand in the index. A longer one is
	// opened by a search: ten thousand long notes must not fill the memory.
	indexedNote = 512
)

// index holds in memory what it takes to filter, sort and count applications, so
// that a list opens only what it shows. It is made when it is asked for the first
// time, and then follows every transaction that has reached the file. Labels
// stand in it as words to be searched; it never reaches the disk.
type index struct {
	// making is held by whoever makes the index.
	making sync.Mutex

	mu sync.RWMutex
	// byID and byOwner are nil until the index is made. The lists are in the
	// order of IDs. What they hold is never changed, only replaced.
	byID    map[watch.ID]*indexed
	byOwner map[unique.Handle[account.Owner]][]*indexed
	// journal holds what is changed while the index is made; nil otherwise.
	journal map[watch.ID]*indexed
}

// indexed is an application in the index.
type indexed struct {
	id       watch.ID
	revision uint64
	// reference is for watch.Search.
	reference string
	// changed and next are times of the state, 0 where there is none.
	changed, next int64
	// status is its place in the proceedings, see statusPlaces.
	status  int8
	trouble bool
	seen    []indexedSeen
	seats   []indexedSeat
}

// indexedSeen is when a user last looked.
type indexedSeen struct {
	user unique.Handle[string]
	at   int64
}

// indexedSeat is a watcher in the index.
type indexedSeat struct {
	owner unique.Handle[account.Owner]
	// words are the label and, unless it is long, the note; the first label bytes
	// are the label.
	words string
	label int
	added int64
	filed int64 // see watch.Watcher.Filed
	long  bool
	told  bool

	paused, archived bool
}

// gone is what stands in the journal for an application that was removed.
func gone(id watch.ID) *indexed { return &indexed{id: id} }

// inIndex returns a as it stands in the index.
func inIndex(a watch.Application) *indexed {
	x := &indexed{
		id: a.ID, revision: a.Revision, reference: watch.FoldReference(a.Reference),
		changed: nano(a.State.ChangedAt), next: nano(a.State.NextCheckAt),
		status: statusPlace(a.State.Status), trouble: a.State.Trouble != nil,
		seats: make([]indexedSeat, 0, len(a.Watchers)),
	}
	for user, at := range a.Seen {
		x.seen = append(x.seen, indexedSeen{user: unique.Make(user), at: nano(at)})
	}
	for _, w := range a.Watchers {
		words := watch.Fold(w.Label)
		s := indexedSeat{
			owner: unique.Make(w.Owner), label: len(words), added: nano(w.AddedAt), filed: nano(w.Filed(a.Reference)), told: w.Told != "",
			paused: w.Paused, archived: w.Archived,
		}
		if note := watch.Fold(w.Note); len(note) > indexedNote {
			s.long = true
		} else if note != "" {
			words += "\n" + note
		}
		s.words = words
		x.seats = append(x.seats, s)
	}
	return x
}

// statusPlaces are what places in the proceedings stand for; the first is that
// of no answer yet.
func statusPlaces() []visa.Status { return append([]visa.Status{""}, visa.Statuses()...) }

func statusPlace(s visa.Status) int8 {
	return int8(max(slices.Index(statusPlaces(), s), 0)) //nolint:gosec // They are few.
}

// seat returns the seat of owner, nil if he has none.
func (x *indexed) seat(owner unique.Handle[account.Owner]) *indexedSeat {
	for i := range x.seats {
		if x.seats[i].owner == owner {
			return &x.seats[i]
		}
	}
	return nil
}

// sits reports whether one of owners has a seat.
func (x *indexed) sits(owners []unique.Handle[account.Owner]) bool {
	return slices.ContainsFunc(owners, func(o unique.Handle[account.Owner]) bool { return x.seat(o) != nil })
}

// nano returns t as a number that sorts by time, 0 for the zero time.
func nano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// follow brings the index up to what has reached the file, all of it at once.
func (x *index) follow(changes map[watch.ID]*indexed) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, c := range changes {
		if x.journal != nil {
			x.journal[id] = c
		} else if x.byID != nil {
			x.set(c)
		}
	}
}

// set replaces what stands for an application. The caller holds x.mu.
func (x *index) set(is *indexed) {
	was := x.byID[is.id]
	if was != nil {
		if len(is.seats) > 0 && was.revision >= is.revision {
			return
		}
		for _, s := range was.seats {
			x.byOwner[s.owner] = without(x.byOwner[s.owner], is.id)
			if len(x.byOwner[s.owner]) == 0 {
				delete(x.byOwner, s.owner)
			}
		}
	}
	if len(is.seats) == 0 {
		delete(x.byID, is.id)
		return
	}
	x.byID[is.id] = is
	for _, s := range is.seats {
		list := x.byOwner[s.owner]
		at, _ := placeIn(list, is.id)
		x.byOwner[s.owner] = slices.Insert(list, at, is)
	}
}

// placeIn returns where id stands in a list, or would.
func placeIn(list []*indexed, id watch.ID) (at int, is bool) {
	return slices.BinarySearchFunc(list, id, func(x *indexed, id watch.ID) int { return cmp.Compare(x.id, id) })
}

func without(list []*indexed, id watch.ID) []*indexed {
	if at, is := placeIn(list, id); is {
		return slices.Delete(list, at, at+1)
	}
	return list
}

// makeIndex makes the index, unless it is made. Writing goes on meanwhile, and
// what is written stands in the journal.
func (s *Store) makeIndex() error {
	x := &s.index
	x.making.Lock()
	defer x.making.Unlock()
	x.mu.Lock()
	made := x.byID != nil
	if !made {
		x.journal = make(map[watch.ID]*indexed)
	}
	x.mu.Unlock()
	if made {
		return nil
	}
	fresh := index{byID: make(map[watch.ID]*indexed), byOwner: make(map[unique.Handle[account.Owner]][]*indexed)}
	var err error
	for after, more := "", true; more && err == nil; {
		after, more, err = s.indexSome(&fresh, after)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		for _, c := range x.journal {
			fresh.set(c)
		}
		x.byID, x.byOwner = fresh.byID, fresh.byOwner
	}
	x.journal = nil
	return err
}

// indexSome adds a page of applications behind after to x.
func (s *Store) indexSome(x *index, after string) (last string, more bool, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketApplications)).Cursor()
		k, v := c.Seek([]byte(after))
		for n := 0; k != nil; k, v = c.Next() {
			if string(k) == after {
				continue
			}
			if n++; n > indexPage {
				more = true
				return nil
			}
			last = string(k)
			var a watch.Application
			if s.tryDecode(bucketApplications, last, v, &a) {
				x.set(inIndex(s.late.newer(a)))
			}
		}
		return nil
	})
	return last, more, err
}
