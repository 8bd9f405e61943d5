package letter

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

// The objects of the smallest PDF; what they hold is a dictionary and, for a
// stream, its bytes.
type objects map[int][]string

// build writes a PDF.
func build(objs objects) []byte { return buildWith(objs, "") }

// buildWith writes a PDF with more in its trailer.
func buildWith(objs objects, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	last := 0
	for n := range objs {
		last = max(last, n)
	}
	at := make([]int, last+1)
	for n := 1; n <= last; n++ {
		o, ok := objs[n]
		if !ok {
			continue
		}
		at[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\n", n, o[0])
		if len(o) > 1 {
			fmt.Fprintf(&b, "stream\n%s\nendstream\n", o[1])
		}
		b.WriteString("endobj\n")
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", last+1)
	for n := 1; n <= last; n++ {
		fmt.Fprintf(&b, "%010d 00000 n \n", at[n])
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", last+1, trailer, start)
	return b.Bytes()
}

const letterFont = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"

// onePage is a document of one page whose content is this stream.
func onePage(content []string) objects {
	return objects{
		1: {"<< /Type /Catalog /Pages 2 0 R >>"},
		2: {"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		3: {"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"},
		4: content,
		5: {letterFont},
	}
}

func stream(more, s string) []string {
	return []string{"<< " + more + " /Length " + itoa(len(s)) + " >>", s}
}

// text is a text object with these operators.
func text(operators string) string { return "BT /F1 12 Tf 50 700 Td " + operators + " ET" }

// simple is a PDF of one page that shows what the operators do.
func simple(operators string) []byte { return build(onePage(stream("", text(operators)))) }

// pages is a document of n pages that all show the same.
func pages(n int, operators string) objects {
	objs := onePage(stream("", text(operators)))
	kids := ""
	for i := range n {
		kids += itoa(10+i) + " 0 R "
		objs[10+i] = objs[3]
	}
	objs[2] = []string{"<< /Type /Pages /Kids [" + kids + "] /Count " + itoa(n) + " >>"}
	return objs
}

const withX = "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >> >>"

// withForm shows the text in a form, as stamps and signatures do.
func withForm(operators string) []byte {
	objs := onePage(stream("", "q 1 0 0 1 10 10 cm /X Do Q"))
	objs[3] = []string{withX}
	objs[6] = stream("/Type /XObject /Subtype /Form /BBox [0 0 500 800] /Matrix [1 0 0 1 0 0] /Resources << /Font << /F1 5 0 R >> >>", text(operators))
	return build(objs)
}

// drawsItself holds a form that shows nothing but itself, twice.
func drawsItself() []byte {
	objs := onePage(stream("", "/X Do"))
	objs[3] = []string{withX}
	objs[6] = stream("/Type /XObject /Subtype /Form /Resources << /XObject << /X 6 0 R >> >>", "/X Do /X Do")
	return build(objs)
}

// scan is a page with a picture on it.
func scan() []byte {
	objs := onePage(stream("", "q 500 0 0 700 0 0 cm /X Do Q"))
	objs[3] = []string{withX}
	objs[6] = stream("/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceGray", "abcd")
	return build(objs)
}

// locked is a PDF that says it opens with a password, and for which the empty
// one is wrong.
func locked(operators string) []byte {
	h := "<" + string(bytes.Repeat([]byte("5a"), 32)) + ">"
	return buildWith(onePage(stream("", text(operators))),
		"/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>] /Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O "+h+" /U "+h+" >>")
}

// ownParent has pages that hold themselves.
func ownParent() objects {
	objs := onePage(stream("", ""))
	objs[2] = []string{"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}
	return objs
}

// deflated is a compressed stream.
func deflated(parts ...[]byte) []string {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		panic(err)
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return []string{"<< /Filter /FlateDecode /Length " + itoa(b.Len()) + " >>", b.String()}
}

// bomb is a page of text without end, in little.
func bomb() []byte {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		panic(err)
	}
	line := bytes.Repeat([]byte("BT /F1 12 Tf (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj ET\n"), 1<<10)
	for n := 0; n < 256<<20; n += len(line) {
		if _, err := w.Write(line); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return build(onePage([]string{"<< /Filter /FlateDecode /Length " + itoa(b.Len()) + " >>", b.String()}))
}
