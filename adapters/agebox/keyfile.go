package agebox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// KeyFileName is the key file's name in the data directory.
	KeyFileName = "key.txt"
	// SecretName is the key file's name where systemd or Docker mount it.
	SecretName = "czvm-key"

	temporarySuffix = ".tmp"

	credentials    = "CREDENTIALS_DIRECTORY" // systemd.exec(5), LoadCredential.
	dockerSecrets  = "/run/secrets"
	readOrWritable = 0o066 // By the group or by others.
)

// KeyFile is where the appliance's identity is kept. All that write, and Unlock,
// are for one process at a time: the one that holds the store.
type KeyFile struct {
	Path string
	// Managed says that systemd or Docker mount the file. They choose its mode
	// (a Docker secret is readable by all, inside its container), so that it is
	// not checked, and the file is theirs to change.
	Managed bool
}

// Find returns the key file to use: explicit if it is not empty, else the
// credential czvm-key of systemd, else the secret czvm-key of Docker, if they
// exist, else key.txt in the data directory. env returns a variable of the
// environment, as os.Getenv does.
func Find(explicit, dataDir string, env func(string) string) KeyFile {
	return find(explicit, dataDir, env(credentials), dockerSecrets)
}

func find(explicit, dataDir string, mounts ...string) KeyFile {
	if explicit != "" {
		f := KeyFile{Path: explicit}
		for _, dir := range mounts {
			f.Managed = f.Managed || dir != "" && within(explicit, dir)
		}
		return f
	}
	for _, dir := range mounts {
		path := filepath.Join(dir, SecretName)
		// One that cannot be reached exists too: Load says what is wrong with it.
		if _, err := os.Stat(path); dir != "" && !errors.Is(err, fs.ErrNotExist) {
			return KeyFile{Path: path, Managed: true}
		}
	}
	return KeyFile{Path: filepath.Join(dataDir, KeyFileName)}
}

// within reports whether path is below dir.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel) && rel != "."
}

// Paths returns the files that Unlock looks into, which need not be there: the key
// file, and the one that takes its place when a change of it comes to its end.
func (f KeyFile) Paths() []string {
	if f.Managed {
		return []string{f.Path}
	}
	return []string{f.Path, f.staged().Path}
}

// Load reads the identity. The passphrase is used if the file is protected by
// one. Its errors are ErrNoKey, ErrExposed, ErrPassphraseNeeded,
// ErrWrongPassphrase, ErrBadKey, or that of the file system.
func (f KeyFile) Load(passphrase []byte) (*Identity, error) {
	content, err := f.read()
	if err != nil {
		return nil, fmt.Errorf("load the key file %s: %w", f.Path, err)
	}
	id, err := decode(content, passphrase)
	if err != nil {
		return nil, fmt.Errorf("load the key file %s: %w", f.Path, err)
	}
	return id, nil
}

// read returns the content of the file, of which one byte too many says that it
// is too large.
func (f KeyFile) read() ([]byte, error) {
	// Before it is opened: opening a pipe waits for somebody to write to it.
	info, err := os.Stat(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNoKey
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%w: it is a directory, which is also what Docker makes when the file to mount is missing", ErrBadKey)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: it is not a regular file", ErrBadKey)
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // Only read.
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	if !f.Managed && exposed(info) {
		return nil, fmt.Errorf("%w; run: chmod 600 %s", ErrExposed, f.Path)
	}
	return io.ReadAll(io.LimitReader(file, maxKeyFile+1))
}

// exposed reports whether others than the owner may read or write the file.
func exposed(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode()&readOrWritable != 0 // Windows keeps no such modes.
}

// Write makes the key file, readable for its owner only, and its directory. An
// existing file is never overwritten: the error is then fs.ErrExist. Without a
// passphrase the file is not encrypted.
func (f KeyFile) Write(id *Identity, passphrase []byte) error {
	return f.write(id, passphrase, func(temporary string) error {
		// Unlike a rename, a link does not take the place of what is there.
		if err := os.Link(temporary, f.Path); err != nil {
			return err
		}
		return os.Remove(temporary)
	})
}

// Replace puts id, protected by the passphrase if there is one, in the place of
// the key file, at once. It is for a new passphrase; for a new key there is Stage.
func (f KeyFile) Replace(id *Identity, passphrase []byte) error {
	return f.write(id, passphrase, func(temporary string) error { return os.Rename(temporary, f.Path) })
}

// write writes a temporary file beside the key file and gives it to place.
func (f KeyFile) write(id *Identity, passphrase []byte, place func(temporary string) error) error {
	if err := f.writable(); err != nil {
		return fmt.Errorf("write the key file %s: %w", f.Path, err)
	}
	content, err := id.encode(passphrase, time.Now())
	if err != nil {
		return fmt.Errorf("write the key file %s: %w", f.Path, err)
	}
	dir := filepath.Dir(f.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the directory of the key file: %w", err)
	}
	temporary, err := os.CreateTemp(dir, f.temporaryPrefix()+"*"+temporarySuffix) // With mode 0600.
	if err != nil {
		return fmt.Errorf("write the key file: %w", err)
	}
	if err = fill(temporary, content); err == nil {
		err = place(temporary.Name())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the key file %s: %w", f.Path, err), remove(temporary.Name()))
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("write the key file %s down to the disk: %w", f.Path, err)
	}
	return nil
}

// writable returns why the key file is not ours to write, nil if it is.
func (f KeyFile) writable() error {
	if f.Managed {
		return ErrManaged
	}
	if info, err := os.Lstat(f.Path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		// The new key would stand here, and the old one stay where it points to.
		return errors.New("it is a symbolic link; name the file itself in CZVM_KEY_FILE")
	}
	return nil
}

// temporaryPrefix begins the names of files that are being written beside the
// key file; that of the staged file begins likewise.
func (f KeyFile) temporaryPrefix() string { return "." + filepath.Base(f.Path) + "." }

// fill writes content to file down to the disk, and closes it.
func fill(file *os.File, content []byte) error {
	_, err := file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	info, statErr := file.Stat()
	if err = errors.Join(err, statErr, file.Close()); err != nil {
		return err
	}
	if exposed(info) {
		return fmt.Errorf("%w, since its file system keeps no modes; choose another place with CZVM_KEY_FILE", ErrExposed)
	}
	return nil
}

// sweep removes what writes of the key file, and of the staged one, have left
// beside it when they were cut short.
func (f KeyFile) sweep() error {
	dir := filepath.Dir(f.Path)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // Then nothing was written here either.
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), f.temporaryPrefix()) && strings.HasSuffix(e.Name(), temporarySuffix) {
			if err := remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove removes the file if it is there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir makes the names in dir last through a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // It cannot be done there, and need not be.
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Protected reports whether the file needs a passphrase to be read. Its errors are
// those of Load that have to do with the file itself.
func (f KeyFile) Protected() (bool, error) {
	content, err := f.read()
	if err != nil {
		return false, fmt.Errorf("look at the key file %s: %w", f.Path, err)
	}
	return protected(content), nil
}
