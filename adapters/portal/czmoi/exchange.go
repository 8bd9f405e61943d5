package czmoi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

// listener keeps the news about the page itself and about requests that may be
// the page's own question; the rest is dropped. It must not block.
func (c *check) listener() func(browser.Traffic) {
	ours := map[string]bool{} // only this function uses it
	return func(t browser.Traffic) {
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

// isQuestion reports whether a request asks the portal about a number: by its
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
	// proven: the question went to the known path with exactly what was asked.
	proven bool
	status int
	header http.Header
	// done: the whole answer is there.
	done  bool
	state string
	fault *watch.Failure
}

// hear takes note of one piece of news.
func (c *check) hear(ctx context.Context, x *exchange, t browser.Traffic) {
	if t.Phase == browser.Sent && c.isQuestion(t) {
		*x = exchange{id: t.ID}
		x.proven, x.fault = c.asks(t.URL)
		return
	}
	if x.id == "" || t.ID != x.id {
		return
	}
	switch t.Phase {
	case browser.Answered:
		x.status, x.header = t.Status, t.Header
		x.fault = refusal("the question", t.Status, t.Header, time.Now())
	case browser.Failed:
		x.fault = fail(watch.Unreachable, "the connection to the portal broke ("+t.Err+")")
	case browser.Finished:
		x.done = true
		body, err := c.page.Body(ctx, t.ID)
		if err == nil && x.fault == nil {
			c.readBody(x, body)
		}
	case browser.Sent:
	}
}

// asks compares the question the page sent with the one that was typed. Another
// path proves nothing; other values on the known path are a mismatch.
func (c *check) asks(address string) (proven bool, fault *watch.Failure) {
	u, err := url.Parse(address)
	if err != nil || u.Path != c.layout.Question.Path {
		return false, nil
	}
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

// readBody reads the portal's response.
func (c *check) readBody(x *exchange, body []byte) {
	if len(body) == 0 && x.status < 300 {
		x.fault = fail(watch.Unreachable, "the portal's answer is empty")
		return
	}
	var response struct {
		State          string `json:"state"`
		Identification string `json:"identification"`
		Message        string `json:"message"`
	}
	if json.Unmarshal(body, &response) != nil {
		return // another format is no reason to doubt what the page shows
	}
	message := strings.ToLower(response.Message)
	if x.status >= 400 && slices.ContainsFunc(c.layout.Captcha, func(s string) bool { return strings.Contains(message, strings.ToLower(s)) }) {
		x.fault = fail(watch.Captcha, "the portal's invisible captcha refused the question")
		return
	}
	if c.numbers.about(response.Identification, c.asked) == aboutOther {
		x.fault = fail(watch.Mismatch, "the portal answered about another number")
		return
	}
	x.state = machineWord(response.State)
	if x.state == "" {
		x.state = machineWord(response.Message)
	}
}

// machineWord returns s if it looks like a code, so that no sentence, and with
// it perhaps a name or a number, is taken for one.
func machineWord(s string) string {
	if len(s) > 40 || strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '_' }) {
		return ""
	}
	return s
}
