package shout

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRedact: whatever a secret looks like and wherever it stands, no form of
// it is left.
func FuzzRedact(f *testing.F) {
	f.Add("p@ss#w:o/r%d?&+ =ünïcode", "before ", " after", "other")
	f.Add("•••", "a", "b", "•")
	f.Add("a", "aaa", "aaa", "")
	f.Add("the answer is not shown, because it holds a secret", "", "", "t")
	f.Add("ab", "a", "b", "ba")
	f.Add("a  b\tc", "", "", "a b")
	f.Add(`"quoted\`, "", "", "\n")
	f.Fuzz(func(t *testing.T, secret, before, after, other string) {
		text := before + secret + after + url.QueryEscape(secret) + other + url.PathEscape(secret) +
			base64.StdEncoding.EncodeToString([]byte(secret)) + " " + strconv.Quote(secret) + oneLine(secret)
		got := clean(text, []string{secret, other})
		for _, s := range []string{secret, other} {
			if s == "" {
				continue
			}
			for _, form := range forms(s) {
				if strings.Contains(got, form) {
					t.Errorf("%q still holds %q of %q", got, form, s)
				}
			}
		}
		if secret == "" && other == "" && got != text {
			t.Errorf("nothing is secret, but %q became %q", text, got)
		}
	})
}

// FuzzChannelURL: what goes into the library's URL comes out as it was, and
// nothing else changes.
func FuzzChannelURL(f *testing.F) {
	for _, s := range []string{"simple", "p@ss#w:o/r%d?&+ =ünïcode", "%41%2F%zz", " a  b ", "@", "[::1]", "\x00\xff", "日本語"} {
		f.Add("anna", s, "topic-1", "!room:example.com")
		f.Add(s, "password", "topic-1", "#"+s)
	}
	f.Fuzz(func(t *testing.T, user, password, topic, room string) {
		for _, u := range []*url.URL{
			ntfyURL(fields{"server": "http://[::1]:8080", "topic": topic, "user": user, "password": password}),
			matrixURL(fields{"server": "http://[::1]:8080", "room": room, "user": user, "password": password}),
		} {
			got, err := url.Parse(u.String())
			if err != nil {
				t.Fatalf("the URL cannot be read: %v", err)
			}
			if got.Host != "[::1]:8080" {
				t.Errorf("host became %q", got.Host)
			}
			if u.User == nil {
				continue // No user was given.
			}
			gotPassword, _ := got.User.Password()
			if got.User.Username() != user || gotPassword != password {
				t.Errorf("login became %q, %q", got.User.Username(), gotPassword)
			}
			if u.Scheme == "matrix" && got.Query().Get("rooms") != room {
				t.Errorf("room became %q", got.Query().Get("rooms"))
			}
			if u.Scheme == "ntfy" && got.Path != "/"+topic {
				t.Errorf("topic became %q", got.Path)
			}
		}
	})
}

func TestCutBytes(t *testing.T) {
	t.Parallel()
	for limit := 3; limit < 20; limit++ {
		got := cutBytes("aěščřžý日本語🎉", limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("cut to %d: %q", limit, got)
		}
	}
	if got := cutBytes("abc", 3); got != "abc" {
		t.Errorf("a fitting text became %q", got)
	}
}
