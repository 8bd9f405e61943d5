package portaltest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// keep bounds every list of the journal, because the demo runs for days.
const keep = 10_000

// Request is one question that came to the portal.
type Request struct {
	At     time.Time `json:"at"`
	Number string    `json:"number"` // as in Script
	Fault  Fault     `json:"fault,omitempty"`
	// Status is the HTTP status of the answer; 0 while it is under way, and for a
	// connection that was reset or left.
	Status int `json:"status"`
}

// journal is what came to the replica.
type journal struct {
	requests      []*Request
	asked         map[string]int
	problems      []string
	pageLoads     int
	images, fonts int
	swallowed     int
}

// Requests returns the latest questions, oldest first, at most 10,000.
func (r *Replica) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Request, len(r.log.requests))
	for i, req := range r.log.requests {
		out[i] = *req
	}
	return out
}

// Asked returns how often the portal was asked about number.
func (r *Replica) Asked(number string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.asked[identity(number)]
}

// PageLoads returns how often the form's page was loaded, in vain or not.
func (r *Replica) PageLoads() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.pageLoads
}

// Images returns how many images were requested. A browser that blocks them
// requests none.
func (r *Replica) Images() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.images
}

// Fonts returns how many fonts were requested.
func (r *Replica) Fonts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.fonts
}

// Swallowed returns how many clicks the page ignored (S9).
func (r *Replica) Swallowed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.swallowed
}

// Problems returns what was wrong with the requests: paths that the page does
// not have, questions that the page would not send. A test asserts that there
// are none.
func (r *Replica) Problems() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.log.problems)
}

func (r *Replica) problem(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.log.problems) < keep {
		r.log.problems = append(r.log.problems, fmt.Sprintf(format, args...))
	}
}

// asked writes a question down; done completes the entry with the answer's status.
func (r *Replica) asked(number string) *Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	req := &Request{At: time.Now(), Number: number}
	if len(r.log.requests) == keep {
		r.log.requests = slices.Delete(r.log.requests, 0, keep/2)
	}
	r.log.requests = append(r.log.requests, req)
	if _, known := r.log.asked[number]; known || len(r.log.asked) < keep {
		r.log.asked[number]++
	}
	return req
}

func (r *Replica) done(req *Request, fault Fault, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	req.Fault, req.Status = fault, status
}

func (r *Replica) countAsset(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case strings.HasSuffix(name, ".png"):
		r.log.images++
	case strings.HasSuffix(name, ".woff"):
		r.log.fonts++
	}
}
