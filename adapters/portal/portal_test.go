package portal_test

import (
	"log/slog"
	"testing"

	"cz-visa-monitor/adapters/portal"
)

func TestEveryPortalOpensWithItsDefaults(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, kind := range portal.All() {
		if kind.Name == "" || names[kind.Name] {
			t.Errorf("the name %q is empty or there twice", kind.Name)
		}
		names[kind.Name] = true
		src, err := kind.Open(portal.Config{URL: kind.DefaultURL, Logger: slog.New(slog.DiscardHandler)})
		if err != nil || src == nil {
			t.Errorf("%s: %v, %v", kind.Name, src, err)
		}
		if src, err := kind.Open(portal.Config{URL: "nowhere"}); err == nil || src != nil {
			t.Errorf("%s takes a bad address: %v, %v", kind.Name, src, err)
		}
	}
}
