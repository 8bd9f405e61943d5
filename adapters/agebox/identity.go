package agebox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
)

const (
	// workFactor is the binary logarithm of scrypt's cost for the passphrase of
	// a key file: 64 MiB, a fifth of a second on a PC and about one second on a
	// Raspberry Pi 4. The age tool writes 18, 256 MiB, which a Pi that also runs
	// a browser may not have.
	workFactor = 16
	// maxWorkFactor is the most that is accepted, 1 GiB: a file must not choose
	// to bring the machine down.
	maxWorkFactor = 20
	// maxKeyFile bounds a key file in bytes.
	maxKeyFile = 64 << 10
	// ageIntro begins every age file that is not armored.
	ageIntro = "age-encryption.org/"
)

// Identity is a secret key that opens what is sealed for it: the appliance's
// own, or the recovery key. It is safe for concurrent use.
type Identity struct {
	hidden

	key func() *age.X25519Identity
}

func identityOf(key *age.X25519Identity) *Identity {
	return &Identity{key: func() *age.X25519Identity { return key }}
}

// Generate makes a new identity.
func Generate() (*Identity, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return identityOf(key), nil
}

// equal reports whether both are the same key.
func (id *Identity) equal(other *Identity) bool {
	return id.key().Recipient().String() == other.key().Recipient().String()
}

// encode returns the content of a key file: what age-keygen writes, and with a
// passphrase what age -p -a makes of that.
func (id *Identity) encode(passphrase []byte, now time.Time) ([]byte, error) {
	text := fmt.Sprintf("# created: %s\n# public key: %s\n%s\n", now.Format(time.RFC3339), id.key().Recipient(), id.key())
	if len(passphrase) == 0 {
		return []byte(text), nil
	}
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, fmt.Errorf("take the passphrase: %w", err)
	}
	recipient.SetWorkFactor(workFactor)
	defer debug.FreeOSMemory() // As in decode.
	var file bytes.Buffer
	armored := armor.NewWriter(&file)
	w, err := age.Encrypt(armored, recipient)
	if err != nil {
		return nil, fmt.Errorf("encrypt the key: %w", err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, fmt.Errorf("encrypt the key: %w", err)
	}
	if err := errors.Join(w.Close(), armored.Close()); err != nil {
		return nil, fmt.Errorf("encrypt the key: %w", err)
	}
	return file.Bytes(), nil
}

// decode reads the content of a key file. Its errors hold nothing of it.
func decode(content, passphrase []byte) (*Identity, error) {
	if len(content) > maxKeyFile {
		return nil, fmt.Errorf("%w: it is larger than %d KiB", ErrBadKey, maxKeyFile>>10)
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrBadKey)
	}
	if protected(content) {
		if len(passphrase) == 0 {
			return nil, ErrPassphraseNeeded
		}
		text, err := unprotect(content, passphrase, maxWorkFactor)
		// scrypt leaves 64 MiB behind, which would otherwise count as ours for
		// minutes and let the heap grow to twice that before it is collected.
		debug.FreeOSMemory()
		if err != nil {
			return nil, err
		}
		content = text
	}
	id, err := parseKey(content)
	if err == nil {
		return id, nil
	}
	if typed, typedErr := parseTyped(string(content)); typedErr == nil {
		return typed, nil
	}
	return nil, err
}

// protected reports whether content is an age file rather than a key.
func protected(content []byte) bool {
	return bytes.HasPrefix(content, []byte(ageIntro)) || armored(content)
}

func armored(content []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(content), []byte(armor.Header))
}

// unprotect decrypts a key file, unless it asks for more work than 2^factor.
func unprotect(content, passphrase []byte, factor int) ([]byte, error) {
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, ErrPassphraseNeeded
	}
	identity.SetMaxWorkFactor(factor)
	var file io.Reader = bytes.NewReader(content)
	if armored(content) {
		file = armor.NewReader(file)
	}
	plain, err := age.Decrypt(file, identity)
	var noMatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &noMatch) && len(noMatch.StanzaTypes) == 1 && noMatch.StanzaTypes[0] == "scrypt":
		return nil, ErrWrongPassphrase
	case errors.As(err, &noMatch):
		return nil, fmt.Errorf("%w: it is encrypted, but not with a passphrase", ErrBadKey)
	case err != nil:
		return nil, fmt.Errorf("%w: it is damaged, or its passphrase needs more than %d MiB of memory to check", ErrBadKey, 1<<factor>>10)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged", ErrBadKey)
	}
	return text, nil
}

// parseKey reads the text that age-keygen writes.
func parseKey(text []byte) (*Identity, error) {
	keys, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		// The error may quote the text.
		return nil, fmt.Errorf("%w: age-keygen writes one line that begins with AGE-SECRET-KEY-1, and every character of it counts", ErrBadKey)
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("%w: it must hold one key, and holds %d", ErrBadKey, len(keys))
	}
	key, ok := keys[0].(*age.X25519Identity)
	if !ok {
		return nil, fmt.Errorf("%w: it is of another kind; make one with age-keygen without -pq", ErrBadKey)
	}
	return identityOf(key), nil
}
