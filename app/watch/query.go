package watch

import (
	"slices"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

// Query asks for a page of the list of applications. The zero value of a filter
// lets everything pass; filters are joined by and.
type Query struct {
	// Owners are whose applications may be seen. One that several of them watch
	// is seen as the first of them does.
	Owners []account.Owner
	// Owner shows only what this one watches, and as he does. He must be one of Owners.
	Owner account.Owner
	// User is the ID of the user whose unread marks count.
	User string
	// Statuses are those wanted; "" stands for no answer yet.
	Statuses []visa.Status
	// Search is what the label, the note or the reference must hold, see NewSearch.
	Search string
	// Unread, Paused and Trouble show only what is so.
	Unread, Paused, Trouble bool
	// Archived shows what is archived, and nothing else; without it that is hidden.
	Archived bool
	Sort     Sort
	// After is the Next of the page before, Offset how many are passed over
	// behind it.
	After  ID
	Offset int
	// Limit is how many are shown at most; 0 shows none, and only counts.
	Limit int
}

// Sort is an order of the list. Those who are equal by it stand with the oldest first.
type Sort string

// The orders.
const (
	// ByAdded is the order in which they were added, the oldest first.
	ByAdded Sort = "added"
	// ByNews begins with what is unread, then with the last change.
	ByNews Sort = "news"
	// ByNext begins with what is checked next.
	ByNext Sort = "next"
	// ByLabel is the alphabet without regard to case and diacritics; what has no label stands last.
	ByLabel Sort = "label"
	// ByAge begins with what was filed first, see Filed.
	ByAge Sort = "age"
	// ByStatus is the order of the proceedings.
	ByStatus Sort = "status"
)

// Sorts returns every order, the usual one first.
func Sorts() []Sort { return []Sort{ByAdded, ByNews, ByNext, ByLabel, ByAge, ByStatus} }

// Valid reports whether s is an order. "" is ByAdded.
func (s Sort) Valid() bool { return s == "" || slices.Contains(Sorts(), s) }

// Page is a page of the list, with the counts around it. All of it is of one moment.
type Page struct {
	Rows []Row
	// Next is the After of the next page, "" if there is none.
	Next ID
	// Total is how many pass the filters, on whatever page.
	Total int
	// All counts everything that Query.Owners watch, each application once,
	// whatever the filters say; Tallies what each of them watches.
	All     Tally
	Tallies map[account.Owner]Tally
}

// Row is an application as one of its watchers sees it.
type Row struct {
	Application Application
	Watcher     Watcher
}

// Tally counts applications. What is archived counts only as that.
type Tally struct {
	Total, Unread, Paused, Trouble, Archived int
	// Statuses are those that are shown; "" stands for no answer yet.
	Statuses map[visa.Status]int
}

// Filed returns since when the proceedings are thought to run: the day that w
// entered, else the one that the reference tells, else when w began to watch.
func (w Watcher) Filed(r visa.Reference) time.Time {
	if !w.Dates.Filed.IsZero() {
		return w.Dates.Filed.UTC()
	}
	if day, ok := r.Filed(); ok {
		return day
	}
	return w.AddedAt
}
