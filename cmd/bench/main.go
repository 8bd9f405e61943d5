// Command bench runs the benchmarks that the product is held to and prints
// their results as one table: what was measured, what is to be reached, and what
// it was. It is run from the top of the repository: by 'make bench', and with the
// word ui, for what the pages are held to, by 'make bench-ui'.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
)

// row is one line of the table.
type row struct {
	what string
	// bench and unit name the metric as go test prints them, the bench
	// without "Benchmark" and the number of processors.
	bench, unit string
	// reach is the value to be reached; atLeast tells which side is good.
	reach   float64
	atLeast bool
	// floor: nothing is to be reached; the row says what the machine itself costs.
	floor bool
}

// measured holds the metrics of a run: bench → unit → value.
type measured map[string]map[string]float64

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// errUsage says what can be measured.
var errUsage = errors.New("write bench, or bench ui")

// run measures and prints; it returns an error if something was not measured or
// not reached.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	suites, rows := suites(), rows()
	if len(args) > 0 {
		if len(args) > 1 || args[0] != "ui" {
			return errUsage
		}
		suites, rows = uiSuites(), uiRows()
	}
	all := make(measured)
	var errs []error
	for _, s := range suites {
		fmt.Fprintf(stderr, "bench: %s\n", strings.Join(s, " "))
		if err := goTest(ctx, s, all, stderr); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s[len(s)-1], err))
		}
	}
	return errors.Join(append(errs, printTable(stdout, rows, all))...)
}

// goTest runs go test with args and adds what it measured to all.
func goTest(ctx context.Context, args []string, all measured, progress io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-run", "^$", "-timeout", "30m"}, args...)...) //nolint:gosec // Our own lists.
	cmd.Stderr = progress
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run go test: %w", err)
	}
	err = parse(io.TeeReader(out, progress), all)
	return errors.Join(err, cmd.Wait())
}

// parse reads lines of the form "BenchmarkName-2  10  123 ns/op  4.5 ms-start".
func parse(r io.Reader, all measured) error {
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		f := strings.Fields(scan.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if dash := strings.LastIndexByte(name, '-'); dash > 0 {
			name = name[:dash]
		}
		if all[name] == nil {
			all[name] = make(map[string]float64)
		}
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return fmt.Errorf("read the line %q: %w", scan.Text(), err)
			}
			all[name][f[i+1]] = v
		}
	}
	return scan.Err()
}

// printTable writes the table.
func printTable(w io.Writer, rows []row, all measured) error {
	fmt.Fprintln(w, "| what | reach | measured | |\n|---|---|---|---|")
	var errs []error
	for _, r := range rows {
		v, ok := all[r.bench][r.unit]
		if !ok {
			errs = append(errs, fmt.Errorf("%s was not measured", r.what))
			continue
		}
		reach, verdict := "(floor)", ""
		if !r.floor {
			sign := "≤"
			good := v <= r.reach
			if r.atLeast {
				sign, good = "≥", v >= r.reach
			}
			reach, verdict = fmt.Sprintf("%s %g", sign, r.reach), "reached"
			if !good {
				verdict = "NOT REACHED"
				errs = append(errs, fmt.Errorf("%s: %g is not %s", r.what, v, reach))
			}
		}
		fmt.Fprintf(w, "| %s | %s | %.4g %s | %s |\n", r.what, reach, v, r.unit, verdict)
	}
	return errors.Join(errs...)
}
