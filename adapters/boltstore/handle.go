package boltstore

import (
	"errors"
	"sync/atomic"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// file is an open bbolt file with the key of its values.
type file struct {
	db      *bbolt.DB
	box     Box
	wrapped []byte // the key as it stands in the file
}

// handle is the file the store works on. A rewrite exchanges it while the
// program runs. It is no lock that readers share: new readers would wait for the
// exchange, and that one for the slowest of those before.
//
// As a Box it seals with the key of the current file. It opens what was sealed
// with the key of the file before as well, as long as a transaction may still
// read that one.
type handle struct {
	path              string
	current, previous atomic.Pointer[file]
}

// exchange makes f the current file. done returns when nobody reads the one
// before any more and it is closed; it must be called, and come before the next
// exchange. The caller holds Store.write, but not while it waits for done.
func (h *handle) exchange(f *file) (done func() error) {
	old := h.current.Load()
	h.previous.Store(old) // First: who finds the new one finds the old one too.
	h.current.Store(f)
	return func() error {
		err := old.db.Close() // Waits for its transactions.
		h.previous.Store(nil)
		return err
	}
}

// view runs fn in a transaction that reads the current file. It returns
// ErrDamaged where that cannot be read.
func (h *handle) view(fn func(*bbolt.Tx) error) error {
	for {
		f := h.current.Load()
		err := faultless(h.path, func() error { return f.db.View(fn) })
		if errors.Is(err, bolterrors.ErrDatabaseNotOpen) && h.current.Load() != f {
			continue // It was exchanged before the transaction began.
		}
		return err
	}
}

// Seal seals with the key of the current file.
func (h *handle) Seal(bucket, key string, plain []byte) ([]byte, error) {
	return h.current.Load().box.Seal(bucket, key, plain)
}

// Open opens a value of the current file or of the one before.
func (h *handle) Open(bucket, key string, sealed []byte) ([]byte, error) {
	return h.try(func(b Box) ([]byte, error) { return b.Open(bucket, key, sealed) })
}

// Digest returns the digest by the key of the current file. It is only good for
// a look-up in that one; within view there is boxOf.
func (h *handle) Digest(plain []byte) []byte { return h.current.Load().box.Digest(plain) }

// SealFile seals with the key of the current file.
func (h *handle) SealFile(plain []byte) ([]byte, error) { return h.current.Load().box.SealFile(plain) }

// OpenFile opens a value of the current file or of the one before.
func (h *handle) OpenFile(sealed []byte) ([]byte, error) {
	return h.try(func(b Box) ([]byte, error) { return b.OpenFile(sealed) })
}

// boxOf returns the key of the file that tx reads.
func (h *handle) boxOf(tx *bbolt.Tx) Box {
	f := h.current.Load()
	if old := h.previous.Load(); f.db != tx.DB() && old != nil {
		return old.box
	}
	return f.box
}

func (h *handle) try(open func(Box) ([]byte, error)) ([]byte, error) {
	plain, err := open(h.current.Load().box)
	if old := h.previous.Load(); err != nil && old != nil {
		if plain, err := open(old.box); err == nil {
			return plain, nil
		}
	}
	return plain, err
}
