package letter

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// confine takes from this process what it does not need: memory, processor time,
// and every file and connection that is not open yet. A core would hold the letter.
func confine() error {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	first, _, _ := bytes.Cut(statm, []byte(" "))
	pages, err := strconv.ParseUint(string(first), 10, 64)
	if err != nil {
		return err
	}
	// Go reserves much more than it uses, so that only what is added counts.
	space := pages*uint64(os.Getpagesize()) + hardMemory //nolint:gosec // a page size is positive
	const seconds = uint64(maxTime/1e9) + 1
	for what, most := range map[int]uint64{
		syscall.RLIMIT_AS: space, syscall.RLIMIT_CPU: seconds, syscall.RLIMIT_CORE: 0,
		syscall.RLIMIT_FSIZE: 0, syscall.RLIMIT_NOFILE: 0,
	} {
		if err := setLimit(what, most); err != nil {
			return err
		}
	}
	return nil
}

// setLimit sets a limit of this process for good; one that is lower stays.
func setLimit(what int, most uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(what, &now); err != nil {
		return err
	}
	most = min(most, now.Max)
	return syscall.Setrlimit(what, &syscall.Rlimit{Cur: most, Max: most})
}
