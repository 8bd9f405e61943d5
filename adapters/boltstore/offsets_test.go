package boltstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
)

// TestDamageAnywhereIsFoundOrHarmless changes the file at many places. It must
// be refused and left as it is, or what can be read must be what was written.
func TestDamageAnywhereIsFoundOrHarmless(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 30)
	want := dump(t, s)
	pageSize := s.db().Info().PageSize
	shut(t, s, dir)
	whole, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	var refused, read int
	for at, step := range places(len(whole), pageSize) {
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= byte(1 << (at % 8))
		if step {
			spoilt[at] = ^whole[at]
		}
		if opens(t, spoilt, keys, want) {
			read++
		} else {
			refused++
		}
	}
	if refused < 20 || read < 20 {
		t.Errorf("%d refused, %d read: the places tell nothing", refused, read)
	}
}

// places returns places in a file: much of each page's beginning, where its
// structure is, and some of the rest.
func places(size, page int) map[int]bool {
	all := make(map[int]bool)
	for at := 0; at < size; at += page {
		for _, head := range []int{0, 7, 8, 10, 12, 14, 16, 20, 24, 28, 31, 40, 48, 56, 64, 72} {
			all[at+head] = head%3 == 0
		}
	}
	for at := 0; at < size; at += 1013 {
		all[at] = false
	}
	return all
}

// opens reports whether Open takes a damaged file; what it then reads must be
// what was written.
func opens(t *testing.T, content []byte, keys Keys, want map[string]string) bool {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Dir: dir, Keys: keys, Logger: discard()})
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongKey) && !errors.Is(err, ErrNewer) {
			t.Errorf("an error without a type: %v", err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(content, after) {
			t.Errorf("a damaged file was touched (%v)", err)
		}
		return false
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.view(func(tx *bbolt.Tx) error {
		for _, b := range table() {
			from := tx.Bucket([]byte(b.name))
			if b.seal == unsealed || from == nil {
				continue
			}
			if err := from.ForEach(func(k, v []byte) error {
				plain, err := b.open(s.sealer.boxOf(tx), string(k), v)
				key := string(k)
				if b.rekey != nil || b.seal == aged {
					key = string(plain)
				}
				if err == nil && want[b.name+"/"+key] != string(plain) {
					t.Errorf("read something else in %s", b.name)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	// And it can be written.
	if err := s.AddChannel(t.Context(), alert.Channel{ID: "phone"}); err != nil {
		t.Errorf("write: %v", err)
	}
	return true
}

// TestDamageWhileOpenEndsNoProcess spoils the file under an open store, as a
// failing card would, and as a file that is too large to be checked may be.
func TestDamageWhileOpenEndsNoProcess(t *testing.T) {
	t.Parallel()
	for _, value := range []byte{0x00, 0x7f, 0xff} {
		dir := t.TempDir()
		s, err := Open(Config{Dir: dir, Keys: newKeys("owner"), Logger: discard()})
		if err != nil {
			t.Fatal(err)
		}
		furnish(t, s, 60)
		size := s.db().Info().PageSize
		f, err := os.OpenFile(filepath.Join(dir, FileName), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		for at := int64(2*size) + pageHeader; at < info.Size(); at += int64(size) {
			if _, err := f.WriteAt(bytes.Repeat([]byte{value}, size-pageHeader), at); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var errs []error
		_, err = s.Channels(t.Context())
		errs = append(errs, err)
		_, err = s.Deliveries(t.Context(), "", 9, anything)
		errs = append(errs, err, s.AddChannel(t.Context(), alert.Channel{ID: "phone"}), s.Compact(t.Context()))
		_, err = s.Backup(t.Context(), "test")
		errs = append(errs, err)
		for i, err := range errs {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%#x, call %d: %v", value, i, err)
			}
		}
	}
}
