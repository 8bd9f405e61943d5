package metrics

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// stand is what the figures are taken of.
type stand struct {
	mu      sync.Mutex
	status  watch.SourceStatus
	browser Browser
	outbox  alert.OutboxState
	backup  time.Time
	broken  error // of the store
	full    error // of its last write
}

func (s *stand) OutboxState(context.Context) (alert.OutboxState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outbox, s.broken
}

func (s *stand) Size() (int64, error)             { return 1 << 20, s.broken }
func (s *stand) NewestBackup() (time.Time, error) { return s.backup, s.broken }
func (s *stand) Writable() error                  { return s.full }

// of returns the figures of s at a pace.
func of(t testing.TB, s *stand, pace *rate.Limiter) *Metrics {
	t.Helper()
	m, err := New(Config{
		Status: func() watch.SourceStatus { return s.status }, Source: "cz", Pace: pace, Store: s,
		Browser: func() Browser { return s.browser },
		Kinds:   []string{"email", "ntfy"}, Version: "v1.2.3", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// scrape returns what Prometheus gets.
func scrape(t testing.TB, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.handler("").ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, Path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the scrape was answered %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// figures returns the series of ours, by name and labels.
func figures(t testing.TB, text string) map[string]float64 {
	t.Helper()
	all := make(map[string]float64)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if ok {
			name += "}"
		} else {
			name, value, ok = strings.Cut(strings.TrimSpace(line), " ")
		}
		if !ok || !strings.HasPrefix(line, "czvm_") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all[name] = v
	}
	return all
}

// want holds figures against those wanted.
func want(t *testing.T, m *Metrics, wanted map[string]float64) {
	t.Helper()
	got := figures(t, scrape(t, m))
	some := make(map[string]float64)
	for name := range wanted {
		if v, ok := got[name]; ok {
			some[name] = v
		}
	}
	if diff := cmp.Diff(wanted, some); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	answer := func(s visa.Status) watch.Outcome {
		return watch.Outcome{Result: &watch.Result{Status: s}, Attempts: 1, Took: 700 * time.Millisecond}
	}
	failure := func(code watch.FailureCode) watch.Outcome {
		return watch.Outcome{Failure: &watch.Failure{Code: code}, Attempts: 3, Took: 100 * time.Second}
	}
	for _, tc := range []struct {
		name string
		do   func(m *Metrics)
		want map[string]float64
	}{
		{"nothing yet", func(*Metrics) {}, map[string]float64{
			`czvm_checks_total{failure="",result="granted",source="cz"}`:       0,
			`czvm_checks_total{failure="timeout",result="failed",source="cz"}`: 0,
			`czvm_deliveries_total{channel="ntfy",outcome="dead"}`:             0,
			`czvm_breaker_openings_total{reason="layout_changed",source="cz"}`: 0,
			`czvm_build_info{go="` + goVersion(t) + `",version="v1.2.3"}`:      1,
			`czvm_check_duration_seconds_count{source="cz"}`:                   0,
		}},
		{"answers", func(m *Metrics) {
			m.Checked(answer(visa.Granted), false)
			m.Checked(answer(visa.NotFound), false)
			m.Checked(answer(visa.NotFound), false)
		}, map[string]float64{
			`czvm_checks_total{failure="",result="granted",source="cz"}`:   1,
			`czvm_checks_total{failure="",result="not_found",source="cz"}`: 2,
			`czvm_portal_questions_total{source="cz"}`:                     3,
			`czvm_check_duration_seconds_bucket{source="cz",le="0.5"}`:     0,
			`czvm_check_duration_seconds_bucket{source="cz",le="1"}`:       3,
		}},
		{"failures", func(m *Metrics) { m.Checked(failure(watch.Timeout), false); m.Checked(failure(watch.Throttled), true) }, map[string]float64{
			`czvm_checks_total{failure="timeout",result="failed",source="cz"}`:   1,
			`czvm_checks_total{failure="throttled",result="failed",source="cz"}`: 1,
			`czvm_portal_questions_total{source="cz"}`:                           6,
			`czvm_breaker_openings_total{reason="throttled",source="cz"}`:        1,
			`czvm_breaker_openings_total{reason="timeout",source="cz"}`:          0,
			`czvm_check_duration_seconds_bucket{source="cz",le="60"}`:            0,
			`czvm_check_duration_seconds_bucket{source="cz",le="120"}`:           2,
		}},
		{"deliveries", func(m *Metrics) {
			m.Attempted("ntfy", alert.Delivered)
			m.Attempted("ntfy", alert.Waiting)
			m.Attempted("email", alert.DeadLetter)
			m.Attempted("carrier pigeon", alert.Delivered)
		}, map[string]float64{
			`czvm_deliveries_total{channel="ntfy",outcome="delivered"}`:  1,
			`czvm_deliveries_total{channel="ntfy",outcome="failed"}`:     1,
			`czvm_deliveries_total{channel="email",outcome="dead"}`:      1,
			`czvm_deliveries_total{channel="other",outcome="delivered"}`: 1,
		}},
		{"what no list has", func(m *Metrics) {
			m.Checked(answer("a status of tomorrow"), false)
			m.Checked(watch.Outcome{}, false)
			m.Checked(failure("a failure of tomorrow"), true)
		}, map[string]float64{
			`czvm_checks_total{failure="",result="unknown",source="cz"}`:        2,
			`czvm_checks_total{failure="internal",result="failed",source="cz"}`: 1,
			`czvm_breaker_openings_total{reason="internal",source="cz"}`:        1,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := of(t, &stand{}, rate.NewLimiter(1, 1))
			tc.do(m)
			want(t, m, tc.want)
		})
	}
}

func goVersion(t testing.TB) string {
	t.Helper()
	found := regexp.MustCompile(`go_info\{version="([^"]+)"\}`).FindStringSubmatch(scrape(t, of(t, &stand{}, rate.NewLimiter(1, 1))))
	if found == nil {
		t.Fatal("the figures do not tell the version of Go")
	}
	return found[1]
}

func TestState(t *testing.T) {
	t.Parallel()
	then := time.Date(2026, 11, 30, 12, 0, 0, 500e6, time.UTC)
	full := &stand{
		status: watch.SourceStatus{
			Queued: 120, Due: 7, UnderWay: 2,
			SourceState: watch.SourceState{
				AnsweredAt: then, FailingSince: then.Add(time.Second),
				Breaker: watch.BreakerState{OpenUntil: time.Now().Add(time.Hour), Trips: 1},
			},
		},
		browser: Browser{Busy: 1, Limit: 2, Running: 1, Starts: 5, Deaths: 3, Memory: 300e6},
		outbox:  alert.OutboxState{Waiting: 3, Held: 4, Dead: 5, Oldest: time.Now().Add(-time.Hour)},
		backup:  then,
	}
	for _, tc := range []struct {
		name   string
		stand  *stand
		pace   *rate.Limiter
		want   map[string]float64
		absent []string
	}{
		{"in trouble", full, rate.NewLimiter(0.1, 1), map[string]float64{
			`czvm_applications_planned{source="cz"}`:            120,
			`czvm_applications_due{source="cz"}`:                7,
			`czvm_applications_under_way{source="cz"}`:          2,
			`czvm_breaker_open{source="cz"}`:                    1,
			`czvm_last_answer_timestamp_seconds{source="cz"}`:   float64(then.Unix()) + 0.5,
			`czvm_failing_since_timestamp_seconds{source="cz"}`: float64(then.Unix()) + 1.5,
			`czvm_pace_tokens{source="cz"}`:                     1,
			`czvm_pace_per_minute{source="cz"}`:                 6,
			`czvm_browser_pages_busy`:                           1,
			`czvm_browser_pages_limit`:                          2,
			`czvm_browser_running`:                              1,
			`czvm_browser_starts_total`:                         5,
			`czvm_browser_deaths_total`:                         3,
			`czvm_browser_memory_bytes`:                         300e6,
			`czvm_outbox_deliveries{state="waiting"}`:           3,
			`czvm_outbox_deliveries{state="held"}`:              4,
			`czvm_outbox_deliveries{state="dead"}`:              5,
			`czvm_store_size_bytes`:                             1 << 20,
			`czvm_store_readable`:                               1,
			`czvm_store_writable`:                               1,
			`czvm_backup_newest_timestamp_seconds`:              float64(then.Unix()) + 0.5,
		}, nil},
		{"nothing has happened, and there is no pace", &stand{}, watch.NewPace(0), map[string]float64{
			`czvm_last_answer_timestamp_seconds{source="cz"}`:   0,
			`czvm_failing_since_timestamp_seconds{source="cz"}`: 0,
			`czvm_breaker_open{source="cz"}`:                    0,
			`czvm_pace_tokens{source="cz"}`:                     1,
			`czvm_pace_per_minute{source="cz"}`:                 0,
			`czvm_outbox_oldest_age_seconds`:                    0,
			`czvm_backup_newest_timestamp_seconds`:              0,
		}, nil},
		{"the store cannot be read, the rest is told", &stand{broken: errors.New("io"), full: errors.New("full")}, rate.NewLimiter(1, 1), map[string]float64{
			`czvm_store_readable`:                    0,
			`czvm_store_writable`:                    0,
			`czvm_applications_planned{source="cz"}`: 0,
		}, []string{"czvm_outbox", "czvm_store_size", "czvm_backup"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := of(t, tc.stand, tc.pace)
			want(t, m, tc.want)
			text := scrape(t, m)
			for _, name := range tc.absent {
				if strings.Contains(text, name) {
					t.Errorf("%s is told", name)
				}
			}
		})
	}
	age := figures(t, scrape(t, of(t, full, rate.NewLimiter(1, 1))))[`czvm_outbox_oldest_age_seconds`]
	if age < 3600 || age > 3700 {
		t.Errorf("the oldest delivery is %g s old, want an hour", age)
	}
}

// TestTellsNothingOfAnybody hands over what the figures must not show, in every
// place where there could be something.
func TestTellsNothingOfAnybody(t *testing.T) {
	t.Parallel()
	secrets := []string{"PEKI202508070001", "Jana Nováková", "tk_secret", "hc-ping", "OAM-90001", "https://", "example.com"}
	all := strings.Join(secrets, " ")
	s := &stand{broken: errors.New(all), full: errors.New(all), status: watch.SourceStatus{
		Name: all, SourceState: watch.SourceState{Failure: watch.FailureCode(all), Breaker: watch.BreakerState{Reason: watch.FailureCode(all)}},
	}}
	var log bytes.Buffer
	m := of(t, s, rate.NewLimiter(1, 1))
	m.cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	m.Checked(watch.Outcome{Result: &watch.Result{Status: visa.Status(all), Text: all, Alert: all, Link: all, State: all, Language: all}}, true)
	m.Checked(watch.Outcome{Failure: &watch.Failure{Code: watch.FailureCode(all), Detail: all, Err: errors.New(all)}}, true)
	m.Attempted(all, alert.DeliveryState(all))
	text := scrape(t, m)
	s.broken = nil
	text += scrape(t, m) + log.String()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the figures show %q", secret)
		}
	}
	if got := figures(t, text)[`czvm_checks_total{failure="internal",result="failed",source="cz"}`]; got != 1 {
		t.Errorf("what was handed over was counted %g times", got)
	}
}

// TestSeriesAreBounded: whatever happens makes no series that was not there.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	m := of(t, &stand{}, rate.NewLimiter(1, 1))
	before := len(figures(t, scrape(t, m)))
	for i := range 1000 {
		word := strconv.Itoa(i)
		m.Checked(watch.Outcome{Result: &watch.Result{Status: visa.Status(word)}}, false)
		m.Checked(watch.Outcome{Failure: &watch.Failure{Code: watch.FailureCode(word)}}, true)
		m.Attempted(word, alert.DeliveryState(word))
	}
	if after := len(figures(t, scrape(t, m))); after != before || before > 120 {
		t.Errorf("%d series, %d before", after, before)
	}
}
