package totp

import (
	"encoding/base32"
	"net/url"
	"testing"
	"time"
)

// secretOfRFC is that of RFC 6238, appendix B, for SHA-1.
func secretOfRFC() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
}

func TestStep(t *testing.T) {
	t.Parallel()
	// The last six of the eight digits in RFC 6238, appendix B.
	tests := []struct {
		name string
		at   int64
		code string
		step uint64
		ok   bool
	}{
		{"RFC, 1970", 59, "287082", 1, true},
		{"RFC, 2005", 1111111109, "081804", 37037036, true},
		{"RFC, 2005, the next step", 1111111111, "050471", 37037037, true},
		{"RFC, 2009", 1234567890, "005924", 41152263, true},
		{"RFC, 2033", 2000000000, "279037", 66666666, true},
		{"one step late", 1234567890 + 30, "005924", 41152263, true},
		{"one step early", 1234567890 - 30, "005924", 41152263, true},
		{"two steps late", 1234567890 + 60, "005924", 0, false},
		{"two steps early", 1234567890 - 60, "005924", 0, false},
		{"another", 1234567890, "005925", 0, false},
		{"none", 1234567890, "", 0, false},
		{"eight digits", 1234567890, "89005924", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			step, ok := Codes{}.Step(secretOfRFC(), tt.code, time.Unix(tt.at, 0))
			if step != tt.step || ok != tt.ok {
				t.Errorf("got %d, %t; want %d, %t", step, ok, tt.step, tt.ok)
			}
		})
	}
	if _, ok := (Codes{}).Step("not base32!", "287082", time.Unix(59, 0)); ok {
		t.Error("a secret that cannot be read has a code")
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	secret, uri, err := Codes{Issuer: "cz-visa-monitor"}.Generate("Žofie & co.")
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil || len(raw) != secretSize {
		t.Errorf("a secret of %d bytes, %v", len(raw), err)
	}
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/cz-visa-monitor:Žofie & co." {
		t.Errorf("got %s", u.Redacted())
	}
	for key, want := range map[string]string{"secret": secret, "issuer": "cz-visa-monitor", "period": "30", "digits": "6", "algorithm": "SHA1"} {
		if got := u.Query().Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	another, _, err := Codes{}.Generate("somebody")
	if err == nil {
		t.Errorf("an authenticator that says of no issuer got the secret of %d characters", len(another))
	}
}
