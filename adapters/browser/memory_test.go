package browser

import (
	"testing"
	"testing/fstest"
)

func TestDefaultMaxMemory(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	tests := []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing is told", nil, 1024 * mb},
		{"large machine", map[string]string{"proc/meminfo": "MemTotal:       25165824 kB\nMemFree: 1 kB\n"}, 1024 * mb},
		{"Raspberry Pi with 1 GB and a little", map[string]string{"proc/meminfo": "MemTotal:        1179648 kB\n"}, 384 * mb},
		{"Raspberry Pi with 512 MB", map[string]string{"proc/meminfo": "MemTotal:         440000 kB\n"}, 320 * mb},
		{"odd meminfo", map[string]string{"proc/meminfo": "MemTotal: much\n"}, 1024 * mb},
		{"container", map[string]string{
			"proc/meminfo": "MemTotal: 25165824 kB\n", "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1610612736\n",
		}, 512 * mb},
		{"container without a limit", map[string]string{
			"proc/meminfo": "MemTotal: 1179648 kB\n", "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n",
		}, 384 * mb},
		{"service under a slice with a limit", map[string]string{
			"proc/self/cgroup":                                   "0::/system.slice/visa.service\n",
			"sys/fs/cgroup/system.slice/memory.max":              "1610612736\n",
			"sys/fs/cgroup/system.slice/visa.service/memory.max": "max\n",
		}, 512 * mb},
		{"old groups", map[string]string{
			"proc/self/cgroup":                                    "5:cpu,cpuacct:/a\n3:memory:/docker/b\nodd\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
			"sys/fs/cgroup/memory/docker/b/memory.limit_in_bytes": "1610612736\n",
		}, 512 * mb},
		{"the machine has less than the limit", map[string]string{
			"proc/meminfo": "MemTotal: 1179648 kB\n", "sys/fs/cgroup/memory.max": "16106127360\n",
		}, 384 * mb},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := fstest.MapFS{}
			for name, text := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := defaultMaxMemory(root); got != tt.want {
				t.Errorf("%d MiB, want %d", got/mb, tt.want/mb)
			}
		})
	}
}
