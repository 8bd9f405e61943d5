// Package sourcetest is the conformance suite that every watch.Source for the
// Ministry's form must pass. It plays the scenarios of the replica, except S22,
// which ends the browser and so is for the source's own tests. It holds the
// source to the promise: an answer only when it is proven to be about the
// reference, no guessed status, a fitting failure code for everything else, one
// question a check, and no reference in any error.
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Factory makes the source under test, which asks the form at portalURL. What
// the source holds is released by t.Cleanup. The suite makes many sources, one
// after the other, so they had better share one browser.
type Factory func(t testing.TB, portalURL string) watch.Source

// patience bounds a check that must bring a result, however slow the machine.
const patience = 30 * time.Second

// TestSource runs the suite.
func TestSource(t *testing.T, build Factory) {
	t.Run("answers", func(t *testing.T) { testAnswers(t, build) })
	t.Run("wording", func(t *testing.T) { testWording(t, build) })
	t.Run("questions", func(t *testing.T) { testQuestions(t, build) })
	t.Run("pages", func(t *testing.T) { testPages(t, build) })
	t.Run("order", func(t *testing.T) { testOrder(t, build) })
	t.Run("concurrency", func(t *testing.T) { testConcurrency(t, build) })
	t.Run("end of context", func(t *testing.T) { testContext(t, build) })
}

// NewReplica starts a replica that is closed at the end of the test and fails
// the test if anybody sent a request that the page would not send. Its form
// appears at once and answers after 20 ms, unless cfg says otherwise, and its
// dropdown offers the years 2023 to 2026.
func NewReplica(t testing.TB, cfg portaltest.Config) *portaltest.Server {
	t.Helper()
	if cfg.Page.FormDelay == 0 {
		cfg.Page.FormDelay = -1
	}
	if cfg.Latency == 0 {
		cfg.Latency = 20 * time.Millisecond
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) }
	}
	srv, err := portaltest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Close()
		for _, problem := range srv.Problems() {
			t.Errorf("the portal was sent something it does not expect: %s", problem)
		}
	})
	return srv
}

// zovNumber and oamNumber make synthetic references.
func zovNumber(serial int) string { return fmt.Sprintf("ZZZZ20250814%d", 9000+serial) }
func oamNumber(serial int) string { return fmt.Sprintf("OAM-%d/DP-2025", 90000+serial) }

func reference(t testing.TB, number string) visa.Reference {
	t.Helper()
	ref, err := visa.Parse(number)
	if err != nil {
		t.Errorf("parse the synthetic number %s: %v", number, err)
	}
	return ref
}

// check asks about a number once, and holds whatever comes back to what is true
// of every result and every failure.
// It may be called from any goroutine of the test.
func check(t testing.TB, src watch.Source, number string, limit time.Duration) (watch.Result, *watch.Failure) {
	t.Helper()
	ref := reference(t, number)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	got, err := src.Check(ctx, ref)
	if over := time.Since(began) - limit; over > 3*time.Second {
		t.Errorf("Check came back %v after the end of its context", over.Round(time.Millisecond))
	}
	if err == nil {
		sound(t, got, ref)
		return got, nil
	}
	if got != (watch.Result{}) {
		t.Errorf("a failure came with the result %+v", got)
	}
	f := failure(t, err, ref)
	return watch.Result{}, &f
}

// sound finds what no result may have.
func sound(t testing.TB, got watch.Result, ref visa.Reference) {
	t.Helper()
	if !got.Status.Valid() {
		t.Errorf("status %q is none of the known ones", got.Status)
	}
	if len(got.Text) > watch.MaxText || !utf8.ValidString(got.Text) {
		t.Errorf("the text has %d bytes, or is no UTF-8", len(got.Text))
	}
	if got.Text == "" {
		t.Error("the text is empty")
	}
	if !strings.Contains(got.Text, ref.Identity()) {
		t.Errorf("the result about %s has the text %.200q", ref, got.Text)
	}
	for _, trace := range []string{"<b>", "<script", "replicaTrap", "alert__content"} {
		if strings.Contains(got.Text, trace) {
			t.Errorf("the text is not plain, it has %q", trace)
		}
	}
}

// failure reads a *watch.Failure, and finds what no error may have.
func failure(t testing.TB, err error, ref visa.Reference) watch.Failure {
	t.Helper()
	var f *watch.Failure
	if !errors.As(err, &f) {
		t.Errorf("the error is a %T, not a *watch.Failure: %v", err, err)
		return watch.Failure{Err: err}
	}
	if f.Detail == "" {
		t.Errorf("the failure %s says nothing to the operator", f.Code)
	}
	secrets := []string{ref.String(), ref.Identity()}
	if q := ref.Query(); q.Number != "" {
		secrets = append(secrets, q.Number)
	}
	cause := fmt.Sprint(err, f.Detail, f.Err)
	for _, secret := range secrets {
		if strings.Contains(strings.ToUpper(cause), secret) {
			t.Errorf("the error holds the reference: %s", cause)
		}
	}
	return *f
}

// wantStatus asks and wants a result with one of the statuses.
func wantStatus(t testing.TB, src watch.Source, number string, want ...visa.Status) watch.Result {
	t.Helper()
	got, f := check(t, src, number, patience)
	if f != nil {
		t.Errorf("check of %s failed: %v (%v)", number, f, f.Err)
		return got
	}
	for _, status := range want {
		if got.Status == status {
			return got
		}
	}
	t.Errorf("status of %s = %s, want %v; text %.300q", number, got.Status, want, got.Text)
	return got
}

// wantFailure asks and wants a failure with one of the codes.
func wantFailure(t testing.TB, src watch.Source, number string, limit time.Duration, want ...watch.FailureCode) watch.Failure {
	t.Helper()
	got, f := check(t, src, number, limit)
	if f == nil {
		t.Errorf("status of %s = %s, want a failure %v", number, got.Status, want)
		return watch.Failure{}
	}
	for _, code := range want {
		if f.Code == code {
			return *f
		}
	}
	t.Errorf("failure of %s = %v (%v), want %v", number, f, f.Err, want)
	return *f
}
