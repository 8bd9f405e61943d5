// Package strictjson refuses what encoding/json passes over in silence.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
)

// Reasons for which Check refuses a text.
var (
	// ErrSyntax: it is no JSON.
	ErrSyntax = errors.New("is no JSON")
	// ErrNull: null, which encoding/json takes for a value left out.
	ErrNull = errors.New("holds null, which is no value here; leave the field out")
	// ErrDeep: it is nested too deep.
	ErrDeep = errors.New("is nested too deep")
)

// TwiceError is about a field that is there twice, of which encoding/json takes
// the last one. Its text holds nothing of what was read.
type TwiceError struct {
	// Name is the field's, in lower case: it may be anything.
	Name string
}

func (*TwiceError) Error() string { return "has a field twice" }

// Check reads text to its end. It returns ErrSyntax, ErrNull, a *TwiceError, or
// ErrDeep if more than depth objects and arrays stand in one another.
func Check(text []byte, depth int) error {
	d := json.NewDecoder(bytes.NewReader(text))
	var open nest
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if err != nil {
			return ErrSyntax
		}
		if err := open.take(t); err != nil {
			return err
		}
		if len(open) > depth {
			return ErrDeep
		}
	}
}

// nest holds the objects and arrays that are open.
type nest []*frame

type frame struct {
	keys    map[string]bool // of an object; nil in an array
	wantKey bool
}

// take follows t into or out of an object or array.
func (n *nest) take(t json.Token) error {
	if t == json.Delim('}') || t == json.Delim(']') {
		*n = (*n)[:len(*n)-1]
		return nil
	}
	if len(*n) > 0 {
		top := (*n)[len(*n)-1]
		if top.wantKey {
			return top.key(t)
		}
		top.wantKey = top.keys != nil
	}
	switch t {
	case nil:
		return ErrNull
	case json.Delim('{'):
		*n = append(*n, &frame{keys: make(map[string]bool), wantKey: true})
	case json.Delim('['):
		*n = append(*n, &frame{})
	}
	return nil
}

// key takes the name of a field.
func (f *frame) key(t json.Token) error {
	name, _ := t.(string)
	name = strings.Map(fold, name)
	if f.keys[name] {
		return &TwiceError{Name: strings.ToLower(name)}
	}
	f.keys[name], f.wantKey = true, false
	return nil
}

// fold returns the least of the letters that are one to encoding/json, which
// compares names by unicode.SimpleFold: s, S and the long s are.
func fold(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}
