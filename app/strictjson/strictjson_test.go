package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"cz-visa-monitor/app/strictjson"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       error
	}{
		{"an object", `{"a":{"a":[{"a":1},{"a":"null"}]},"b":false}`, nil},
		{"a text", `"null"`, nil},
		{"null", `{"a":null}`, strictjson.ErrNull},
		{"null in a list", `{"a":[1,null]}`, strictjson.ErrNull},
		{"deep enough", strings.Repeat("[", 4) + strings.Repeat("]", 4), nil},
		{"too deep", strings.Repeat("[", 5) + strings.Repeat("]", 5), strictjson.ErrDeep},
		{"no JSON", `{"a":}`, strictjson.ErrSyntax},
		{"cut short", `{"a":[1`, strictjson.ErrSyntax},
		{"closed twice", `{}}`, strictjson.ErrSyntax},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := strictjson.Check([]byte(tc.text), 4); !errors.Is(got, tc.want) || (got == nil) != (tc.want == nil) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
	for _, text := range []string{`{"a":1,"a":1}`, `{"a":1,"b":[{"x":1}],"A":1}`, `{"b":{"a":1,"\u0061":2}}`} {
		err := strictjson.Check([]byte(text), 4)
		if twice, ok := errors.AsType[*strictjson.TwiceError](err); !ok || twice.Name != "a" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzCheck: whatever passes is JSON, and says the same when it was read and
// written again.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{`{"a":[{"b":null}]}`, `{"a":1,"A":2}`, `[[[[[]]]]]`, `]`, `{"a"`, `1 2`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strictjson.Check(text, 4) != nil || !json.Valid(text) {
			return
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(v)
		if err != nil || strictjson.Check(again, 4) != nil && !strings.Contains(string(text), `\u`) {
			t.Errorf("%s became %s: %v", text, again, err)
		}
	})
}
