package agebox

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testTime = time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("", 3600))

func TestWrite(t *testing.T) {
	t.Parallel()
	id, dir := generate(t), filepath.Join(t.TempDir(), "new", "data")
	f := keyFileIn(dir)
	if err := f.Write(id, nil); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]fs.FileMode{f.Path: 0o600, dir: 0o700 | fs.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	content, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^# created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)\n# public key: age1[0-9a-z]{58}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$`)
	if !form.Match(content) {
		t.Error("this is not what age-keygen writes")
	}
	if err := f.Write(generate(t), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("writing over a key: %v", err)
	}
	if after, err := os.ReadFile(f.Path); err != nil || !bytes.Equal(after, content) {
		t.Errorf("the key was overwritten, %v", err)
	}
	if diff := cmp.Diff([]string{KeyFileName}, files(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got, err := f.Load(nil); err != nil || !got.equal(id) {
		t.Errorf("another key was loaded, %v", err)
	}
}

func TestEncodeIsWhatAgeKeygenWrites(t *testing.T) {
	t.Parallel()
	got, err := parse(t, testKey).encode(nil, testTime)
	want := "# created: 2026-03-02T09:00:00+01:00\n# public key: " + testPublic + "\n" + testKey + "\n"
	if string(got) != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestOfManyWritesOneWins(t *testing.T) {
	t.Parallel()
	f := keyFileIn(t.TempDir())
	var winner atomic.Pointer[Identity]
	var writers sync.WaitGroup
	for range 16 {
		id := generate(t)
		writers.Go(func() {
			err := f.Write(id, nil)
			if err == nil && !winner.CompareAndSwap(nil, id) {
				t.Error("two won")
			}
			if err != nil && !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if got, err := f.Load(nil); err != nil || !got.equal(winner.Load()) {
		t.Errorf("the key of a loser was loaded, %v", err)
	}
}

// TestReplaceIsAtOnce reads the key file for as long as it is replaced.
func TestReplaceIsAtOnce(t *testing.T) {
	t.Parallel()
	f, id := keyFileIn(t.TempDir()), generate(t)
	if err := f.Write(id, nil); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			if err := f.Replace(id, nil); err != nil {
				t.Error(err)
			}
		}
	}()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		if got, err := f.Load(nil); err != nil || !got.equal(id) {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{KeyFileName}, files(t, filepath.Dir(f.Path))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestPassphraseMemory is not parallel, so that what it counts is its own.
func TestPassphraseMemory(t *testing.T) {
	f, id := keyFileIn(t.TempDir()), generate(t)
	if err := f.Write(id, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Replace(id, []byte("correct horse")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(f.Path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	got, err := f.Load([]byte("correct horse"))
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if err != nil || !got.equal(id) {
		t.Errorf("another key was loaded, %v", err)
	}
	used := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d MiB, %s", used, took)
	if used < 64 || used > 66 {
		t.Errorf("a passphrase takes %d MiB", used)
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 8<<20 {
		t.Errorf("%d MiB are kept", kept>>20)
	}
	if idle := after.HeapIdle - after.HeapReleased; idle > 32<<20 {
		t.Errorf("%d MiB are not given back to the machine", idle>>20)
	}
	if _, err := f.Load(nil); !errors.Is(err, ErrPassphraseNeeded) {
		t.Error(err)
	}
}

func TestKeyFilesThatAreNotOurs(t *testing.T) {
	t.Parallel()
	dir, id := t.TempDir(), generate(t)
	link := filepath.Join(dir, "link")
	writeFile(t, filepath.Join(dir, "key"), []byte(testKey), 0o600)
	if err := os.Symlink("key", link); err != nil {
		t.Fatal(err)
	}
	writes := map[string]func(KeyFile) error{
		"write":   func(f KeyFile) error { return f.Write(id, nil) },
		"replace": func(f KeyFile) error { return f.Replace(id, nil) },
		"stage":   func(f KeyFile) error { return f.Stage(id, nil) },
	}
	for name, write := range writes {
		if err := write(KeyFile{Path: filepath.Join(dir, "mounted"), Managed: true}); !errors.Is(err, ErrManaged) {
			t.Errorf("%s what is mounted: %v", name, err)
		}
		if err := write(KeyFile{Path: link}); err == nil {
			t.Errorf("%s through a link: no error", name)
		}
	}
	if diff := cmp.Diff([]string{"key", "link"}, files(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got, err := (KeyFile{Path: link}).Load(nil); err != nil || !got.equal(parse(t, testKey)) {
		t.Errorf("the key was changed, %v", err)
	}
}

func TestWriteWhereItCannot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), nil, 0o600)
	if err := os.MkdirAll(filepath.Join(dir, "taken", "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"file/key.txt", "taken"} {
		f := KeyFile{Path: filepath.Join(dir, path)}
		if err := f.Write(generate(t), nil); err == nil {
			t.Errorf("%s was written", path)
		}
		if err := f.Replace(generate(t), nil); err == nil {
			t.Errorf("%s was replaced", path)
		}
	}
	if diff := cmp.Diff([]string{"file", "taken"}, files(t, dir)); diff != "" {
		t.Errorf("what failed leaves something: -want +got\n%s", diff)
	}
}
