package shout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

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
}

// errRedirect: the server sent us elsewhere.
var errRedirect = errors.New("redirected")

// Do carries out r under the context of the send.
func (x *exchange) Do(r *http.Request) (*http.Response, error) {
	x.asked, x.failed, x.code = true, nil, 0
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
		return temporaryError(text)
	}
	if x.code >= 500 {
		return temporaryError(text)
	}
	return finalError(text)
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
