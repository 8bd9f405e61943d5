package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Errors of Import about the whole file.
var (
	// ErrFormat: it is no archive, or not a whole one.
	ErrFormat = errors.New("this is no archive of cz-visa-monitor, or not a whole one")
	// ErrNewer: a newer version has written it.
	ErrNewer = errors.New("the archive was written by a newer version of cz-visa-monitor; update the program first")
)

// reader reads the parts of an archive in their order.
type reader struct {
	src *ration
	d   *json.Decoder
}

func newReader(r io.Reader) *reader {
	src := &ration{r: r, left: maxItem}
	return &reader{src: src, d: json.NewDecoder(src)}
}

// lists are the names of the lists, in the order in which they stand.
func lists() []string { return []string{"owners", "channels", "applications", "people", "deliveries"} }

// limitOf is how many items a list may have.
func limitOf(list string) int {
	switch list {
	case "owners":
		return 2_000
	case "channels":
		return 500
	case "deliveries":
		return 10_000_000
	}
	return 200_000
}

// read calls take for every item of every list. It ends with the first error of
// take, or one that wraps ErrFormat.
func (r *reader) read(take func(list string, i int, item []byte) error) error {
	if err := r.head(); err != nil {
		return err
	}
	var done []string
	for r.more() {
		list, err := r.key()
		if err != nil {
			return err
		}
		at := slices.Index(lists(), list)
		if at < 0 || len(done) > 0 && at <= slices.Index(lists(), done[len(done)-1]) {
			return r.bad("has a part that is not known or stands in another place")
		}
		done = append(done, list)
		if err := r.list(list, take); err != nil {
			return err
		}
	}
	if err := r.delim('}'); err != nil {
		return err
	}
	if !slices.Equal(done, lists()) {
		return r.bad("has not all of its parts")
	}
	if _, err := r.d.Token(); !errors.Is(err, io.EOF) {
		return r.bad("goes on behind its end")
	}
	return nil
}

// head reads what stands before the lists.
func (r *reader) head() error {
	if err := r.delim('{'); err != nil {
		return err
	}
	var format string
	var version int
	var at time.Time
	for _, field := range []struct {
		name string
		v    any
		fine func() error
	}{
		{"format", &format, func() error {
			if format != Format {
				return r.bad("says that it is something else")
			}
			return nil
		}},
		{"version", &version, func() error {
			if version > Version {
				return fmt.Errorf("%w (version %d, this one reads %d)", ErrNewer, version, Version)
			}
			if version < 1 {
				return r.bad("has no version")
			}
			return nil
		}},
		{"exported_at", &at, func() error { return nil }},
	} {
		name, err := r.key()
		if err != nil {
			return err
		}
		if name != field.name || r.d.Decode(field.v) != nil {
			return r.bad("does not begin with " + field.name)
		}
		if err := field.fine(); err != nil {
			return err
		}
	}
	return nil
}

// list reads the items of one list.
func (r *reader) list(name string, take func(string, int, []byte) error) error {
	if err := r.delim('['); err != nil {
		return err
	}
	for i := 0; r.more(); i++ {
		if i >= limitOf(name) {
			return r.bad(fmt.Sprintf("has more than %d %s", limitOf(name), name))
		}
		var item json.RawMessage
		r.src.left = maxItem
		err := r.d.Decode(&item)
		if err == nil && len(item) > maxItem { // Some of it was read before.
			err = errLarge
		}
		if err != nil {
			return r.broken(fmt.Sprintf("%s[%d]", name, i), err)
		}
		if err := take(name, i, item); err != nil {
			return err
		}
	}
	return r.delim(']')
}

// more reports whether something follows in the list or object.
func (r *reader) more() bool {
	r.src.left = maxItem
	return r.d.More()
}

// key reads the name of a field.
func (r *reader) key() (string, error) {
	r.src.left = maxItem
	t, err := r.d.Token()
	name, ok := t.(string)
	if err != nil || !ok {
		return "", r.broken("the whole", err)
	}
	return name, nil
}

func (r *reader) delim(want json.Delim) error {
	r.src.left = maxItem
	t, err := r.d.Token()
	if err != nil || t != want {
		return r.broken("the whole", err)
	}
	return nil
}

// bad is the error about the file as a whole. why holds nothing of it.
func (r *reader) bad(why string) error {
	return fmt.Errorf("%w: it %s (byte %d)", ErrFormat, why, r.d.InputOffset())
}

// broken is the error about JSON that cannot be read, or that of what is read
// from. The text of err may quote the file.
func (r *reader) broken(what string, err error) error {
	switch {
	case r.src.err != nil:
		return fmt.Errorf("read the archive: %w", r.src.err)
	case errors.Is(err, errLarge):
		return r.bad("has something at " + what + " that is too large")
	}
	return r.bad("is cut short or no JSON at " + what)
}
