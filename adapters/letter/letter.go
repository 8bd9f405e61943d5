// Package letter reads the text of a confirmation letter, a PDF or plain text.
// Whoever sends a PDF may have made it to do harm, and a reader of PDFs is a
// large piece of code: it runs in a process of its own, which is the same program
// with the argument Command, has little time and memory, and can open nothing.
package letter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"cz-visa-monitor/app/visa"
)

// Command is the argument that makes the program read one letter: call Child.
const Command = "read-letter"

// The bounds of one letter.
const (
	MaxSize = 5 << 20      // bytes of the letter
	maxText = visa.MaxText // bytes of its text; the rest is left out
	maxTime = 5 * time.Second
	grace   = time.Second // for a process to be gone after it was killed
)

// Config is what New needs.
type Config struct {
	// Program is this program, whose main calls Child for the argument Command.
	Program string
}

// Reader reads letters, one at a time. Make one with New.
type Reader struct {
	program string
	turn    chan struct{}
	timeout time.Duration
}

// New returns a Reader.
func New(c Config) *Reader {
	return &Reader{program: c.Program, turn: make(chan struct{}, 1), timeout: maxTime}
}

// Read returns the text of the letter that r holds, valid UTF-8 of at most
// visa.MaxText bytes. It waits for its turn. The error is a visa.LetterError where
// the letter is to blame, and never holds anything of it. Nothing is stored.
func (l *Reader) Read(ctx context.Context, r io.Reader) (string, error) {
	letter, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return "", fmt.Errorf("read a letter: %w", err)
	}
	if len(letter) > MaxSize {
		return "", visa.ErrLetterTooLarge
	}
	if isPicture(letter) {
		return "", visa.ErrLetterNoText
	}
	if pdfStart(letter) < 0 {
		return readText(letter)
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return "", fmt.Errorf("read a letter: %w", ctx.Err())
	}
	defer func() { <-l.turn }()
	return l.ask(ctx, letter)
}

// ask has a child read a PDF.
func (l *Reader) ask(ctx context.Context, letter []byte) (string, error) {
	limited, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, l.program, Command) //nolint:gosec // this program
	text := &bounded{}
	cmd.Stdin, cmd.Stdout = bytes.NewReader(letter), text
	cmd.Dir, cmd.Env = "/", []string{"GOTRACEBACK=none", "GOMAXPROCS=1"}
	cmd.WaitDelay = grace
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", fmt.Errorf("read a letter: %w", ctx.Err())
	}
	if limited.Err() != nil {
		return "", visa.ErrLetterTooMuch
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", problemOf(exit.ExitCode())
	}
	if err != nil {
		return "", fmt.Errorf("read a letter: %w", err)
	}
	return whole(text.b.Bytes())
}

// bounded keeps the beginning of what is written. It never fails: whoever writes
// more has no more than his time for it.
type bounded struct{ b bytes.Buffer }

func (w *bounded) Write(p []byte) (int, error) {
	w.b.Write(p[:min(len(p), maxText-w.b.Len())])
	return len(p), nil
}

// readText returns a letter that is plain text. What is not UTF-8, such as the
// accents of old mails, is replaced: numbers have none.
func readText(letter []byte) (string, error) {
	letter = bytes.TrimPrefix(letter, []byte("\ufeff"))
	text := letter[:min(len(letter), maxText)]
	for _, b := range text {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f' {
			return "", visa.ErrLetterUnknown
		}
	}
	return whole(text)
}

// whole makes a text of bytes that may end, or be cut, inside a character.
func whole(b []byte) (string, error) {
	text := strings.ToValidUTF8(string(b), " ")
	if len(strings.TrimSpace(text)) == 0 {
		return "", visa.ErrLetterNoText
	}
	return text, nil
}

// isPicture reports whether a letter is a picture of the kinds that phones and
// scanners make.
func isPicture(letter []byte) bool {
	for _, magic := range []string{"\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "II*\x00", "MM\x00*", "RIFF", "\x00\x00\x00\x18ftyphei", "\x00\x00\x00\x1cftyphei", "\x00\x00\x00\x24ftyphei"} {
		if bytes.HasPrefix(letter, []byte(magic)) {
			return true
		}
	}
	return false
}

// pdfStart returns where a PDF begins, which need not be at the first byte; -1
// for what is none.
func pdfStart(letter []byte) int {
	return bytes.Index(letter[:min(len(letter), 1024)], []byte("%PDF-"))
}
