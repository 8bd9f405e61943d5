package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/locale"
)

// Hindrance is why the appliance cannot begin its work.
type Hindrance string

// The hindrances. Each has a sentence in the catalogues.
const (
	// NeedsPassphrase: the key is protected, and nobody has given the passphrase yet.
	NeedsPassphrase Hindrance = "locked_passphrase"
	// KeyMissing, KeyWrong, KeyExposed and KeyUnreadable: what is wrong with the key file.
	KeyMissing    Hindrance = "locked_missing"
	KeyWrong      Hindrance = "locked_wrong"
	KeyExposed    Hindrance = "locked_exposed"
	KeyUnreadable Hindrance = "locked_bad"
	// StoreDamaged and StoreGone: there are no data to work on.
	StoreDamaged Hindrance = "damaged_lead"
	StoreGone    Hindrance = "gone_lead"
)

// Locked reports whether it lies with the key.
func (h Hindrance) Locked() bool { return strings.HasPrefix(string(h), "locked_") }

// code is what programs are told.
func (h Hindrance) code() string {
	switch {
	case h.Locked():
		return "locked"
	case h == StoreGone:
		return "gone"
	}
	return "damaged"
}

// WaitingConfig is what NewWaiting needs.
type WaitingConfig struct {
	Hindrance Hindrance
	// Backup is the name of the newest good backup, "" if there is none; Command
	// puts it back.
	Backup, Command string
	// Unlock takes the passphrase; its error says that it is the wrong one, or is
	// that of ctx. Nil where there is none to give.
	Unlock func(ctx context.Context, passphrase string) error
	// Limit says how often that may be tried. Must not be nil.
	Limit *UnlockLimit
	// Unlocked is called after Unlock has succeeded. Must not block.
	Unlocked   func()
	Catalogues *locale.Catalogues
	BaseURL    string
	// Proxies are those of Config.
	Proxies []netip.Prefix
	Logger  *slog.Logger
}

// unlockPatience is how long a passphrase may wait until those before it were tried.
const unlockPatience = 30 * time.Second

// waiting is what an appliance that cannot work shows.
type waiting struct {
	*Server
	cfg WaitingConfig
}

// NewWaiting returns a server for an appliance that cannot begin its work: it
// says why, takes the passphrase of the key, and does nothing else.
func NewWaiting(c WaitingConfig) (*Server, error) {
	s, err := bare(Config{
		Catalogues: c.Catalogues, BaseURL: c.BaseURL, Proxies: c.Proxies, Logger: c.Logger, Hub: NewHub(), MaxBody: defaultMaxBody,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the web server: %w", err)
	}
	w := &waiting{Server: s, cfg: c}
	e := s.echo
	e.Use(s.observe, s.harden, s.recoverPanic, s.sameOrigin)
	e.Match([]string{http.MethodGet, http.MethodHead}, assetPath, s.showAsset)
	e.Match([]string{http.MethodGet, http.MethodHead}, manifestPath, s.showManifest)
	e.Match([]string{http.MethodGet, http.MethodHead}, "/healthz", func(c echo.Context) error {
		return c.JSON(http.StatusOK, healthView{Status: "ok"}) // Starting it again mends nothing.
	})
	e.Match([]string{http.MethodGet, http.MethodHead}, "/readyz", func(echo.Context) error { return w.problem() })
	e.POST("/unlock", w.unlock)
	e.Any(apiPath+"/*", func(echo.Context) error { return w.problem() })
	e.GET("/*", func(c echo.Context) error { return w.page(c, http.StatusServiceUnavailable, "") })
	return s, nil
}

// problem says to programs what hinders.
func (w *waiting) problem() error {
	text := w.words.Text("page." + string(w.cfg.Hindrance))
	return &problem{Status: http.StatusServiceUnavailable, Code: w.cfg.Hindrance.code(), Detail: text, Reasons: []string{w.cfg.Hindrance.code()}}
}

// waitingPage says what hinders, and what to do.
type waitingPage struct {
	view
	Lead, Backup, Command string
	Passphrase            bool
}

func (w *waiting) page(c echo.Context, status int, problem string) error {
	title := "page.damaged"
	if w.cfg.Hindrance.Locked() {
		title = "page.locked"
	} else if w.cfg.Hindrance == StoreGone {
		title = "page.gone"
	}
	p := &waitingPage{
		view: w.view(c, title), Lead: "page." + string(w.cfg.Hindrance), Backup: w.cfg.Backup, Command: w.cfg.Command,
		Passphrase: w.cfg.Hindrance == NeedsPassphrase && w.cfg.Unlock != nil,
	}
	if !w.cfg.Hindrance.Locked() && p.Backup == "" {
		p.Lead = "page.damaged_none"
	}
	p.Problem = problem
	if h := c.Response().Header(); h.Get(echo.HeaderRetryAfter) == "" {
		h.Set(echo.HeaderRetryAfter, "10")
	}
	return w.show(c, status, "waiting", p)
}

// unlock takes the passphrase.
func (w *waiting) unlock(c echo.Context) error {
	if w.cfg.Hindrance != NeedsPassphrase || w.cfg.Unlock == nil {
		return echo.ErrNotFound
	}
	if wait := w.cfg.Limit.begin(c.RealIP(), time.Now()); wait > 0 {
		return w.later(c, wait)
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), unlockPatience)
	defer cancel()
	err := w.cfg.Unlock(ctx, c.FormValue("passphrase"))
	switch {
	case err != nil && errors.Is(err, ctx.Err()):
		return w.later(c, unlockEveryAll)
	case err != nil:
		w.cfg.Logger.Warn("a wrong passphrase was given", slog.String("address", account.Network(c.RealIP())))
		return w.page(c, http.StatusForbidden, w.speak(c).Text("problem.passphrase"))
	}
	w.cfg.Unlocked()
	// The page comes again when the appliance has begun its work.
	c.Response().Header().Set("Refresh", "3; url=./")
	return w.page(c, http.StatusOK, "")
}

// later refuses a passphrase that came too soon, and names the way that is always open.
func (w *waiting) later(c echo.Context, wait time.Duration) error {
	seconds := int(math.Ceil(wait.Seconds()))
	c.Response().Header().Set(echo.HeaderRetryAfter, fmt.Sprint(seconds))
	return w.page(c, http.StatusTooManyRequests, w.speak(c).Text("problem.unlock_wait", "count", seconds))
}
