package agebox

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Keys of the tests, and of nothing else.
const (
	testKey      = "AGE-SECRET-KEY-1S9LUVXRQ3KU74JXGFS62WPQH270VGAS2NT3K92CN2LJLZG9JHTJQWUL7Q0"
	testPublic   = "age12w3n52yjx5ryw4pfg7nx4jl45c2xu5yffxpy8nz8thgp9nasedjqq3utuc"
	testRecovery = "AGE-SECRET-KEY-1A5M26SNG3NHVK4M8V6MM76F2RY62WP9G80P3P3ZNYNRL30MF46FQ6AGGS8"
)

func generate(t testing.TB) *Identity {
	t.Helper()
	id, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func parse(t testing.TB, key string) *Identity {
	t.Helper()
	id, err := parseKey([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newBox(t testing.TB, id, recovery *Identity) (*Box, []byte) {
	t.Helper()
	box, wrapped, err := id.NewBox(recovery)
	if err != nil {
		t.Fatal(err)
	}
	return box, wrapped
}

// cheap protects text as age -p would, with as little work as can be.
func cheap(t testing.TB, text, passphrase string, factor int) []byte {
	t.Helper()
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(factor)
	return encryptTo(t, text, r)
}

func encryptTo(t testing.TB, text string, r age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func armoredText(t testing.TB, file []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := armor.NewWriter(&out)
	if _, err := w.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func writeFile(t testing.TB, path string, content []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // Whatever the umask is.
		t.Fatal(err)
	}
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// run runs a tool of the machine in dir and returns what it wrote.
func run(t *testing.T, dir, stdin string, command ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v (apt-get install age)\n%s%s", strings.Join(command, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes()
}

// files returns the names in dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func keyFileIn(dir string) KeyFile { return KeyFile{Path: filepath.Join(dir, KeyFileName)} }

// quotes reports whether text holds a word of content, which need not be a
// secret to be none of the reader's business.
func quotes(text string, content []byte) bool {
	for _, word := range bytes.Fields(content) {
		if len(word) > 7 && strings.Contains(text, string(word)) {
			return true
		}
	}
	return false
}
