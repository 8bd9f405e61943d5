package strictjson_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
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
}

func TestTwice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"the same", `{"a":1,"a":1}`, "a"},
		{"in another case", `{"a":1,"b":[{"x":1}],"A":1}`, "a"},
		{"escaped", `{"b":{"a":1,"\u0061":2}}`, "a"},
		// encoding/json reads both as the field status, and as kind.
		{"with a long s", `{"status":"a","\u017ftatu\u017f":"b"}`, "status"},
		{"with the sign of kelvin", `{"\u212aind":"a","kind":"b"}`, "kind"},
		{"three of one orbit", `{"\u03c3":1,"\u03c2":2}`, "\u03c3"},
		{"other letters", `{"\u0131d":1,"id":2,"s\u0323":3,"s":4}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := strictjson.Check([]byte(tc.text), 4)
			if tc.want == "" {
				if err != nil {
					t.Errorf("%s: %v", tc.text, err)
				}
				return
			}
			if twice, ok := errors.AsType[*strictjson.TwiceError](err); !ok || twice.Name != tc.want {
				t.Errorf("%s: %#v", tc.text, err)
			}
		})
	}
}

// FuzzCheck: whatever passes is JSON, names every field once, and says the same
// when it was read and written again.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{
		`{"a":[{"b":null}]}`, `{"a":1,"A":2}`, `[[[[[]]]]]`, `]`, `{"a"`, `1 2`,
		`{"status":"a","\u017ftatu\u017f":"b"}`, `{"\u212aind":"a","kind":"b"}`, `{"status":"a","ſtatuſ":"b"}`,
	} {
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
		once(t, v)
	})
}

// once fails where an object has two names that are one to encoding/json.
func once(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			once(t, inner)
		}
	case map[string]any:
		names := slices.Collect(maps.Keys(v))
		for i, name := range names {
			once(t, v[name])
			if slices.ContainsFunc(names[i+1:], func(other string) bool { return strings.EqualFold(name, other) }) {
				t.Errorf("%q is there twice", name)
			}
		}
	}
}
