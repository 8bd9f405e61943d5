package boltstore

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// boxKeys are the Keys of one Box that is not wrapped at all.
type boxKeys struct{ Box }

func (k boxKeys) New() (Box, []byte, error)              { return k.Box, []byte("plain"), nil }
func (k boxKeys) Open([]byte) (Box, error)               { return k.Box, nil }
func (k boxKeys) Decrypt(r io.Reader) (io.Reader, error) { return r, nil }

// testKeys is an owner: wrapped keys and backups are sealed with it.
type testKeys struct{ owner cipher.AEAD }

// newKeys returns the keys of an owner.
func newKeys(name string) testKeys {
	secret := sha256.Sum256([]byte(name))
	return testKeys{aead(secret[:])}
}

func aead(key []byte) cipher.AEAD {
	a, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err)
	}
	return a
}

func sealBytes(a cipher.AEAD, plain, bound []byte) []byte {
	nonce := make([]byte, a.NonceSize(), a.NonceSize()+len(plain)+a.Overhead())
	_, _ = rand.Read(nonce)
	return a.Seal(nonce, nonce, plain, bound)
}

func openBytes(a cipher.AEAD, sealed, bound []byte) ([]byte, error) {
	if len(sealed) < a.NonceSize() {
		return nil, errors.New("too short")
	}
	return a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], bound)
}

func (k testKeys) New() (Box, []byte, error) {
	key := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(key)
	return k.box(key), sealBytes(k.owner, key, nil), nil
}

func (k testKeys) box(key []byte) Box { return &testBox{testKeys: k, key: key, values: aead(key)} }

func (k testKeys) Open(wrapped []byte) (Box, error) {
	key, err := openBytes(k.owner, wrapped, nil)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrWrongKey, err)
	}
	return k.box(key), nil
}

// streamMagic begins a stream; the owner's proof follows, then chunks.
const streamMagic = "test stream\n"

func (k testKeys) Decrypt(r io.Reader) (io.Reader, error) {
	head := make([]byte, len(streamMagic)+k.owner.NonceSize()+k.owner.Overhead())
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(streamMagic)]) != streamMagic {
		return nil, errors.New("no stream")
	}
	if _, err := openBytes(k.owner, head[len(streamMagic):], nil); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrWrongKey, err)
	}
	return &chunks{aead: k.owner, r: r}, nil
}

// testBox is a box with real encryption, laid out as simply as possible.
type testBox struct {
	testKeys
	key    []byte
	values cipher.AEAD
}

func (b *testBox) Seal(bucket, key string, plain []byte) ([]byte, error) {
	return sealBytes(b.values, plain, []byte(bucket+"\x00"+key)), nil
}

func (b *testBox) Open(bucket, key string, sealed []byte) ([]byte, error) {
	return openBytes(b.values, sealed, []byte(bucket+"\x00"+key))
}

func (b *testBox) Digest(plain []byte) []byte {
	h := hmac.New(sha256.New, b.key)
	h.Write(plain)
	return h.Sum(nil)
}

func (b *testBox) SealFile(plain []byte) ([]byte, error) { return sealBytes(b.owner, plain, nil), nil }

func (b *testBox) OpenFile(sealed []byte) ([]byte, error) { return openBytes(b.owner, sealed, nil) }

func (b *testBox) Encrypt(w io.Writer) (io.WriteCloser, error) {
	_, err := w.Write(append([]byte(streamMagic), sealBytes(b.owner, nil, nil)...))
	return &chunker{aead: b.owner, w: w}, err
}

// chunkSize is that of age.
const chunkSize = 64 << 10

// chunker seals chunks that carry their number and whether they are the last.
type chunker struct {
	aead cipher.AEAD
	w    io.Writer
	buf  bytes.Buffer
	n    uint64
}

func bound(n uint64, last bool) []byte {
	b := binary.BigEndian.AppendUint64(nil, n)
	if last {
		b = append(b, 1)
	}
	return b
}

func (c *chunker) Write(b []byte) (int, error) {
	c.buf.Write(b)
	for c.buf.Len() > chunkSize {
		if err := c.flush(c.buf.Next(chunkSize), false); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

func (c *chunker) flush(b []byte, last bool) error {
	_, err := c.w.Write(sealBytes(c.aead, b, bound(c.n, last)))
	c.n++
	return err
}

func (c *chunker) Close() error { return c.flush(c.buf.Bytes(), true) }

// chunks reads what chunker wrote.
type chunks struct {
	aead cipher.AEAD
	r    io.Reader
	buf  []byte
	n    uint64
	done bool
}

func (c *chunks) Read(b []byte) (int, error) {
	for len(c.buf) == 0 {
		if c.done {
			if n, _ := c.r.Read(make([]byte, 1)); n > 0 {
				return 0, errors.New("something follows the last chunk")
			}
			return 0, io.EOF
		}
		sealed := make([]byte, c.aead.NonceSize()+chunkSize+c.aead.Overhead())
		n, err := io.ReadFull(c.r, sealed)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, io.ErrUnexpectedEOF // It may not end without a last chunk.
		}
		if c.buf, err = openBytes(c.aead, sealed[:n], bound(c.n, false)); err != nil {
			if c.buf, err = openBytes(c.aead, sealed[:n], bound(c.n, true)); err != nil {
				return 0, err
			}
			c.done = true
		}
		c.n++
	}
	n := copy(b, c.buf)
	c.buf = c.buf[n:]
	return n, nil
}

// openWith is open with keys that seal.
func openWith(t testing.TB, dir string, keys Keys) *Store {
	t.Helper()
	s, err := Open(Config{Dir: dir, Keys: keys, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, dir) })
	return s
}
