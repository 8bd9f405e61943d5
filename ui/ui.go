// Package ui is what a person sees: the pages, their style and their scripts.
package ui

import "embed"

// Files holds in pages the templates of the pages, each of which fills the "main"
// of layout.html, and those of parts that several pages have; in styles what the
// server joins to one style sheet, base.css first; and in assets the scripts and
// pictures that the pages refer to.
//
//go:embed pages styles assets
var Files embed.FS
