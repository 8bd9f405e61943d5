package czmoi

import (
	"testing"

	"cz-visa-monitor/adapters/portal/portaltest/sourcetest"
	"cz-visa-monitor/app/watch"
)

// TestSource runs the suite that every source for the form must pass; it plays
// S1–S24.
func TestSource(t *testing.T) {
	b := newBrowser(t, 2)
	sourcetest.TestSource(t, func(t testing.TB, portalURL string) watch.Source {
		return newSource(t, b, portalURL, nil)
	})
}
