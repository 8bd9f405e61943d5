package main_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLibrariesAreThoseDecidedOn compares the versions that the build uses with
// the table in docs/decisions. Without it, a tool in go.mod could lift a library
// that is pinned for a reason.
func TestLibrariesAreThoseDecidedOn(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/decisions/0002-libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `(v[^`]+)` \\|").FindAllStringSubmatch(string(page), -1)
	want := map[string]string{}
	args := []string{"list", "-m", "-f", "{{.Path}} {{.Version}}"}
	for _, row := range rows {
		want[row[1]] = row[2]
		args = append(args, row[1])
	}
	for _, fixed := range []string{"github.com/go-rod/rod", "go.etcd.io/bbolt", "github.com/nicholas-fedor/shoutrrr", "github.com/labstack/echo/v4"} {
		if want[fixed] == "" {
			t.Errorf("the table has no row for %s", fixed)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil { // a module of the table that the build no longer uses is an error, too
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	got := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		got[path] = version
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-decided +used):\n%s", diff)
	}
}
