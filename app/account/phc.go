package account

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params say how much work a password hash is (argon2id, RFC 9106).
type Params struct {
	// Memory in KiB.
	Memory uint32
	// Time is the number of passes over it.
	Time uint32
}

// work is how many KiB are written.
func (p Params) work() uint64 { return uint64(p.Memory) * uint64(p.Time) }

// What a stored hash may ask for. A string that was put into the store by
// somebody else must not take all memory, or minutes.
const (
	minMemory, maxMemory = 8 * 1024, 256 * 1024 // KiB
	maxTime              = 16
	maxThreads           = 4
	maxWork              = 1024 * 1024 // KiB
	minSalt, maxSalt     = 8, 64
	minKey, maxKey       = 16, 64
)

// The lengths of what is made here.
const (
	saltLen = 16
	keyLen  = 32
)

// phc is a password hash as it is kept: the PHC string format,
// https://github.com/P-H-C/phc-string-format, with argon2id version 19.
type phc struct {
	params  Params
	threads uint8
	salt    []byte
	key     []byte
}

// phcBase64 is base64 without padding, in one writing only.
func phcBase64() *base64.Encoding { return base64.RawStdEncoding.Strict() }

// String writes h as a PHC string.
func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.params.Memory, h.params.Time, h.threads,
		phcBase64().EncodeToString(h.salt), phcBase64().EncodeToString(h.key))
}

// parsePHC reads what String writes and nothing else.
func parsePHC(s string) (h phc, err error) {
	fields := strings.Split(s, "$")
	if len(s) > 300 || len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, ErrHash
	}
	cost := strings.Split(fields[3], ",")
	if len(cost) != 3 {
		return phc{}, ErrHash
	}
	var threads uint32
	for i, field := range []struct {
		name        string
		least, most uint64
		to          *uint32
	}{
		{"m=", minMemory, maxMemory, &h.params.Memory},
		{"t=", 1, maxTime, &h.params.Time},
		{"p=", 1, maxThreads, &threads},
	} {
		if *field.to, err = number(cost[i], field.name, field.least, field.most); err != nil {
			return phc{}, err
		}
	}
	h.threads = uint8(threads)
	if h.params.work() > maxWork {
		return phc{}, ErrHash
	}
	if h.salt, err = octets(fields[4], minSalt, maxSalt); err != nil {
		return phc{}, err
	}
	h.key, err = octets(fields[5], minKey, maxKey)
	return h, err
}

// number reads "name=number" in its shortest writing.
func number(s, name string, least, most uint64) (uint32, error) {
	digits, ok := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || n < least || n > most || strconv.FormatUint(n, 10) != digits {
		return 0, ErrHash
	}
	return uint32(n), nil
}

// octets reads base64 of bounded length.
func octets(s string, least, most int) ([]byte, error) {
	// Go's decoder passes over line breaks, even where it is strict.
	b, err := phcBase64().DecodeString(s)
	if err != nil || len(b) < least || len(b) > most || strings.ContainsAny(s, "\r\n") {
		return nil, ErrHash
	}
	return b, nil
}

// matches reports whether h was made of password.
func (h phc) matches(password []byte) bool {
	key := argon2.IDKey(password, h.salt, h.params.Time, h.params.Memory, h.threads, uint32(len(h.key))) //nolint:gosec // At most maxKey.
	return subtle.ConstantTimeCompare(key, h.key) == 1
}
