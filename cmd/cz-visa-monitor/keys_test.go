package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/agebox"
)

// A key with a passphrase: given on the page, by command, by setting.
func TestPassphrase(t *testing.T) {
	t.Parallel()
	const passphrase = "Quetzalcoatl flies at noon"
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	if code, _, errs := commandWith(t, env, passphrase+"\n", "key", "init", "--passphrase"); code != exitOK {
		t.Fatalf("key init: %s", errs)
	}
	if code, _, errs := command(t, env, "key", "init"); code == exitOK || !strings.Contains(errs, "is not overwritten") {
		t.Errorf("a key was overwritten: %d %s", code, errs)
	}
	env["CZVM_KEY_PASSPHRASE"] = passphrase
	token := newToken(t, env)
	delete(env, "CZVM_KEY_PASSPHRASE")
	locked := func(s *served) {
		t.Helper()
		eventually(t, "it is locked", func() error {
			if err := s.get("/readyz", nil); err == nil || !strings.Contains(err.Error(), "locked") {
				return fmt.Errorf("readyz: %w", err)
			}
			return nil
		})
	}
	s := start(t, env, token)
	locked(s)
	give := func(passphrase string) (int, string) {
		t.Helper()
		resp, err := s.request(http.MethodPost, "/unlock", url.Values{"passphrase": {passphrase}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	if code, body := give("wrong"); code != http.StatusForbidden || !strings.Contains(body, "This is not the passphrase.") {
		t.Errorf("a wrong passphrase: %d %s", code, body)
	}
	if code, body := give(passphrase); code != http.StatusOK {
		t.Errorf("the right passphrase: %d %s", code, body)
	}
	eventually(t, "it is at work", func() error { return s.get("/readyz", nil) })
	s.must(s.get("/api/v1/applications", nil))
	if trail := succeed(t, env, "audit", "export"); !strings.Contains(trail, "key.unlocked") {
		t.Errorf("the audit trail does not tell of the unlocking: %s", trail)
	}
	s.stop()
	if strings.Contains(s.log.String(), "Quetzalcoatl") {
		t.Errorf("the log holds the passphrase: %s", s.log)
	}

	s = start(t, env, token)
	locked(s)
	last := http.StatusOK
	for range 10 {
		last, _ = give("wrong")
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the tenth wrong passphrase answers %d", last)
	}
	if code, _, errs := commandWith(t, env, "wrong\n", "key", "unlock"); code == exitOK || !strings.Contains(errs, "passphrase") {
		t.Errorf("a wrong passphrase by command: %d %s", code, errs)
	}
	if code, _, errs := commandWith(t, env, passphrase+"\n", "key", "unlock"); code != exitOK {
		t.Errorf("unlock by command: %s", errs)
	}
	eventually(t, "it is at work", func() error { return s.get("/readyz", nil) })
	if code, out, errs := commandWith(t, env, passphrase+"\nanother one\n", "key", "change-passphrase"); code != exitOK {
		t.Errorf("change-passphrase: %s %s", out, errs)
	}
	s.stop()
	if code, _, errs := commandWith(t, env, passphrase+"\n", "user", "list"); code == exitOK || !strings.Contains(errs, "passphrase") {
		t.Errorf("the old passphrase still opens the key: %d %s", code, errs)
	}
	if code, out, errs := commandWith(t, env, "another one\n", "user", "list"); code != exitOK || !strings.Contains(out, "tester") {
		t.Errorf("with the new passphrase: %d %s", code, errs)
	}
}

// A change of the key while the server runs and while it does not, and the
// recovery key in the place of a key that is lost.
func TestRotationAndRecovery(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	s := serve(t, env)
	id := s.addChannel("webhook", "full", false, map[string]string{"url": "http://127.0.0.1:9/hook"})
	key := filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)
	content := func() string {
		t.Helper()
		b, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	recoveryKey := strings.TrimSpace(succeed(t, env, "key", "show-recovery"))
	old := strings.Fields(succeed(t, env, "backup", "create"))[0]
	first := content()
	succeed(t, env, "key", "rotate")
	if content() == first {
		t.Error("the key file is the old one")
	}
	s.must(s.get("/api/v1/channels/"+id, nil))
	succeed(t, env, "backup", "verify", strings.Fields(succeed(t, env, "backup", "create"))[0])
	if got := strings.TrimSpace(succeed(t, env, "key", "show-recovery")); got != recoveryKey {
		t.Error("the recovery key is another one")
	}
	s.stop()
	succeed(t, env, "key", "rotate", "--keep-file")
	second := content()
	s = start(t, env, s.token)
	eventually(t, "it starts with the new key", func() error { return s.get("/readyz", nil) })
	s.must(s.get("/api/v1/channels/"+id, nil))
	s.stop()

	// The key is lost; the sheet opens everything.
	sheet := filepath.Join(t.TempDir(), "sheet")
	if err := os.WriteFile(sheet, []byte(recoveryKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env["CZVM_KEY_FILE"] = sheet
	if out := succeed(t, env, "user", "list"); !strings.Contains(out, "tester") {
		t.Errorf("with the recovery key: %s", out)
	}
	// A backup from before the rotation, made for the first key, comes back and
	// is sealed for the key of today.
	delete(env, "CZVM_KEY_FILE")
	if code, _, errs := command(t, env, "backup", "restore", old); code == exitOK || !strings.Contains(errs, "key") {
		t.Errorf("today's key opens a backup of yesterday's: %d %s", code, errs)
	}
	if trail := succeed(t, env, "audit", "export"); !strings.Contains(trail, `"action":"backup.refused","kind":"backup","detail":"key"`) {
		t.Errorf("the audit trail does not tell of the refused backup: %s", trail)
	}
	succeed(t, env, "backup", "restore", old, "--key", sheet)
	if content() != second {
		t.Error("the restoration changed the key file")
	}
	if out := succeed(t, env, "user", "list"); !strings.Contains(out, "tester") {
		t.Errorf("after the restoration: %s", out)
	}
	if out := succeed(t, env, "audit", "export"); !strings.Contains(out, "backup.restored") {
		t.Errorf("the audit trail does not tell of the restoration: %s", out)
	}
}
