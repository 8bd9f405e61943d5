package account

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		err            error
	}{
		{"plain", "alena", "alena", nil},
		{"spaces around", "  Alena Nováková ", "Alena Nováková", nil},
		{"composed", "Z\u030cofie", "Žofie", nil},
		{"the longest", strings.Repeat("ž", MaxName), strings.Repeat("ž", MaxName), nil},
		{"too long", strings.Repeat("ž", MaxName+1), "", ErrName},
		{"endless", strings.Repeat("x", 1<<20), "", ErrName},
		{"empty", " ", "", ErrName},
		{"a line break", "a\nb", "", ErrName},
		{"a zero byte", "a\x00b", "", ErrName},
		{"a direction mark", "a\u202eb", "", ErrName},
		{"a space without width", "a\u200bb", "", ErrName},
		{"no UTF-8", "a\xff", "", ErrName},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := CheckName(tt.in); got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	if NameKey("STRASSE") != NameKey("straße") || NameKey("Žofie") != NameKey("z\u030cofie") || NameKey("a") == NameKey("b") {
		t.Error("the key of a name goes by its writing")
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for tag, ok := range map[string]bool{"": true, "cs": true, "zh-Hant-TW": true, "cs_CZ": false, "-": false, "č": false, "abcdefghi": false, "cs\n": false} {
		if err := checkLanguage(tag); (err == nil) != ok {
			t.Errorf("%q: %v", tag, err)
		}
	}
}

func FuzzSecret(f *testing.F) {
	_, session := NewSession("u", time.Now())
	_, token := NewToken("u", "n", ScopeRead, 0, time.Now())
	for _, s := range []string{session, token, "", "czvs_", strings.ToUpper(session), session + "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, prefix := range []string{sessionPrefix, tokenPrefix, invitationPrefix} {
			if isSecret(s, prefix) && (len(s) != len(prefix)+52 || !strings.HasPrefix(s, prefix) || s != strings.ToLower(s)) {
				t.Errorf("%q is taken for a secret", s)
			}
		}
	})
}

func TestSecretsAreRecognised(t *testing.T) {
	t.Parallel()
	_, session := NewSession("u", time.Now())
	_, token := NewToken("u", "n", ScopeRead, 0, time.Now())
	_, invitation := newInvitation(Invitation{}, time.Hour, time.Now())
	if !isSecret(session, sessionPrefix) || !isSecret(token, tokenPrefix) || !isSecret(invitation, invitationPrefix) {
		t.Error("an own secret is not recognised")
	}
	if isSecret(session, tokenPrefix) || isSecret(token, sessionPrefix) {
		t.Error("a secret is taken for one of another kind")
	}
}

func FuzzSetupCode(f *testing.F) {
	c := newSetupCode()
	f.Add(c.text)
	f.Add(strings.ToLower(strings.ReplaceAll(c.text, "-", " ")))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if c.is(s) && plainCode(s) != plainCode(c.text) {
			t.Errorf("%q is taken for the code", s)
		}
	})
}

func TestSetupCode(t *testing.T) {
	t.Parallel()
	c := setupCode{text: "ABIO-2345-QRST"}
	for code, want := range map[string]bool{
		"ABIO-2345-QRST": true, "abio2345qrst": true, " abi0 2345 qrst ": true, "A810-2345-QRST": true, "A820-2345-QRST": false, "AB10-2345-QRST": true,
		"": false, "ABIO-2345-QRS": false, "ABIO-2345-QRSTX": false, strings.Repeat("A", 1000): false,
	} {
		if c.is(code) != want {
			t.Errorf("%q: %t", code, !want)
		}
	}
	if a, b := newSetupCode(), newSetupCode(); a == b || len(a.text) != 14 {
		t.Errorf("a code of %d characters, or twice the same", len(a.text))
	}
}

func TestLinked(t *testing.T) {
	t.Parallel()
	whole := Entry{
		Seq: 1, At: time.Date(2026, 3, 2, 9, 0, 0, 123, time.FixedZone("CET", 3600)), User: "u", Via: BySession, Key: "k",
		Address: "bad \xff utf-8", Action: SessionBegun, Kind: KindSession, Object: "o", Detail: "d",
	}
	e, err := whole.Linked("before")
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var read Entry
	if err := json.Unmarshal(line, &read); err != nil {
		t.Fatal(err)
	}
	if again, err := read.Linked("before"); err != nil || again.Hash != e.Hash {
		t.Errorf("read back it has another hash, %v", err)
	}
	for name, change := range map[string]func(*Entry){
		"seq": func(e *Entry) { e.Seq++ }, "at": func(e *Entry) { e.At = e.At.Add(1) }, "user": func(e *Entry) { e.User = "x" },
		"via": func(e *Entry) { e.Via = ByToken }, "key": func(e *Entry) { e.Key = "x" }, "address": func(e *Entry) { e.Address = "x" },
		"action": func(e *Entry) { e.Action = SessionEnded }, "kind": func(e *Entry) { e.Kind = "x" },
		"object": func(e *Entry) { e.Object = "x" }, "detail": func(e *Entry) { e.Detail = "" },
	} {
		changed := e
		change(&changed)
		if again, err := changed.Linked("before"); err != nil || again.Hash == e.Hash {
			t.Errorf("%s may be changed unnoticed, %v", name, err)
		}
	}
	if other, _ := e.Linked("another"); other.Hash == e.Hash {
		t.Error("the entry before may be changed unnoticed")
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	seen := map[Action]bool{}
	for _, a := range Actions() {
		if kind, done, ok := strings.Cut(string(a), "."); !ok || kind == "" || done == "" || seen[a] {
			t.Errorf("%q is no action, or stands twice", a)
		}
		seen[a] = true
	}
}

func TestSessionFrom(t *testing.T) {
	t.Parallel()
	s, _ := NewSession("u", time.Now())
	s = s.from(Origin{Address: home, Agent: "Browser\x00\x1b[31m" + strings.Repeat("ž", 1000)})
	if len(s.Agent) > maxAgent || !strings.HasPrefix(s.Agent, "Browser[31mž") || strings.ToValidUTF8(s.Agent, "?") != s.Agent {
		t.Errorf("kept %d bytes: %q", len(s.Agent), s.Agent)
	}
}

func TestWaitErrorRoundsUp(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int{time.Millisecond: 1, time.Second: 1, 1001 * time.Millisecond: 2} {
		if got := (&WaitError{Wait: wait}).Seconds(); got != want {
			t.Errorf("%s: %d", wait, got)
		}
	}
}
