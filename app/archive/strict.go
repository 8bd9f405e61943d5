package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"cz-visa-monitor/app/strictjson"
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
	if trimmed := bytes.TrimLeft(item, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errObject
	}
	if err := strictjson.Check(item, maxDepth); err != nil {
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
