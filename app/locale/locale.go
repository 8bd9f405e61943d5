// Package locale holds every text a person reads, one embedded catalogue per
// language, and writes dates, numbers and plurals the way the language does.
// Adding a language is adding a file to the folder catalogues.
package locale

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"cz-visa-monitor/app/strictjson"
)

// Fallback is the language whose catalogue is complete by definition. Its text
// stands in where another catalogue lacks one.
const Fallback = "en"

//go:embed catalogues/*.json
var catalogues embed.FS

// Catalogues are the texts of all languages. They never change once loaded and
// may be used from several goroutines.
type Catalogues struct {
	locales map[string]*Locale
	matcher language.Matcher
	// order lists the languages as the matcher numbers them, Fallback first.
	order []string
}

// Locale is one language: its texts, and how it writes numbers and times.
type Locale struct {
	tag  language.Tag
	name string
	// texts reads the catalogue when a text of it is first wanted: few households
	// speak all languages.
	texts    func() (map[string]text, error)
	read     func() (map[string]text, error)
	printer  *message.Printer
	zone     *time.Location
	fallback *Locale
}

// Load reads the embedded catalogue of Fallback and finds the others, which are read
// when they are first used. Times will be written in zone. An error names the
// catalogue and the key that is wrong.
func Load(zone *time.Location) (*Catalogues, error) {
	sub, err := fs.Sub(catalogues, "catalogues")
	if err != nil {
		return nil, fmt.Errorf("open the catalogues: %w", err)
	}
	return load(sub, zone)
}

func load(files fs.FS, zone *time.Location) (*Catalogues, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list the catalogues: %w", err)
	}
	c := &Catalogues{locales: make(map[string]*Locale)}
	for _, name := range names {
		l, err := open(files, name, zone)
		if err != nil {
			return nil, fmt.Errorf("open catalogue %s: %w", name, err)
		}
		c.locales[l.Language()] = l
		c.order = append(c.order, l.Language())
	}
	fallback := c.locales[Fallback]
	if fallback == nil {
		return nil, fmt.Errorf("catalogue %s.json is missing", Fallback)
	}
	if _, err := fallback.texts(); err != nil {
		return nil, err
	}
	// The names come sorted; the matcher takes the first tag for the default.
	slices.SortStableFunc(c.order, func(a, b string) int { return rank(a) - rank(b) })
	tags := make([]language.Tag, 0, len(c.order))
	for _, lang := range c.order {
		l := c.locales[lang]
		tags = append(tags, l.tag)
		if l != fallback {
			l.fallback = fallback
		}
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// maxNesting is how deep a catalogue is: a text, or the plural forms of one.
const maxNesting = 2

// rank puts the fallback language before every other one.
func rank(lang string) int {
	if lang == Fallback {
		return 0
	}
	return 1
}

// open finds out about a catalogue without reading it.
func open(files fs.FS, name string, zone *time.Location) (*Locale, error) {
	tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".json"))
	if err != nil {
		return nil, fmt.Errorf("the file name is no language: %w", err)
	}
	own, err := ownName(files, name)
	if err != nil {
		return nil, err
	}
	readIt := func() (map[string]text, error) {
		texts, err := read(files, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", name, err)
		}
		return texts, nil
	}
	return &Locale{tag: tag, name: own, texts: sync.OnceValues(readIt), read: readIt, printer: message.NewPrinter(tag), zone: zone}, nil
}

// nameKey is the key of the language's own name, the first of its catalogue: a list
// of the languages need not read them all.
const nameKey = "language.name"

// ownName returns the name with which a catalogue begins, "" if it does not.
func ownName(files fs.FS, name string) (own string, err error) {
	f, err := files.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	d := json.NewDecoder(f)
	for _, want := range []json.Token{json.Delim('{'), nameKey} {
		if got, err := d.Token(); err != nil || got != want {
			return "", nil //nolint:nilerr // What is wrong with the catalogue is said when it is read.
		}
	}
	if err := d.Decode(&own); err != nil {
		return "", fmt.Errorf("key %s: %w", nameKey, err)
	}
	return own, nil
}

func read(files fs.FS, name string) (map[string]text, error) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	// A key that stands twice would say one thing in the file and another to readers.
	if err := strictjson.Check(raw, maxNesting); err != nil {
		return nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, err
	}
	texts := make(map[string]text, len(entries))
	for key, entry := range entries {
		if texts[key], err = parseText(entry); err != nil {
			return nil, fmt.Errorf("key %s: %w", key, err)
		}
	}
	return texts, nil
}

// Languages returns the codes of all languages, Fallback first.
func (c *Catalogues) Languages() []string { return slices.Clone(c.order) }

// Keys returns the keys of all texts, sorted.
func (c *Catalogues) Keys() []string {
	texts, _ := c.locales[Fallback].texts() // Load has read them.
	return slices.Sorted(maps.Keys(texts))
}

// For returns the locale that fits lang best, which may be a bare language
// ("cs"), a longer tag ("cs-CZ") or a whole Accept-Language header. It falls
// back to English and never returns nil.
func (c *Catalogues) For(lang string) *Locale {
	wanted, _, err := language.ParseAcceptLanguage(lang)
	if err != nil || len(wanted) == 0 {
		return c.locales[Fallback]
	}
	_, at, confidence := c.matcher.Match(wanted...)
	if confidence == language.No {
		return c.locales[Fallback]
	}
	return c.locales[c.order[at]]
}

// Language returns the code of the language, for example "cs".
func (l *Locale) Language() string { return l.tag.String() }

// Name returns what the language calls itself, without reading its other texts.
func (l *Locale) Name() string { return l.name }
