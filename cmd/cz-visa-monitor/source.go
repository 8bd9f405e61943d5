package main

import (
	"errors"
	"log/slog"
	"path/filepath"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/adapters/portal"
	"cz-visa-monitor/app/watch"
)

// The names in the data directory that the portal's driver uses.
const (
	layoutFile  = "portal-layout.json"
	evidenceDir = "evidence"
)

// portalSource is the portal with the browser that drives it.
type portalSource struct {
	watch.Source
	browser *browser.Browser
}

// openSource prepares the browser and the portal's driver; nothing is started
// before the first check. Without a dataDir no layout is replaced and no
// evidence is kept.
func openSource(c config, dataDir string, log *slog.Logger) (*portalSource, error) {
	b, err := browser.New(browser.Config{
		Bin: c.browser, URLs: c.browserURLs, Pages: c.workers, IdleStop: c.browserIdle, Logger: log,
	})
	if err != nil {
		return nil, usage(err)
	}
	cfg := portal.Config{Browser: b, URL: c.portalURL, KeyDelay: c.keyDelay, Logger: log}
	if dataDir != "" {
		cfg.LayoutFile = filepath.Join(dataDir, layoutFile)
		cfg.EvidenceDir = filepath.Join(dataDir, evidenceDir)
	}
	source, err := portal.All()[0].Open(cfg)
	if err != nil {
		return nil, usage(errors.Join(err, b.Close()))
	}
	return &portalSource{Source: source, browser: b}, nil
}

// close returns when every process of the browser is gone.
func (s *portalSource) close() error { return s.browser.Close() }
