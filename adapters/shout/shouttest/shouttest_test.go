package shouttest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/shout/shouttest"
)

// ask sends one request to h and returns the status and the answer.
func ask(t *testing.T, h http.Handler, method, path, body string, headers ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(answer)
}

func TestInbox(t *testing.T) {
	t.Parallel()
	n := shouttest.NewNtfy(shouttest.NtfyConfig{})
	if code, page := ask(t, n, "GET", "/", ""); code != 200 || !strings.Contains(page, "No message yet") {
		t.Errorf("an empty inbox answers %d:\n%s", code, page)
	}
	ask(t, n, "POST", "/demo", "first <b>message</b>", "Title", "=?utf-8?q?P=C5=99edb=C4=9B=C5=BEn=C4=9B?=", "Priority", "5",
		"Tags", "tada,word", "Click", "javascript:alert(1)//")
	ask(t, n, "PUT", "/demo", "second", "X-Title", "Two")
	_, page := ask(t, n, "GET", "/", "")
	for _, want := range []string{"Předběžně", "🎉", "#word", "priority max", "first &lt;b&gt;message", `http-equiv="refresh"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the inbox lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "javascript:") || strings.Contains(page, "<b>message") {
		t.Errorf("a message became part of the page:\n%s", page)
	}
	if strings.Index(page, "second") > strings.Index(page, "first") {
		t.Error("the newest message is not on top")
	}
	_, polled := ask(t, n, "GET", "/demo/json?poll=1", "")
	if strings.Count(polled, "\n") != 2 || !strings.Contains(polled, `"message":"second"`) {
		t.Errorf("polled:\n%s", polled)
	}
	if code, _ := ask(t, n, "GET", "/v1/health", ""); code != 200 {
		t.Errorf("health answers %d", code)
	}
}

// The servers notice what real ones would refuse or change.
func TestProblems(t *testing.T) {
	t.Parallel()
	const token = "secret"
	tests := []struct {
		name         string
		server       http.Handler
		method, path string
		body         string
		headers      []string
		code         int
		problem      string
	}{
		{"ntfy: no such page", shouttest.NewNtfy(shouttest.NtfyConfig{}), "DELETE", "/x", "", nil, 404, "unexpected DELETE"},
		{"ntfy: topic", shouttest.NewNtfy(shouttest.NtfyConfig{}), "POST", "/a.b", "x", nil, 400, "topic"},
		{"ntfy: priority", shouttest.NewNtfy(shouttest.NtfyConfig{}), "POST", "/a", "x", []string{"Priority", "9"}, 400, "priority"},
		{"ntfy: raw UTF-8", shouttest.NewNtfy(shouttest.NtfyConfig{}), "POST", "/a", "x", []string{"Title", "ž"}, 200, "not ASCII"},
		{"ntfy: long", shouttest.NewNtfy(shouttest.NtfyConfig{}), "POST", "/a", strings.Repeat("x", 4097), nil, 200, "attachment"},
		{"ntfy: sequence", shouttest.NewNtfy(shouttest.NtfyConfig{}), "POST", "/a", "x", []string{"X-Sequence-ID", "a/b"}, 200, "sequence"},
		{"ntfy: link", shouttest.NewNtfy(shouttest.NtfyConfig{}), "POST", "/a", "x", []string{"Click", "page"}, 200, "click"},
		{"gotify: token in the URL", shouttest.NewGotify(shouttest.GotifyConfig{Token: token}), "POST", "/message?token=secret", "{}", nil, 401, "query"},
		{
			"gotify: form", shouttest.NewGotify(shouttest.GotifyConfig{Token: token}), "POST", "/message", "message=x",
			[]string{"X-Gotify-Key", token, "Content-Type", "application/x-www-form-urlencoded"},
			400, "content type",
		},
		{"matrix: token in the URL", shouttest.NewMatrix(shouttest.MatrixConfig{Token: token}), "POST", "/_matrix/client/v3/join/%23a?access_token=secret", "{}", nil, 401, "query"},
		{
			"matrix: no text", shouttest.NewMatrix(shouttest.MatrixConfig{Token: token, Rooms: map[string]string{"": "!a"}}), "PUT",
			"/_matrix/client/v3/rooms/!a/send/m.room.message/1", "{}",
			[]string{"Authorization", "Bearer secret"},
			400, "no text message",
		},
		{"matrix: other event", shouttest.NewMatrix(shouttest.MatrixConfig{Token: token}), "PUT", "/_matrix/client/v3/rooms/!a/state/x", "{}", nil, 404, "unexpected PUT"},
		{"webhook: other body", shouttest.NewWebhook(shouttest.WebhookConfig{}), "POST", "/", `{"other":1}`, []string{"Content-Type", "application/json"}, 400, "promised form"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, answer := ask(t, tt.server, tt.method, tt.path, tt.body, tt.headers...)
			if code != tt.code {
				t.Errorf("answered %d %s, want %d", code, answer, tt.code)
			}
			problems := tt.server.(interface{ Problems() []string }).Problems()
			if len(problems) == 0 || !strings.Contains(problems[0], tt.problem) {
				t.Errorf("problems are %q, want one with %q", problems, tt.problem)
			}
			if strings.Contains(strings.Join(problems, " "), token) {
				t.Errorf("a problem repeats the token: %q", problems)
			}
		})
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	n := shouttest.NewNtfy(shouttest.NtfyConfig{})
	n.Script(shouttest.Answer(500, "{}"), nil, shouttest.Answer(429, "{}"))
	n.Break(shouttest.Answer(503, "{}"))
	var codes []int
	for range 5 {
		code, _ := ask(t, n, "POST", "/a", "x")
		codes = append(codes, code)
	}
	n.Break(nil)
	code, _ := ask(t, n, "POST", "/a", "x")
	if diff := cmp.Diff([]int{500, 200, 429, 503, 503, 200}, append(codes, code)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if n.Requests() != 6 || len(n.Messages()) != 2 {
		t.Errorf("%d requests, messages %+v", n.Requests(), n.Messages())
	}
}
