package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cz-visa-monitor/adapters/web"
)

func TestLogLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, lines := config{logFormat: "json", logLevel: "info"}.keptLogger(&out)
	log.Debug("too fine")
	log.With(slog.String("part", "web")).WithGroup("g").Info("first", slog.String("msg", "kept"))
	log.Warn("second", slog.Any("error", errors.New("a \"quoted\" cause")))
	want := []web.LogLine{
		{Level: slog.LevelWarn, Text: "second", More: `error="a \"quoted\" cause"`},
		{Level: slog.LevelInfo, Text: "first", More: `part=web g.msg=kept`},
	}
	if diff := cmp.Diff(want, lines.last(), cmpopts.IgnoreFields(web.LogLine{}, "At")); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(out.String(), "\n"); n != 2 || lines.last()[0].At.IsZero() {
		t.Errorf("the log itself has %d lines: %s", n, &out)
	}
}

// Whatever comes, no more than so many lines are kept, each of bounded length.
func TestLogLinesAreBounded(t *testing.T) {
	t.Parallel()
	log, lines := config{logLevel: "info"}.keptLogger(&bytes.Buffer{})
	for n := range keptLines + 3 {
		log.Info("line", slog.Int("n", n))
	}
	got := lines.last()
	if len(got) != keptLines || got[0].More != fmt.Sprintf("n=%d", keptLines+2) || got[keptLines-1].More != "n=3" {
		t.Errorf("%d lines from %q to %q", len(got), got[0].More, got[len(got)-1].More)
	}
	log.Info("long", slog.String("x", strings.Repeat("é", maxLine)))
	if n := len(lines.last()[0].More); n > maxLine || n < maxLine-2 {
		t.Errorf("a long line has %d bytes", n)
	}
}

func TestLogLinesFromSeveral(t *testing.T) {
	t.Parallel()
	log, lines := config{logLevel: "info"}.keptLogger(io.Discard)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				log.Info("line", slog.String("a", "b"))
				lines.last()
			}
		})
	}
	wg.Wait()
	for _, line := range lines.last() {
		if line.Text != "line" || line.More != "a=b" {
			t.Fatalf("lines run into one another: %+v", line)
		}
	}
}
