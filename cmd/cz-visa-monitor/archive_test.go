package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/portal/portaltest"
)

// The words of a person; what belongs to nobody else here.
const (
	personName   = "Ludmila Quetzalova"
	passport     = "TEST90001"
	personsNote  = "Aunt of the family"
	ownReference = "ZZZZ202601059001"
)

// lived is an appliance at rest that holds an application and a person.
func lived(t *testing.T) (env map[string]string, person, app string) {
	t.Helper()
	srv := startReplica(t, quick())
	srv.Script(ownReference, portaltest.Answer{Outcome: "in_progress"})
	env = settingsFor(t, srv.PageURL("en"), freeAddress(t))
	s := serve(t, env)
	app = s.addApplication(ownReference, storyLabel).ID
	s.becomes(app, "it is known", func(a application) bool { return a.Status == "in_progress" })
	var made struct{ ID string }
	s.must(s.call(http.MethodPost, "/api/v1/people", map[string]any{
		"name": personName, "note": personsNote, "applications": []string{app},
		"documents": []map[string]string{{"kind": "passport", "number": passport, "country": "UKR", "expires": "2031-05-17"}},
	}, &made))
	s.stop()
	for _, secret := range []string{personName, passport, personsNote, ownReference} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	return env, made.ID, app
}

// TestExportOpensWithAge opens what export wrote by the program that anybody has,
// and brings it back to an appliance that knows nothing.
func TestExportOpensWithAge(t *testing.T) {
	t.Parallel()
	env, _, _ := lived(t)
	file := filepath.Join(t.TempDir(), "all.age")
	succeed(t, env, "export", "--output", file)
	sealed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)
	opened, err := exec.CommandContext(t.Context(), "age", "--decrypt", "--identity", key, file).CombinedOutput()
	if err != nil {
		t.Fatalf("age: %v: %s", err, opened)
	}
	for _, word := range []string{personName, passport, ownReference} {
		if bytes.Contains(sealed, []byte(word)) || !bytes.Contains(opened, []byte(word)) {
			t.Errorf("%q is in the sealed file, or not in what age takes out of it", word)
		}
	}
	if code, _, errs := command(t, env, "export", "--output", file); code == exitOK || !strings.Contains(errs, "exists") {
		t.Errorf("an export wrote over another: %d %s", code, errs)
	}

	other := settingsFor(t, env["CZVM_PORTAL_URL"], freeAddress(t))
	plain := filepath.Join(t.TempDir(), "all.json")
	if err := os.WriteFile(plain, opened, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, other, "import", file); code == exitOK || strings.Contains(errs, personName) {
		t.Errorf("an export of another house was opened: %d %s", code, errs)
	}
	if out := succeed(t, other, "import", "--dry-run", plain); !strings.Contains(out, "would be done") {
		t.Errorf("a dry run says %s", out)
	}
	out := succeed(t, other, "import", plain)
	if strings.Count(out, "1 added, 0 completed, 0 there already, 0 refused") != 2 {
		t.Errorf("import says %s", out)
	}
	if again := succeed(t, other, "import", plain); strings.Count(again, "0 added, 0 completed, 1 there already, 0 refused") != 2 {
		t.Errorf("a second import says %s", again)
	}
	if back := succeed(t, other, "export", "--format", "people.csv", "--open"); !strings.Contains(back, personName) {
		t.Errorf("what came back is %s", back)
	}
}

// TestErasedIsGone looks into the file itself after each erasure, and at what the
// command says of backups.
func TestErasedIsGone(t *testing.T) {
	t.Parallel()
	env, person, app := lived(t)
	name, _, _ := strings.Cut(succeed(t, env, "backup", "create"), " ")
	if code, _, errs := command(t, env, "erase", "person", person); code == exitOK || !strings.Contains(errs, "nothing was erased") {
		t.Errorf("erased without a yes: %d %s", code, errs)
	}
	out := succeed(t, env, "erase", "--yes", "person", person)
	if !strings.Contains(out, "The backup "+name+" still holds it, until 20") {
		t.Errorf("erase does not name the backup %s: %s", name, out)
	}
	left := succeed(t, env, "export", "--open") + succeed(t, env, "export", "--open", "--format", "people.csv")
	if strings.Contains(left, personName) || strings.Contains(left, person) || !strings.Contains(left, ownReference) {
		t.Errorf("after a person was erased there is\n%s", left)
	}
	succeed(t, env, "erase", "--yes", "application", app, "--user", "tester")
	left = succeed(t, env, "export", "--open")
	if strings.Contains(left, ownReference) || strings.Contains(left, app) {
		t.Errorf("after an application was erased there is\n%s", left)
	}
	holdsNot(t, env, app)
	holdsNot(t, env, person)
	if code, _, errs := command(t, env, "erase", "--yes", "application", app, "--user", "tester"); code == exitOK || errs == "" {
		t.Errorf("erased twice: %d %s", code, errs)
	}
}

// holdsNot looks for an ID in the data file. Keys are not sealed, so that a page
// that was not written anew would still show it.
func holdsNot(t *testing.T, env map[string]string, id string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(env["CZVM_DATA_DIR"], boltstore.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte(id)) {
		t.Errorf("the data file still holds %s", id)
	}
}
