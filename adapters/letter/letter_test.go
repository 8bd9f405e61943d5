package letter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"cz-visa-monitor/app/visa"
)

// TestMain makes the test program the one that Reader starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Command {
		os.Exit(Child(os.Stdin, os.Stdout))
	}
	if os.Getenv(confinedEnv) != "" {
		fmt.Println(tryAll())
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func newReader(t testing.TB) *Reader {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{Program: program})
	r.timeout = time.Minute // The machine may be busy; the child has its own bounds.
	return r
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// numbers are those that Find sees in a text.
func numbers(text string) string {
	var all []string
	for _, f := range visa.Find(text, time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)) {
		if f.Problem != nil {
			all = append(all, f.Problem.Code())
			continue
		}
		all = append(all, f.Reference.String())
	}
	return strings.Join(all, " ")
}

func TestReadPrintedLetters(t *testing.T) {
	t.Parallel()
	text, err := newReader(t).Read(t.Context(), bytes.NewReader(fixture(t, "chromium.pdf")))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"MINISTERSTVO VNITRA ČESKÉ REPUBLIKY\n", "Č. j.: OAM-90001-6/DP-2026\n",
		"Potvrzení o přijetí žádosti o dlouhodobý pobyt", "Příliš žluťoučký kůň úpěl ďábelské ódy.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if got := numbers(text); got != "OAM-90001-6/DP-2026 OAM-90002/ZM-2026 ZZZZ202602039001 OAM-90003-12/TP-2026" {
		t.Errorf("found %s in:\n%s", got, text)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	number := "(OAM-90001-6/DP-2026) Tj"
	whole := simple(number)
	for _, tc := range []struct {
		name   string
		letter []byte
		want   string // numbers in it
		err    error
	}{
		{name: "a mail", letter: []byte("Dobrý den, OAM-90001/DP-2026"), want: "OAM-90001/DP-2026"},
		{name: "a mail of old", letter: []byte("Dobr\xfd den, \x8e\xe1dost OAM-90001/DP-2026"), want: "OAM-90001/DP-2026"},
		{name: "with a byte order mark", letter: []byte("\ufeffZZZZ202602039001"), want: "ZZZZ202602039001"},
		{name: "nothing", letter: nil, err: visa.ErrLetterNoText},
		{name: "blanks", letter: []byte(" \r\n\t"), err: visa.ErrLetterNoText},
		{name: "a program", letter: []byte("\x7fELF\x02\x01\x00\x00"), err: visa.ErrLetterUnknown},
		{name: "an archive", letter: []byte("PK\x03\x04 OAM-90001/DP-2026"), err: visa.ErrLetterUnknown},
		{name: "a photo", letter: []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), err: visa.ErrLetterNoText},
		{name: "a picture", letter: []byte("\x89PNG\r\n\x1a\n"), err: visa.ErrLetterNoText},
		{name: "too large", letter: bytes.Repeat([]byte("a"), MaxSize+1), err: visa.ErrLetterTooLarge},

		{name: "a PDF", letter: whole, want: "OAM-90001-6/DP-2026"},
		{name: "a PDF behind other bytes", letter: append([]byte("\r\n"), simple(number)...), want: "OAM-90001-6/DP-2026"},
		{name: "a PDF before other bytes", letter: append(simple(number), "\r\n--boundary--\x00\x00"...), want: "OAM-90001-6/DP-2026"},
		{name: "a PDF of version 2.0", letter: bytes.Replace(simple(number), []byte("%PDF-1.4"), []byte("%PDF-2.0"), 1), want: "OAM-90001-6/DP-2026"},
		{name: "lines of one text object", letter: simple("(pod) Tj 0 -14 Td (OAM-90001/DP-2026) Tj T* 0 -14 Td (OAM-) Tj 0 -14 Td (90002/DP-2026) Tj"), want: "OAM-90001/DP-2026 OAM-90002/DP-2026"},
		{name: "cells of one line", letter: simple("(OAM-90001/DP-2026) Tj 200 0 Td (2026) Tj"), want: "OAM-90001/DP-2026"},
		{name: "pieces with kerning", letter: simple("[(OA) 40 (M-9) -30 (0001/D) 80 (P-2026) -300 (ze dne)] TJ"), want: "OAM-90001/DP-2026"},
		{name: "each letter placed", letter: simple("(O) Tj 6 0 Td (A) Tj 6 0 Td (M) Tj 6 0 Td (-) Tj 6 0 Td (9/DP-2026) Tj"), want: "OAM-9/DP-2026"},
		{name: "two text objects on one line", letter: simple("(OAM-90001/) Tj ET BT /F1 12 Tf 1 0 0 1 116 700 Tm (DP-2026) Tj"), want: "OAM-90001/DP-2026"},
		{name: "in a form", letter: withForm(number), want: "OAM-90001-6/DP-2026"},
		{name: "many pages", letter: build(pages(30, number)), want: "OAM-90001-6/DP-2026"},
		{name: "compressed", letter: build(onePage(deflated([]byte("BT /F1 12 Tf 50 700 Td " + number + " ET")))), want: "OAM-90001-6/DP-2026"},

		{name: "a scan", letter: scan(), err: visa.ErrLetterNoText},
		{name: "an empty page", letter: simple(""), err: visa.ErrLetterNoText},
		{name: "locked", letter: locked(number), err: visa.ErrLetterLocked},
		{name: "only the first line", letter: []byte("%PDF-1.4\n"), err: visa.ErrLetterDamaged},
		{name: "a lie about being one", letter: []byte("%PDF-1.4\nOAM-90001/DP-2026\n%%EOF\n"), err: visa.ErrLetterDamaged},
		{name: "cut in half", letter: whole[:len(whole)/2], err: visa.ErrLetterDamaged},
		{name: "cut at the end", letter: whole[:len(whole)-20], err: visa.ErrLetterDamaged},
		{name: "a page that is its own parent", letter: build(ownParent()), err: visa.ErrLetterTooMuch},
		{name: "a form that draws itself", letter: drawsItself(), err: visa.ErrLetterNoText},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			text, err := newReader(t).Read(t.Context(), bytes.NewReader(tc.letter))
			if !errors.Is(err, tc.err) || err == nil && numbers(text) != tc.want {
				t.Errorf("found %q, error %v; want %q, error %v; the text:\n%.300q", numbers(text), err, tc.want, tc.err, text)
			}
		})
	}
}

// TestBombs sends what wants all time or memory there is. Only the child may
// feel it, and not for long.
func TestBombs(t *testing.T) {
	t.Parallel()
	if text, err := newReader(t).Read(t.Context(), bytes.NewReader(bomb())); err != nil || len(text) != maxText {
		t.Errorf("text without end: %d bytes, error %v; want the beginning", len(text), err)
	}
	for _, tc := range []struct {
		name   string
		letter []byte
	}{
		{"a gigabyte of one word", build(onePage(deflated([]byte("BT /F1 12 Tf ("), bytes.Repeat([]byte("a"), 1<<30), []byte(") Tj ET"))))},
		{"a text that never ends", build(onePage(stream("", "BT 4<")))},
		{"nested a million deep", build(onePage(deflated(bytes.Repeat([]byte("["), 4<<20))))},
		{"nested dictionaries in the file", build(onePage([]string{"<< /Length 0 >>", strings.Repeat("<</A", 1<<20)}))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if len(tc.letter) > MaxSize {
				t.Fatalf("the bomb has %d bytes", len(tc.letter))
			}
			r := newReader(t)
			start := time.Now()
			_, err := r.Read(t.Context(), bytes.NewReader(tc.letter))
			var bad visa.LetterError
			if !errors.As(err, &bad) {
				t.Errorf("error %v", err)
			}
			if took := time.Since(start); took > 45*time.Second {
				t.Errorf("took %s", took)
			}
			if text, err := r.Read(t.Context(), bytes.NewReader(simple("(OAM-9/DP-2026) Tj"))); err != nil || numbers(text) != "OAM-9/DP-2026" {
				t.Errorf("the next letter: %q, %v", text, err)
			}
		})
	}
}

// TestKilledInTime starts a program that never answers.
func TestKilledInTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, note := dir+"/stuck", dir+"/pid"
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho $$ > "+note+"\nexec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := New(Config{Program: program})
	r.timeout = 500 * time.Millisecond
	if _, err := r.Read(t.Context(), bytes.NewReader(simple("(x) Tj"))); !errors.Is(err, visa.ErrLetterTooMuch) {
		t.Errorf("error %v", err)
	}
	if pid, err := os.ReadFile(note); err == nil { // Else it was killed before it wrote.
		if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); err == nil {
			t.Errorf("process %s is still there", pid)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Read(ctx, bytes.NewReader(simple("(x) Tj"))); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever gave up gets %v", err)
	}
}

func TestOneAtATime(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.turn <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Read(ctx, bytes.NewReader(simple("(x) Tj"))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second letter at once: %v", err)
	}
	if text, err := r.Read(ctx, strings.NewReader("a text needs no child")); err != nil || text == "" {
		t.Errorf("a text: %q, %v", text, err)
	}
	<-r.turn
	if _, err := r.Read(t.Context(), bytes.NewReader(simple("(x) Tj"))); err != nil {
		t.Errorf("when its turn has come: %v", err)
	}
}

func TestNoProgram(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Program: "/nowhere/at/all"}).Read(t.Context(), bytes.NewReader(simple("(x) Tj")))
	var bad visa.LetterError
	if err == nil || errors.As(err, &bad) {
		t.Errorf("error %v, want one that does not blame the letter", err)
	}
}

// FuzzPDF sends whole files through the child, as people do: the library has no
// bounds of its own, and is known to die of some. Whatever it does, the answer is
// a text or blames the letter.
func FuzzPDF(f *testing.F) {
	f.Add(fixture(f, "chromium.pdf"))
	for _, seed := range [][]byte{simple("[(OA) 40 (M-9)] TJ"), withForm("(OAM-9/DP-2026) Tj"), scan(), locked("(x) Tj"), drawsItself()} {
		f.Add(seed)
	}
	r := newReader(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := r.Read(t.Context(), bytes.NewReader(b))
		if _, blamed := errors.AsType[visa.LetterError](err); err != nil && !blamed {
			t.Errorf("error %v", err)
		}
		if (err == nil) != (strings.TrimSpace(text) != "") || len(text) > maxText || !utf8.ValidString(text) {
			t.Errorf("%d bytes of text, error %v", len(text), err)
		}
	})
}

// FuzzPage fuzzes what a page may draw. Texts end: where one does not, the library
// reads for ever, which is TestBombs's.
func FuzzPage(f *testing.F) {
	for _, s := range []string{
		"BT /F1 12 Tf 50 700 Td (OAM-90001/DP-2026) Tj ET", "q 1 0 0 -1 0 0 cm BT /F1 9 Tf [(a) -300 (b)] TJ T* (c) ' 1 2 (d) \" ET Q Q",
		"/X Do /F1 Do", "BT /F9 1 Tf (x) Tj Tf Tm Td TD TJ ' \" cm Do", "[ << ( <", "1 2 3 def begin end",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<14 {
			return
		}
		s += strings.Repeat(")", strings.Count(s, "(")+1) + strings.Repeat(">", 2*strings.Count(s, "<")+1)
		text, code := pdfText(build(onePage(stream("", s))))
		if code == 0 && len(text) > 2*maxText+len(s) {
			t.Errorf("%d bytes of text from %d", len(text), len(s))
		}
	})
}

// TestChildIsConfined asks what the child may do once it has confined itself.
func TestChildIsConfined(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = []string{confinedEnv + "=1"}
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "confined" {
		t.Errorf("%s, %v", out, err)
	}
}

const confinedEnv = "CZVM_TEST_CONFINED"

// tryAll returns what a confined process must not be able to do, and is.
func tryAll() string {
	if err := confine(); err != nil {
		return err.Error()
	}
	if _, err := os.Open("/etc/hostname"); !errors.Is(err, syscall.EMFILE) {
		return "it opens a file"
	}
	if _, err := net.Dial("udp", "127.0.0.1:53"); !errors.Is(err, syscall.EMFILE) {
		return "it opens a connection"
	}
	if _, err := syscall.Mmap(-1, 0, 2*hardMemory, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE); !errors.Is(err, syscall.ENOMEM) {
		return "it takes memory"
	}
	var cpu, core syscall.Rlimit
	if err := errors.Join(syscall.Getrlimit(syscall.RLIMIT_CPU, &cpu), syscall.Getrlimit(syscall.RLIMIT_CORE, &core)); err != nil || cpu.Max > 10 || core.Max != 0 {
		return "it may run long, or leave a core"
	}
	return "confined"
}
