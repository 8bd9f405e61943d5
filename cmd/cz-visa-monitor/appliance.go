package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/heartbeat"
	"cz-visa-monitor/adapters/metrics"
	"cz-visa-monitor/adapters/portal"
	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/adapters/totp"
	"cz-visa-monitor/adapters/web"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/watch"
)

// stopTimeout is how long each part may take to stop.
const stopTimeout = 15 * time.Second

// appliance is everything that serve and demo run.
type appliance struct {
	cfg        config
	log        *slog.Logger
	lines      *logLines
	ring       *keyring
	store      *boltstore.Store
	accounts   *account.Service
	source     *portalSource
	catalogues *locale.Catalogues
	engine     *watch.Engine
	dispatcher *alert.Dispatcher
	reminders  *dossier.Reminders
	keeper     *boltstore.Keeper
	web        *web.Server
	pace       *rate.Limiter
	// metrics and heart are nil where nobody wants them.
	metrics *metrics.Metrics
	heart   *heartbeat.Heart
	// running is true while the engine is at work.
	running atomic.Bool
	// damaged receives that the store cannot be relied on.
	damaged chan error
}

// newAppliance opens the store and puts the parts together. lines are the last ones
// of log. close must be called.
func newAppliance(c config, ring *keyring, log *slog.Logger, lines *logLines) (*appliance, error) {
	if err := gone(c.dataDir); err != nil {
		return nil, err
	}
	store, err := boltstore.Open(boltstore.Config{Dir: c.dataDir, Keys: ring, Logger: log})
	if err != nil {
		return nil, err
	}
	a := &appliance{cfg: c, log: log, lines: lines, ring: ring, store: store, damaged: make(chan error, 1)}
	if err := a.assemble(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if ring.given {
		a.note(context.Background(), account.KeyUnlocked, account.KindKey, "") // Whoever gave it cannot have signed in.
	}
	return a, nil
}

// note writes to the audit trail what befell the appliance itself.
func (a *appliance) note(ctx context.Context, action account.Action, kind, detail string) {
	if err := a.store.Audit(account.As(ctx, account.Principal{}), action, kind, "", detail); err != nil {
		a.log.Error("cannot write to the audit trail", slog.String("action", string(action)), slog.Any("error", err))
	}
}

// errGone: there are backups, but no data.
var errGone = errors.New("the data file is missing, though there are backups; put one back with 'cz-visa-monitor backup restore', or move the backups away to begin anew")

// gone refuses to begin anew where there was something: an empty appliance would
// be taken for one that has lost everything.
func gone(dir string) error {
	_, err := os.Stat(filepath.Join(dir, boltstore.FileName))
	if !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, ok := boltstore.Newest(dir, nil); ok {
		return errGone
	}
	return nil
}

func (a *appliance) assemble() error {
	var err error
	if a.source, err = openSource(a.cfg, a.cfg.dataDir, a.log); err != nil {
		return err
	}
	if a.catalogues, err = loadCatalogues(a.cfg); err != nil {
		return err
	}
	a.accounts = newAccounts(a.store, a.log)
	a.pace = watch.NewPace(a.cfg.checksPerMinute)
	if err := a.monitor(); err != nil {
		return err
	}
	notifier := shout.New(shout.Config{})
	a.dispatcher = alert.NewDispatcher(alert.DispatcherConfig{
		Outbox: a.store, Notices: a.store, Notifier: notifier,
		Catalogues: a.catalogues, BaseURL: a.cfg.baseURL, Logger: a.log,
		PerMinute: a.cfg.messagesPerMinute, Zone: a.cfg.timezone, Observe: a.attempted,
	})
	a.reminders = dossier.New(dossier.Config{Store: a.store, Zone: a.cfg.timezone, Wake: a.dispatcher.Wake, Logger: a.log})
	a.keeper = boltstore.NewKeeper(boltstore.KeeperConfig{
		Store: a.store, Copies: a.cfg.backupCopies, Location: a.cfg.timezone, Report: a.report, Logger: a.log,
	})
	hub := web.NewHub()
	a.engine = watch.New(watch.Config{
		Source: a.source, Name: portal.All()[0].Name, Store: a.store, Notices: a.store,
		Rules:   watch.Rules{Interval: a.cfg.interval, MinInterval: a.cfg.minInterval, ConfirmAfter: a.cfg.confirmAfter},
		Pace:    a.pace,
		Workers: a.workers(), CheckNowPerDay: a.cfg.checkNowPerDay,
		Logger: a.log, Wake: a.dispatcher.Wake, Publish: hub.Publish, Observe: a.checked,
	})
	office := a.office()
	letters, err := newLetters()
	if err != nil {
		return err
	}
	login, err := openExternal(a.cfg)
	if err != nil {
		return err
	}
	a.web, err = web.New(web.Config{
		Watching: a.engine, Applications: a.store, Channels: a.store, Deliveries: a.store,
		Kinds: shout.Kinds(), Validate: notifier.Validate, Test: a.dispatcher.Test, Wake: a.dispatcher.Wake,
		Source: a.engine, Pace: a.cfg.checksPerMinute, Notices: a.store, Store: a.store, Running: a.running.Load,
		Accounts: a.accounts, Keys: recovery{a.store, a.ring}, Audit: a.store, Trail: a.store,
		People: a.store, Shares: a.store, Zone: a.cfg.timezone, Letters: letters, Backups: backups{a.store, office}, Exporter: office.exporter(), Eraser: office.eraser(),
		House: house{cfg: a.cfg, ring: a.ring, Keeper: a.keeper, lines: a.lines},
		Import: func(ctx context.Context, r io.Reader, owner account.Owner, dryRun bool) (archive.Report, error) {
			return archive.Import(ctx, r, office.target(archive.To(owner), dryRun))
		},
		External: login, ExternalName: a.cfg.oidcName, ProxyLogin: proxyLogin(a.cfg), ProxyHeader: a.cfg.proxyUserHeader, RoleFor: roleFor(a.cfg.roles), Proxies: a.cfg.proxies,
		Hub: hub, Catalogues: a.catalogues, BaseURL: a.cfg.baseURL, Version: version, Logger: a.log,
	})
	return err
}

func loadCatalogues(c config) (*locale.Catalogues, error) {
	catalogues, err := locale.Load(c.timezone)
	if err != nil {
		return nil, fmt.Errorf("load the message catalogues: %w", err)
	}
	return catalogues, nil
}

// newAccounts returns the rules of accounts on a store.
func newAccounts(store *boltstore.Store, log *slog.Logger) *account.Service {
	return account.New(account.Config{
		Store: store, Hasher: account.NewHasher(account.HasherConfig{}), Codes: totp.Codes{Issuer: "cz-visa-monitor"}, Logger: log,
	})
}

// report tells operators how the backups are doing, each trouble once.
func (a *appliance) report(ctx context.Context, t boltstore.Trouble, err error) {
	if errors.Is(err, boltstore.ErrDamaged) && t == boltstore.NoBackup {
		select {
		case a.damaged <- err:
		default:
		}
		return
	}
	kind := alert.NoBackup
	if t == boltstore.NoCopy {
		kind = alert.NoCopy
	}
	now := time.Now()
	n := alert.Notification{Kind: kind, Since: now, At: now, Resolved: err == nil}
	turn := a.store.Raise
	if err == nil {
		turn = a.store.Resolve
	}
	told, failed := turn(ctx, string(kind), n, "")
	if failed != nil {
		a.log.Error("cannot keep a notice about the backups", slog.Any("error", failed))
	}
	if !told {
		return
	}
	a.dispatcher.Wake()
	if t == boltstore.NoBackup && err != nil {
		a.note(ctx, account.BackupFailed, account.KindBackup, "")
	}
}

// workers is how many checks run at once: one for every page there is.
func (a *appliance) workers() int { return a.source.browser.Limit() }

// run serves on ln until ctx ends or a part fails, then stops the parts in the
// order in which they need each other.
func (a *appliance) run(ctx context.Context, ln net.Listener) error {
	figures, err := a.listenMetrics(ctx)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	failed := make(chan error, 8)
	var stops []func() error
	start := func(name string, work func(context.Context) error) {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan error, 1)
		go func() {
			err := work(ctx)
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
				failed <- err
			}
			done <- err
		}()
		stops = append(stops, func() error {
			cancel()
			select {
			case err := <-done:
				return err
			case <-time.After(stopTimeout):
				return fmt.Errorf("%s did not stop within %s", name, stopTimeout)
			}
		})
	}
	if figures != nil { // First: what the others do while they stop can be seen to the end.
		start("show figures", func(ctx context.Context) error { return serveHTTP(ctx, figures, a.metrics.Server(a.cfg.metricsToken)) })
		a.log.Info("figures for Prometheus", slog.String("address", figures.Addr().String()))
	}
	if a.heart != nil {
		start("ping", a.heart.Run)
	}
	start("send messages", a.dispatcher.Run)
	start("check applications", func(ctx context.Context) error {
		a.running.Store(true)
		defer a.running.Store(false)
		return a.engine.Run(ctx)
	})
	start("remind of documents", a.reminders.Run)
	start("keep backups", a.keeper.Run)
	control := openControl(ctx, a.cfg.dataDir, a.log)
	start("serve commands", func(ctx context.Context) error { return serveControl(ctx, control, a.office().run) })
	start("serve the web", func(ctx context.Context) error { return serveHTTP(ctx, ln, a.web) })
	a.log.Info("the appliance is at work", slog.String("address", ln.Addr().String()), slog.String("version", version))
	a.sayCode(ctx)
	var errs []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		a.log.Error("a part of the appliance failed", slog.Any("error", err))
	case err := <-a.damaged:
		a.log.Error("the data file is damaged; the appliance stops its work, to spoil nothing", slog.Any("error", err))
		errs = append(errs, err)
	}
	a.log.Info("stopping")
	for i := len(stops) - 1; i >= 0; i-- {
		errs = append(errs, stops[i]())
	}
	return errors.Join(errs...)
}

// sayCode prints the code that the setup page asks for, while there is nobody. It
// is the only secret that a log ever holds: it works once, until then, and only
// on this start.
func (a *appliance) sayCode(ctx context.Context) {
	code, err := a.accounts.SetupCode(ctx)
	if err != nil {
		a.log.Error("cannot find out whether the appliance is set up", slog.Any("error", err))
	}
	if code != "" {
		a.log.Warn("nobody has an account yet; open the page and set the appliance up with this code", slog.String("setup_code", code))
	}
}

// server is one that answers HTTP.
type server interface {
	Serve(ln net.Listener) error
	Shutdown(ctx context.Context) error
}

// serveHTTP answers on ln until ctx ends.
func serveHTTP(ctx context.Context, ln net.Listener, srv server) error {
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout/2)
	defer cancel()
	err := srv.Shutdown(stopping)
	return errors.Join(err, <-served)
}

// close ends the browser and closes the store.
func (a *appliance) close() error {
	var errs []error
	if a.source != nil {
		errs = append(errs, a.source.close())
	}
	return errors.Join(append(errs, a.store.Close())...)
}
