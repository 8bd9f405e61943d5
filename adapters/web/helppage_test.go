package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/help"
)

// helpPages yields the pages of the help, and the one that stands in for others.
func (a *appliance) helpPages(p, stranger *person, yield func(name string, w *httptest.ResponseRecorder)) {
	yield("help", p.get("/help"))
	yield("help for nobody", stranger.get("/help"))
	yield("help, sure", p.post("/help", "question", "where do I find my OAM number"))
	yield("help, unknown", stranger.post("/help", "question", "will my application be approved"))
	yield("help, looked for", p.post("/help", "do", "search", "question", "backup"))
	yield("help on a status", p.get("/help/status_refused"))
	yield("help on a limit, for nobody", stranger.get("/help/time_limits"))
	yield("offline", stranger.get("/offline"))
}

func TestHelpAnswers(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	for name, tt := range map[string]struct {
		fields   []string
		says     []string
		saysNone []string
	}{
		"sure":           {[]string{"question", "where do I find my OAM number"}, []string{"This should answer it:", `href="help/find_number"`, "Filed at an embassy: the visa application number"}, []string{"This may be"}},
		"not to be said": {[]string{"question", "will my application be approved"}, []string{"I do not know that.", "420 974 801 801", `href="help/contact"`}, []string{"This should", "This may be"}},
		"looked for":     {[]string{"question", "backup", "do", "search"}, []string{"contain", `<a href="help/backups">`}, []string{"I do not know"}},
		"not found":      {[]string{"question", "xylophone", "do", "search"}, []string{"No answer contains these words."}, []string{"This should"}},
		"nothing asked":  {[]string{"question", "  "}, []string{"Your question"}, []string{"I do not know", "This should", "This may be"}},
		"markup":         {[]string{"question", `"><img src=x>`}, []string{"&#34;&gt;&lt;img src=x&gt;"}, []string{"<img"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for who, one := range map[string]*person{"signed in": p, "nobody": a.person()} {
				w := one.post("/help", tt.fields...)
				says(t, w, http.StatusOK, tt.says...)
				_, found, _ := strings.Cut(w.Body.String(), `id="answer"`)
				for _, word := range tt.saysNone {
					if strings.Contains(found, word) {
						t.Errorf("%s is told %q", who, word)
					}
				}
			}
		})
	}
	w := p.post("/help", "question", "where do I find my OAM number")
	if strings.Count(w.Body.String(), "help/find_number") != 2 { // In the answer and in the list.
		t.Error("the answer does not stand beside the list")
	}
	if strings.Contains(a.logged(), "OAM") {
		t.Error("the log holds the question")
	}
}

// What may be meant is all named; one that is sure stands alone.
func TestHelpSaysHowSureItIs(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	v := a.server.view(a.server.echo.NewContext(httptest.NewRequest(http.MethodGet, "/help", nil), httptest.NewRecorder()), "help.title")
	maybe := answered(v, help.Answer{Confidence: help.Maybe, Topics: []string{"appeal", "letters"}})
	if maybe.Lead != "This may be what you mean:" || len(maybe.Topics) != 2 || maybe.Unknown || maybe.Topics[1].To != "help/letters" {
		t.Errorf("maybe: %+v", maybe)
	}
	if sure := answered(v, help.Answer{Confidence: help.Sure, Topics: []string{"appeal", "letters"}}); len(sure.Topics) != 1 || sure.Topics[0].Short == "" {
		t.Errorf("sure: %+v", sure)
	}
}

// Every topic has its page, in every language, with all that belongs to it.
func TestHelpTopics(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	stranger := a.person()
	for _, lang := range a.server.cfg.Catalogues.Languages() {
		stranger.headers.Set("Accept-Language", lang)
		words := a.server.cfg.Catalogues.For(lang)
		list := stranger.get("/help").Body.String()
		for _, topic := range help.Topics() {
			if !strings.Contains(list, `href="help/`+topic.ID+`"`) {
				t.Errorf("%s: the list lacks %s", lang, topic.ID)
			}
			w := stranger.get("/help/" + topic.ID)
			says(t, w, http.StatusOK, `<html lang="`+lang+`"`, words.Text("help.title"))
			body := w.Body.String()
			for _, page := range topic.Pages {
				address, in := page.URL(lang)
				if !strings.Contains(body, `href="`+address+`" hreflang="`+in+`"`) {
					t.Errorf("%s: %s lacks %s", lang, topic.ID, address)
				}
			}
			for _, id := range topic.Related {
				if !strings.Contains(body, `href="../help/`+id+`"`) {
					t.Errorf("%s: %s does not lead to %s", lang, topic.ID, id)
				}
			}
		}
	}
	stranger.headers.Set("Accept-Language", "cs")
	says(t, stranger.get("/help/discontinued"), http.StatusNotFound)
	says(t, stranger.get("/help/status_refused"), http.StatusOK, "(anglicky)", "24. listopadu 2026", "ne právní rada")
	says(t, a.signedIn("admin").get("/help/how_often"), http.StatusOK, "Describes this program as of 24 November 2026.", `aria-current="page"`, "not legal advice", `action="../sign-out"`)
}

func TestHelpNeedsNobody(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	stranger := a.person()
	says(t, stranger.get("/sign-in"), http.StatusOK, `<a href="help">Help</a>`)
	w := stranger.get("/help")
	says(t, w, http.StatusOK, `<body class="small">`, `href="sign-in"`)
	if strings.Contains(w.Body.String(), "sign-out") {
		t.Error("nobody is offered to sign out")
	}
}

func TestBlocksOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want []helpBlock
	}{
		"paragraphs":               {"one\n\ntwo", []helpBlock{{Text: "one"}, {Text: "two"}}},
		"a line broken":            {"one\nmore", []helpBlock{{Text: "one more"}}},
		"a list after its lead":    {"lead:\n- a\n- b", []helpBlock{{Text: "lead:"}, {Items: []string{"a", "b"}}}},
		"a paragraph after it":     {"- a\nafter", []helpBlock{{Items: []string{"a"}}, {Text: "after"}}},
		"two lists":                {"- a\n\n- b", []helpBlock{{Items: []string{"a"}}, {Items: []string{"b"}}}},
		"a dash that is no item":   {"-a", []helpBlock{{Text: "-a"}}},
		"an item that says naught": {"- ", []helpBlock{{Text: "-"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, blocksOf(tt.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
