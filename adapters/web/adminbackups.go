package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/archive"
)

// backupsPage shows the backups.
type backupsPage struct {
	adminView
	Rows []backupRow
	// Folder is the second directory, "" for none; Copies are those in it.
	// CopiesUnread: it could not be read.
	Folder       string
	Copies       []backupRow
	CopiesUnread bool
	// Verified is what came of reading one, nil if none was read.
	Verified *backupRow
}

// backupRow is a backup of the list.
type backupRow struct {
	Name, Made, Age, Size, Health, Expires string
	Damaged                                bool
}

func (v view) backupRow(b archive.Backup, now time.Time) backupRow {
	row := backupRow{
		Name: b.Name, Made: v.words.Time(b.At), Age: v.words.Duration(max(0, now.Sub(b.At))), Size: v.size(b.Size),
		Health: v.T("admin.backup_" + b.Health.String()), Damaged: b.Health == archive.Damaged,
	}
	if !b.Expires.IsZero() {
		row.Expires = v.words.Date(b.Expires)
	}
	return row
}

func (v view) backupRows(all []archive.Backup) (rows []backupRow) {
	now := time.Now()
	for _, b := range all {
		rows = append(rows, v.backupRow(b, now))
	}
	return rows
}

func (s *Server) backupsPage(c echo.Context) (*backupsPage, error) {
	v, err := s.admin(c, tabBackups)
	if err != nil {
		return nil, err
	}
	all, err := s.backups(c)
	if err != nil {
		return nil, err
	}
	house, err := s.cfg.House.State()
	if err != nil {
		return nil, err
	}
	p := &backupsPage{adminView: v, Rows: v.backupRows(all), Folder: house.CopiesFolder}
	copies, err := s.cfg.House.Copies(c.Request().Context())
	p.Copies, p.CopiesUnread = v.backupRows(copies), err != nil
	return p, nil
}

func (s *Server) showBackups(c echo.Context) error {
	p, err := s.backupsPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "admin-backups", p)
}

// changeBackups makes a backup, or reads one to the end.
func (s *Server) changeBackups(c echo.Context) error {
	switch c.FormValue("do") {
	case "make":
		if _, err := s.backUp(c); err != nil {
			return s.backupTrouble(c, err)
		}
		return seeDone(c, "backups", "backup_made")
	case "verify":
		b, err := s.verified(c, c.FormValue("name"))
		if err != nil {
			return s.backupTrouble(c, err)
		}
		p, err := s.backupsPage(c)
		if err != nil {
			return err
		}
		row := p.backupRow(b, time.Now())
		p.Verified = &row
		return s.show(c, http.StatusOK, "admin-backups", p)
	}
	if _, err := s.admin(c, tabBackups); err != nil {
		return err
	}
	return echo.ErrBadRequest
}

// backupTrouble shows the page again, and says what could not be done.
func (s *Server) backupTrouble(c echo.Context, err error) error {
	p, shown := s.backupsPage(c)
	if shown != nil {
		return shown
	}
	trouble := problemOf(err)
	switch {
	case trouble.Code == "busy":
		p.Problem = p.T("problem.at_work")
	case errors.Is(err, archive.ErrWrongKey):
		p.Problem = p.T("problem.wrong_key")
	case trouble.Code == "disk_full", trouble.Code == "read_only":
		s.cfg.Logger.Error("cannot make a backup", "error", err)
		p.Problem = p.T("problem." + trouble.Code)
	default:
		return err
	}
	return s.show(c, trouble.Status, "admin-backups", p)
}
