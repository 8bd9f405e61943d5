package shout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// maxRetryAfter keeps what a server asks for within a time.Duration, in seconds.
const maxRetryAfter = 365 * 24 * 3600

// exchange carries out the HTTP requests of one send and remembers how the last
// one ended. The library's own errors lose the status, or tell the token.
type exchange struct {
	ctx    context.Context // The library's client interface passes none.
	client *http.Client
	mend   func(*http.Request)

	// asked: a request was made. failed is why it brought no answer, status and
	// body are the answer.
	asked  bool
	failed error
	status string
	code   int
	body   string
	after  time.Duration
}

// errRedirect: the server sent us elsewhere.
var errRedirect = errors.New("redirected")

// Do carries out r under the context of the send.
func (x *exchange) Do(r *http.Request) (*http.Response, error) {
	x.asked, x.failed, x.code, x.after = true, nil, 0, 0
	if err := x.ctx.Err(); err != nil {
		x.failed = err
		return nil, err
	}
	r = r.WithContext(x.ctx)
	r.Header.Set("User-Agent", "cz-visa-monitor")
	if x.mend != nil {
		x.mend(r)
	}
	resp, err := x.client.Do(r)
	if err != nil {
		x.failed = err
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close()
	if err != nil {
		x.failed = err
		return nil, err
	}
	x.code, x.status, x.body = resp.StatusCode, resp.Status, string(body)
	x.after = retryAfter(resp)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return resp, errRedirect
	}
	return resp, nil
}

// verdict says what became of the send that ended with err.
func (x *exchange) verdict(err error) error {
	switch {
	case x.failed != nil:
		return networkError(x.failed)
	case x.code >= 400:
		return x.refusal()
	case x.code >= 300:
		return temporaryError(fmt.Sprintf(
			"the server answered %s: it wants to be called at another address, probably https instead of http; correct the address", x.status))
	case err == nil:
		return nil
	case x.code != 0:
		return temporaryError(fmt.Sprintf(
			"the server answered %s, but not the way this kind of server does; is the address right?", x.status))
	}
	return networkError(err)
}

// refusal is the server's own word.
func (x *exchange) refusal() error {
	text := "the server answered " + x.status
	if said := shown(x.body); said != "" {
		text += ": " + said
	}
	switch x.code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return &sendError{text: text, after: x.after}
	}
	if x.code >= 500 {
		return &sendError{text: text, after: x.after}
	}
	return finalError(text)
}

// retryAfter returns how long the server wants to be left alone: its header
// Retry-After, in seconds or as a date, where it is too busy or under repair.
func retryAfter(resp *http.Response) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), maxRetryAfter)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// shown returns the part of an answer that helps a person: one line of text, no
// page.
func shown(body string) string {
	body = oneLine(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || unicode.IsSpace(r) {
			return r
		}
		return -1
	}, body))
	if strings.HasPrefix(body, "<") {
		return ""
	}
	return body
}
