package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// maxItem is the size in bytes of the largest item of a list.
	maxItem = 8 << 20
	// maxDepth is how deep an item may be nested; ours are four deep.
	maxDepth = 8
)

// Reasons why an item cannot be read. None holds anything of it.
var (
	errLarge   = errors.New("is too large")
	errText    = errors.New("holds bytes that are no UTF-8")
	errDeep    = errors.New("is nested too deep")
	errNull    = errors.New("holds null, which is no value here; leave the field out")
	errTwice   = errors.New("has a field twice")
	errUnknown = errors.New("has a field that is not known here; was it written by a newer version, or changed by hand?")
	errType    = errors.New("has a field of another type than it must have")
	errObject  = errors.New("is no object")
)

// strict decodes an item into v. What v has no place for is refused, and so is
// what encoding/json would pass over in silence.
func strict(item []byte, v any) error {
	if !utf8.Valid(item) {
		return errText
	}
	if err := checkValues(item); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(item))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return fmt.Errorf("%w (%s)", errType, e.Field) // Names of ours only: others are refused before.
	}
	if strings.HasPrefix(err.Error(), "json: unknown field ") {
		return errUnknown
	}
	return errType // Also of a time or a date, whose errors quote the text.
}

// checkValues refuses null, a field that is there twice, and depth. item is valid
// JSON.
func checkValues(item []byte) error {
	if trimmed := bytes.TrimLeft(item, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errObject
	}
	d := json.NewDecoder(bytes.NewReader(item))
	var open nest
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errType
		}
		if err := open.take(t); err != nil {
			return err
		}
	}
}

// nest holds the objects and arrays that are open while checkValues reads.
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
		return errNull
	case json.Delim('{'):
		*n = append(*n, &frame{keys: make(map[string]bool), wantKey: true})
	case json.Delim('['):
		*n = append(*n, &frame{})
	}
	if len(*n) > maxDepth {
		return errDeep
	}
	return nil
}

// key takes the name of a field. Case makes no other name, as in encoding/json.
func (f *frame) key(t json.Token) error {
	name, _ := t.(string)
	name = strings.ToLower(name)
	if f.keys[name] {
		return errTwice
	}
	f.keys[name], f.wantKey = true, false
	return nil
}

// ration hands on no more than left bytes, until it is filled up again.
type ration struct {
	r    io.Reader
	left int
	// err is that of r, if it is not the end.
	err error
}

func (r *ration) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errLarge
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
