package agebox

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// kept returns the box of testdata, since every process that takes part in
// fuzzing must have the same keys.
func kept(f *testing.F) (*Box, []byte) {
	f.Helper()
	wrapped := testdata(f, "wrapped-v1.age")
	box, err := parse(f, testKey).OpenBox(wrapped)
	if err != nil {
		f.Fatal(err)
	}
	return box, wrapped
}

func FuzzOpen(f *testing.F) {
	box, _ := kept(f)
	sealed := testdata(f, "value-v1.bin")
	f.Add("applications", "01k2", sealed)
	f.Add("application", "s01k2", sealed)
	f.Add("", "", []byte{})
	f.Add("", "", []byte{sealVersion})
	f.Fuzz(func(t *testing.T, bucket, key string, value []byte) {
		got, err := box.Open(bucket, key, value)
		if same := bucket == "applications" && key == "01k2" && bytes.Equal(value, sealed); same != (err == nil) {
			t.Fatalf("got %q, %v", got, err)
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
		again, err := box.Seal(bucket, key, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := box.Open(bucket, key, again); err != nil || !bytes.Equal(got, value) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func FuzzOpenFile(f *testing.F) {
	id := parse(f, testKey)
	box, wrapped := kept(f)
	f.Add(testdata(f, "file-v1.age"))
	f.Add(wrapped)
	f.Add(cheap(f, "a person", "seventeen otters", 1))
	f.Add([]byte(ageIntro + "v1\n-> X25519 \n\n---\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := box.OpenFile(file)
		if err == nil && string(got) != "a file" && !bytes.Equal(file, wrapped) {
			t.Errorf("got %q", got)
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongKey) {
			t.Error(err)
		}
		if _, err := id.OpenBox(file); (err == nil) != bytes.Equal(file, wrapped) ||
			err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongKey) {
			t.Error(err)
		}
	})
}

// FuzzDecode reads key files, as Load does; those with a passphrase only as far
// as they ask for little work.
func FuzzDecode(f *testing.F) {
	locked := cheap(f, testKey, "seventeen otters", 1)
	f.Add([]byte("# created: 2026-03-02T09:00:00+01:00\n# public key: " + testPublic + "\n" + testKey + "\n"))
	f.Add(locked)
	f.Add(armoredText(f, locked))
	f.Add([]byte(testKey + "\n" + testRecovery))
	f.Add([]byte("AGE-SECRET-KEY-PQ-1XXC4XS9DXHZ6TREKQTT3XECY8VNNU7GJ83C3Y49D0GZ3ZUME4JWS6QC3EF"))
	f.Add([]byte("AGE-PLUGIN-YUBIKEY-1"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		id, err := decode(content, nil)
		if protected(content) != errors.Is(err, ErrPassphraseNeeded) && len(content) <= maxKeyFile {
			t.Errorf("got %v", err)
		}
		check(t, content, id, err)
		text, err := unprotect(content, []byte("seventeen otters"), 2)
		if err != nil {
			check(t, content, nil, err)
			return
		}
		id, err = parseKey(text)
		check(t, text, id, err)
	})
}

// check holds what reads a key to its promises.
func check(t *testing.T, content []byte, id *Identity, err error) {
	t.Helper()
	if err == nil {
		// What was read is a key of ours, and what it says of itself is true.
		again, err := decode([]byte(id.key().String()), nil)
		if err != nil || !again.equal(id) {
			t.Errorf("a key that does not read back: %v", err)
		}
		return
	}
	if id != nil || !errors.Is(err, ErrBadKey) && !errors.Is(err, ErrPassphraseNeeded) && !errors.Is(err, ErrWrongPassphrase) {
		t.Errorf("got %v", err)
	}
	for line := range strings.Lines(string(content)) {
		// Longer than the error's own words.
		if line = strings.TrimSpace(line); len(line) > 20 && strings.Contains(err.Error(), line) {
			t.Errorf("the error quotes the file: %v", err)
		}
	}
}

func FuzzParseTyped(f *testing.F) {
	box, _ := kept(f)
	f.Add(testRecovery)
	f.Add(testKey)
	f.Add(strings.ToLower(testRecovery[:30] + " \n- " + testRecovery[30:]))
	f.Add(testRecovery[16:])
	f.Add("AGE\u2010SECRET\u2014KEY-l" + testRecovery[16:] + "\u200b")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, typed string) {
		id, err := parseTyped(typed)
		if err != nil && (id != nil || !errors.Is(err, ErrBadKey)) {
			t.Errorf("got %v", err)
		}
		if err == nil && id.key().String() == testRecovery && box.IsRecoveryEnd(typed) {
			t.Error("it is the end and the whole")
		}
	})
}
