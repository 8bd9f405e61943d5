package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The predecessor's defects of security (S1 to S14) and of keeping data (D1 to D7)
// each have a test that shows that they cannot happen here. Such a test names its
// defect in a comment, as those below do.
func TestEveryDefectHasATest(t *testing.T) {
	t.Parallel()
	marks := regexp.MustCompile(`\bdefect ([SD]\d+)\b`)
	seen := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range marks.FindAllStringSubmatch(string(text), -1) {
			seen[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{
		"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14",
		"D1", "D2", "D3", "D4", "D5", "D6", "D7",
	} {
		if !seen[id] {
			t.Errorf("no test names defect %s", id)
		}
	}
}

// defect S14: the image carried the secrets of the folder it was built in.
func TestImageIsBuiltWithoutSecrets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{".env", ".env.*", "data", ".git", "*.bak", "key.txt"} {
		if !slices.Contains(lines, want) {
			t.Errorf(".dockerignore does not leave out %s", want)
		}
	}
}

// defect S14: it ran as root. Whatever installs or starts the appliance from this
// repository gives it a user of its own.
func TestNothingRunsAsRoot(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]*regexp.Regexp{
		"../../Dockerfile":           regexp.MustCompile(`(?m)^USER [^0r\s]`),
		"../../*.service":            regexp.MustCompile(`(?m)^(User=[^r\s]|DynamicUser=yes)`),
		"../../docker-compose.y*ml":  regexp.MustCompile(`(?m)^\s+user: "?[1-9]`),
		"../../deployment/*.service": regexp.MustCompile(`(?m)^(User=[^r\s]|DynamicUser=yes)`),
	} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil || !want.Match(text) {
				t.Errorf("%s names no user but root (%v)", path, err)
			}
		}
	}
}

// defect D1: a whole class stood there twice, and the first one was dead. The
// compiler refuses the one; the linter, which every change must pass, the other.
func TestDeadCodeIsLookedFor(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../.golangci.yml")
	if err != nil || !bytes.Contains(text, []byte("\n    - unused\n")) || !bytes.Contains(text, []byte("\n    - ineffassign\n")) {
		t.Errorf("the linter does not look for dead code (%v)", err)
	}
	ci, err := os.ReadFile("../../.ci/run")
	if err != nil || !bytes.Contains(ci, []byte("make lint")) {
		t.Errorf("CI does not lint (%v)", err)
	}
}

// defect D6: the README described what the program refused. Every command that
// ours shows is one.
func TestReadmeShowsCommandsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	root := rootCommand(nil)
	shown := 0
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*(?:\\\\\\|[^|]*)*`) \\| [^|]+ \\|$").FindAllStringSubmatch(string(text), -1) {
		for _, words := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			if strings.HasPrefix(words[1], "CZVM_") {
				continue
			}
			name, rest, _ := strings.Cut(words[1], " ")
			subs := []string{""}
			if strings.Contains(rest, `\|`) {
				subs = strings.Split(rest, `\|`)
			}
			for _, sub := range subs {
				shown++
				args := strings.Fields(name + " " + sub)
				if cmd, left, err := root.Find(args); err != nil || cmd == root || len(left) > 0 {
					t.Errorf("the README shows %q, which is no command", strings.Join(args, " "))
				}
			}
		}
	}
	if shown < 20 {
		t.Errorf("only %d commands were found in the README", shown)
	}
}
