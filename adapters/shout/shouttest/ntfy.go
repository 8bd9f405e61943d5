package shouttest

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// NtfyConfig says who may publish. With no Token and no User everybody may.
type NtfyConfig struct {
	Token          string
	User, Password string
}

// Ntfy plays an ntfy server: messages come by POST or PUT to /topic, can be
// fetched from /topic/json?poll=1, and are shown at / as a phone would.
type Ntfy struct {
	peer
	cfg NtfyConfig
	mux *http.ServeMux
}

// ntfyBodyLimit is the server's default limit of a message, in bytes.
const ntfyBodyLimit = 4096

// NewNtfy returns an ntfy server without messages.
func NewNtfy(cfg NtfyConfig) *Ntfy {
	n := &Ntfy{cfg: cfg, mux: http.NewServeMux()}
	n.mux.HandleFunc("GET /{$}", n.inbox)
	n.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	n.mux.HandleFunc("GET /v1/health", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, map[string]bool{"healthy": true})
	})
	n.mux.HandleFunc("GET /{topic}/json", n.poll)
	n.mux.HandleFunc("POST /{topic}", n.publishing)
	n.mux.HandleFunc("PUT /{topic}", n.publishing)
	n.mux.HandleFunc("/", n.unexpected)
	return n
}

// ServeHTTP implements http.Handler.
func (n *Ntfy) ServeHTTP(w http.ResponseWriter, r *http.Request) { n.mux.ServeHTTP(w, r) }

func (n *Ntfy) publishing(w http.ResponseWriter, r *http.Request) { n.serve(w, r, n.publish) }

// ntfyMessage is a message as the server gives it out.
type ntfyMessage struct {
	ID         string   `json:"id"`
	SequenceID string   `json:"sequence_id,omitempty"`
	Time       int64    `json:"time"`
	Expires    int64    `json:"expires"`
	Event      string   `json:"event"`
	Topic      string   `json:"topic"`
	Title      string   `json:"title,omitempty"`
	Message    string   `json:"message"`
	Priority   int      `json:"priority,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Click      string   `json:"click,omitempty"`
}

func (n *Ntfy) publish(w http.ResponseWriter, r *http.Request) {
	if !n.allowed(w, r) {
		return
	}
	topic := r.PathValue("topic")
	if !ntfyName(topic) {
		n.problem("topic is not valid")
		ntfyError(w, http.StatusBadRequest, 40009, "invalid request: topic invalid")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		n.problem("cannot read the body: %v", err)
		return
	}
	m := Message{
		ID: r.Header.Get("X-Sequence-ID"), To: topic, Text: string(body), Title: n.header(r, "Title"),
		Link: n.header(r, "Click"), Priority: n.priority(n.header(r, "Priority")), Tags: splitTags(n.header(r, "Tags")),
	}
	n.check(m)
	if m.Priority == 0 {
		ntfyError(w, http.StatusBadRequest, 40007, "invalid priority parameter")
		return
	}
	n.accept(m)
	answerJSON(w, http.StatusOK, ntfyView(m))
}

// check writes down what a real server would take but change.
func (n *Ntfy) check(m Message) {
	if m.ID != "" && !ntfyName(m.ID) {
		n.problem("sequence ID is not valid")
	}
	if !utf8.ValidString(m.Text) || len(m.Text) > ntfyBodyLimit {
		n.problem("the message would become an attachment: %d bytes", len(m.Text))
	}
	if u, err := url.Parse(m.Link); err != nil || m.Link != "" && u.Host == "" {
		n.problem("the click link is no URL")
	}
}

// header returns a header under its plain or its X- name, decoded.
func (n *Ntfy) header(r *http.Request, name string) string {
	value := r.Header.Get(name)
	if value == "" {
		value = r.Header.Get("X-" + name)
	}
	if strings.ContainsFunc(value, func(c rune) bool { return c > 0x7e }) {
		n.problem("header %s is not ASCII", name)
	}
	decoded, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		n.problem("header %s is not encoded well: %v", name, err)
		return value
	}
	return decoded
}

// priority reads 1 to 5 or their names; 0 for anything else.
func (n *Ntfy) priority(value string) int {
	switch strings.ToLower(value) {
	case "", "default":
		return 3
	case "min":
		return 1
	case "low":
		return 2
	case "high":
		return 4
	case "max", "urgent":
		return 5
	}
	p, err := strconv.Atoi(value)
	if err != nil || p < 1 || p > 5 {
		n.problem("priority is not valid")
		return 0
	}
	return p
}

// allowed checks the login; a token also counts as a password without a user.
func (n *Ntfy) allowed(w http.ResponseWriter, r *http.Request) bool {
	if n.cfg.Token == "" && n.cfg.User == "" {
		return true
	}
	user, password, basic := r.BasicAuth()
	token := bearer(r)
	if basic && user == "" {
		token = password
	}
	switch {
	case r.Header.Get("Authorization") == "":
		ntfyError(w, http.StatusForbidden, 40301, "forbidden")
	case n.cfg.Token != "" && token == n.cfg.Token, n.cfg.User != "" && user == n.cfg.User && password == n.cfg.Password:
		return true
	default:
		ntfyError(w, http.StatusUnauthorized, 40101, "unauthorized")
	}
	return false
}

// poll gives out the messages of a topic, one JSON object a line.
func (n *Ntfy) poll(w http.ResponseWriter, r *http.Request) {
	if !n.allowed(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	for _, m := range n.Messages() {
		if m.To == r.PathValue("topic") {
			_ = enc.Encode(ntfyView(m))
		}
	}
}

func ntfyView(m Message) ntfyMessage {
	at := m.At
	if at.IsZero() {
		at = time.Now()
	}
	return ntfyMessage{
		ID: newID(), SequenceID: m.ID, Time: at.Unix(), Expires: at.Add(12 * time.Hour).Unix(), Event: "message",
		Topic: m.To, Title: m.Title, Message: m.Text, Priority: m.Priority, Tags: m.Tags, Click: m.Link,
	}
}

func ntfyError(w http.ResponseWriter, status, code int, text string) {
	answerJSON(w, status, map[string]any{
		"code": code, "http": status, "error": text, "link": "https://ntfy.sh/docs/publish/",
	})
}

// ntfyName reports whether s may be a topic or a sequence ID.
func ntfyName(s string) bool {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, bad)
}

func splitTags(s string) []string {
	var tags []string
	for tag := range strings.SplitSeq(s, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}
