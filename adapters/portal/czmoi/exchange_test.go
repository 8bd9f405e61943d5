package czmoi

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

const questionURL = "https://ipc.gov.cz/api/ip/external/proceedings/state/cj/zov?idCj=&database=&year=&zov=" + zov1

// newTestCheck is a check about zov1 on the real page, without a browser.
func newTestCheck(tb testing.TB) *check {
	tb.Helper()
	src := &Source{layout: mustLayout(tb), numbers: newNumbers()}
	c := newCheck(src, nil, reference(tb, zov1))
	c.origin = "https://ipc.gov.cz"
	return c
}

// TestReadBody: what is failed where the response itself says that something
// went wrong, and what is left to the page.
func TestReadBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		unread bool
		fault  watch.FailureCode
		state  string
	}{
		{"running", 200, `{"state":"INPROGRESS","identification":"ZZZZ202508149001"}`, false, "", "INPROGRESS"},
		{"unknown state", 200, `{"state":"DONE"}`, false, "", "DONE"},
		{"another format", 200, `<p>hello</p>`, false, "", ""},
		{"nothing", 200, ``, false, watch.Unreachable, ""},
		{"body that cannot be read", 200, ``, true, "", ""},
		{"another number", 200, `{"state":"APPROVED","identification":"ZZZZ202508149002"}`, false, watch.Mismatch, "APPROVED"},
		{"no such number", 404, `{"message":"ENTITY_NOT_EXIST"}`, false, "", "ENTITY_NOT_EXIST"},
		{"no such number as 500", 500, `{"message":"ENTITY_NOT_EXIST"}`, false, "", "ENTITY_NOT_EXIST"},
		{"no such number as 403", 403, `{"message":"ENTITY_NOT_EXIST"}`, false, "", "ENTITY_NOT_EXIST"},
		{"database error", 400, `{"state":"DATABASE_ERROR"}`, false, watch.Unreachable, "DATABASE_ERROR"},
		{"refused without a word", 400, ``, false, watch.Unreachable, ""},
		{"refused, body that cannot be read", 400, ``, true, watch.Unreachable, ""},
		{"not found by a web server", 404, `<h1>not found</h1>`, false, watch.Unreachable, ""},
		{"captcha", 400, `{"message":"Recaptcha verification failed"}`, false, watch.Captcha, ""},
		{"too many", 429, `{}`, false, watch.Throttled, ""},
		{"forbidden", 403, `<h1>no</h1>`, false, watch.Throttled, ""},
		{"broken", 502, ``, false, watch.Unreachable, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange{id: "1", proven: true, status: tt.status, header: http.Header{"Retry-After": {"60"}}}
			newTestCheck(t).readBody(&x, []byte(tt.body), !tt.unread)
			var fault watch.FailureCode
			if x.fault != nil {
				fault = x.fault.Code
			}
			if fault != tt.fault || x.state != tt.state {
				t.Errorf("fault %q, state %q; want %q, %q", fault, x.state, tt.fault, tt.state)
			}
			if fault == watch.Throttled && x.fault.RetryAfter != time.Minute {
				t.Errorf("retry after %v", x.fault.RetryAfter)
			}
		})
	}
}

// TestHearQuestion: which of the page's requests is taken for its question.
func TestHearQuestion(t *testing.T) {
	t.Parallel()
	sent := func(id, address, body string) browser.Traffic {
		return browser.Traffic{ID: id, Phase: browser.Sent, Kind: "Fetch", URL: address, Body: body}
	}
	question := sent("question", questionURL, "")
	moved := sent("moved", "https://ipc.gov.cz/api/v2?n="+zov1, "")
	broken := func(id string) browser.Traffic { return browser.Traffic{ID: id, Phase: browser.Failed, Err: "net::X"} }
	tests := []struct {
		name   string
		news   []browser.Traffic
		id     string
		proven bool
		fault  watch.FailureCode
	}{
		{"the question", []browser.Traffic{question}, "question", true, ""},
		{"the question breaks", []browser.Traffic{question, broken("question")}, "question", true, watch.Unreachable},
		{"other values", []browser.Traffic{sent("q", questionURL+"0", "")}, "q", false, watch.Mismatch},
		{"another path", []browser.Traffic{moved}, "moved", false, ""},
		{"another path, by what it carries", []browser.Traffic{sent("m", "https://ipc.gov.cz/x", `{"n":"`+zov1+`"}`)}, "m", false, ""},
		{"another path breaks", []browser.Traffic{moved, broken("moved")}, "", false, ""},
		{"a guess does not displace the question", []browser.Traffic{question, moved, broken("moved")}, "question", true, ""},
		{"the question displaces a guess", []browser.Traffic{moved, question}, "question", true, ""},
		{"somebody counts visitors", []browser.Traffic{sent("s", "https://stats.example.com/?n="+zov1, ""), broken("s")}, "", false, ""},
		{"somebody counts visitors meanwhile", []browser.Traffic{question, sent("s", "https://stats.example.com/?n="+zov1, ""), broken("s")}, "question", true, ""},
		{"the path elsewhere", []browser.Traffic{sent("s", "https://example.com"+mustPath(t), "")}, "", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, x := newTestCheck(t), exchange{}
			for _, n := range tt.news {
				c.hear(t.Context(), &x, n)
			}
			var fault watch.FailureCode
			if x.fault != nil {
				fault = x.fault.Code
			}
			if x.id != tt.id || x.proven != tt.proven || fault != tt.fault {
				t.Errorf("%+v, fault %q; want %q, %v, %q", x, fault, tt.id, tt.proven, tt.fault)
			}
		})
	}
}

func mustPath(tb testing.TB) string {
	tb.Helper()
	u, err := url.Parse(questionURL)
	if err != nil {
		tb.Fatal(err)
	}
	return u.RequestURI()
}

// TestFlights: what a click is not repeated for.
func TestFlights(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	f := flights{sent: map[string]time.Time{}}
	check := func(when string, after time.Duration, want bool) {
		t.Helper()
		if got := f.any(now.Add(after)); got != want {
			t.Errorf("%s: %v", when, got)
		}
	}
	check("nothing", 0, false)
	f.note(browser.Traffic{ID: "1", Phase: browser.Sent, Kind: "Image"}, now)
	check("an image", 0, false)
	f.note(browser.Traffic{ID: "2", Phase: browser.Sent, Kind: "Script"}, now)
	f.note(browser.Traffic{ID: "2", Phase: browser.Answered}, now)
	check("a script", time.Second, true)
	f.note(browser.Traffic{ID: "3", Phase: browser.Sent, Kind: "XHR"}, now)
	f.note(browser.Traffic{ID: "2", Phase: browser.Finished}, now)
	check("a request", time.Second, true)
	check("a request kept open", maxFlight, false)
	f.note(browser.Traffic{ID: "3", Phase: browser.Failed}, now)
	check("all ended", time.Second, false)
}

// TestJudge: when an alert is the answer. Nothing is awaited: since says how
// long everything has been as it is.
func TestJudge(t *testing.T) {
	t.Parallel()
	const (
		ours    = leadEN + "is <b>being processed</b>, please wait."
		nobody  = "Your request is <b>being processed</b>. Please wait."
		another = "Visa application number ZZZZ202508149002 was <b>granted</b>."
	)
	sent := exchange{id: "1", proven: true}
	begun := exchange{id: "1", proven: true, status: 200}
	whole := exchange{id: "1", proven: true, status: 200, done: true}
	guess := exchange{id: "1", status: 200, done: true}
	tests := []struct {
		name  string
		html  string
		heard exchange
		early bool // it was there when the answer came
		since time.Duration
		want  string
	}{
		{"ours, with the answer", ours, whole, false, 0, "answer"},
		{"ours, before any question", ours, exchange{}, false, tailWait, ""},
		{"ours, no question is ever heard", ours, exchange{}, false, unheardWait, "answer"},
		{"ours, a guessed question", ours, guess, false, settleWait, ""},
		{"ours, a guessed question, for long", ours, guess, false, tailWait, "answer"},
		{"ours, no answer yet", ours, sent, false, time.Hour, ""},
		{"ours, half the answer", ours, begun, false, 0, ""},
		{"ours, the other half does not come", ours, begun, false, tailWait, "answer"},
		{"ours, before the answer", ours, whole, true, settleWait, ""},
		{"ours, before the answer, and it stays", ours, whole, true, tailWait, "answer"},
		{"nobody's, with the answer", nobody, whole, false, 0, ""},
		{"nobody's, with the answer, and it stays", nobody, whole, false, settleWait, "answer"},
		{"nobody's, before the answer", nobody, whole, true, time.Hour, ""},
		{"nobody's, half the answer", nobody, begun, false, time.Hour, ""},
		{"nobody's, a guessed question", nobody, guess, false, time.Hour, ""},
		{"another's, with the answer", another, whole, false, 0, "mismatch"},
		{"another's, before the answer", another, whole, true, 0, ""},
		{"another's, no answer yet", another, sent, false, time.Hour, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := alert{Class: "warning", HTML: tt.html}
			a := &asking{check: newTestCheck(t), heard: tt.heard, shown: []alert{now}, url: DefaultURL, since: time.Now().Add(-tt.since)}
			if tt.early {
				a.early = []alert{now}
			}
			result, done, err := a.judge()
			got := ""
			switch {
			case err != nil:
				got = string(failureOf(err).Code)
			case done:
				got = "answer"
				if result.Status != visa.InProgress {
					t.Errorf("status %s", result.Status)
				}
			}
			if got != tt.want {
				t.Errorf("judged %q, want %q", got, tt.want)
			}
		})
	}

	t.Run("something is under way before the question", func(t *testing.T) {
		t.Parallel()
		a := &asking{check: newTestCheck(t), shown: []alert{{HTML: ours}}, since: time.Now().Add(-unheardWait)}
		a.flights.note(browser.Traffic{ID: "s", Phase: browser.Sent, Kind: "Script"}, time.Now())
		if _, done, err := a.judge(); done || err != nil {
			t.Errorf("judged too early: %v", err)
		}
	})
}

// TestUsable: which page need not be loaded afresh.
func TestUsable(t *testing.T) {
	t.Parallel()
	banner := alert{HTML: "The office is closed on Friday."}
	standing := []alert{banner}
	other := alert{HTML: "number ZZZZ202508149002 was granted"}
	tests := []struct {
		name string
		now  []alert
		want bool
	}{
		{"nothing", nil, true},
		{"an answer about another", []alert{other}, true},
		{"the banner from the start", []alert{banner, other}, true},
		{"something else about nobody", []alert{{HTML: "It was granted."}}, false},
		{"ours", []alert{{HTML: leadEN}}, false},
	}
	for _, tt := range tests {
		if got := newTestCheck(t).usable(formState{URL: DefaultURL, Alerts: tt.now}, standing); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
