package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// recoverySheet writes the recovery key into a file of its own.
func recoverySheet(t *testing.T, env map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sheet")
	if err := os.WriteFile(path, []byte(succeed(t, env, "key", "show-recovery")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// stored opens the data in the directory with the key there, and closes them after fn.
func stored(t *testing.T, dir string, fn func(*boltstore.Store) error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	ring := newKeyring(config{dataDir: dir}, func(string) string { return "" }, log)
	s, err := boltstore.Open(boltstore.Config{Dir: dir, Keys: ring, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(fn(s), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// After a change of the recovery key, only the own key opens the data and only the
// old sheet the backup. What was sent in between is not sent again.
func TestRestorationWithAnOldSheetRepeatsNoMessage(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	sheet, dir := recoverySheet(t, env), env["CZVM_DATA_DIR"]
	jana := account.OfUser("0000000000000000000000000001")
	ref, err := visa.Parse("ZZZZ202601059001")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, dir, func(s *boltstore.Store) error {
		id := watch.NewID(time.Now())
		err := errors.Join(
			s.AddChannel(t.Context(), alert.Channel{ID: "phone", Owner: jana}),
			s.Add(t.Context(), watch.Application{ID: id, Reference: ref, Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}}),
		)
		_, err2 := s.Record(t.Context(), id, func(a watch.Application) watch.Decision {
			return watch.Decision{State: a.State, Watchers: a.Watchers, Letters: []watch.Letter{{
				Channels: []string{"phone"}, Notification: alert.Notification{Kind: alert.StatusChanged, ApplicationID: string(a.ID)},
			}}}
		})
		return errors.Join(err, err2)
	})
	name := strings.Fields(succeed(t, env, "backup", "create"))[0]
	waiting := func(s *boltstore.Store) []alert.Delivery {
		t.Helper()
		due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
		if err != nil {
			t.Fatal(err)
		}
		return due
	}
	stored(t, dir, func(s *boltstore.Store) error {
		due := waiting(s)
		if len(due) != 1 {
			return fmt.Errorf("%d messages wait", len(due))
		}
		due[0].State, due[0].SettledAt = alert.Delivered, time.Now()
		return s.Settle(t.Context(), due[0])
	})
	succeed(t, env, "key", "rotate", "--recovery")
	out := succeed(t, env, "backup", "restore", name, "--key", sheet)
	if !strings.Contains(out, "1 message") || strings.Contains(out, "cannot be read") {
		t.Errorf("it printed %s", out)
	}
	stored(t, dir, func(s *boltstore.Store) error {
		if due := waiting(s); len(due) != 0 {
			t.Errorf("%d messages are sent again", len(due))
		}
		return nil
	})
	trail := succeed(t, env, "audit", "export")
	if want := `"action":"backup.restored","kind":"backup","object":"` + name + `"`; !strings.Contains(trail, want) {
		t.Errorf("the audit trail does not name the backup: %s", trail)
	}
}

// The recovery key must not be the appliance's own as well. That is found out
// before anything is replaced.
func TestRestorationForTheRecoveryKeyItselfIsRefusedInTime(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	name := strings.Fields(succeed(t, env, "backup", "create"))[0]
	sheet, data := recoverySheet(t, env), filepath.Join(env["CZVM_DATA_DIR"], boltstore.FileName)
	env["CZVM_KEY_FILE"] = sheet
	code, out, errs := command(t, env, "backup", "restore", name, "--key", filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName))
	if code == exitOK || out != "" || !strings.Contains(errs, "the recovery key must be another one") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if left, err := filepath.Glob(data + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	delete(env, "CZVM_KEY_FILE")
	trail := succeed(t, env, "audit", "export")
	if !strings.Contains(trail, `"action":"backup.refused"`) || strings.Contains(trail, `"action":"backup.restored"`) {
		t.Errorf("the audit trail: %s", trail)
	}
}
