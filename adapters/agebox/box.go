package agebox

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	// maxWrapped bounds a wrapped key in bytes; one has about 460.
	maxWrapped = 64 << 10
	// wrappedVersion is the version of the wrapped key that this program writes.
	wrappedVersion = 1
	// sealVersion begins every sealed value.
	sealVersion = 1
	dataKeySize = 32
)

// Box seals and opens the appliance's data. It is safe for concurrent use.
type Box struct {
	hidden

	keys func() *keys
}

// keys are what a box works with.
type keys struct {
	aead       cipher.AEAD
	digest     []byte
	recovery   *Identity
	identities []age.Identity
	recipients []age.Recipient
}

// payload is what a wrapped key holds once opened.
type payload struct {
	Version int    `json:"version"`
	DataKey []byte `json:"data_key"`
	// Recovery is here so that its sheet can be printed again, and so that
	// backups from before a change of the identity still open.
	Recovery string `json:"recovery"`
}

// NewBox makes a box with a new data key, and returns that wrapped for id and for
// the recovery key, to be kept in the store. recovery nil makes a new recovery
// key; to change only the identity, pass that of the box before.
func (id *Identity) NewBox(recovery *Identity) (box *Box, wrapped []byte, err error) {
	if recovery == nil {
		if recovery, err = Generate(); err != nil {
			return nil, nil, err
		}
	}
	if id.equal(recovery) {
		// Whoever loses the one loses both.
		return nil, nil, errors.New("make a data key: the recovery key must be another one than the appliance's own")
	}
	dataKey := make([]byte, dataKeySize)
	rand.Read(dataKey)
	text, err := json.Marshal(payload{Version: wrappedVersion, DataKey: dataKey, Recovery: recovery.key().String()})
	if err != nil {
		return nil, nil, fmt.Errorf("encode the data key: %w", err)
	}
	if box, err = id.box(dataKey, recovery); err != nil {
		return nil, nil, err
	}
	if wrapped, err = box.SealFile(text); err != nil {
		return nil, nil, fmt.Errorf("wrap the data key: %w", err)
	}
	return box, wrapped, nil
}

// OpenBox opens a wrapped key that was made for id, or for id as the recovery
// key. Its errors are ErrWrongKey, ErrDamaged and ErrNewer.
func (id *Identity) OpenBox(wrapped []byte) (*Box, error) {
	if len(wrapped) > maxWrapped {
		return nil, fmt.Errorf("open the data key: %w", ErrDamaged)
	}
	plain, err := decrypt(bytes.NewReader(wrapped), id.key())
	if err != nil {
		return nil, fmt.Errorf("open the data key: %w", err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, fmt.Errorf("open the data key: %w", err)
	}
	var p payload
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("read the data key: %w", ErrDamaged) // The error may quote the text.
	}
	if p.Version > wrappedVersion {
		return nil, fmt.Errorf("read the data key: %w", ErrNewer)
	}
	recovery, err := parseKey([]byte(p.Recovery))
	if err != nil || p.Version != wrappedVersion || len(p.DataKey) != dataKeySize {
		return nil, fmt.Errorf("read the data key: %w", ErrDamaged)
	}
	return id.box(p.DataKey, recovery)
}

// box makes the box of a data key.
func (id *Identity) box(dataKey []byte, recovery *Identity) (*Box, error) {
	sealKey, err := hkdf.Key(sha256.New, dataKey, nil, "cz-visa-monitor values v1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the key of values: %w", err)
	}
	aead, err := chacha20poly1305.NewX(sealKey)
	if err != nil {
		return nil, fmt.Errorf("derive the key of values: %w", err)
	}
	digest, err := hkdf.Key(sha256.New, dataKey, nil, "cz-visa-monitor digests v1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of digests: %w", err)
	}
	k := &keys{
		aead: aead, digest: digest, recovery: recovery,
		identities: []age.Identity{id.key()},
		recipients: []age.Recipient{id.key().Recipient()},
	}
	if !id.equal(recovery) {
		k.identities = append(k.identities, recovery.key())
		k.recipients = append(k.recipients, recovery.key().Recipient())
	}
	return &Box{keys: func() *keys { return k }}, nil
}

// Seal encrypts a value for its place: it opens with the same bucket and key
// only. It is a version byte, a random nonce of 24 bytes, and the value with 16
// bytes of proof.
func (b *Box) Seal(bucket, key string, plain []byte) ([]byte, error) {
	const head = 1 + chacha20poly1305.NonceSizeX
	sealed := make([]byte, head, head+len(plain)+chacha20poly1305.Overhead)
	sealed[0] = sealVersion
	rand.Read(sealed[1:])
	return b.keys().aead.Seal(sealed, sealed[1:], plain, place(bucket, key)), nil
}

// Open decrypts what Seal made for this bucket and key, into memory of its own.
// The error is ErrDamaged for anything else.
func (b *Box) Open(bucket, key string, sealed []byte) ([]byte, error) {
	const head = 1 + chacha20poly1305.NonceSizeX
	if len(sealed) < head || sealed[0] != sealVersion {
		return nil, fmt.Errorf("open a value: %w", ErrDamaged)
	}
	plain, err := b.keys().aead.Open(nil, sealed[1:head], sealed[head:], place(bucket, key))
	if err != nil {
		return nil, fmt.Errorf("open a value: %w", ErrDamaged)
	}
	return plain, nil
}

// place returns the bytes to which a value is bound. The length of the bucket
// makes "a"+"bc" another place than "ab"+"c".
func place(bucket, key string) []byte {
	p := make([]byte, 0, 1+binary.MaxVarintLen64+len(bucket)+len(key))
	p = append(p, sealVersion)
	p = binary.AppendUvarint(p, uint64(len(bucket)))
	p = append(p, bucket...)
	return append(p, key...)
}

// Digest returns the HMAC-SHA256 of plain under a key of its own: equal inputs
// have equal digests for the life of the data key, and without the key nobody
// can try the numbers there are.
func (b *Box) Digest(plain []byte) []byte {
	mac := hmac.New(sha256.New, b.keys().digest)
	mac.Write(plain)
	return mac.Sum(nil)
}
