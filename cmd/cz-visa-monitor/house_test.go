package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/web"
	"cz-visa-monitor/app/locale"
)

// Admins see every row of the table, of a secret only that it is set, and from where.
func TestSettingsAreShown(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadConfig(sources{
		flags: map[string]string{"CZVM_WORKERS": "2"},
		env:   map[string]string{"CZVM_INTERVAL": "2h", "CZVM_OIDC_CLIENT_SECRET_FILE": secret, "CZVM_KEY_PASSPHRASE": "hunter2"},
		file:  map[string]string{"CZVM_LOG_LEVEL": "warn"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.settings) != len(options()) {
		t.Errorf("%d rows for %d options", len(c.settings), len(options()))
	}
	for _, want := range []web.Setting{
		{Name: "CZVM_WORKERS", Value: "2", Set: true, From: web.FromFlag},
		{Name: "CZVM_INTERVAL", Value: "2h", Set: true, From: web.FromEnvironment},
		{Name: "CZVM_LOG_LEVEL", Value: "warn", Set: true, From: web.FromEnvFile},
		{Name: "CZVM_LISTEN", Value: ":8080", Set: true, From: web.FromDefault},
		{Name: "CZVM_BROWSER", From: web.FromDefault},
		{Name: "CZVM_OIDC_CLIENT_SECRET", Secret: true, Set: true, From: web.FromSecretFile},
		{Name: "CZVM_KEY_PASSPHRASE", Secret: true, Set: true, From: web.FromEnvironment},
		{Name: "CZVM_BROWSER_URLS", Secret: true, From: web.FromDefault},
	} {
		if !slices.Contains(c.settings, want) {
			t.Errorf("no row %+v in %+v", want, c.settings)
		}
	}
}

// What a setting is for stands in the table; the English catalogue says the same, and
// the others have a text for each.
func TestSettingsHaveTexts(t *testing.T) {
	t.Parallel()
	catalogues, err := locale.Load(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	english := catalogues.For(locale.Fallback)
	for _, o := range options() {
		if got := english.Text(o.row("", web.FromDefault).Key()); got != o.help {
			t.Errorf("%s: the catalogue says %q, the table %q", o.key, got, o.help)
		}
	}
}

func TestHouse(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	dir := env["CZVM_DATA_DIR"]
	file := agebox.KeyFile{Path: filepath.Join(dir, agebox.KeyFileName)}
	h := house{cfg: config{dataDir: dir, checksPerMinute: 6, backupCopies: "/mnt/share"}, ring: &keyring{file: file}, lines: newLogLines()}
	want := web.HouseState{PerMinute: 6, CopiesFolder: "/mnt/share", KeyFile: file.Path}
	look := func() {
		t.Helper()
		got, err := h.State()
		if err != nil || got.StoreSize == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		got.StoreSize = 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	look()
	id, err := file.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Replace(id, []byte("a passphrase of the test")); err != nil {
		t.Fatal(err)
	}
	want.KeyProtected = true
	look()
	if err := os.Remove(file.Path); err != nil {
		t.Fatal(err)
	}
	want.KeyProtected, want.KeyUnread = false, true
	look()
}
