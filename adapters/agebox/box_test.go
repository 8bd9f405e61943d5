package agebox

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"cz-visa-monitor/adapters/boltstore"
)

var _ boltstore.Sealer = (*Box)(nil)

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	box, wrapped := newBox(t, generate(t), nil)
	for _, plain := range []string{"", "x", strings.Repeat("value ", 100_000)} {
		for _, place := range [][2]string{{"", ""}, {"applications", "id"}, {"b\x00ucket", "k\xffey"}} {
			sealed, err := box.Seal(place[0], place[1], []byte(plain))
			if err != nil {
				t.Fatal(err)
			}
			if len(sealed) != len(plain)+41 {
				t.Errorf("%d bytes become %d", len(plain), len(sealed))
			}
			got, err := box.Open(place[0], place[1], sealed)
			if err != nil || string(got) != plain {
				t.Errorf("%d bytes in %q: got %d, %v", len(plain), place, len(got), err)
			}
		}
	}
	if len(wrapped) > 2048 {
		t.Errorf("the wrapped key has %d bytes", len(wrapped))
	}
}

func TestSealLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	plain := append(make([]byte, 0, 100), "value"...)
	a, _ := box.Seal("b", "k", plain)
	b, _ := box.Seal("b", "k", plain)
	if bytes.Equal(a, b) || bytes.Equal(a[1:25], b[1:25]) {
		t.Error("two seals of a value are alike")
	}
	kept := bytes.Clone(a)
	opened, err := box.Open("b", "k", a)
	if err != nil {
		t.Fatal(err)
	}
	opened[0] ^= 1
	if !bytes.Equal(a, kept) || string(plain) != "value" {
		t.Error("the input was changed")
	}
}

func TestOpenRefusesWhatWasChanged(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	sealed, err := box.Seal("applications", "01k2", []byte("a value"))
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(what, bucket, key string, sealed []byte) {
		t.Helper()
		if got, err := box.Open(bucket, key, sealed); !errors.Is(err, ErrDamaged) || got != nil {
			t.Errorf("%s: got %q, %v", what, got, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			refuse(fmt.Sprintf("bit %d of byte %d", bit, i), "applications", "01k2", changed)
		}
		refuse(fmt.Sprintf("cut to %d bytes", i), "applications", "01k2", sealed[:i])
		refuse(fmt.Sprintf("without the first %d bytes", i+1), "applications", "01k2", sealed[i+1:])
	}
	refuse("one byte more", "applications", "01k2", append(bytes.Clone(sealed), 0))
	for _, place := range [][2]string{
		{"history", "01k2"},
		{"applications", "01k3"},
		{"applications", "01k20"},
		{"applications", "01k"},
		{"applications", ""},
		{"application", "s01k2"},
		{"applications0", "1k2"},
		{"", "applications01k2"},
		{"applications01k2", ""},
		{"01k2", "applications"},
		{"Applications", "01k2"},
		{"applications\x00", "01k2"},
	} {
		refuse(fmt.Sprintf("moved to %q", place), place[0], place[1], sealed)
	}
	other, _ := newBox(t, generate(t), box.Recovery())
	if _, err := other.Open("applications", "01k2", sealed); !errors.Is(err, ErrDamaged) {
		t.Errorf("another box: %v", err)
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	id := generate(t)
	box, wrapped := newBox(t, id, nil)
	again, err := id.OpenBox(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := newBox(t, id, box.Recovery())
	d := box.Digest([]byte("ZZZZ202601050001"))
	if len(d) != 32 || !bytes.Equal(d, again.Digest([]byte("ZZZZ202601050001"))) {
		t.Error("the digest does not last")
	}
	if bytes.Equal(d, box.Digest([]byte("ZZZZ202601050002"))) || bytes.Equal(d, other.Digest([]byte("ZZZZ202601050001"))) {
		t.Error("two digests are alike")
	}
}

func TestOpenBox(t *testing.T) {
	t.Parallel()
	id := generate(t)
	box, wrapped := newBox(t, id, nil)
	sealed, err := box.Seal("b", "k", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	recovery, err := parseTyped(box.RecoveryKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]*Identity{"identity": id, "recovery key": recovery} {
		got, err := key.OpenBox(wrapped)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if plain, err := got.Open("b", "k", sealed); err != nil || string(plain) != "value" {
			t.Errorf("%s: got %q, %v", name, plain, err)
		}
		if got.RecoveryKey() != box.RecoveryKey() {
			t.Errorf("%s: the recovery key is another", name)
		}
		file, err := got.SealFile([]byte("file"))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := box.OpenFile(file); err != nil || string(plain) != "file" {
			t.Errorf("%s: file %q, %v", name, plain, err)
		}
	}
	if _, err := generate(t).OpenBox(wrapped); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if _, _, err := recovery.NewBox(recovery); err == nil {
		t.Error("one key stands for both")
	}
}

func TestOpenBoxRefusesWhatWasChanged(t *testing.T) {
	t.Parallel()
	id := generate(t)
	_, wrapped := newBox(t, id, nil)
	for i := range wrapped {
		changed := bytes.Clone(wrapped)
		changed[i] ^= 1
		// A changed header can also make the file one for somebody else.
		if _, err := id.OpenBox(changed); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongKey) {
			t.Errorf("byte %d: %v", i, err)
		}
		if _, err := id.OpenBox(wrapped[:i]); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	key := generate(t).key().String()
	zeros := make([]byte, dataKeySize)
	encode := func(p payload) string {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	tests := []struct {
		name, text string
		want       error
	}{
		{"sound", encode(payload{1, zeros, key}), nil},
		{"newer", encode(payload{2, zeros, key}), ErrNewer},
		{"newer, of another form", `{"version": 2, "keys": {}}`, ErrNewer},
		{"no version", encode(payload{0, zeros, key}), ErrDamaged},
		{"short key", encode(payload{1, zeros[1:], key}), ErrDamaged},
		{"long key", encode(payload{1, append(zeros, 0), key}), ErrDamaged},
		{"no key", encode(payload{1, nil, key}), ErrDamaged},
		{"no recovery key", encode(payload{1, zeros, ""}), ErrDamaged},
		{"bad recovery key", encode(payload{1, zeros, key[1:]}), ErrDamaged},
		{"not JSON", "AGE-SECRET-KEY-1", ErrDamaged},
		{"empty", "", ErrDamaged},
		{"too large", encode(payload{1, zeros, key}) + strings.Repeat(" ", maxWrapped), ErrDamaged},
	}
	for _, tt := range tests {
		_, err := id.OpenBox(encryptTo(t, tt.text, id.key().Recipient()))
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "AGE-") {
			t.Errorf("%s: the error quotes the payload: %v", tt.name, err)
		}
	}
}

// digestV1 is the digest of ZZZZ202601050001 with the data key of wrapped-v1.age.
const digestV1 = "09cdab2d4297fdaa388111bb62e0699f3b8840dd0c111e59a91b1b3dac455541"

// TestWhatWasSealedOnceStillOpens keeps the formats: stores and exports out there
// are of version 1. The files are never made anew.
func TestWhatWasSealedOnceStillOpens(t *testing.T) {
	t.Parallel()
	for _, key := range []string{testKey, testRecovery} {
		box, err := parse(t, key).OpenBox(testdata(t, "wrapped-v1.age"))
		if err != nil {
			t.Fatal(err)
		}
		if box.RecoveryKey() != testRecovery {
			t.Error("another recovery key")
		}
		if got, err := box.Open("applications", "01k2", testdata(t, "value-v1.bin")); err != nil || string(got) != "a value" {
			t.Errorf("value: %q, %v", got, err)
		}
		if got, err := box.OpenFile(testdata(t, "file-v1.age")); err != nil || string(got) != "a file" {
			t.Errorf("file: %q, %v", got, err)
		}
		if got := hex.EncodeToString(box.Digest([]byte("ZZZZ202601050001"))); got != digestV1 {
			t.Errorf("digest %s", got)
		}
	}
}

func TestBoxIsForManyAtOnce(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, generate(t), nil)
	digest := box.Digest([]byte("x"))
	var users sync.WaitGroup
	for n := range 8 {
		users.Go(func() {
			for m := range 50 {
				value := fmt.Sprintf("value %d", n)
				sealed, _ := box.Seal("b", value, []byte(value))
				if got, err := box.Open("b", value, sealed); err != nil || string(got) != value {
					t.Errorf("got %q, %v", got, err)
				}
				if !bytes.Equal(box.Digest([]byte("x")), digest) {
					t.Error("another digest")
				}
				if m%25 > 0 {
					continue
				}
				file, err := box.SealFile([]byte(value))
				if err != nil {
					t.Error(err)
				}
				if got, err := box.OpenFile(file); err != nil || string(got) != value {
					t.Errorf("file %q, %v", got, err)
				}
			}
		})
	}
	users.Wait()
}
