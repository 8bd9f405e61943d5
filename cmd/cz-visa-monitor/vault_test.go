package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/adapters/shout/shouttest"
)

// noneOf fails for every secret that can be read in the files of a data
// directory: as they are, and the backups without their outer sealing too. The
// key is what must not lie there in a real house.
func noneOf(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	id, err := agebox.KeyFile{Path: filepath.Join(dir, agebox.KeyFileName)}.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	look := func(name string, content []byte) {
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}
	backups := 0
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == agebox.KeyFileName {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		look(d.Name(), content)
		if !strings.HasSuffix(path, ".bak") {
			return nil
		}
		backups++
		plain, err := id.Decrypt(bytes.NewReader(content))
		if err != nil {
			return err
		}
		inner, err := io.ReadAll(plain)
		look(d.Name()+" inside", inner)
		return err
	})
	if err != nil || backups == 0 {
		t.Errorf("looked into %d backups, %v", backups, err)
	}
}

// listing is what there is to know about an appliance that has to survive.
type listing struct {
	Applications []application
	History      map[string]string
	Waiting      []string
}

// list reads all of it.
func (a api) list(t *testing.T) listing {
	t.Helper()
	l := listing{History: map[string]string{}}
	a.must(a.get("/api/v1/applications?limit=500", &l))
	for i := range l.Applications {
		app := &l.Applications[i]
		var h struct {
			Entries []struct{ Kind, From, To string }
		}
		a.must(a.get("/api/v1/applications/"+app.ID+"/history", &h))
		l.History[app.ID] = fmt.Sprint(h.Entries)
		app.AnsweredAt = app.AnsweredAt.Truncate(0)
	}
	var d struct{ Deliveries []struct{ ID string } }
	a.must(a.get("/api/v1/deliveries?state=waiting", &d))
	for _, one := range d.Deliveries {
		l.Waiting = append(l.Waiting, one.ID)
	}
	return l
}

// still hides what a check moves without a change.
func still(l listing) listing {
	for i := range l.Applications {
		l.Applications[i].AnsweredAt = l.Applications[i].AnsweredAt.UTC().AddDate(-9999, 0, 0)
		l.Applications[i].AnsweredAt = l.Applications[0].AnsweredAt
	}
	return l
}

// TestRestoreDrill: story → backup → the store is destroyed → restore → same
// statuses, history, outbox; a message that was due at the time of the backup is
// delivered once.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	srv := startReplica(t, quick())
	env := settingsFor(t, srv.PageURL("en"), freeAddress(t))
	env["CZVM_INTERVAL"], env["CZVM_MIN_INTERVAL"] = "1h", "1h" // What is told stays as it is.
	s := serve(t, env)
	phone := shouttest.NewWebhook(shouttest.WebhookConfig{})
	hook := httptest.NewServer(phone)
	t.Cleanup(hook.Close)
	id := s.addChannel("webhook", "full", true, map[string]string{"url": hook.URL})
	srv.SetDefault(portaltest.Answer{Outcome: portaltest.InProgress})
	told := s.addApplication("ZZZZ202601059001", "told before", id)
	s.becomes(told.ID, "the first answer", func(a application) bool { return a.Status == "in_progress" })
	eventually(t, "it is told", func() error {
		if n := len(phone.Messages()); n != 1 {
			return fmt.Errorf("%d messages", n)
		}
		return s.outboxEmpty()
	})
	phone.Break(shouttest.Answer(http.StatusServiceUnavailable, "not now"))
	due := s.addApplication("OAM-90001-2/DP-2025", "told after", id)
	s.becomes(due.ID, "the second answer", func(a application) bool { return a.Status == "in_progress" })
	name := strings.Fields(succeed(t, env, "backup", "create"))[0]
	want := s.list(t)
	if len(want.Waiting) != 1 || len(want.Applications) != 2 {
		t.Fatalf("before: %+v", want)
	}
	s.stop()

	path := filepath.Join(env["CZVM_DATA_DIR"], boltstore.FileName)
	rubbish := bytes.Repeat([]byte("destroyed "), 5000)
	if err := os.WriteFile(path, rubbish, 0o600); err != nil {
		t.Fatal(err)
	}
	s = start(t, env, s.token)
	var page string
	eventually(t, "the appliance says what is wrong", func() (err error) {
		page, err = s.text("/")
		return err
	})
	for _, words := range []string{"The data file is damaged", name, "cz-visa-monitor backup restore " + name} {
		if !strings.Contains(page, words) {
			t.Errorf("the page does not say %q:\n%s", words, page)
		}
	}
	if err := s.get("/readyz", nil); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("readyz: %v", err)
	}
	if err := s.get("/healthz", nil); err != nil {
		t.Errorf("healthz: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, rubbish) {
		t.Errorf("the damaged file was touched: %v", err)
	}
	phone.Break(nil)
	out := succeed(t, env, "backup", "restore", name)
	kept := regexp.MustCompile(`kept as (\S+);`).FindStringSubmatch(out)
	if kept == nil {
		t.Fatalf("it printed %s", out)
	}
	if after, err := os.ReadFile(kept[1]); err != nil || !bytes.Equal(after, rubbish) {
		t.Errorf("what was there is not kept: %v", err)
	}
	eventually(t, "the appliance goes on by itself", func() error { return s.get("/readyz", nil) })
	if code, _, errs := command(t, env, "backup", "restore", name); code == exitOK || !strings.Contains(errs, "another cz-visa-monitor") {
		t.Errorf("restored under the feet of the server: %d %s", code, errs)
	}
	if trail := succeed(t, env, "audit", "export"); !strings.Contains(trail, `"action":"backup.refused","kind":"backup","detail":"running"`) {
		t.Errorf("the audit trail does not tell of it: %s", trail)
	}
	eventually(t, "what was due is delivered", func() error {
		if n := len(phone.Messages()); n != 2 {
			return fmt.Errorf("%d messages", n)
		}
		return s.outboxEmpty()
	})
	got := s.list(t)
	want.Waiting = nil
	if diff := cmp.Diff(still(want), still(got)); diff != "" {
		t.Errorf("-before +restored\n%s", diff)
	}
	s.stop()
	same(t, "phone", []string{"Watching works: told before – In progress", "Watching works: told after – In progress"}, titles(phone.Messages()))
	if out := succeed(t, env, "audit", "verify"); !strings.Contains(out, "is whole") {
		t.Errorf("the audit trail: %s", out)
	}
}

// defect D2: unreadable data were replaced by nothing, and the backup by that.
// Here a data file that is gone is not taken for a new appliance.
func TestMissingStoreIsNotReplacedByAnEmptyOne(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	token := newToken(t, env)
	succeed(t, env, "backup", "create")
	path := filepath.Join(env["CZVM_DATA_DIR"], boltstore.FileName)
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, env, "user", "list"); code == exitOK || !strings.Contains(errs, "backup restore") {
		t.Errorf("a command makes a new store: %d %s", code, errs)
	}
	s := start(t, env, token)
	eventually(t, "it waits", func() error {
		if err := s.get("/readyz", nil); err == nil || !strings.Contains(err.Error(), "gone") {
			return fmt.Errorf("readyz: %w", err)
		}
		return nil
	})
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new store was begun: %v", err)
	}
	if err := os.Rename(path+".moved", path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it goes on", func() error { return s.get("/readyz", nil) })
	s.must(s.get("/api/v1/applications", nil))
}

// A wrong or missing key: the appliance starts locked, says so, checks nothing,
// destroys nothing.
func TestLockedWithoutTheKey(t *testing.T) {
	t.Parallel()
	srv := startReplica(t, quick())
	srv.SetDefault(portaltest.Answer{Outcome: portaltest.InProgress})
	env := settingsFor(t, srv.PageURL("en"), freeAddress(t))
	s := serve(t, env)
	app := s.addApplication("ZZZZ202601059001", "one")
	s.becomes(app.ID, "an answer", func(a application) bool { return a.Status != "" })
	s.stop()
	dir := env["CZVM_DATA_DIR"]
	key, store := filepath.Join(dir, agebox.KeyFileName), filepath.Join(dir, boltstore.FileName)
	before, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	other, err := agebox.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, says, waited string
		spoil              func() error
	}{
		{"missing", "Its key is missing", "locked_missing", func() error { return nil }},
		{"another one", "is not the one the data was sealed with", "locked_wrong", func() error { return agebox.KeyFile{Path: key}.Write(other, nil) }},
		{"readable by others", "can be read by others", "locked_exposed", func() error { return errors.Join(copyFile(key+".away", key), os.Chmod(key, 0o644)) }},
		{"rubbish", "cannot be read", "locked_bad", func() error { return os.WriteFile(key, []byte("rubbish"), 0o600) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.Rename(key, key+".away"); err != nil {
				t.Fatal(err)
			}
			if err := tt.spoil(); err != nil {
				t.Fatal(err)
			}
			asked := srv.Asked("ZZZZ202601059001")
			s := start(t, env, s.token)
			eventually(t, "it says that it is locked", func() error {
				err := s.get("/readyz", nil)
				if err == nil || !strings.Contains(err.Error(), `"locked"`) {
					return fmt.Errorf("readyz: %w", err)
				}
				return nil
			})
			page, err := s.text("/")
			if err != nil || !strings.Contains(page, tt.says) {
				t.Errorf("the page does not say %q: %v\n%s", tt.says, err, page)
			}
			if err := s.get("/api/v1/applications", nil); err == nil || !strings.Contains(err.Error(), "503") {
				t.Errorf("the API answers %v", err)
			}
			if code, _, errs := command(t, env, "user", "list"); code == exitOK || !strings.Contains(errs, "locked") {
				t.Errorf("a command: %d %s", code, errs)
			}
			if err := errors.Join(ignoreMissing(os.Remove(key)), os.Rename(key+".away", key)); err != nil {
				t.Fatal(err)
			}
			if n := srv.Asked("ZZZZ202601059001"); n != asked {
				t.Errorf("%d checks while locked", n-asked)
			}
			if after, err := os.ReadFile(store); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the store was touched while locked: %v", err)
			}
			eventually(t, "it unlocks itself when the key is back", func() error { return s.get("/readyz", nil) })
			if trail := succeed(t, env, "audit", "export"); !strings.Contains(trail, `"action":"appliance.waited","detail":"`+tt.waited) {
				t.Errorf("the audit trail does not tell that it waited for %s: %s", tt.waited, trail)
			}
			s.stop()
			if before, err = os.ReadFile(store); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	return errors.Join(err, os.WriteFile(to, content, 0o600))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
