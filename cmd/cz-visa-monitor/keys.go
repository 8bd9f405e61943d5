package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
)

// keyring holds the appliance's key, as the store and the pages want it.
type keyring struct {
	file agebox.KeyFile
	log  *slog.Logger

	mu sync.Mutex
	// passphrase protects the key file, if anything does.
	passphrase []byte
	// id is the key, once it was loaded; box is that of the open store.
	id  *agebox.Identity
	box *agebox.Box
	// given: somebody gave the passphrase after the start.
	given bool
	// foreign: what is opened is a backup. It tells nothing of a rotation of the
	// key that was cut short, which only the store does.
	foreign bool
}

var _ boltstore.Keys = (*keyring)(nil)

// newKeyring finds the key file. env returns a variable of the environment.
func newKeyring(c config, env func(string) string, log *slog.Logger) *keyring {
	return &keyring{file: agebox.Find(c.keyFile, c.dataDir, env), passphrase: []byte(c.keyPassphrase), log: log}
}

// reader returns the same key for reading backups.
func (k *keyring) reader() *keyring {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &keyring{file: k.file, log: k.log, passphrase: k.passphrase, id: k.id, foreign: true}
}

// anew returns the ring before anything was opened.
func (k *keyring) anew() *keyring {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &keyring{file: k.file, log: k.log, passphrase: k.passphrase, given: k.given}
}

// unlock takes the passphrase that somebody gave, if it is the right one.
func (k *keyring) unlock(passphrase []byte) error {
	if err := k.file.Accepts(passphrase); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.passphrase, k.given = passphrase, true
	return nil
}

// load returns the key.
func (k *keyring) load() (*agebox.Identity, error) {
	if k.id != nil {
		return k.id, nil
	}
	id, err := k.file.Load(k.passphrase)
	if err != nil {
		return nil, err
	}
	k.id = id
	return id, nil
}

// identity returns the key, or makes one where there is none yet.
func (k *keyring) identity() (*agebox.Identity, error) {
	id, err := k.load()
	if !errors.Is(err, agebox.ErrNoKey) || k.file.Managed {
		return id, err
	}
	if id, err = agebox.Generate(); err != nil {
		return nil, err
	}
	if err := k.file.Write(id, k.passphrase); err != nil {
		return nil, err
	}
	k.log.Warn("made the key that opens the data; it must not get lost: print the recovery sheet, and keep the key on another disk than the data if you can",
		slog.String("file", k.file.Path))
	k.id = id
	return id, nil
}

// New implements boltstore.Keys. The first store of an appliance makes its key.
func (k *keyring) New() (boltstore.Box, []byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, err := k.identity()
	if err != nil {
		return nil, nil, err
	}
	box, wrapped, err := id.NewBox(nil)
	if err != nil {
		return nil, nil, err
	}
	k.box = box
	return box, wrapped, nil
}

// Open implements boltstore.Keys. The first key it opens is the store's.
func (k *keyring) Open(wrapped []byte) (boltstore.Box, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id == nil && !k.foreign {
		id, box, err := k.file.Unlock(wrapped, k.passphrase)
		if err != nil {
			return nil, storeError(err)
		}
		k.id, k.box = id, box
		return box, nil
	}
	id, err := k.load()
	if err != nil {
		return nil, err
	}
	box, err := id.OpenBox(wrapped)
	if errors.Is(err, agebox.ErrWrongKey) && k.box != nil {
		box, err = k.box.Recovery().OpenBox(wrapped) // It is from before a rotation.
	}
	if err != nil {
		return nil, storeError(err)
	}
	if k.box == nil {
		k.box = box
	}
	return box, nil
}

// Decrypt implements boltstore.Keys.
func (k *keyring) Decrypt(r io.Reader) (io.Reader, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	decrypt := func(r io.Reader) (io.Reader, error) {
		id, err := k.load()
		if err != nil {
			return nil, err
		}
		return id.Decrypt(r)
	}
	if k.box != nil {
		decrypt = k.box.Decrypt // Which knows the recovery key, too.
	}
	plain, err := decrypt(r)
	if err != nil {
		return nil, storeError(err)
	}
	return &decrypted{plain}, nil
}

// decrypted gives the errors of a stream the store's names.
type decrypted struct{ r io.Reader }

func (d *decrypted) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = storeError(err)
	}
	return n, err
}

// storeError gives an error of the key the store's name for it.
func storeError(err error) error {
	switch {
	case errors.Is(err, agebox.ErrWrongKey):
		return fmt.Errorf("%w: %w", boltstore.ErrWrongKey, err)
	case errors.Is(err, agebox.ErrDamaged):
		return fmt.Errorf("%w: %w", boltstore.ErrDamaged, err)
	case errors.Is(err, agebox.ErrNewer):
		return fmt.Errorf("%w: %w", boltstore.ErrNewer, err)
	}
	return err
}

// current returns the box of the open store.
func (k *keyring) current() *agebox.Box {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.box
}

// rotation says what a new key is to be like.
type rotation struct {
	// Passphrase protects the new key file, "" for none.
	Passphrase string `json:"passphrase"`
	// KeepIdentity changes only the key of the data, not the key file.
	KeepIdentity bool `json:"keep_identity"`
	// Recovery makes a new recovery key, too.
	Recovery bool `json:"recovery"`
	// Old is the passphrase of the key file as it is.
	Old string `json:"old"`
}

// rotate seals the store anew with another key, and notes that in the audit trail.
// Cut short anywhere, the next start finds either the old or the new one whole.
// sealed reports whether the new one is in force, which it may be in spite of err.
func (k *keyring) rotate(ctx context.Context, store *boltstore.Store, r rotation) (sealed bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, err := k.file.Load([]byte(r.Old))
	if err == nil && !r.KeepIdentity {
		id, err = agebox.Generate()
	}
	if err != nil {
		return false, err
	}
	recovery, rekey := k.box.Recovery(), store.Rekey
	if r.Recovery {
		recovery, rekey = nil, store.RekeyRecovery
	}
	box, wrapped, err := id.NewBox(recovery)
	if err != nil {
		return false, err
	}
	if !r.KeepIdentity {
		if err := k.stage(id, r.Passphrase); err != nil {
			return false, err
		}
	}
	err = rekey(ctx, box, wrapped)
	if !store.SealedWith(wrapped) {
		if !r.KeepIdentity {
			err = errors.Join(err, k.file.Abandon()) // The next rotation begins anew.
		}
		return false, fmt.Errorf("seal the data with the new key: %w", err)
	}
	k.id, k.box = id, box
	if !r.KeepIdentity {
		err = errors.Join(err, k.file.Finish())
	}
	return true, err
}

// stage writes the next key beside the key file.
func (k *keyring) stage(id *agebox.Identity, passphrase string) error {
	err := k.file.Stage(id, []byte(passphrase))
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("an earlier change of the key was cut short; start the appliance anew, which brings it to its end, and try again: %w", err)
	}
	return err
}

// changePassphrase protects the key file with another passphrase, or none.
func (k *keyring) changePassphrase(ctx context.Context, store *boltstore.Store, old, fresh string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, err := k.file.Load([]byte(old))
	if err != nil {
		return err
	}
	if err := k.file.Replace(id, []byte(fresh)); err != nil {
		return err
	}
	return store.Audit(ctx, account.PassphraseChanged, account.KindKey, "", "")
}

// recovery is the recovery key, as the page of the sheet wants it.
type recovery struct {
	*boltstore.Store
	ring *keyring
}

func (r recovery) RecoveryKey() string             { return r.ring.current().RecoveryKey() }
func (r recovery) IsRecoveryEnd(typed string) bool { return r.ring.current().IsRecoveryEnd(typed) }

func (r recovery) KeyShown(ctx context.Context) error {
	return r.Audit(ctx, account.KeyShown, account.KindKey, "", "")
}
