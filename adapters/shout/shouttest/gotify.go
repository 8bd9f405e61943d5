package shouttest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// GotifyConfig says under which path the server lives ("" or "/gotify") and the
// token of its one application.
type GotifyConfig struct {
	Path  string
	Token string
}

// Gotify plays a Gotify server.
type Gotify struct {
	peer
	cfg GotifyConfig
	mux *http.ServeMux
}

// NewGotify returns a Gotify server without messages.
func NewGotify(cfg GotifyConfig) *Gotify {
	g := &Gotify{cfg: cfg, mux: http.NewServeMux()}
	g.mux.HandleFunc("POST "+cfg.Path+"/message", func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, g.create) })
	g.mux.HandleFunc("/", g.unexpected)
	return g
}

// ServeHTTP implements http.Handler.
func (g *Gotify) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

func (g *Gotify) create(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		g.problem("the query is not empty: a token there ends up in logs")
	}
	if r.Header.Get("X-Gotify-Key") != g.cfg.Token {
		gotifyError(w, http.StatusUnauthorized, "Unauthorized", "you need to provide a valid access token or user credentials to access this api")
		return
	}
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		g.problem("content type is %q", kind)
	}
	var in struct {
		Message  string         `json:"message"`
		Title    string         `json:"title"`
		Priority int            `json:"priority"`
		Date     *time.Time     `json:"date"`
		Extras   map[string]any `json:"extras"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil || in.Message == "" {
		g.problem("the body is no message: %v", err)
		gotifyError(w, http.StatusBadRequest, "Bad Request", "Field 'message' is required")
		return
	}
	m := Message{Title: in.Title, Text: in.Message, Priority: in.Priority, Link: clickURL(in.Extras)}
	g.accept(m)
	answerJSON(w, http.StatusOK, map[string]any{
		"id": len(g.Messages()), "appid": 1, "message": in.Message, "title": in.Title, "priority": in.Priority,
		"extras": in.Extras, "date": time.Now().Format(time.RFC3339Nano),
	})
}

// clickURL returns extras["client::notification"]["click"]["url"].
func clickURL(extras map[string]any) string {
	notification, _ := extras["client::notification"].(map[string]any)
	click, _ := notification["click"].(map[string]any)
	link, _ := click["url"].(string)
	return link
}

func gotifyError(w http.ResponseWriter, status int, name, description string) {
	answerJSON(w, status, map[string]any{"error": name, "errorCode": status, "errorDescription": description})
}
