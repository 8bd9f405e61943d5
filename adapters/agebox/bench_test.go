package agebox

import (
	"bytes"
	"io"
	"testing"
)

// The figure to hold: a value of 500 bytes is sealed within 2 µs on a PC.

func BenchmarkSeal(b *testing.B) {
	box, _ := newBox(b, generate(b), nil)
	value := bytes.Repeat([]byte("x"), 500)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := box.Seal("applications", "01k2m3n4p5q6r7s8t9v0", value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	box, _ := newBox(b, generate(b), nil)
	sealed, err := box.Seal("applications", "01k2m3n4p5q6r7s8t9v0", bytes.Repeat([]byte("x"), 500))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := box.Open("applications", "01k2m3n4p5q6r7s8t9v0", sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealAndOpen(b *testing.B) {
	box, _ := newBox(b, generate(b), nil)
	value := bytes.Repeat([]byte("x"), 500)
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := box.Seal("applications", "01k2m3n4p5q6r7s8t9v0", value)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := box.Open("applications", "01k2m3n4p5q6r7s8t9v0", sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	box, _ := newBox(b, generate(b), nil)
	b.ReportAllocs()
	for b.Loop() {
		box.Digest([]byte("ZZZZ202601050001"))
	}
}

func BenchmarkSealFile(b *testing.B) {
	box, _ := newBox(b, generate(b), nil)
	person := bytes.Repeat([]byte("x"), 2000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := box.SealFile(person); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenFile(b *testing.B) {
	box, _ := newBox(b, generate(b), nil)
	sealed, err := box.SealFile(bytes.Repeat([]byte("x"), 2000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := box.OpenFile(sealed); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBackup encrypts as much as a backup of a large store has.
func BenchmarkBackup(b *testing.B) {
	box, _ := newBox(b, generate(b), nil)
	chunk := make([]byte, 1<<20)
	b.SetBytes(100 << 20)
	for b.Loop() {
		w, err := box.Encrypt(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		for range 100 {
			if _, err := w.Write(chunk); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoadWithPassphrase tells the time and, as B/op, the memory that a
// start with a passphrase takes.
func BenchmarkLoadWithPassphrase(b *testing.B) {
	f, id := keyFileIn(b.TempDir()), generate(b)
	if err := f.Write(id, []byte("seventeen otters")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Load([]byte("seventeen otters")); err != nil {
			b.Fatal(err)
		}
	}
}
