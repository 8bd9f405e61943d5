package czmoi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

// listener keeps the news about the page itself and about requests that may be
// the page's own question; of the rest it only knows what is under way. It must
// not block.
func (c *check) listener() func(browser.Traffic) {
	ours := map[string]bool{} // only this function uses it
	return func(t browser.Traffic) {
		c.flights.note(t, time.Now())
		if t.Phase == browser.Sent && (t.Kind == "Document" || c.isQuestion(t)) {
			ours[t.ID] = true
		}
		if !ours[t.ID] {
			return
		}
		select {
		case c.news <- t:
		default: // a page that asks hundreds of times is not the one we know
		}
	}
}

// flights are the page's requests under way, as far as a question may have to
// wait for them: the captcha's script and its own requests come over the network.
type flights struct {
	mu   sync.Mutex
	sent map[string]time.Time
}

const (
	maxFlights = 256
	// maxFlight is how long a request counts as under way: some are kept open for
	// hours, for news.
	maxFlight = 20 * time.Second
)

func (f *flights) note(t browser.Traffic, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch t.Phase {
	case browser.Sent:
		if slices.Contains([]string{"Document", "Script", "XHR", "Fetch"}, t.Kind) && len(f.sent) < maxFlights {
			f.sent[t.ID] = now
		}
	case browser.Finished, browser.Failed:
		delete(f.sent, t.ID)
	case browser.Answered:
	}
}

// any reports whether something is under way.
func (f *flights) any(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sent := range f.sent {
		if now.Sub(sent) < maxFlight {
			return true
		}
	}
	return false
}

// isQuestion reports whether a request may ask the portal about a number: by its
// path, or, in case that has changed, by the number it carries.
func (c *check) isQuestion(t browser.Traffic) bool {
	if t.Kind != "XHR" && t.Kind != "Fetch" {
		return false
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return false
	}
	if u.Path == c.layout.Question.Path {
		return true
	}
	number := c.asked.ZOV + c.asked.Number // one of them is empty
	for _, values := range u.Query() {
		if slices.Contains(values, number) {
			return true
		}
	}
	return strings.Contains(t.Body, `"`+number+`"`)
}

// forget drops news from before.
func (c *check) forget() {
	for {
		select {
		case <-c.news:
		default:
			return
		}
	}
}

// document returns how the portal answered for the page that was just loaded.
// The news is there already, or a moment away.
func (c *check) document(ctx context.Context) browser.Traffic {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	first := ""
	for {
		select {
		case t := <-c.news:
			if first == "" && t.Kind == "Document" {
				first = t.ID // frames inside the page come later
			}
			if t.ID == first && t.Phase != browser.Sent {
				return t
			}
		case <-ctx.Done():
			return browser.Traffic{}
		}
	}
}

// exchange is the page's own question and the portal's answer to it, as heard.
type exchange struct {
	id string
	// proven: the question went to the known path with exactly what was asked. If
	// not, it is only guessed to be the question, by the number in it.
	proven bool
	status int // 0: no answer yet
	header http.Header
	// done: the whole answer is there.
	done  bool
	state string
	fault *watch.Failure
}

// hear takes note of one piece of news.
func (c *check) hear(ctx context.Context, x *exchange, t browser.Traffic) {
	if t.Phase == browser.Sent {
		c.hearQuestion(x, t)
		return
	}
	if x.id == "" || t.ID != x.id {
		return
	}
	switch t.Phase {
	case browser.Answered:
		x.status, x.header = t.Status, t.Header
	case browser.Failed:
		switch {
		case x.status >= 400:
			x.fault = x.refused()
		case x.proven:
			x.fault = fail(watch.Unreachable, "the connection to the portal broke ("+t.Err+")")
		default: // what was only guessed to be the question says nothing when it fails
			*x = exchange{}
		}
	case browser.Finished:
		x.done = true
		body, err := c.page.Body(ctx, t.ID)
		c.readBody(x, body, err == nil)
	case browser.Sent:
	}
}

// hearQuestion takes note of a question, unless it goes to a stranger (pages
// tell others what is typed into them) or only looks like the one known already.
func (c *check) hearQuestion(x *exchange, t browser.Traffic) {
	if !c.isQuestion(t) {
		return
	}
	u, err := url.Parse(t.URL)
	if err != nil || originOf(u) != c.origin {
		return
	}
	if u.Path == c.layout.Question.Path {
		*x = exchange{id: t.ID}
		x.proven, x.fault = c.asks(u)
	} else if !x.proven {
		*x = exchange{id: t.ID}
	}
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// asks compares the question the page sent with the one that was typed.
func (c *check) asks(u *url.URL) (proven bool, fault *watch.Failure) {
	names, q := c.layout.Question, u.Query()
	for name, want := range map[string]string{
		names.ZOV: c.asked.ZOV, names.Number: c.asked.Number, names.Category: c.asked.Category, names.Year: c.asked.Year,
	} {
		if q.Get(name) != want {
			return false, fail(watch.Mismatch, "the portal's page asked for something else than was typed")
		}
	}
	return true, nil
}

// refused is the failure that an answer with an error status stands for.
func (x *exchange) refused() *watch.Failure {
	if f := refusal("the question", x.status, x.header, time.Now()); f != nil {
		return f
	}
	return fail(watch.Unreachable, "the portal answered the question with status "+strconv.Itoa(x.status))
}

// readBody reads the portal's response; read tells whether it could be had. An
// error status is a failure, whatever the page then shows, unless the response
// has the machine word of a status: the portal says so that it has no such number.
func (c *check) readBody(x *exchange, body []byte, read bool) {
	var response struct {
		State          string `json:"state"`
		Identification string `json:"identification"`
		Message        string `json:"message"`
	}
	// Another format is no reason to doubt what the page shows.
	if known := json.Unmarshal(body, &response) == nil; known && x.fault == nil {
		x.state = machineWord(response.State)
		if x.state == "" {
			x.state = machineWord(response.Message)
		}
	}
	message := strings.ToLower(response.Message)
	switch {
	case x.fault != nil:
	case x.status >= 400 && slices.ContainsFunc(c.layout.Captcha, func(s string) bool { return strings.Contains(message, strings.ToLower(s)) }):
		x.fault = fail(watch.Captcha, "the portal's invisible captcha refused the question")
	case x.status >= 400 && !c.layout.listed(x.state):
		x.fault = x.refused()
	case x.proven && read && len(body) == 0:
		x.fault = fail(watch.Unreachable, "the portal's answer is empty")
	case x.proven && c.numbers.about(response.Identification, c.asked) == aboutOther:
		x.fault = fail(watch.Mismatch, "the portal answered about another number")
	}
}

// listed reports whether a machine word belongs to any status.
func (l layout) listed(state string) bool {
	return slices.ContainsFunc(l.Statuses, func(s statusLayout) bool { return slices.Contains(s.States, state) })
}

// machineWord returns s if it looks like a code, so that no sentence, and with
// it perhaps a name or a number, is taken for one.
func machineWord(s string) string {
	if len(s) > 40 || strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '_' }) {
		return ""
	}
	return s
}
