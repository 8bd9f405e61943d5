package web

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// settingsPage shows the configuration.
type settingsPage struct {
	adminView
	Rows []settingRow
}

// settingRow is a setting in words. Value is "" for a secret and for what is empty.
type settingRow struct {
	Name, Value, Says, From, Help string
	// Own: it is not the default.
	Own bool
}

func (s *Server) showSettings(c echo.Context) error {
	v, err := s.admin(c, tabSettings)
	if err != nil {
		return err
	}
	p := &settingsPage{adminView: v}
	for _, one := range s.cfg.House.Settings() {
		row := settingRow{Name: one.Name, Value: one.Value, From: v.T("admin.from_" + string(one.From)), Help: v.T(one.Key()), Own: one.From != FromDefault}
		switch {
		case one.Secret && one.Set:
			row.Value, row.Says = "", v.T("admin.secret_set")
		case one.Secret:
			row.Value, row.Says = "", v.T("admin.secret_unset")
		case one.Value == "":
			row.Says = v.T("admin.setting_empty")
		}
		p.Rows = append(p.Rows, row)
	}
	return s.show(c, http.StatusOK, "admin-settings", p)
}

// logPage shows the end of the log.
type logPage struct {
	adminView
	Rows   []logRow
	Levels []option
}

// logRow is a line of the log. Level is debug, info, warn or error, Word what the
// reader calls it.
type logRow struct{ At, Level, Word, Text, More string }

// logLevels are those that can be chosen, the least first.
func logLevels() []slog.Level {
	return []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
}

// levelName returns the name of the level that holds l.
func levelName(l slog.Level) string {
	name := slog.LevelDebug
	for _, one := range logLevels() {
		if l >= one {
			name = one
		}
	}
	return strings.ToLower(name.String())
}

func (s *Server) showLog(c echo.Context) error {
	v, err := s.admin(c, tabLog)
	if err != nil {
		return err
	}
	least, wanted := slog.LevelDebug, c.QueryParam("level")
	p := &logPage{adminView: v}
	for _, level := range logLevels() {
		name := levelName(level)
		if wanted == name {
			least = level
		}
		p.Levels = append(p.Levels, option{name, v.T("admin.least_" + name), wanted == name})
	}
	for _, line := range s.cfg.House.Log() {
		if line.Level >= least {
			name := levelName(line.Level)
			p.Rows = append(p.Rows, logRow{line.At.In(s.cfg.Zone).Format("2006-01-02 15:04:05"), name, v.T("admin.level_" + name), line.Text, line.More})
		}
	}
	return s.show(c, http.StatusOK, "admin-log", p)
}

// keysPage says how the key is kept, and how it is changed.
type keysPage struct {
	adminView
	House HouseState
	// Confirmed is when somebody proved to have the recovery sheet, "" for never.
	Confirmed string
}

func (s *Server) showKeys(c echo.Context) error {
	v, err := s.admin(c, tabKeys)
	if err != nil {
		return err
	}
	p := &keysPage{adminView: v}
	if p.House, err = s.cfg.House.State(); err != nil {
		return err
	}
	if p.Confirmed, err = s.confirmedText(c.Request().Context(), v.view); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "admin-keys", p)
}
