package letter

import (
	"math"
	"strings"

	"github.com/ledongthuc/pdf"
)

// The bounds of one page: forms are drawings that may hold others.
const (
	maxForms = 200
	maxDepth = 4
)

// matrix is a transformation of the plane as PDF writes it: a b c d e f.
type matrix [6]float64

func identity() matrix { return matrix{1, 0, 0, 1, 0, 0} }

// times returns the transformation that does m first, then n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// moved returns m with its origin moved by x, y in its own plane.
func (m matrix) moved(x, y float64) matrix { return matrix{1, 0, 0, 1, x, y}.times(m) }

// writer puts together pieces of text that stand somewhere on a page. The
// library's own ways to do so join lines, or take each piece for a line.
type writer struct {
	b strings.Builder
	// shown is true when something was written, broken when something could not
	// be read.
	shown, broken bool
	// x and y are where the last piece ended.
	x, y float64
}

func (w *writer) full() bool { return w.b.Len() >= maxText }

// show writes a piece that begins at x, y in letters of this size. A number may
// be drawn in several pieces, so that a gap must be wider than kerning to be one.
func (w *writer) show(s string, x, y, size float64) {
	if s == "" || w.full() {
		return
	}
	switch up, gap := math.Abs(y-w.y), x-w.x; {
	case !w.shown:
	case up > size/3:
		w.b.WriteByte('\n')
	case gap > size/5, gap < -size:
		w.b.WriteByte(' ')
	}
	w.b.WriteString(s[:min(len(s), maxText)])
	w.shown = w.shown || strings.TrimSpace(s) != ""
}

// state is what a page's drawing has set so far.
type state struct {
	ctm        matrix
	font       *font
	size       float64
	charSpace  float64
	wordSpace  float64
	scale      float64
	lead       float64
	text, line matrix
}

// reader draws one page, of which only the text is kept.
type reader struct {
	w     *writer
	forms int
}

// readPage writes the text of a page.
func readPage(w *writer, p pdf.Page) {
	w.y = math.Inf(1)
	r := &reader{w: w}
	r.draw(p.V.Key("Contents"), p.Resources(), state{ctm: identity(), scale: 1, text: identity(), line: identity()}, 0)
}

// canvas is one drawing: a page, or a form on it.
type canvas struct {
	*reader
	resources pdf.Value
	fonts     map[string]*font
	depth     int
	now       state
	saved     []state
}

// draw goes through a drawing. What it cannot read ends it; what came before stays.
func (r *reader) draw(content, resources pdf.Value, s state, depth int) {
	if content.IsNull() {
		return
	}
	defer func() {
		if recover() != nil && !r.w.full() {
			r.w.broken = true
		}
	}()
	c := &canvas{reader: r, resources: resources, fonts: make(map[string]*font), depth: depth, now: s}
	pdf.Interpret(content, func(stack *pdf.Stack, op string) {
		if r.w.full() {
			panic("enough") // There is no other way out of the library.
		}
		args := make([]pdf.Value, stack.Len())
		for i := len(args) - 1; i >= 0; i-- {
			args[i] = stack.Pop()
		}
		c.do(op, args)
	})
}

// number returns the nth argument, 0 if there is none.
func number(args []pdf.Value, n int) float64 {
	if n >= len(args) {
		return 0
	}
	return args[n].Float64()
}

// matrixOf reads the six numbers of a transformation.
func matrixOf(args []pdf.Value) (m matrix) {
	for i := range m {
		m[i] = number(args, i)
	}
	return m
}

// do follows one operator.
func (c *canvas) do(op string, args []pdf.Value) {
	switch op {
	case "q":
		if len(c.saved) < 1000 {
			c.saved = append(c.saved, c.now)
		}
	case "Q":
		if n := len(c.saved) - 1; n >= 0 {
			c.now, c.saved = c.saved[n], c.saved[:n]
		}
	case "cm":
		c.now.ctm = matrixOf(args).times(c.now.ctm)
	case "Do":
		if len(args) == 1 {
			c.form(args[0].Name())
		}
	default:
		if !c.set(op, args) && !c.move(op, args) {
			c.show(op, args)
		}
	}
}

// set follows the operators that say how text is shown.
func (c *canvas) set(op string, args []pdf.Value) bool {
	switch op {
	case "Tf":
		if len(args) == 2 {
			c.now.font, c.now.size = c.fontOf(args[0].Name()), args[1].Float64()
		}
	case "Tc":
		c.now.charSpace = number(args, 0)
	case "Tw":
		c.now.wordSpace = number(args, 0)
	case "Tz":
		c.now.scale = number(args, 0) / 100
	case "TL":
		c.now.lead = number(args, 0)
	default:
		return false
	}
	return true
}

// move follows the operators that say where text is shown.
func (c *canvas) move(op string, args []pdf.Value) bool {
	s := &c.now
	switch op {
	case "BT":
		s.line = identity()
	case "Tm":
		s.line = matrixOf(args)
	case "TD":
		s.lead = -number(args, 1)
		s.line = s.line.moved(number(args, 0), number(args, 1))
	case "Td":
		s.line = s.line.moved(number(args, 0), number(args, 1))
	case "T*":
		s.line = s.line.moved(0, -s.lead)
	default:
		return false
	}
	s.text = s.line
	return true
}

// show follows the operators that show text.
func (c *canvas) show(op string, args []pdf.Value) {
	if len(args) == 0 {
		return
	}
	last := args[len(args)-1]
	switch op {
	case `"`:
		c.now.wordSpace, c.now.charSpace = number(args, 0), number(args, 1)
		fallthrough
	case "'":
		c.move("T*", nil)
		fallthrough
	case "Tj":
		c.piece(last.RawString())
	case "TJ":
		for i := range last.Len() {
			if v := last.Index(i); v.Kind() == pdf.String {
				c.piece(v.RawString())
			} else {
				c.now.text = c.now.text.moved(-v.Float64()/1000*c.now.size*c.now.scale, 0)
			}
		}
	}
}

// piece shows one text and moves on by its width.
func (c *canvas) piece(raw string) {
	s := &c.now
	if s.font == nil || raw == "" {
		return
	}
	at := s.text.times(s.ctm)
	c.w.show(s.font.decode(raw), at[4], at[5], math.Abs(s.size)*math.Hypot(at[2], at[3]))
	width, count, blanks := s.font.measure(raw)
	s.text = s.text.moved((width*s.size+float64(count)*s.charSpace+float64(blanks)*s.wordSpace)*s.scale, 0)
	at = s.text.times(s.ctm)
	c.w.x, c.w.y = at[4], at[5]
}

// form draws a form, where the name means one.
func (c *canvas) form(name string) {
	x := c.resources.Key("XObject").Key(name)
	if x.Key("Subtype").Name() != "Form" || c.depth >= maxDepth || c.forms >= maxForms {
		return
	}
	c.forms++
	s := c.now
	if m := x.Key("Matrix"); m.Len() == 6 {
		var own matrix
		for i := range own {
			own[i] = m.Index(i).Float64()
		}
		s.ctm = own.times(s.ctm)
	}
	resources := x.Key("Resources")
	if resources.IsNull() {
		resources = c.resources
	}
	c.draw(x, resources, s, c.depth+1)
}
