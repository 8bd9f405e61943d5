package main

import (
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// judge compares what arrived with what the story promises.
func (c *crash) judge() {
	repeats := 0
	for _, p := range c.phones {
		got := p.arrivals()
		for _, reference := range c.finished {
			var sequence []string
			var last arrival
			for _, a := range got {
				if !strings.Contains(a.title, reference) {
					continue
				}
				status := statusIn(a.title)
				if len(sequence) > 0 && sequence[len(sequence)-1] == status {
					repeats++
					if !c.excused(last, a) {
						c.t.Errorf("phone %s heard twice that %s is %s, and nobody was killed between: %s later, %s after the answer; kills %s",
							p.name, reference, status, a.at.Sub(last.at), a.at.Sub(last.done), c.killsSince(last.at))
					}
				} else {
					sequence = append(sequence, status)
				}
				last = a
			}
			if diff := cmp.Diff(told, sequence); diff != "" {
				c.t.Errorf("phone %s about %s: -want +got\n%s", p.name, reference, diff)
			}
		}
	}
	// A kill cuts off one message of a phone at most, and mostly none at all.
	if repeats > len(c.killed) {
		c.t.Errorf("%d messages were repeated by %d kills", repeats, len(c.killed))
	}
	c.t.Logf("%d applications went through the story on %d phones; %d messages were repeated because their sending had begun",
		len(c.finished), len(c.phones), repeats)
}

// settling is how long after the answer the process may need to note that a
// message was delivered.
const settling = 500 * time.Millisecond

// excused reports whether again may repeat first: it is the same delivery, and
// its sending had begun when the process was killed, before or right after it
// got the answer.
func (c *crash) excused(first, again arrival) bool {
	if first.id != again.id {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return first.broken || slices.ContainsFunc(c.killed, func(at time.Time) bool {
		return at.After(first.at) && at.Before(again.at) && at.Before(first.done.Add(settling))
	})
}

// killsSince returns when processes were killed in the half minute after from.
func (c *crash) killsSince(from time.Time) (after []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.killed {
		if d := at.Sub(from); d > 0 && d < 30*time.Second {
			after = append(after, d)
		}
	}
	return after
}

// statusIn reads the status out of the title of a message in English.
func statusIn(title string) string {
	for phrase, status := range map[string]string{
		"not found":              "not_found",
		"in progress":            "in_progress",
		"preliminarily positive": "preliminarily_positive",
		"granted":                "granted",
	} {
		if strings.Contains(strings.ToLower(title), phrase) {
			return status
		}
	}
	return "something else: " + title
}
