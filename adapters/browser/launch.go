package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// candidates are looked for on the PATH, best first: the headless shell needs
// two thirds of the memory of the full browser.
func candidates() []string {
	return []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}
}

// findBinary returns the full path of the browser to start. A name without a
// slash is looked for on the PATH.
func findBinary(name string) (string, error) {
	if name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("find browser %q: %w", name, err)
		}
		return path, nil
	}
	for _, c := range candidates() {
		if path, err := exec.LookPath(c); err == nil {
			return path, nil
		}
	}
	return "", ErrNoBrowser
}

// Sandbox says whether Chromium's own sandbox is used.
type Sandbox string

// The choices for the sandbox.
const (
	// SandboxAuto leaves it on, except as root, where Chromium refuses to start
	// with it, and in a container, whose kernel filter forbids what it needs.
	SandboxAuto Sandbox = ""
	SandboxOn   Sandbox = "on"
	SandboxOff  Sandbox = "off"
)

func (s Sandbox) enabled() bool {
	switch s {
	case SandboxOn:
		return true
	case SandboxOff:
		return false
	case SandboxAuto:
	}
	return os.Geteuid() != 0 && !inContainer()
}

func inContainer() bool {
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return os.Getenv("container") != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

// The window is as large as a common laptop's, and always the same.
const (
	viewportWidth  = 1280
	viewportHeight = 900
)

// arguments returns the command line. Everything a browser does for a person at
// a desk (updates, sync, translation, crash reports) is off; nothing is set that
// would hide from the page that it is driven by a program.
func arguments(profileDir string, sandbox bool) []string {
	args := []string{
		"--headless",
		"--remote-debugging-pipe",
		profileFlag + profileDir,
		fmt.Sprintf("--window-size=%d,%d", viewportWidth, viewportHeight),
		"--blink-settings=imagesEnabled=false",
		"--disable-background-networking",
		"--disable-background-timer-throttling",
		"--disable-backgrounding-occluded-windows",
		"--disable-breakpad",
		"--disable-component-update",
		"--disable-crash-reporter",
		"--disable-default-apps",
		"--disable-extensions",
		"--disable-features=BackForwardCache,MediaRouter,OptimizationHints,Translate",
		"--disable-gpu",
		"--disable-quic",
		"--disable-renderer-backgrounding",
		"--disable-sync",
		"--in-process-gpu",
		"--metrics-recording-only",
		"--mute-audio",
		"--no-default-browser-check",
		"--no-first-run",
		"--password-store=basic",
		"--process-per-site",
		"--renderer-process-limit=1",
	}
	if !sandbox {
		args = append(args, "--no-sandbox")
	}
	if smallSharedMemory() {
		args = append(args, "--disable-dev-shm-usage")
	}
	return append(args, "about:blank")
}

// environment keeps our own settings, secrets among them, out of the browser
// and its files out of the home directory.
func environment(profileDir string) []string {
	env := []string{"HOME=" + profileDir, "XDG_CONFIG_HOME=" + profileDir, "XDG_CACHE_HOME=" + profileDir}
	// The full browser makes a socket in its temporary directory, and the path of
	// a socket has at most 107 characters.
	const socket = "/org.chromium.Chromium.XXXXXX/SingletonSocket"
	pass := []string{"PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR"}
	if len(profileDir)+len(socket) <= 107 {
		env = append(env, "TMPDIR="+profileDir)
	} else {
		pass = append(pass, "TMPDIR")
	}
	for _, name := range pass {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// local is a browser process of ours.
type local struct {
	cmd     *exec.Cmd
	pipe    *pipe
	profile *profile
	exited  chan struct{} // closed when the process has been waited for
	output  *tail
}

// launch starts a browser. It is not yet known to answer.
func launch(bin, dir string, sandbox bool) (*local, error) {
	prof, err := newProfile(dir)
	if err != nil {
		return nil, err
	}
	l := &local{profile: prof, exited: make(chan struct{}), output: &tail{}}
	if err := l.start(bin, sandbox); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", bin, err), prof.remove())
	}
	return l, nil
}

func (l *local) start(bin string, sandbox bool) error {
	theirIn, ourIn, err := os.Pipe()
	if err != nil {
		return err
	}
	ourOut, theirOut, err := os.Pipe()
	if err != nil {
		return errors.Join(err, theirIn.Close(), ourIn.Close())
	}
	l.pipe = newPipe(ourIn, ourOut)

	l.cmd = exec.Command(bin, arguments(l.profile.dir, sandbox)...) //nolint:gosec,noctx // the operator names the binary; stop ends it
	l.cmd.Env = environment(l.profile.dir)
	l.cmd.Dir = l.profile.dir
	l.cmd.Stderr = l.output
	l.cmd.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4
	l.cmd.WaitDelay = 2 * time.Second                // its children may hold stderr open
	ownGroup(l.cmd)

	started := make(chan error)
	go func() {
		// The kernel's order to kill the browser is tied to this very thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := l.cmd.Start()
		started <- err
		if err == nil {
			_ = l.cmd.Wait()
			close(l.exited)
		}
	}()
	err = <-started
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		_ = l.pipe.Close()
	}
	return err
}

// stop ends the browser with all its processes and removes its profile. A
// healthy browser ends by itself when the pipe closes; any other is killed.
func (l *local) stop(logger *slog.Logger) {
	_ = l.pipe.Close()
	select {
	case <-l.exited:
	case <-time.After(time.Second):
	}
	group := l.cmd.Process.Pid
	killGroup(group)
	<-l.exited // a killed process ends; WaitDelay bounds the rest
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	l.awaitEnd(ctx, group)
	if err := l.profile.remove(); err != nil {
		logger.Warn("browser profile not removed", slog.Any("error", err))
	}
}

// awaitEnd waits until no process of the browser is left running. Its children
// are not ours to reap; zombies are init's.
func (l *local) awaitEnd(ctx context.Context, group int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		left := l.tree(group)
		if len(left) == 0 {
			return
		}
		for _, p := range left {
			p.kill()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// tree lists the browser's running processes: its process group, and what left
// the group but works in its profile.
func (l *local) tree(group int) []process {
	var tree []process
	for _, p := range processes() {
		if !p.zombie && (p.group == group || p.worksIn(l.profile.dir)) {
			tree = append(tree, p)
		}
	}
	return tree
}

// memory returns the share of memory (PSS) of all its processes, in bytes.
func (l *local) memory() int64 {
	var sum int64
	for _, p := range l.tree(l.cmd.Process.Pid) {
		sum += p.memory()
	}
	return sum
}

// tail keeps the end of what the browser wrote to its standard error, to tell
// why it would not start.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 2 << 10

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if extra := len(t.buf) - tailSize; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(b), nil
}

// lastLine returns the last line that is not empty.
func (t *tail) lastLine() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.buf)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
