package browser

import (
	"context"
	"encoding/base64"
	"fmt"
	"unicode"

	"github.com/go-rod/rod/lib/proto"
)

// Input below is what a person's keyboard and mouse would send: the page gets
// trusted events.

// Key is a key that writes nothing, by the name the web gives it.
type Key string

// The keys a form needs.
const (
	Backspace Key = "Backspace"
	Tab       Key = "Tab"
	ArrowDown Key = "ArrowDown"
)

// code is the old number of the key, without which Chromium does nothing.
func (k Key) code() int {
	switch k {
	case Backspace:
		return 8
	case Tab:
		return 9
	case ArrowDown:
		return 40
	}
	return 0
}

// Insert writes text into the focused field at once, as a paste or an input
// method does. A selection is replaced.
func (p *Page) Insert(ctx context.Context, text string) error {
	c, done := p.in(ctx)
	defer done()
	if err := (proto.InputInsertText{Text: text}).Call(c); err != nil {
		return fmt.Errorf("insert text: %w", err)
	}
	return nil
}

// Press presses and releases a key.
func (p *Page) Press(ctx context.Context, key Key) error {
	down := proto.InputDispatchKeyEvent{
		Type: proto.InputDispatchKeyEventTypeRawKeyDown, Key: string(key), Code: string(key), WindowsVirtualKeyCode: key.code(),
	}
	return p.stroke(ctx, down)
}

// Type presses and releases the key of one character.
func (p *Page) Type(ctx context.Context, char rune) error {
	down := proto.InputDispatchKeyEvent{
		Type: proto.InputDispatchKeyEventTypeKeyDown, Key: string(char), Text: string(char), UnmodifiedText: string(char),
	}
	if upper := unicode.ToUpper(char); upper >= 'A' && upper <= 'Z' {
		down.Code, down.WindowsVirtualKeyCode = "Key"+string(upper), int(upper)
	} else if char >= '0' && char <= '9' {
		down.Code, down.WindowsVirtualKeyCode = "Digit"+string(char), int(char)
	}
	return p.stroke(ctx, down)
}

func (p *Page) stroke(ctx context.Context, down proto.InputDispatchKeyEvent) error {
	c, done := p.in(ctx)
	defer done()
	if err := down.Call(c); err != nil {
		return fmt.Errorf("press key: %w", err)
	}
	up := down
	up.Type, up.Text, up.UnmodifiedText = proto.InputDispatchKeyEventTypeKeyUp, "", ""
	if err := up.Call(c); err != nil {
		return fmt.Errorf("release key: %w", err)
	}
	return nil
}

// Click presses and releases the main mouse button at a place of the window, in
// CSS pixels. The pointer is not moved there first, as it is not on a touch
// screen: a move waits for the next frame, and no form needs it.
func (p *Page) Click(ctx context.Context, x, y float64) error {
	c, done := p.in(ctx)
	defer done()
	left := proto.InputMouseButtonLeft
	for _, event := range []proto.InputDispatchMouseEvent{
		{Type: proto.InputDispatchMouseEventTypeMousePressed, X: x, Y: y, Button: left, ClickCount: 1},
		{Type: proto.InputDispatchMouseEventTypeMouseReleased, X: x, Y: y, Button: left, ClickCount: 1},
	} {
		if err := event.Call(c); err != nil {
			return fmt.Errorf("click: %w", err)
		}
	}
	return nil
}

func decodeBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("decode body: %w", err)
	}
	return b, nil
}
