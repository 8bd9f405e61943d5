package main

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"cz-visa-monitor/adapters/web"
)

const (
	// keptLines is how many lines of the log are kept in memory, for the page that
	// shows them to admins.
	keptLines = 500
	// maxLine bounds each of them, in bytes: a line may hold where a program stood.
	maxLine = 4 << 10
)

// logLines keeps the last lines of the log. They hold what the log itself holds,
// which is nothing about people.
type logLines struct {
	mu    sync.Mutex
	lines []web.LogLine // a ring, once it is full
	next  int
	// line is where the one that comes is written.
	line bytes.Buffer
}

func newLogLines() *logLines { return &logLines{} }

// last returns the lines, the newest first.
func (l *logLines) last() []web.LogLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := slices.Concat(l.lines[l.next:], l.lines[:l.next])
	slices.Reverse(lines)
	return lines
}

// keep takes a line. The caller holds l.mu.
func (l *logLines) keep(line web.LogLine) {
	if len(l.lines) < keptLines {
		l.lines = append(l.lines, line)
		return
	}
	l.lines[l.next] = line
	l.next = (l.next + 1) % keptLines
}

// handler returns one that keeps what is at least of this level.
func (l *logLines) handler(level slog.Level) slog.Handler {
	text := slog.NewTextHandler(&l.line, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{} // They stand in places of their own.
		}
		return a
	}})
	return &linesHandler{lines: l, text: text}
}

// linesHandler puts what is logged among the lines.
type linesHandler struct {
	lines *logLines
	text  slog.Handler // writes to lines.line
}

// Enabled implements slog.Handler.
func (h *linesHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *linesHandler) Handle(ctx context.Context, r slog.Record) error {
	h.lines.mu.Lock()
	defer h.lines.mu.Unlock()
	h.lines.line.Reset()
	if err := h.text.Handle(ctx, r); err != nil {
		return err
	}
	h.lines.keep(web.LogLine{At: r.Time, Level: r.Level, Text: bounded(r.Message), More: bounded(strings.TrimSpace(h.lines.line.String()))})
	return nil
}

// bounded returns the beginning of a text.
func bounded(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxLine)], "")
}

// WithAttrs implements slog.Handler.
func (h *linesHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &linesHandler{h.lines, h.text.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h *linesHandler) WithGroup(name string) slog.Handler {
	return &linesHandler{h.lines, h.text.WithGroup(name)}
}
