// Package shouttest plays the servers that messages are sent to, true to their
// wire formats: ntfy, Gotify, Matrix and a receiver of webhooks. Each is an
// http.Handler that records what it accepts, checks what a server server would
// check, and writes down everything it did not expect. Trouble can be scripted.
//
// It does not import testing: the demo shows messages with the ntfy of this
// package.
package shouttest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Message is what a server accepted.
type Message struct {
	// ID is the sender's own ID, by which a server knows a repetition: ntfy's
	// sequence ID, Matrix's transaction, a webhook's id. Gotify has none.
	ID string
	// To is the topic, the room, or the path of a webhook.
	To    string
	Title string
	// Text is the message without its title.
	Text     string
	Priority int
	Tags     []string
	Link     string
	At       time.Time
	// Times is how often the message came with the same ID.
	Times int
}

// maxMessages bounds what is remembered; the oldest go first.
const maxMessages = 1000

// maxBody bounds a request.
const maxBody = 64 << 10

// peer is what all the servers have in common.
type peer struct {
	mu       sync.Mutex
	messages []Message
	problems []string
	script   []Trouble
	broken   Trouble
	requests int
}

// Messages returns what was accepted, oldest first.
func (p *peer) Messages() []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.messages)
}

// Problems returns everything unexpected; a test should find none. Refusals for
// a wrong password are no problem.
func (p *peer) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Requests returns how many requests came, not counting people's look at a page.
func (p *peer) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// Script gives the next requests these troubles, one each; nil lets a request pass.
func (p *peer) Script(troubles ...Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = append(p.script, troubles...)
}

// Break gives every request t, after those scripted, until Break(nil).
func (p *peer) Break(t Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = t
}

// serve lets server answer r, or the trouble that is due.
func (p *peer) serve(w http.ResponseWriter, r *http.Request, server http.HandlerFunc) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	p.mu.Lock()
	p.requests++
	trouble := p.broken
	if len(p.script) > 0 {
		trouble = p.script[0]
		p.script = p.script[1:]
	}
	p.mu.Unlock()
	if trouble == nil {
		server(w, r)
		return
	}
	trouble(w, r, server)
}

// accept records m. A message with the ID and the target of an earlier one
// takes its place.
func (p *peer) accept(m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.At, m.Times = time.Now(), 1
	for i, old := range p.messages {
		if m.ID != "" && old.ID == m.ID && old.To == m.To {
			m.Times = old.Times + 1
			p.messages[i] = m
			return
		}
	}
	p.messages = append(p.messages, m)
	if len(p.messages) > maxMessages {
		p.messages = slices.Clone(p.messages[len(p.messages)-maxMessages:])
	}
}

// problem writes down something unexpected. The text must not repeat secrets.
func (p *peer) problem(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.problems) < maxMessages {
		p.problems = append(p.problems, fmt.Sprintf(format, args...))
	}
}

// unexpected answers 404 and writes the request down.
func (p *peer) unexpected(w http.ResponseWriter, r *http.Request) {
	p.problem("unexpected %s %s", r.Method, r.URL.Path)
	answerJSON(w, http.StatusNotFound, map[string]any{"error": "not found", "errcode": "M_UNRECOGNIZED", "code": 40401, "http": 404})
}

// Trouble answers a request in place of the server itself.
type Trouble func(w http.ResponseWriter, r *http.Request, server http.HandlerFunc)

// Answer answers with status and body and accepts nothing.
func Answer(status int, body string) Trouble {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Redirect sends the client to another address.
func Redirect(status int, location string) Trouble {
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(w, r, location, status)
	}
}

// Silence takes the request and says nothing until the client has gone.
func Silence() Trouble {
	return func(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		// Go's server only notices that the client has gone once the body is read.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
}

// Reset breaks the connection and accepts nothing.
func Reset() Trouble {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { reset(w) }
}

// LoseAnswer accepts the message but breaks the connection before the answer,
// so that the client cannot know.
func LoseAnswer() Trouble {
	return func(w http.ResponseWriter, r *http.Request, server http.HandlerFunc) {
		server(deafWriter{header: make(http.Header)}, r)
		reset(w)
	}
}

// reset breaks the connection of w the hard way.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the server resets the stream.
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// deafWriter drops an answer.
type deafWriter struct{ header http.Header }

func (d deafWriter) Header() http.Header         { return d.header }
func (d deafWriter) Write(b []byte) (int, error) { return len(b), nil }
func (d deafWriter) WriteHeader(int)             {}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// newID returns an ID like those servers give.
func newID() string { return rand.Text()[:12] }

// bearer returns the token of an Authorization header, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
