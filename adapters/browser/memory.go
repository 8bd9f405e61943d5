package browser

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

const (
	// mostMemory is what no form needs. A browser that has so much has grown.
	mostMemory = 1 << 30
	// leastMemory is what a browser with a page or two needs, and a little more:
	// with less it would be replaced after every job.
	leastMemory = 320 << 20
)

// defaultMaxMemory is a third of the memory that we may have, because where the
// kernel has to choose whom to kill, it is the browser with its jobs, or the
// whole container. root is the root of the file system.
func defaultMaxMemory(root fs.FS) int64 {
	have := min(machineMemory(root), cgroupMemory(root))
	return min(mostMemory, max(leastMemory, have/3))
}

// machineMemory is the machine's memory in bytes, MaxInt64 where nobody tells.
func machineMemory(root fs.FS) int64 {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return math.MaxInt64
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 53)
			if err == nil {
				return kb << 10
			}
		}
	}
	return math.MaxInt64
}

// cgroupMemory is the smallest limit that a control group sets us, of version 2
// or 1, in bytes; MaxInt64 if none does. A container sees its own group as the
// root of all.
func cgroupMemory(root fs.FS) int64 {
	const top = "sys/fs/cgroup"
	limit := min(memoryLimit(root, top+"/memory.max"), memoryLimit(root, top+"/memory/memory.limit_in_bytes"))
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // hierarchy, controllers, path
		if len(fields) < 3 {
			continue
		}
		dir, file := top, "memory.max"
		if fields[1] != "" {
			dir, file = top+"/memory", "memory.limit_in_bytes"
		}
		if fields[1] != "" && fields[1] != "memory" {
			continue
		}
		for group := path.Clean("/" + fields[2]); group != "/"; group = path.Dir(group) {
			limit = min(limit, memoryLimit(root, dir+group+"/"+file))
		}
	}
	return limit
}

// memoryLimit reads one limit; "max", and a file that is not there, are none.
func memoryLimit(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return math.MaxInt64
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n <= 0 {
		return math.MaxInt64
	}
	return n
}
