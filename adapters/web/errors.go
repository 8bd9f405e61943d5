package web

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// problem is an error as the API shows it (RFC 9457). Handlers return one where
// only they know what is wrong; other errors become one in problemOf.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is an English sentence that says what to do.
	Detail string `json:"detail"`
	// Code is for programs and never changes.
	Code string `json:"code"`
	// Field names the part of the request that is wrong.
	Field string `json:"field,omitempty"`
	// Reason says more about Field: a visa.ParseError's code, or a
	// visa.LetterError.
	Reason string `json:"reason,omitempty"`
	// Line and Column say where in a machine-readable zone, from 1.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Application is the one that stands in the way.
	Application watch.ID `json:"application,omitempty"`
	// Reasons are what keeps the appliance from being ready.
	Reasons []string `json:"reasons,omitempty"`
	// RequestID finds the request in the log.
	RequestID string `json:"request_id,omitempty"`
	// RetryAfter becomes the header of that name.
	RetryAfter time.Duration `json:"-"`
	// cause is logged, never shown.
	cause error
	// key is how the pages say it: a text of the catalogue behind "problem.".
	key string
}

// Error returns the detail.
func (p *problem) Error() string { return p.Detail }

// badField is a 422 about one field of the request.
func badField(field, format string, args ...any) *problem {
	return &problem{Status: http.StatusUnprocessableEntity, Code: "invalid", Field: field, Detail: fmt.Sprintf(format, args...)}
}

// as lets the pages say p by a text of the catalogue, "problem." and key.
func (p *problem) as(key string) *problem {
	p.key = key
	return p
}

// problemOf is the one table from errors to answers.
func problemOf(err error) *problem {
	for _, try := range []func(error) *problem{ownProblem, inputProblem, stateProblem, personProblem, transferProblem, accountProblemOf, diskProblem, routerProblem} {
		if p := try(err); p != nil {
			return p
		}
	}
	return &problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "Internal error. The log has more under the request ID.", cause: err}
}

func ownProblem(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		own := *p
		return &own
	}
	return nil
}

// inputProblem answers for what a person can put right.
func inputProblem(err error) *problem {
	if e, ok := errors.AsType[*visa.ParseError](err); ok {
		p := badField("reference", "%s", e.Error())
		p.Reason = e.Code()
		return p
	}
	if e, ok := errors.AsType[visa.LetterError](err); ok {
		return letterProblem(e)
	}
	if e, ok := errors.AsType[*watch.InputError](err); ok {
		p := badField(e.Field, "The field %s %s.", e.Field, e.Problem)
		if e.Code != "" {
			p.key = "field_" + e.Code
		}
		return p
	}
	if e, ok := errors.AsType[*alert.FieldError](err); ok {
		return badField(e.Field, "The field %s: %s", e.Field, e.Problem).as("field_" + e.Code)
	}
	return nil
}

// stateProblem answers for what stands in the way.
func stateProblem(err error) *problem {
	if e, ok := errors.AsType[*watch.DuplicateError](err); ok {
		return &problem{Status: http.StatusConflict, Code: "duplicate", Application: e.ID, Detail: "This reference is being watched already. Edit the application that stands.", key: "duplicate"}
	}
	if e, ok := errors.AsType[*watch.QuotaError](err); ok {
		return &problem{Status: http.StatusTooManyRequests, Code: "quota", RetryAfter: e.RetryAfter, Detail: "The checks by hand of this application are used up for today. The regular checks go on."}
	}
	for _, row := range []struct {
		err    error
		status int
		code   string
		// key is that of the pages' catalogue, "" where no page says it by itself.
		key    string
		detail string
	}{
		{watch.ErrNotFound, http.StatusNotFound, "not_found", "", "There is no such application."},
		{alert.ErrNoDelivery, http.StatusNotFound, "not_found", "", "There is no such delivery."},
		{alert.ErrNotDead, http.StatusConflict, "not_dead", "", "Only a dead letter can be sent again; this delivery is none."},
		{alert.ErrNoChannel, http.StatusNotFound, "not_found", "", "There is no such channel."},
		{watch.ErrNoShare, http.StatusNotFound, "no_share", "no_share", "This link has ended."},
		{watch.ErrManyShares, http.StatusInsufficientStorage, "many_shares", "many_shares", "There are too many links. End one first."},
		{watch.ErrFull, http.StatusInsufficientStorage, "full", "", "The appliance watches as many applications as it can hold. Delete some first."},
	} {
		if errors.Is(err, row.err) {
			return &problem{Status: row.status, Code: row.code, Detail: row.detail, key: row.key}
		}
	}
	return nil
}

// accountProblemOf answers for what is wrong with an account.
func accountProblemOf(err error) *problem {
	if wait, ok := errors.AsType[*account.WaitError](err); ok {
		return &problem{Status: http.StatusTooManyRequests, Code: "too_many_tries", RetryAfter: wait.Wait, Detail: "Too many tries were wrong. Wait a while."}
	}
	for _, row := range accountProblems() {
		if errors.Is(err, row.err) {
			text := row.err.Error()
			return &problem{Status: row.status, Code: row.code, Field: row.field, Detail: strings.ToUpper(text[:1]) + text[1:] + "."}
		}
	}
	return nil
}

// diskProblem answers for a disk that takes nothing more.
func diskProblem(err error) *problem {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return &problem{
			Status: http.StatusInsufficientStorage, Code: "disk_full", cause: err,
			Detail: "The disk of the appliance is full, so nothing can be stored. Free some space; nothing that was known is lost.",
		}
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return &problem{
			Status: http.StatusInsufficientStorage, Code: "read_only", cause: err,
			Detail: "The data directory of the appliance cannot be written. Give its user the right to write it; nothing that was known is lost.",
		}
	}
	return nil
}

// routerProblem answers for requests that no handler took.
func routerProblem(err error) *problem {
	e, ok := errors.AsType[*echo.HTTPError](err)
	switch {
	case !ok || e.Code >= http.StatusInternalServerError:
		return nil
	case e.Code == http.StatusNotFound:
		return &problem{Status: e.Code, Code: "not_found", Detail: "There is nothing here. The API is described at api/v1/openapi.yaml."}
	case e.Code == http.StatusMethodNotAllowed:
		return &problem{Status: e.Code, Code: "method_not_allowed", Detail: "This method is not possible here; the header Allow names those that are."}
	}
	return &problem{Status: e.Code, Code: "bad_request", Detail: "The request cannot be understood."}
}

// writeError is the only place that writes errors. It logs those that the
// operator must know of, once.
func (s *Server) writeError(err error, c echo.Context) {
	p := problemOf(err)
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	id := requestID(c)
	if p.cause != nil {
		p.RequestID = id
		s.cfg.Logger.LogAttrs(c.Request().Context(), slog.LevelError, "cannot answer a request",
			slog.String("request_id", id), slog.String("route", route(c)), slog.Any("error", p.cause))
	}
	if c.Response().Committed {
		return
	}
	h := c.Response().Header()
	if p.RetryAfter > 0 {
		h.Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set(echo.HeaderWWWAuthenticate, `Bearer realm="cz-visa-monitor"`)
	}
	h.Del(echo.HeaderCacheControl)
	h.Set(echo.HeaderCacheControl, "no-store")
	if forPeople(c) && s.showTrouble(c, p) == nil {
		return
	}
	h.Set(echo.HeaderContentType, "application/problem+json")
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(p.Status) // Nobody is left to tell if this fails.
		return
	}
	_ = c.JSON(p.Status, p) // As above.
}
