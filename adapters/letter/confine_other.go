//go:build !linux

package letter

// confine does nothing: only Linux is operated. The bounds that the runtime and
// the parent set hold everywhere.
func confine() error { return nil }
