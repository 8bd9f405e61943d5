package main_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "cz-visa-monitor/"

// area is the place of a package in the design: its kind (app, adapters, ui,
// cmd) and, for an adapter, its name.
func area(pkg string) (kind, name string) {
	words := strings.Split(strings.TrimPrefix(pkg, module), "/")
	if len(words) > 1 {
		name = words[1]
	}
	return words[0], name
}

// broken says why package from may not import package to, "" if it may.
func broken(from, to string) string {
	kind, name := area(from)
	first, _, _ := strings.Cut(to, "/")
	standard := !strings.Contains(first, ".") && !strings.HasPrefix(to, module)
	if !strings.HasPrefix(to, module) {
		if kind == "app" && !standard && !strings.HasPrefix(to, "golang.org/x/") {
			return "app imports only the standard library, golang.org/x and app"
		}
		return ""
	}
	toKind, toName := area(to)
	switch kind {
	case "app":
		if toKind != "app" {
			return "app knows nothing around it; declare an interface beside the caller"
		}
	case "ui":
		if toKind != "ui" {
			return "ui imports nothing of ours"
		}
	case "adapters":
		switch {
		case toKind == "cmd":
			return "nothing imports cmd"
		case toKind == "adapters" && toName != name && (name != "portal" || toName != "browser"):
			return "adapters do not know one another; cmd wires them"
		}
	case "cmd":
		if toKind == "cmd" && toName != name {
			return "nothing imports cmd"
		}
	default:
		return "the design has no place for this package"
	}
	return ""
}

func TestArrowsPointInwards(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"-f", `{{range .Imports}}{{$.ImportPath}} {{.}}{{"\n"}}{{end}}`, module+"...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	seen := map[string]bool{}
	for edge := range strings.Lines(string(out)) {
		from, to, _ := strings.Cut(strings.TrimSpace(edge), " ")
		if !strings.HasPrefix(from, module) {
			continue
		}
		kind, _ := area(from)
		seen[kind] = true
		if why := broken(from, to); why != "" {
			t.Errorf("%s imports %s: %s", from, to, why)
		}
	}
	if !seen["app"] || !seen["adapters"] {
		t.Errorf("go list named no package of app or of adapters, only of %v", seen)
	}
}

func TestBrokenArrowsAreSeen(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from, to string
		fine     bool
	}{
		{"cz-visa-monitor/app/watch", "time", true},
		{"cz-visa-monitor/app/watch", "encoding/json", true},
		{"cz-visa-monitor/app/watch", "golang.org/x/time/rate", true},
		{"cz-visa-monitor/app/watch", "cz-visa-monitor/app/visa", true},
		{"cz-visa-monitor/app/watch", "go.etcd.io/bbolt", false},
		{"cz-visa-monitor/app/watch", "golang.org/xyz", false},
		{"cz-visa-monitor/app/watch", "cz-visa-monitor/adapters/boltstore", false},
		{"cz-visa-monitor/app/locale", "cz-visa-monitor/ui", false},
		{"cz-visa-monitor/app/watch", "cz-visa-monitor/cmd/cz-visa-monitor", false},
		{"cz-visa-monitor/app/watch", "cz-visa-monitor/internal/x", false},

		{"cz-visa-monitor/adapters/boltstore", "go.etcd.io/bbolt", true},
		{"cz-visa-monitor/adapters/boltstore", "cz-visa-monitor/app/watch", true},
		{"cz-visa-monitor/adapters/boltstore", "cz-visa-monitor/adapters/agebox", false},
		{"cz-visa-monitor/adapters/web", "cz-visa-monitor/ui", true},
		{"cz-visa-monitor/adapters/web", "cz-visa-monitor/adapters/web/page", true},
		{"cz-visa-monitor/adapters/web/page", "cz-visa-monitor/adapters/boltstore", false},
		{"cz-visa-monitor/adapters/web", "cz-visa-monitor/adapters/portal", false},
		{"cz-visa-monitor/adapters/portal", "cz-visa-monitor/adapters/portal/czmoi", true},
		{"cz-visa-monitor/adapters/portal/czmoi", "cz-visa-monitor/adapters/browser", true},
		{"cz-visa-monitor/adapters/portal/czmoi", "cz-visa-monitor/adapters/shout", false},
		{"cz-visa-monitor/adapters/browser", "cz-visa-monitor/adapters/portal/czmoi", false},
		{"cz-visa-monitor/adapters/shout", "cz-visa-monitor/cmd/cz-visa-monitor", false},

		{"cz-visa-monitor/ui", "embed", true},
		{"cz-visa-monitor/ui", "cz-visa-monitor/app/visa", false},
		{"cz-visa-monitor/ui", "cz-visa-monitor/adapters/web", false},

		{"cz-visa-monitor/cmd/cz-visa-monitor", "cz-visa-monitor/adapters/boltstore", true},
		{"cz-visa-monitor/cmd/cz-visa-monitor", "github.com/spf13/cobra", true},
		{"cz-visa-monitor/cmd/bench", "cz-visa-monitor/cmd/cz-visa-monitor", false},

		{"cz-visa-monitor/util", "cz-visa-monitor/app/visa", false},
	} {
		t.Run(tc.from+" to "+tc.to, func(t *testing.T) {
			t.Parallel()
			if why := broken(tc.from, tc.to); (why == "") != tc.fine {
				t.Errorf("got %q, want an arrow that is fine: %v", why, tc.fine)
			}
		})
	}
}
