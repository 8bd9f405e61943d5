package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/letter"
	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/adapters/totp"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// The references and secrets of the tests.
const (
	anna   = "ZZZZ202501159001"
	boris  = "OAM-90012-3/DP-2025"
	cecil  = "TEST202502209002"
	secret = "s3cret-of-the-channel"
)

// appliance is a web server on the real store and engine, with a portal and a
// notifier that do what the test says.
type appliance struct {
	tb     testing.TB
	server *Server
	store  *boltstore.Store
	dir    string // its data directory
	share  string // a second directory for backups, which is not there
	engine *watch.Engine
	hub    *Hub
	// accounts are those of the store. admin is the one who runs the appliance,
	// me the owner that he is, token a key of his that may do everything.
	accounts *account.Service
	admin    account.User
	me       account.Owner
	token    string
	keys     *keys
	house    *house
	log      *bytes.Buffer
	// language is that of the browsers of people who have none of their own.
	language string

	portal  *portal
	mail    *mail
	woken   atomic.Int32
	running atomic.Bool
	doc     *document // holds every answer against the OpenAPI document
}

// portal is a watch.Source that gives the answers it was told.
type portal struct {
	tb      testing.TB
	mu      sync.Mutex
	answers map[string]func() (watch.Result, error)
}

func (p *portal) say(ref string, status visa.Status) {
	p.answer(ref, func() (watch.Result, error) {
		return watch.Result{Status: status, Text: "The wording of " + string(status), Language: "en"}, nil
	})
}

func (p *portal) fail(ref string, code watch.FailureCode) {
	p.answer(ref, func() (watch.Result, error) { return watch.Result{}, &watch.Failure{Code: code} })
}

func (p *portal) answer(ref string, fn func() (watch.Result, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[ref] = fn
}

func (p *portal) Check(_ context.Context, ref visa.Reference) (watch.Result, error) {
	p.mu.Lock()
	fn := p.answers[ref.String()]
	p.mu.Unlock()
	if fn == nil {
		p.tb.Errorf("the portal is asked about %s, and the test said nothing of it", ref.Masked())
		return watch.Result{}, &watch.Failure{Code: watch.Internal}
	}
	return fn()
}

// mail stands in for the dispatcher.
type mail struct {
	mu     sync.Mutex
	refuse error
	tested []alert.Channel
}

func (m *mail) Test(ctx context.Context, c alert.Channel) error {
	if _, ok := ctx.Deadline(); !ok {
		return errors.New("a test message without a deadline")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tested = append(m.tested, c)
	return m.refuse
}

// newAppliance returns an appliance whose engine does not run yet.
func newAppliance(tb testing.TB, change func(*Config)) *appliance {
	tb.Helper()
	a := bareAppliance(tb, change)
	a.admin, a.token = a.user("admin", account.Admin)
	a.me = account.OfUser(a.admin.ID)
	return a
}

// bareAppliance is newAppliance before anybody has an account.
func bareAppliance(tb testing.TB, change func(*Config)) *appliance {
	tb.Helper()
	a := &appliance{tb: tb, hub: NewHub(), mail: &mail{}, log: &bytes.Buffer{}, dir: tb.TempDir(), doc: readDocument(tb)}
	a.portal = &portal{tb: tb, answers: map[string]func() (watch.Result, error){}}
	a.running.Store(true)
	log := slog.New(slog.NewJSONHandler(&syncWriter{w: a.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	a.store, err = boltstore.Open(boltstore.Config{Dir: a.dir, Keys: boltstore.PlainKeys{}, Logger: log})
	if err != nil {
		tb.Fatal(err)
	}
	store := a.store                         // What a cleanup holds stays in memory until every test has ended.
	tb.Cleanup(func() { _ = store.Close() }) // A test may have closed it before.
	a.accounts = account.New(account.Config{
		Store: a.store, Hasher: newHasher(),
		Codes: totp.Codes{Issuer: "cz-visa-monitor"}, Logger: log,
	})
	a.keys = &keys{}
	a.house = &house{state: HouseState{PerMinute: 6, StoreSize: 2_340_000, KeyFile: "key.txt"}}
	wake := func() { a.woken.Add(1) }
	a.engine = watch.New(watch.Config{
		Source: a.portal, Name: "the portal", Store: a.store, Notices: a.store,
		Rules: watch.Rules{Interval: time.Hour, MinInterval: 15 * time.Minute, ConfirmAfter: 3 * time.Minute},
		Pace:  watch.NewPace(0), Workers: 1, CheckNowPerDay: 2,
		Logger: log, Wake: wake, Publish: a.hub.Publish,
	})
	catalogues, err := catalogues()
	if err != nil {
		tb.Fatal(err)
	}
	cfg := Config{
		Watching: a.engine, Applications: a.store, Channels: a.store, Deliveries: a.store,
		Kinds: shout.Kinds(), Validate: shout.New(shout.Config{}).Validate, Test: a.mail.Test, Wake: wake,
		Source: a.engine, Notices: a.store, Accounts: a.accounts, Audit: a.store, Keys: a.keys, House: a.house, Store: a.store, Running: a.running.Load,
		Hub: a.hub, Catalogues: catalogues, Version: "v0-test", Logger: log,
	}
	a.transfers(&cfg)
	cfg.Letters = letter.New(letter.Config{Program: "/nowhere"}) // Plain text needs no program.
	if change != nil {
		change(&cfg)
	}
	if a.server, err = New(cfg); err != nil {
		tb.Fatal(err)
	}
	return a
}

// catalogues are those of all tests: they never change, and reading them takes
// longer than most.
var catalogues = sync.OnceValues(func() (*locale.Catalogues, error) { return locale.Load(time.UTC) })

// password is that of every user of the tests.
const password = "correct horse battery"

// asCommand is the context of the command line.
func (a *appliance) asCommand() context.Context {
	return account.As(a.tb.Context(), account.CommandLine())
}

// withPassword gives a user the password of the tests, without the time that its
// hash takes.
func (a *appliance) withPassword(user string) (account.User, error) {
	hash, err := passwordHash()
	if err != nil {
		return account.User{}, err
	}
	return a.store.EditUser(a.tb.Context(), user, func(u *account.User, _ int) error { u.Password = hash; return nil }, account.Also{})
}

var passwordHash = sync.OnceValues(func() (string, error) { return newHasher().Hash(context.Background(), password) })

// newHasher makes the weakest hashes that are read at all.
func newHasher() *account.Hasher {
	return account.NewHasher(account.HasherConfig{Params: account.Params{Memory: 8 << 10, Time: 1}, AtOnce: 4})
}

// user makes a user, and a token that may do whatever his role allows.
func (a *appliance) user(name string, role account.Role) (account.User, string) {
	a.tb.Helper()
	u, err := a.accounts.AddUser(a.asCommand(), account.NewUser{Name: name}, role)
	if err == nil {
		u, err = a.withPassword(u.ID)
	}
	if err != nil {
		a.tb.Fatal(err)
	}
	_, secret, err := a.accounts.AddToken(a.asCommand(), u.ID, "test", role.Allows(), 0)
	if err != nil {
		a.tb.Fatal(err)
	}
	return u, secret
}

// keys is a recovery key that is none.
type keys struct {
	mu        sync.Mutex
	confirmed time.Time
	shown     int
}

const recoveryKey = "AGE-SECRET-KEY-1EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEWXYZ"

func (k *keys) RecoveryKey() string { return recoveryKey }

func (k *keys) IsRecoveryEnd(typed string) bool {
	return strings.EqualFold(strings.TrimSpace(typed), recoveryKey[len(recoveryKey)-8:])
}

func (k *keys) RecoveryConfirmed(context.Context) (time.Time, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.confirmed, nil
}

func (k *keys) ConfirmRecovery(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.confirmed = time.Now()
	return nil
}

func (k *keys) KeyShown(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shown++
	return nil
}

// syncWriter lets a log be read when all is done.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *syncWriter) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

// run runs the engine until the test ends.
func (a *appliance) run() {
	a.tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done, tb := make(chan error, 1), a.tb
	go func() { done <- a.engine.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			tb.Errorf("run the engine: %v", err)
		}
	})
}

// watch adds an application.
func (a *appliance) watch(ref, label string, channels ...string) watch.Application {
	a.tb.Helper()
	r, err := visa.Parse(ref)
	if err != nil {
		a.tb.Fatal(err)
	}
	app, err := a.engine.Add(a.tb.Context(), r, watch.Watcher{Owner: a.me, Label: label, Channels: channels})
	if err != nil {
		a.tb.Fatal(err)
	}
	return app
}

// settle gives an application a state, with what there is to tell.
func (a *appliance) settle(id watch.ID, state watch.State, tell *alert.Notification, entries ...watch.Entry) {
	a.tb.Helper()
	_, err := a.store.Record(a.tb.Context(), id, func(app watch.Application) watch.Decision {
		d := watch.Decision{State: state, Watchers: app.Clone().Watchers, Entries: entries}
		for i := range d.Watchers {
			d.Watchers[i].Told = state.Status
			if tell != nil {
				d.Letters = append(d.Letters, watch.Letter{Channels: d.Watchers[i].Channels, Notification: *tell})
			}
		}
		return d
	})
	if err != nil {
		a.tb.Fatal(err)
	}
}

// channel adds a channel.
func (a *appliance) channel(name string) alert.Channel {
	a.tb.Helper()
	now := time.Now()
	c := alert.Channel{
		ID: account.NewID(now), Owner: a.me, Name: name, Kind: "ntfy", Privacy: alert.Masked, Language: "en", CreatedAt: now,
		Fields: map[string]string{"topic": "visa", "token": secret},
	}
	if err := a.store.AddChannel(a.tb.Context(), c); err != nil {
		a.tb.Fatal(err)
	}
	return c
}

// do sends a request and holds the answer against the OpenAPI document.
// headers are pairs of a name and a value.
func (a *appliance) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	a.tb.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.server.Handler().ServeHTTP(w, r)
	a.doc.check(a.tb, r, body, w.Result())
	return w
}

// read decodes the body of an answer.
func read[T any](tb testing.TB, w *httptest.ResponseRecorder, want int) T {
	tb.Helper()
	if w.Code != want {
		tb.Fatalf("status %d, want %d: %s", w.Code, want, w.Body)
	}
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		tb.Fatalf("%v: %s", err, w.Body)
	}
	return v
}

// logged returns the log when nothing writes to it any more.
func (a *appliance) logged() string { return a.log.String() }
