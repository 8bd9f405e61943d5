package czmoi

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// evidence keeps what a changed page looked like: a picture and its HTML, both
// without reference numbers and without anything that was typed.
type evidence struct {
	dir     string
	numbers numbers
	logger  *slog.Logger
}

const (
	evidencePrefix  = "layout-"
	maxEvidence     = 5       // cases kept; the oldest goes first
	maxEvidenceFile = 2 << 20 // bytes
	evidenceWait    = 8 * time.Second
)

// keep stores the page and returns the name of the HTML file, "" if there is
// none. Trouble is logged: the failure to be reported is another.
func (e evidence) keep(ctx context.Context, c *check) string {
	if e.dir == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, evidenceWait)
	defer cancel()
	name := filepath.Join(e.dir, evidencePrefix+time.Now().UTC().Format("20060102T150405.000"))
	defer e.prune()
	if err := e.storePage(ctx, c, name+".html"); err != nil {
		e.logger.Warn("what the portal's page looks like could not be kept", slog.Any("error", err))
		return ""
	}
	// The page alone is worth keeping.
	if err := e.storePicture(ctx, c, name+".png"); err != nil {
		e.logger.Warn("no picture of the portal's page could be kept", slog.Any("error", err))
	}
	return filepath.Base(name) + ".html"
}

func (e evidence) storePage(ctx context.Context, c *check, name string) error {
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	var source string
	if err := c.do(ctx, &source, "html", nil); err != nil {
		return err
	}
	return writeFile(name, e.scrub(source, c.asked))
}

func (e evidence) storePicture(ctx context.Context, c *check, name string) error {
	// The page is thrown away after a failure, so it may be painted over.
	if err := c.do(ctx, nil, "conceal", concealed(c.asked)); err != nil {
		return err
	}
	picture, err := c.page.Screenshot(ctx)
	if err != nil {
		return err
	}
	return writeFile(name, picture)
}

// writeFile writes a file whole or not at all, for the operator's eyes only.
func writeFile(name string, data []byte) error {
	if len(data) > maxEvidenceFile {
		return fmt.Errorf("write %s: it has more than %d bytes", filepath.Base(name), maxEvidenceFile)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".layout-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write evidence: %w", err)
	}
	return nil
}

// prune removes the oldest cases.
func (e evidence) prune() {
	pages, err := filepath.Glob(filepath.Join(e.dir, evidencePrefix+"*.html"))
	if err != nil || len(pages) <= maxEvidence {
		return
	}
	slices.Sort(pages) // their names are times
	for _, page := range pages[:len(pages)-maxEvidence] {
		_ = os.Remove(page)
		_ = os.Remove(strings.TrimSuffix(page, ".html") + ".png")
	}
}
