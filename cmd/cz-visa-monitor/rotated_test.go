package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
)

// A rotation is cut short when the store is sealed for the new key and the key file
// is still the old one. Each has a passphrase of its own, or none: the new one opens
// everything, and the old one, which somebody may try first, does no harm.
func TestRotationCutShortBetweenPassphrases(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, before, after string }{
		{"from one to another", "the first one", "the second one"},
		{"from none to one", "", "the second one"},
		{"from one to none", "the first one", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
			newToken(t, env)
			if code, _, errs := commandWith(t, env, "\n"+tc.before+"\n", "key", "change-passphrase"); code != exitOK {
				t.Fatal(errs)
			}
			key := filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)
			old, err := os.ReadFile(key)
			if err != nil {
				t.Fatal(err)
			}
			opened := tc.before + "\n"
			if tc.before == "" {
				opened = ""
			}
			if code, _, errs := commandWith(t, env, tc.before+"\n"+tc.after+"\n"+opened, "key", "rotate", "--passphrase"); code != exitOK {
				t.Fatal(errs)
			}
			if err := os.Rename(key, key+".new"); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(key, old, 0o600); err != nil {
				t.Fatal(err)
			}
			if tc.before != "" && tc.after != "" {
				if code, _, errs := commandWith(t, env, tc.before+"\n", "user", "list"); code == exitOK || !strings.Contains(errs, "passphrase") {
					t.Errorf("the old passphrase opens the new key: %d %s", code, errs)
				}
			}
			code, out, errs := commandWith(t, env, tc.after+"\n", "user", "list")
			if code != exitOK || !strings.Contains(out, "tester") {
				t.Errorf("with the new passphrase: %d %s", code, errs)
			}
			if _, err := os.Stat(key + ".new"); err == nil {
				t.Error("the rotation was not brought to its end")
			}
		})
	}
}

// A rotation was cut short, and only one of the two key files has a passphrase: a
// wrong one is called wrong, and the right one opens the data.
func TestWrongPassphraseAfterARotationCutShort(t *testing.T) {
	t.Parallel()
	const passphrase = "Quetzalcoatl flies at noon"
	for _, tc := range []struct {
		name string
		cut  func(t *testing.T, env map[string]string, key string)
	}{
		{"from none to one, after the data was sealed", func(t *testing.T, env map[string]string, key string) {
			old, err := os.ReadFile(key)
			if err != nil {
				t.Fatal(err)
			}
			if code, _, errs := commandWith(t, env, "\n"+passphrase+"\n", "key", "rotate", "--passphrase"); code != exitOK {
				t.Fatal(errs)
			}
			if err := errors.Join(os.Rename(key, key+".new"), os.WriteFile(key, old, 0o600)); err != nil {
				t.Fatal(err)
			}
		}},
		{"from one to none, before it", func(t *testing.T, env map[string]string, key string) {
			if code, _, errs := commandWith(t, env, "\n"+passphrase+"\n", "key", "change-passphrase"); code != exitOK {
				t.Fatal(errs)
			}
			next, err := agebox.Generate()
			if err == nil {
				err = agebox.KeyFile{Path: key}.Stage(next, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
			token := newToken(t, env)
			tc.cut(t, env, filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName))
			s := start(t, env, token)
			eventually(t, "it is locked", func() error {
				if err := s.get("/readyz", nil); err == nil || !strings.Contains(err.Error(), "locked") {
					return fmt.Errorf("readyz: %w", err)
				}
				return nil
			})
			if code := s.unlock("rubbish"); code != http.StatusForbidden {
				t.Errorf("a wrong passphrase answers %d", code)
			}
			if code, _, errs := commandWith(t, env, "rubbish\n", "key", "unlock"); code == exitOK || !strings.Contains(errs, "passphrase is wrong") {
				t.Errorf("a wrong passphrase by command: %d %s", code, errs)
			}
			if code := s.unlock(passphrase); code != http.StatusOK {
				t.Errorf("the right passphrase answers %d", code)
			}
			eventually(t, "it is at work", func() error { return s.get("/readyz", nil) })
		})
	}
}

// unlock gives a passphrase on the page, and returns the status of the answer.
func (s *served) unlock(passphrase string) int {
	s.t.Helper()
	resp, err := s.request(http.MethodPost, "/unlock", url.Values{"passphrase": {passphrase}})
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// The data is lost after a rotation: the newest backup is one for the new key, and
// those from before are good, too.
func TestBackupsAfterARotation(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	succeed(t, env, "backup", "create")
	succeed(t, env, "key", "rotate")
	if out := succeed(t, env, "backup", "verify"); strings.Count(out, " is good.") < 2 {
		t.Errorf("backups are not all good: %s", out)
	}
	if err := os.Remove(filepath.Join(env["CZVM_DATA_DIR"], boltstore.FileName)); err != nil {
		t.Fatal(err)
	}
	succeed(t, env, "backup", "restore")
	if out := succeed(t, env, "user", "list"); !strings.Contains(out, "tester") {
		t.Errorf("what came back is %s", out)
	}
}

// A backup for another key is put in place only when the own key is at hand: after
// it, nothing but the own key opens the data.
func TestRestoreAsksForTheOwnKeyFirst(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	sheet := filepath.Join(t.TempDir(), "sheet")
	if err := os.WriteFile(sheet, []byte(strings.ToLower(succeed(t, env, "key", "show-recovery"))), 0o600); err != nil {
		t.Fatal(err)
	}
	name := strings.Fields(succeed(t, env, "backup", "create"))[0]
	if code, _, errs := commandWith(t, env, "\nforgotten\n", "key", "change-passphrase"); code != exitOK {
		t.Fatal(errs)
	}
	data := filepath.Join(env["CZVM_DATA_DIR"], boltstore.FileName)
	before, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, errs := commandWith(t, env, "not it\n", "backup", "restore", name, "--key", sheet); code == exitOK || !strings.Contains(errs, "passphrase") {
		t.Errorf("restored without the own key: %d %s", code, errs)
	}
	after, err := os.ReadFile(data)
	if err != nil || string(before) != string(after) {
		t.Errorf("the data is not what it was: %v", err)
	}
	if code, _, errs := commandWith(t, env, "forgotten\n", "backup", "restore", name, "--key", sheet); code != exitOK {
		t.Errorf("with the own key: %d %s", code, errs)
	}
	if code, out, errs := commandWith(t, env, "forgotten\n", "user", "list"); code != exitOK || !strings.Contains(out, "tester") {
		t.Errorf("what came back is %s %s", out, errs)
	}
}

// A server that waits for its data leaves the command that brings it the time it
// needs, and does not end because of it.
func TestWaitingServerLetsACommandFinish(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	token := newToken(t, env)
	key := filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	s := start(t, env, token)
	eventually(t, "it waits", func() error {
		if err := s.get("/readyz", nil); err == nil || !strings.Contains(err.Error(), "locked") {
			return fmt.Errorf("readyz: %w", err)
		}
		return nil
	})
	release, err := boltstore.LockDir(env["CZVM_DATA_DIR"])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it finds the data in use", func() error {
		if !strings.Contains(s.log.String(), "another command is at work") {
			return errors.New("not yet")
		}
		return nil
	})
	if err := release(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is at work", func() error { return s.get("/readyz", nil) })
}
