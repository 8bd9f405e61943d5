package boltstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unique"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// listTries is how often a page is read again because something was written
// meanwhile, before writing has to wait for it.
const listTries = 3

// List returns a page of the applications that a query asks for. The index says
// which; they alone are opened, and are what the index knew, so that the page
// shows one moment. One that cannot be read is left out.
func (s *Store) List(_ context.Context, q watch.Query) (watch.Page, error) {
	if err := s.makeIndex(); err != nil {
		return watch.Page{}, fmt.Errorf("read the applications: %w", err)
	}
	for range listTries {
		if p, whole, err := s.list(q); err != nil || whole {
			return p, err
		}
	}
	s.write.Lock()
	defer s.write.Unlock()
	p, _, err := s.list(q)
	return p, err
}

// candidate is an application as one of its watchers sees it, before it is opened.
type candidate struct {
	*indexed
	seat *indexedSeat
	// rank, at and label are by what it is sorted.
	rank  int
	at    int64
	label string
}

// list makes a page. whole is false if something in it was changed meanwhile.
func (s *Store) list(q watch.Query) (p watch.Page, whole bool, err error) {
	l := newListing(q)
	found, after := l.collect(&s.index, &p)
	found, err = s.search(l, found)
	if err != nil {
		return watch.Page{}, false, err
	}
	p.Total = len(found)
	for i := range found {
		l.place(&found[i])
	}
	if q.After != "" {
		found = l.behind(found, after)
	}
	shown := firstOf(found, q.Offset+q.Limit)
	shown = shown[min(q.Offset, len(shown)):]
	if len(shown) > 0 && q.Offset+q.Limit < len(found) {
		p.Next = shown[len(shown)-1].id
	}
	p.Rows, whole, err = s.open(shown)
	return p, whole, err
}

// firstOf returns the first n of found in order. It does not sort what is not
// asked for: a page is short, and the list may be long.
func firstOf(found []candidate, n int) (first []candidate) {
	if n > len(found)/8 {
		slices.SortFunc(found, before)
		return found[:min(n, len(found))]
	}
	for _, c := range found {
		if len(first) == n {
			if n == 0 || before(c, first[n-1]) > 0 {
				continue
			}
			first = first[:n-1]
		}
		at, _ := slices.BinarySearchFunc(first, c, before)
		first = slices.Insert(first, at, c)
	}
	return first
}

// listing is a query made ready.
type listing struct {
	watch.Query
	owners []unique.Handle[account.Owner]
	owner  unique.Handle[account.Owner] // of Query.Owner
	user   unique.Handle[string]
	search watch.Search
	places []visa.Status // see statusPlaces
}

func newListing(q watch.Query) *listing {
	l := &listing{Query: q, owner: unique.Make(q.Owner), user: unique.Make(q.User), search: watch.NewSearch(q.Search), places: statusPlaces()}
	for _, o := range q.Owners {
		l.owners = append(l.owners, unique.Make(o))
	}
	return l
}

// collect returns what passes the filters but the search, and Query.After itself
// as it stands, and counts.
func (l *listing) collect(x *index, p *watch.Page) (found []candidate, after candidate) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	all := l.counter()
	p.Tallies = make(map[account.Owner]watch.Tally, len(l.owners))
	for n, owner := range l.owners {
		his := l.counter()
		found = slices.Grow(found, len(x.byOwner[owner]))
		for _, a := range x.byOwner[owner] {
			c := candidate{indexed: a, seat: a.seat(owner)}
			his.count(l, c)
			first := !a.sits(l.owners[:n])
			if first {
				all.count(l, c)
			}
			if !l.takes(owner, first) {
				continue
			}
			if a.id == l.After {
				after = c
			}
			if l.passes(c) {
				found = append(found, c)
			}
		}
		p.Tallies[owner.Value()] = l.tally(his)
	}
	p.All = l.tally(all)
	return found, after
}

// takes reports whether the seat of owner is listed; first: no owner before him
// has one in the same application.
func (l *listing) takes(owner unique.Handle[account.Owner], first bool) bool {
	if l.Owner == "" {
		return first
	}
	return owner == l.owner
}

// shown is the place of the status that the seat is shown.
func (c candidate) shown() int8 {
	if !c.seat.told {
		return 0
	}
	return c.status
}

// unread reports whether the status has changed since the user looked.
func (l *listing) unread(c candidate) bool {
	if !c.seat.told || c.changed == 0 {
		return false
	}
	for _, s := range c.seen {
		if s.user == l.user {
			return c.changed > s.at
		}
	}
	return true
}

// passes reports whether the filters let c pass; the search comes later.
func (l *listing) passes(c candidate) bool {
	return l.Archived == c.seat.archived &&
		(!l.Paused || c.seat.paused) &&
		(!l.Trouble || c.trouble) &&
		(!l.Unread || l.unread(c)) &&
		(len(l.Statuses) == 0 || slices.Contains(l.Statuses, l.places[c.shown()]))
}

// search returns those of found that the search finds. Long notes are opened.
func (s *Store) search(l *listing, found []candidate) ([]candidate, error) {
	if l.Search == "" {
		return found, nil
	}
	left := found[:0]
	err := s.view(func(tx *bbolt.Tx) error {
		for _, c := range found {
			if l.search.Matches(c.seat.words, c.reference) || c.seat.long && s.inNote(tx, l, c) {
				left = append(left, c)
			}
		}
		return nil
	})
	return left, err
}

// inNote reports whether the search finds c with its note.
func (s *Store) inNote(tx *bbolt.Tx, l *listing, c candidate) bool {
	var a watch.Application
	if !s.try(tx, bucketApplications, string(c.id), &a) {
		return false
	}
	a = s.late.newer(a)
	w := a.Watcher(c.seat.owner.Value())
	return w != nil && l.search.Matches(watch.Fold(w.Label)+"\n"+watch.Fold(w.Note), c.reference)
}

// place fills in by what c is sorted.
func (l *listing) place(c *candidate) {
	// What has no place stands behind all that has one.
	time := func(at int64) {
		if c.at = at; at == 0 {
			c.rank = 1
		}
	}
	switch l.Sort {
	case watch.ByNews:
		c.rank = 1
		if l.unread(*c) {
			c.rank = 0
		}
		if c.seat.told && c.changed != 0 {
			c.at = -max(c.changed, c.seat.added)
		}
	case watch.ByNext:
		if time(c.next); c.seat.paused || c.seat.archived {
			time(0)
		}
	case watch.ByLabel:
		if c.label = c.seat.words[:c.seat.label]; c.label == "" {
			c.rank = 1
		}
	case watch.ByAge:
		time(c.seat.filed)
	case watch.ByStatus:
		c.rank = int(c.shown())
	}
}

// before compares two by their places.
func before(a, b candidate) int {
	switch {
	case a.rank != b.rank:
		return cmp.Compare(a.rank, b.rank)
	case a.at != b.at:
		return cmp.Compare(a.at, b.at)
	case a.label != b.label:
		return strings.Compare(a.label, b.label)
	}
	return cmp.Compare(a.id, b.id)
}

// behind returns what stands behind after. By the time they were added the ID is
// enough to know; else there is nothing behind what is gone.
func (l *listing) behind(found []candidate, after candidate) []candidate {
	if l.Sort == watch.ByAdded || l.Sort == "" {
		after = candidate{indexed: &indexed{id: l.After}}
	} else if after.indexed == nil {
		return nil
	} else {
		l.place(&after)
	}
	return slices.DeleteFunc(found, func(c candidate) bool { return before(c, after) <= 0 })
}

// open opens what a page shows. whole is false if it is not what the index knew.
func (s *Store) open(shown []candidate) (rows []watch.Row, whole bool, err error) {
	whole = true
	rows = make([]watch.Row, 0, len(shown))
	err = s.view(func(tx *bbolt.Tx) error {
		for _, c := range shown {
			sealed := tx.Bucket([]byte(bucketApplications)).Get([]byte(c.id))
			if sealed == nil {
				whole = false
				continue
			}
			var a watch.Application
			if !s.tryDecode(bucketApplications, string(c.id), sealed, &a) {
				continue
			}
			a = s.late.newer(a)
			w := a.Watcher(c.seat.owner.Value())
			if a.Revision != c.revision {
				whole = false
			}
			if w != nil {
				rows = append(rows, watch.Row{Application: a, Watcher: *w})
			}
		}
		return nil
	})
	return rows, whole, err
}

// counter makes a Tally.
type counter struct {
	watch.Tally
	statuses []int // by statusPlaces
}

func (n *counter) count(l *listing, c candidate) {
	if c.seat.archived {
		n.Archived++
		return
	}
	n.Total++
	n.statuses[c.shown()]++
	if l.unread(c) {
		n.Unread++
	}
	if c.seat.paused {
		n.Paused++
	}
	if c.trouble {
		n.Trouble++
	}
}

func (l *listing) counter() *counter { return &counter{statuses: make([]int, len(l.places))} }

func (l *listing) tally(n *counter) watch.Tally {
	n.Statuses = make(map[visa.Status]int)
	for place, count := range n.statuses {
		if count > 0 {
			n.Statuses[l.places[place]] = count
		}
	}
	return n.Tally
}

// ByReference returns the applications with these references, whoever watches them;
// what nobody watches is left out. The suffix of an OAM number makes no other one.
func (s *Store) ByReference(_ context.Context, refs []visa.Reference) (found []watch.Application, err error) {
	var ids []watch.ID
	err = s.view(func(tx *bbolt.Tx) error {
		for _, ref := range refs {
			if id := tx.Bucket([]byte(bucketReferences)).Get(s.digest(watch.Application{Reference: ref})); id != nil {
				ids = append(ids, watch.ID(id))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		a, err := s.application(id)
		switch {
		case errors.Is(err, watch.ErrNotFound): // It was removed meanwhile.
		case err != nil:
			return nil, err
		default:
			found = append(found, a)
		}
	}
	return found, nil
}
