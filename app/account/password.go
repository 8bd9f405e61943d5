package account

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The bounds of a password, in characters.
const (
	MinPassword = 10
	MaxPassword = 128
)

// common holds the most common passwords of MinPassword characters and more, one a line.
//
//go:embed common.txt
var common string

// CheckPassword returns why password cannot be that of the user with this name,
// nil if it can.
func CheckPassword(password, name string) error {
	if len(password) > maxInput {
		return ErrPasswordLong
	}
	password = norm.NFC.String(password)
	n, key := utf8.RuneCountInString(password), NameKey(password)
	switch {
	case n < MinPassword:
		return ErrPasswordShort
	case n > MaxPassword:
		return ErrPasswordLong
	case key == NameKey(name):
		return ErrPasswordName
	case slices.Contains(strings.Fields(common), strings.ReplaceAll(key, " ", "")):
		return ErrPasswordCommon
	}
	return nil
}

const (
	// hashTakes is how long a hash is meant to take: nothing to somebody who
	// signs in, much to somebody who tries millions.
	hashTakes = 100 * time.Millisecond
	// leastMemory is OWASP's least (Password Storage Cheat Sheet: 19 MiB with two
	// passes, or 46 MiB with one), in KiB; mostMemory leaves room on an appliance of 512 MiB.
	leastMemory   = 19 * 1024
	onePassMemory = 46 * 1024
	mostMemory    = 64 * 1024
	// hashLine is how many may wait for their hash.
	hashLine = 64
)

// HasherConfig is what NewHasher needs. The zero value fits the machine.
type HasherConfig struct {
	// Params of new hashes; the zero value has them measured on first use.
	Params Params
	// AtOnce is how many hashes are made at the same time, each of which takes
	// its memory; 0 chooses by the number of processors.
	AtOnce int
}

// Hasher makes and checks password hashes. Its methods may be called from
// several goroutines.
type Hasher struct {
	params func() Params
	turns  chan struct{} // holds one for each that is being made
	line   chan struct{} // holds one for each that is being made or waits
}

// NewHasher returns a hasher.
func NewHasher(c HasherConfig) *Hasher {
	if c.AtOnce <= 0 {
		c.AtOnce = max(1, min(4, runtime.NumCPU()/4))
	}
	params := func() Params { return c.Params }
	if c.Params == (Params{}) {
		params = sync.OnceValue(func() Params { return calibrate(measure) })
	}
	return &Hasher{params: params, turns: make(chan struct{}, c.AtOnce), line: make(chan struct{}, c.AtOnce+hashLine)}
}

// Params returns the work of a new hash. The first call may measure the machine
// for about half a second.
func (h *Hasher) Params() Params { return h.params() }

// calibrate chooses the work that takes about hashTakes: memory first, because
// it is what costs an attacker most, then passes. A slow machine gets the least
// that is safe, though it takes longer.
func calibrate(measure func(Params) time.Duration) Params {
	sample := Params{Memory: leastMemory, Time: 1}
	took := max(measure(sample), time.Microsecond)
	affordable := uint64(float64(sample.work()) * float64(hashTakes) / float64(took)) // KiB
	switch {
	case affordable >= mostMemory:
		return Params{Memory: mostMemory, Time: uint32(min(maxTime, affordable/mostMemory))}
	case affordable >= onePassMemory:
		return Params{Memory: uint32(affordable), Time: 1}
	}
	return Params{Memory: uint32(max(leastMemory, affordable/2)), Time: 2}
}

// measure returns how long a hash takes at best: what else the machine does
// while it is measured must not make every later password weaker.
func measure(p Params) time.Duration {
	best := time.Duration(0)
	for range 3 {
		begin := time.Now()
		argon2.IDKey([]byte("a password to measure with"), make([]byte, saltLen), p.Time, p.Memory, 1, keyLen)
		if took := time.Since(begin); best == 0 || took < best {
			best = took
		}
	}
	return best
}

// Hash returns the encoded hash of a password. It waits for its turn.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	made := phc{threads: 1, salt: make([]byte, saltLen)}
	if _, err := rand.Read(made.salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	err := h.take(ctx, func() {
		made.params = h.params()
		made.key = argon2.IDKey(passwordBytes(password), made.salt, made.params.Time, made.params.Memory, 1, keyLen)
	})
	if err != nil {
		return "", err
	}
	return made.String(), nil
}

// Verify reports whether encoded was made of password, and whether it is stale:
// weaker than a new one would be. It waits for its turn. What cannot be read is ErrHash.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (ok, stale bool, err error) {
	stored, err := parsePHC(encoded)
	if err != nil {
		return false, false, err
	}
	err = h.take(ctx, func() {
		ok = stored.matches(passwordBytes(password))
		stale = stored.params.work() < h.params().work() || len(stored.key) < keyLen
	})
	return ok, stale, err
}

// VerifyNone does the work of Verify for an account that does not exist, so that
// the time tells nothing.
func (h *Hasher) VerifyNone(ctx context.Context, password string) error {
	none := phc{threads: 1, salt: make([]byte, saltLen), key: make([]byte, keyLen)}
	return h.take(ctx, func() {
		none.params = h.params()
		none.matches(passwordBytes(password))
	})
}

// take runs work when it is its turn.
func (h *Hasher) take(ctx context.Context, work func()) error {
	select {
	case h.line <- struct{}{}:
		defer func() { <-h.line }()
	default:
		return ErrBusy
	}
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return fmt.Errorf("wait for a password to be checked: %w", context.Cause(ctx))
	}
	work()
	return nil
}

// passwordBytes returns what is hashed of a password: the same for every way in
// which a keyboard may write it. What is too long for a password is cut; it
// fits none.
func passwordBytes(password string) []byte {
	if len(password) > maxInput {
		password = password[:maxInput]
	}
	return norm.NFC.Bytes([]byte(password))
}
