package alert

import (
	_ "embed"
	"html/template"
	"strings"
)

// letter is a message before it is set as text or HTML. Every part but Title
// and Lead may be missing.
type letter struct {
	Language string
	Title    string
	Lead     string
	// Items are the lines of a list, as in a digest.
	Items   []string
	Meaning string
	// NextTitle stands above Next, what to do next.
	NextTitle string
	Next      string
	// WordingTitle stands above Wording, the portal's own text.
	WordingTitle string
	Wording      string
	// Facts are the lines of the foot.
	Facts []fact
	// Remark is the small print.
	Remark string
}

// fact is one line of the letter's foot.
type fact struct{ Label, Value string }

// IsLink reports whether the value is to be set as a link.
func (f fact) IsLink() bool {
	return strings.HasPrefix(f.Value, "https://") || strings.HasPrefix(f.Value, "http://")
}

// text sets the letter as plain text.
func (l letter) text() string {
	parts := []string{l.Lead}
	if len(l.Items) > 0 {
		parts = append(parts, "- "+strings.Join(l.Items, "\n- "))
	}
	if l.Meaning != "" {
		parts = append(parts, l.Meaning)
	}
	if l.Next != "" {
		parts = append(parts, l.NextTitle+":\n"+l.Next)
	}
	if l.Wording != "" {
		quoted := "> " + strings.Join(lines(l.Wording), "\n> ")
		parts = append(parts, l.WordingTitle+":\n"+quoted)
	}
	if len(l.Facts) > 0 {
		var foot []string
		for _, f := range l.Facts {
			foot = append(foot, f.Label+": "+f.Value)
		}
		parts = append(parts, strings.Join(foot, "\n"))
	}
	if l.Remark != "" {
		parts = append(parts, l.Remark)
	}
	return strings.Join(parts, "\n\n")
}

// Lines returns the portal's wording line by line.
func (l letter) Lines() []string { return lines(l.Wording) }

// lines splits s, without empty lines and blanks around each.
func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

//go:embed letter.html
var letterHTML string

// html sets the letter as a small document. The template is parsed for each
// letter: messages are rare, and nothing global is needed that way.
func (l letter) html() string {
	var b strings.Builder
	t := template.Must(template.New("letter").Parse(letterHTML))
	if err := t.Execute(&b, l); err != nil {
		// The template and its data are fixed: only a programming error gets here.
		panic(err)
	}
	return b.String()
}
