// Package ui is what a person sees: the pages, their style and their scripts.
package ui

import "embed"

// Files holds in pages the templates of the pages, each of which defines as
// "main" what stands between the "layout" and the "end" of layout.html, and those of
// parts that several pages have; in styles what the
// server joins to one style sheet, base.css first; and in assets the scripts and
// pictures that the pages refer to. worker.js is what shows the last state without a
// connection.
//
//go:embed pages styles assets worker.js
var Files embed.FS
