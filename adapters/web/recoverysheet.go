package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// Keys is the key that opens everything when the appliance's own is lost.
type Keys interface {
	// RecoveryKey returns it, as it stands on the sheet.
	RecoveryKey() string
	// IsRecoveryEnd reports whether typed are its last eight characters.
	IsRecoveryEnd(typed string) bool
	// RecoveryConfirmed returns when somebody proved to have the sheet; the zero
	// time if nobody has.
	RecoveryConfirmed(ctx context.Context) (time.Time, error)
	// ConfirmRecovery notes that somebody has. KeyShown notes that somebody saw it.
	ConfirmRecovery(ctx context.Context) error
	KeyShown(ctx context.Context) error
}

// recoveryPage is the sheet to print and keep.
type recoveryPage struct {
	view
	// Fresh: the user proved a moment ago who he is, and need not do it again.
	Fresh bool
	// External is what the service is called where he can, if he has no password.
	External string
	// Key is in groups; nil before the password was given.
	Key       []string
	QR        qr
	Printed   string
	Confirmed bool
	// From is "start" and Steps is set if it is one of the first steps.
	From  string
	Steps steps
}

// keyGroup is how many characters of the key stand together on the sheet: the last
// group is what is asked for to confirm it.
const keyGroup = 8

// keyStart begins every key; it stands in the first group.
const keyStart = "AGE-SECRET-KEY-1"

func (s *Server) recoveryPage(c echo.Context) (*recoveryPage, error) {
	if !principal(c).MayAdminister() || principal(c).Via != account.BySession {
		return nil, account.ErrForbidden
	}
	at, err := s.cfg.Keys.RecoveryConfirmed(c.Request().Context())
	if err != nil {
		return nil, err
	}
	p := &recoveryPage{view: s.view(c, "page.recovery"), Confirmed: !at.IsZero(), Fresh: s.isFresh(c), External: s.confirmedAt(c)}
	p.Script = pagesScript
	p.From, p.Steps = beganWith(c, stepSheet)
	return p, nil
}

func (s *Server) showRecovery(c echo.Context) error {
	p, err := s.recoveryPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "recovery-sheet", p)
}

// openRecovery shows the key to an admin who has just given his password, here or at
// the service through which he signs in, or takes his proof that he has the sheet.
func (s *Server) openRecovery(c echo.Context) error {
	p, err := s.recoveryPage(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if c.FormValue("step") == "confirm" {
		return s.confirmRecovery(c, p)
	}
	if err := s.prove(c); err != nil {
		return s.complain(c, "recovery-sheet", &p.view, func() any { return p }, err)
	}
	if err := s.cfg.Keys.KeyShown(ctx); err != nil {
		return err
	}
	if err := p.reveal(s.cfg.Keys.RecoveryKey(), time.Now()); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "recovery-sheet", p)
}

func (s *Server) confirmRecovery(c echo.Context, p *recoveryPage) error {
	if !s.cfg.Keys.IsRecoveryEnd(c.FormValue("end")) {
		p.Problem = p.T("page.sheet_wrong")
		return s.show(c, http.StatusUnprocessableEntity, "recovery-sheet", p)
	}
	if err := s.cfg.Keys.ConfirmRecovery(c.Request().Context()); err != nil {
		return err
	}
	if p.From != "" {
		all, err := s.startSteps(c)
		if err != nil {
			return err
		}
		all.At = stepSheet
		return see(c, "start?step="+all.Next())
	}
	p.Confirmed, p.Done = true, p.T("page.sheet_thanks")
	return s.show(c, http.StatusOK, "recovery-sheet", p)
}

// prove returns nil for a user who proves that it is he: by his password, which he
// has typed, or where he has none by a proof elsewhere a moment ago.
func (s *Server) prove(c echo.Context) error {
	err := s.cfg.Accounts.Confirm(c.Request().Context(), c.FormValue("password"))
	if errors.Is(err, account.ErrNoPassword) && s.isFresh(c) {
		return nil
	}
	if errors.Is(err, account.ErrNoPassword) {
		return account.ErrUnconfirmed
	}
	return err
}

// isFresh reports whether the user proved a moment ago who he is.
func (s *Server) isFresh(c echo.Context) bool {
	_, session, err := s.cfg.Accounts.BySession(c.Request().Context(), sessionSecret(c), c.RealIP())
	return err == nil && session.Confirmed(time.Now())
}

// confirmedAt returns what the other service is called where the user can prove anew
// who he is, "" if he has a password here or did not come from there: a proxy's word
// is none for that.
func (s *Server) confirmedAt(c echo.Context) string {
	u := principal(c).User
	if s.cfg.External == nil || u.Password != "" || u.External == "" || strings.HasPrefix(u.External, account.IssuerProxy+"\n") {
		return ""
	}
	return s.cfg.ExternalName
}

// reveal puts the key on the page.
func (p *recoveryPage) reveal(key string, now time.Time) (err error) {
	p.QR, err = newQR(key)
	first := len(keyStart) + (len(key)-len(keyStart))%keyGroup
	p.Key = []string{key[:first]}
	for key = key[first:]; key != ""; key = key[keyGroup:] {
		p.Key = append(p.Key, key[:keyGroup])
	}
	p.Printed = p.words.Time(now)
	return err
}
