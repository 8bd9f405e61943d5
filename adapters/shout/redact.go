package shout

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	// hidden stands in place of a secret.
	hidden = "•••"
	// withheld stands in place of a text that cannot be cleaned.
	withheld = "the answer is not shown, because it holds a secret"
)

// maxError bounds an error, in characters.
const maxError = 400

// redact returns err with its text cleaned of secrets. The text is cut only
// then: half a secret would not be recognised.
func redact(err error, secrets []string) error {
	text := clean(err.Error(), secrets)
	if runes := []rune(text); len(runes) > maxError {
		text = string(runes[:maxError-1]) + "…"
	}
	var cleaned sendError
	if e := (*sendError)(nil); errors.As(err, &e) {
		cleaned = *e
	}
	cleaned.text = text
	return &cleaned
}

// clean replaces each secret in text, in every form it may have taken on its
// way through URLs, headers, JSON and quotes.
func clean(text string, secrets []string) string {
	var all []string
	for _, s := range secrets {
		if s != "" {
			all = append(all, forms(s)...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	// The longest first, so that no part of a longer one stays behind.
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	for _, s := range all {
		text = strings.ReplaceAll(text, s, hidden)
	}
	for _, safe := range []string{text, withheld} {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(safe, s) }) {
			return safe
		}
	}
	return ""
}

// forms returns the spellings of a secret.
func forms(s string) []string {
	all := []string{s, shown(s), oneLine(s)}
	all = append(all, url.QueryEscape(s), url.PathEscape(s))
	if userinfo, ok := strings.CutPrefix(url.UserPassword("", s).String(), ":"); ok {
		all = append(all, userinfo)
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		all = append(all, enc.EncodeToString([]byte(s)))
	}
	if quoted, err := json.Marshal(s); err == nil {
		all = append(all, string(quoted[1:len(quoted)-1]))
	}
	quoted := strconv.Quote(s)
	all = append(all, quoted[1:len(quoted)-1])
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}
