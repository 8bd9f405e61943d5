package watch

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/visa"
)

func TestCheckLogKeepsTheLast(t *testing.T) {
	t.Parallel()
	var l CheckLog
	var want []Check
	start := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	for n := range 3 * KeptChecks {
		c := Check{At: start.Add(time.Duration(n) * time.Hour), Took: time.Duration(n) * time.Second, Status: visa.InProgress}
		if n%3 == 0 {
			c.Status, c.Failure = "", NotOffered
		}
		want, l = append(want, c), l.With(c)
		if n < KeptChecks-1 && len(l.Checks()) != n+1 {
			t.Fatalf("%d checks after %d", len(l.Checks()), n+1)
		}
	}
	want = want[2*KeptChecks:]
	slices.Reverse(want)
	if diff := cmp.Diff(want, l.Checks()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := l.With(Check{}); got != l {
		t.Error("no check was added as one")
	}
	if len(l) > KeptChecks*30 {
		t.Errorf("a full log takes %d bytes", len(l))
	}
}

// FuzzCheckLog holds that whatever stands there can be read and gone on with.
func FuzzCheckLog(f *testing.F) {
	f.Add("mk0y1c00 1sa in_progress;mk0y1c01 1sb !timeout")
	f.Add("")
	f.Add(";; 1 2;x y z;1 1 birds;1 1 !")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range CheckLog(text).Checks() {
			if (c.Status == "") == (c.Failure == "") || c.Status != "" && !c.Status.Valid() {
				t.Errorf("%q is read as %+v", text, c)
			}
		}
		c := Check{At: time.UnixMilli(1_767_600_000_123).UTC(), Took: time.Second, Failure: Timeout}
		l := CheckLog(text).With(c)
		if got := l.Checks(); len(got) == 0 || got[0] != c {
			t.Errorf("%q with one more is %q", text, l)
		}
	})
}

// A check is kept whatever it brought, and shown to those who watched then.
func TestChecksAreShownFromTheFirstDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript(t, visa.InProgress)
		r := startRig(t, newMemory(), source, unpaced(), 1)
		a := r.add(t, 1)
		time.Sleep(3 * time.Hour)
		if _, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: petr, Paused: true}); err != nil {
			t.Fatal(err)
		}
		source.fails(&Failure{Code: Timeout})
		time.Sleep(2 * time.Hour)
		got := r.store.snapshot()[a.ID]
		all := got.Checks.Checks()
		if len(all) < 4 || all[0].Failure != Timeout || all[len(all)-1].Status != visa.InProgress || all[0].At.Before(all[1].At) {
			t.Fatalf("%+v", all)
		}
		if shown := got.Watcher(jana).ShownChecks(all); len(shown) != len(all) {
			t.Errorf("%d of %d are shown to the first watcher", len(shown), len(all))
		}
		newcomer := got.Watcher(petr)
		shown := newcomer.ShownChecks(all)
		if len(shown) == 0 || len(shown) == len(all) {
			t.Errorf("%d of %d are shown to the newcomer", len(shown), len(all))
		}
		for _, c := range shown {
			if c.At.Before(newcomer.AddedAt) || c.Status != "" {
				t.Errorf("the newcomer is shown %+v", c)
			}
		}
	})
}
