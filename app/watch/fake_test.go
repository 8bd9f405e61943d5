package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

// The watchers of the tests.
var (
	jana = account.OfUser("0000000000000000000000000001")
	petr = account.OfUser("0000000000000000000000000002")
)

var errDiskFull = errors.New("no space left on device")

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// memory is a Store and a Noticeboard in memory. It keeps what was told, in order.
type memory struct {
	mu      sync.Mutex
	apps    map[ID]Application
	sources map[string]SourceState
	told    []alert.Notification
	notices map[string]bool
	broken  error // returned by every write while set
	// recorded, if set, is called once after a Record, before it returns.
	recorded func(id ID)
}

func newMemory() *memory {
	return &memory{apps: map[ID]Application{}, sources: map[string]SourceState{}, notices: map[string]bool{}}
}

func (m *memory) Schedule(_ context.Context, yield func(ID, time.Time)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, a := range m.apps {
		if !a.Paused() && !a.State.NextCheckAt.IsZero() {
			yield(id, a.State.NextCheckAt)
		}
	}
	return nil
}

func (m *memory) Record(_ context.Context, id ID, decide func(Application) Decision) (Application, error) {
	a, err := m.record(id, decide)
	m.mu.Lock()
	recorded := m.recorded
	m.recorded = nil
	m.mu.Unlock()
	if recorded != nil {
		recorded(id)
	}
	return a, err
}

func (m *memory) record(id ID, decide func(Application) Decision) (Application, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.apps[id]
	if !ok {
		return Application{}, ErrNotFound
	}
	d := decide(a)
	if m.broken != nil {
		return Application{}, m.broken
	}
	a.State, a.Watchers, a.Checks = d.State, d.Watchers, a.Checks.With(d.Check)
	a.Revision++
	m.apps[id] = a
	for _, l := range d.Letters {
		m.told = append(m.told, l.Notification)
	}
	return a, nil
}

func (m *memory) Application(_ context.Context, id ID) (Application, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.apps[id]
	if !ok {
		return Application{}, ErrNotFound
	}
	return a, nil
}

func (m *memory) Add(_ context.Context, a Application) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, other := range m.apps {
		if other.Reference.Identity() == a.Reference.Identity() {
			return &DuplicateError{ID: id}
		}
	}
	if m.broken == nil {
		a.Revision = 1
		m.apps[a.ID] = a
	}
	return m.broken
}

func (m *memory) Edit(_ context.Context, id ID, edit func(*Application) error) (Application, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.apps[id]
	if !ok {
		return Application{}, ErrNotFound
	}
	a = a.Clone()
	if err := errors.Join(edit(&a), m.broken); err != nil {
		return Application{}, err
	}
	a.Revision++
	m.apps[id] = a
	return a, nil
}

func (m *memory) EditMany(ctx context.Context, ids []ID, edit func(*Application) error) (done []Edited, err error) {
	for _, id := range ids {
		a, err := m.Edit(ctx, id, edit)
		done = append(done, Edited{ID: id, Application: a, Err: err})
	}
	return done, nil
}

func (m *memory) Remove(_ context.Context, id ID, owner account.Owner) (Application, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.apps[id]
	if !ok || a.Watcher(owner) == nil {
		return Application{}, ErrNotFound
	}
	a = a.Clone()
	a.Watchers = slices.DeleteFunc(a.Watchers, func(w Watcher) bool { return w.Owner == owner })
	a.Revision++
	m.apps[id] = a
	if len(a.Watchers) == 0 {
		delete(m.apps, id)
	}
	return a, nil
}

func (m *memory) Source(_ context.Context, name string) (SourceState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sources[name], nil
}

func (m *memory) PutSource(_ context.Context, name string, s SourceState, _ bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources[name] = s
	return nil
}

func (m *memory) Raise(_ context.Context, key string, n alert.Notification, _ string) (bool, error) {
	return m.turn(key, n, true), nil
}

func (m *memory) Resolve(_ context.Context, key string, n alert.Notification, _ string) (bool, error) {
	return m.turn(key, n, false), nil
}

func (m *memory) turn(key string, n alert.Notification, stand bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.notices[key] == stand {
		return false
	}
	m.notices[key] = stand
	m.told = append(m.told, n)
	return true
}

// tellings returns what was told, each as one line.
func (m *memory) tellings() (lines []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.told {
		line := fmt.Sprintf("%s %s>%s", n.Kind, n.From, n.To)
		if n.Resolved {
			line = string(n.Kind) + " resolved"
		}
		lines = append(lines, line)
	}
	return lines
}

func (m *memory) breakWrites(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

func (m *memory) snapshot() map[ID]Application {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.apps)
}

// script is a Source that answers what a test sets. Two checks of one
// reference at once fail the test.
type script struct {
	t      testing.TB
	mu     sync.Mutex
	answer func(ref visa.Reference, n int) (Result, error)
	took   time.Duration
	asked  []time.Time
	count  map[string]int
	flying map[string]bool
	// stubborn: the answer comes even when the context has ended.
	stubborn bool
}

func newScript(t testing.TB, status visa.Status) *script {
	s := &script{t: t, took: 100 * time.Millisecond, count: map[string]int{}, flying: map[string]bool{}}
	s.says(status)
	return s
}

// says makes the source answer status from now on.
func (s *script) says(status visa.Status) {
	s.set(func(visa.Reference, int) (Result, error) { return Result{Status: status, Text: string(status)}, nil })
}

// fails makes the source fail from now on.
func (s *script) fails(f *Failure) {
	s.set(func(visa.Reference, int) (Result, error) { return Result{}, f })
}

func (s *script) set(answer func(visa.Reference, int) (Result, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// takes makes every further answer take d.
func (s *script) takes(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = d
}

// Check implements Source.
func (s *script) Check(ctx context.Context, ref visa.Reference) (Result, error) {
	id := ref.Identity()
	s.mu.Lock()
	if s.flying[id] {
		s.t.Errorf("two checks of %s at once", ref.Masked())
	}
	s.flying[id] = true
	s.asked = append(s.asked, time.Now())
	n := s.count[id]
	s.count[id]++
	answer, took := s.answer, s.took
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flying[id] = false
	}()
	if err := sleep(ctx, took); err != nil && !s.stubborn {
		return Result{}, err
	}
	return answer(ref, n)
}

// times returns when the source was asked.
func (s *script) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.asked...)
}

func (s *script) calls() int { return len(s.times()) }

// rig is an engine at work.
type rig struct {
	*Engine
	store  *memory
	source *script
	stop   func()
}

// startRig runs an engine until the test ends or stop is called. It belongs into a
// synctest bubble.
func startRig(t *testing.T, store *memory, source *script, pace *rate.Limiter, workers int) *rig {
	t.Helper()
	return startObserved(t, store, source, pace, workers, nil)
}

// startObserved is startRig with somebody who is told of each check.
func startObserved(t *testing.T, store *memory, source *script, pace *rate.Limiter, workers int, observe func(Outcome, bool)) *rig {
	t.Helper()
	e := New(Config{
		Source: source, Name: "replica", Store: store, Notices: store, Rules: rules, Pace: pace,
		Workers: workers, CheckNowPerDay: 3, Logger: discard(),
		Wake: func() {}, Publish: func(Event) {}, Observe: observe,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	var once sync.Once
	r := &rig{Engine: e, store: store, source: source, stop: func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}}
	t.Cleanup(r.stop)
	return r
}

// reference returns the nth synthetic reference.
func reference(t testing.TB, n int) visa.Reference {
	t.Helper()
	ref, err := visa.Parse(fmt.Sprintf("ZZZZ20260105%04d", n))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func (r *rig) add(t testing.TB, n int) Application {
	t.Helper()
	a, err := r.Add(t.Context(), reference(t, n), Watcher{Owner: jana})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// told is a decision, and what it tells a single watcher.
type told struct {
	Decision
	Tell *alert.Notification
}

// decide decides about an application with one watcher, who knows all of prev.
func decide(prev State, o Outcome, interval time.Duration, now time.Time) told {
	w := Watcher{Owner: jana, Interval: interval, Told: prev.Status, Warned: prev.Trouble != nil && prev.Trouble.Lasting}
	d := rules.Decide(Application{Watchers: []Watcher{w}, State: prev}, o, now)
	if len(d.Letters) == 0 {
		return told{Decision: d}
	}
	return told{Decision: d, Tell: &d.Letters[0].Notification}
}

func (m *memory) Adopt(_ context.Context, batch []Adoption, dry bool) ([]Adopted, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done := make([]Adopted, len(batch))
	for i, ad := range batch {
		stands := Application{}
		for _, a := range m.apps {
			if a.Reference.Identity() == ad.Reference.Identity() {
				stands = a
			}
		}
		done[i].Application, done[i].Fates = ad.Into(stands, time.Now())
		if done[i].Application.Revision++; !dry {
			m.apps[done[i].Application.ID] = done[i].Application
		}
	}
	return done, m.broken
}
