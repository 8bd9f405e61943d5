package portaltest_test

import (
	"encoding/json"
	"testing"

	"cz-visa-monitor/adapters/portal/portaltest"

	"github.com/google/go-cmp/cmp"
)

// TestProblems finds every request that the page would not send.
func TestProblems(t *testing.T) {
	t.Parallel()
	const path = portaltest.QuestionPath
	tests := []struct {
		name                           string
		method, url, contentType, body string
		status                         int
		problem                        string
	}{
		{"unknown path", "GET", "/wp-admin", "", "", 404, "unexpected request GET /wp-admin"},
		{"unknown file", "GET", "/__replica/nothing.js", "", "", 404, "unexpected request GET /__replica/nothing.js"},
		{"template", "GET", "/__replica/shell.html", "", "", 404, "unexpected request GET /__replica/shell.html"},
		{"page by POST", "POST", portaltest.PathEN, "", "", 404, "unexpected request POST " + portaltest.PathEN},
		{"question by GET", "GET", question, "application/json", token, 400, "question: the method is GET, not POST"},
		{"unknown parameter", "POST", question + "&lang=en", "application/json", token, 400, `question: the query has the parameter "lang" 1 times`},
		{"parameter twice", "POST", question + "&zov=X", "application/json", token, 400, `question: the query has the parameter "zov" 2 times`},
		{"parameter missing", "POST", path + "?zov=X", "application/json", token, 400, "question: the query lacks a parameter"},
		{"content type", "POST", question, "text/plain", token, 400, `question: the content type is "text/plain", not application/json`},
		{"no JSON", "POST", question, "application/json", "x", 400, "question: read the body: invalid character 'x' looking for beginning of value"},
		{"unknown field", "POST", question, "application/json", `{"x":1}`, 400, `question: read the body: json: unknown field "x"`},
		{"no token", "POST", question, "application/json", `{}`, 400, "question: the captcha token is missing or was not made by the page"},
		{
			"token of another action", "POST", question, "application/json", `{"captcha":"replica.login.x"}`, 400,
			"question: the captcha token is missing or was not made by the page",
		},
		{
			"both sections", "POST", path + "?idCj=90001&database=DP&year=2025&zov=" + zov, "application/json", token, 404,
			"question: both sections of the form were filled in",
		},
		{
			"neither section", "POST", path + "?idCj=90001&database=&year=2025&zov=", "application/json", token, 404,
			"question: no section of the form was filled in completely",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, portaltest.Config{})
			status, _, _ := send(t, tt.method, srv.URL+tt.url, tt.contentType, tt.body)
			if status != tt.status {
				t.Errorf("status = %d, want %d", status, tt.status)
			}
			if diff := cmp.Diff([]string{tt.problem}, srv.Problems()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRedirect is the second half of S23, and the addresses without their slash.
func TestRedirect(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{})
	for _, tt := range []struct {
		from   string
		status int
		to     string
	}{
		{portaltest.PathRedirect, 301, portaltest.PathEN},
		{portaltest.PathRedirect + "/", 301, portaltest.PathEN},
		{"/", 301, portaltest.PathEN},
		{"/en/status-of-your-application", 307, portaltest.PathEN},
		{"/informace-o-stavu-rizeni", 307, portaltest.PathCS},
	} {
		status, header, _ := send(t, "GET", srv.URL+tt.from, "", "")
		if status != tt.status || header.Get("Location") != tt.to {
			t.Errorf("%s: status %d to %q", tt.from, status, header.Get("Location"))
		}
	}
	if problems := srv.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}

// TestConfig covers what nobody knows about the real portal.
func TestConfig(t *testing.T) {
	t.Parallel()
	granted := portaltest.Answer{Outcome: portaltest.Granted}
	tests := []struct {
		name   string
		cfg    portaltest.Config
		query  string
		status int
		state  string
	}{
		{"leading zero", portaltest.Config{}, "?idCj=090001&database=DP&year=2025&zov=", 404, "ENTITY_NOT_EXIST"},
		{"leading zero accepted", portaltest.Config{AcceptLeadingZeros: true}, "?idCj=090001&database=DP&year=2025&zov=", 200, "APPROVED"},
		{"status of not found", portaltest.Config{NotFoundStatus: 422}, "?idCj=&database=&year=&zov=ZZZZ202508149002", 422, "ENTITY_NOT_EXIST"},
		{"both, ŽOV wins", portaltest.Config{}, "?idCj=90001&database=DP&year=2025&zov=ZZZZ202508149002", 404, "ENTITY_NOT_EXIST"},
		{"both, OAM wins", portaltest.Config{OAMWins: true}, "?idCj=90001&database=DP&year=2025&zov=ZZZZ202508149002", 200, "APPROVED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, tt.cfg)
			srv.Script(oam, granted)
			status, _, body := send(t, "POST", srv.URL+portaltest.QuestionPath+tt.query, "application/json", token)
			var got answer
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if status != tt.status || got.State+got.Message != tt.state {
				t.Errorf("status %d, %q", status, got.State+got.Message)
			}
		})
	}
}
