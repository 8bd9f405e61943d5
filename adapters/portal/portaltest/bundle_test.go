package portaltest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBundle notices a bundle that was not built from the sources beside it, and
// a source that was left out of it, by the hashes that the build wrote down.
func TestBundle(t *testing.T) {
	t.Parallel()
	sums, err := os.ReadFile("page/dist/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(sums)) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		listed[name] = true
		body, err := os.ReadFile(filepath.Join("page", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != want {
			t.Errorf("page/%s is not the one the bundle was built with: run npm ci && npm run build in page", name)
		}
	}
	for _, pattern := range []string{"src/*", "dist/*.js"} {
		found, err := filepath.Glob("page/" + pattern)
		if err != nil || len(found) < 2 {
			t.Fatalf("%s matches %d files, %v", pattern, len(found), err)
		}
		for _, name := range found {
			if !listed[strings.TrimPrefix(name, "page/")] {
				t.Errorf("%s was not there when the bundle was built", name)
			}
		}
	}
}

// TestLock keeps the lock file free of the registry it was made with.
func TestLock(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("page/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) || !bytes.Contains(lock, []byte(`"integrity"`)) {
		t.Error("package-lock.json must hold hashes and no addresses: see .npmrc")
	}
}
