// Package ui is what a person sees: one plain page, its style and its script.
package ui

import "embed"

// Files holds index.html, which is a template over the names of the others:
// {{index . "app.js"}} gives the name under which app.js is served.
//
//go:embed index.html app.css app.js icon.svg
var Files embed.FS
