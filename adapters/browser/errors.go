package browser

import "errors"

// Error says that the browser itself failed, not the page it was showing: it
// could not be started or reached, or it died. The work may be tried again; the
// next Do starts another browser.
type Error struct {
	// Reason is a short sentence for the operator, without secrets.
	Reason string
	// Err is the cause, if there is one.
	Err error
}

// Error returns the reason and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrNoBrowser is returned by New where no browser can be found.
var ErrNoBrowser = errors.New("no browser found: install chromium-headless-shell (or chromium), or name one with its full path")

// ErrClosed is returned by Do after Close.
var ErrClosed = errors.New("the browser has been closed")

// NavigationError says that a page could not be loaded at all.
type NavigationError struct {
	// Text is the browser's own name of the reason, such as net::ERR_CONNECTION_REFUSED.
	Text string
}

// Error returns the browser's own text.
func (e *NavigationError) Error() string { return "load page: " + e.Text }

// ScriptError says that a script threw an exception in the page.
type ScriptError struct {
	// Text is the kind of exception and its place in the script, without any value
	// of the page.
	Text string
}

// Error returns the exception.
func (e *ScriptError) Error() string { return "script in the page: " + e.Text }
