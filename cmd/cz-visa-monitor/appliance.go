package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/portal"
	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/adapters/web"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/watch"
)

// stopTimeout is how long each part may take to stop.
const stopTimeout = 15 * time.Second

// appliance is everything that serve and demo run.
type appliance struct {
	cfg        config
	log        *slog.Logger
	store      *boltstore.Store
	source     *portalSource
	engine     *watch.Engine
	dispatcher *alert.Dispatcher
	web        *web.Server
	// running is true while the engine is at work.
	running atomic.Bool
}

// newAppliance opens the store and puts the parts together. close must be called.
func newAppliance(c config, log *slog.Logger) (*appliance, error) {
	store, err := boltstore.Open(boltstore.Config{Dir: c.dataDir, Keys: boltstore.PlainKeys{}, Logger: log})
	if err != nil {
		return nil, err
	}
	a := &appliance{cfg: c, log: log, store: store}
	if err := a.assemble(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *appliance) assemble() error {
	var err error
	if a.source, err = openSource(a.cfg, a.cfg.dataDir, a.log); err != nil {
		return err
	}
	catalogues, err := locale.Load(a.cfg.timezone)
	if err != nil {
		return fmt.Errorf("load the message catalogues: %w", err)
	}
	notifier := shout.New(shout.Config{})
	a.dispatcher = alert.NewDispatcher(alert.DispatcherConfig{
		Outbox: a.store, Notices: a.store, Notifier: notifier,
		Catalogues: catalogues, BaseURL: a.cfg.baseURL, Logger: a.log,
		PerMinute: a.cfg.messagesPerMinute,
	})
	hub := web.NewHub()
	a.engine = watch.New(watch.Config{
		Source: a.source, Name: portal.All()[0].Name, Store: a.store, Notices: a.store,
		Rules:   watch.Rules{Interval: a.cfg.interval, MinInterval: a.cfg.minInterval, ConfirmAfter: a.cfg.confirmAfter},
		Pace:    watch.NewPace(a.cfg.checksPerMinute),
		Workers: a.workers(), CheckNowPerDay: a.cfg.checkNowPerDay,
		Logger: a.log, Wake: a.dispatcher.Wake, Publish: hub.Publish,
	})
	a.web, err = web.New(web.Config{
		Watching: a.engine, Applications: a.store, Channels: a.store, Deliveries: a.store,
		Kinds: shout.Kinds(), Validate: notifier.Validate, Test: a.dispatcher.Test, Wake: a.dispatcher.Wake,
		Source: a.engine, Notices: a.store, Tokens: a.store, Store: a.store, Running: a.running.Load,
		Hub: hub, Catalogues: catalogues, BaseURL: a.cfg.baseURL, Version: version, Logger: a.log,
	})
	return err
}

// workers is how many checks run at once: one for every page there is.
func (a *appliance) workers() int { return a.source.browser.Limit() }

// run serves on ln until ctx ends or a part fails, then stops the parts in the
// order in which they need each other.
func (a *appliance) run(ctx context.Context, ln net.Listener) error {
	failed := make(chan error, 4)
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
	start("send messages", a.dispatcher.Run)
	start("check applications", func(ctx context.Context) error {
		a.running.Store(true)
		defer a.running.Store(false)
		return a.engine.Run(ctx)
	})
	control := a.openControl(ctx)
	start("serve commands", func(ctx context.Context) error { return serveControl(ctx, control, a.store) })
	start("serve the web", func(ctx context.Context) error { return a.serveWeb(ctx, ln) })
	a.log.Info("the appliance is at work", slog.String("address", ln.Addr().String()), slog.String("version", version))
	var errs []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		a.log.Error("a part of the appliance failed", slog.Any("error", err))
	}
	a.log.Info("stopping")
	for i := len(stops) - 1; i >= 0; i-- {
		errs = append(errs, stops[i]())
	}
	return errors.Join(errs...)
}

// openControl listens for commands. Some file systems of a NAS know no sockets,
// and a long path does not fit into one's address; the appliance can do without.
func (a *appliance) openControl(ctx context.Context) net.Listener {
	ln, err := listenControl(ctx, a.cfg.dataDir)
	if err != nil {
		a.log.Warn("the data directory takes no control socket; tokens can only be made while the server is stopped",
			slog.Any("error", err))
		return nil
	}
	return ln
}

// serveWeb answers on ln until ctx ends.
func (a *appliance) serveWeb(ctx context.Context, ln net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- a.web.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout/2)
	defer cancel()
	err := a.web.Shutdown(stopping)
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
