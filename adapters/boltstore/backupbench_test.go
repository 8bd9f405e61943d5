package boltstore

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
)

// noisy makes a store of n values that do not compress, of 1.9 KB each on disk.
func noisy(b *testing.B, dir string, n int) *Store {
	b.Helper()
	s := openWith(b, dir, newRealKeys(b))
	noise := make([]byte, 500)
	s.write.Lock()
	defer s.write.Unlock()
	for from := 0; from < n; from += 1000 {
		err := s.update(func(tx *bbolt.Tx) error {
			for i := from; i < min(from+1000, n); i++ {
				_, _ = rand.Read(noise)
				if err := s.put(tx, bucketDeliveries, fmt.Sprintf("%08d", i), alert.Delivery{LastError: fmt.Sprintf("%x", noise)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// hundredMegabytes makes a store of that size.
func hundredMegabytes(b *testing.B, dir string) *Store {
	b.Helper()
	s := noisy(b, dir, 50_000)
	if err := s.Compact(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkBackup100MB is a backup with its verification. Its floor is
// BenchmarkCopy100MB.
func BenchmarkBackup100MB(b *testing.B) {
	dir := b.TempDir()
	s := hundredMegabytes(b, dir)
	var size int64
	for b.Loop() {
		info := backUp(b, s)
		size = info.Size
		if err := os.Remove(filepath.Join(dir, info.Name)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/backup")
	b.ReportMetric(float64(size)/1e6, "MB")
}

// BenchmarkCopy100MB is the floor: to copy the file and bring it to the disk.
func BenchmarkCopy100MB(b *testing.B) {
	dir := b.TempDir()
	hundredMegabytes(b, dir)
	for b.Loop() {
		path := filepath.Join(dir, "copy")
		if err := writeFile(path, func(w io.Writer) error { return readInto(b.Context(), w, filepath.Join(dir, FileName)) }); err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/copy")
}

// BenchmarkCompact100MB is a rewrite: how long writing waits.
func BenchmarkCompact100MB(b *testing.B) {
	s := hundredMegabytes(b, b.TempDir())
	for b.Loop() {
		if err := s.Compact(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/rewrite")
}

// BenchmarkCheck32MB reads through a file of about the largest size that is
// checked whenever it is opened.
func BenchmarkCheck32MB(b *testing.B) {
	dir := b.TempDir()
	s := noisy(b, dir, 15_000)
	keys := s.keys
	shut(b, s, dir)
	path := filepath.Join(dir, FileName)
	for b.Loop() {
		if err := inspect(path, keys.Open); err != nil {
			b.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB")
}
