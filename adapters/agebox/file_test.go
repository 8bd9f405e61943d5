package agebox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestSealFileAndOpenFile(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} {
		plain := bytes.Repeat([]byte("x"), size)
		sealed, err := box.SealFile(plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := box.OpenFile(sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
}

func TestFilesHaveABound(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	for _, size := range []int{MaxFile, MaxFile + 1} {
		if _, err := box.SealFile(make([]byte, size)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("sealing %d bytes: %v", size, err)
		}
	}
	if _, err := box.OpenFile(make([]byte, MaxFile+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("opening: %v", err)
	}
	const most = MaxFile - 8<<10 // Less the header, and 16 bytes in each 64 KiB.
	sealed, err := box.SealFile(make([]byte, most))
	if err != nil || len(sealed) > MaxFile {
		t.Fatalf("%d bytes, %v", len(sealed), err)
	}
	if got, err := box.OpenFile(sealed); err != nil || len(got) != most {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestOpenFileRefusesWhatWasChanged(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	sealed, err := box.SealFile([]byte("a person"))
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, file []byte, wants ...error) {
		t.Helper()
		got, err := box.OpenFile(file)
		for _, want := range wants {
			if errors.Is(err, want) && got == nil && !strings.Contains(err.Error(), "age1") {
				return
			}
		}
		t.Errorf("%s: got %q, %v", what, got, err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refuse(fmt.Sprintf("byte %d", i), changed, ErrDamaged, ErrWrongKey)
		refuse(fmt.Sprintf("cut to %d bytes", i), sealed[:i], ErrDamaged)
	}
	refuse("more behind", append(bytes.Clone(sealed), 0), ErrDamaged)
	refuse("not encrypted", []byte("age1 is a person\n"), ErrDamaged)
	refuse("with a passphrase", cheap(t, "a person", "seventeen otters", 4), ErrWrongKey)
	other, _ := newBox(t, generate(t), nil)
	foreign, err := other.SealFile([]byte("a person"))
	if err != nil {
		t.Fatal(err)
	}
	refuse("another's", foreign, ErrWrongKey)
}

func TestEncryptAndDecrypt(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	backup := bytes.Repeat([]byte("backup "), 100_000)
	var file bytes.Buffer
	w, err := box.Encrypt(&file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, iotest.HalfReader(bytes.NewReader(backup))); err != nil {
		t.Fatal(err)
	}
	unfinished := bytes.Clone(file.Bytes())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	decrypt := func(r io.Reader) ([]byte, error) {
		t.Helper()
		plain, err := box.Decrypt(r)
		if err != nil {
			t.Fatal(err)
		}
		return io.ReadAll(plain)
	}
	if got, err := decrypt(iotest.OneByteReader(&file)); err != nil || !bytes.Equal(got, backup) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := decrypt(bytes.NewReader(unfinished)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a backup that was never ended: %v", err)
	}
	// The disk fails in the middle: that is not the backup's fault.
	disk := errors.New("input/output error")
	failing := io.MultiReader(bytes.NewReader(unfinished[:len(unfinished)/2]), iotest.ErrReader(disk))
	if _, err := decrypt(failing); !errors.Is(err, disk) || errors.Is(err, ErrDamaged) {
		t.Errorf("failing disk: %v", err)
	}
	if _, err := box.Decrypt(iotest.ErrReader(disk)); !errors.Is(err, disk) {
		t.Errorf("disk that fails at once: %v", err)
	}
}

func TestEncryptToAFullDisk(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	full := errors.New("no space left")
	for _, room := range []int{0, 100, 70_000} {
		w, err := box.Encrypt(&disk{room: room, full: full})
		for range 100 {
			if err == nil {
				_, err = w.Write(make([]byte, 1000))
			}
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, full) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}

// disk is an io.Writer that has room for some bytes.
type disk struct {
	room int
	full error
}

func (d *disk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, d.full
	}
	return len(p), nil
}

func TestRecipients(t *testing.T) {
	t.Parallel()
	id, recovery := parse(t, testKey), parse(t, testRecovery)
	box, wrapped := newBox(t, id, recovery)
	want := []string{testPublic, recovery.key().Recipient().String()}
	if diff := cmp.Diff(want, box.Recipients()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// A box that the recovery key has opened does not name it twice.
	box, err := recovery.OpenBox(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], box.Recipients()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
