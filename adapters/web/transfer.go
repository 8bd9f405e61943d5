package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
)

// Exporter writes what belongs to an owner; archive.Exporter does.
type Exporter interface {
	Write(ctx context.Context, w io.Writer, s archive.Scope) error
	WriteCSV(ctx context.Context, w io.Writer, s archive.Scope) error
	WritePeopleCSV(ctx context.Context, w io.Writer, s archive.Scope) error
}

// Importer takes in an archive whose one owner is to be this one.
type Importer func(ctx context.Context, r io.Reader, owner account.Owner, dryRun bool) (archive.Report, error)

// maxImport is the longest archive that comes through the web, in bytes. Larger
// ones are for the command line.
const maxImport = 20 << 20

// bodyLimit returns the longest body of a request to the route that matched.
func (s *Server) bodyLimit(c echo.Context) int64 {
	switch c.Path() {
	case apiPath + "/import":
		return maxImport
	case apiPath + "/letters", addPath:
		return maxLetter
	}
	return s.cfg.MaxBody
}

// attach begins an answer that is to be kept as a file. name is one of ours.
func attach(c echo.Context, name, contentType string) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, contentType)
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// cutShort ends an answer that broke off: what has been sent cannot be taken
// back, so that the connection must say that it is not whole.
func (s *Server) cutShort(c echo.Context, err error) error {
	if err == nil {
		return nil
	}
	if !c.Response().Committed {
		c.Response().Header().Del(echo.HeaderContentDisposition)
		c.Response().Header().Del(echo.HeaderContentLength)
		return err
	}
	s.cfg.Logger.LogAttrs(c.Request().Context(), slog.LevelWarn, "an answer broke off",
		slog.String("request_id", requestID(c)), slog.String("route", route(c)), slog.Any("error", err))
	panic(http.ErrAbortHandler)
}

// export writes what belongs to the user, or to a group of his.
func (s *Server) export(c echo.Context) error {
	p, owner := principal(c), principal(c).Self()
	if o := c.QueryParam("owner"); o != "" {
		owner = account.Owner(o)
	}
	if !p.MayRead(owner) {
		return &problem{Status: http.StatusNotFound, Code: "not_found", Field: "owner", Detail: "There is no such owner."}
	}
	plain, err := flag(c, "plain")
	if err != nil {
		return err
	}
	format := c.QueryParam("format")
	var write func(context.Context, io.Writer, archive.Scope) error
	name, contentType := "cz-visa-monitor-"+time.Now().UTC().Format("20060102"), "text/csv; charset=utf-8"
	switch format {
	case "", "json":
		format, write, name, contentType = "json", s.cfg.Exporter.Write, name+".json", echo.MIMEApplicationJSON
	case "csv":
		write, name = s.cfg.Exporter.WriteCSV, name+".csv"
	case "people.csv":
		write, name = s.cfg.Exporter.WritePeopleCSV, name+"-people.csv"
	default:
		return badField("format", "The parameter format must be json, csv or people.csv.")
	}
	_, done, err := s.heavy(c, heavyTimeout)
	if err != nil {
		return err
	}
	defer done()
	ctx := c.Request().Context() // Nobody needs the rest when he has gone.
	_, id, _ := strings.Cut(string(owner), ":")
	if err := s.cfg.Trail.Audit(ctx, account.DataExported, account.KindOwner, id, format); err != nil {
		return err
	}
	attach(c, name, contentType)
	return s.cutShort(c, write(ctx, c.Response(), archive.Scope{Owner: owner, Plain: plain}))
}

// flag reads a parameter that is true or false; it is false if it is missing.
func flag(c echo.Context, name string) (bool, error) {
	switch c.QueryParam(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, badField(name, "The parameter %s must be true or false.", name)
}

// importArchive takes in an archive of the user's.
func (s *Server) importArchive(c echo.Context) error {
	p := principal(c)
	if !p.MayAdd() {
		return account.ErrForbidden
	}
	dry, err := flag(c, "dry_run")
	if err != nil {
		return err
	}
	if media, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType)); err != nil || media != echo.MIMEApplicationJSON {
		return &problem{Status: http.StatusUnsupportedMediaType, Code: "media_type", Detail: "Send an archive as JSON, with the header Content-Type: application/json."}
	}
	ctx, done, err := s.heavy(c, heavyTimeout)
	if err != nil {
		return err
	}
	defer done()
	report, err := s.cfg.Import(ctx, c.Request().Body, p.Self(), dry)
	if !dry {
		// Some of it may stand also where it broke off.
		err = errors.Join(err, s.cfg.Trail.Audit(ctx, account.DataImported, account.KindOwner, p.User.ID, ""))
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, report)
}

// transferProblem answers for what is wrong with an archive or a backup.
func transferProblem(err error) *problem {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "The archive is too large for the web. Import it with: cz-visa-monitor import"}
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{Status: http.StatusRequestTimeout, Code: "slow", Detail: "The body came too slowly. Send it again."}
	case errors.Is(err, archive.ErrFormat), errors.Is(err, archive.ErrNewer):
		return &problem{Status: http.StatusUnprocessableEntity, Code: "invalid", Detail: "The archive cannot be read: " + err.Error() + "."}
	case errors.Is(err, archive.ErrWrongKey):
		return &problem{Status: http.StatusConflict, Code: "wrong_key", Detail: "The backup was made with another key, and can be restored with that one only."}
	case errors.Is(err, archive.ErrBadBackup):
		return &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "There is no such backup."}
	}
	return nil
}
