package agebox

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	id := parse(t, testKey)
	text, err := id.encode(nil, testTime)
	if err != nil {
		t.Fatal(err)
	}
	protected := cheap(t, string(text), "seventeen otters", 4)
	damaged := bytes.Replace(text, []byte("S9LUVX"), []byte("S9LUVQ"), 1)
	tampered := bytes.Clone(protected)
	tampered[len(tampered)-1] ^= 1
	tests := []struct {
		name       string
		content    []byte
		passphrase string
		want       error
	}{
		{name: "as age-keygen writes it", content: text},
		{name: "the key alone", content: []byte(testKey)},
		{name: "edited on Windows", content: bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))},
		{name: "a passphrase that is not needed", content: text, passphrase: "seventeen otters"},
		{name: "protected", content: protected, passphrase: "seventeen otters"},
		{name: "protected and armored", content: armoredText(t, protected), passphrase: "seventeen otters"},
		{name: "armored behind blank lines", content: append([]byte("\n\n"), armoredText(t, protected)...), passphrase: "seventeen otters"},

		{name: "protected, no passphrase", content: protected, want: ErrPassphraseNeeded},
		{name: "armored, no passphrase", content: armoredText(t, protected), want: ErrPassphraseNeeded},
		{name: "wrong passphrase", content: protected, passphrase: "seventeen otterS", want: ErrWrongPassphrase},
		{name: "passphrase with a line break", content: protected, passphrase: "seventeen otters\n", want: ErrWrongPassphrase},
		{name: "armored, wrong passphrase", content: armoredText(t, protected), passphrase: "x", want: ErrWrongPassphrase},

		{name: "empty", want: ErrBadKey},
		{name: "blank", content: []byte(" \n\t\n"), want: ErrBadKey},
		{name: "comments only", content: []byte("# created: yesterday\n"), want: ErrBadKey},
		{name: "one character wrong", content: damaged, want: ErrBadKey},
		{name: "cut short", content: text[:len(text)-5], want: ErrBadKey},
		{name: "the public key", content: []byte(id.key().Recipient().String()), want: ErrBadKey},
		{name: "lower case, as somebody types it", content: []byte(strings.ToLower(testKey))},
		{name: "typed from the sheet", content: []byte(testKey[:24] + " " + testKey[24:32] + "\n" + testKey[32:])},
		{name: "two keys", content: []byte(testKey + "\n" + testRecovery + "\n"), want: ErrBadKey},
		{name: "a key of another kind", content: []byte("AGE-SECRET-KEY-PQ-1XXC4XS9DXHZ6TREKQTT3XECY8VNNU7GJ83C3Y49D0GZ3ZUME4JWS6QC3EF\n"), want: ErrBadKey},
		{name: "an SSH key", content: []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n"), want: ErrBadKey},
		{name: "something else", content: []byte("czvm_admin_passphrase=tr0ub4dor&3\n"), want: ErrBadKey},
		{name: "not text", content: []byte("\xff\xfe\x00A\x00G\x00E"), want: ErrBadKey},
		{name: "the largest", content: append(bytes.Repeat([]byte("#\n"), (maxKeyFile-len(testKey))/2), testKey...)},
		{name: "too large", content: append([]byte(testKey), bytes.Repeat([]byte("\n"), maxKeyFile+1-len(testKey))...), want: ErrBadKey},

		{name: "protected, end changed", content: tampered, passphrase: "seventeen otters", want: ErrBadKey},
		{name: "protected, cut short", content: protected[:len(protected)-1], passphrase: "seventeen otters", want: ErrBadKey},
		{name: "armored, cut short", content: armoredText(t, protected)[:200], passphrase: "seventeen otters", want: ErrBadKey},
		{name: "armored, more behind", content: append(armoredText(t, protected), "more"...), passphrase: "seventeen otters", want: ErrBadKey},
		{name: "protected, no key inside", content: cheap(t, "no key", "seventeen otters", 4), passphrase: "seventeen otters", want: ErrBadKey},
		{name: "encrypted for a key", content: encryptTo(t, string(text), id.key().Recipient()), passphrase: "seventeen otters", want: ErrBadKey},
		{
			name: "asks for 2 GiB", content: bytes.Replace(protected, []byte(" 4\n"), []byte(" 21\n"), 1),
			passphrase: "seventeen otters", want: ErrBadKey,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := keyFileIn(t.TempDir())
			writeFile(t, f.Path, tt.content, 0o600)
			got, err := f.Load([]byte(tt.passphrase))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil {
				if !got.equal(id) {
					t.Error("another key was loaded")
				}
				return
			}
			if got != nil || !strings.Contains(err.Error(), f.Path) {
				t.Errorf("got %v, %v", got, err)
			}
			if quotes(err.Error(), tt.content) || strings.Contains(err.Error(), "otter") {
				t.Errorf("the error quotes the file: %v", err)
			}
		})
	}
}

func TestLoadOfARecoveryKey(t *testing.T) {
	t.Parallel()
	box, wrapped := newBox(t, generate(t), nil)
	f := keyFileIn(t.TempDir())
	writeFile(t, f.Path, []byte(box.RecoveryKey()+"\n"), 0o600)
	id, err := f.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := id.OpenBox(wrapped); err != nil {
		t.Error(err)
	}
}

func TestLoadOfWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("nowhere"), at("dangling")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("link"), at("link")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, at("file"), []byte(testKey), 0o600)
	tests := []struct {
		name, path string
		want       error
	}{
		{"missing", at("missing"), ErrNoKey},
		{"missing directory", at("missing/key.txt"), ErrNoKey},
		{"link to nowhere", at("dangling"), ErrNoKey},
		{"directory", dir, ErrBadKey},
		{"pipe that nobody writes to", at("pipe"), ErrBadKey},
		{"device", os.DevNull, ErrBadKey},
		{"link to itself", at("link"), syscall.ELOOP},
		{"below a file", at("file/key.txt"), syscall.ENOTDIR},
	}
	for _, tt := range tests {
		for _, managed := range []bool{false, true} {
			if _, err := (KeyFile{tt.path, managed}).Load(nil); !errors.Is(err, tt.want) {
				t.Errorf("%s, managed %t: got %v, want %v", tt.name, managed, err, tt.want)
			}
		}
	}
}

func TestLoadLooksAtTheMode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mode    os.FileMode
		exposed bool
	}{
		{0o600, false},
		{0o400, false},
		{0o700, false},
		{0o711, false},
		{0o640, true},
		{0o620, true},
		{0o604, true},
		{0o602, true},
		{0o444, true},
		{0o666, true},
	}
	for _, tt := range tests {
		f := keyFileIn(t.TempDir())
		writeFile(t, f.Path, []byte(testKey), tt.mode)
		_, err := f.Load(nil)
		if got := errors.Is(err, ErrExposed); got != tt.exposed || !got && err != nil {
			t.Errorf("mode %04o: %v", tt.mode, err)
		}
		if tt.exposed && !strings.Contains(err.Error(), "chmod 600 "+f.Path) {
			t.Errorf("mode %04o: the error does not say what to do: %v", tt.mode, err)
		}
		f.Managed = true
		if _, err := f.Load(nil); err != nil {
			t.Errorf("mode %04o, mounted: %v", tt.mode, err)
		}
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "exposed"), []byte(testKey), 0o644)
	link := filepath.Join(dir, "link")
	if err := os.Symlink("exposed", link); err != nil {
		t.Fatal(err)
	}
	if _, err := (KeyFile{Path: link}).Load(nil); !errors.Is(err, ErrExposed) {
		t.Errorf("link to an exposed file: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	for _, dir := range []string{"credentials", "secrets", "empty"} {
		if err := os.Mkdir(at(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, at("credentials/czvm-key"), nil, 0o440)
	writeFile(t, at("secrets/czvm-key"), nil, 0o444)
	writeFile(t, at("file"), nil, 0o600)
	tests := []struct {
		name, explicit, credentials, secrets string
		want                                 KeyFile
	}{
		{"nothing else", "", "", at("missing"), KeyFile{at("data/key.txt"), false}},
		{"other secrets only", "", at("empty"), at("empty"), KeyFile{at("data/key.txt"), false}},
		{"credential of systemd", "", at("credentials"), at("missing"), KeyFile{at("credentials/czvm-key"), true}},
		{"secret of Docker", "", "", at("secrets"), KeyFile{at("secrets/czvm-key"), true}},
		{"systemd before Docker", "", at("credentials"), at("secrets"), KeyFile{at("credentials/czvm-key"), true}},
		{"one that cannot be reached", "", at("file"), at("secrets"), KeyFile{at("file/czvm-key"), true}},
		{"chosen", at("my/key"), at("credentials"), at("secrets"), KeyFile{at("my/key"), false}},
		{"chosen and relative", "key", at("credentials"), at("secrets"), KeyFile{"key", false}},
		{"chosen below the credentials", at("credentials/other"), at("credentials"), at("secrets"), KeyFile{at("credentials/other"), true}},
		{"chosen below the secrets", at("secrets/sub/../other"), "", at("secrets"), KeyFile{at("secrets/sub/../other"), true}},
		{"chosen beside the secrets", at("secrets-of-mine/key"), "", at("secrets"), KeyFile{at("secrets-of-mine/key"), false}},
		{"chosen out of the secrets", at("secrets/../key"), "", at("secrets"), KeyFile{at("secrets/../key"), false}},
	}
	for _, tt := range tests {
		if got := find(tt.explicit, at("data"), tt.credentials, tt.secrets); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
	env := map[string]string{"CREDENTIALS_DIRECTORY": at("credentials")}
	if got, want := Find("", at("data"), func(k string) string { return env[k] }), (KeyFile{at("credentials/czvm-key"), true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := Find("/run/secrets/visa", at("data"), func(string) string { return "" }); !got.Managed {
		t.Errorf("got %+v", got)
	}
}

// Paths are what a change of the key file is seen by: there is none on which Unlock
// depends beside them.
func TestPaths(t *testing.T) {
	t.Parallel()
	f := KeyFile{Path: filepath.Join(t.TempDir(), KeyFileName)}
	id, err := Generate()
	if err := errors.Join(err, f.Write(id, nil), f.Stage(id, nil)); err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob(filepath.Join(filepath.Dir(f.Path), "*"))
	if diff := cmp.Diff(there, f.Paths()); err != nil || diff != "" {
		t.Errorf("%v, -there +told\n%s", err, diff)
	}
	f.Managed = true
	if diff := cmp.Diff([]string{f.Path}, f.Paths()); diff != "" {
		t.Errorf("of systemd: -want +got\n%s", diff)
	}
}

func TestProtected(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, passphrase string
		want             bool
	}{{"with a passphrase", "a passphrase of the test", true}, {"without one", "", false}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := KeyFile{Path: filepath.Join(t.TempDir(), KeyFileName)}
			if got, err := file.Protected(); got || !errors.Is(err, ErrNoKey) {
				t.Errorf("before there is one: %t, %v", got, err)
			}
			id, err := Generate()
			if err == nil {
				err = file.Write(id, []byte(tc.passphrase))
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := file.Protected(); got != tc.want || err != nil {
				t.Errorf("got %t, %v", got, err)
			}
		})
	}
}
