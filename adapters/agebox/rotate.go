package agebox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stagedSuffix follows the name of the key file in that of the next one.
const stagedSuffix = ".new"

// staged is the file of the identity that is to take the place of this one.
func (f KeyFile) staged() KeyFile { return KeyFile{Path: f.Path + stagedSuffix} }

// Stage begins to give the appliance a new identity. It writes id beside the key
// file; the caller then seals the store for id, in one step, and ends with
// Finish. If that is cut short anywhere, Unlock knows where it was. If the store
// could not be sealed for id and is known to be as it was, Abandon takes Stage
// back. An earlier identity that still waits is not overwritten, since the store
// may be sealed for it: the error is then fs.ErrExist, and Unlock sorts it out.
// After any other error nothing is staged that was not before.
func (f KeyFile) Stage(id *Identity, passphrase []byte) error {
	err := f.writable()
	if err == nil {
		err = vacant(f.staged().Path)
	}
	if err != nil {
		return fmt.Errorf("write the new key beside %s: %w", f.Path, err)
	}
	if err := f.staged().Write(id, passphrase); err != nil {
		return errors.Join(err, f.Abandon()) // The one just made: there was none.
	}
	return nil
}

// vacant returns fs.ErrExist if there is a file at path.
func vacant(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return fs.ErrExist
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// Finish puts the staged identity in the place of the key file.
func (f KeyFile) Finish() error {
	if err := os.Rename(f.staged().Path, f.Path); err != nil {
		return fmt.Errorf("put the new key in the place of the old one: %w", err)
	}
	if err := syncDir(filepath.Dir(f.Path)); err != nil {
		return fmt.Errorf("put the new key in the place of the old one: %w", err)
	}
	return nil
}

// Abandon removes the staged identity, if there is one.
func (f KeyFile) Abandon() error {
	if err := remove(f.staged().Path); err != nil {
		return fmt.Errorf("remove a key that was not taken into use: %w", err)
	}
	return nil
}

// Accepts returns nil if the passphrase opens the key file or the staged one:
// where a rotation was cut short, either may be what the store is sealed for. One
// that is not protected proves no passphrase, and counts only if neither is. The
// errors are those of Load.
func (f KeyFile) Accepts(passphrase []byte) error {
	files := []KeyFile{f}
	if !f.Managed {
		files = append(files, f.staged())
	}
	var wrong error
	for _, one := range files {
		content, err := one.read()
		if err != nil || !protected(content) {
			continue
		}
		if _, err = one.Load(passphrase); err == nil {
			return nil
		}
		if wrong == nil {
			wrong = err
		}
	}
	if wrong != nil {
		return wrong
	}
	_, err := f.Load(passphrase)
	return err
}

// Unlock loads the identity and opens the store's wrapped key with it. It also
// brings a change of identity that was cut short to its end: if the store is
// sealed for the staged identity already, that one becomes the key file, else it
// is removed.
//
// Its errors are those of Load and OpenBox. When the key file cannot be the right
// one, they are about the staged identity, which may have another passphrase.
func (f KeyFile) Unlock(wrapped, passphrase []byte) (*Identity, *Box, error) {
	if f.Managed {
		return f.open(wrapped, passphrase)
	}
	// The staged one first: if the key file holds the recovery key, that opens
	// the store before and after.
	id, box, stagedErr := f.staged().open(wrapped, passphrase)
	if stagedErr == nil {
		if err := errors.Join(f.Finish(), f.sweep()); err != nil {
			return nil, nil, err
		}
		return id, box, nil
	}
	id, box, err := f.open(wrapped, passphrase)
	if err == nil {
		if err := errors.Join(f.Abandon(), f.sweep()); err != nil {
			return nil, nil, err
		}
		return id, box, nil
	}
	useless := errors.Is(err, ErrWrongKey) || errors.Is(err, ErrNoKey)
	if useless && !errors.Is(stagedErr, ErrWrongKey) && !errors.Is(stagedErr, ErrNoKey) {
		return nil, nil, stagedErr
	}
	return nil, nil, err
}

// open loads the identity and opens wrapped with it.
func (f KeyFile) open(wrapped, passphrase []byte) (*Identity, *Box, error) {
	id, err := f.Load(passphrase)
	if err != nil {
		return nil, nil, err
	}
	box, err := id.OpenBox(wrapped)
	if err != nil {
		return nil, nil, fmt.Errorf("open the data with the key file %s: %w", f.Path, err)
	}
	return id, box, nil
}
