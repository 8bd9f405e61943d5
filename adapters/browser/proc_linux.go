package browser

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// process is one entry of /proc.
type process struct {
	pid, group int
	zombie     bool
	cmdline    string // NUL-separated, as the kernel gives it
}

// processes lists what runs on the machine, as far as we may see it.
func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

func readProcess(pid int) (process, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, false
	}
	// The name in brackets may hold anything: what follows starts after the last one.
	end := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:])) // state, parent, group, …
	if end < 0 || len(fields) < 3 {
		return process{}, false
	}
	group, err := strconv.Atoi(fields[2])
	if err != nil {
		return process{}, false
	}
	cmdline, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
	return process{pid: pid, group: group, zombie: fields[0] == "Z", cmdline: string(cmdline)}, true
}

func (p process) kill() { _ = syscall.Kill(p.pid, syscall.SIGKILL) }

// memory returns the process's proportional share of memory (PSS) in bytes, 0
// where the kernel does not tell.
func (p process) memory() int64 {
	f, err := os.Open(filepath.Join("/proc", strconv.Itoa(p.pid), "smaps_rollup"))
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// ownGroup puts the child into a process group of its own, so that the whole
// tree can be ended at once, and has the kernel kill it when the thread that
// started it ends. That thread must therefore live as long as the child.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends every process of the group.
func killGroup(group int) { _ = syscall.Kill(-group, syscall.SIGKILL) }

// lockFile takes the lock of a file, making the file if need be. It fails if
// somebody holds it. The kernel drops the lock with the process.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// smallSharedMemory reports whether /dev/shm is too small for a renderer, as it
// is in a container by default (64 MB).
func smallSharedMemory() bool {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err != nil {
		return true
	}
	return uint64(fs.Bsize)*fs.Bavail < 128<<20 //nolint:gosec // a block size is positive
}

// ours reports whether a file belongs to the user we run as.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
