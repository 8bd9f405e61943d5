package portaltest

import (
	"html/template"
	"net/http"
	"sync"
	"time"
)

// ControlPath is where the replica is scripted over HTTP, with the power of the
// Go methods. GET tells what is scripted and what came; POST takes changes in
// JSON, of which reset and mend come first, and tells the same:
//
//	{"reset": true}
//	{"scripts": {"ZZZZ202508149001": [{"outcome": "not_found"}, {"outcome": "in_progress"}]}}
//	{"page": {"generation": "v3", "form_delay": "5s"}, "latency": "200ms", "default": {"delay": "20s"}}
//	{"break": {"fault": "too_many_requests", "retry_after_seconds": 30}}
//	{"mend": true}
//
// Durations are written as in Go, or "forever".
const ControlPath = "/__ctl"

// Config is what a Replica is made of. The zero value is a portal that works
// and knows no number.
type Config struct {
	// Page is what page loads bring; SetPage changes it later.
	Page Page
	// Latency is the time an answer takes; 0 means 50 ms, negative none.
	Latency time.Duration
	// Default is the answer about numbers without a script; the zero value is NotFound.
	Default Answer
	// NotFoundStatus is the HTTP status of a not-found answer. The real one is not
	// known, except that it is not 200; 0 means 404.
	NotFoundStatus int
	// AcceptLeadingZeros answers about 01234 as about 1234. The real portal does
	// not find such a number.
	AcceptLeadingZeros bool
	// OAMWins says which number is answered when both are filled in; what the real
	// portal does is not known.
	OAMWins bool
	// Now is the clock behind the dropdown of years; nil means time.Now.
	Now func() time.Time
}

// Replica is the portal, as an http.Handler. Its methods may be called at any
// time from any goroutine.
type Replica struct {
	cfg   Config
	mux   *http.ServeMux
	shell *template.Template

	mu     sync.Mutex
	script script
	log    journal
}

// New makes a Replica.
func New(cfg Config) *Replica {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NotFoundStatus == 0 {
		cfg.NotFoundStatus = http.StatusNotFound
	}
	r := &Replica{
		cfg:   cfg,
		mux:   http.NewServeMux(),
		shell: template.Must(template.ParseFS(files, "page/static/*.html")),
	}
	r.Reset()

	r.mux.HandleFunc("GET "+PathCS+"{$}", r.servePage("cs"))
	r.mux.HandleFunc("GET "+PathEN+"{$}", r.servePage("en"))
	for _, from := range []string{PathRedirect, PathRedirect + "/{$}", "/{$}"} {
		r.mux.Handle("GET "+from, http.RedirectHandler(PathEN, http.StatusMovedPermanently))
	}
	r.mux.HandleFunc("GET /__replica/{file}", r.serveAsset)
	r.mux.HandleFunc("POST /__replica/swallowed", r.serveSwallowed)
	r.mux.HandleFunc(QuestionPath, r.serveQuestion)
	r.mux.HandleFunc("GET "+ControlPath, r.serveState)
	r.mux.HandleFunc("POST "+ControlPath, r.serveChange)
	r.mux.HandleFunc("/", r.unexpected)
	return r
}

// ServeHTTP answers as the portal would.
func (r *Replica) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) }

// unexpected answers requests that a portal would not be asked.
func (r *Replica) unexpected(w http.ResponseWriter, req *http.Request) {
	r.problem("unexpected request %s %s", req.Method, req.URL.Path)
	http.NotFound(w, req)
}
