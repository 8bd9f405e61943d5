package metrics

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

// state collects what is known elsewhere, at every scrape.
type state struct {
	cfg Config

	planned, due, underWay, open, answered, failing *prometheus.Desc
	tokens, pace                                    *prometheus.Desc
	pages, pageLimit, browsers, starts, deaths      *prometheus.Desc
	browserMemory                                   *prometheus.Desc
	outbox, oldest                                  *prometheus.Desc
	size, readable, writable, backup                *prometheus.Desc
}

func newState(c Config) *state {
	source := prometheus.Labels{"source": c.Source}
	plain := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	ofSource := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, source) }
	return &state{
		cfg:      c,
		planned:  ofSource("czvm_applications_planned", "Applications that have a next check, those that are due included."),
		due:      ofSource("czvm_applications_due", "Applications whose check is due and waits for its turn."),
		underWay: ofSource("czvm_applications_under_way", "Applications that are being checked now."),
		open:     ofSource("czvm_breaker_open", "1 while checks are kept away from the portal."),
		answered: ofSource("czvm_last_answer_timestamp_seconds", "When the portal last answered about any application; 0 if never."),
		failing:  ofSource("czvm_failing_since_timestamp_seconds", "When the first check failed since the last answer; 0 if none did."),
		tokens:   ofSource("czvm_pace_tokens", "Questions to the portal that might be asked at once; below 0 while checks wait for the pace."),
		pace:     ofSource("czvm_pace_per_minute", "Questions to the portal that are allowed in a minute; 0 for no limit."),

		pages:         plain("czvm_browser_pages_busy", "Pages of the browser that are at work."),
		pageLimit:     plain("czvm_browser_pages_limit", "Pages of the browser that may be at work at once."),
		browsers:      plain("czvm_browser_running", "Browsers that run; the local one is stopped when there is nothing to do."),
		starts:        plain("czvm_browser_starts_total", "Browsers started, or connected to."),
		deaths:        plain("czvm_browser_deaths_total", "Browsers that ended without being told to."),
		browserMemory: plain("czvm_browser_memory_bytes", "Memory (PSS) of all processes of the local browser, as last measured; 0 when it does not run."),

		outbox: plain("czvm_outbox_deliveries", "Deliveries that are to be sent, that quiet hours or a digest hold back, and that were given up.", "state"),
		oldest: plain("czvm_outbox_oldest_age_seconds", "Age of the oldest delivery that is to be sent and not held back; 0 if there is none."),

		size:     plain("czvm_store_size_bytes", "Size of the data file."),
		readable: plain("czvm_store_readable", "1 while the data can be read."),
		writable: plain("czvm_store_writable", "1 while the last write succeeded."),
		backup:   plain("czvm_backup_newest_timestamp_seconds", "When the newest backup was made that is not known to be damaged; 0 if there is none."),
	}
}

// Describe implements prometheus.Collector.
func (s *state) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.planned, s.due, s.underWay, s.open, s.answered, s.failing, s.tokens, s.pace,
		s.pages, s.pageLimit, s.browsers, s.starts, s.deaths, s.browserMemory,
		s.outbox, s.oldest, s.size, s.readable, s.writable, s.backup,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *state) Collect(to chan<- prometheus.Metric) {
	now := time.Now()
	s.collectSource(to, now)
	s.collectBrowser(to)
	s.collectStore(to, now)
}

func gauge(to chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s *state) collectSource(to chan<- prometheus.Metric, now time.Time) {
	st := s.cfg.Status()
	gauge(to, s.planned, float64(st.Queued))
	gauge(to, s.due, float64(st.Due))
	gauge(to, s.underWay, float64(st.UnderWay))
	gauge(to, s.open, truth(st.Breaker.Open(now)))
	gauge(to, s.answered, seconds(st.AnsweredAt))
	gauge(to, s.failing, seconds(st.FailingSince))
	tokens, pace := s.cfg.Pace.Tokens(), float64(s.cfg.Pace.Limit())*60
	if s.cfg.Pace.Limit() == rate.Inf || math.IsNaN(tokens) {
		tokens, pace = float64(s.cfg.Pace.Burst()), 0
	}
	gauge(to, s.tokens, tokens)
	gauge(to, s.pace, pace)
}

func (s *state) collectBrowser(to chan<- prometheus.Metric) {
	b := s.cfg.Browser()
	gauge(to, s.pages, float64(b.Busy))
	gauge(to, s.pageLimit, float64(b.Limit))
	gauge(to, s.browsers, float64(b.Running))
	gauge(to, s.browserMemory, float64(b.Memory))
	to <- prometheus.MustNewConstMetric(s.starts, prometheus.CounterValue, float64(b.Starts))
	to <- prometheus.MustNewConstMetric(s.deaths, prometheus.CounterValue, float64(b.Deaths))
}

// collectStore leaves out what the store cannot tell, and says that it cannot.
func (s *state) collectStore(to chan<- prometheus.Metric, now time.Time) {
	outbox, err := s.cfg.Store.OutboxState(context.Background())
	if err == nil {
		gauge(to, s.outbox, float64(outbox.Waiting), "waiting")
		gauge(to, s.outbox, float64(outbox.Held), "held")
		gauge(to, s.outbox, float64(outbox.Dead), "dead")
		age := 0.0
		if !outbox.Oldest.IsZero() {
			age = max(0, now.Sub(outbox.Oldest).Seconds())
		}
		gauge(to, s.oldest, age)
	}
	size, sizeErr := s.cfg.Store.Size()
	if sizeErr == nil {
		gauge(to, s.size, float64(size))
	}
	gauge(to, s.readable, truth(err == nil && sizeErr == nil))
	gauge(to, s.writable, truth(s.cfg.Store.Writable() == nil))
	newest, backupErr := s.cfg.Store.NewestBackup()
	if backupErr == nil {
		gauge(to, s.backup, seconds(newest))
	}
	for _, err := range []error{err, sizeErr, backupErr} {
		if err != nil {
			s.cfg.Logger.Debug("cannot read a figure from the store", slog.Any("error", err))
		}
	}
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// seconds returns t as Prometheus writes times, 0 for the zero time.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
