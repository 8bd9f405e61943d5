package czmoi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"cz-visa-monitor/app/visa"
)

//go:embed layout.json
var embeddedLayout []byte

// layoutVersion is the version of the layout's own format. A file of another
// version is refused, so that an old override is never half understood.
const layoutVersion = 1

// layout is everything that the Ministry may change without telling: where
// things are on the page and how it words what it says. See layout.md.
type layout struct {
	Version     int                 `json:"version"`
	Form        formLayout          `json:"form"`
	Dropdown    dropdownLayout      `json:"dropdown"`
	Cookies     cookiesLayout       `json:"cookies"`
	Notice      noticeLayout        `json:"notice"`
	Alert       alertLayout         `json:"alert"`
	Question    questionLayout      `json:"question"`
	Captcha     []string            `json:"captcha"`
	Maintenance []string            `json:"maintenance"`
	Statuses    []statusLayout      `json:"statuses"`
	Leads       map[string][]string `json:"leads"`
	Notices     map[string][]string `json:"notices"`
	Negations   map[string][]string `json:"negations"`
}

// formLayout holds CSS selectors of the form's fields; category and year are the
// hidden inputs of the dropdowns.
type formLayout struct {
	Number   string `json:"number"`
	Suffix   string `json:"suffix"`
	Category string `json:"category"`
	Year     string `json:"year"`
	ZOV      string `json:"zov"`
	Submit   string `json:"submit"`
}

// dropdownLayout holds CSS selectors inside one dropdown.
type dropdownLayout struct {
	Input   string `json:"input"`
	Option  string `json:"option"`
	Focused string `json:"focused"`
	Empty   string `json:"empty"` // what is shown where no option fits
}

// cookiesLayout holds the dialog's containers and the texts of its buttons.
type cookiesLayout struct {
	Container string   `json:"container"`
	Refuse    []string `json:"refuse"`
	Accept    []string `json:"accept"`
}

// noticeLayout is a news window over the form.
type noticeLayout struct {
	Container string `json:"container"`
	Close     string `json:"close"`
}

// alertLayout is where the answer is shown; its class is ClassPrefix and then
// success, warning or error.
type alertLayout struct {
	Content     string `json:"content"`
	Box         string `json:"box"`
	ClassPrefix string `json:"class_prefix"`
}

// questionLayout is the page's own request: its path, and the names of its
// query parameters.
type questionLayout struct {
	Path     string `json:"path"`
	Number   string `json:"number"`
	Category string `json:"category"`
	Year     string `json:"year"`
	ZOV      string `json:"zov"`
}

// statusLayout says by what a status is known. Classes, links and states only
// confirm: one that belongs to other statuses makes the answer unknown.
type statusLayout struct {
	Status  visa.Status        `json:"status"`
	Classes []string           `json:"classes"`
	Links   []string           `json:"links"`
	States  []string           `json:"states"`
	Words   map[string]wording `json:"words"` // by language
}

// wording lists how a language says a status: parts of the sentence (of a
// decision, all of it behind the number), and whole texts set in bold.
type wording struct {
	Sentence []string `json:"sentence"`
	Bold     []string `json:"bold"`
}

// loadLayout reads the file, or the embedded layout if name is empty or there is
// no such file. A file is taken whole or refused, with every problem named.
func loadLayout(name string) (layout, error) {
	data, from := embeddedLayout, "embedded layout"
	if name != "" {
		file, err := readLayoutFile(name)
		switch {
		case err == nil:
			data, from = file, name
		case !errors.Is(err, fs.ErrNotExist):
			return layout{}, fmt.Errorf("read portal layout: %w", err)
		}
	}
	l, err := parseLayout(data)
	if err != nil {
		return layout{}, fmt.Errorf("portal layout %s cannot be used (correct it, or remove it to use the built-in one): %w", from, err)
	}
	return l, nil
}

// maxLayoutFile bounds what is read of a file, in bytes.
const maxLayoutFile = 1 << 20

func readLayoutFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxLayoutFile+1))
	if err == nil && len(data) > maxLayoutFile {
		err = fmt.Errorf("%s has more than %d bytes", name, maxLayoutFile)
	}
	return data, err
}

func parseLayout(data []byte) (layout, error) {
	var l layout
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return layout{}, fmt.Errorf("it is not the JSON expected: %w", err)
	}
	if dec.More() {
		return layout{}, errors.New("something follows the JSON object")
	}
	if err := l.validate(); err != nil {
		return layout{}, err
	}
	return l, nil
}

// validate names every problem at once.
func (l layout) validate() error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if l.Version != layoutVersion {
		add("version is %d, this program reads version %d", l.Version, layoutVersion)
	}
	for name, value := range l.required() {
		if strings.TrimSpace(value) == "" {
			add("%s is empty", name)
		}
	}
	if !strings.HasPrefix(l.Question.Path, "/") {
		add("question.path must start with /")
	}
	texts := map[string][]string{"captcha": l.Captcha, "maintenance": l.Maintenance, "cookies.refuse": l.Cookies.Refuse, "cookies.accept": l.Cookies.Accept}
	for name, lists := range map[string]map[string][]string{"negations": l.Negations, "leads": l.Leads, "notices": l.Notices} {
		for language, list := range lists {
			texts[name+"."+language] = list
		}
	}
	for _, language := range l.languages() { // without them, that language's answers would not be checked
		texts["negations."+language], texts["leads."+language] = l.Negations[language], l.Leads[language]
	}
	for name, list := range texts {
		if len(list) == 0 || slices.ContainsFunc(list, isBlank) {
			add("%s needs at least one text, and no empty one", name)
		}
	}
	for i, s := range l.Statuses {
		problems = append(problems, s.validate(fmt.Sprintf("statuses[%d] (%s)", i, s.Status))...)
	}
	problems = append(problems, l.validateTogether()...)
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// languages are those in which any status has words.
func (l layout) languages() []string {
	all := map[string]bool{}
	for _, s := range l.Statuses {
		for language := range s.Words {
			all[language] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// required lists what must not be empty.
func (l layout) required() map[string]string {
	return map[string]string{
		"form.number": l.Form.Number, "form.suffix": l.Form.Suffix, "form.category": l.Form.Category,
		"form.year": l.Form.Year, "form.zov": l.Form.ZOV, "form.submit": l.Form.Submit,
		"dropdown.input": l.Dropdown.Input, "dropdown.option": l.Dropdown.Option,
		"dropdown.focused": l.Dropdown.Focused, "dropdown.empty": l.Dropdown.Empty,
		"cookies.container": l.Cookies.Container, "notice.container": l.Notice.Container, "notice.close": l.Notice.Close,
		"alert.content": l.Alert.Content, "alert.box": l.Alert.Box, "alert.class_prefix": l.Alert.ClassPrefix,
		"question.path": l.Question.Path, "question.number": l.Question.Number, "question.category": l.Question.Category,
		"question.year": l.Question.Year, "question.zov": l.Question.ZOV,
	}
}

func (s statusLayout) validate(where string) (problems []error) {
	add := func(problem string) { problems = append(problems, errors.New(where+": "+problem)) }
	if !s.Status.Valid() || s.Status == visa.Unknown {
		add("there is no such status to be read")
	}
	if len(s.Classes) == 0 {
		add("classes is empty, and nothing could contradict the words")
	}
	if len(s.Words) == 0 {
		add("words are missing")
	}
	for language, w := range s.Words {
		if len(w.Sentence) == 0 {
			add("words." + language + ".sentence is empty")
		}
		if slices.ContainsFunc(slices.Concat(w.Sentence, w.Bold), isBlank) {
			add("words." + language + " has an empty text")
		}
	}
	if slices.ContainsFunc(slices.Concat(s.Classes, s.Links, s.States), isBlank) {
		add("classes, links and states must not hold an empty text")
	}
	return problems
}

// validateTogether finds statuses that are missing, doubled, or said with the
// same words.
func (l layout) validateTogether() (problems []error) {
	seen := map[visa.Status]bool{}
	said := map[string]visa.Status{}
	for _, s := range l.Statuses {
		if seen[s.Status] {
			problems = append(problems, fmt.Errorf("status %s is there twice", s.Status))
		}
		seen[s.Status] = true
		for _, text := range s.texts() {
			if other, ok := said[text]; ok && other != s.Status {
				problems = append(problems, fmt.Errorf("%q stands for both %s and %s", text, other, s.Status))
			}
			said[text] = s.Status
		}
	}
	for _, status := range visa.Statuses() {
		if status != visa.Unknown && !seen[status] {
			problems = append(problems, fmt.Errorf("status %s is missing", status))
		}
	}
	return problems
}

// texts lists all words of the status, each with its language.
func (s statusLayout) texts() (all []string) {
	for language, w := range s.Words {
		for _, text := range slices.Concat(w.Sentence, w.Bold) {
			all = append(all, language+": "+fold(text))
		}
	}
	return all
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
