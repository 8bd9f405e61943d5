package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"cz-visa-monitor/adapters/heartbeat"
	"cz-visa-monitor/adapters/metrics"
	"cz-visa-monitor/adapters/portal"
	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// leastToken is how many characters the token of the figures has at least: it is
// not asked for more slowly after wrong ones.
const leastToken = 16

// monitorOptions are about who watches the watcher.
func monitorOptions() []option {
	return []option{
		{
			key: "CZVM_METRICS_LISTEN", def: "", help: "Address and port of the figures for Prometheus, such as 127.0.0.1:9479, at /metrics; empty for none.",
			set: func(c *config, v string) error {
				if v == "" {
					return nil
				}
				return address(&c.metricsListen, v)
			},
		},
		{
			key: "CZVM_METRICS_TOKEN", def: "", secret: true, help: "Bearer token that Prometheus must show, of 16 characters or more; it may be left out where that address is one of this machine alone.",
			set: func(c *config, v string) error {
				if v != "" && len(v) < leastToken {
					return fmt.Errorf("must have %d characters at least", leastToken)
				}
				c.metricsToken = v
				return nil
			},
		},
		{
			key: "CZVM_PING_URL", def: "", secret: true, help: "Address of a dead man's switch, such as https://hc-ping.com/…: asked after checks that were answered, at most once a minute; it should raise the alarm when nothing comes for twice CZVM_INTERVAL.",
			set: func(c *config, v string) error { return webURL(&c.pingURL, v, true) },
		},
	}
}

// guarded finds figures that everybody on the network could read.
func (c *config) guarded() error {
	if c.metricsListen == "" || c.metricsToken != "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.metricsListen)
	if err != nil {
		return err
	}
	ip, _ := netip.ParseAddr(host)
	if host != "localhost" && !ip.Unmap().IsLoopback() {
		return errors.New("CZVM_METRICS_LISTEN is open to other machines; it needs CZVM_METRICS_TOKEN, or an address of this machine alone such as 127.0.0.1:9479")
	}
	return nil
}

// monitor makes what watches the watcher, as far as it is wanted.
func (a *appliance) monitor() (err error) {
	if a.cfg.pingURL != "" {
		a.heart, err = heartbeat.New(heartbeat.Config{
			URL: a.cfg.pingURL, Every: a.cfg.interval, Status: a.status, Writable: a.store.Writable, Logger: a.log,
		})
		if err != nil {
			return err
		}
	}
	if a.cfg.metricsListen == "" {
		return nil
	}
	var kinds []string
	for _, k := range shout.Kinds() {
		kinds = append(kinds, k.Name)
	}
	a.metrics, err = metrics.New(metrics.Config{
		Status: a.status, Source: portal.All()[0].Name, Pace: a.pace, Store: a.store, Browser: a.browsing,
		Kinds: kinds, Version: version, Logger: a.log,
	})
	return err
}

// status is that of the engine.
func (a *appliance) status() watch.SourceStatus { return a.engine.Status() }

// browsing sums up what the browsers do.
func (a *appliance) browsing() metrics.Browser {
	s := a.source.browser.Glance()
	b := metrics.Browser{Starts: s.Starts, Deaths: s.Deaths, Memory: s.Memory}
	for _, ep := range s.Endpoints {
		b.Busy += ep.Busy
		b.Limit += ep.Limit
		if ep.Running {
			b.Running++
		}
	}
	return b
}

// checked tells those who watch the watcher of a check.
func (a *appliance) checked(o watch.Outcome, opened bool) {
	if a.metrics != nil {
		a.metrics.Checked(o, opened)
	}
	if a.heart != nil {
		a.heart.Checked(o)
	}
}

// attempted tells them of an attempt to deliver.
func (a *appliance) attempted(channelKind string, now alert.DeliveryState) {
	if a.metrics != nil {
		a.metrics.Attempted(channelKind, now)
	}
}

// listenMetrics opens the port of the figures; there is none without an address.
func (a *appliance) listenMetrics(ctx context.Context) (net.Listener, error) {
	if a.metrics == nil {
		return nil, nil
	}
	return listen(ctx, a.cfg.metricsListen, "CZVM_METRICS_LISTEN")
}
