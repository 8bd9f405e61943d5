package web

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode: whatever is sent gives a value or a problem to be shown; what is
// accepted means to encoding/json what it means to us.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"reference":"ZZZZ202501159001","label":"Anička","channels":["a"],"interval":"90m","paused":true}`,
		`{}`, ``, ` `, `null`, `[]`, `{"label":null}`, `{"label":"a","LABEL":"b"}`, `{"channels":[{}]}`, `{"paused":"yes"}`,
		`{"reference":1e999}`, `{"label":"\ud800"}`, "{\"label\":\"\xff\"}", `{"a":{"b":[{"c":1,"c":2}]}}`, `{} {}`, `{"":""}`, `{"reference":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in newApplicationInput
		err := decodeJSON(body, &in)
		if err != nil {
			p, ok := errors.AsType[*problem](err)
			if !ok || p.Status < 400 || p.Status > 499 || p.Detail == "" || p.Code == "" {
				t.Fatalf("%q gives %#v", body, err)
			}
			return
		}
		var plain newApplicationInput
		if err := json.Unmarshal(body, &plain); err != nil || !utf8.Valid(body) {
			t.Fatalf("%q is accepted, and encoding/json says %v", body, err)
		}
		if diff := cmp.Diff(plain, in, cmp.AllowUnexported(newApplicationInput{}, newWatcherInput{}, watcherInput{})); diff != "" {
			t.Fatalf("%q: %s", body, diff)
		}
	})
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, field, detail string }{
		{"unknown", `{"colour":"red"}`, "colour", "The field colour cannot be given here."},
		{"type", `{"label":true}`, "label", "The field label holds a bool; it must hold a text."},
		{"list", `{"channels":"a"}`, "channels", "The field channels holds a string; it must hold a list."},
		{"deep type", `{"channels":[1]}`, "channels", "The field channels holds a number; it must hold a text."},
		{"twice", `{"label":"a","label":"b"}`, "label", "The field label is given twice."},
		{"twice, deep", `{"channels":[{"a":1,"a":2}]}`, "a", "The field a is given twice."},
		{"null", `{"label":null}`, "", "null is no value here. Leave the field out, or give an empty text to clear it."},
		{"null in a list", `{"channels":[null]}`, "", "null is no value here. Leave the field out, or give an empty text to clear it."},
		{"not JSON", `label=a`, "", "The body is not one JSON object."},
		{"broken off", `{"label":`, "", "The body is not one JSON object."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var in watcherInput
			p, ok := errors.AsType[*problem](decodeJSON([]byte(tc.body), &in))
			if !ok || p.Field != tc.field || p.Detail != tc.detail {
				t.Errorf("got %+v, want %q: %q", p, tc.field, tc.detail)
			}
		})
	}
}
