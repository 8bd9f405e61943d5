package watch

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

// ofJana is what she may change.
func ofJana(a Application) (account.Owner, error) {
	if a.Watcher(jana) == nil {
		return "", ErrNotFound
	}
	return jana, nil
}

func TestEditMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 2)
		var ids []ID
		for n := range editBatch + 3 {
			ids = append(ids, r.add(t, 1+n).ID)
		}
		his, err := r.Add(t.Context(), reference(t, 9999), Watcher{Owner: petr})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Hour)
		no := errors.New("no")
		asked := append([]ID{"nobody", his.ID, ids[0]}, ids...) // One of them twice.
		edited := 0
		done, err := r.EditMany(t.Context(), asked, ofJana, func(w *Watcher) error {
			if edited++; edited == 1 {
				return no
			}
			w.Paused = true
			return nil
		})
		if err != nil || len(done) != len(ids)+2 {
			t.Fatalf("%d outcomes, %v", len(done), err)
		}
		if edited != len(ids) {
			t.Errorf("%d were edited", edited)
		}
		for i, want := range map[int]error{0: ErrNotFound, 1: ErrNotFound, 2: no, 3: nil} {
			if !errors.Is(done[i].Err, want) || done[i].ID != asked[i] && i < 3 {
				t.Errorf("outcome %d: %+v, want %v", i, done[i], want)
			}
		}
		if got := r.Status().Queued; got != 2 {
			t.Errorf("%d are still to be checked", got)
		}
		done, err = r.EditMany(t.Context(), ids, ofJana, func(w *Watcher) error { w.Archived, w.Paused = true, false; return nil })
		if err != nil || len(done) != len(ids) || r.Status().Queued != 1 {
			t.Errorf("archived: %d outcomes, %d queued, %v", len(done), r.Status().Queued, err)
		}
		r.store.breakWrites(errDiskFull)
		done, err = r.EditMany(t.Context(), ids[:1], ofJana, func(w *Watcher) error { w.Archived = false; return nil })
		if err == nil && done[0].Err == nil {
			t.Error("a full disk was not noticed")
		}
		r.store.breakWrites(nil)
	})
}

func TestSeenManyAndCheckManyNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a, b := r.add(t, 1), r.add(t, 2)
		his, err := r.Add(t.Context(), reference(t, 3), Watcher{Owner: petr})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		ids := []ID{a.ID, b.ID, his.ID}
		if _, err := r.SeenMany(t.Context(), ids, ofJana, "u"); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[ID]bool{a.ID: false, b.ID: false, his.ID: true} {
			if got := r.store.snapshot()[id]; got.Unread("u") != want {
				t.Errorf("unread: %t, want %t", !want, want)
			}
		}
		for n := range 4 {
			before := r.source.calls()
			done, err := r.CheckManyNow(t.Context(), ids, ofJana)
			if err != nil || !errors.Is(done[2].Err, ErrNotFound) {
				t.Fatalf("%+v, %v", done, err)
			}
			time.Sleep(time.Minute)
			_, used := errors.AsType[*QuotaError](done[0].Err)
			if got := r.source.calls() - before; n < 3 && got != 2 || n == 3 && (got != 0 || !used) {
				t.Errorf("wish %d: %d checks, %v", n, got, done[0].Err)
			}
		}
	})
}

// What is archived rests like what is paused, and goes on where it was.
func TestWatcherArchived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRig(t, newMemory(), newScript(t, visa.InProgress), unpaced(), 1)
		a, err := r.Add(t.Context(), reference(t, 1), Watcher{Owner: jana, Label: "J"})
		if err != nil {
			t.Fatal(err)
		}
		archive := func(is bool) {
			t.Helper()
			if _, err := r.Edit(t.Context(), a.ID, jana, func(w *Watcher) error { w.Archived = is; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		r.expect(t, "first answer", "J: first_answer >in_progress")
		archive(true)
		before := r.source.calls()
		r.source.says(visa.Suspended)
		time.Sleep(2 * day)
		r.expect(t, "archived")
		if got := r.source.calls() - before; got != 0 {
			t.Errorf("%d checks of what is archived", got)
		}
		archive(false)
		time.Sleep(time.Minute)
		r.expect(t, "back again", "J: status_changed in_progress>suspended")
	})
}
