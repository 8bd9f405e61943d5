package web

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// Audit holds the audit trail against itself; the store does.
type Audit interface {
	// VerifyAudit follows the links of the audit trail. n is how many entries
	// stand; broken is the number of the first one that is missing or changed, 0
	// if all is well.
	VerifyAudit(ctx context.Context) (n int, broken uint64, err error)
}

// auditEntryView is a line of the audit trail. What is not known is left out.
type auditEntryView struct {
	Seq     uint64         `json:"seq"`
	At      time.Time      `json:"at"`
	User    string         `json:"user,omitempty"`
	Via     account.Via    `json:"via,omitempty"`
	Key     string         `json:"key,omitempty"`
	Address string         `json:"address,omitempty"`
	Action  account.Action `json:"action"`
	Kind    string         `json:"kind,omitempty"`
	Object  string         `json:"object,omitempty"`
	Detail  string         `json:"detail,omitempty"`
}

// auditView is a page of the trail; Next, if there is more, is what to give as
// before.
type auditView struct {
	Entries []auditEntryView `json:"entries"`
	Next    uint64           `json:"next,omitempty"`
}

// auditCheckView says whether the trail is whole.
type auditCheckView struct {
	Entries int `json:"entries"`
	// Broken is the number of the first entry that is not as it was written; 0
	// if all are.
	Broken uint64 `json:"broken"`
	OK     bool   `json:"ok"`
}

func viewAuditEntry(e account.Entry) auditEntryView {
	return auditEntryView{
		Seq: e.Seq, At: e.At.UTC(), User: e.User, Via: e.Via, Key: e.Key, Address: e.Address,
		Action: e.Action, Kind: e.Kind, Object: e.Object, Detail: e.Detail,
	}
}

func (s *Server) listAudit(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	found, next, err := s.trail(c, most, func(account.Entry) bool { return true })
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, auditView{Entries: viewAll(found, viewAuditEntry), Next: next})
}

// trail returns a page of the audit trail that the query asks for by before and
// action, at most most entries of those that want accepts. next, if there is more,
// is what to give as before.
func (s *Server) trail(c echo.Context, most int, want func(account.Entry) bool) (found []account.Entry, next uint64, err error) {
	var before uint64
	if text := c.QueryParam("before"); text != "" {
		if before, err = strconv.ParseUint(text, 10, 64); err != nil || before == 0 {
			return nil, 0, badField("before", "The parameter before must be the number of an entry.")
		}
	}
	action := account.Action(c.QueryParam("action"))
	if action != "" && !slices.Contains(account.Actions(), action) {
		return nil, 0, badField("action", "There is no such action.")
	}
	// One more than asked for tells whether there is a next page.
	found, err = s.cfg.Accounts.Trail(c.Request().Context(), before, most+1, func(e account.Entry) bool {
		return (action == "" || e.Action == action) && want(e)
	})
	if err == nil && len(found) > most {
		found = found[:most]
		next = found[most-1].Seq
	}
	return found, next, err
}

func (s *Server) verifyAudit(c echo.Context) error {
	if !principal(c).MayAdminister() {
		return account.ErrForbidden
	}
	n, broken, err := s.cfg.Audit.VerifyAudit(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, auditCheckView{Entries: n, Broken: broken, OK: broken == 0})
}

func (s *Server) exportAudit(c echo.Context) error {
	file := &download{c: c, media: "application/jsonl", name: "cz-visa-monitor-audit.jsonl"}
	lines := bufio.NewWriterSize(file, 32<<10)
	err := s.cfg.Accounts.WriteTrail(c.Request().Context(), lines)
	if err == nil {
		err = lines.Flush()
	}
	if err == nil || !c.Response().Committed {
		return err
	}
	if c.Request().Context().Err() == nil {
		s.writeError(err, c) // Too late for an answer, but not for the log.
	}
	panic(http.ErrAbortHandler) // Otherwise what was cut short would look whole.
}

// download writes a file to whoever asked for it. Its headers go out with the
// first byte, so that an error before that can still be answered as one.
type download struct {
	c           echo.Context
	media, name string
}

// Write implements io.Writer, with a deadline for every piece in place of the
// server's for the whole, which a long file on a slow line would miss.
func (d *download) Write(b []byte) (int, error) {
	w := d.c.Response()
	if !w.Committed {
		w.Header().Set(echo.HeaderContentType, d.media)
		w.Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+d.name+`"`)
	}
	// Where the connection knows no deadlines, nothing needs one.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTimeout))
	return w.Write(b)
}
