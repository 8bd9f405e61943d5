// Package web is the appliance's door for people and programs: a JSON API under
// /api/v1, live events, health for whoever watches the process, and the
// pages. routes.go shows the whole surface.
package web

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/help"
	"cz-visa-monitor/app/locale"
)

// Config is what New needs. Everything must be set unless its comment says
// what holds otherwise.
type Config struct {
	// Watching changes what is watched, Applications reads it.
	Watching     Watching
	Applications Applications
	// Channels and Deliveries are the store's side of messages.
	Channels   Channels
	Deliveries Deliveries
	// Kinds are the kinds of channel there are. Validate says whether the kind
	// and the fields of a channel can be (*alert.FieldError if not), Test sends
	// a message through a channel and returns the server's answer, redacted.
	Kinds    []alert.ChannelKind
	Validate func(alert.Channel) error
	Test     func(context.Context, alert.Channel) error
	// Wake tells the dispatcher that there is something to send. Must not block.
	Wake func()
	// Source tells how the portal is doing, Notices what operators were told.
	Source  Source
	Notices Notices
	// Accounts knows who may use the appliance, and what each may do.
	Accounts *account.Service
	// Audit holds the audit trail against itself.
	Audit Audit
	// Pace is how many questions to the portal are asked a minute, 0 for no limit.
	Pace float64
	// People are those whose documents are kept; Zone is where they live.
	People People
	Zone   *time.Location
	// Shares are the links that show how an application stands.
	Shares Shares
	// Letters reads what people have been sent, for their numbers.
	Letters Letters
	// Backups, Exporter, Import and Eraser see to what leaves the appliance, what
	// comes in from there and what is to be gone; Trail notes that they did.
	Backups  Backups
	Exporter Exporter
	Import   Importer
	Eraser   Eraser
	Trail    Trail
	// Keys is the recovery key of the appliance, House what else is known of it.
	Keys  Keys
	House House
	// External is another service through which people may sign in, ExternalName
	// what it is called; nil for none. ProxyLogin says for whom a reverse proxy
	// at this address vouches, ok is false for nobody and for who is no proxy; an
	// error is why what its headers say cannot be believed; nil for none.
	// ProxyHeader is the one that names the user, to notice when it comes from who
	// is no proxy. RoleFor returns the role that the groups of such a user give
	// him, "" for none; nil where neither is used.
	External     External
	ExternalName string
	ProxyLogin   func(remote netip.Addr, header http.Header) (who account.Identity, ok bool, err error)
	ProxyHeader  string
	RoleFor      func(groups []string) account.Role
	// Proxies are the addresses of reverse proxies whose word on the address and
	// the encryption of a request counts; empty trusts none.
	Proxies []netip.Prefix
	// Store is asked by /healthz and /readyz, Running reports whether the
	// engine is at work.
	Store   Store
	Running func() bool
	// Hub carries the engine's events to the streams. Shutdown closes it.
	Hub *Hub
	// Catalogues put failures and the kinds of channel into words, and say which
	// languages messages can be in.
	Catalogues *locale.Catalogues
	// BaseURL is where people reach the appliance, "" if that is not known.
	// Links are never made from the Host header of a request.
	BaseURL string
	// Version of the program, shown to those who hold a token.
	Version string
	// MaxBody is the longest body of a request in bytes; 0 takes 64 KiB.
	MaxBody int64
	Logger  *slog.Logger
}

// The times and sizes of every connection.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 60 * time.Second // longer than testTimeout; streams have their own
	idleTimeout       = 2 * time.Minute
	maxHeader         = 16 << 10
	defaultMaxBody    = 64 << 10
)

// Server answers the requests. Make one with New.
type Server struct {
	cfg    Config
	echo   *echo.Echo
	http   *http.Server
	assets assets
	worker file
	help   *help.Book
	pages  *template.Template
	// fast packs the pages, small what is served as it is.
	fast, small *packer
	// spoken is what the page without a connection says, in every language.
	spoken func() []spoken
	logins seal
	words  *locale.Locale
	// root is the path under which browsers reach the appliance, host what the
	// configured address names, "" if there is none.
	root     string
	host     string
	guard    *guard
	letters  *guard
	origin   *http.CrossOriginProtection
	stopping atomic.Bool
	// heavyRuns are the requests that read or write all there is.
	heavyRuns heavyRuns
	// proxyWarnings are those about what a proxy says, or what seems to be one.
	proxyWarnings seldom
}

// New returns a server that listens to nothing yet. Its errors are mistakes in c.
func New(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("set up the web server: %w", err)
	}
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	s, err := bare(c)
	if err != nil {
		return nil, fmt.Errorf("set up the web server: %w", err)
	}
	s.help = help.New(c.Catalogues)
	s.routes()
	return s, nil
}

// bare returns a server without routes.
func bare(c Config) (*Server, error) {
	small := &packer{level: gzip.BestCompression}
	brought, err := loadAssets(small)
	if err != nil {
		return nil, err
	}
	worker, err := newWorker(small, brought)
	if err != nil {
		return nil, err
	}
	pages, err := loadPages()
	if err != nil {
		return nil, err
	}
	logins, err := newSeal()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: c, echo: echo.New(), assets: brought, worker: worker, pages: pages, fast: &packer{level: gzip.BestSpeed}, small: small, spoken: sync.OnceValue(func() []spoken { return speakAll(c.Catalogues) }), logins: logins, root: "/",
		words: c.Catalogues.For(locale.Fallback), guard: newGuard(), letters: newGuard(), origin: http.NewCrossOriginProtection(),
	}
	if err := s.trust(c.BaseURL); err != nil {
		return nil, err
	}
	s.echo.Logger.SetOutput(io.Discard) // It would write around our own log.
	s.echo.IPExtractor = realIP(c.Proxies)
	s.echo.HTTPErrorHandler = s.writeError
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// check reports everything that is missing.
func (c Config) check() error {
	var errs []error
	for _, need := range []struct {
		name    string
		missing bool
	}{
		{"Watching", c.Watching == nil},
		{"Applications", c.Applications == nil},
		{"Channels", c.Channels == nil},
		{"Deliveries", c.Deliveries == nil},
		{"Kinds", len(c.Kinds) == 0},
		{"Validate", c.Validate == nil},
		{"Test", c.Test == nil},
		{"Wake", c.Wake == nil},
		{"Source", c.Source == nil},
		{"Notices", c.Notices == nil},
		{"Accounts", c.Accounts == nil},
		{"Audit", c.Audit == nil},
		{"People", c.People == nil},
		{"Zone", c.Zone == nil},
		{"Shares", c.Shares == nil},
		{"Letters", c.Letters == nil},
		{"Backups", c.Backups == nil},
		{"Exporter", c.Exporter == nil},
		{"Import", c.Import == nil},
		{"Eraser", c.Eraser == nil},
		{"Trail", c.Trail == nil},
		{"Keys", c.Keys == nil},
		{"House", c.House == nil},
		{"RoleFor", c.RoleFor == nil && (c.External != nil || c.ProxyLogin != nil)},
		{"Store", c.Store == nil},
		{"Running", c.Running == nil},
		{"Hub", c.Hub == nil},
		{"Catalogues", c.Catalogues == nil},
		{"Logger", c.Logger == nil},
	} {
		if need.missing {
			errs = append(errs, fmt.Errorf("%s is missing", need.name))
		}
	}
	return errors.Join(errs...)
}

// trust lets pages of the configured address write, whatever Host header a
// proxy makes of it.
func (s *Server) trust(base string) error {
	if base == "" {
		return nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("the base URL %q is not of the form https://host/path", base)
	}
	s.root, s.host = strings.TrimRight(u.Path, "/")+"/", u.Host
	return s.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host)
}

// realIP returns what finds the address of a request: that of the connection or,
// where it is one of proxies, what these say.
func realIP(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// Handler returns the whole surface, for tests and other listeners.
func (s *Server) Handler() http.Handler { return s.echo }

// Serve answers on l until Shutdown, then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown ends the event streams, lets the requests under way finish, and
// returns when that is done or ctx has ended.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	s.cfg.Hub.Close()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop the web server: %w", err), s.http.Close())
	}
	return nil
}
