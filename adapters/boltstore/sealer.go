package boltstore

import (
	"crypto/sha256"
	"io"
	"slices"
)

// Sealer encodes every value before it reaches the file.
//
// Seal and Open are given the bucket and key of the value, so that an
// implementation can bind it to its place. Open returns an error for a value
// that was sealed for another place or changed since. Digest returns a fixed
// short form of plain that tells nothing about it, for look-ups: equal inputs
// give equal digests for the life of the key.
type Sealer interface {
	Seal(bucket, key string, plain []byte) ([]byte, error)
	Open(bucket, key string, sealed []byte) ([]byte, error)
	Digest(plain []byte) []byte
}

// Box is everything that is done with the key of a store.
//
// SealFile and OpenFile are for values that can be decrypted with the owner's
// identity alone, without the store: age files, which the plain age tool opens.
// They are bound to no place. Encrypt returns a writer whose Close ends
// what Decrypt reads: backups are such streams. A reader of Decrypt must not
// hand out bytes that were changed, and must fail for a stream cut short.
type Box interface {
	Sealer
	SealFile(plain []byte) ([]byte, error)
	OpenFile(sealed []byte) ([]byte, error)
	Encrypt(w io.Writer) (io.WriteCloser, error)
	Decrypt(r io.Reader) (io.Reader, error)
}

// Keys makes and opens the keys of stores.
//
// New makes a key, and returns it wrapped as well: the form in which it stands
// in the file. Open unwraps one; its error wraps ErrWrongKey if it was wrapped
// for somebody else, ErrDamaged if it was changed. Decrypt reads a stream of
// Box.Encrypt without a Box, as it must be done before there is a store; its
// error wraps ErrWrongKey likewise.
type Keys interface {
	New() (box Box, wrapped []byte, err error)
	Open(wrapped []byte) (Box, error)
	Decrypt(r io.Reader) (io.Reader, error)
}

// Plain is the Box that seals nothing. It reads the values of a store from
// before there were keys, and serves in tests.
type Plain struct{}

var _ Box = Plain{}

// Seal returns plain.
func (Plain) Seal(_, _ string, plain []byte) ([]byte, error) { return plain, nil }

// Open returns a copy of sealed: bbolt's memory ends with the transaction.
func (Plain) Open(_, _ string, sealed []byte) ([]byte, error) { return slices.Clone(sealed), nil }

// Digest returns the SHA-256 of plain.
func (Plain) Digest(plain []byte) []byte {
	h := sha256.Sum256(plain)
	return h[:]
}

// SealFile returns plain.
func (Plain) SealFile(plain []byte) ([]byte, error) { return plain, nil }

// OpenFile returns a copy of sealed.
func (Plain) OpenFile(sealed []byte) ([]byte, error) { return slices.Clone(sealed), nil }

// Encrypt returns a writer that passes everything on to w.
func (Plain) Encrypt(w io.Writer) (io.WriteCloser, error) { return passing{w}, nil }

// Decrypt returns r.
func (Plain) Decrypt(r io.Reader) (io.Reader, error) { return r, nil }

type passing struct{ io.Writer }

func (passing) Close() error { return nil }

// PlainKeys are the Keys of Plain, for tests: they keep nothing secret.
type PlainKeys struct{}

var _ Keys = PlainKeys{}

// New returns Plain and a word in place of a key.
func (PlainKeys) New() (box Box, wrapped []byte, err error) { return Plain{}, []byte("plain"), nil }

// Open returns Plain, and ErrWrongKey for the key of another Box.
func (PlainKeys) Open(wrapped []byte) (Box, error) {
	if string(wrapped) != "plain" {
		return nil, ErrWrongKey
	}
	return Plain{}, nil
}

// Decrypt returns r.
func (PlainKeys) Decrypt(r io.Reader) (io.Reader, error) { return r, nil }
