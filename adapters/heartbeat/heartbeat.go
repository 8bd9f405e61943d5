// Package heartbeat tells a dead man's switch, such as healthchecks.io, that the
// appliance does its work. What that watches for is silence: it raises the alarm
// when the machine has no power as well as when the portal does not answer.
package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cz-visa-monitor/app/watch"
)

const (
	// pause is the shortest time between two pings, and how often it is looked
	// whether one is due.
	pause = time.Minute
	// longestPause is the longest wait after pings that did not get through; the
	// wait doubles from pause.
	longestPause = 15 * time.Minute
	// timeout bounds one ping.
	timeout = 10 * time.Second
	// maxAnswer is how much of an answer is read, in bytes.
	maxAnswer = 4 << 10
)

// Config is what New needs.
type Config struct {
	// URL is asked, with GET. It is a secret: whoever knows it can keep the alarm
	// from being raised. An address of http or https.
	URL string
	// Every is the longest time between two pings while there is nothing to check.
	Every time.Duration
	// Status returns the state of the source. Must not be nil.
	Status func() watch.SourceStatus
	// Writable returns why answers cannot be kept, nil if they can. Must not be nil.
	Writable func() error
	// Logger must not be nil. It never sees the URL.
	Logger *slog.Logger
}

// Heart pings after each good cycle. One is good when the portal has answered
// about an application, or when for the time of Every there was nothing to ask it;
// it is not while the last check failed, checks wait in vain, or the answer could
// not be kept.
type Heart struct {
	cfg      Config
	url      *url.URL
	client   *http.Client
	answered chan struct{}
}

// New returns a heart that does nothing before Run.
func New(c Config) (*Heart, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the address to ping must begin with http:// or https://") // Without err, which quotes it.
	}
	return &Heart{
		cfg: c, url: u, answered: make(chan struct{}, 1),
		client: &http.Client{
			Timeout:   timeout,
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
			// Wherever it leads would learn the address, from the Referer header.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Checked is told of every check that came to its end. It never blocks.
func (h *Heart) Checked(o watch.Outcome) {
	if o.Failure != nil && o.Failure.Code != watch.NotOffered {
		return
	}
	select {
	case h.answered <- struct{}{}:
	default: // It knows already.
	}
}

// beat is what Run remembers.
type beat struct {
	// answered: there was an answer since the last ping.
	answered bool
	last     time.Time // ping that got through, or the start
	next     time.Time // not before
	failures int       // in a row
}

// Run pings until ctx ends. It returns nil: a ping that does not get through is
// logged, once, and its absence is what the other side is there to notice.
func (h *Heart) Run(ctx context.Context) error {
	b := beat{last: time.Now()}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.answered:
			b.answered = true
		case <-tick.C:
		}
		if now := time.Now(); !now.Before(b.next) && h.good(b, now) {
			h.beat(ctx, &b)
		}
	}
}

// good reports whether a good cycle has ended that was not told yet.
func (h *Heart) good(b beat, now time.Time) bool {
	s := h.cfg.Status()
	if !s.FailingSince.IsZero() || h.cfg.Writable() != nil {
		return false
	}
	return b.answered || s.Due+s.UnderWay == 0 && now.Sub(b.last) >= h.cfg.Every
}

// beat pings, and plans the next one.
func (h *Heart) beat(ctx context.Context, b *beat) {
	err := h.ping(ctx)
	now := time.Now()
	switch {
	case err == nil:
		if b.failures > 0 {
			h.cfg.Logger.Info("the ping gets through again")
		}
		*b = beat{last: now, next: now.Add(pause)}
	case ctx.Err() == nil:
		if b.failures == 0 {
			h.cfg.Logger.Warn("the ping does not get through; it will be tried again", slog.Any("error", err))
		}
		b.next = now.Add(min(pause<<min(b.failures, 10), longestPause))
		b.failures++
	}
}

// ping asks the address once. Its errors do not show it.
func (h *Heart) ping(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.cfg.URL, nil)
	if err != nil {
		return errors.New("the address to ping cannot be asked")
	}
	req.Header.Set("User-Agent", "cz-visa-monitor")
	resp, err := h.client.Do(req)
	if err != nil {
		return errors.New(h.redacted(err))
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // What it says is of no interest.
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the answer was %d", resp.StatusCode)
	}
	return nil
}

// redacted returns what went wrong without anything of the address: services put
// the secret into the path, some into the name of the host.
func (h *Heart) redacted(err error) string {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return strings.NewReplacer(h.url.Host, "[host]", h.url.Hostname(), "[host]").Replace(err.Error())
}
