package portaltest_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"

	"github.com/google/go-cmp/cmp"
)

// control sends a change and returns the state.
func control(t *testing.T, srv *portaltest.Server, change string) map[string]any {
	t.Helper()
	status, _, body := send(t, "POST", srv.URL+portaltest.ControlPath, "application/json", change)
	if status != 200 {
		t.Fatalf("%s: status %d, %s", change, status, body)
	}
	var state map[string]any
	if err := json.Unmarshal([]byte(body), &state); err != nil {
		t.Fatal(err)
	}
	return state
}

// TestControl scripts a replica over HTTP as from Go, and reads back what came.
func TestControl(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{})
	state := control(t, srv, `{
		"scripts": {"OAM-90001-6/DP-2025": [{"outcome": "in_progress", "stale_for": "forever"}, {"outcome": "granted", "delay": "1ms"}]},
		"page": {"generation": "v3", "form_delay": "5s", "cookies": "late", "cookies_delay": "1m30s", "missing": ["DP"],
			"captcha_delay": "2s", "disable_button": true, "working": "Wait", "dialog": "on_leave", "popup": true, "options_delay": "3s"},
		"latency": "2ms", "default": {"outcome": "refused"}}`)
	want := map[string]any{
		"page": map[string]any{
			"generation": "v3", "form_delay": "5s", "cookies": "late", "cookies_delay": "1m30s", "missing": []any{"DP"},
			"captcha_delay": "2s", "disable_button": true, "working": "Wait", "dialog": "on_leave", "popup": true, "options_delay": "3s",
		},
		"latency":    "2ms",
		"default":    map[string]any{"outcome": "refused"},
		"broken":     nil,
		"scripts":    map[string]any{oam: []any{map[string]any{"outcome": "in_progress", "stale_for": "forever"}, map[string]any{"outcome": "granted", "delay": "1ms"}}},
		"asked":      map[string]any{},
		"requests":   []any{},
		"page_loads": 0.0, "images": 0.0, "fonts": 0.0, "swallowed": 0.0,
		"problems": nil,
	}
	if diff := cmp.Diff(want, state); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}

	if _, got := ask(t, srv, oam); got.State != "INPROGRESS" || got.Alert.StaleMS != -1 {
		t.Errorf("scripted answer = %+v", got)
	}
	if _, got := ask(t, srv, zov); got.State != "REJECTED" {
		t.Errorf("default answer = %+v", got)
	}
	control(t, srv, `{"break": {"fault": "too_many_requests", "retry_after_seconds": 30}}`)
	if status, header, _ := send(t, "POST", srv.URL+question, "application/json", token); status != 429 || header.Get("Retry-After") != "30" {
		t.Errorf("broken: status %d, Retry-After %q", status, header.Get("Retry-After"))
	}
	state = control(t, srv, `{"mend": true}`)
	if diff := cmp.Diff(map[string]any{oam: 1.0, zov: 2.0}, state["asked"]); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if _, got := ask(t, srv, oam); got.State != "APPROVED" {
		t.Errorf("second scripted answer = %+v", got)
	}

	_, _, body := send(t, "GET", srv.URL+portaltest.ControlPath, "", "")
	wantIn(t, body, `"asked":{"OAM-90001/DP-2025":2,"ZZZZ202508149001":2}`, `"number":"OAM-90001/DP-2025","status":200`,
		`"fault":"too_many_requests","status":429`)
	if state := control(t, srv, `{"reset": true}`); len(state["scripts"].(map[string]any)) != 0 || len(state["requests"].([]any)) != 0 {
		t.Errorf("state after a reset = %v", state)
	}
}

// TestControlRefuses finds that a wrong change is refused whole, with the reason.
func TestControlRefuses(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{})
	tests := []struct{ name, contentType, body, reason string }{
		{"content type", "text/plain", `{"reset": true}`, "application/json"},
		{"no JSON", "application/json", `reset`, "invalid character"},
		{"two values", "application/json", `{} {}`, "something after"},
		{"unknown field", "application/json", `{"rest": true}`, `unknown field "rest"`},
		{"unknown field of an answer", "application/json", `{"default": {"outcom": "granted"}}`, `unknown field "outcom"`},
		{"unknown field of a page", "application/json", `{"page": {"from_delay": "1s"}}`, `unknown field "from_delay"`},
		{"unknown outcome", "application/json", `{"latency": "1h", "scripts": {"ZZZZ202508149001": [{"outcome": "grantd"}]}}`, `answer 1 about ZZZZ202508149001: unknown outcome "grantd"`},
		{"unknown fault", "application/json", `{"break": {"fault": "maintenance"}}`, `break: fault "maintenance" does not fit`},
		{"unknown kind", "application/json", `{"default": {"kind": "info"}}`, `unknown kind of alert "info"`},
		{"unknown generation", "application/json", `{"page": {"generation": "v4"}}`, `unknown generation "v4"`},
		{"unknown language", "application/json", `{"page": {"language": "uk"}}`, `unknown language "uk"`},
		{"unknown cookies", "application/json", `{"page": {"cookies": "none"}}`, `unknown cookie dialog "none"`},
		{"unknown layout", "application/json", `{"page": {"layout": "new"}}`, `unknown layout "new"`},
		{"unknown dialog", "application/json", `{"page": {"dialog": "always"}}`, `unknown dialog "always"`},
		{"unknown page fault", "application/json", `{"page": {"fault": "captcha_denied"}}`, `unknown fault of a page "captcha_denied"`},
		{"duration", "application/json", `{"latency": "soon"}`, `invalid duration "soon"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, _, body := send(t, "POST", srv.URL+portaltest.ControlPath, tt.contentType, tt.body)
			if status < 400 || !strings.Contains(body, tt.reason) {
				t.Errorf("status %d, %q, want %q", status, body, tt.reason)
			}
		})
	}
	if state := control(t, srv, `{}`); state["latency"] != "0s" {
		t.Errorf("a refused change was done in part: %v", state)
	}
}

// TestJournalIsBounded asks more often than the journal keeps, as the demo does
// over the days.
func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{})
	for range 12_000 {
		req := httptest.NewRequestWithContext(t.Context(), "POST", question, strings.NewReader(token))
		req.Header.Set("Content-Type", "application/json")
		srv.ServeHTTP(httptest.NewRecorder(), req)
	}
	if n := len(srv.Requests()); n < 5_000 || n > 10_000 {
		t.Errorf("%d requests are kept", n)
	}
	if n := srv.Asked(zov); n != 12_000 {
		t.Errorf("asked %d times", n)
	}
	if last := srv.Requests()[len(srv.Requests())-1]; time.Since(last.At) > time.Minute {
		t.Errorf("the last request kept is from %v", last.At)
	}
}
