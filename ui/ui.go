// Package ui is what a person sees: the page of applications, the small pages
// about accounts, their style and their scripts.
package ui

import "embed"

// Files holds index.html, a template over the folder of the assets; in pages the
// templates of the small pages, each of which fills the "main" of layout.html;
// and in assets what they refer to.
//
//go:embed index.html pages assets
var Files embed.FS
