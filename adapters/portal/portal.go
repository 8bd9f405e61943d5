// Package portal lists the portals this program can ask. Another country's is a
// folder beside this file and a line in All.
package portal

import (
	"log/slog"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/adapters/portal/czmoi"
	"cz-visa-monitor/app/watch"
)

// Config is what every portal is given; see czmoi.Config for the meaning.
type Config struct {
	Browser     *browser.Browser
	URL         string
	KeyDelay    time.Duration
	LayoutFile  string
	EvidenceDir string
	Logger      *slog.Logger
}

// Kind is a portal.
type Kind struct {
	// Name is stored with applications, so it never changes.
	Name string
	// DefaultURL is where the portal is.
	DefaultURL string
	// Open makes a source. The browser stays the caller's.
	Open func(Config) (watch.Source, error)
}

// All lists the portals; the first is the default.
func All() []Kind {
	return []Kind{
		{Name: "czmoi", DefaultURL: czmoi.DefaultURL, Open: openCzmoi},
	}
}

func openCzmoi(c Config) (watch.Source, error) {
	src, err := czmoi.New(czmoi.Config{
		Browser: c.Browser, URL: c.URL, KeyDelay: c.KeyDelay, LayoutFile: c.LayoutFile, EvidenceDir: c.EvidenceDir, Logger: c.Logger,
	})
	if err != nil {
		return nil, err // not src: a nil pointer in an interface is not nil
	}
	return src, nil
}
