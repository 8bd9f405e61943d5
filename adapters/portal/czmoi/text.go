package czmoi

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"

	"cz-visa-monitor/app/watch"
)

// message is an alert's HTML taken apart. Everything in it is plain text.
type message struct {
	// blocks are the paragraphs, in order, none empty.
	blocks []string
	// spaced is the whole text with a blank at every tag, so that a number in
	// tags of its own never runs into the word beside it.
	spaced string
	// bolds are what stands in <b> or <strong>, with the paragraph each belongs to.
	bolds []bold
	// links are the targets of all links, in order.
	links []string
}

type bold struct {
	block int
	text  string
}

// readMessage takes HTML apart. Scripts, styles and frames are dropped with
// their content; nothing is ever run.
func readMessage(fragment string) message {
	r := messageReader{}
	z := html.NewTokenizer(strings.NewReader(fragment))
	for {
		switch z.Next() {
		case html.ErrorToken: // the end: the tokenizer takes any text
			r.endBlock()
			r.m.spaced = squeeze(r.spaced.String())
			return r.m
		case html.TextToken:
			r.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			r.open(z.Token())
		case html.EndTagToken:
			r.close(z.Token())
		}
	}
}

type messageReader struct {
	m             message
	block, spaced strings.Builder
	hidden        atom.Atom // inside an element whose content is not text
	bold          strings.Builder
	depth         int // of bold elements
	// edge: a <strong>, in which the number stands, begins or ends here; it must
	// not run into the word beside it.
	edge bool
}

func (r *messageReader) text(s string) {
	if r.hidden != 0 {
		return
	}
	if r.edge && s != "" {
		before, _ := utf8.DecodeLastRuneInString(r.block.String())
		after, _ := utf8.DecodeRuneInString(s)
		if !notWord(before) && !notWord(after) {
			r.block.WriteByte(' ')
		}
		r.edge = false
	}
	r.block.WriteString(s)
	r.spaced.WriteString(s)
	if r.depth > 0 {
		r.bold.WriteString(s)
	}
}

func (r *messageReader) open(t html.Token) {
	r.spaced.WriteByte(' ')
	if r.hidden != 0 {
		return
	}
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Iframe, atom.Noscript, atom.Template, atom.Title, atom.Textarea, atom.Noframes, atom.Noembed, atom.Xmp, atom.Plaintext:
		r.hidden = t.DataAtom // even if self-closing, which means nothing in HTML
	case atom.B, atom.Strong:
		r.edge = r.edge || t.DataAtom == atom.Strong
		r.depth++
	case atom.A:
		for _, a := range t.Attr {
			if a.Key == "href" {
				r.m.links = append(r.m.links, a.Val)
			}
		}
	default:
		if isBlock(t.DataAtom) {
			r.endBlock()
		}
	}
}

func (r *messageReader) close(t html.Token) {
	r.spaced.WriteByte(' ')
	switch {
	case r.hidden != 0:
		if t.DataAtom == r.hidden {
			r.hidden = 0
		}
	case t.DataAtom == atom.B, t.DataAtom == atom.Strong:
		r.edge = r.edge || t.DataAtom == atom.Strong
		if r.depth--; r.depth <= 0 {
			r.endBold()
		}
	case isBlock(t.DataAtom):
		r.endBlock()
	}
}

func (r *messageReader) endBold() {
	if text := squeeze(r.bold.String()); text != "" {
		r.m.bolds = append(r.m.bolds, bold{block: len(r.m.blocks), text: text})
	}
	r.bold.Reset()
	r.depth = 0
}

func (r *messageReader) endBlock() {
	r.endBold()
	if text := squeeze(r.block.String()); text != "" {
		r.m.blocks = append(r.m.blocks, text)
	}
	r.block.Reset()
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Br, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.Table, atom.Tr, atom.Td, atom.Th, atom.Hr,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Blockquote, atom.Pre:
		return true
	}
	return false
}

// plain returns the whole text, one paragraph a line, cut at watch.MaxText.
func (m message) plain() string {
	text := strings.Join(m.blocks, "\n")
	if len(text) <= watch.MaxText {
		return text
	}
	const ellipsis = "…"
	end := watch.MaxText - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimRightFunc(text[:end], unicode.IsSpace) + ellipsis
}

// squeeze makes one blank of every run of white space, hard and odd blanks
// among it, and drops what has no width and what is not valid.
func squeeze(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.Is(unicode.Cf, r), unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// fold makes texts comparable.
func fold(s string) string { return strings.ToLower(squeeze(s)) }
