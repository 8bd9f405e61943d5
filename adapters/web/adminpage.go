package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/watch"
)

// adminView is what all pages of administration show.
type adminView struct {
	view
	// Tab is the one that is open.
	Tab string
}

// tab leads to a part of administration.
type tab struct{ Name, To string }

// Key is that of the tab's name in the catalogue.
func (t tab) Key() string { return "admin.tab_" + t.Name }

// The parts of administration.
const (
	tabOverview = "overview"
	tabUsers    = "users"
	tabBackups  = "backups"
	tabKeys     = "keys"
	tabAudit    = "audit"
	tabSettings = "settings"
	tabLog      = "log"
)

// Tabs returns the parts of administration, in the order of the page.
func (adminView) Tabs() []tab {
	return []tab{
		{tabOverview, "admin"},
		{tabUsers, "admin/users"},
		{tabBackups, "admin/backups"},
		{tabKeys, "admin/keys"},
		{tabAudit, "admin/audit"},
		{tabSettings, "admin/settings"},
		{tabLog, "admin/log"},
	}
}

// admin begins a page of administration; everybody else is refused.
func (s *Server) admin(c echo.Context, part string) (adminView, error) {
	if !principal(c).MayAdminister() {
		return adminView{}, account.ErrForbidden
	}
	title := tab{Name: part}.Key()
	if part == tabOverview {
		title = "way.admin"
	}
	return adminView{view: s.inside(c, sectionAdmin, title), Tab: part}, nil
}

// overviewPage is where administration begins: how all is doing.
type overviewPage struct {
	adminView
	Notices  []noticeRow
	Source   sourceFacts
	Messages messageFacts
	House    HouseState
	Size     string
	Pace     string
	// Backup is the newest one, nil if there is none; BackupOld: there should be a
	// newer one.
	Backup    *backupRow
	BackupOld bool
	// Confirmed is when somebody proved to have the recovery sheet, "" for never.
	Confirmed string
}

// noticeRow is something that is not well.
type noticeRow struct{ Title, Lead, Next string }

// sourceFacts say how the portal is doing.
type sourceFacts struct {
	// Name is the portal's, Sentence how it is doing.
	Name, Sentence string
	// Trouble: it does not answer; Next says what to do then.
	Trouble bool
	Next    string
	// Answered and Until are times, "" for none.
	Answered, Until       string
	Queued, Due, UnderWay string
}

// messageFacts count the newest messages; Waiting and Dead are "" where there are none.
type messageFacts struct {
	Sentence, Waiting, Dead string
	Trouble                 bool
}

// messagesSeen is how many messages are looked at to see how they fare.
const messagesSeen = 1000

// backupLate is how old the newest backup is when something is wrong: one is made
// every night.
const backupLate = 36 * time.Hour

func (s *Server) showAdmin(c echo.Context) error {
	v, err := s.admin(c, tabOverview)
	if err != nil {
		return err
	}
	ctx, p := c.Request().Context(), &overviewPage{adminView: v}
	if p.House, err = s.cfg.House.State(); err != nil {
		return err
	}
	p.Size, p.Pace = v.size(p.House.StoreSize), v.pace(p.House.PerMinute)
	if p.Notices, err = s.noticeRows(ctx, v.view); err != nil {
		return err
	}
	p.Source = s.sourceFacts(v.view, s.cfg.Source.Status(), time.Now())
	if p.Messages, err = s.messageFacts(ctx, v.view); err != nil {
		return err
	}
	all, err := s.cfg.Backups.Backups(ctx)
	if err != nil {
		return err
	}
	p.BackupOld = true
	if len(all) > 0 {
		row := v.backupRow(all[0], time.Now())
		p.Backup, p.BackupOld = &row, time.Since(all[0].At) > backupLate || all[0].Health == archive.Damaged
	}
	if p.Confirmed, err = s.confirmedText(ctx, v.view); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "admin", p)
}

// confirmedText returns when the recovery sheet was confirmed, "" if it was not.
func (s *Server) confirmedText(ctx context.Context, v view) (string, error) {
	at, err := s.cfg.Keys.RecoveryConfirmed(ctx)
	if err != nil || at.IsZero() {
		return "", err
	}
	return v.words.Time(at), nil
}

// noticeRows are the notices that stand, and what else keeps the appliance from its work.
func (s *Server) noticeRows(ctx context.Context, v view) (rows []noticeRow, err error) {
	notices, err := s.cfg.Notices.Notices(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		var row noticeRow
		row.Title, row.Lead, row.Next = alert.Notice(n, v.words)
		rows = append(rows, row)
	}
	var more []string
	if s.cfg.Store.Writable() != nil {
		more = append(more, "admin.not_writable")
	}
	if !s.cfg.Running() {
		more = append(more, "admin.not_running")
	}
	for _, key := range more {
		rows = append(rows, noticeRow{Title: v.T(key), Lead: v.T(key + "_lead"), Next: v.T(key + "_next")})
	}
	return rows, nil
}

// sourceFacts puts the state of the portal into words.
func (s *Server) sourceFacts(v view, st watch.SourceStatus, now time.Time) sourceFacts {
	f := sourceFacts{
		Name: st.Name, Queued: v.words.Number(st.Queued), Due: v.words.Number(st.Due), UnderWay: v.words.Number(st.UnderWay),
	}
	if key := "source." + st.Name; v.words.Has(key) {
		f.Name = v.T(key)
	}
	if !st.AnsweredAt.IsZero() {
		f.Answered = v.words.Time(st.AnsweredAt)
	}
	switch {
	case st.Failure != "":
		f.Trouble, f.Next = true, v.T("admin.source_next")
		f.Sentence = v.T("admin.source_failing", "since", st.FailingSince, "reason", v.T("failure."+string(st.Failure)))
	case f.Answered == "":
		f.Sentence = v.T("admin.source_fresh")
	default:
		f.Sentence = v.T("admin.source_answers")
	}
	if st.Breaker.Open(now) {
		f.Trouble, f.Until = true, v.words.Time(st.Breaker.OpenUntil)
		f.Next = v.T("admin.source_rests", "reason", v.T("failure."+string(st.Breaker.Reason)))
	}
	return f
}

// messageFacts counts among the newest messages those that wait, and those that could
// not be delivered.
func (s *Server) messageFacts(ctx context.Context, v view) (messageFacts, error) {
	looked, waiting, dead := 0, 0, 0
	_, err := s.cfg.Deliveries.Deliveries(ctx, "", 1, func(d alert.Delivery) bool {
		looked++
		switch d.State {
		case alert.Waiting:
			waiting++
		case alert.DeadLetter:
			dead++
		case alert.Delivered:
		}
		return looked >= messagesSeen // That is enough.
	})
	if looked == 0 {
		return messageFacts{Sentence: v.T("admin.messages_none")}, err
	}
	return messageFacts{
		Sentence: v.T("admin.messages_of", "count", looked), Waiting: v.words.Number(waiting), Dead: v.words.Number(dead), Trouble: dead > 0,
	}, err
}

// size writes a number of bytes.
func (v view) size(bytes int64) string {
	const kilo, mega = 1000, 1000 * 1000
	if bytes < 10*mega {
		return v.T("admin.kilobytes", "size", int((bytes+kilo-1)/kilo))
	}
	return v.T("admin.megabytes", "size", int(bytes/mega))
}

// pace says how many questions the portal is asked in a minute at most.
func (v view) pace(perMinute float64) string {
	switch {
	case perMinute == 0:
		return v.T("admin.pace_none")
	case perMinute < 1:
		return v.T("admin.pace_slow", "every", time.Duration(float64(time.Minute)/perMinute))
	}
	return v.T("admin.pace", "count", int(perMinute))
}
