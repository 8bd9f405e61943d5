package locale

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
)

// text is one entry of a catalogue: either one pattern, or one for each plural
// form of the language. Most have one, and there are thousands: a map for each
// would cost more than the words.
type text struct {
	// other is the only pattern, or that of plural.Other.
	other string
	// forms are the patterns of the other plural forms, nil for none.
	forms map[plural.Form]string
}

// of returns the pattern of a plural form.
func (t text) of(form plural.Form) (pattern string, ok bool) {
	if form == plural.Other {
		return t.other, true
	}
	pattern, ok = t.forms[form]
	return pattern, ok
}

// countArg is the placeholder that chooses the plural form.
const countArg = "count"

// forms are the names catalogues use for the plural forms, those of CLDR.
func forms() map[string]plural.Form {
	return map[string]plural.Form{
		"zero": plural.Zero, "one": plural.One, "two": plural.Two,
		"few": plural.Few, "many": plural.Many, "other": plural.Other,
	}
}

func parseText(raw json.RawMessage) (text, error) {
	var single string
	if json.Unmarshal(raw, &single) == nil {
		return text{other: single}, checkPattern(single)
	}
	var several map[string]string
	if err := json.Unmarshal(raw, &several); err != nil {
		return text{}, errors.New("is neither a text nor a set of plural forms")
	}
	t, names := text{forms: make(map[plural.Form]string, len(several))}, forms()
	for name, pattern := range several {
		form, ok := names[name]
		if !ok {
			return text{}, fmt.Errorf("there is no plural form %q", name)
		}
		if err := checkPattern(pattern); err != nil {
			return text{}, fmt.Errorf("form %s: %w", name, err)
		}
		t.forms[form] = pattern
	}
	var ok bool
	if t.other, ok = t.forms[plural.Other]; !ok {
		return text{}, errors.New(`the plural form "other" is missing`)
	}
	delete(t.forms, plural.Other)
	return t, nil
}

// checkPattern refuses braces that do not enclose a placeholder, since they
// would otherwise reach a reader.
func checkPattern(pattern string) error {
	if pattern == "" {
		return errors.New("is empty")
	}
	return eachPiece(pattern, func(string) {}, func(name string) error {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return fmt.Errorf("{%s} is no placeholder", name)
		}
		return nil
	})
}

// eachPiece splits pattern into literal pieces and the names of placeholders.
func eachPiece(pattern string, literal func(string), placeholder func(string) error) error {
	for pattern != "" {
		before, rest, found := strings.Cut(pattern, "{")
		if strings.Contains(before, "}") {
			return errors.New("} without {")
		}
		literal(before)
		if !found {
			return nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return errors.New("{ without }")
		}
		if err := placeholder(name); err != nil {
			return err
		}
		pattern = after
	}
	return nil
}

// Has reports whether there is a text under key, in this language or the
// fallback one.
func (l *Locale) Has(key string) bool {
	_, ok := l.find(key)
	return ok
}

func (l *Locale) find(key string) (text, bool) {
	texts, _ := l.texts() // A test reads every catalogue there is; English stands in for what cannot be read.
	t, ok := texts[key]
	if !ok && l.fallback != nil {
		return l.fallback.find(key)
	}
	return t, ok
}

// Text returns the text under key with its placeholders filled. args are pairs
// of a name and a value, like those of log/slog: a string as it is, a number, a
// time.Time or a time.Duration as the language writes them. An argument named
// "count" chooses the plural form. A key without a text is returned as it is,
// a placeholder without a value stays, so that neither goes unnoticed.
func (l *Locale) Text(key string, args ...any) string {
	t, ok := l.find(key)
	if !ok {
		return key
	}
	values := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			values[name] = args[i+1]
		}
	}
	var b strings.Builder
	write := func(s string) { b.WriteString(s) }
	// The pattern was checked when the catalogue was read: there is no error.
	_ = eachPiece(l.pattern(t, values), write, func(name string) error {
		if v, ok := values[name]; ok {
			write(l.value(v))
		} else {
			write("{" + name + "}")
		}
		return nil
	})
	return b.String()
}

// Glance returns texts without placeholders by their keys, and keeps nothing else of
// the catalogue in memory: for what says a little in every language. It reads the
// catalogue each time.
func (l *Locale) Glance(keys ...string) map[string]string {
	all, _ := l.read() // As in find.
	some := make(map[string]string, len(keys))
	for _, key := range keys {
		if t, ok := all[key]; ok {
			some[key] = t.other
		} else if l.fallback != nil {
			some[key] = l.fallback.Text(key)
		}
	}
	return some
}

// pattern returns the pattern of t for the count among values.
func (l *Locale) pattern(t text, values map[string]any) string {
	if n, ok := values[countArg].(int); ok {
		if p, ok := t.of(l.form(n)); ok {
			return p
		}
	}
	return t.other
}

// form returns the plural form that the language uses with n.
func (l *Locale) form(n int) plural.Form {
	return plural.Cardinal.MatchPlural(l.tag, max(n, -n), 0, 0, 0, 0)
}

func (l *Locale) value(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return l.Number(v)
	case time.Time:
		return l.Time(v)
	case time.Duration:
		return l.Duration(v)
	}
	return fmt.Sprint(v)
}
