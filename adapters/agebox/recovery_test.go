package agebox

import (
	"errors"
	"strings"
	"testing"
)

func TestTypedRecoveryKey(t *testing.T) {
	t.Parallel()
	box, wrapped := newBox(t, parse(t, testKey), parse(t, testRecovery))
	rest := strings.TrimPrefix(testRecovery, keyPrefix)
	var groups []string
	for i := 0; i < len(rest); i += 8 {
		groups = append(groups, rest[i:min(i+8, len(rest))])
	}
	swapped := rest[:20] + rest[21:22] + rest[20:21] + rest[22:]
	if swapped == rest || !strings.ContainsAny(rest, "L") || !strings.ContainsAny(rest, "0") || !strings.ContainsAny(rest, "8") {
		t.Fatal("the key of the tests is not fit for them")
	}
	tests := []struct {
		name, typed string
		ok          bool
	}{
		{"as printed", testRecovery, true},
		{"lower case", strings.ToLower(testRecovery), true},
		{"in groups", "AGE-SECRET-KEY-1 " + strings.Join(groups, " "), true},
		{"in lines", "\r\n  AGE-SECRET-KEY-1\r\n" + strings.Join(groups, "\r\n") + "\r\n", true},
		{"with dashes", "age secret key 1" + strings.Join(groups, "-"), true},
		{"with long dashes and hard blanks", "AGE–SECRET—KEY‑1\u00a0" + strings.Join(groups, "\u2009–\u202f"), true},
		{"with what cannot be seen", "\ufeff" + testRecovery + "\u200b", true},
		{"without the prefix", rest, true},
		{"with an I for the 1 of the prefix", "AGE-SECRET-KEY-I" + rest, true},
		{"with an l for the 1 of the prefix", "age-secret-key-l" + rest, true},
		{"with O for 0", keyPrefix + strings.ReplaceAll(rest, "0", "O"), true},
		{"with 1 for L", keyPrefix + strings.ReplaceAll(rest, "L", "1"), true},
		{"with i for L", keyPrefix + strings.ReplaceAll(rest, "L", "i"), true},
		{"with B for 8", keyPrefix + strings.ReplaceAll(rest, "8", "B"), true},

		{"empty", "", false},
		{"the prefix alone", keyPrefix, false},
		{"prefix without the 1", "AGE-SECRET-KEY-" + rest, false},
		{"one missing", testRecovery[:len(testRecovery)-1], false},
		{"one more", testRecovery + "Q", false},
		{"two swapped", keyPrefix + swapped, false},
		{"a letter of another alphabet", keyPrefix + "А" + rest[1:], false},
		{"a character that is none", keyPrefix + "#" + rest[1:], false},
		{"the prefix twice", keyPrefix + testRecovery, false},
		{"the public key", testPublic, false},
		{"a novel", strings.Repeat(testRecovery, 1000), false},
		{"not UTF-8", keyPrefix + "\xff" + rest[1:], false},
	}
	for _, tt := range tests {
		id, err := parseTyped(tt.typed)
		if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, ErrBadKey) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && quotes(err.Error(), []byte(tt.typed)) && tt.typed != keyPrefix {
			t.Errorf("%s: the error quotes what was typed: %v", tt.name, err)
		}
		if err != nil {
			continue
		}
		if got, err := id.OpenBox(wrapped); err != nil || got.RecoveryKey() != testRecovery {
			t.Errorf("%s: does not open the box: %v", tt.name, err)
		}
	}
	if box.Recovery().key().String() != testRecovery {
		t.Error("Recovery returns another key")
	}
}

func TestEndOfTheRecoveryKey(t *testing.T) {
	t.Parallel()
	box, _ := newBox(t, parse(t, testKey), parse(t, testRecovery))
	end := testRecovery[len(testRecovery)-RecoveryEnd:]
	tests := []struct {
		name, typed string
		ok          bool
	}{
		{"as printed", end, true},
		{"lower case, in groups", strings.ToLower(end[:4] + " " + end[4:] + "\n"), true},
		{"misread", strings.NewReplacer("0", "o", "L", "1", "8", "b").Replace(end), true},
		{"empty", "", false},
		{"one missing", end[1:], false},
		{"one more", testRecovery[len(testRecovery)-RecoveryEnd-1:], false},
		{"one wrong", end[:7] + string(end[7]^1), false},
		{"the beginning", testRecovery[16:24], false},
		{"the whole key", testRecovery, false},
		{"the end of another key", testKey[len(testKey)-RecoveryEnd:], false},
		{"a novel", strings.Repeat(end, 1000), false},
	}
	for _, tt := range tests {
		if got := box.IsRecoveryEnd(tt.typed); got != tt.ok {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}
