package portaltest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	oamPrefix      = "OAM-"
	defaultLatency = 50 * time.Millisecond
)

var oamSuffix = regexp.MustCompile(`^(OAM-\d+)-[0-9A-Z]+/`)

// identity is a number as the portal knows it: what is typed into the form,
// written ZZZZ202508149001 or OAM-90001/DP-2025. The suffix of an OAM number
// drops out.
func identity(number string) string {
	return oamSuffix.ReplaceAllString(strings.TrimSpace(number), "$1/")
}

// script is what the replica has been told to do.
type script struct {
	page    Page
	latency time.Duration
	def     Answer
	broken  *Answer
	numbers map[string][]Answer // the next answer first; the last one stays
}

// Script sets what the portal says about number, one answer a question; the
// last one repeats (S19). It forgets what was scripted for the number before;
// without answers the default holds again. An OAM number is written
// OAM-90001/DP-2025, with or without a suffix.
func (r *Replica) Script(number string, answers ...Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(answers) == 0 {
		delete(r.script.numbers, identity(number))
		return
	}
	r.script.numbers[identity(number)] = slices.Clone(answers)
}

// SetDefault sets the answer about numbers without a script.
func (r *Replica) SetDefault(a Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script.def = a
}

// SetPage sets what page loads bring from now on.
func (r *Replica) SetPage(p Page) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script.page = p
}

// SetLatency sets the time an answer takes; 0 means 50 ms, negative none.
func (r *Replica) SetLatency(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script.latency = d
}

// Break gives a to every question, whatever is scripted, until Mend. Scripts do
// not move on meanwhile.
func (r *Replica) Break(a Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script.broken = &a
}

// Mend ends Break.
func (r *Replica) Mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script.broken = nil
}

// Reset forgets scripts, faults, page changes, log and problems.
func (r *Replica) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = script{
		page:    r.cfg.Page,
		latency: r.cfg.Latency,
		def:     r.cfg.Default,
		numbers: map[string][]Answer{},
	}
	r.log = journal{asked: map[string]int{}}
}

// loadPage counts a page load and returns what it brings.
func (r *Replica) loadPage() (Page, map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.pageLoads++
	swallow := map[string]int{}
	for number, answers := range r.script.numbers {
		if n := answers[0].Swallow; n > 0 {
			swallow[number] = n
		}
	}
	return r.script.page, swallow
}

// next takes the next answer about number out of the script.
func (r *Replica) next(number string) (Answer, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.script
	a := s.def
	if s.broken != nil {
		a = *s.broken
	} else if answers, ok := s.numbers[number]; ok {
		a = answers[0]
		if len(answers) > 1 {
			s.numbers[number] = answers[1:]
		}
	}
	delay := a.Delay
	if delay == 0 {
		delay = orDefault(s.latency, defaultLatency)
	}
	return a, delay
}

// swallowed counts a click that the page ignored.
func (r *Replica) swallowed(number string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.swallowed++
	if answers := r.script.numbers[number]; len(answers) > 0 && answers[0].Swallow > 0 {
		answers[0].Swallow--
	}
}
