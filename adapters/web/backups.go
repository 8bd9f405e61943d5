package web

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
)

// Backups makes and reads backups. They hold everybody's things, so that only
// whoever runs the appliance sees to them; they are encrypted, and a download
// says nothing without the key.
type Backups interface {
	// Backup makes one; reason is for the log.
	Backup(ctx context.Context, reason string) (archive.Backup, error)
	// Backups returns those that stand, the newest first.
	Backups(ctx context.Context) ([]archive.Backup, error)
	// VerifyBackup reads one to the end; archive.ErrBadBackup if it is damaged,
	// archive.ErrWrongKey if it needs another key.
	VerifyBackup(ctx context.Context, name string) error
	// OpenBackup opens one as the encrypted file that it is; archive.ErrBadBackup
	// if there is none of this name.
	OpenBackup(ctx context.Context, name string) (file fs.File, size int64, err error)
}

// Trail takes entries of the audit trail for what is no change of the store.
type Trail interface {
	Audit(ctx context.Context, action account.Action, kind, object, detail string) error
}

// heavyTimeout is how long one of the requests may take that read or write all
// there is. Each of these finishes what it has begun when nobody waits any more.
const heavyTimeout = 10 * time.Minute

// heavyAtOnce is how many of them run at the same time, of each user one: or a
// single one who downloads slowly could keep everybody from it.
const heavyAtOnce = 2

// heavyRuns are the users whose requests of that kind are under way.
type heavyRuns struct {
	mu    sync.Mutex
	users map[string]bool
}

// begin reports whether one of this user may begin; end must then be called.
func (h *heavyRuns) begin(user string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users[user] || len(h.users) >= heavyAtOnce {
		return false
	}
	if h.users == nil {
		h.users = make(map[string]bool, heavyAtOnce)
	}
	h.users[user] = true
	return true
}

func (h *heavyRuns) end(user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.users, user)
}

// heavy begins such a request, which may take as long as most. done must be called.
func (s *Server) heavy(c echo.Context, most time.Duration) (ctx context.Context, done func(), err error) {
	user := principal(c).User.ID
	if !s.heavyRuns.begin(user) {
		p := &problem{
			Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 30 * time.Second,
			Detail: "The appliance is at work on something like this already. Try again in a minute.", key: "at_work",
		}
		return nil, nil, p.as("at_work")
	}
	until := time.Now().Add(most)
	rc := http.NewResponseController(c.Response())
	_ = rc.SetReadDeadline(until) // Where that cannot be set, the server's hold.
	_ = rc.SetWriteDeadline(until)
	ctx, cancel := context.WithDeadline(context.WithoutCancel(c.Request().Context()), until)
	return ctx, func() {
		cancel()
		s.heavyRuns.end(user)
	}, nil
}

// backupView is a backup as the API shows it.
type backupView struct {
	Name   string    `json:"name"`
	MadeAt time.Time `json:"made_at"`
	// Size is in bytes.
	Size   int64  `json:"size"`
	Health string `json:"health"`
	// Expires is about when it will be removed.
	Expires time.Time `json:"expires,omitzero"`
}

type backupsView struct {
	Backups []backupView `json:"backups"`
}

func viewBackup(b archive.Backup) backupView {
	return backupView{Name: b.Name, MadeAt: b.At.UTC(), Size: b.Size, Health: b.Health.String(), Expires: b.Expires.UTC()}
}

// errNoBackup answers for a name that no backup has.
func errNoBackup() error {
	return &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "There is no such backup."}
}

// backups returns those that stand, the newest first, to an admin.
func (s *Server) backups(c echo.Context) ([]archive.Backup, error) {
	if !principal(c).MayAdminister() {
		return nil, account.ErrForbidden
	}
	return s.cfg.Backups.Backups(c.Request().Context())
}

// backup returns the backup of this name to an admin. A name is only ever compared
// with those that stand, and is no part of any path before.
func (s *Server) backup(c echo.Context, name string) (archive.Backup, error) {
	all, err := s.backups(c)
	if err != nil {
		return archive.Backup{}, err
	}
	for _, b := range all {
		if b.Name == name {
			return b, nil
		}
	}
	return archive.Backup{}, errNoBackup()
}

func (s *Server) listBackups(c echo.Context) error {
	all, err := s.backups(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, backupsView{Backups: viewAll(all, viewBackup)})
}

// backUp makes a backup, for an admin.
func (s *Server) backUp(c echo.Context) (archive.Backup, error) {
	if !principal(c).MayAdminister() {
		return archive.Backup{}, account.ErrForbidden
	}
	ctx, done, err := s.heavy(c, heavyTimeout)
	if err != nil {
		return archive.Backup{}, err
	}
	defer done()
	made, err := s.cfg.Backups.Backup(ctx, "by hand")
	if err != nil {
		return archive.Backup{}, err
	}
	return made, s.cfg.Trail.Audit(ctx, account.BackupMade, account.KindBackup, made.Name, "")
}

func (s *Server) makeBackup(c echo.Context) error {
	made, err := s.backUp(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "backups/"+made.Name)
	return c.JSON(http.StatusCreated, viewBackup(made))
}

// verified reads a backup to the end and returns it as it is known then, to an
// admin: a damaged one is an answer, no failure.
func (s *Server) verified(c echo.Context, name string) (archive.Backup, error) {
	if _, err := s.backup(c, name); err != nil {
		return archive.Backup{}, err
	}
	ctx, done, err := s.heavy(c, heavyTimeout)
	if err != nil {
		return archive.Backup{}, err
	}
	defer done()
	trouble := s.cfg.Backups.VerifyBackup(ctx, name)
	b, err := s.backup(c, name)
	if err == nil && trouble != nil && b.Health != archive.Damaged {
		err = trouble
	}
	return b, err
}

func (s *Server) verifyBackup(c echo.Context) error {
	b, err := s.verified(c, c.Param("name"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewBackup(b))
}

func (s *Server) downloadBackup(c echo.Context) error {
	b, err := s.backup(c, c.Param("name"))
	if err != nil {
		return err
	}
	ctx, done, err := s.heavy(c, heavyTimeout)
	if err != nil {
		return err
	}
	defer done()
	file, size, err := s.cfg.Backups.OpenBackup(ctx, b.Name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := s.cfg.Trail.Audit(ctx, account.BackupRead, account.KindBackup, b.Name, ""); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentLength, strconv.FormatInt(size, 10))
	attach(c, b.Name, "application/octet-stream")
	_, err = io.Copy(c.Response(), io.LimitReader(file, size))
	return s.cutShort(c, err)
}
