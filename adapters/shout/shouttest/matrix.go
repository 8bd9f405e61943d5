package shouttest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// MatrixConfig says who may send where.
type MatrixConfig struct {
	// Token is an access token that holds; "" for none.
	Token string
	// User may log in with Password; "" for nobody.
	User, Password string
	// Rooms are the IDs of the rooms, by alias.
	Rooms map[string]string
}

// Matrix plays a Matrix home server.
type Matrix struct {
	peer
	cfg MatrixConfig
	mux *http.ServeMux
	// session is the token of the last login; mu guards it.
	session string
}

// NewMatrix returns a home server without messages.
func NewMatrix(cfg MatrixConfig) *Matrix {
	m := &Matrix{cfg: cfg, mux: http.NewServeMux()}
	const base = "/_matrix/client/v3"
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET " + base + "/login":                                  m.flows,
		"POST " + base + "/login":                                 m.login,
		"POST " + base + "/join/{alias}":                          m.join,
		"PUT " + base + "/rooms/{room}/send/m.room.message/{txn}": m.send,
	} {
		m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, handler) })
	}
	m.mux.HandleFunc("/", m.unexpected)
	return m
}

// ServeHTTP implements http.Handler.
func (m *Matrix) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

func (m *Matrix) flows(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{"flows": []map[string]string{{"type": "m.login.password"}}})
}

func (m *Matrix) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Type       string `json:"type"`
		Identifier struct {
			Type string `json:"type"`
			User string `json:"user"`
		} `json:"identifier"`
		Password string `json:"password"`
		DeviceID string `json:"device_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Type != "m.login.password" || in.Identifier.Type != "m.id.user" {
		m.problem("the login is not of a known form")
		matrixError(w, http.StatusBadRequest, "M_BAD_JSON", "not a login")
		return
	}
	if m.cfg.User == "" || in.Identifier.User != m.cfg.User || in.Password != m.cfg.Password {
		matrixError(w, http.StatusForbidden, "M_FORBIDDEN", "Invalid username or password")
		return
	}
	m.mu.Lock()
	m.session = "syt_" + newID()
	token := m.session
	m.mu.Unlock()
	answerJSON(w, http.StatusOK, map[string]string{
		"access_token": token, "user_id": "@" + in.Identifier.User + ":example.com", "device_id": in.DeviceID,
	})
}

// allowed checks the access token, which must not stand in the URL.
func (m *Matrix) allowed(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.RawQuery != "" {
		m.problem("the query is not empty: a token there ends up in logs")
	}
	m.mu.Lock()
	session := m.session
	m.mu.Unlock()
	token := bearer(r)
	if token == "" {
		matrixError(w, http.StatusUnauthorized, "M_MISSING_TOKEN", "Missing access token")
		return false
	}
	if token != m.cfg.Token && token != session {
		matrixError(w, http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Unrecognised access token")
		return false
	}
	return true
}

func (m *Matrix) join(w http.ResponseWriter, r *http.Request) {
	if !m.allowed(w, r) {
		return
	}
	room, ok := m.cfg.Rooms[r.PathValue("alias")]
	if !ok {
		matrixError(w, http.StatusNotFound, "M_NOT_FOUND", "Room alias not found")
		return
	}
	answerJSON(w, http.StatusOK, map[string]string{"room_id": room})
}

func (m *Matrix) send(w http.ResponseWriter, r *http.Request) {
	if !m.allowed(w, r) {
		return
	}
	room := r.PathValue("room")
	if !m.knows(room) {
		matrixError(w, http.StatusForbidden, "M_FORBIDDEN", "User not in room")
		return
	}
	var in struct {
		MsgType string `json:"msgtype"`
		Body    string `json:"body"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.MsgType != "m.text" || in.Body == "" {
		m.problem("the event is no text message: %v", err)
		matrixError(w, http.StatusBadRequest, "M_BAD_JSON", "not a message")
		return
	}
	title, text, _ := strings.Cut(in.Body, "\n\n")
	m.accept(Message{ID: r.PathValue("txn"), To: room, Title: title, Text: text})
	answerJSON(w, http.StatusOK, map[string]string{"event_id": "$" + newID()})
}

func (m *Matrix) knows(room string) bool {
	for _, id := range m.cfg.Rooms {
		if id == room {
			return true
		}
	}
	return false
}

func matrixError(w http.ResponseWriter, status int, code, text string) {
	answerJSON(w, status, map[string]string{"errcode": code, "error": text})
}
