package boltstore

import "crypto/sha256"

// Sealer encodes every value before it reaches the file.
//
// Seal and Open are given the bucket and key of the value, so that an
// implementation can bind it to its place. Open returns an error for a value
// that was sealed for another place or changed since. Digest returns a fixed
// short form of plain that tells nothing about it, for look-ups: equal inputs
// give equal digests for the life of the file.
//
// SealFile and OpenFile do the same as Seal and Open for what must be an age file
// of its own, which the plain age tool opens: bound to no place. All of them
// leave what they are given as it is, and keep none of it.
type Sealer interface {
	Seal(bucket, key string, plain []byte) ([]byte, error)
	Open(bucket, key string, sealed []byte) ([]byte, error)
	Digest(plain []byte) []byte
	SealFile(plain []byte) ([]byte, error)
	OpenFile(file []byte) ([]byte, error)
}

// Plain is the Sealer that seals nothing.
type Plain struct{}

var _ Sealer = Plain{}

// Seal returns plain.
func (Plain) Seal(_, _ string, plain []byte) ([]byte, error) { return plain, nil }

// Open returns a copy of sealed: bbolt's memory ends with the transaction.
func (Plain) Open(_, _ string, sealed []byte) ([]byte, error) {
	return append([]byte(nil), sealed...), nil
}

// Digest returns the SHA-256 of plain.
func (Plain) Digest(plain []byte) []byte {
	h := sha256.Sum256(plain)
	return h[:]
}

// SealFile returns plain.
func (Plain) SealFile(plain []byte) ([]byte, error) { return plain, nil }

// OpenFile returns a copy of file, as Open does.
func (Plain) OpenFile(file []byte) ([]byte, error) { return append([]byte(nil), file...), nil }
