package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// buildBinary builds the program as it is released.
func buildBinary(t testing.TB) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "cz-visa-monitor")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// BenchmarkBinary measures the size of the stripped static binary for amd64.
func BenchmarkBinary(b *testing.B) {
	for b.Loop() {
		info, err := os.Stat(buildBinary(b))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/1e6, "MB")
	}
}

// BenchmarkResidentMemory measures the released binary serving 1,000
// applications, some while after their checks, with the browser stopped.
func BenchmarkResidentMemory(b *testing.B) {
	for b.Loop() {
		listen := freeAddress(b)
		env := settingsFor(b, startReplica(b, quick()).PageURL("en"), listen)
		env["CZVM_INTERVAL"], env["CZVM_MIN_INTERVAL"], env["CZVM_BROWSER_IDLE"] = "1h", "15m", "1s"
		env["CZVM_METRICS_LISTEN"] = freeAddress(b)
		fillStore(b, env["CZVM_DATA_DIR"], 1000)
		cmd := exec.CommandContext(b.Context(), buildBinary(b), "serve")
		cmd.Env = environ(env)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.Stderr = io.Discard
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		client := api{t: b, base: env["CZVM_BASE_URL"], token: newToken(b, env)}
		eventually(b, "it is ready", func() error { return client.get("/readyz", nil) })
		// A page of the list, one real check and scrapes, so that everything was used once.
		b.ReportMetric(residentMB(b, cmd.Process.Pid), "MB-at-start")
		app := client.addApplication("ZZZZ202601059999", "one more")
		client.becomes(app.ID, "a check through the browser", func(a application) bool { return a.Status != "" })
		if err := client.get("/api/v1/applications?limit=500", nil); err != nil {
			b.Fatal(err)
		}
		eventually(b, "the browser is stopped", func() error {
			if n := children(b, cmd.Process.Pid); n > 0 {
				return fmt.Errorf("%d child processes", n)
			}
			_, _, err := scrape(b.Context(), env["CZVM_METRICS_LISTEN"], "")
			return err
		})
		b.ReportMetric(float64(children(b, cmd.Process.Pid)), "browser-processes")
		b.ReportMetric(residentMB(b, cmd.Process.Pid), "MB")
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// fillStore makes a store of n applications that are due in an hour.
func fillStore(b *testing.B, dir string, n int) {
	b.Helper()
	ring := newKeyring(config{dataDir: dir}, func(string) string { return "" }, slog.New(slog.DiscardHandler))
	store, err := boltstore.Open(boltstore.Config{Dir: dir, Keys: ring, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	first, _, err := store.FirstUser(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	owner := account.OfUser(first)
	for i := range n {
		ref, err := visa.Parse(fmt.Sprintf("ZZZZ20260105%04d", i))
		if err != nil {
			b.Fatal(err)
		}
		err = store.Add(context.Background(), watch.Application{
			ID: watch.NewID(now), Reference: ref, AddedAt: now,
			Watchers: []watch.Watcher{{Owner: owner, Label: fmt.Sprintf("application %d", i), AddedAt: now, Told: visa.InProgress}},
			State: watch.State{
				Status: visa.InProgress, Valid: visa.InProgress, Since: now, NextCheckAt: now.Add(time.Hour),
				Answer: watch.Answer{Text: strings.Repeat("is still being processed ", 20)},
			},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}

// residentMB returns the resident set of a process in MB (10^6 bytes).
func residentMB(t testing.TB, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb * 1024 / 1e6
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// children counts the processes whose parent is pid.
func children(t testing.TB, pid int) (n int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // It has ended in the meantime.
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(pid) {
			n++
		}
	}
	return n
}
