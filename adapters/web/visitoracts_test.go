package web

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
	"github.com/ysmood/gson"
)

// errMoved says that an element went away, or went elsewhere, under the finger.
var errMoved = errors.New("it is gone, or has moved")

// again does something with the page until it works: what draws itself anew may
// take away an element while it is being used.
func (v *visitor) again(what string, do func() error) {
	v.t.Helper()
	var err error
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	for end := time.Now().Add(browserPatience); time.Now().Before(end); <-wait.C {
		if err = do(); err == nil {
			return
		}
		if left := (*cdp.Error)(nil); !errors.As(err, &left) && !errors.Is(err, errMoved) {
			break
		}
	}
	v.t.Fatalf("%s: %v\nthe page shows:\n%s", what, err, v.text())
}

// seek returns the one node that a person or a screen reader finds by its role and name.
func (v *visitor) seek(role, name string) (proto.DOMBackendNodeID, error) {
	doc, err := proto.DOMGetDocument{}.Call(v)
	if err != nil {
		return 0, err
	}
	list, err := proto.AccessibilityQueryAXTree{BackendNodeID: doc.Root.BackendNodeID, AccessibleName: name, Role: role}.Call(v)
	if err != nil {
		return 0, err
	}
	if len(list.Nodes) != 1 {
		return 0, fmt.Errorf("%w: %d elements have the role %s and the name %q, want 1", errMoved, len(list.Nodes), role, name)
	}
	return list.Nodes[0].BackendDOMNodeID, nil
}

// find waits for the element that a person or a screen reader finds by its role
// and name, and returns it.
func (v *visitor) find(role, name string) (el *rod.Element) {
	v.t.Helper()
	v.again("find "+name, func() error {
		node, err := v.seek(role, name)
		if err != nil {
			return err
		}
		obj, err := proto.DOMResolveNode{BackendNodeID: node}.Call(v)
		if err != nil {
			return err
		}
		el, err = v.ElementFromObject(obj.Object)
		return err
	})
	return el
}

// click clicks on what has a role and a name, and clickText on the innermost
// elements that show just this text, of which there must be one. Both work where
// scripts are turned off, and wait while the page draws itself anew.
func (v *visitor) click(role, name string) {
	v.t.Helper()
	v.again("click on "+name, func() error {
		node, err := v.seek(role, name)
		if err != nil {
			return err
		}
		return v.touch(node)
	})
}

func (v *visitor) clickText(text string) {
	v.t.Helper()
	v.again("click on "+text, func() error {
		obj, err := v.Evaluate(rod.Eval(`text => {
			const shown = (el) => el.checkVisibility() && el.innerText?.trim() === text;
			const found = [...document.body.querySelectorAll('*')].filter((el) => shown(el) && ![...el.children].some(shown));
			return found.length === 1 ? found[0] : null;
		}`, text).ByObject())
		if err != nil {
			return err
		}
		if obj.ObjectID == "" {
			return fmt.Errorf("%w: there is not one element that shows %q", errMoved, text)
		}
		node, err := proto.DOMDescribeNode{ObjectID: obj.ObjectID}.Call(v)
		if err != nil {
			return err
		}
		return v.touch(node.Node.BackendNodeID)
	})
}

// touch presses the middle of a node, once that stands still and nothing lies over it.
func (v *visitor) touch(node proto.DOMBackendNodeID) error {
	if err := (proto.DOMScrollIntoViewIfNeeded{BackendNodeID: node}).Call(v); err != nil {
		return err
	}
	at, err := v.middle(node)
	if err != nil {
		return err
	}
	if free, err := v.free(node, at); err != nil || !free {
		return errors.Join(err, fmt.Errorf("%w: something lies over it", errMoved))
	}
	still, err := v.middle(node)
	if err != nil || still != at {
		return errors.Join(err, errMoved)
	}
	for _, kind := range []proto.InputDispatchMouseEventType{proto.InputDispatchMouseEventTypeMouseMoved, proto.InputDispatchMouseEventTypeMousePressed, proto.InputDispatchMouseEventTypeMouseReleased} {
		event := proto.InputDispatchMouseEvent{Type: kind, X: at.X, Y: at.Y}
		if kind != proto.InputDispatchMouseEventTypeMouseMoved {
			event.Button, event.ClickCount = proto.InputMouseButtonLeft, 1
		}
		if err := event.Call(v); err != nil {
			return err
		}
	}
	return nil
}

func (v *visitor) middle(node proto.DOMBackendNodeID) (proto.Point, error) {
	box, err := proto.DOMGetContentQuads{BackendNodeID: node}.Call(v)
	if err != nil {
		return proto.Point{}, err
	}
	if len(box.Quads) == 0 || box.Quads[0].Area() < 1 {
		return proto.Point{}, fmt.Errorf("%w: it cannot be seen", errMoved)
	}
	return box.Quads[0].Center(), nil
}

// free reports whether what is touched at a point is the node, part of it, or its label.
func (v *visitor) free(node proto.DOMBackendNodeID, at proto.Point) (bool, error) {
	obj, err := proto.DOMResolveNode{BackendNodeID: node}.Call(v)
	if err != nil {
		return false, err
	}
	res, err := proto.RuntimeCallFunctionOn{
		ObjectID: obj.Object.ObjectID, Arguments: []*proto.RuntimeCallArgument{{Value: gson.New(at.X)}, {Value: gson.New(at.Y)}}, ReturnByValue: true,
		FunctionDeclaration: `function (x, y) {
			const hit = document.elementFromPoint(x, y);
			return hit !== null && (this.contains(hit) || [...(this.labels ?? [])].some((label) => label.contains(hit)));
		}`,
	}.Call(v)
	if err != nil {
		return false, err
	}
	return res.Result.Value.Bool(), nil
}

// fill replaces what stands in the field with a label.
func (v *visitor) fill(label, text string) {
	v.t.Helper()
	v.again("fill in "+label, func() error {
		node, err := v.seek("textbox", label)
		if err != nil {
			node, err = v.seek("searchbox", label)
		}
		if err != nil {
			return err
		}
		if err := (proto.DOMFocus{BackendNodeID: node}).Call(v); err != nil {
			return err
		}
		obj, err := proto.DOMResolveNode{BackendNodeID: node}.Call(v)
		if err != nil {
			return err
		}
		_, err = proto.RuntimeCallFunctionOn{ObjectID: obj.Object.ObjectID, FunctionDeclaration: `function () { this.select(); }`}.Call(v)
		if err != nil {
			return err
		}
		if text == "" {
			return v.Keyboard.Type('\b')
		}
		return v.InsertText(text)
	})
}

// press presses keys one after the other.
func (v *visitor) press(keys ...input.Key) {
	v.t.Helper()
	if err := v.Keyboard.Type(keys...); err != nil {
		v.t.Fatal(err)
	}
}

// signIn signs in on the page for it, and waits for the other one.
func (v *visitor) signIn(name, password string) {
	v.t.Helper()
	v.until("there is a form", `() => document.querySelector('form[action="sign-in"]') !== null`)
	v.fill("Name", name)
	v.fill("Password", password)
	v.click("button", "Sign in")
}

// noScripts turns the scripts of the pages off from the next page on. The tests
// see such a page all the same, as developer tools do.
func (v *visitor) noScripts() {
	v.t.Helper()
	v.must(proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(v))
}

// dark says that the visitor likes pages dark, or light.
func (v *visitor) dark(dark bool) {
	v.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	v.must(proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}.Call(v))
}

// size sets the size of the screen, in CSS pixels; mobile makes it a phone's.
func (v *visitor) size(width, height int, mobile bool) {
	v.t.Helper()
	v.must(v.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: mobile}))
}

// offline takes the visitor's network away, or gives it back. What is open may
// stay open; for a connection that breaks there is proxy.cut.
func (v *visitor) offline(off bool) {
	v.t.Helper()
	v.must(proto.NetworkEnable{}.Call(v))
	v.must(proto.NetworkEmulateNetworkConditions{Offline: off, DownloadThroughput: -1, UploadThroughput: -1}.Call(v))
}

func (v *visitor) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// fitsWidth fails if the page, on a screen so wide, has to be scrolled sideways,
// cuts off a text without saying so, tears a short word apart, or has something to
// touch that is smaller than 24 by 24 pixels and no link within a sentence.
func (v *visitor) fitsWidth(width int) {
	v.t.Helper()
	if what := v.misfits(width); what != "" {
		v.t.Errorf("at %d pixels: %s", width, what)
	}
}

func (v *visitor) misfits(width int) string {
	v.t.Helper()
	v.size(width, 800, width < 700)
	v.until(fmt.Sprintf("the page has the width of %d pixels", width), `width => window.innerWidth === width || document.documentElement.scrollWidth > width`, width)
	res, err := v.Eval(`(width) => {
		const found = [];
		const called = (el) => (el.ariaLabel || el.textContent.trim() || el.id || el.tagName).slice(0, 60);
		const all = [...document.body.querySelectorAll('*')].filter((el) => el.checkVisibility({ visibilityProperty: true }));
		if (document.documentElement.scrollWidth > width) found.push('wider than the screen: ' + document.documentElement.scrollWidth);
		for (const el of all) {
			const style = getComputedStyle(el), box = el.getBoundingClientRect();
			const hidden = box.width <= 1 || box.height <= 1; // For screen readers.
			if (!hidden && !el.matches('input') && el.scrollWidth > el.clientWidth + 1 && /hidden|clip/.test(style.overflowX) && style.textOverflow !== 'ellipsis') found.push('cut off: ' + called(el));
			if (!hidden && el.matches('a, button, input:not([type=hidden]), select, textarea, summary') && (box.width < 24 || box.height < 24)) {
				const inText = el.matches('a') && style.display === 'inline' && el.parentElement.textContent.trim() !== el.textContent.trim();
				const inLabel = [...(el.labels ?? [])].some((l) => { const b = l.getBoundingClientRect(); return b.width >= 24 && b.height >= 24; });
				if (!inText && !inLabel) found.push('too small: ' + called(el) + ' ' + Math.round(box.width) + 'x' + Math.round(box.height));
			}
		}
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
		for (let n = texts.nextNode(); n; n = texts.nextNode()) {
			const parent = n.parentElement;
			if (!parent.checkVisibility({ visibilityProperty: true }) || parent.closest('code, .code, option')) continue;
			for (const word of n.data.matchAll(/(?<![\p{L}\p{N}])[\p{L}]{2,20}(?![\p{L}\p{N}])/gu)) {
				if (/[\p{Script=Han}]/u.test(word[0])) continue; // Chinese breaks anywhere.
				range.setStart(n, word.index);
				range.setEnd(n, word.index + word[0].length);
				const lines = new Set([...range.getClientRects()].map((r) => Math.round(r.top)));
				if (lines.size > 1) found.push('torn: ' + word[0]);
			}
		}
		return found.join('; ');
	}`, width)
	v.must(err)
	return res.Value.Str()
}
