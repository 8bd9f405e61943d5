package browser_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cz-visa-monitor/adapters/browser"
)

// using lists the processes whose command line names dir, as every process of a
// browser whose profile is there does, or its parent's.
func using(tb testing.TB, dir string) (pids []int) {
	tb.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		tb.Fatal(err)
	}
	group := map[string]bool{}
	stats := map[int][]string{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 3 || fields[0] == "Z" {
			continue
		}
		stats[pid] = fields
		if line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline")); strings.Contains(string(line), dir) {
			group[fields[2]] = true
		}
	}
	for pid, fields := range stats {
		if group[fields[2]] && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func nothing(context.Context, *browser.Page) error { return nil }

func TestIdleBrowserIsStoppedAndStartedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBrowser(t, func(c *browser.Config) { c.Dir, c.IdleStop = dir, 100*time.Millisecond })
	for range 2 {
		if err := b.Do(within(t, 20*time.Second), nothing); err != nil {
			t.Fatal(err)
		}
		if s := b.Glance(); s.Endpoints[0].Running && s.Memory < 20<<20 {
			t.Errorf("at a glance %+v, want the memory of a browser", s)
		}
		waitFor(t, 10*time.Second, "browser gone", func() bool {
			left, _ := os.ReadDir(dir)
			return len(using(t, dir)) == 0 && len(left) == 0
		})
		for _, s := range []browser.Stats{b.Stats(), b.Glance()} {
			if s.Endpoints[0].Running || s.Memory != 0 {
				t.Errorf("stats %+v", s)
			}
		}
	}
	if s := b.Stats(); s.Starts != 2 || s.Deaths != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestWornBrowserIsReplaced(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*browser.Config){
		"age":    func(c *browser.Config) { c.MaxAge = time.Nanosecond },
		"memory": func(c *browser.Config) { c.MaxMemory = 1 << 20 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, change)
			for range 2 {
				if err := b.Do(within(t, 20*time.Second), nothing); err != nil {
					t.Fatal(err)
				}
			}
			if s := b.Stats(); s.Starts != 2 || s.Deaths != 0 {
				t.Errorf("stats %+v, want two starts and no death", s)
			}
		})
	}
}

func TestCrashIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBrowser(t, func(c *browser.Config) { c.Dir = dir })
	crashes := []struct {
		name  string
		crash func(ctx context.Context, p *browser.Page)
	}{
		{"page", func(ctx context.Context, p *browser.Page) {
			go func() { _ = p.Navigate(ctx, "chrome://crash") }()
		}},
		{"browser", func(context.Context, *browser.Page) {
			for _, pid := range using(t, dir) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}},
	}
	for _, c := range crashes {
		start := time.Now()
		err := b.Do(within(t, 30*time.Second), func(ctx context.Context, p *browser.Page) error {
			c.crash(ctx, p)
			return p.Eval(context.Background(), nil, `() => new Promise(() => {})`)
		})
		var be *browser.Error
		if !errors.As(err, &be) {
			t.Errorf("%s: error %v, want a browser error", c.name, err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: noticed after %v", c.name, took)
		}
		if err := b.Do(within(t, 20*time.Second), nothing); err != nil {
			t.Errorf("the job after the crash of the %s: %v", c.name, err)
		}
	}
	if s := b.Stats(); s.Starts != 2 || s.Deaths != 1 {
		t.Errorf("stats %+v, want two starts and one death", s)
	}
}

func TestCloseEndsRunningJobs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBrowser(t, func(c *browser.Config) { c.Dir = dir })
	err := b.Do(within(t, 30*time.Second), func(ctx context.Context, p *browser.Page) error {
		go func() { _ = b.Close() }()
		return p.Eval(ctx, nil, `() => new Promise(() => {})`)
	})
	if !errors.Is(err, browser.ErrClosed) {
		t.Errorf("the running job: %v", err)
	}
	if err := b.Do(t.Context(), nothing); !errors.Is(err, browser.ErrClosed) {
		t.Errorf("a later job: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	waitFor(t, 10*time.Second, "browser gone", func() bool { return len(using(t, dir)) == 0 })
}

// holdBrowser is the helper process: it opens a page, says so, and waits.
func holdBrowser(dir string) int {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	b, err := browser.New(browser.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	err = b.Do(stop, func(ctx context.Context, _ *browser.Page) error {
		fmt.Println("ready")
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		fmt.Println(err)
		return 1
	}
	if err := b.Close(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func TestNothingIsLeftAfterASignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), helperEnv+"="+dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
				t.Fatalf("helper says %q, %v", line, err)
			}
			if n := len(using(t, dir)); n < 3 {
				t.Fatalf("only %d browser processes seen: the test would prove nothing", n)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if sig == syscall.SIGTERM {
				if err := cmd.Wait(); err != nil {
					t.Errorf("helper: %v", err)
				}
				if left := using(t, dir); len(left) != 0 {
					t.Errorf("processes left: %v", left)
				}
				return
			}
			waitFor(t, 2*time.Second, "all browser processes gone", func() bool { return len(using(t, dir)) == 0 })
			_ = cmd.Wait()

			// What SIGKILL leaves on the disk, the next start removes.
			if left, _ := os.ReadDir(dir); len(left) != 1 {
				t.Fatalf("profiles left: %v, want one", left)
			}
			newBrowser(t, func(c *browser.Config) { c.Dir = dir })
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("profiles not swept: %v", left)
			}
		})
	}
}

func TestSweepEndsBrowsersWithoutOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	profile := filepath.Join(dir, "czvm-chromium-1-left")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "owner.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// Stands for a browser that hangs and did not notice that its pipe was closed.
	hanging := exec.CommandContext(t.Context(), "sh", "-c", "read never", "sh", "--user-data-dir="+profile)
	stdin, err := hanging.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	if err := hanging.Start(); err != nil {
		t.Fatal(err)
	}
	newBrowser(t, func(c *browser.Config) { c.Dir = dir })
	if err := hanging.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the hanging browser ended with %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("profiles left: %v", left)
	}
}

func TestSweepLeavesTheLivingAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBrowser(t, func(c *browser.Config) { c.Dir = dir })
	err := b.Do(within(t, 20*time.Second), func(ctx context.Context, p *browser.Page) error {
		newBrowser(t, func(c *browser.Config) { c.Dir = dir })
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("profiles: %v, want the one in use", left)
		}
		return p.Eval(ctx, nil, `() => 1`)
	})
	if err != nil {
		t.Error(err)
	}
}
