package web

import (
	"fmt"
	"image/color"
	"strings"

	qrcode "github.com/boombuler/barcode/qr"
)

// qr is a QR code as the path of a picture with sides of Size.
type qr struct {
	Size int
	Path string
}

// quiet is the width of the margin that a reader needs (ISO/IEC 18004).
const quiet = 4

// newQR draws text.
func newQR(text string) (qr, error) {
	code, err := qrcode.Encode(text, qrcode.M, qrcode.Auto)
	if err != nil {
		return qr{}, fmt.Errorf("draw a QR code: %w", err)
	}
	var path strings.Builder
	b := code.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			if code.At(x, y) == color.Black {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return qr{Size: b.Dx() + 2*quiet, Path: path.String()}, nil
}
