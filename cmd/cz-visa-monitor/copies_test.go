package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
)

// share gives the appliance a second directory for its backups.
func share(t *testing.T, env map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	env["CZVM_BACKUP_COPIES"] = dir
	return dir
}

// backupsFor returns the names of the backups in dir that the key file opens, which
// is the key of today, sorted.
func backupsFor(t *testing.T, env map[string]string, dir string) (names []string) {
	t.Helper()
	id, err := agebox.KeyFile{Path: filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)}.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "*.bak"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := id.Decrypt(bytes.NewReader(content)); err == nil {
			if _, err := io.Copy(io.Discard, plain); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return names
}

// What somebody asks for reaches the second directory at once, with the server at
// work: a backup by command and by the API, and the first one for a new key.
func TestCopiesFollowAtOnce(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	dir := share(t, env)
	s := serve(t, env)
	copied := func(what, name string) {
		t.Helper()
		eventually(t, what+" is copied", func() error {
			_, err := os.Stat(filepath.Join(dir, name))
			return err
		})
	}
	eventually(t, "the backup of the start is copied", func() error {
		if len(backupsFor(t, env, dir)) == 0 {
			return errors.New("it is not")
		}
		return nil
	})
	copied("the backup by command", strings.Fields(succeed(t, env, "backup", "create"))[0])
	var made struct{ Name string }
	s.must(s.call(http.MethodPost, "/api/v1/backups", nil, &made))
	copied("the backup over the API", made.Name)
	out := succeed(t, env, "key", "rotate", "--recovery")
	if !strings.Contains(out, "print the sheet again") || !strings.Contains(out, "keep it until 20") || strings.Contains(out, "could be looked at") {
		t.Errorf("it says %s", out)
	}
	eventually(t, "a copy for the new key", func() error {
		if len(backupsFor(t, env, dir)) == 0 {
			return errors.New("there is none")
		}
		return nil
	})
}

// The same while the server is stopped.
func TestCommandsCopyWithoutAServer(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	dir := share(t, env)
	newToken(t, env)
	name := strings.Fields(succeed(t, env, "backup", "create"))[0]
	if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
		t.Error(err)
	}
	succeed(t, env, "key", "rotate")
	if got := backupsFor(t, env, dir); len(got) != 1 {
		t.Errorf("copies for the new key: %q", got)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, env, "key", "rotate", "--recovery")
	if code != exitOK || !strings.Contains(errs, "cannot copy the backups") || !strings.Contains(out, "keep the old sheet for 3 months") || !strings.Contains(out, "keep it until 20") {
		t.Errorf("without the share: %d %s %s", code, out, errs)
	}
}

// What an erasure leaves in the second directory is named, and that it could not be
// read.
func TestErasureNamesCopies(t *testing.T) {
	t.Parallel()
	env, person, app := lived(t)
	dir := share(t, env)
	name := strings.Fields(succeed(t, env, "backup", "create"))[0]
	if err := os.Remove(filepath.Join(env["CZVM_DATA_DIR"], name)); err != nil {
		t.Fatal(err)
	}
	out := succeed(t, env, "erase", "--yes", "person", person)
	if !strings.Contains(out, fmt.Sprintf("The copy %s in %s still holds it, until 20", name, dir)) || strings.Contains(out, "The backup "+name) {
		t.Errorf("it says %s", out)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	out = succeed(t, env, "erase", "--yes", "application", app, "--user", "tester")
	if !strings.Contains(out, dir+" could not be read") {
		t.Errorf("it says %s", out)
	}
}

// opened is the office of a stopped appliance.
func opened(t *testing.T, env map[string]string) *office {
	t.Helper()
	ring := &keyring{file: agebox.KeyFile{Path: filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)}, log: slog.New(slog.DiscardHandler)}
	store, err := boltstore.Open(boltstore.Config{Dir: env["CZVM_DATA_DIR"], Keys: ring, Logger: ring.log})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{
		log: ring.log, ring: ring, store: store, cfg: config{timezone: time.UTC},
		accounts: newAccounts(store, ring.log), watching: unwatched{store},
	}
	o.keeper = boltstore.NewKeeper(boltstore.KeeperConfig{Store: store, Logger: ring.log})
	t.Cleanup(func() { _ = store.Close() })
	return o
}

// A rotation that is killed after the data was sealed leaves its entry in the audit
// trail, and whatever opens the data next makes the backup for the new key.
func TestBackupOwedByARotation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		next func(t *testing.T, env map[string]string, token string)
	}{
		{"by a command", func(t *testing.T, env map[string]string, _ string) { succeed(t, env, "user", "list") }},
		{"by the server", func(t *testing.T, env map[string]string, token string) {
			s := start(t, env, token)
			eventually(t, "it makes the backup", func() error {
				if len(backupsFor(t, env, env["CZVM_DATA_DIR"])) == 0 {
					return errors.New("there is none")
				}
				return nil
			})
			s.stop()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
			token := newToken(t, env)
			succeed(t, env, "backup", "create") // A fresh one, for the old key.
			o := opened(t, env)
			if _, err := o.ring.rotate(account.As(t.Context(), account.CommandLine()), o.store, rotation{}); err != nil {
				t.Fatal(err)
			}
			if err := o.store.Close(); err != nil { // As if it were killed here.
				t.Fatal(err)
			}
			if got := backupsFor(t, env, env["CZVM_DATA_DIR"]); len(got) > 0 {
				t.Fatalf("there are backups for the new key: %q", got)
			}
			tc.next(t, env, token)
			if got := backupsFor(t, env, env["CZVM_DATA_DIR"]); len(got) != 1 {
				t.Errorf("backups for the new key: %q", got)
			}
			if trail := succeed(t, env, "audit", "export"); strings.Count(trail, `"key.rotated"`) != 1 {
				t.Errorf("the audit trail: %s", trail)
			}
		})
	}
}

// A rotation that fails leaves the key as it was, and the next one begins anew.
func TestRotationThatFails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		in    rotation
		spoil func(t *testing.T, o *office, dir string) (mend func())
		want  string
	}{
		{"there is no room for the new file", rotation{}, obstruct, "seal the data with the new key"},
		{"nor with another recovery key", rotation{Recovery: true}, obstruct, "seal the data with the new key"},
		{"nor with the same key file", rotation{KeepIdentity: true}, obstruct, "seal the data with the new key"},
		{"the store is closed", rotation{Recovery: true}, func(t *testing.T, o *office, _ string) func() {
			if err := o.store.Close(); err != nil {
				t.Fatal(err)
			}
			return func() {}
		}, "seal the data with the new key"},
		{"an earlier one is not at its end", rotation{}, func(t *testing.T, o *office, _ string) func() {
			id, err := agebox.Generate()
			if err := errors.Join(err, o.ring.file.Stage(id, nil)); err != nil {
				t.Fatal(err)
			}
			return func() {}
		}, "start the appliance anew"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
			newToken(t, env)
			dir := env["CZVM_DATA_DIR"]
			key := filepath.Join(dir, agebox.KeyFileName)
			before, err := os.ReadFile(key)
			if err != nil {
				t.Fatal(err)
			}
			o := opened(t, env)
			ctx := account.As(context.WithoutCancel(t.Context()), account.CommandLine())
			mend := tc.spoil(t, o, dir)
			staged, _ := os.ReadFile(key + ".new")
			if sealed, err := o.ring.rotate(ctx, o.store, tc.in); sealed || err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
			mend()
			if after, err := os.ReadFile(key); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the key file was changed: %v", err)
			}
			if now, _ := os.ReadFile(key + ".new"); !bytes.Equal(staged, now) {
				t.Errorf("the staged key is not what it was: %d bytes, then %d", len(staged), len(now))
			}
			_ = o.store.Close()
			if trail := succeed(t, env, "audit", "export"); strings.Contains(trail, `"key.rotated"`) {
				t.Errorf("the audit trail tells of a rotation that failed: %s", trail)
			}
			succeed(t, env, "key", "rotate")
		})
	}
}

// obstruct puts something where the data would be written anew.
func obstruct(t *testing.T, _ *office, dir string) (mend func()) {
	t.Helper()
	inTheWay := filepath.Join(dir, boltstore.FileName+".new")
	if err := os.MkdirAll(filepath.Join(inTheWay, "something"), 0o700); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.RemoveAll(inTheWay); err != nil {
			t.Error(err)
		}
	}
}

// Whoever has another recovery key learns of it in any case, and for how long the
// old one is needed, also where no backup can be made.
func TestRotationSpeaksOfTheSheetFirst(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	succeed(t, env, "backup", "create")
	o := opened(t, env)
	for n := range 600 { // Something is in the way of every backup of the next minutes.
		name := time.Now().UTC().Add(time.Duration(n) * time.Second).Format("cz-visa-monitor-20060102T150405Z.bak.tmp")
		if err := os.Mkdir(filepath.Join(env["CZVM_DATA_DIR"], name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	err := rotateKey(account.As(t.Context(), account.CommandLine()), o, rotation{Recovery: true}, &out)
	if err == nil || !strings.Contains(err.Error(), "there is no backup for it yet") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out.String(), "print the sheet again") || !strings.Contains(out.String(), "keep it until 20") {
		t.Errorf("it says %s", &out)
	}
}

// What an erasure could not do it says truly.
func TestErasureWithoutRoomSaysWhatFollows(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	succeed(t, env, "user", "add", "guest")
	o := opened(t, env)
	mend := obstruct(t, o, env["CZVM_DATA_DIR"])
	var out bytes.Buffer
	if err := erase(account.As(t.Context(), account.CommandLine()), o, eraseArgs{What: account.KindUser, Name: "guest"}, &out); err != nil {
		t.Fatal(err)
	}
	mend()
	if !strings.Contains(out.String(), "tried again at the next start and before the next backup") {
		t.Errorf("it says %s", &out)
	}
}
