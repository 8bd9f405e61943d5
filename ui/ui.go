// Package ui is what a person sees: one plain page, its style and its scripts.
package ui

import "embed"

// Files holds index.html, and in assets what it refers to. index.html is a
// template over the name of the folder under which the assets are served.
//
//go:embed index.html assets
var Files embed.FS
