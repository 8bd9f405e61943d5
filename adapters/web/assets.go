package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/ui"
)

// assets are what pages refer to: scripts, pictures and the style sheet. They are
// held in memory under the names they may be asked for, so that no request ever
// becomes a path.
type assets struct {
	// version is a hash of all of them. It stands in their addresses, so that
	// browsers may keep them for ever.
	version string
	files   map[string]file
}

// file is something to be served as it is; packed is the same by gzip, nil where
// that is not smaller.
type file struct {
	media        string
	tag          string
	data, packed []byte
}

//go:embed openapi.yaml
var openAPI []byte

func newFile(p *packer, media string, data []byte) (file, error) {
	sum := sha256.Sum256(data)
	f := file{media: media, tag: hex.EncodeToString(sum[:6]), data: data}
	packed, err := p.pack(data)
	if err != nil {
		return file{}, err
	}
	if len(packed) < len(data) {
		f.packed = packed
	}
	return f, nil
}

// mediaType returns the type of a file of the pages; the machine's own table
// may say anything.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	}
	return "application/octet-stream"
}

// The style sheet that all the files of the folder styles are joined to, and the
// file among them that the others build on.
const (
	styleSheet = "app.css"
	baseStyle  = "base.css"
)

// loadAssets reads everything the pages refer to.
func loadAssets(p *packer) (assets, error) {
	a := assets{files: make(map[string]file)}
	all := sha256.New()
	keep := func(name string, data []byte) (err error) {
		all.Write(data)
		a.files[name], err = newFile(p, mediaType(name), data)
		return err
	}
	styles, err := joinStyles()
	if err == nil {
		err = keep(styleSheet, styles)
	}
	if err == nil {
		err = eachFile("assets", keep)
	}
	if err != nil {
		return assets{}, fmt.Errorf("read what the pages refer to: %w", err)
	}
	a.version = hex.EncodeToString(all.Sum(nil)[:6])
	return a, nil
}

// joinStyles returns the style sheet.
func joinStyles() ([]byte, error) {
	var base, others []byte
	err := eachFile("styles", func(name string, data []byte) error {
		if name == baseStyle {
			base = data
		} else {
			others = append(others, data...)
		}
		return nil
	})
	return append(base, others...), err
}

// eachFile calls fn with the files of a folder, by name.
func eachFile(folder string, fn func(name string, data []byte) error) error {
	entries, err := fs.ReadDir(ui.Files, folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := fs.ReadFile(ui.Files, path.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		if err := fn(e.Name(), data); err != nil {
			return err
		}
	}
	return nil
}

// packer compresses. What does it takes a megabyte, so that it is used again while
// there is much to do.
type packer struct {
	level int
	idle  sync.Pool // of *gzip.Writer
}

func (p *packer) pack(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, ok := p.idle.Get().(*gzip.Writer)
	if ok {
		w.Reset(&out)
	} else {
		var err error
		if w, err = gzip.NewWriterLevel(&out, p.level); err != nil {
			return nil, err
		}
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	p.idle.Put(w)
	return out.Bytes(), nil
}

// takesGzip reports whether the client can read what pack makes.
func takesGzip(r *http.Request) bool {
	for _, one := range strings.Split(r.Header.Get(echo.HeaderAcceptEncoding), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(one), ";")
		if strings.TrimSpace(name) == "gzip" && strings.Trim(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0.") != "" || name == "gzip" && weight == "" {
			return true
		}
	}
	return false
}

// serve answers with f, or with 304 to a client that has it.
func serve(c echo.Context, f file, caching string) error {
	h, tag := c.Response().Header(), `"`+f.tag+`"`
	h.Set(echo.HeaderCacheControl, caching)
	h.Set("ETag", tag)
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if matches(c.Request().Header.Get("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	if f.packed != nil && takesGzip(c.Request()) {
		h.Set(echo.HeaderContentEncoding, "gzip")
		return c.Blob(http.StatusOK, f.media, f.packed)
	}
	return c.Blob(http.StatusOK, f.media, f.data)
}

// revalidate makes browsers ask every time whether there is something newer.
const revalidate = "no-cache"

func (s *Server) showAsset(c echo.Context) error {
	f, ok := s.assets.files[c.Param("name")]
	if !ok || c.Param("version") != s.assets.version {
		return echo.ErrNotFound
	}
	return serve(c, f, "public, max-age=31536000, immutable")
}

func (s *Server) showOpenAPI(c echo.Context) error {
	f, err := newFile(s.small, "application/yaml", openAPI)
	if err != nil {
		return err
	}
	return serve(c, f, revalidate)
}
