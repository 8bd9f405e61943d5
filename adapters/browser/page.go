package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
	"github.com/ysmood/gson"
)

// Page is one page of the browser, lent for the length of one Do. It is as the
// last user left it, or blank. Every method returns when its context ends, when
// the loan ends, or when the page or its browser dies.
type Page struct {
	tab  *tab
	loan context.Context //nolint:containedctx // ends with Do
}

// Mark returns what the last user left at this page with SetMark, or nil on a
// page that is new or was blanked since.
func (p *Page) Mark() any { return p.tab.mark }

// SetMark leaves something comparable for the next user, who can tell from it
// that the page is one of his own, still loaded.
func (p *Page) SetMark(mark any) { p.tab.mark = mark }

// in binds a call to both the caller's context and the loan.
func (p *Page) in(ctx context.Context) (caller, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.loan, func() { cancel(context.Cause(p.loan)) })
	return p.tab.chrome.conn.in(ctx, p.tab.session), func() { stop(); cancel(nil) }
}

// Navigate goes to a URL and returns when the answer's first bytes are there. A
// page that cannot be loaded at all is a *NavigationError.
func (p *Page) Navigate(ctx context.Context, url string) error {
	c, done := p.in(ctx)
	defer done()
	res, err := proto.PageNavigate{URL: url}.Call(c)
	if err != nil {
		return fmt.Errorf("navigate: %w", err)
	}
	if res.ErrorText != "" {
		return &NavigationError{Text: res.ErrorText}
	}
	return nil
}

// ErrNavigated says that the page went elsewhere while a script ran in it.
var ErrNavigated = errors.New("the page went elsewhere while a script ran")

// Eval calls a JavaScript function in the page with the given arguments, waits
// for its promise if it returns one, and decodes what it returns into out (nil
// to ignore it). Arguments and result pass as JSON. A function is compiled once
// in each document, so it should always be the same text.
func (p *Page) Eval(ctx context.Context, out any, function string, args ...any) error {
	values := make([]*proto.RuntimeCallArgument, len(args))
	for i, a := range args {
		b, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("encode argument: %w", err)
		}
		values[i] = &proto.RuntimeCallArgument{Value: gson.New(b)}
	}
	c, done := p.in(ctx)
	defer done()
	res, err := p.call(c, function, values)
	if err != nil {
		return evalError(err)
	}
	if e := res.ExceptionDetails; e != nil {
		return &ScriptError{Text: exceptionText(e)}
	}
	if out == nil {
		return nil
	}
	if err := res.Result.Value.Unmarshal(out); err != nil {
		return fmt.Errorf("decode result: %w", err)
	}
	return nil
}

// call calls a function by the handle it got when it was last compiled, or
// compiles it, if the page has gone elsewhere since.
func (p *Page) call(c caller, function string, args []*proto.RuntimeCallArgument) (*proto.RuntimeCallFunctionOnResult, error) {
	for {
		handle, known := p.tab.functions.Load(function)
		if !known {
			made, err := proto.RuntimeEvaluate{Expression: "(" + function + ")"}.Call(c)
			if err != nil {
				return nil, err
			}
			if made.ExceptionDetails != nil {
				return nil, &ScriptError{Text: exceptionText(made.ExceptionDetails)}
			}
			handle = made.Result.ObjectID
			p.tab.functions.Store(function, handle)
		}
		res, err := proto.RuntimeCallFunctionOn{
			FunctionDeclaration: "function(...a) { return this(...a) }",
			ObjectID:            handle.(proto.RuntimeRemoteObjectID), //nolint:forcetypeassert // nothing else is stored
			Arguments:           args,
			AwaitPromise:        true,
			ReturnByValue:       true,
		}.Call(c)
		if !known || !staleHandle(err) {
			return res, err
		}
		p.tab.functions.Delete(function)
	}
}

// staleHandle reports whether a call failed before it began, because its
// function belongs to a document that has gone.
func staleHandle(err error) bool {
	var ce *cdp.Error
	return errors.As(err, &ce) &&
		(strings.Contains(ce.Message, "Could not find object") || strings.Contains(ce.Message, "Cannot find context"))
}

// evalError names the protocol's several ways of saying that the page moved on.
func evalError(err error) error {
	var ce *cdp.Error
	if errors.As(err, &ce) {
		for _, s := range []string{"context was destroyed", "Cannot find context", "Promise was collected", "navigated or closed"} {
			if strings.Contains(ce.Message, s) {
				return ErrNavigated
			}
		}
	}
	return err
}

// exceptionText returns what kind of exception it was and where it was thrown.
// What it says is left out: it may be the page's own, or have a value of the
// page in it.
func exceptionText(e *proto.RuntimeExceptionDetails) string {
	kind := "exception"
	if e.Exception != nil && errorKind(e.Exception.ClassName) {
		kind = e.Exception.ClassName
	}
	line, column := e.LineNumber, e.ColumnNumber
	if e.StackTrace != nil && len(e.StackTrace.CallFrames) > 0 {
		line, column = e.StackTrace.CallFrames[0].LineNumber, e.StackTrace.CallFrames[0].ColumnNumber
	}
	return fmt.Sprintf("%s at line %d, column %d", kind, line+1, column+1) // the protocol counts from 0
}

// errorKind reports whether a name is one of the language's own; a page may
// give any name to its exceptions.
func errorKind(name string) bool {
	switch name {
	case "Error", "TypeError", "RangeError", "ReferenceError", "SyntaxError", "DOMException":
		return true
	}
	return false
}

// Listen calls fn with the page's own requests until stop is called or the loan
// ends. fn runs on the goroutine that reads from the browser: it must return at
// once and must not use the page. One listener at a time.
func (p *Page) Listen(fn func(Traffic)) (stop func()) {
	p.tab.traffic.fn.Store(&fn)
	return func() { p.tab.traffic.fn.CompareAndSwap(&fn, nil) }
}

// Body returns the body of the answer to a request that has Finished.
func (p *Page) Body(ctx context.Context, requestID string) ([]byte, error) {
	c, done := p.in(ctx)
	defer done()
	res, err := proto.NetworkGetResponseBody{RequestID: proto.NetworkRequestID(requestID)}.Call(c)
	if err != nil {
		return nil, fmt.Errorf("read body of an answer: %w", err)
	}
	if res.Base64Encoded {
		return decodeBase64(res.Body)
	}
	return []byte(res.Body), nil
}

// Screenshot returns a picture of what the window shows, as PNG.
func (p *Page) Screenshot(ctx context.Context) ([]byte, error) {
	c, done := p.in(ctx)
	defer done()
	res, err := proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng}.Call(c)
	if err != nil {
		return nil, fmt.Errorf("take screenshot: %w", err)
	}
	return res.Data, nil
}
