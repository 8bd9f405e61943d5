package shout_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/locale"
)

const (
	telegramURL     = "telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram"
	pushbulletToken = "0123456789012345678901234567890123"
	twilioSID       = "AC00000000000000000000000000000000"
)

// good returns fields that are right, by kind.
func good() map[string]map[string]string {
	return map[string]map[string]string{
		"ntfy":    {"topic": "visa"},
		"email":   {"host": "smtp.example.com", "from": "Watch <watch@example.com>", "to": "anna@example.com, Jan <jan@example.com>"},
		"gotify":  {"server": "https://gotify.example.com/sub/", "token": gotifyToken},
		"matrix":  {"server": "https://matrix.example.com", "token": "syt_abc", "room": "#visa:example.com"},
		"webhook": {"url": "https://hooks.example.com/a?b=c"},
		"url":     {"url": "telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@visa"},
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	const ok = ""
	tests := []struct {
		kind, field, value, want string
	}{
		{"ntfy", "server", "http://192.168.1.5:8080", ok},
		{"ntfy", "server", "https://[2001:db8::1]:443/", ok},
		{"ntfy", "server", "ntfy.example.com", "server"},
		{"ntfy", "server", "ftp://ntfy.example.com", "server"},
		{"ntfy", "server", "https://ntfy.example.com/sub", "server"},
		{"ntfy", "server", "https://u:p@ntfy.example.com", "server"},
		{"ntfy", "server", "https://ntfy.example.com?x=1", "server"},
		{"ntfy", "server", "https://", "server"},
		{"ntfy", "server", "https://host:port", "server"},
		{"ntfy", "topic", "", "topic"},
		{"ntfy", "topic", "a/b", "topic"},
		{"ntfy", "topic", strings.Repeat("x", 65), "topic"},
		{"ntfy", "user", "anna", "password"},
		{"ntfy", "user", "an:na", "user"},
		{"ntfy", "password", "x", "user"},
		{"ntfy", "token", "tk_abc\n", "token"},
		{"ntfy", "token", "tk abc", "token"},
		{"ntfy", "pigeon", "x", "fields"},
		{"email", "host", "127.0.0.1", ok},
		{"email", "host", "::1", ok},
		{"email", "host", "[::1]", ok},
		{"email", "host", "smtp://smtp.example.com", "host"},
		{"email", "host", "smtp.example.com:587", "host"},
		{"email", "host", "", "host"},
		{"email", "port", "465", ok},
		{"email", "port", "0", "port"},
		{"email", "port", "70000", "port"},
		{"email", "port", "smtp", "port"},
		{"email", "encryption", "tls", ok},
		{"email", "encryption", "ssl", "encryption"},
		{"email", "from", "nobody", "from"},
		{"email", "from", "", "from"},
		{"email", "from", `"a b"@example.com`, "from"},
		{"email", "to", "anna@example.com jan@example.com", "to"},
		{"email", "to", strings.Repeat("a@example.com,", 20) + "a@example.com", "to"},
		{"email", "to", `"a b"@example.com`, "to"},
		{"email", "to", "anna@example.com\r\nBcc: x@example.com", "to"},
		{"email", "password", "x", "user"},
		{"gotify", "server", "", "server"},
		{"gotify", "token", "CbCdEf0123456.-", "token"},
		{"gotify", "token", gotifyToken + "x", "token"},
		{"gotify", "token", "AbCdEf/123456.-", "token"},
		{"gotify", "token", "gtfya.short", "token"},
		{"matrix", "server", "https://matrix.example.com/_matrix", "server"},
		{"matrix", "token", "", "token"},
		{"matrix", "user", "watch", "token"},
		{"matrix", "room", "visa", "room"},
		{"matrix", "room", "!a:example.com,!b:example.com", "room"},
		{"matrix", "room", "", "room"},
		{"webhook", "url", "hooks.example.com", "url"},
		{"webhook", "url", "https://", "url"},
		{"webhook", "url", "", "url"},
		{"webhook", "headers", "X-Key: a\n\nX-Other: b", ok},
		{"webhook", "headers", "no colon", "headers"},
		{"webhook", "headers", "Bad Name: x", "headers"},
		{"webhook", "headers", "X: a\rb", "headers"},
		{"url", "url", "discord://token@123456789", ok},
		{"url", "url", "matrix://user:pass@example.com/?rooms=!a", ok},
		{"url", "url", "matrix://user:pass@example.com/?rooms=!a,!b", "url"},
		{"url", "url", "matrix://user:pass@example.com/?Room=%23a,%23b", "url"},
		{"url", "url", "matrix://user:pass@example.com/", "url"}, // All rooms it has joined.
		{"url", "url", telegramURL + "?chats=1,2", "url"},
		{"url", "url", telegramURL + "?channels=@a,@b", "url"},
		{"url", "url", telegramURL + "?CHATS=1%2C2", "url"},
		{"url", "url", telegramURL + "?chats=1", ok},
		{"url", "url", "ifttt://key/?events=one,two", "url"},
		{"url", "url", "ifttt://key/?events=one", ok},
		{"url", "url", "signal://host:8080/+420601000001/+420601000002", ok},
		{"url", "url", "signal://host:8080/+420601000001/group.abc/def==", ok},
		{"url", "url", "signal://host:8080/+420601000001/+420601000002/+420601000003", "url"},
		{"url", "url", "signal://host:8080/+420601000001/+420601000002/group.abc/def==", "url"},
		{"url", "url", "signal://host:8080/+420601000001/+420601000002?to=%2B420601000003,%2B420601000004", "url"},
		{"url", "url", "twilio://" + twilioSID + ":token@+15005550006/+420601000001", ok},
		{"url", "url", "twilio://" + twilioSID + ":token@+15005550006/+420601000001/+420601000002", "url"},
		{"url", "url", "pushbullet://" + pushbulletToken, ok},
		{"url", "url", "pushbullet://" + pushbulletToken + "/device", ok},
		{"url", "url", "pushbullet://" + pushbulletToken + "/device/anna@example.com", "url"},
		{"url", "url", "pushbullet://" + pushbulletToken + "/device#channel", "url"},
		// These hand the whole list over in one request.
		{"url", "url", "pushover://shoutrrr:token@user/?devices=one,two", ok},
		{"url", "url", "mqtt://broker.example.com:1883/topic", ok},
		{"url", "url", "generic+https://example.com/x", ok},
		{"url", "url", "logger://", "url"},
		{"url", "url", "LOGGER://", "url"},
		{"url", "url", "smtp://u:p@example.com/?from=a@example.com&to=b@example.com", "url"},
		{"url", "url", "exec://rm", "url"},
		{"url", "url", "file:///etc/passwd", "url"},
		{"url", "url", "telegram://", "url"},
		{"url", "url", "://", "url"},
		{"url", "url", "telegram://a b@telegram", "url"},
	}
	n := shout.New(shout.Config{})
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.field+" "+tt.value, func(t *testing.T) {
			t.Parallel()
			fields := maps.Clone(good()[tt.kind])
			fields[tt.field] = tt.value
			err := n.Validate(alert.Channel{Kind: tt.kind, Fields: fields})
			var field *alert.FieldError
			switch {
			case err == nil && tt.want == ok:
			case !errors.As(err, &field) || field.Field != tt.want:
				t.Errorf("error is %v, want one about %q", err, tt.want)
			case !strings.HasSuffix(field.Problem, "."):
				t.Errorf("problem %q is no sentence", field.Problem)
			}
		})
	}
}

func TestValidateUnknownKind(t *testing.T) {
	t.Parallel()
	var field *alert.FieldError
	if err := shout.New(shout.Config{}).Validate(alert.Channel{Kind: "pigeon"}); !errors.As(err, &field) || field.Field != "kind" {
		t.Errorf("error is %v", err)
	}
}

// TestKinds holds the table against the catalogues and against itself.
func TestKinds(t *testing.T) {
	t.Parallel()
	cats, err := locale.Load(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	l := cats.For("en")
	var names []string
	for _, k := range shout.Kinds() {
		names = append(names, k.Name)
		if !l.Has(k.LabelKey) {
			t.Errorf("%s: no text under %s", k.Name, k.LabelKey)
		}
		if err := shout.New(shout.Config{}).Validate(alert.Channel{Kind: k.Name, Fields: good()[k.Name]}); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		for _, f := range k.Fields {
			if !l.Has(f.LabelKey) || !l.Has(f.HelpKey) {
				t.Errorf("%s: no text under %s or %s", k.Name, f.LabelKey, f.HelpKey)
			}
			if f.Example == "" && f.Choices == nil && !f.Secret {
				t.Errorf("%s.%s has no example", k.Name, f.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"ntfy", "email", "gotify", "matrix", "webhook", "url"}, names); diff != "" {
		t.Error(diff)
	}
}
