package boltstore

import (
	"cmp"
	"slices"
	"time"
)

// Backups are kept from the last days, weeks and months that have one.
const (
	keepDays   = 7
	keepWeeks  = 4
	keepMonths = 3
)

// keepYoung is how long every backup is kept: that from before a migration is
// not to be pushed out at once by the daily one.
const keepYoung = time.Hour

// period is a number of the day, week or month that a time lies in.
type period func(time.Time) int

func day(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }

func week(t time.Time) int {
	y, w := t.ISOWeek()
	return 100*y + w
}

func month(t time.Time) int { return 12*t.Year() + int(t.Month()) }

// expired returns those of backups that are to be removed at now. It keeps the
// newest of each of the last 7 days (of UTC), 4 ISO weeks and 3 months that have
// one, and those of the last hour. A damaged one takes no other's place: it is
// kept where it would be if it were good, and so is the good one beside it. So
// the newest good one always stays.
func expired(backups []Info, now time.Time) (gone []Info) {
	sorted := slices.Clone(backups)
	slices.SortFunc(sorted, func(a, b Info) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Name, a.Name))
	})
	sound := slices.DeleteFunc(slices.Clone(sorted), func(b Info) bool { return b.Health == Damaged })
	keep := make(map[string]bool)
	for _, among := range [][]Info{sorted, sound} {
		newestOf(keep, among, day, keepDays)
		newestOf(keep, among, week, keepWeeks)
		newestOf(keep, among, month, keepMonths)
	}
	for _, b := range backups {
		if age := now.Sub(b.At); !keep[b.Name] && age >= keepYoung {
			gone = append(gone, b)
		}
	}
	return gone
}

// newestOf marks the newest backup of each of the last n periods that have one.
// They come sorted, the newest first.
func newestOf(keep map[string]bool, sorted []Info, of period, n int) {
	last := 0
	for i, b := range sorted {
		if p := of(b.At.UTC()); i == 0 || p != last {
			if n == 0 {
				return
			}
			last = p
			n--
			keep[b.Name] = true
		}
	}
}

// farthest is how many days ahead expiries looks: longer than keepMonths.
const farthest = 32 * (keepMonths + 1)

// expiries sets when each backup will be removed, if from now on one is made
// every day, and the old ones are removed then.
func expiries(backups []Info, now time.Time) {
	at := make(map[string]time.Time)
	standing := slices.Clone(backups)
	for d := range farthest {
		then := now.AddDate(0, 0, d+1)
		standing = append(standing, Info{Name: backupName(then), At: then})
		for _, b := range expired(standing, then) {
			at[b.Name] = then
			standing = slices.DeleteFunc(standing, func(o Info) bool { return o.Name == b.Name })
		}
	}
	for i, b := range backups {
		backups[i].Expires = at[b.Name]
	}
}
