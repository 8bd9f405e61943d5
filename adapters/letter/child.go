package letter

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/ledongthuc/pdf"

	"cz-visa-monitor/app/visa"
)

// The bounds that the child sets itself, beside those of the kernel.
const (
	softMemory = 128 << 20 // bytes; the collector works harder from here on
	hardMemory = 384 << 20 // bytes of address space on top of what a new process has
	maxStack   = 32 << 20  // bytes; what is nested deeper ends the process
	maxPages   = 20        // the rest is left out
)

// The exit codes of the child. Those below are the runtime's.
const (
	exitUnread = 20 + iota
	exitNoText
	exitLocked
	exitDamaged
	exitTooMuch
)

// problemOf returns what an exit code of the child means. The runtime ends it
// with a code of its own, and the kernel with a signal, where it wants too much.
func problemOf(code int) visa.LetterError {
	switch code {
	case exitNoText:
		return visa.ErrLetterNoText
	case exitLocked:
		return visa.ErrLetterLocked
	case exitUnread, exitDamaged:
		return visa.ErrLetterDamaged
	}
	return visa.ErrLetterTooMuch
}

// Child is the work of the process that reads one PDF: from stdin, its text to
// stdout. It limits the whole process, and returns the exit code.
func Child(stdin io.Reader, stdout io.Writer) int {
	debug.SetMemoryLimit(softMemory)
	debug.SetMaxStack(maxStack)
	if err := confine(); err != nil {
		return exitTooMuch
	}
	// Whoever started it may be gone, and then nobody else ends it.
	late := time.AfterFunc(maxTime, func() { os.Exit(exitTooMuch) }) //nolint:forbidigo // the work cannot be interrupted, and this process is for nothing else
	defer late.Stop()
	letter, err := io.ReadAll(io.LimitReader(stdin, MaxSize))
	if err != nil {
		return exitUnread
	}
	text, code := pdfText(letter)
	if code != 0 {
		return code
	}
	if _, err := io.WriteString(stdout, text); err != nil {
		return exitUnread
	}
	return 0
}

// pdfText returns the text of a PDF, or an exit code.
func pdfText(letter []byte) (text string, code int) {
	defer func() {
		if recover() != nil { // The library panics on what is malformed.
			text, code = "", exitDamaged
		}
	}()
	letter = tidy(letter)
	doc, err := pdf.NewReader(bytes.NewReader(letter), int64(len(letter)))
	switch {
	case errors.Is(err, pdf.ErrInvalidPassword), err != nil && bytes.Contains(letter, []byte("/Encrypt")):
		return "", exitLocked
	case err != nil:
		return "", exitDamaged
	}
	if doc.NumPage() <= 0 {
		return "", exitDamaged
	}
	w := &writer{}
	for i := range min(doc.NumPage(), maxPages) {
		readPage(w, doc.Page(i+1))
		if w.full() {
			break
		}
	}
	text = w.b.String()
	switch {
	case w.shown:
		return text, 0
	case w.broken:
		return "", exitDamaged
	}
	return "", exitNoText
}

// tidy cuts off what some programs put around a PDF, and gives it the first line
// that the library knows: it refuses the version 2.0, which it can read.
func tidy(letter []byte) []byte {
	letter = bytes.Clone(letter[max(pdfStart(letter), 0):])
	const first, last = "%PDF-1.7\n", "%%EOF"
	if len(letter) < len(first) {
		return letter
	}
	copy(letter, first)
	if end := bytes.LastIndex(letter, []byte(last)); end >= 0 {
		letter = letter[:end+len(last)]
	}
	return letter
}
