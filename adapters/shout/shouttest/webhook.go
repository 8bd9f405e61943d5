package shouttest

import (
	"encoding/json"
	"net/http"
)

// WebhookConfig says what a request must bring along.
type WebhookConfig struct {
	// URI is the path and query the requests must have; "" for any.
	URI string
	// Header are the headers they must have.
	Header http.Header
}

// Webhook plays a receiver of webhooks.
type Webhook struct {
	peer
	cfg WebhookConfig
}

// NewWebhook returns a receiver without messages.
func NewWebhook(cfg WebhookConfig) *Webhook { return &Webhook{cfg: cfg} }

// ServeHTTP implements http.Handler.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r, h.receive) }

func (h *Webhook) receive(w http.ResponseWriter, r *http.Request) {
	if h.cfg.URI != "" && r.URL.RequestURI() != h.cfg.URI {
		http.Error(w, "no such hook", http.StatusNotFound)
		return
	}
	for name, values := range h.cfg.Header {
		if r.Header.Get(name) != values[0] {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		h.problem("unexpected %s of %s", r.Method, r.Header.Get("Content-Type"))
	}
	var m struct {
		ID       string   `json:"id"`
		Title    string   `json:"title"`
		Message  string   `json:"message"`
		Priority int      `json:"priority"`
		Tags     []string `json:"tags"`
		Link     string   `json:"link"`
		Time     string   `json:"time"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		h.problem("the body is not of the promised form: %v", err)
		http.Error(w, "not of the promised form", http.StatusBadRequest)
		return
	}
	h.accept(Message{
		ID: m.ID, To: r.URL.Path, Title: m.Title, Text: m.Message, Priority: m.Priority, Tags: m.Tags, Link: m.Link,
	})
	w.WriteHeader(http.StatusNoContent)
}
