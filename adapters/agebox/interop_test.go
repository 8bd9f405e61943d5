package agebox

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestAgeOpensWhatWeSeal lets the age tool open a file and a backup, with the
// key file and with the recovery key.
func TestAgeOpensWhatWeSeal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, id := keyFileIn(dir), generate(t)
	if err := f.Write(id, nil); err != nil {
		t.Fatal(err)
	}
	box, _ := newBox(t, id, nil)
	person := []byte(`{"name": "TEST Person", "number": "ZZZZ90001"}`)
	sealed, err := box.SealFile(person)
	if err != nil {
		t.Fatal(err)
	}
	backup := bytes.Repeat([]byte("backup "), 30_000)
	var stream bytes.Buffer
	w, err := box.Encrypt(&stream)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(backup); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "person.age"), sealed, 0o600)
	writeFile(t, filepath.Join(dir, "backup.age"), stream.Bytes(), 0o600)
	writeFile(t, filepath.Join(dir, "recovery.txt"), []byte(box.RecoveryKey()+"\n"), 0o600)
	for _, key := range []string{KeyFileName, "recovery.txt"} {
		if got := run(t, dir, "", "age", "-d", "-i", key, "person.age"); !bytes.Equal(got, person) {
			t.Errorf("%s: file %q", key, got)
		}
		if got := run(t, dir, "", "age", "-d", "-i", key, "backup.age"); !bytes.Equal(got, backup) {
			t.Errorf("%s: backup of %d bytes", key, len(got))
		}
	}
	public := strings.Fields(string(run(t, dir, "", "age-keygen", "-y", KeyFileName)))
	if len(public) != 1 || public[0] != box.Recipients()[0] {
		t.Errorf("age-keygen reads the key file as of %q", public)
	}
}

// TestWeOpenWhatAgeSeals does what a person does who makes the key file by hand.
func TestWeOpenWhatAgeSeals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := keyFileIn(dir)
	run(t, dir, "", "age-keygen", "-o", KeyFileName)
	id, err := f.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	box, _ := newBox(t, id, nil)
	if got := strings.TrimSpace(string(run(t, dir, "", "age-keygen", "-y", KeyFileName))); got != box.Recipients()[0] {
		t.Errorf("another key was loaded, of %q", got)
	}
	for _, to := range box.Recipients() {
		sealed := run(t, dir, "a person", "age", "-r", to)
		if got, err := box.OpenFile(sealed); err != nil || string(got) != "a person" {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// TestAgeAndPassphrases types the passphrase at a terminal, as age wants it:
// script makes one.
func TestAgeAndPassphrases(t *testing.T) {
	t.Parallel()
	const passphrase = "seventeen otters, ďábelské"
	dir := t.TempDir()
	f, id := keyFileIn(dir), generate(t)
	if err := f.Write(id, []byte(passphrase)); err != nil {
		t.Fatal(err)
	}
	box, _ := newBox(t, id, nil)
	sealed, err := box.SealFile([]byte("a person"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "person.age"), sealed, 0o600)
	run(t, dir, passphrase+"\n", "script", "-qec", "age -d -i key.txt -o person.txt person.age", "/dev/null")
	if got := run(t, dir, "", "cat", "person.txt"); string(got) != "a person" {
		t.Errorf("age opens %q", got)
	}

	run(t, dir, "", "age-keygen", "-o", "theirs.txt")
	run(t, dir, passphrase+"\n"+passphrase+"\n", "script", "-qec", "age -p -a -o theirs.age theirs.txt", "/dev/null")
	run(t, dir, "", "chmod", "600", "theirs.age")
	theirs := KeyFile{Path: filepath.Join(dir, "theirs.age")}
	got, err := theirs.Load([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	if want, err := (KeyFile{Path: filepath.Join(dir, "theirs.txt")}).Load(nil); err != nil || !got.equal(want) {
		t.Errorf("another key was loaded, %v", err)
	}
}
