package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/ui"
)

// page is what a browser gets. It is held in memory under the names it may be
// asked for, so that no request ever becomes a path.
type page struct {
	index file
	// version is a hash of all assets. It stands in their addresses, so that
	// browsers may keep them for ever.
	version string
	// assets by their name.
	assets map[string]file
}

// file is something to be served as it is.
type file struct {
	media string
	tag   string
	data  []byte
}

//go:embed openapi.yaml
var openAPI []byte

func newFile(media string, data []byte) file {
	sum := sha256.Sum256(data)
	return file{media: media, tag: hex.EncodeToString(sum[:6]), data: data}
}

// mediaType returns the type of a file of the page; the machine's own table
// may say anything.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// loadPage reads the page and puts the address of the assets into it.
func loadPage() (page, error) {
	p := page{assets: make(map[string]file)}
	entries, err := fs.ReadDir(ui.Files, "assets")
	if err != nil {
		return page{}, fmt.Errorf("read the page: %w", err)
	}
	all := sha256.New()
	for _, e := range entries {
		data, err := fs.ReadFile(ui.Files, path.Join("assets", e.Name()))
		if err != nil {
			return page{}, fmt.Errorf("read the page: %w", err)
		}
		all.Write(data)
		p.assets[e.Name()] = newFile(mediaType(e.Name()), data)
	}
	p.version = hex.EncodeToString(all.Sum(nil)[:6])
	index, err := template.ParseFS(ui.Files, "index.html")
	if err != nil {
		return page{}, fmt.Errorf("read the page: %w", err)
	}
	var out bytes.Buffer
	if err := index.Execute(&out, p.version); err != nil {
		return page{}, fmt.Errorf("write the page: %w", err)
	}
	p.index = newFile("text/html; charset=utf-8", out.Bytes())
	return p, nil
}

// serve answers with f, or with 304 to a client that has it.
func serve(c echo.Context, f file, caching string) error {
	h, tag := c.Response().Header(), `"`+f.tag+`"`
	h.Set("Cache-Control", caching)
	h.Set("ETag", tag)
	if matches(c.Request().Header.Get("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, f.media, f.data)
}

// revalidate makes browsers ask every time whether there is something newer.
const revalidate = "no-cache"

// showPage may not be stored: nobody is to come back to it after signing out.
func (s *Server) showPage(c echo.Context) error {
	return c.Blob(http.StatusOK, s.page.index.media, s.page.index.data)
}

func (s *Server) showAsset(c echo.Context) error {
	f, ok := s.page.assets[c.Param("name")]
	if !ok || c.Param("version") != s.page.version {
		return echo.ErrNotFound
	}
	return serve(c, f, "public, max-age=31536000, immutable")
}

// toPage leads from the link in a message to the application on the page. The
// link is relative, so that it holds under a sub-path.
func (s *Server) toPage(c echo.Context) error {
	id := c.Param("id")
	if !account.IsID(id) {
		return echo.ErrNotFound
	}
	return c.Redirect(http.StatusSeeOther, "../#application-"+id)
}

func (s *Server) showOpenAPI(c echo.Context) error {
	return serve(c, newFile("application/yaml", openAPI), revalidate)
}
