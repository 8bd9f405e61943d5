// Package czmoi asks the form of the Czech Ministry of the Interior for the
// status of an application, through a browser, as a person would.
//
// What it reads counts only if it is proven to be about the number asked for and
// newer than the question; everything else is a *watch.Failure. The form's
// captcha is the page's own business: it is never solved, and where it refuses,
// the check ends.
package czmoi

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// DefaultURL is the form in English. The page's language decides the language
// of its answers; both are read.
const DefaultURL = "https://ipc.gov.cz/en/status-of-your-application/"

// Config says where the form is and how patient to be.
type Config struct {
	// Browser must not be nil. It stays the caller's.
	Browser *browser.Browser
	// URL is the form's page; empty means DefaultURL.
	URL string
	// KeyDelay is the mean time between two keys; 0 writes each field at once.
	KeyDelay time.Duration
	// LayoutFile replaces the embedded layout if it exists; see layout.md.
	LayoutFile string
	// EvidenceDir keeps what a changed page looked like; empty keeps nothing.
	EvidenceDir string
	// Deadline bounds a whole check; 0 means 60 s.
	Deadline time.Duration
	// FormWait is how long the form may take to appear; 0 means 30 s.
	FormWait time.Duration
	// SubmitWait is how long a click may be without effect before it is repeated;
	// 0 means 5 s.
	SubmitWait time.Duration
	// AnswerWait is how long the answer may take; 0 means 25 s.
	AnswerWait time.Duration
	// Logger must not be nil.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.URL == "" {
		c.URL = DefaultURL
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&c.Deadline, 60 * time.Second},
		{&c.FormWait, 30 * time.Second},
		{&c.SubmitWait, 5 * time.Second},
		{&c.AnswerWait, 25 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	return c
}

// Source is the Ministry's form.
type Source struct {
	cfg      Config
	layout   layout
	numbers  numbers
	evidence evidence
	// onPage is the part of the layout that page.js needs, encoded once.
	onPage json.RawMessage
}

var _ watch.Source = (*Source)(nil)

// New reads the layout. A replacement that cannot be used is an error that names
// everything wrong with it.
func New(cfg Config) (*Source, error) {
	cfg = cfg.withDefaults()
	if u, err := url.Parse(cfg.URL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("the portal's address must be a web address such as " + DefaultURL)
	}
	l, err := loadLayout(cfg.LayoutFile)
	if err != nil {
		return nil, err
	}
	onPage, err := json.Marshal(map[string]any{
		"form": l.Form, "dropdown": l.Dropdown, "cookies": l.Cookies, "notice": l.Notice, "alert": l.Alert, "maintenance": l.Maintenance,
	})
	if err != nil {
		return nil, fmt.Errorf("encode portal layout: %w", err)
	}
	nums := newNumbers()
	return &Source{
		cfg: cfg, layout: l, numbers: nums, onPage: onPage,
		evidence: evidence{dir: cfg.EvidenceDir, numbers: nums, logger: cfg.Logger},
	}, nil
}

// Check asks about one reference, once; see watch.Source.
func (s *Source) Check(ctx context.Context, ref visa.Reference) (watch.Result, error) {
	if ref.IsZero() {
		return watch.Result{}, fail(watch.Internal, "there is no reference to ask about")
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Deadline)
	defer cancel()
	var result watch.Result
	err := s.cfg.Browser.Do(ctx, func(ctx context.Context, p *browser.Page) error {
		found, err := newCheck(s, p, ref).run(ctx)
		if err == nil {
			result = found
		}
		return err
	})
	if err != nil {
		return watch.Result{}, failureOf(err)
	}
	return result, nil
}

//go:embed page.js
var pageScript string

// check is one question on one page.
type check struct {
	*Source
	page  *browser.Page
	asked visa.Query
	news  chan browser.Traffic
	// origin is scheme and host of the page, "" until it is open.
	origin  string
	flights flights
}

func newCheck(s *Source, p *browser.Page, ref visa.Reference) *check {
	return &check{
		Source: s, page: p, asked: ref.Query(), news: make(chan browser.Traffic, 256),
		flights: flights{sent: map[string]time.Time{}},
	}
}

func (c *check) run(ctx context.Context) (watch.Result, error) {
	defer c.page.Listen(c.listener())()
	form, err := c.open(ctx)
	if err != nil {
		return watch.Result{}, err
	}
	if u, err := url.Parse(form.URL); err == nil {
		c.origin = originOf(u)
	}
	if err := c.fill(ctx, form.Values); err != nil {
		return watch.Result{}, err
	}
	return c.ask(ctx)
}

// do runs an action of page.js.
func (c *check) do(ctx context.Context, out any, action string, argument any) error {
	if err := c.page.Eval(ctx, out, pageScript, c.onPage, action, argument); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}
