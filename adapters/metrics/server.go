package metrics

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Path is where the figures are.
const Path = "/metrics"

const (
	// readTimeout and writeTimeout bound a request; a scrape takes milliseconds.
	readTimeout  = 5 * time.Second
	writeTimeout = 15 * time.Second
	idleTimeout  = 2 * time.Minute
	maxHeader    = 8 << 10
	// gatherTimeout is after how long a scrape is told to come again.
	gatherTimeout = 10 * time.Second
	// scrapesAtOnce is how many are answered at a time.
	scrapesAtOnce = 4
)

// Server answers scrapes, and nothing else.
type Server struct{ http *http.Server }

// Server returns a server that shows the figures to whoever has the token; with
// token "" to everybody.
func (m *Metrics) Server(token string) *Server {
	return &Server{http: &http.Server{
		Handler:           m.handler(token),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(m.cfg.Logger.Handler(), slog.LevelDebug),
	}}
}

func (m *Metrics) handler(token string) http.Handler {
	show := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:      slog.NewLogLogger(m.cfg.Logger.Handler(), slog.LevelError),
		ErrorHandling: promhttp.ContinueOnError, // What can be told in trouble is told.
		// It is some 20 kB, mostly in the same house; packing it would take more
		// memory than all the rest of this.
		DisableCompression:  true,
		MaxRequestsInFlight: scrapesAtOnce,
		Timeout:             gatherTimeout,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if !allowed(r, token) {
			h.Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "the token of CZVM_METRICS_TOKEN is needed", http.StatusUnauthorized)
			return
		}
		show.ServeHTTP(w, r)
	})
	return mux
}

// allowed reports whether a request carries the token. How long it takes to say
// no tells nothing about the token, nor about its length.
func allowed(r *http.Request, token string) bool {
	if token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// Serve answers on l until Shutdown, then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown lets the scrapes under way finish, and returns when that is done or
// ctx has ended.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop the server of figures: %w", err), s.http.Close())
	}
	return nil
}
