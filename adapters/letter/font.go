package letter

import (
	"strings"

	"github.com/ledongthuc/pdf"
)

// font is how the bytes of a text become characters, and how wide they are.
type font struct {
	enc pdf.TextEncoding
	// wide is true where two bytes are one character.
	wide   bool
	widths map[int]float64 // in sizes of the font
	usual  float64         // for those that widths does not have
}

// maxWidths bounds what is kept of one font.
const maxWidths = 1 << 16

// fontOf returns a font of the drawing, nil for one that is not there.
func (c *canvas) fontOf(name string) *font {
	if f, ok := c.fonts[name]; ok {
		return f
	}
	v := c.resources.Key("Font").Key(name)
	if v.IsNull() {
		return nil
	}
	p := pdf.Font{V: v}
	f := &font{enc: p.Encoder(), widths: make(map[int]float64), usual: 0.5}
	if below := v.Key("DescendantFonts"); below.Len() > 0 {
		f.wide, f.usual = true, 1
		if dw := below.Index(0).Key("DW"); !dw.IsNull() {
			f.usual = dw.Float64() / 1000
		}
		f.readWide(below.Index(0).Key("W"))
	} else {
		for i, w := range p.Widths() {
			if i < maxWidths {
				f.widths[p.FirstChar()+i] = w / 1000
			}
		}
	}
	c.fonts[name] = f
	return f
}

// readWide reads the widths of a composite font: "first [w w w]" or "first last w".
func (f *font) readWide(w pdf.Value) {
	for i := 0; i+1 < w.Len(); {
		first, next := int(w.Index(i).Int64()), w.Index(i+1)
		if next.Kind() == pdf.Array {
			for k := range next.Len() {
				f.put(first+k, next.Index(k).Float64())
			}
			i += 2
			continue
		}
		last, width := int(next.Int64()), w.Index(i+2).Float64()
		for k := max(first, 0); k <= min(last, maxWidths); k++ {
			f.put(k, width)
		}
		i += 3
	}
}

func (f *font) put(code int, width float64) {
	if len(f.widths) < maxWidths {
		f.widths[code] = width / 1000
	}
}

// decode returns the characters of a text, without those that nobody sees.
func (f *font) decode(raw string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\ufffd' {
			return ' '
		}
		return r
	}, f.enc.Decode(raw))
}

// measure returns the width of a text in sizes of the font, of how many
// characters it is, and how many of them are blanks that the spacing of words
// widens.
func (f *font) measure(raw string) (width float64, count, blanks int) {
	step := 1
	if f.wide {
		step = 2
	}
	for i := 0; i+step <= len(raw); i += step {
		code := int(raw[i])
		if f.wide {
			code = code<<8 | int(raw[i+1])
		} else if code == ' ' {
			blanks++
		}
		w, ok := f.widths[code]
		if !ok {
			w = f.usual
		}
		width += w
		count++
	}
	return width, count, blanks
}
