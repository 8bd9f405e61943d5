// Package metrics tells Prometheus how the appliance is doing.
//
// Every label has a value from a list that this program has: sources, statuses,
// failure codes, kinds of channel, outcomes. No number, name, text or address
// gets in, whatever it is handed.
package metrics

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/time/rate"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Config is what New needs. What is in it is asked at every scrape, and must
// answer at once.
type Config struct {
	// Status returns the state of the source, whose name is Source. Must not be
	// nil or empty.
	Status func() watch.SourceStatus
	Source string
	// Pace holds back the questions to the portal. Must not be nil.
	Pace *rate.Limiter
	// Store is where everything is kept. Must not be nil.
	Store Store
	// Browser returns what the browser is doing. Must not be nil.
	Browser func() Browser
	// Kinds are the names of the kinds of channel.
	Kinds []string
	// Version is that of the program.
	Version string
	// Logger must not be nil.
	Logger *slog.Logger
}

// Store is what is asked of the store.
type Store interface {
	// OutboxState counts deliveries.
	OutboxState(ctx context.Context) (alert.OutboxState, error)
	// Size is that of the data file, in bytes.
	Size() (int64, error)
	// NewestBackup is when the newest backup was made, the zero time if there is none.
	NewestBackup() (time.Time, error)
	// Writable returns the error of the last write, until one has succeeded again.
	Writable() error
}

// Browser is what the browser, or all of several, are doing.
type Browser struct {
	// Busy of Limit pages are at work, in Running browsers.
	Busy, Limit, Running int
	// Starts counts browsers that were started, Deaths those that ended without
	// being told to.
	Starts, Deaths int
	// Memory is that of the local one, in bytes; 0 when it does not run.
	Memory int64
}

// Metrics are the figures. Its methods may be called from several goroutines,
// and never block.
type Metrics struct {
	cfg        Config
	registry   *prometheus.Registry
	checks     *prometheus.CounterVec
	questions  prometheus.Counter
	took       prometheus.Histogram
	openings   *prometheus.CounterVec
	deliveries *prometheus.CounterVec
}

// The outcomes of an attempt to deliver.
const (
	delivered = "delivered"
	failed    = "failed" // It will be tried again.
	givenUp   = "dead"
)

// What stands in a label in the place of what is in no list.
const (
	failedCheck = "failed" // the result of a check that has a failure
	otherKind   = "other"  // a kind of channel that this version does not know
)

// New returns figures that stand at zero.
func New(c Config) (*Metrics, error) {
	source := prometheus.Labels{"source": c.Source}
	m := &Metrics{
		cfg: c, registry: prometheus.NewRegistry(),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "czvm_checks_total", ConstLabels: source,
			Help: "Checks that came to their end, by the status that the portal told, or by why it told none.",
		}, []string{"result", "failure"}),
		questions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "czvm_portal_questions_total", ConstLabels: source,
			Help: "Questions to the portal; a check may need several.",
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "czvm_check_duration_seconds", ConstLabels: source,
			Help:    "How long the questions of a check took, without the waits between them.",
			Buckets: []float64{0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 240},
		}),
		openings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "czvm_breaker_openings_total", ConstLabels: source,
			Help: "How often the breaker began to keep checks away from the portal, or went on to after a probe.",
		}, []string{"reason"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "czvm_deliveries_total",
			Help: "Attempts to deliver, by what became of the delivery: delivered, failed (it is tried again), dead (given up).",
		}, []string{"channel", "outcome"}),
	}
	m.begin()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "czvm_build_info", Help: "Which version runs; the value is 1.",
		ConstLabels: prometheus.Labels{"version": c.Version, "go": runtime.Version()},
	})
	build.Set(1)
	var errs []error
	for _, collector := range []prometheus.Collector{
		m.checks, m.questions, m.took, m.openings, m.deliveries, build, newState(c),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		errs = append(errs, m.registry.Register(collector))
	}
	return m, errors.Join(errs...)
}

// begin makes every series there can be: a rate of what appears with its first
// event does not see that event.
func (m *Metrics) begin() {
	for _, s := range visa.Statuses() {
		m.checks.WithLabelValues(string(s), "")
	}
	for _, code := range watch.FailureCodes() {
		m.checks.WithLabelValues(failedCheck, string(code))
		m.openings.WithLabelValues(string(code))
	}
	for _, kind := range append(slices.Clone(m.cfg.Kinds), otherKind) {
		for _, outcome := range []string{delivered, failed, givenUp} {
			m.deliveries.WithLabelValues(kind, outcome)
		}
	}
}

// Checked counts a check; see watch.Config.Observe.
func (m *Metrics) Checked(o watch.Outcome, opened bool) {
	m.questions.Add(float64(o.Attempts))
	m.took.Observe(o.Took.Seconds())
	if o.Failure == nil {
		m.checks.WithLabelValues(string(known(statusOf(o), visa.Statuses(), visa.Unknown)), "").Inc()
		return
	}
	code := string(known(o.Failure.Code, watch.FailureCodes(), watch.Internal))
	m.checks.WithLabelValues(failedCheck, code).Inc()
	if opened {
		m.openings.WithLabelValues(code).Inc()
	}
}

func statusOf(o watch.Outcome) visa.Status {
	if o.Result == nil {
		return visa.Unknown
	}
	return o.Result.Status
}

// Attempted counts an attempt to deliver; see alert.DispatcherConfig.Observe.
func (m *Metrics) Attempted(channelKind string, now alert.DeliveryState) {
	outcome := failed
	switch now {
	case alert.Delivered:
		outcome = delivered
	case alert.DeadLetter:
		outcome = givenUp
	case alert.Waiting:
	}
	m.deliveries.WithLabelValues(known(channelKind, m.cfg.Kinds, otherKind), outcome).Inc()
}

// known returns v if it is in the list, else what stands for everything else.
func known[T comparable](v T, list []T, other T) T {
	if slices.Contains(list, v) {
		return v
	}
	return other
}
