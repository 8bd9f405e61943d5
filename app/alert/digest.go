package alert

import (
	"cmp"
	"slices"
	"strings"

	"cz-visa-monitor/app/locale"
)

// maxDigest bounds the lines of a digest, in bytes: ntfy makes an attachment of
// more than 4,096 bytes, and the rest of the message needs some as well.
const maxDigest = 2800

// ComposeDigest puts several notifications into words as one message for channel
// c, under the rules of Compose: a line for each, those of one application or
// person together, in the order in which they came. What there is no room for is
// counted.
func ComposeDigest(ns []Notification, c Channel, l *locale.Locale, baseURL string) Message {
	title := l.Text("alert.digest.title", "count", len(ns))
	m := Message{Title: title, Priority: priorityDefault, Tags: []string{"newspaper"}}
	out := letter{Language: l.Language(), Title: title, Lead: l.Text("alert.digest.lead")}
	home := writer{privacy: c.Privacy, l: l, home: strings.TrimRight(baseURL, "/")}
	var told []string
	silent, status := 0, false
	for _, n := range together(ns) {
		w := writer{n: n, privacy: c.Privacy, l: l, home: home.home}
		w.letter()
		if n.At.After(m.At) {
			m.At = n.At
		}
		if w.discreet() {
			silent++
			continue
		}
		m.Priority = max(m.Priority, w.priority())
		status = status || n.To != ""
		told = append(told, l.Text("alert.digest.line", "time", l.Time(n.At), "what", cut(oneLine(w.out.Title), maxTitle)))
	}
	if silent > 0 {
		told = append(told, l.Text("alert.digest.silent", "count", silent))
	}
	out.Items = fitting(told, l)
	if home.home != "" {
		out.Next, out.NextTitle = l.Text("alert.digest.next"), l.Text("alert.part.next")
	}
	if status {
		out.Remark = l.Text("alert.indicative")
	}
	if link := home.link(); link != "" {
		m.Link = link
		out.Facts = []fact{{Label: l.Text("alert.part.details"), Value: link}}
	}
	m.Text, m.HTML = out.text(), out.html()
	return m
}

// together returns ns with those about the same application or person, or about
// the appliance, beside one another, and otherwise in their order.
func together(ns []Notification) []Notification {
	place := make(map[string]int)
	for i, n := range ns {
		if _, ok := place[n.About()]; !ok {
			place[n.About()] = i
		}
	}
	out := slices.Clone(ns)
	slices.SortStableFunc(out, func(a, b Notification) int { return cmp.Compare(place[a.About()], place[b.About()]) })
	return out
}

// fitting returns as many of the lines as there is room for, and how many more
// there are.
func fitting(told []string, l *locale.Locale) []string {
	size := 0
	for i, line := range told {
		if size += len(line); size > maxDigest {
			return append(slices.Clone(told[:i]), l.Text("alert.digest.more", "count", len(told)-i))
		}
	}
	return told
}
