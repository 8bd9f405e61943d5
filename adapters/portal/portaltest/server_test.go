package portaltest_test

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/portal/portaltest"
)

// TestClose ends a question that would never be answered (S11).
func TestClose(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{Default: portaltest.Answer{Delay: portaltest.Forever}})
	done := make(chan error)
	go func() {
		resp, err := http.Post(srv.URL+question, "application/json", strings.NewReader(token))
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	for srv.Asked(zov) == 0 {
		select {
		case err := <-done:
			t.Fatalf("answered: %v", err)
		default:
		}
	}
	srv.Close()
	if err := <-done; err == nil {
		t.Error("a question that is never answered was answered")
	}
	if status := srv.Requests()[0].Status; status != 0 {
		t.Errorf("status of the question = %d", status)
	}
	srv.Close() // again, as the cleanup does
}

// TestNoTesting keeps the package testing out of programs that embed the replica.
func TestNoTesting(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "net/http") || slices.Contains(deps, "testing") {
		t.Errorf("the replica links %d packages, and testing among them", len(deps))
	}
}
