package agebox

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRotationCutShort stops a change of the identity at every step, as a power
// cut would, and starts again.
func TestRotationCutShort(t *testing.T) {
	t.Parallel()
	const oldPass, newPass = "old passphrase", "new passphrase"
	tests := []struct {
		name string
		// what the power cut leaves: of the staged file, its temporary, and the store.
		staged, temporary, rewritten, finished bool
		oldPass, newPass, given                string
		wantNew                                bool
		want                                   error
	}{
		{name: "before it"},
		{name: "while the new key is written", temporary: true},
		{name: "between link and removal", temporary: true, staged: true},
		{name: "before the store is rewritten", staged: true},
		{name: "after the store was rewritten", staged: true, rewritten: true, wantNew: true},
		{name: "after that, with more left over", staged: true, temporary: true, rewritten: true, wantNew: true},
		{name: "after the end", rewritten: true, finished: true, wantNew: true},

		{name: "passphrases, before it", oldPass: oldPass, newPass: newPass, given: oldPass},
		{name: "passphrases, staged, old one", staged: true, oldPass: oldPass, newPass: newPass, given: oldPass},
		{name: "passphrases, staged, new one", staged: true, oldPass: oldPass, newPass: newPass, given: newPass, want: ErrWrongPassphrase},
		{name: "passphrases, staged, none", staged: true, oldPass: oldPass, newPass: newPass, want: ErrPassphraseNeeded},
		{name: "passphrases, rewritten, new one", staged: true, rewritten: true, oldPass: oldPass, newPass: newPass, given: newPass, wantNew: true},
		{name: "passphrases, rewritten, old one", staged: true, rewritten: true, oldPass: oldPass, newPass: newPass, given: oldPass, want: ErrWrongPassphrase},
		{name: "passphrases, rewritten, none", staged: true, rewritten: true, oldPass: oldPass, newPass: newPass, want: ErrPassphraseNeeded},
		{name: "first passphrase, staged, none", staged: true, newPass: newPass},
		{name: "first passphrase, rewritten, none", staged: true, rewritten: true, newPass: newPass, want: ErrPassphraseNeeded},
		{name: "first passphrase, rewritten, wrong", staged: true, rewritten: true, newPass: newPass, given: "x", want: ErrWrongPassphrase},
		{name: "first passphrase, rewritten, right", staged: true, rewritten: true, newPass: newPass, given: newPass, wantNew: true},
		{name: "last passphrase, rewritten, none", staged: true, rewritten: true, oldPass: oldPass, wantNew: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := keyFileIn(t.TempDir())
			content := func(id *Identity, passphrase string) []byte {
				if passphrase == "" {
					return []byte(id.key().String())
				}
				return cheap(t, id.key().String(), passphrase, 4)
			}
			oldID, newID := generate(t), generate(t)
			oldBox, wrapped := newBox(t, oldID, nil)
			wantID := oldID
			if tt.rewritten {
				_, wrapped = newBox(t, newID, oldBox.Recovery())
			}
			if tt.wantNew {
				wantID = newID
			}
			writeFile(t, f.Path, content(oldID, tt.oldPass), 0o600)
			if tt.finished {
				writeFile(t, f.Path, content(newID, tt.newPass), 0o600)
			}
			if tt.staged {
				writeFile(t, f.Path+".new", content(newID, tt.newPass), 0o600)
			}
			if tt.temporary {
				writeFile(t, filepath.Join(filepath.Dir(f.Path), ".key.txt.new.123.tmp"), content(newID, "")[:20], 0o600)
				writeFile(t, filepath.Join(filepath.Dir(f.Path), ".key.txt.456.tmp"), nil, 0o600)
			}
			before := files(t, filepath.Dir(f.Path))
			for range 2 { // The second start finds nothing to mend.
				id, box, err := f.Unlock(wrapped, []byte(tt.given))
				if !errors.Is(err, tt.want) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
				if tt.want != nil {
					if diff := cmp.Diff(before, files(t, filepath.Dir(f.Path))); diff != "" || id != nil || box != nil {
						t.Errorf("what could not be opened was changed: -before +after\n%s", diff)
					}
					continue
				}
				if !id.equal(wantID) || box.RecoveryKey() != oldBox.RecoveryKey() {
					t.Error("another key was loaded")
				}
				if diff := cmp.Diff([]string{KeyFileName}, files(t, filepath.Dir(f.Path))); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
				if got, err := f.Load([]byte(tt.given)); err != nil || !got.equal(wantID) {
					t.Errorf("the key file holds another key, %v", err)
				}
			}
		})
	}
}

// TestAccepts: where a rotation was cut short, one of two files may be what the
// store is sealed for. A file without a passphrase opens with any, and proves none.
func TestAccepts(t *testing.T) {
	t.Parallel()
	const plain, none = "", "-"
	tests := []struct {
		name        string
		key, staged string // Their passphrases.
		given       string
		managed     bool
		want        error
	}{
		{name: "right", key: "X", staged: none, given: "X"},
		{name: "wrong", key: "X", staged: none, given: "rubbish", want: ErrWrongPassphrase},
		{name: "not given", key: "X", staged: none, want: ErrPassphraseNeeded},
		{name: "none is needed", key: plain, staged: none, given: "X"},
		{name: "no key", key: none, staged: none, given: "X", want: ErrNoKey},
		{name: "from one to another, the old one", key: "X", staged: "Y", given: "X"},
		{name: "from one to another, the new one", key: "X", staged: "Y", given: "Y"},
		{name: "from one to another, wrong", key: "X", staged: "Y", given: "rubbish", want: ErrWrongPassphrase},
		{name: "from none to one, right", key: plain, staged: "Y", given: "Y"},
		{name: "from none to one, wrong", key: plain, staged: "Y", given: "rubbish", want: ErrWrongPassphrase},
		{name: "from none to one, not given", key: plain, staged: "Y", want: ErrPassphraseNeeded},
		{name: "from one to none, right", key: "X", staged: plain, given: "X"},
		{name: "from one to none, wrong", key: "X", staged: plain, given: "rubbish", want: ErrWrongPassphrase},
		{name: "from one to none, not given", key: "X", staged: plain, want: ErrPassphraseNeeded},
		{name: "key lost, right", key: none, staged: "Y", given: "Y"},
		{name: "key lost, wrong", key: none, staged: "Y", given: "rubbish", want: ErrWrongPassphrase},
		{name: "mounted, that of a file which is not ours", key: "X", staged: "Y", given: "Y", managed: true, want: ErrWrongPassphrase},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := keyFileIn(t.TempDir())
			f.Managed = tt.managed
			for path, passphrase := range map[string]string{f.Path: tt.key, f.Path + ".new": tt.staged} {
				switch text := generate(t).key().String(); passphrase {
				case none:
				case plain:
					writeFile(t, path, []byte(text), 0o600)
				default:
					writeFile(t, path, cheap(t, text, passphrase, 4), 0o600)
				}
			}
			if err := f.Accepts([]byte(tt.given)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	f, oldID, newID := keyFileIn(t.TempDir()), generate(t), generate(t)
	oldBox, oldWrapped := newBox(t, oldID, nil)
	if err := f.Write(oldID, nil); err != nil {
		t.Fatal(err)
	}
	backup, err := oldBox.SealFile([]byte("from before"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Finish(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the end without a beginning: %v", err)
	}
	if err := f.Stage(newID, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(f.Path + ".new"); err != nil || info.Mode() != 0o600 {
		t.Errorf("staged: %v, %v", info.Mode(), err)
	}
	if got, err := f.Load(nil); err != nil || !got.equal(oldID) {
		t.Errorf("the key file changed too early, %v", err)
	}
	if err := f.Stage(generate(t), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the staged key was overwritten: %v", err)
	}
	newBox, newWrapped := newBox(t, newID, oldBox.Recovery())
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{KeyFileName}, files(t, filepath.Dir(f.Path))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, _, err := f.Unlock(oldWrapped, nil); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the new identity opens the old store: %v", err)
	}
	if _, err := oldID.OpenBox(newWrapped); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the old identity opens the new store: %v", err)
	}
	id, box, err := f.Unlock(newWrapped, nil)
	if err != nil || !id.equal(newID) {
		t.Fatalf("another key was loaded, %v", err)
	}
	if got, err := box.OpenFile(backup); err != nil || string(got) != "from before" {
		t.Errorf("a backup from before: %q, %v", got, err)
	}
	if bytes.Equal(oldBox.Digest([]byte("x")), newBox.Digest([]byte("x"))) {
		t.Error("the data key is the same")
	}
}

func TestAbandon(t *testing.T) {
	t.Parallel()
	f := keyFileIn(t.TempDir())
	for range 2 {
		if err := f.Stage(generate(t), nil); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := f.Abandon(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := files(t, filepath.Dir(f.Path)); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestUnlock(t *testing.T) {
	t.Parallel()
	id, other := generate(t), generate(t)
	box, wrapped := newBox(t, id, nil)
	_, foreign := newBox(t, other, nil)
	tests := []struct {
		name         string
		file, staged string
		mode         os.FileMode
		managed      bool
		wrapped      []byte
		want         error
		files        []string
	}{
		{name: "no key", wrapped: wrapped, want: ErrNoKey, files: []string{}},
		{name: "wrong key", file: testKey, wrapped: wrapped, want: ErrWrongKey, files: []string{"key.txt"}},
		{name: "two wrong keys", file: testKey, staged: testRecovery, wrapped: wrapped, want: ErrWrongKey, files: []string{"key.txt", "key.txt.new"}},
		{name: "bad key", file: "x", wrapped: wrapped, want: ErrBadKey, files: []string{"key.txt"}},
		{name: "wrong key, bad staged one", file: testKey, staged: "x", wrapped: wrapped, want: ErrBadKey, files: []string{"key.txt", "key.txt.new"}},
		{name: "right key, bad staged one", file: id.key().String(), staged: "x", wrapped: wrapped, files: []string{"key.txt"}},
		{name: "bad key, right staged one", file: "x", staged: id.key().String(), wrapped: wrapped, files: []string{"key.txt"}},
		{name: "lost key, right staged one", staged: id.key().String(), wrapped: wrapped, files: []string{"key.txt"}},
		{name: "exposed", file: id.key().String(), mode: 0o644, wrapped: wrapped, want: ErrExposed, files: []string{"key.txt"}},
		{name: "damaged store", file: id.key().String(), wrapped: wrapped[:300], want: ErrDamaged, files: []string{"key.txt"}},
		{name: "store of another", file: id.key().String(), wrapped: foreign, want: ErrWrongKey, files: []string{"key.txt"}},
		{name: "mounted", file: id.key().String(), staged: testKey, mode: 0o444, managed: true, wrapped: wrapped, files: []string{"key.txt", "key.txt.new"}},
		{name: "mounted, staged is not ours", file: testKey, staged: id.key().String(), managed: true, wrapped: wrapped, want: ErrWrongKey, files: []string{"key.txt", "key.txt.new"}},
		{name: "recovery key, staged was taken into use", file: box.RecoveryKey(), staged: id.key().String(), wrapped: wrapped, files: []string{"key.txt"}},
		{name: "recovery key, staged was not", file: box.RecoveryKey(), staged: testKey, wrapped: wrapped, files: []string{"key.txt"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := keyFileIn(t.TempDir())
			f.Managed = tt.managed
			if tt.mode == 0 {
				tt.mode = 0o600
			}
			if tt.file != "" {
				writeFile(t, f.Path, []byte(tt.file), tt.mode)
			}
			if tt.staged != "" {
				writeFile(t, f.Path+".new", []byte(tt.staged), 0o600)
			}
			_, got, err := f.Unlock(tt.wrapped, nil)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil && got.RecoveryKey() != box.RecoveryKey() {
				t.Error("another box was opened")
			}
			if err != nil && quotes(err.Error(), []byte(tt.file+" "+tt.staged)) {
				t.Errorf("the error quotes a key: %v", err)
			}
			if diff := cmp.Diff(tt.files, files(t, filepath.Dir(f.Path))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
