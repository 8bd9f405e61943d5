package portaltest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/visa"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	oam      = "OAM-90001/DP-2025"
	question = portaltest.QuestionPath + "?idCj=&database=&year=&zov=" + zov
	token    = `{"captcha":"replica.proceedings.test"}`
)

// answer is a response of the API as the page reads it.
type answer struct {
	State          string `json:"state"`
	Identification string `json:"identification"`
	Message        string `json:"message"`
	Alert          struct {
		Kind    string            `json:"kind"`
		HTML    map[string]string `json:"html"`
		StaleMS int               `json:"stale_ms"`
	} `json:"alert"`
}

// send sends a request and returns the status, the header and the body.
func send(t *testing.T, method, url, contentType, body string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, ""
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, ""
	}
	return resp.StatusCode, resp.Header, string(got)
}

// ask sends the form's question about a ŽOV number or, with oam, about OAM-90001/DP-2025.
func ask(t *testing.T, srv *portaltest.Server, number string) (int, answer) {
	t.Helper()
	query := "?idCj=&database=&year=&zov=" + number
	if number == oam {
		query = "?idCj=90001&database=DP&year=2025&zov="
	}
	status, _, body := send(t, "POST", srv.URL+portaltest.QuestionPath+query, "application/json", token)
	var a answer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("answer %d %q: %v", status, body, err)
	}
	return status, a
}

// TestOutcomes reads every wording (S1–S7, S24) in both languages and for both
// kinds of number.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		outcome portaltest.Outcome
		state   string
		kind    string
		cs, en  []string
	}{
		{"S1 not found", portaltest.NotFound, "", "error", []string{"nebylo nalezeno", "bez úvodních nul"}, []string{"not found</b>"}},
		{
			"S2 in progress", portaltest.InProgress, "INPROGRESS", "warning",
			[]string{"<b>zpracovává se</b>", "v-prubehu-rizeni"},
			[]string{"is still <b>being processed</b>", "application-being-processed"},
		},
		{
			"S3 granted", portaltest.Granted, "APPROVED", "success",
			[]string{"bylo <b>povoleno</b>", "spravni-rizeni/rizeni-povoleno/"},
			[]string{"was <b>granted</b>", "application-granted"},
		},
		{
			"S4 preliminarily positive", portaltest.PreliminarilyPositive, "PREAPPROVED", "success",
			[]string{"bylo <b>předběžně vyhodnoceno kladně</b>", "spravni-rizeni/rizeni-povoleno/"},
			[]string{"has been <b>preliminarily assessed positively</b>", "application-granted"},
		},
		{
			"S5 refused", portaltest.Refused, "REJECTED", "error",
			[]string{"bylo <b>nepovoleno</b>", "zamítlo", "zastavilo", "rizeni-nepovoleno"},
			[]string{"was <b>rejected</b> or the proceedings <b>have been closed</b>", "application-rejected"},
		},
		{"S6 suspended", portaltest.Suspended, "SUSPENDED", "warning", []string{"přerušeno"}, []string{"has been <b>suspended</b>"}},
		{"S7 reworded", portaltest.Reworded, "FORWARDED", "warning", []string{"řízení"}, []string{"proceedings"}},
		{"S7 not granted", portaltest.NotGranted, "OTHER", "error", []string{"nelze považovat za povolené"}, []string{"was <b>not granted</b>"}},
		{"S18 odd HTML", portaltest.OddHTML, "INPROGRESS", "warning", []string{"<script>", "zpracovává se"}, []string{"onerror", "being processed"}},
		{
			"S24 refused with the link of granted", portaltest.RefusedGrantedLink, "REJECTED", "error",
			[]string{"nepovoleno", "rizeni-povoleno"},
			[]string{"was <b>rejected</b>", "application-granted"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, portaltest.Config{Default: portaltest.Answer{Outcome: tt.outcome}})
			for number, lead := range map[string][2]string{
				zov: {"Číslo žádosti o vízum<strong>", "Visa application number<strong>"},
				oam: {"Číslo jednací<strong>", "Reference number<strong>"},
			} {
				status, got := ask(t, srv, number)
				wantStatus, want := 200, answer{State: tt.state, Identification: number}
				if tt.outcome == portaltest.NotFound {
					wantStatus, want = 404, answer{Message: "ENTITY_NOT_EXIST"}
				}
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(answer{}, "Alert")); diff != "" || status != wantStatus {
					t.Errorf("%s: status %d, (-want +got):\n%s", number, status, diff)
				}
				if got.Alert.Kind != tt.kind {
					t.Errorf("%s: kind = %q, want %q", number, got.Alert.Kind, tt.kind)
				}
				number := "<strong> " + number + " </strong>"
				wantIn(t, got.Alert.HTML["cs"], append(tt.cs, lead[0], number, "<b>Stav řízení je pouze orientační.</b>")...)
				wantIn(t, got.Alert.HTML["en"], append(tt.en, lead[1], number, "informational purposes only.</b>")...)
			}
		})
	}
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %s", part, text)
		}
	}
}

// TestAnswer bends single answers (S8, S18, S20, S21).
func TestAnswer(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{})
	tests := []struct {
		name   string
		answer portaltest.Answer
		check  func(t *testing.T, got answer)
	}{
		{"S8 stale for a while", portaltest.Answer{StaleFor: 2 * time.Second}, func(t *testing.T, got answer) {
			if got.Alert.StaleMS != 2000 {
				t.Errorf("stale for %d ms", got.Alert.StaleMS)
			}
		}},
		{"S8 stale for ever", portaltest.Answer{StaleFor: portaltest.Forever}, func(t *testing.T, got answer) {
			if got.Alert.StaleMS != -1 {
				t.Errorf("stale for %d ms", got.Alert.StaleMS)
			}
		}},
		{"S18 long", portaltest.Answer{Outcome: portaltest.InProgress, Padding: 20_000}, func(t *testing.T, got answer) {
			for language, text := range got.Alert.HTML {
				if n := len([]rune(text)); n < 20_000 || n > 21_000 {
					t.Errorf("%s: %d characters", language, n)
				}
			}
		}},
		{"S20 class and text disagree", portaltest.Answer{Outcome: portaltest.Refused, Kind: "success"}, func(t *testing.T, got answer) {
			if got.Alert.Kind != "success" {
				t.Errorf("kind = %q", got.Alert.Kind)
			}
			wantIn(t, got.Alert.HTML["en"], "rejected")
		}},
		{"S21 about another number", portaltest.Answer{Outcome: portaltest.Granted, About: "OAM-90002-7/TP-2024"}, func(t *testing.T, got answer) {
			if got.Identification != "OAM-90002/TP-2024" {
				t.Errorf("identification = %q", got.Identification)
			}
			wantIn(t, got.Alert.HTML["en"], "Reference number<strong> OAM-90002/TP-2024 </strong>")
		}},
		{"own HTML and state", portaltest.Answer{Outcome: portaltest.Granted, HTML: "<i>{number}</i>", State: "X"}, func(t *testing.T, got answer) {
			if got.State != "X" || got.Alert.HTML["cs"] != "<i>"+zov+"</i>" {
				t.Errorf("got %+v", got)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv.Script(zov, tt.answer)
			_, got := ask(t, srv, zov)
			tt.check(t, got)
		})
	}
}

// TestEscaping finds that a number cannot bring markup into the page.
func TestEscaping(t *testing.T) {
	t.Parallel()
	_, got := ask(t, start(t, portaltest.Config{}), "%3Cimg%3E")
	wantIn(t, got.Alert.HTML["en"], "<strong> &lt;img&gt; </strong>")
}

// TestSequence is S19: the answers come in order, the last one stays, and the
// suffix of an OAM number makes no difference.
func TestSequence(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{})
	srv.Script("OAM-90001-6/DP-2025",
		portaltest.Answer{Outcome: portaltest.NotFound},
		portaltest.Answer{Outcome: portaltest.Granted},
		portaltest.Answer{Outcome: portaltest.InProgress})
	var got []string
	say := func() {
		_, a := ask(t, srv, oam)
		got = append(got, a.State+a.Message)
	}
	say()
	srv.Break(portaltest.Answer{Fault: portaltest.CaptchaDenied})
	say()
	srv.Mend()
	say()
	say()
	say()
	srv.Script(oam)
	say()
	srv.SetDefault(portaltest.Answer{Outcome: portaltest.Refused})
	say()
	want := []string{"ENTITY_NOT_EXIST", "Recaptcha verification failed", "APPROVED", "INPROGRESS", "INPROGRESS", "ENTITY_NOT_EXIST", "REJECTED"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if n := srv.Asked("OAM-90001/DP-2025"); n != len(want) {
		t.Errorf("asked %d times, want %d", n, len(want))
	}
	if faults := srv.Requests()[1].Fault; faults != portaltest.CaptchaDenied {
		t.Errorf("fault of the second request = %q", faults)
	}
}

// TestFaults is S10, S12 and S13, to page loads and to questions.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault          portaltest.Fault
		page, question int // HTTP status; 0: connection lost; -1: does not apply
		body           string
	}{
		{portaltest.TooManyRequests, 429, 429, "Too Many Requests\n"},
		{portaltest.Forbidden, 403, 403, "Forbidden\n"},
		{portaltest.ServerError, 500, 500, "Internal Server Error\n"},
		{portaltest.BadGateway, 502, 502, "Bad Gateway\n"},
		{portaltest.EmptyBody, 200, 200, ""},
		{portaltest.Reset, 0, 0, ""},
		{portaltest.CaptchaDenied, -1, 400, `{"message":"Recaptcha verification failed"}` + "\n"},
		{portaltest.Maintenance, 503, -1, "<h1>Maintenance in progress</h1>"},
		{portaltest.MaintenanceOK, 200, -1, "<h1>Maintenance in progress</h1>"},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			srv := start(t, portaltest.Config{})
			check := func(want int, method, url, body string, fits error) {
				t.Helper()
				if want < 0 {
					if fits == nil {
						t.Errorf("the replica takes %s where it cannot play it", tt.fault)
					}
					return
				}
				status, header, got := send(t, method, srv.URL+url, "application/json", body)
				if status != want || !strings.Contains(got, tt.body) || fits != nil {
					t.Errorf("%s: status %d, body %q, %v", method, status, got, fits)
				}
				wait := ""
				if want == 429 {
					wait = "7"
				}
				if got := header.Get("Retry-After"); got != wait {
					t.Errorf("%s: Retry-After = %q, want %q", method, got, wait)
				}
			}
			wait := 0
			if tt.fault == portaltest.TooManyRequests {
				wait = 7
			}
			page := portaltest.Page{Fault: tt.fault, RetryAfter: wait}
			srv.SetPage(page)
			check(tt.page, "GET", portaltest.PathEN, "", page.Validate())
			a := portaltest.Answer{Fault: tt.fault, RetryAfter: wait}
			srv.Script(zov, a)
			check(tt.question, "POST", question, token, a.Validate())
		})
	}
}

// TestDirect finds that the benchmark's floor asks what the form asks.
func TestDirect(t *testing.T) {
	t.Parallel()
	srv := start(t, portaltest.Config{})
	srv.Script(oam, portaltest.Answer{Outcome: portaltest.Granted})
	for query, want := range map[visa.Query]string{
		{ZOV: zov}: "ENTITY_NOT_EXIST",
		{Number: "90001", Category: "DP", Year: "2025"}: "APPROVED",
	} {
		got, err := portaltest.Direct(t.Context(), http.DefaultClient, srv.URL, query)
		if err != nil || got != want {
			t.Errorf("Direct(%v) = %q, %v, want %q", query, got, err, want)
		}
	}
	srv.Break(portaltest.Answer{Fault: portaltest.EmptyBody})
	if got, err := portaltest.Direct(t.Context(), http.DefaultClient, srv.URL, visa.Query{ZOV: zov}); err == nil {
		t.Errorf("Direct of an empty answer = %q without an error", got)
	}
	if problems := srv.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}
