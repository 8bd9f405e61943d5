package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// parseDotenv reads lines of KEY=VALUE. Blank lines and lines that begin with #
// are skipped, "export " before a key is allowed, as are a byte order mark and
// CRLF. A value may stand in single quotes (nothing in it is special) or double
// quotes (\n, \", \\ are); otherwise it ends at the end of the line or at a #
// with a blank before it, and nothing else in it is special: passwords with $,
// @, : or # stay what they are. The last of two equal keys wins.
//
// Errors name the line and never hold a value, which may be secret.
func parseDotenv(r io.Reader) (map[string]string, error) {
	values := make(map[string]string)
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, maxSecret)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(scan.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, rest, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		key = strings.TrimSpace(key)
		if !ok || !keyPattern.MatchString(key) {
			return nil, fmt.Errorf("line %d is not KEY=VALUE; mend or remove it", n)
		}
		value, err := dotenvValue(rest)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", n, key, err)
		}
		values[key] = value
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("a line is longer than %d bytes", maxSecret)
	}
	return values, scan.Err()
}

// blankHash begins a comment; a # without a blank before it is part of the value.
var blankHash = regexp.MustCompile(`[ \t]#`)

var keyPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// dotenvValue reads what stands behind the equals sign.
func dotenvValue(raw string) (string, error) {
	s := strings.TrimSpace(raw)
	switch {
	case strings.HasPrefix(s, "'"):
		value, rest, ok := strings.Cut(s[1:], "'")
		if !ok {
			return "", errors.New("the single quote is not closed on this line")
		}
		return value, behind(rest)
	case strings.HasPrefix(s, `"`):
		return doubleQuoted(s[1:])
	}
	if comment := blankHash.FindStringIndex(raw); comment != nil {
		raw = raw[:comment[0]]
	}
	return strings.TrimSpace(raw), nil
}

func doubleQuoted(s string) (string, error) {
	var value strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return value.String(), behind(s[i+1:])
		case s[i] == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				value.WriteByte('\n')
			case '"', '\\':
				value.WriteByte(s[i])
			default:
				value.WriteByte('\\')
				value.WriteByte(s[i])
			}
		default:
			value.WriteByte(s[i])
		}
	}
	return "", errors.New("the double quote is not closed on this line")
}

// behind accepts nothing but a comment after a quoted value.
func behind(s string) error {
	if s = strings.TrimSpace(s); s != "" && !strings.HasPrefix(s, "#") {
		return errors.New("there is text behind the closing quote")
	}
	return nil
}
