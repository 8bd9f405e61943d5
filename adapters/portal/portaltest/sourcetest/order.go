package sourcetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/visa"
)

// testOrder asks several numbers one after the other, as on one reused page: the
// same number twice with the same answer, the same number with a new answer,
// both kinds in turn, and what is left in the form from the number before (S8, S19).
func testOrder(t *testing.T, build Factory) {
	srv := NewReplica(t, portaltest.Config{})
	src := build(t, srv.PageURL("en"))
	srv.Script(zovNumber(1),
		portaltest.Answer{Outcome: portaltest.InProgress},
		portaltest.Answer{Outcome: portaltest.InProgress},
		portaltest.Answer{Outcome: portaltest.Granted},
		portaltest.Answer{Outcome: portaltest.InProgress})
	srv.Script(oamNumber(1), portaltest.Answer{Outcome: portaltest.Refused})
	srv.Script("OAM-90001/TP-2023", portaltest.Answer{Outcome: portaltest.Suspended})
	srv.Script("OAM-9000/DP-2025", portaltest.Answer{Outcome: portaltest.PreliminarilyPositive})
	steps := []struct {
		number string
		want   visa.Status
	}{
		{zovNumber(1), visa.InProgress},
		{zovNumber(1), visa.InProgress},
		{zovNumber(1), visa.Granted},
		{oamNumber(1), visa.Refused},
		{oamNumber(1), visa.Refused},
		{"OAM-90001-6/DP-2025", visa.Refused},
		{"OAM-90001/TP-2023", visa.Suspended},
		{"OAM-9000/DP-2025", visa.PreliminarilyPositive},
		{zovNumber(1), visa.InProgress},
		{zovNumber(2), visa.NotFound},
		{zovNumber(2), visa.NotFound},
		{oamNumber(1), visa.Refused},
	}
	for i, step := range steps {
		t.Run(fmt.Sprintf("%d %s", i+1, step.want), func(t *testing.T) {
			before := srv.Asked(step.number)
			wantStatus(t, src, step.number, step.want)
			if asked := srv.Asked(step.number) - before; asked != 1 {
				t.Errorf("the portal was asked %d times, want once", asked)
			}
		})
	}
}

// testConcurrency asks from several goroutines at once and finds that no answer
// went to another number.
func testConcurrency(t *testing.T, build Factory) {
	srv := NewReplica(t, portaltest.Config{})
	src := build(t, srv.PageURL("en"))
	outcomes := map[portaltest.Outcome]visa.Status{
		portaltest.InProgress: visa.InProgress,
		portaltest.Refused:    visa.Refused,
		portaltest.Granted:    visa.Granted,
	}
	var askers sync.WaitGroup
	serial := 0
	for outcome, want := range outcomes {
		serial++
		mine := []string{zovNumber(serial), oamNumber(serial), zovNumber(serial + 10)}
		for _, number := range mine {
			srv.Script(number, portaltest.Answer{Outcome: outcome})
		}
		askers.Go(func() {
			for _, number := range mine {
				wantStatus(t, src, number, want)
			}
		})
	}
	askers.Wait()
}

// testContext finds that a check ends soon after its context, whatever it waits
// for, and that the source works afterwards.
func testContext(t *testing.T, build Factory) {
	tests := []struct {
		name   string
		page   portaltest.Page
		answer portaltest.Answer
	}{
		{"while the form is awaited", portaltest.Page{FormDelay: time.Hour}, portaltest.Answer{}},
		{"while the answer is awaited", portaltest.Page{FormDelay: -1}, portaltest.Answer{Delay: portaltest.Forever}},
		{"while the alert is awaited", portaltest.Page{FormDelay: -1}, portaltest.Answer{StaleFor: portaltest.Forever}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := NewReplica(t, portaltest.Config{Page: tt.page, Default: tt.answer})
			src := build(t, srv.PageURL("en"))
			ref := reference(t, zovNumber(1))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var cancelled time.Time
			timer := time.AfterFunc(time.Second, func() {
				cancelled = time.Now()
				cancel()
			})
			got, err := src.Check(ctx, ref)
			if !timer.Stop() {
				<-ctx.Done()
				if late := time.Since(cancelled); late > 2*time.Second {
					t.Errorf("Check came back %v after its context", late.Round(time.Millisecond))
				}
			}
			if err == nil {
				t.Fatalf("status = %s, want a failure", got.Status)
			}
			failure(t, err, ref)

			srv.SetPage(portaltest.Page{FormDelay: -1})
			srv.Script(zovNumber(2), portaltest.Answer{Outcome: portaltest.InProgress})
			wantStatus(t, src, zovNumber(2), visa.InProgress)
		})
	}
}
