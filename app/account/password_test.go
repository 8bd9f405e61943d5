package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// quick is work that no test has to wait for.
func quick() Params { return Params{Memory: minMemory, Time: 1} }

const goodPHC = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5a2V5aw"

func TestParsePHC(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old, new string
		ok             bool
	}{
		{"as it is written", "", "", true},
		{"most memory", "m=19456,t=2", "m=262144,t=4", true},
		{"argon2i", "argon2id", "argon2i", false},
		{"an older version", "v=19", "v=16", false},
		{"no version", "$v=19", "", false},
		{"gigabytes", "m=19456", "m=4194304", false},
		{"a number too long", "m=19456", "m=99999999999999999999", false},
		{"hardly any memory", "m=19456", "m=8", false},
		{"no pass", "t=2", "t=0", false},
		{"minutes", "t=2", "t=4000000000", false},
		{"much memory many times", "m=19456,t=2", "m=262144,t=16", false},
		{"no thread", "p=1", "p=0", false},
		{"many threads", "p=1", "p=255", false},
		{"a sign", "m=19456", "m=+19456", false},
		{"a leading zero", "m=19456", "m=019456", false},
		{"a space", "t=2", "t= 2", false},
		{"another order", "m=19456,t=2", "t=2,m=19456", false},
		{"something more", "p=1", "p=1,data=x", false},
		{"a short salt", "c2FsdHNhbHRzYWx0", "c2FsdA", false},
		{"a long salt", "c2FsdHNhbHRzYWx0", strings.Repeat("c2Fs", 40), false},
		{"a short key", "a2V5a2V5a2V5a2V5a2V5aw", "a2V5", false},
		{"padding", "a2V5aw", "a2V5aw==", false},
		{"bits left over", "a2V5aw", "a2V5ax", false},
		{"a line break", "a2V5aw", "a2V5\naw", false},
		{"a field more", "$argon2id", "$$argon2id", false},
		{"something before", "$argon2id", "x$argon2id", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := strings.Replace(goodPHC, tt.old, tt.new, 1)
			if tt.old != "" {
				i := strings.LastIndex(goodPHC, tt.old)
				s = goodPHC[:i] + tt.new + goodPHC[i+len(tt.old):]
			}
			h, err := parsePHC(s)
			if tt.ok && (err != nil || h.String() != s) {
				t.Errorf("%s became %s, %v", s, h, err)
			}
			if !tt.ok && !errors.Is(err, ErrHash) {
				t.Errorf("%s: %v", s, err)
			}
		})
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(goodPHC)
	f.Add("$argon2id$v=19$m=8192,t=1,p=4$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			return
		}
		if h.String() != s {
			t.Errorf("%q was read as %q", s, h)
		}
		if h.params.Memory > maxMemory || h.params.work() > maxWork || h.threads > maxThreads || len(h.salt) > maxSalt || len(h.key) > maxKey {
			t.Errorf("%q asks for too much", s)
		}
	})
}

func TestCalibrate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		mib  time.Duration // how long the machine takes for a MiB
		want Params
	}{
		{"a fast server", 200 * time.Microsecond, Params{Memory: mostMemory, Time: 7}},
		{"a server", 700 * time.Microsecond, Params{Memory: mostMemory, Time: 2}},
		{"a desktop", 1500 * time.Microsecond, Params{Memory: mostMemory, Time: 1}},
		{"a NAS", 2 * time.Millisecond, Params{Memory: 51200, Time: 1}},
		{"a Raspberry Pi 4", 2500 * time.Microsecond, Params{Memory: 20480, Time: 2}},
		{"a Raspberry Pi 2", 20 * time.Millisecond, Params{Memory: leastMemory, Time: 2}},
		{"no time passes", 0, Params{Memory: mostMemory, Time: maxTime}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := calibrate(func(p Params) time.Duration { return time.Duration(p.work()) * tt.mib / 1024 })
			if got.Time != tt.want.Time || got.Memory+1 < tt.want.Memory || got.Memory > tt.want.Memory+1 {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.work() > maxWork || got.Memory > maxMemory || got.Time > maxTime {
				t.Error("the own hashes could not be read back")
			}
		})
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	h := NewHasher(HasherConfig{Params: quick()})
	const composed, decomposed = "p\u0159\u00edli\u0161 \u017elu\u0165ou\u010dk\u00fd", "pr\u030ci\u0301lis\u030c z\u030clut\u030couc\u030cky\u0301"
	encoded, err := h.Hash(t.Context(), composed)
	if err != nil {
		t.Fatal(err)
	}
	strong := NewHasher(HasherConfig{Params: Params{Memory: minMemory, Time: 2}})
	tests := []struct {
		name      string
		hasher    *Hasher
		password  string
		ok, stale bool
	}{
		{"right", h, composed, true, false},
		{"right, from another keyboard", h, decomposed, true, false},
		{"wrong", h, composed + "x", false, false},
		{"empty", h, "", false, false},
		{"endless", h, strings.Repeat("x", 10*maxInput), false, false},
		{"right, but weaker than now", strong, composed, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ok, stale, err := tt.hasher.Verify(t.Context(), encoded, tt.password)
			if ok != tt.ok || stale != tt.stale || err != nil {
				t.Errorf("got %t, %t, %v", ok, stale, err)
			}
		})
	}
	if again, err := h.Hash(t.Context(), composed); err != nil || again == encoded {
		t.Errorf("two hashes share a salt, or %v", err)
	}
	if _, _, err := h.Verify(t.Context(), "plain text", "plain text"); !errors.Is(err, ErrHash) {
		t.Errorf("a hash that is none: %v", err)
	}
}

// TestHashesWaitForTheirTurn holds the hasher to one at once, and to a line that ends.
func TestHashesWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(HasherConfig{Params: quick(), AtOnce: 1})
		working, done := make(chan struct{}), make(chan struct{})
		go func() {
			if err := h.take(t.Context(), func() { close(working); <-done }); err != nil {
				t.Errorf("the first one: %v", err)
			}
		}()
		<-working
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		results := make(chan error, hashLine)
		for range hashLine {
			go func() { results <- h.VerifyNone(ctx, "x") }()
		}
		synctest.Wait()
		if err := h.VerifyNone(ctx, "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("the line has no end: %v", err)
		}
		for range hashLine {
			if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("one that waited got %v", err)
			}
		}
		close(done)
		synctest.Wait()
		if err := h.VerifyNone(t.Context(), "x"); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, password string
		want           error
	}{
		{"good", "kolo na kopci 7", nil},
		{"ten characters of two bytes", "žluťoučkýý", nil},
		{"nine characters, eleven runes before they are composed", "z\u030clut\u030cou12", ErrPasswordShort},
		{"the longest", strings.Repeat("ab", 64), nil},
		{"too long", strings.Repeat("ab", 64) + "c", ErrPasswordLong},
		{"endless", strings.Repeat("x", 1<<20), ErrPasswordLong},
		{"empty", "", ErrPasswordShort},
		{"the name", "Božena Němcová", ErrPasswordName},
		{"the name in capitals", "BOŽENA NĚMCOVÁ", ErrPasswordName},
		{"common", "password123", ErrPasswordCommon},
		{"common, in capitals and with spaces", "Correct Horse Battery Staple", ErrPasswordCommon},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := CheckPassword(tt.password, "Božena Němcová"); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	for line := range strings.Lines(common) {
		word := strings.TrimSpace(line)
		if utf8.RuneCountInString(word) < MinPassword || word != NameKey(word) {
			t.Errorf("%q is on the list of common passwords for nothing", word)
		}
	}
}

// BenchmarkCalibrated reports how long a hash takes on this machine with the
// work that was chosen for it.
func BenchmarkCalibrated(b *testing.B) {
	h := NewHasher(HasherConfig{})
	p := h.Params()
	b.ResetTimer()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "kolo na kopci 7"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/hash")
	b.ReportMetric(float64(p.Memory)/1024, "MiB")
	b.ReportMetric(float64(p.Time), "passes")
}
