package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/portal/portaltest"
)

// TestCommandsThatRefuse goes through what people get wrong: the exit code and
// what the sentence must say.
func TestCommandsThatRefuse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		env  map[string]string
		code int
		says []string
	}{
		{"unknown command", []string{"frobnicate"}, nil, exitUsage, []string{"frobnicate", "help"}},
		{"unknown flag", []string{"serve", "--frobnicate"}, nil, exitUsage, []string{"frobnicate"}},
		{"an argument too many", []string{"serve", "now"}, nil, exitUsage, []string{"now"}},
		{"check without references", []string{"check"}, nil, exitUsage, []string{"at least one reference"}},
		{"a reference that is none", []string{"check", "ZZZZ202601059001", "OAM-90001-2/D-2025"}, nil, exitUsage, []string{"reference 2"}},
		{"a wrong setting", []string{"check", "ZZZZ202601059001"}, map[string]string{"CZVM_KEY_DELAY": "fast"}, exitUsage, []string{"CZVM_KEY_DELAY"}},
		{"a wrong flag", []string{"check", "--key-delay", "fast", "ZZZZ202601059001"}, nil, exitUsage, []string{"--key-delay"}},
		{"a browser that is not there", []string{"check", "ZZZZ202601059001"}, map[string]string{"CZVM_BROWSER": "/nowhere/chromium"}, exitUsage, []string{"/nowhere/chromium"}},
		{"a remote browser that is no address", []string{"check", "ZZZZ202601059001"}, map[string]string{"CZVM_BROWSER_URLS": "browser:9222"}, exitUsage, []string{"ws://"}},
		{"a data directory that is a file", []string{"serve"}, map[string]string{"CZVM_DATA_DIR": file}, exitError, []string{"data directory"}},
		{"a data directory that cannot be written", []string{"serve"}, map[string]string{"CZVM_DATA_DIR": "/sys/cz-visa-monitor"}, exitError, []string{"CZVM_DATA_DIR"}},
		{"a token without a name", []string{"token", "create", "--name", ""}, nil, exitUsage, []string{"--name"}},
		{"health of nobody", []string{"healthcheck"}, nil, exitError, []string{"does not answer"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
			for k, v := range tt.env {
				env[k] = v
			}
			code, out, errs := command(t, env, tt.args...)
			if code != tt.code || out != "" {
				t.Errorf("exit code %d, printed %q; want %d and nothing", code, out, tt.code)
			}
			for _, s := range tt.says {
				if !strings.Contains(errs, s) {
					t.Errorf("%q does not say %q", errs, s)
				}
			}
		})
	}
}

func TestNoBrowserAtAll(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	delete(env, "CZVM_BROWSER")
	for _, args := range [][]string{{"serve"}, {"check", "ZZZZ202601059001"}} {
		code, _, errs := command(t, env, args...)
		if code != exitUsage || !strings.Contains(errs, "chromium-headless-shell") {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
	}
}

func TestDamagedEnvFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("CZVM_WORKERS=2\nhunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := command(t, nil, "serve")
	if code != exitUsage || !strings.Contains(errs, ".env is damaged: line 2") || strings.Contains(errs, "hunter2") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"help"}, {"serve", "--help"}} {
		code, out, _ := command(t, nil, args...)
		if code != exitOK || !strings.Contains(out, "CZVM_DATA_DIR") && !strings.Contains(out, "--data-dir") {
			t.Errorf("%v: exit code %d: %s", args, code, out)
		}
	}
	if code, out, _ := command(t, nil, "version"); code != exitOK || strings.TrimSpace(out) != version {
		t.Errorf("version: exit code %d: %s", code, out)
	}
}

func TestCheckCommand(t *testing.T) {
	t.Parallel()
	srv := startReplica(t, quick())
	srv.Script("ZZZZ202508149001", portaltest.Answer{Outcome: portaltest.InProgress})
	srv.Script("OAM-90001/DP-2025", portaltest.Answer{Outcome: portaltest.Refused})
	env := settingsFor(t, srv.PageURL("en"), freeAddress(t))
	env["CZVM_WORKERS"] = "2"
	code, out, errs := command(t, env, "check", "--json", "zzzz 2025 0814 9001", "OAM-090001-3/DP-2025", "OAM-90002/XX-2025")
	if code != exitFailure || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	type answer struct{ Reference, Kind, Status, Failure string }
	var got []answer
	for line := range strings.Lines(out) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		var keys []string
		for _, k := range []string{"reference", "kind", "status", "failure", "text", "took_ms", "attempts"} {
			if _, ok := fields[k]; ok {
				keys = append(keys, k)
			}
		}
		if len(keys) != 7 || len(fields) != 7 {
			t.Errorf("fields %v", fields)
		}
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	want := []answer{
		{"ZZZZ202508149001", "zov", "in_progress", ""},
		{"OAM-90001-3/DP-2025", "oam", "refused", ""},
		{"OAM-90002/XX-2025", "oam", "", "not_offered"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	code, out, _ = command(t, env, "check", "ZZZZ202508149001")
	if code != exitOK || !strings.HasPrefix(out, "ZZZZ202508149001: in_progress\n    Visa application number") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if entries, err := os.ReadDir(env["CZVM_DATA_DIR"]); err == nil {
		t.Errorf("check made a data directory: %v", entries)
	}
}

func TestCheckStopsAskingWhenThePortalRefuses(t *testing.T) {
	t.Parallel()
	for _, fault := range []portaltest.Fault{portaltest.TooManyRequests, portaltest.CaptchaDenied} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			srv := startReplica(t, quick())
			srv.SetDefault(portaltest.Answer{Fault: fault, RetryAfter: 60})
			env := settingsFor(t, srv.PageURL("en"), freeAddress(t))
			code, out, _ := command(t, env, "check", "ZZZZ202508149001", "ZZZZ202508149002", "ZZZZ202508149003")
			if code != exitFailure || strings.Count(out, "no answer") != 3 {
				t.Errorf("exit code %d: %s", code, out)
			}
			if got := len(srv.Requests()); got != 1 {
				t.Errorf("the portal was asked %d times after it had refused", got)
			}
		})
	}
}

func TestServeRefusesWhatIsTaken(t *testing.T) {
	t.Parallel()
	srv := startReplica(t, quick())
	env := settingsFor(t, srv.PageURL("en"), freeAddress(t))
	serve(t, env)
	if code, _, errs := command(t, env, "healthcheck"); code != exitOK {
		t.Errorf("healthcheck: exit code %d: %s", code, errs)
	}
	if code, _, errs := command(t, env, "serve"); code != exitError || !strings.Contains(errs, "stop it first") {
		t.Errorf("second server on one store: exit code %d: %s", code, errs)
	}
	if trail := succeed(t, env, "audit", "export"); !strings.Contains(trail, "appliance.second_server") {
		t.Errorf("the audit trail does not tell of the second server: %s", trail)
	}
	other := settingsFor(t, srv.PageURL("en"), env["CZVM_LISTEN"])
	if code, _, errs := command(t, other, "serve"); code != exitError || !strings.Contains(errs, "another program listens") {
		t.Errorf("second server on one port: exit code %d: %s", code, errs)
	}
	// serve made a token before it started; another one while it runs:
	fresh := api{t: t, base: env["CZVM_BASE_URL"], token: strings.TrimSpace(succeed(t, env, "token", "create", "--name", "another"))}
	fresh.must(fresh.get("/api/v1/applications", nil))
	fresh.token += "x"
	if err := fresh.get("/api/v1/applications", nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a wrong token: %v", err)
	}
}
